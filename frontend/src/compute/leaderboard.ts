/** The leaderboard: how it is sorted, and how it leaves the page. */
import type { HyperparameterRecord, Value } from "../records";
import { isFiniteNumber } from "./numbers";
import type { Trial } from "./trial";

/** "rank", "trial", "status", "score", "epochs", "duration", or "hp:" and a name; "-" before it: descending. */
export function sorted(trials: readonly Trial[], rankedTrials: readonly Trial[], key: string): Trial[] {
  const rank = new Map(rankedTrials.map((trial, index) => [trial.number, index]));
  const byRank = (a: Trial, b: Trial): number => (rank.get(a.number) ?? 0) - (rank.get(b.number) ?? 0);
  const descending = key.startsWith("-");
  const name = descending ? key.slice(1) : key;
  const sign = descending ? -1 : 1;
  if (name === "rank") return [...trials].sort((a, b) => sign * byRank(a, b));
  const read = reader(name);
  return [...trials].sort((a, b) => {
    const [left, right] = [read(a), read(b)];
    if (left === undefined || right === undefined) {
      return left === right ? byRank(a, b) : left === undefined ? 1 : -1; // what is absent comes last either way
    }
    return sign * compareValues(left, right) || byRank(a, b);
  });
}

function reader(name: string): (trial: Trial) => Value | undefined {
  if (name.startsWith("hp:")) {
    const hyperparameter = name.slice(3);
    return (trial) => trial.values.get(hyperparameter);
  }
  if (name === "trial") return (trial) => trial.number;
  if (name === "status") return (trial) => trial.status;
  if (name === "epochs") return (trial) => trial.epochs;
  if (name === "duration") return (trial) => trial.duration ?? undefined;
  return (trial) => trial.score ?? undefined;
}

/** Numbers by size, before other values by their text. */
export function compareValues(a: Value, b: Value): number {
  if (isFiniteNumber(a) && isFiniteNumber(b)) return a - b;
  if (isFiniteNumber(a) !== isFiniteNumber(b)) return isFiniteNumber(a) ? -1 : 1;
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A value as a Python literal; floats keep their point. */
export function pythonLiteral(value: Value, kind?: string): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") {
    if (kind === "float" && (value === "nan" || value === "inf" || value === "-inf")) return `float("${value}")`;
    return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .replace(/\\ud([89ab][0-9a-f]{2})\\ud([c-f][0-9a-f]{2})/g, (_, high: string, low: string) => {
        const point = 0x10000 + ((parseInt(`d${high}`, 16) - 0xd800) << 10) + (parseInt(`d${low}`, 16) - 0xdc00);
        return `\\U${point.toString(16).padStart(8, "0")}`;
      });
  }
  const text = String(value);
  return kind === "float" && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** The values of a trial as a Python dict literal. */
export function pythonDict(trial: Trial, space: readonly HyperparameterRecord[]): string {
  const kinds = new Map(space.map((definition) => [definition.name, definition.kind]));
  const items = [...trial.values].map(([name, value]) => `${pythonLiteral(name)}: ${pythonLiteral(value, kinds.get(name))}`);
  const line = `{${items.join(", ")}}`;
  return line.length <= 100 ? line : `{\n${items.map((item) => `    ${item},\n`).join("")}}`;
}

/** One field of a CSV file; a text that a spreadsheet would run as a formula gets an apostrophe. */
export function csvField(value: Value | undefined): string {
  if (value === undefined || value === null) return "";
  let text = typeof value === "boolean" ? (value ? "True" : "False") : String(value);
  if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The trials as CSV, a row each, in the order given. */
export function toCsv(trials: readonly Trial[], names: readonly string[]): string {
  const head = ["trial", "status", "score", "deviation", "best_epoch", "epochs", "duration", "attempts", "reused", "worker", "reason", "error"];
  const rows = trials.map((trial) => [
    trial.number, trial.status, trial.score, trial.deviation, trial.bestEpoch, trial.epochs, trial.duration,
    trial.attempts, trial.reused, trial.worker, trial.reason, trial.error, ...names.map((name) => trial.values.get(name)),
  ]);
  return [[...head, ...names], ...rows].map((row) => row.map(csvField).join(",")).join("\r\n") + "\r\n";
}
