/** An axis of a hyperparameter or of the score: where values lie between 0 and 1, and its ticks. */
import type { HyperparameterRecord, Value } from "../records";
import { decimalsFor, formatNumber, formatScore, formatValue, isFiniteNumber, niceTicks } from "./numbers";
import { scoreRange } from "./progress";
import type { Trial } from "./trial";

/** Where a trial lies that did not read the hyperparameter, or has no score. */
export const NA = -0.16;
export const NA_LABEL = "n/a";

export interface Tick {
  at: number;
  label: string;
}

export interface Axis {
  /** "score", or "hp:" and the name. */
  id: string;
  label: string;
  /** The categories, in order; null for numbers. */
  categories: string[] | null;
  ticks: Tick[];
  /** Whether some trial has no value. */
  hasNa: boolean;
  /** Between 0 and 1; `NA` for no value. */
  position(value: Value | undefined): number;
  /** The number at a position; for numbers alone. */
  valueAt(position: number): number;
  format(value: Value | undefined): string;
  of(trial: Trial): Value | undefined;
}

type Transform = [to: (value: number) => number, from: (value: number) => number];

function transform(scale: string | null | undefined, low: number, high: number): Transform {
  if (scale === "log" && low > 0) return [Math.log10, (value) => 10 ** value];
  if (scale === "reverse_log" && low > 0) {
    const sum = low + high;
    return [(value) => -Math.log10(Math.max(sum - value, Number.MIN_VALUE)), (value) => sum - 10 ** -value];
  }
  return [(value) => value, (value) => value];
}

/** One tick for 1, 10, 100; also for 2 and 5 where there is room. */
export function logTicks(low: number, high: number, count: number): number[] {
  const from = Math.floor(Math.log10(low) + 1e-9);
  const to = Math.ceil(Math.log10(high) - 1e-9);
  const decades = Math.log10(high / low);
  const factors = decades < count / 3 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / count));
  const ticks: number[] = [];
  for (let power = from; power <= to; power++) {
    if (factors.length === 1 && power % every !== 0) continue;
    for (const factor of factors) {
      const value = Number((factor * 10 ** power).toPrecision(6));
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) ticks.push(value);
    }
  }
  return ticks.length > 2 ? ticks : niceTicks(low, high, count);
}

/** Fewer ticks, if there are too many to read. */
export function thinned<T>(ticks: readonly T[], most: number): T[] {
  if (ticks.length <= most) return [...ticks];
  const every = Math.ceil((ticks.length - 1) / (most - 1));
  return ticks.filter((_, index) => index % every === 0);
}

function categoryAxis(
  base: Pick<Axis, "id" | "label" | "hasNa" | "of">,
  categories: string[],
  format: Axis["format"],
): Axis {
  const index = new Map(categories.map((category, at) => [category, at]));
  const at = (place: number): number => (categories.length === 1 ? 0.5 : place / (categories.length - 1));
  return {
    ...base,
    categories,
    ticks: thinned(categories.map((label, place) => ({ at: at(place), label })), 14),
    position(value) {
      const place = value === undefined ? undefined : index.get(format(value));
      return place === undefined ? NA : at(place);
    },
    valueAt: () => NaN,
    format,
  };
}

/** The axis of a hyperparameter over its range, wider where trials lie beyond it. */
export function hyperparameterAxis(definition: HyperparameterRecord, trials: readonly Trial[]): Axis {
  const { name, kind } = definition;
  const values: Value[] = [];
  let hasNa = false;
  for (const trial of trials) {
    const value = trial.values.get(name);
    if (value === undefined) hasNa = true;
    else values.push(value);
  }
  const format = (value: Value | undefined): string => formatValue(value, kind);
  const of = (trial: Trial): Value | undefined => trial.values.get(name);
  const base = { id: `hp:${name}`, label: name, hasNa, of };
  const numbers = values.filter(isFiniteNumber);
  const isNumber =
    (kind === "float" || kind === "int" || (kind === "choice" && definition.ordered === true && (definition.choices?.length ?? 0) > 14)) &&
    numbers.length === values.length;
  if (!isNumber) {
    const declared = kind === "boolean" ? [false, true] : definition.choices ?? [];
    const categories = [...new Set([...declared, ...values].map(format))];
    return categoryAxis(base, categories, format);
  }
  let low = isFiniteNumber(definition.low) ? definition.low : Infinity;
  let high = isFiniteNumber(definition.high) ? definition.high : -Infinity;
  for (const value of [...numbers, ...(definition.choices ?? []).filter(isFiniteNumber)]) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(low <= high)) [low, high] = [0, 1];
  const [to, from] = transform(definition.scale, low, high);
  const [start, end] = [to(low), to(high)];
  const position = (value: Value | undefined): number => {
    if (!isFiniteNumber(value)) return NA;
    return end > start ? Math.max(0, Math.min(1, (to(value) - start) / (end - start))) : 0.5;
  };
  const integers = kind === "int";
  const isLog = definition.scale === "log" && low > 0;
  let ticks = isLog ? logTicks(low, high, 7) : niceTicks(low, high, 6, integers);
  if (definition.scale === "reverse_log") ticks = reverseTicks(low, high);
  return {
    ...base,
    categories: null,
    ticks: ticks.map((value) => ({ at: position(value), label: format(value) })),
    position,
    valueAt: (at) => (end > start ? from(start + at * (end - start)) : low),
    format,
  };
}

/** Ticks that lie close to the high end, as 0.9, 0.99, 0.999 do. */
function reverseTicks(low: number, high: number): number[] {
  if (high < 30 * low) return niceTicks(low, high, 6);
  return logTicks(low, high, 5)
    .map((value) => Number((low + high - value).toPrecision(6)))
    .reverse();
}

/** The axis of the score: the better, the higher. What is beyond the fence lies at its lower end. */
export function scoreAxis(name: string, direction: "min" | "max", trials: readonly Trial[]): Axis {
  const scores = trials.flatMap((trial) => (trial.score === null ? [] : [trial.score]));
  const [low, high] = scoreRange(scores, direction) ?? [0, 1];
  const span = high - low;
  const beyond = scores.some((score) => (direction === "max" ? score < low : score > high));
  const decimals = decimalsFor(low, high);
  const position = (value: Value | undefined): number => {
    if (!isFiniteNumber(value)) return NA;
    if (!(span > 0)) return 0.5;
    const up = (value - low) / span;
    return Math.max(0, Math.min(1, direction === "max" ? up : 1 - up));
  };
  const values = scores.length === 0 ? [] : span > 0 ? niceTicks(low, high, 5) : [low];
  const ticks = values.map((value) => ({ at: position(value), label: formatNumber(value) }));
  if (beyond) {
    const kept = ticks.filter((tick) => tick.at > 0.07);
    kept.push({ at: 0, label: `${direction === "max" ? "≤" : "≥"} ${formatNumber(direction === "max" ? low : high, 3)}` });
    ticks.splice(0, ticks.length, ...kept);
  }
  return {
    id: "score",
    label: name,
    categories: null,
    ticks: ticks.sort((a, b) => a.at - b.at),
    hasNa: scores.length < trials.length,
    position,
    valueAt: (at) => (direction === "max" ? low + at * span : high - at * span),
    format: (value) => (isFiniteNumber(value) ? formatScore(value, decimals) : "no score"),
    of: (trial) => trial.score ?? undefined,
  };
}

/** Whether a hyperparameter has more than one value, among those declared or read. */
export function varies(definition: HyperparameterRecord, trials: readonly Trial[]): boolean {
  if (definition.kind === "boolean") return true;
  if (definition.kind === "choice") return (definition.choices?.length ?? 0) > 1;
  if (definition.kind === "float" || definition.kind === "int") return definition.low !== definition.high;
  const seen = new Set(trials.map((trial) => trial.values.get(definition.name)));
  return seen.size > 1;
}

/** The definitions of the space, and one for each name that only trials have. */
export function fullSpace(space: readonly HyperparameterRecord[], trials: readonly Trial[]): HyperparameterRecord[] {
  const known = new Map(space.map((definition) => [definition.name, definition]));
  for (const trial of trials) {
    for (const [name, value] of trial.values) {
      if (known.has(name)) continue;
      const kind = typeof value === "number" ? (Number.isInteger(value) ? "int" : "float") : "choice";
      known.set(name, { name, kind, choices: kind === "choice" ? [] : null, ordered: false });
    }
  }
  return [...known.values()];
}
