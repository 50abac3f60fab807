/** Brushing by keyboard: each axis of parallel coordinates can have the focus, a mark on it, and a range from mark to mark. */
import type { Axis } from "../compute/axis";
import { moved, stops, valueInWords } from "../compute/axis_keys";
import { describe, type Clause } from "../compute/filter";
import { clip, h } from "./dom";

/** Where axes lie in the chart's element, in pixels, and the positions at their ends. */
export interface Geometry {
  left: number;
  right: number;
  top: number;
  bottom: number;
  low: number;
  high: number;
}

interface Key {
  axis: Axis;
  element: HTMLDivElement;
  mark: HTMLElement;
  label: HTMLElement;
  at: number;
}

export class AxisKeys {
  readonly element: HTMLDivElement;
  readonly hint = h("p", { class: "keys-hint", id: "axis-keys-hint" }, "← → other axis · ↑ ↓ move the mark, Page Up and Down to the next tick · Enter begins and ends a range · Escape takes it back · Delete clears the axis");
  private keys: Key[] = [];
  private clauses = new Map<string, Clause>();
  private geometry: Geometry | null = null;
  /** Where the range begins that is being made, and what there was before. */
  private begun: { at: number; before: Clause | null } | null = null;

  /** @param onRange What to do with a range of positions, or a clause, of an axis; null for none. */
  constructor(private readonly onRange: (axis: Axis, chosen: [number, number] | Clause | null) => void) {
    this.element = h("div", { class: "axis-keys", role: "group", "aria-label": "Axes of parallel coordinates" });
    this.element.addEventListener("focusout", () => (this.begun = null));
  }

  update(axes: readonly Axis[], brush: readonly Clause[], geometry: Geometry): void {
    this.clauses = new Map(brush.map((clause) => [clause.axis, clause]));
    this.geometry = geometry;
    if (axes.length !== this.keys.length || axes.some((axis, index) => axis.id !== this.keys[index]!.axis.id)) this.rebuild(axes);
    axes.forEach((axis, index) => {
      const key = this.keys[index]!;
      key.axis = axis;
      key.element.style.left = `calc(${geometry.left}px + (100% - ${geometry.left + geometry.right}px) * ${axes.length > 1 ? index / (axes.length - 1) : 0})`;
      key.element.style.top = `${geometry.top}px`;
      key.element.style.bottom = `${geometry.bottom}px`;
      this.show(key);
    });
  }

  private rebuild(axes: readonly Axis[]): void {
    const focused = this.keys.find((key) => key.element === document.activeElement)?.axis.id;
    const places = new Map(this.keys.map((key) => [key.axis.id, key.at]));
    this.keys = axes.map((axis) => {
      const label = h("span", { class: "keys-label" });
      const mark = h("span", { class: "keys-mark", "aria-hidden": "true" }, label);
      const element = h(
        "div",
        { class: "axis-key", role: "slider", "aria-orientation": "vertical", "aria-label": clip(axis.label, 60), "aria-describedby": "axis-keys-hint", "data-key": `keys-${axis.id}`, tabindex: -1 },
        mark,
      );
      const key: Key = { axis, element, mark, label, at: places.get(axis.id) ?? stops(axis).at(-1)! };
      element.addEventListener("keydown", (event) => this.press(key, event));
      element.addEventListener("focus", () => this.take(key));
      return key;
    });
    this.element.replaceChildren(...this.keys.map((key) => key.element));
    const again = this.keys.find((key) => key.axis.id === focused);
    (again ?? this.keys[0])?.element.setAttribute("tabindex", "0");
    again?.element.focus({ preventScroll: true });
  }

  /** One axis can be reached with the tabulator: that which had the focus last. */
  private take(key: Key): void {
    for (const other of this.keys) other.element.setAttribute("tabindex", other === key ? "0" : "-1");
  }

  private press(key: Key, event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!this.act(key, event.key)) return;
    event.preventDefault();
    this.show(key);
  }

  private act(key: Key, name: string): boolean {
    const to = moved(key.axis, key.at, name);
    if (to !== null) {
      key.at = to;
      if (this.begun !== null) this.choose(key, this.begun.at);
      return true;
    }
    if (name === "ArrowLeft" || name === "ArrowRight") {
      const next = this.keys[this.keys.indexOf(key) + (name === "ArrowLeft" ? -1 : 1)];
      next?.element.focus({ preventScroll: true });
      return true;
    }
    if (name === "Enter" || name === " ") {
      const begun = this.begun;
      this.begun = begun === null ? { at: key.at, before: this.clauses.get(key.axis.id) ?? null } : null;
      this.choose(key, begun?.at ?? key.at);
      return true;
    }
    if (name === "Escape" && this.begun !== null) {
      const { before } = this.begun;
      this.begun = null;
      this.onRange(key.axis, before);
      return true;
    }
    if (name === "Delete" || name === "Backspace") {
      this.begun = null;
      this.onRange(key.axis, null);
      return true;
    }
    return false;
  }

  private choose(key: Key, from: number): void {
    this.onRange(key.axis, [Math.min(from, key.at), Math.max(from, key.at)]);
  }

  private show(key: Key): void {
    const { axis, at, element, mark, label } = key;
    const { low, high } = this.geometry!;
    mark.style.bottom = `${(100 * (at - low)) / (high - low)}%`;
    const value = clip(valueInWords(axis, at), 40);
    label.textContent = value;
    const clause = this.clauses.get(axis.id);
    const range = this.begun !== null && document.activeElement === element ? `, range from ${valueInWords(axis, this.begun.at)}` : clause === undefined ? "" : `, filtered: ${describe(axis, clause)}`;
    const places = stops(axis);
    element.setAttribute("aria-valuemin", "0");
    element.setAttribute("aria-valuemax", String(places.length - 1));
    element.setAttribute("aria-valuenow", String(places.reduce((nearest, place, index) => (Math.abs(place - at) < Math.abs(places[nearest]! - at) ? index : nearest), 0)));
    element.setAttribute("aria-valuetext", clip(`${value}${range}`, 160));
  }
}
