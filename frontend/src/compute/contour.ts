/** The prediction over two hyperparameters. */
import type { ContourRecord, Num, Value } from "../records";

export interface Grid {
  xs: Value[];
  ys: Value[];
  mean: Num[][];
}

/** The prediction of a pair; turned around if it was computed the other way. */
export function findContour(contours: readonly ContourRecord[], x: string, y: string): Grid | null {
  const same = contours.find((contour) => contour.x === x && contour.y === y);
  if (same !== undefined) return same;
  const turned = contours.find((contour) => contour.x === y && contour.y === x);
  if (turned === undefined) return null;
  return { xs: turned.ys, ys: turned.xs, mean: turned.xs.map((_, i) => turned.mean.map((row) => row[i] ?? "nan")) };
}

/** The ends of the cells around positions: half way to the neighbours. */
export function edges(positions: readonly number[]): [number, number][] {
  return positions.map((at, index) => {
    const [before, after] = [positions[index - 1], positions[index + 1]];
    const left = before !== undefined ? (before + at) / 2 : after !== undefined ? at - Math.min(0.2, (after - at) / 2) : at - 0.2;
    const right = after !== undefined ? (at + after) / 2 : before !== undefined ? at + Math.min(0.2, (at - before) / 2) : at + 0.2;
    return [left, right];
  });
}
