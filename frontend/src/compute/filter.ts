/** Which trials the views show: words and comparisons typed in, statuses, and ranges brushed on axes. */
import type { Value } from "../records";
import { NA, type Axis } from "./axis";
import { formatNumber, formatValue, isFiniteNumber } from "./numbers";
import type { Trial } from "./trial";

export type Predicate = (trial: Trial) => boolean;

export interface Query {
  test: Predicate;
  problem: string | null;
}

const FIELDS: Record<string, (trial: Trial) => Value | undefined> = {
  trial: (trial) => trial.number,
  score: (trial) => trial.score ?? undefined,
  deviation: (trial) => trial.deviation ?? undefined,
  epochs: (trial) => trial.epochs,
  duration: (trial) => trial.duration ?? undefined,
  status: (trial) => trial.status,
  worker: (trial) => trial.worker ?? undefined,
  source: (trial) => trial.source ?? undefined,
  reason: (trial) => trial.reason ?? trial.error ?? undefined,
};

const TOKEN = /("[^"]*"|[^\s"<>=!~]+)\s*(<=|>=|!=|=|<|>|~)\s*("[^"]*"|[^\s"]+)|"[^"]*"|\S+/g;

/** Parses `lr<0.01 status=failed "out of memory"`: all of it must hold. */
export function parseQuery(text: string, names: ReadonlySet<string>): Query {
  const tests: Predicate[] = [];
  let problem: string | null = null;
  for (const match of text.matchAll(TOKEN)) {
    const [all, name, operator, operand] = match;
    if (name === undefined || operator === undefined || operand === undefined) {
      const word = unquoted(all).toLowerCase();
      tests.push((trial) => mentions(trial, word));
      continue;
    }
    const field = unquoted(name);
    const read = names.has(field) ? (trial: Trial) => trial.values.get(field) : FIELDS[field];
    if (read === undefined) problem ??= `Nothing is called “${field}”.`;
    else tests.push((trial) => compare(read(trial), operator, unquoted(operand)));
  }
  return { test: (trial) => tests.every((test) => test(trial)), problem };
}

const unquoted = (token: string): string => (token.length > 1 && token.startsWith('"') && token.endsWith('"') ? token.slice(1, -1) : token);

function mentions(trial: Trial, word: string): boolean {
  const texts = [String(trial.number), trial.status, trial.reason, trial.error, trial.worker, trial.source];
  for (const [name, value] of trial.values) texts.push(`${name}=${formatValue(value)}`);
  return texts.some((text) => text?.toLowerCase().includes(word));
}

function compare(value: Value | undefined, operator: string, operand: string): boolean {
  if (value === undefined) return operator === "!=" ? operand !== "n/a" : operator === "=" && operand === "n/a";
  const number = Number(operand);
  if (isFiniteNumber(value) && operand.trim() !== "" && !Number.isNaN(number)) {
    if (operator === "=") return value === number;
    if (operator === "!=") return value !== number;
    if (operator === "<") return value < number;
    if (operator === "<=") return value <= number;
    if (operator === ">") return value > number;
    if (operator === ">=") return value >= number;
  }
  const text = formatValue(value).toLowerCase();
  const wanted = operand.toLowerCase();
  if (operator === "~") return text.includes(wanted);
  if (operator === "=") return text === wanted;
  return operator === "!=" && text !== wanted;
}

/** What is brushed on one axis: a range of numbers, some categories, or those without a value; any of them. */
export interface Clause {
  axis: string;
  ranges: [low: number, high: number][];
  categories: string[];
  na: boolean;
}

/** What intervals of positions on an axis mean. */
export function toClause(axis: Axis, intervals: readonly [number, number][]): Clause | null {
  const clause: Clause = { axis: axis.id, ranges: [], categories: [], na: false };
  for (const [from, to] of intervals) {
    if (from <= NA && NA <= to) clause.na = true;
    if (axis.categories !== null) {
      const inside = axis.categories.filter((category) => within(axis.position(category), from, to));
      clause.categories.push(...inside.filter((category) => !clause.categories.includes(category)));
    } else if (to >= 0) {
      const ends = [axis.valueAt(Math.max(0, from)), axis.valueAt(Math.min(1, to))].sort((a, b) => a - b);
      // The ends of an axis stand for what lies beyond it, too.
      const [atLow, atHigh] = axis.valueAt(0) <= axis.valueAt(1) ? [from <= 0, to >= 1] : [to >= 1, from <= 0];
      clause.ranges.push([atLow ? -Infinity : rounded(ends[0]!), atHigh ? Infinity : rounded(ends[1]!)]);
    }
  }
  return clause.ranges.length + clause.categories.length > 0 || clause.na || intervals.length > 0 ? clause : null;
}

const rounded = (value: number): number => Number(value.toPrecision(6));
const within = (value: number, from: number, to: number): boolean => value >= from - 1e-9 && value <= to + 1e-9;

/** The inverse of `toClause`: the intervals to draw. */
export function toIntervals(axis: Axis, clause: Clause): [number, number][] {
  const intervals: [number, number][] = [];
  if (clause.na) intervals.push([NA - 0.04, NA + 0.04]);
  for (const [low, high] of clause.ranges) {
    const ends = [low, high].map((end) => {
      if (end === -Infinity) return axis.valueAt(0) <= axis.valueAt(1) ? 0 : 1;
      if (end === Infinity) return axis.valueAt(0) <= axis.valueAt(1) ? 1 : 0;
      return axis.position(end);
    });
    ends.sort((a, b) => a - b);
    intervals.push([ends[0]!, ends[1]!]);
  }
  const places = clause.categories.map((category) => axis.position(category)).filter((place) => place !== NA);
  const gap = axis.categories !== null && axis.categories.length > 1 ? 0.35 / (axis.categories.length - 1) : 0.1;
  for (const place of places.sort((a, b) => a - b)) {
    const last = intervals.at(-1);
    if (last !== undefined && place - gap <= last[1] + gap) last[1] = Math.min(1.03, place + gap);
    else intervals.push([Math.max(-0.06, place - gap), Math.min(1.03, place + gap)]);
  }
  return intervals;
}

export function clauseTest(axis: Axis, clause: Clause): Predicate {
  const categories = new Set(clause.categories);
  return (trial) => {
    const value = axis.of(trial);
    if (value === undefined) return clause.na;
    if (axis.categories !== null) return categories.has(axis.format(value));
    return isFiniteNumber(value) && clause.ranges.some(([low, high]) => value >= low && value <= high);
  };
}

/** A clause in words: `units 16–64`. */
export function describe(axis: Axis, clause: Clause): string {
  const parts = clause.ranges.map(([low, high]) => {
    if (low === -Infinity && high === Infinity) return "any";
    if (low === -Infinity) return `≤ ${formatNumber(high)}`;
    return high === Infinity ? `≥ ${formatNumber(low)}` : `${formatNumber(low)} – ${formatNumber(high)}`;
  });
  parts.push(...clause.categories);
  if (clause.na) parts.push(axis.id === "score" ? "no score" : "n/a");
  return parts.length > 0 ? parts.join(", ") : "none";
}
