/** Where the mark of the keyboard goes on an axis, and what it stands at. */
import { NA, NA_LABEL, type Axis } from "./axis";
import { formatNumber } from "./numbers";

/** Of a number's axis, for each press of an arrow. */
const STEP = 0.05;

/** The places that a mark can be at: each category, or each step; the lowest one stands for no value. */
export function stops(axis: Axis): number[] {
  const places = axis.categories !== null ? axis.categories.map((category) => axis.position(category)) : Array.from({ length: Math.round(1 / STEP) + 1 }, (_, index) => index * STEP);
  return [...new Set([...(axis.hasNa ? [NA] : []), ...places])].sort((a, b) => a - b);
}

/** Where a key takes the mark; null for keys that do not move it. */
export function moved(axis: Axis, at: number, key: string): number | null {
  const places = stops(axis);
  const ticks = axis.categories !== null ? places : [...(axis.hasNa ? [NA] : []), 0, ...axis.ticks.map((tick) => tick.at), 1];
  const above = (of: readonly number[]): number => Math.min(...of.filter((place) => place > at + 1e-9), places.at(-1)!);
  const below = (of: readonly number[]): number => Math.max(...of.filter((place) => place < at - 1e-9), places[0]!);
  switch (key) {
    case "ArrowUp": return above(places);
    case "ArrowDown": return below(places);
    case "PageUp": return above(ticks);
    case "PageDown": return below(ticks);
    case "End": return places.at(-1)!;
    case "Home": return places[0]!;
    default: return null;
  }
}

/** The value at a mark, in words. */
export function valueInWords(axis: Axis, at: number): string {
  if (at === NA) return axis.id === "score" ? "no score" : NA_LABEL;
  const category = axis.categories?.find((name) => Math.abs(axis.position(name) - at) < 1e-6);
  return category ?? formatNumber(axis.valueAt(at), 3);
}
