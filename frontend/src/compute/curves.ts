/** Learning curves: the mean over executions, and their deviation. */
import type { Curve } from "./trial";

export interface MeanPoint {
  epoch: number;
  mean: number;
  /** The sample standard deviation; 0 for one execution. */
  deviation: number;
  executions: number;
}

/** Mean and deviation at each epoch that an execution reported; an execution counts up to where it ended. */
export function meanCurve(curves: readonly Curve[]): MeanPoint[] {
  const epochs = new Set<number>();
  for (const curve of curves) for (const [epoch] of curve) epochs.add(epoch);
  const points: MeanPoint[] = [];
  for (const epoch of [...epochs].sort((a, b) => a - b)) {
    const values = curves.map((curve) => at(curve, epoch)).filter((value) => Number.isFinite(value));
    if (values.length === 0) continue;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    points.push({ epoch, mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0, executions: values.length });
  }
  return points;
}

/** The value at an epoch, between two reported ones if long curves were thinned; NaN outside of the curve. */
function at(curve: Curve, epoch: number): number {
  let low = 0;
  let high = curve.length - 1;
  if (high < 0 || epoch < curve[0]![0] || epoch > curve[high]![0]) return NaN;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (curve[middle]![0] <= epoch) low = middle;
    else high = middle;
  }
  const [x0, y0] = curve[low]!;
  const [x1, y1] = curve[high]!;
  if (epoch === x0) return y0;
  return epoch === x1 || x1 === x0 ? y1 : y0 + ((y1 - y0) * (epoch - x0)) / (x1 - x0);
}
