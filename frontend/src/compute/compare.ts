/** Two configurations beside each other, and the way from the default to the best. */
import type { AnalysisRecord, HyperparameterRecord, SliceRecord, Value } from "../records";
import { isFiniteNumber, toNumber } from "./numbers";
import { minimized, type Trial } from "./trial";

export interface Difference {
  name: string;
  kind: string;
  left: Value | undefined;
  right: Value | undefined;
  equal: boolean;
}

/** The values of two configurations; those that differ come first, in the order of the space. */
export function differences(
  left: ReadonlyMap<string, Value>,
  right: ReadonlyMap<string, Value>,
  space: readonly HyperparameterRecord[],
): Difference[] {
  const kinds = new Map(space.map((definition) => [definition.name, definition.kind]));
  const names = [...kinds.keys(), ...left.keys(), ...right.keys()];
  const rows = [...new Set(names)].filter((name) => left.has(name) || right.has(name)).map((name) => {
    const [a, b] = [left.get(name), right.get(name)];
    return { name, kind: kinds.get(name) ?? "choice", left: a, right: b, equal: a === b };
  });
  return [...rows.filter((row) => !row.equal), ...rows.filter((row) => row.equal)];
}

/** The default configuration, as far as the space says it and the best trial reads it. */
export function defaults(space: readonly HyperparameterRecord[], best: Trial | undefined): Map<string, Value> {
  const known = space.filter((definition) => definition.default !== undefined && definition.default !== null);
  const read = known.filter((definition) => best === undefined || best.values.has(definition.name));
  return new Map(read.map((definition) => [definition.name, definition.default as Value]));
}

export interface PathStep {
  name: string;
  from: Value | undefined;
  to: Value | undefined;
  /** Predicted change of the score, in its own unit; null where there is no slice. */
  change: number | null;
}

/**
 * The way from one configuration to another, one hyperparameter at a time, the largest predicted gain first.
 *
 * The prediction is the surrogate's mean over the other hyperparameters, so that effects add up; interactions are left
 * out.
 */
export function ablationPath(
  rows: readonly Difference[],
  analysis: AnalysisRecord | null,
  direction: "min" | "max",
): PathStep[] {
  const slices = new Map(Object.entries(analysis?.slices ?? {}));
  const steps = rows.filter((row) => !row.equal).map((row) => {
    const slice = slices.get(row.name);
    const change = slice === undefined ? NaN : predicted(slice, row.right) - predicted(slice, row.left);
    return { name: row.name, from: row.left, to: row.right, change: Number.isFinite(change) ? change : null };
  });
  const gain = (step: PathStep): number => (step.change === null ? -Infinity : -minimized(step.change, direction));
  return steps.sort((a, b) => (gain(b) > gain(a) ? 1 : gain(b) < gain(a) ? -1 : 0));
}

export interface RecordedStep {
  trial: Trial;
  /** The hyperparameters that changed since the trial before. */
  names: string[];
}

/**
 * From one trial to another by as many recorded trials in between as possible, each closer to the end.
 *
 * Every trial on the path has the value of one of the two for each hyperparameter in which they differ, and once changed
 * it stays. Where none lies between them, the path is one step. Fawcett and Hoos, "Analysing differences between algorithm
 * configurations through ablation" (2016), try the trials that are missing.
 */
export function recordedPath(rankedTrials: readonly Trial[], start: Trial, end: Trial): RecordedStep[] {
  const names = [...new Set([...start.values.keys(), ...end.values.keys()])];
  const differing = names.filter((name) => start.values.get(name) !== end.values.get(name));
  const changed = new Map<Trial, Set<string>>([[end, new Set(differing)], [start, new Set<string>()]]);
  for (const trial of rankedTrials) {
    if (changed.has(trial) || trial.score === null) continue;
    const all = new Set([...trial.values.keys(), ...names]);
    const mixes = [...all].every((name) => [start, end].some((side) => side.values.get(name) === trial.values.get(name)));
    if (mixes) changed.set(trial, new Set(differing.filter((name) => trial.values.get(name) === end.values.get(name))));
  }
  const order = [...changed.keys()].filter((trial) => trial !== start).sort((a, b) => changed.get(a)!.size - changed.get(b)!.size);
  const chains = new Map<Trial, Trial[]>([[start, [start]]]);
  for (const trial of order) {
    let longest: Trial[] | null = null;
    for (const [last, chain] of chains) {
      if (within(changed.get(last)!, changed.get(trial)!) && chain.length > (longest?.length ?? 0)) longest = chain;
    }
    if (longest !== null) chains.set(trial, [...longest, trial]);
  }
  const chain = chains.get(end) ?? [start, end];
  return chain.slice(1).map((trial, index) => {
    const before = changed.get(chain[index]!)!;
    return { trial, names: differing.filter((name) => changed.get(trial)!.has(name) && !before.has(name)) };
  });
}

/** Whether a set is a proper part of another. */
function within(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  return part.size < whole.size && [...part].every((name) => whole.has(name));
}

/** The surrogate's mean at a value: that of the category, or between two points. */
export function predicted(slice: SliceRecord, value: Value | undefined): number {
  if (value === undefined) return NaN;
  const exact = slice.x.findIndex((x) => x === value);
  if (exact >= 0) return toNumber(slice.mean[exact]);
  if (!isFiniteNumber(value)) return NaN;
  const points = slice.x
    .map((x, index) => [x, toNumber(slice.mean[index])] as const)
    .filter((point): point is readonly [number, number] => isFiniteNumber(point[0]))
    .sort((a, b) => a[0] - b[0]);
  const after = points.findIndex(([x]) => x >= value);
  if (points.length === 0) return NaN;
  if (after === 0) return points[0]![1];
  if (after < 0) return points.at(-1)![1];
  const [x0, y0] = points[after - 1]!;
  const [x1, y1] = points[after]!;
  return y0 + ((y1 - y0) * (value - x0)) / (x1 - x0);
}
