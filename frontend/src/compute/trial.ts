/** A trial as the views use it: numbers are numbers, values keep the order in which they were read. */
import type { StudyRecord, TrialRecord, Value } from "../records";
import { isFiniteNumber, toNumber } from "./numbers";

export interface Span {
  start: number;
  end: number | null;
  worker: string;
}

export type Curve = [epoch: number, value: number][];

export interface Trial {
  number: number;
  status: string;
  score: number | null;
  deviation: number | null;
  bestEpoch: number | null;
  epochs: number;
  planned: number | null;
  values: ReadonlyMap<string, Value>;
  reason: string | null;
  error: string | null;
  source: string | null;
  started: number | null;
  ended: number | null;
  duration: number | null;
  worker: string | null;
  attempts: number;
  /** Whether it trained on the compiled graph of an earlier trial; null if that is not known. */
  reused: boolean | null;
  confirmed: boolean;
  spans: Span[];
  curves: Curve[];
}

const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
const number = (value: unknown): number | null => (isFiniteNumber(value) ? value : null);

export function toTrial(record: TrialRecord): Trial {
  const score = toNumber(record.score);
  const spans = (record.spans ?? []).map(([start, end, worker]) => ({
    start,
    end: number(end),
    worker: text(worker) ?? text(record.worker) ?? "main",
  }));
  if (spans.length === 0 && isFiniteNumber(record.started)) {
    spans.push({ start: record.started, end: number(record.ended), worker: text(record.worker) ?? "main" });
  }
  return {
    number: record.number,
    status: record.status,
    score: Number.isFinite(score) ? score : null,
    deviation: number(record.deviation),
    bestEpoch: number(record.best_epoch),
    epochs: record.epochs ?? 0,
    planned: number(record.planned),
    values: new Map(Object.entries(record.values ?? {})),
    reason: text(record.reason),
    error: text(record.error),
    source: text(record.source),
    started: number(record.started),
    ended: number(record.ended),
    duration: number(record.duration),
    worker: text(record.worker),
    attempts: record.attempts ?? 1,
    reused: typeof record.reused === "boolean" ? record.reused : null,
    confirmed: record.confirmed === true,
    spans,
    curves: (record.curves ?? []).map((curve) => curve.map(([epoch, value]) => [epoch, toNumber(value)])),
  };
}

/** Whether it has ended well, or waits to be promoted with a score. */
export function succeeded(trial: Trial): boolean {
  if (trial.status === "completed" || trial.status === "stopped") return true;
  return (trial.status === "waiting" || trial.status === "paused") && trial.score !== null;
}

/** Whether it has a result, be it a failure. */
export function counts(trial: Trial): boolean {
  return succeeded(trial) || trial.status === "failed" || trial.status === "infeasible";
}

/** How trials are ranked before their scores are compared: confirmed, complete, incomplete, without a score. */
export function place(trial: Trial, executions: number): 0 | 1 | 2 | 3 {
  if (trial.score === null || trial.status === "failed" || trial.status === "infeasible") return 3;
  if (!succeeded(trial) || (trial.curves.length > 0 && trial.curves.length < executions)) return 2;
  return trial.confirmed ? 0 : 1;
}

/** A score as something to minimise. */
export function minimized(score: number, direction: "min" | "max"): number {
  return direction === "max" ? -score : score;
}

/** The order of the leaderboard: the best first; without a score last, by number. */
export function ranked(trials: readonly Trial[], study: Pick<StudyRecord, "objective" | "executions">): Trial[] {
  const executions = study.executions ?? 1;
  const keys = new Map(trials.map((trial) => [trial, place(trial, executions)]));
  const value = (trial: Trial): number =>
    trial.score === null ? 0 : minimized(trial.score, study.objective.direction);
  return [...trials].sort(
    (a, b) => keys.get(a)! - keys.get(b)! || value(a) - value(b) || a.number - b.number,
  );
}
