/** Numbers and values as text. */
import type { Num, Value } from "../records";

const NAMED: Record<string, number> = { nan: NaN, inf: Infinity, "-inf": -Infinity };

/** A number of a record; NaN for what is none. */
export function toNumber(value: Num | null | undefined | Value): number {
  if (typeof value === "number") return value;
  return typeof value === "string" ? NAMED[value] ?? NaN : NaN;
}

export function isFiniteNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** A number with four significant digits; an integer with all of its digits. */
export function formatNumber(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return minus(String(value));
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    const [mantissa = "", exponent = ""] = value.toExponential(digits - 1).split("e");
    return minus(`${mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa}e${exponent.replace("+", "")}`);
  }
  if (size >= 10 ** digits) return minus(String(Math.round(value)));
  const fixed = value.toPrecision(digits);
  return minus(fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed);
}

function minus(text: string): string {
  return text.replace(/^-/, "−");
}

/** A hyperparameter's value: integers as integers, Python's words for booleans. */
export function formatValue(value: Value | undefined, kind?: string): string {
  if (value === undefined) return "n/a";
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return kind === "int" || Number.isInteger(value) ? formatInteger(value) : formatNumber(value);
  return value;
}

function formatInteger(value: number): string {
  return Math.abs(value) < 1e15 ? minus(String(value)) : formatNumber(value);
}

/** As many decimals as tell the scores of a study apart: a hundredth of their range, or a thousandth within four. */
export function decimalsFor(low: number, high: number): number {
  const range = Math.abs(high - low);
  if (!(range > 0)) return 4;
  const of = (part: number): number => Math.ceil(-Math.log10(range / part));
  return Math.max(0, Math.min(8, Math.max(of(100), Math.min(4, of(1000)))));
}

export function formatScore(value: number | null, decimals: number): string {
  if (value === null) return "–";
  if (!Number.isFinite(value) || Math.abs(value) >= 1e6) return formatNumber(value);
  const fixed = value.toFixed(decimals);
  return minus(value !== 0 && Number(fixed) === 0 ? formatNumber(value) : fixed);
}

/** Seconds as "45 s", "3 min 20 s", "2 h 05 min", "1 d 3 h". */
export function formatDuration(seconds: number | null | undefined): string {
  if (!isFiniteNumber(seconds) || seconds < 0) return "–";
  if (seconds < 9.95) return `${formatNumber(seconds, 2)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return two(Math.floor(whole / 60), "min", whole % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return two(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(seconds / 3600);
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

function two(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}

/** An integer with thin spaces between thousands. */
export function formatCount(value: number | null | undefined): string {
  if (!isFiniteNumber(value)) return "–";
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A local date and time without seconds. */
export function formatTime(seconds: number | null | undefined): string {
  if (!isFiniteNumber(seconds)) return "–";
  const at = new Date(seconds * 1000);
  const two_ = (n: number): string => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two_(at.getMonth() + 1)}-${two_(at.getDate())} ${two_(at.getHours())}:${two_(at.getMinutes())}`;
}

/** Round ticks within a range: at most `count` or so. */
export function niceTicks(low: number, high: number, count: number, integers = false): number[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [low];
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5, 10].find((f) => f * power >= raw * 0.999) ?? 10;
  const step = integers ? Math.max(1, Math.round(factor * power)) : factor * power;
  const ticks: number[] = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index++) {
    ticks.push(Number((index * step).toPrecision(12)));
  }
  return ticks;
}

/** Ticks of epochs: the first one, and round ones. */
export function epochTicks(longest: number, count: number): number[] {
  const round = niceTicks(1, longest, count, true);
  const step = round.length > 1 ? round[1]! - round[0]! : 1;
  return [1, ...round.filter((tick) => tick > 1 && tick - 1 >= 0.6 * step)];
}
