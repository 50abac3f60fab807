/** How a search went: the best score so far, the distribution of scores, and a range that shows them. */
import { counts, minimized, succeeded, type Trial } from "./trial";

type Direction = "min" | "max";

export interface Step {
  trial: Trial;
  seconds: number;
  score: number | null;
  best: number | null;
  improved: boolean;
}

/** The trials with a result in the order of their numbers, or of the times at which they ended. */
export function progress(
  trials: readonly Trial[],
  direction: Direction,
  options: { byTime?: boolean; since?: number } = {},
): Step[] {
  const since = options.since ?? Math.min(...trials.map((trial) => trial.started ?? Infinity));
  const at = (trial: Trial): number => trial.ended ?? trial.started ?? since;
  const ended = trials.filter(counts);
  ended.sort((a, b) => (options.byTime ? at(a) - at(b) : 0) || a.number - b.number);
  let best: number | null = null;
  return ended.map((trial) => {
    const score = succeeded(trial) ? trial.score : null;
    const improved: boolean =
      score !== null && (best === null || minimized(score, direction) < minimized(best, direction));
    if (improved) best = score;
    return { trial, seconds: Number.isFinite(since) ? at(trial) - since : 0, score, best, improved };
  });
}

/** The empirical distribution: (score, share of the trials that are at least as good), the best first. */
export function edf(trials: readonly Trial[], direction: Direction): [number, number][] {
  const steps = progress(trials, direction);
  const scores = steps.flatMap((step) => (step.score === null ? [] : [step.score]));
  scores.sort((a, b) => minimized(a, direction) - minimized(b, direction));
  return scores.map((score, index) => [score, (index + 1) / steps.length]);
}

/** A score is shown if it is at most so many times as far from the best as the median is. */
const FENCE = 4;

/** The same among fewer than so many scores, which tell little of what is usual. */
const FENCE_OF_FEW = 100;
const SEVERAL = 5;

/** The same for the epochs of learning curves, of which the first ones are far from the best in every trial. */
export const CURVE_FENCE = 10;

/**
 * The lowest and the highest score that a plot should show; null without a score.
 *
 * The best is always within. At the bad side, scores beyond a fence are left out, so that diverged trials do not flatten
 * the others. As in kerastune_lite/analysis/progress.py.
 */
export function scoreRange(scores: Iterable<number>, direction: Direction, reach = FENCE): [number, number] | null {
  const values = [...scores].filter(Number.isFinite).map((score) => minimized(score, direction));
  values.sort((a, b) => a - b);
  const best = values[0];
  if (best === undefined) return null;
  let middle = lowerMedian(values);
  if (middle === best) {
    const others = values.filter((value) => value > best);
    middle = lowerMedian(others.length > 0 ? others : values);
  }
  const times = values.length >= SEVERAL ? reach : Math.max(reach, FENCE_OF_FEW);
  const fence = values.length > 2 ? best + times * (middle - best) : Infinity;
  let worst = best;
  for (const value of values) if (value <= fence) worst = value;
  return direction === "max" ? [-worst + 0, -best + 0] : [best, worst];
}

function lowerMedian(values: readonly number[]): number {
  return values[(values.length - 1) >> 1]!;
}
