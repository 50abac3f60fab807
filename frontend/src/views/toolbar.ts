/** What filters every view: words and comparisons, statuses, what is brushed. It stays at the top of the page. */
import { describe, parseQuery } from "../compute/filter";
import { byStatus } from "../compute/headline";
import { formatCount } from "../compute/numbers";
import { canvasText, clip, h, replace } from "../ui/dom";
import type { Context } from "../context";
import { known } from "./headline";

export class Toolbar {
  private readonly input = h("input", {
    type: "search", id: "filter", placeholder: 'Filter: lr<0.01  status=failed  "out of memory"', autocomplete: "off", spellcheck: "false",
    "aria-label": "Filter trials by words, or by comparisons such as units>=32", "aria-describedby": "filter-problem",
  });
  private readonly problem = h("span", { id: "filter-problem", class: "problem", role: "alert" });
  private readonly statuses = h("div", { class: "chips", role: "group", "aria-label": "Statuses shown" });
  private readonly brushes = h("div", { class: "chips brushes", role: "group", "aria-label": "Brushed ranges" });
  private readonly count = h("output", { class: "count", "aria-live": "polite" });
  private readonly clear = h("button", { type: "button", class: "button", "data-key": "clear-filters" }, "Clear filters");
  readonly element = h("div", { class: "toolbar", role: "search" }, this.input, this.statuses, this.brushes, this.problem, h("div", { class: "summary" }, this.count, this.clear));
  private context: Context | null = null;
  private typing: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.input.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => {
        this.typing = undefined;
        this.context?.set({ filter: this.input.value, page: 0 });
      }, 120);
    });
    this.clear.addEventListener("click", () => {
      this.input.value = "";
      this.context?.set({ filter: "", hidden: [], brush: [], page: 0 });
      this.input.focus({ preventScroll: true });
    });
  }

  update(context: Context): void {
    this.context = context;
    const { state } = context;
    if (this.typing === undefined && this.input.value !== state.filter) this.input.value = state.filter;
    this.problem.textContent = context.problem === null ? "" : clip(context.problem, 80);
    this.input.setAttribute("aria-invalid", String(context.problem !== null));
    this.drawStatuses(context);
    this.drawBrushes(context);
    const [shown, all] = [context.shown.length, context.trials.length];
    const text = `${shown === all ? "" : `${formatCount(shown)} of `}${formatCount(all)} ${all === 1 ? "trial" : "trials"}`;
    if (this.count.textContent !== text) this.count.textContent = text;
    this.clear.hidden = state.filter === "" && state.hidden.length === 0 && state.brush.length === 0;
  }

  private drawStatuses(context: Context): void {
    const { hidden } = context.state;
    const buttons = byStatus(context.trials).map(([status]) => {
      const on = !hidden.includes(status);
      const toggle = (): void => context.set({ hidden: on ? [...hidden, status] : hidden.filter((other) => other !== status), page: 0 });
      return h(
        "button",
        { type: "button", class: "chip", "aria-pressed": String(on), "data-key": `status-${status}`, onclick: toggle },
        h("i", { class: `dot ${known(status)}`, "aria-hidden": "true" }),
        clip(status, 20),
      );
    });
    replaceIfChanged(this.statuses, JSON.stringify([byStatus(context.trials).map(([status]) => status), hidden]), buttons);
  }

  private drawBrushes(context: Context): void {
    const chips = context.state.brush.flatMap((clause) => {
      const axis = context.axes.get(clause.axis);
      if (axis === undefined) return [];
      const text = `${canvasText(axis.label, 24)} ${canvasText(describe(axis, clause), 40)}`;
      const remove = (): void => context.set({ brush: context.state.brush.filter((other) => other.axis !== clause.axis), page: 0 });
      return [h("button", { type: "button", class: "chip on", "data-key": `brush-${clause.axis}`, "aria-label": `Remove the range ${text}`, onclick: remove }, text, h("span", { class: "x", "aria-hidden": "true" }, "×"))];
    });
    replaceIfChanged(this.brushes, JSON.stringify(chips.map((chip) => chip.textContent)), chips);
  }
}

const drawn = new WeakMap<Element, string>();

function replaceIfChanged(element: Element, key: string, children: Node[]): void {
  if (drawn.get(element) === key) return;
  drawn.set(element, key);
  replace(element, ...children);
}

/** The trials that pass the filter and the statuses. */
export function parse(filter: string, names: ReadonlySet<string>): ReturnType<typeof parseQuery> {
  return parseQuery(filter, names);
}
