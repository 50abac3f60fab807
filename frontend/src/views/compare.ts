/** Two trials beside each other; without a choice, the way from the default configuration to the best trial. */
import { ablationPath, defaults, differences, recordedPath, type Difference } from "../compute/compare";
import { meanCurve } from "../compute/curves";
import { epochTicks, formatCount, formatDuration, formatNumber, formatScore, formatValue } from "../compute/numbers";
import type { Trial } from "../compute/trial";
import type { Value } from "../records";
import { Chart, numberAxis, tooltip, type Option } from "../ui/chart";
import { clip, h, replace, userText, type Child } from "../ui/dom";
import type { Context } from "../context";
import { View } from "../ui/view";
import { DEFAULT } from "../view_state";
import { frame, scoreYAxis } from "./history";

/** How far the epochs are shown to the bad side: one or two curves are to be seen from their first epoch on. */
const REACH = 100;

interface Side {
  letter: "A" | "B";
  title: string;
  values: ReadonlyMap<string, Value>;
  /** Null for the default configuration, unless a trial has tried it. */
  trial: Trial | null;
}

export class CompareView extends View {
  private readonly chart = new Chart("compare-chart");
  private readonly table = h("table", { class: "compare-table" });
  private readonly note = h("p", { class: "subtitle note" });
  private readonly path = h("p", { class: "path" });
  private readonly left = trialInput("A", (number) => this.choose(0, number));
  private readonly right = trialInput("B", (number) => this.choose(1, number));
  private readonly whole = h("div", { class: "compare-body" }, h("div", { class: "scroller" }, this.table, this.note, this.path), this.chart.element);
  private drawn = "";
  private sides: [number, number] = [DEFAULT, DEFAULT];

  constructor() {
    super("compare", "Compare two", "Pick trials in the table or in a chart. An effect is what the surrogate predicts for changing that value alone.");
    const swap = h("button", { type: "button", class: "button", onclick: () => this.context?.set({ picked: [this.sides[1], this.sides[0]] }) }, "Swap");
    const reset = h("button", { type: "button", class: "button", onclick: () => this.context?.set({ picked: [] }) }, "Default and best");
    this.controls.append(this.left.label, this.right.label, swap, reset);
    this.body.append(this.whole);
  }

  private choose(index: 0 | 1, number: number): void {
    const next: [number, number] = [...this.sides];
    next[index] = number;
    this.context?.set({ picked: next });
  }

  protected draw(context: Context): void {
    const sides = this.sidesOf(context);
    this.say(sides !== null ? null : context.trials.length === 0 ? "No trial yet." : "Pick two trials to compare them.", this.whole);
    if (sides === null) return;
    this.left.update(this.sides[0]);
    this.right.update(this.sides[1]);
    const [a, b] = sides;
    const rows = differences(a.values, b.values, context.study.space ?? []);
    const key = JSON.stringify([a, b, rows, context.theme.dark, context.decimals], (_, value: unknown) => (value instanceof Map ? [...value] : value));
    if (key === this.drawn) return;
    this.drawn = key;
    this.drawTable(context, a, b, rows);
    this.drawPath(context, a, b);
    this.drawChart(context, a, b);
  }

  private sidesOf(context: Context): [Side, Side] | null {
    const best = context.best ?? context.ranked[0];
    const { picked } = context.state;
    const known = picked.filter((number) => number === DEFAULT || context.store.trial(number) !== undefined);
    if (best === undefined) return null;
    const numbers: [number, number] = known.length === 2 ? [known[0]!, known[1]!] : known.length === 1 ? [known[0]!, known[0] === best.number ? context.ranked[1]?.number ?? DEFAULT : best.number] : [DEFAULT, best.number];
    this.sides = numbers;
    return [this.side(context, "A", numbers[0]), this.side(context, "B", numbers[1])];
  }

  private side(context: Context, letter: "A" | "B", number: number): Side {
    const trial = context.store.trial(number);
    if (trial !== undefined) return { letter, title: `Trial ${number}`, values: trial.values, trial };
    const values = defaults(context.study.space ?? [], context.best ?? context.ranked[0]);
    const same = (other: Trial): boolean => values.size > 0 && [...values].every(([name, value]) => other.values.get(name) === value);
    const tried = context.ranked.find(same);
    return { letter, title: tried === undefined ? "Default" : `Default (trial ${tried.number})`, values, trial: tried ?? null };
  }

  private drawTable(context: Context, a: Side, b: Side, rows: readonly Difference[]): void {
    const { direction, decimals } = context;
    const path = ablationPath(rows, context.store.analysis, direction);
    const known = path.flatMap((step) => (step.change === null ? [] : [step.change]));
    const largest = Math.max(1e-12, ...known.map(Math.abs));
    const order = new Map(path.map((step, index) => [step.name, index]));
    const sortedRows = [...rows].sort((x, y) => (order.get(x.name) ?? 1e9) - (order.get(y.name) ?? 1e9));
    const show = (row: Difference, value: Value | undefined): Child => (value === undefined ? h("span", { class: "na" }, "n/a") : userText(formatValue(value, row.kind), 26));
    const effects = new Map(path.map((step) => [step.name, step.change]));
    const body = sortedRows.map((row) =>
      h(
        "tr",
        { class: row.equal ? "same" : null },
        h("th", { scope: "row" }, userText(row.name, 26)),
        h("td", {}, show(row, row.left)),
        h("td", {}, show(row, row.right)),
        h("td", { class: "effect" }, row.equal ? h("span", { class: "na" }, "same") : effect(effects.get(row.name) ?? null, largest, direction)),
      ),
    );
    const fact = (title: string, of: (trial: Trial) => Child): HTMLElement | null => {
      const [left, right] = [a.trial === null ? null : of(a.trial), b.trial === null ? null : of(b.trial)];
      if (left === null && right === null) return null;
      return h("tr", { class: "fact" }, h("th", { scope: "row" }, title), h("td", {}, left ?? "–"), h("td", {}, right ?? "–"), h("td", {}));
    };
    const difference = a.trial?.score !== null && a.trial?.score !== undefined && b.trial?.score !== null && b.trial?.score !== undefined ? b.trial.score - a.trial.score : null;
    const score = h(
      "tr",
      { class: "fact" },
      h("th", { scope: "row" }, h("bdi", {}, clip(context.study.objective.name, 32))),
      ...[a, b].map((side) => h("td", {}, h("b", {}, side.trial === null ? "not tried" : formatScore(side.trial.score, decimals)), side.trial?.deviation != null && h("small", {}, ` ±${formatNumber(side.trial.deviation, 2)}`))),
      h("td", { class: "effect" }, difference === null ? "" : signed(difference), difference !== null && h("small", {}, difference === 0 ? "" : (difference > 0) === (direction === "max") ? " better" : " worse")),
    );
    const head = h("tr", {}, h("th", { scope: "col" }, h("span", { class: "offscreen" }, "What")), ...[a, b].map((side) => h("th", { scope: "col" }, h("span", { class: `letter ${side.letter.toLowerCase()}` }, side.letter), ` ${side.title}`)), h("th", { scope: "col" }, "Predicted effect"));
    const facts = [
      fact("Status", (trial) => clip(trial.status, 20)),
      fact("Epochs", (trial) => `${formatCount(trial.epochs)}${trial.bestEpoch === null ? "" : `, best ${trial.bestEpoch}`}`),
      fact("Duration", (trial) => formatDuration(trial.duration)),
      fact("Attempts", (trial) => (trial.attempts > 1 ? String(trial.attempts) : null)),
      fact("Reason", (trial) => (trial.reason ?? trial.error) === null ? null : h("span", { class: "why" }, userText((trial.reason ?? trial.error)!, 90))),
    ];
    replace(this.table, h("caption", { class: "offscreen" }, `${a.title} compared with ${b.title}`), h("thead", {}, head), h("tbody", {}, score, ...facts), h("tbody", {}, ...body));
    const sum = known.reduce((total, change) => total + change, 0);
    const missing = path.length - known.length;
    const parts = known.length > 0 ? [`Sum of predicted effects ${signed(sum)}${difference === null ? "" : `, true difference ${signed(difference)}`}.`, missing > 0 ? `No prediction for ${missing} of ${path.length} changes.` : ""] : [path.length > 0 ? "No prediction: the study has no slices." : "The two have equal values."];
    this.note.textContent = parts.join(" ");
  }

  /** The trials on record between the two. */
  private drawPath(context: Context, a: Side, b: Side): void {
    const steps = a.trial === null || b.trial === null || a.trial === b.trial ? [] : recordedPath(context.ranked, a.trial, b.trial);
    this.path.hidden = steps.length < 2;
    if (steps.length < 2) return;
    const parts = steps.flatMap(({ trial, names }): Child[] => [
      " → ",
      ...names.slice(0, 4).flatMap((name, index): Child[] => [index > 0 && ", ", userText(name, 24)]),
      names.length > 4 && ` and ${names.length - 4} more`,
      " → ",
      h("b", {}, `trial ${trial.number}`),
      ` ${formatScore(trial.score, context.decimals)}`,
    ]);
    replace(this.path, "Trials on record between them: ", h("b", {}, `trial ${a.trial!.number}`), ` ${formatScore(a.trial!.score, context.decimals)}`, ...parts);
  }

  private drawChart(context: Context, a: Side, b: Side): void {
    const { theme } = context;
    const drawn = [a, b].flatMap((side, index) => (side.trial === null || side.trial.curves.length === 0 ? [] : [{ side, trial: side.trial, colour: theme.picked[index as 0 | 1] }]));
    this.chart.element.hidden = drawn.length === 0;
    if (drawn.length === 0) return;
    const within = frame(drawn.flatMap(({ trial }) => trial.curves.flat().map(([, value]) => value)), context.direction, false, REACH);
    if (within === null) {
      this.chart.element.hidden = true;
      return;
    }
    const longest = Math.max(2, ...drawn.map(({ trial }) => Math.max(trial.planned ?? 0, ...trial.curves.map((curve) => curve.at(-1)?.[0] ?? 0))));
    const series = drawn.flatMap(({ side, trial, colour }): Option[] => {
      const means = meanCurve(trial.curves);
      const single = trial.curves.length > 1 ? trial.curves.map((curve, index) => ({
        id: `${side.letter}-${index}`, type: "line", silent: true, symbol: "none", data: curve,
        lineStyle: { color: colour, width: 1, opacity: 0.4 },
      })) : [];
      return [...single, {
        id: side.letter, type: "line", symbol: "circle", symbolSize: means.length > 40 ? 0 : 4, showSymbol: true, data: means.map((point) => [point.epoch, point.mean]),
        itemStyle: { color: colour }, lineStyle: { color: colour, width: 2.25, type: side.letter === "A" ? "solid" : [6, 3] },
        endLabel: { show: true, formatter: () => side.letter, color: colour, fontWeight: 700, fontSize: 12 },
      }];
    });
    this.chart.draw(
      {
        grid: { left: 56, right: 28, top: 30, bottom: 44 },
        tooltip: { ...tooltip(theme, () => ""), formatter: (event: { value: [number, number]; seriesId: string }) => h("div", { class: "tip" }, `${event.seriesId.slice(0, 1)}, epoch ${event.value[0]}: ${formatScore(event.value[1], context.decimals)}`) },
        xAxis: numberAxis(theme, { name: "epoch", low: 1 - (longest - 1) * 0.02, high: longest * 1.02, ticks: epochTicks(longest, 7), format: (value) => formatNumber(value) }),
        yAxis: scoreYAxis(context, within),
        series,
      },
      `Learning curves of ${drawn.map(({ side }) => side.title).join(" and ")}`,
    );
  }
}

function signed(value: number): string {
  return value > 0 ? `+${formatNumber(value, 3)}` : formatNumber(value, 3);
}

/** A number and a bar from the middle: to the right if the score gets better. */
function effect(change: number | null, largest: number, direction: "min" | "max"): HTMLElement {
  if (change === null) return h("span", { class: "na" }, "–");
  const better = (change > 0) === (direction === "max");
  const bar = h("span", { class: `signed ${better ? "better" : "worse"}`, "aria-hidden": "true" }, h("i", {}));
  (bar.firstElementChild as HTMLElement).style.width = `${(50 * Math.abs(change)) / largest}%`;
  return h("span", { class: "effect-cell" }, h("span", { class: "figure-cell" }, signed(change)), bar);
}

interface TrialInput {
  label: HTMLLabelElement;
  update(number: number): void;
}

/** A field for the number of a trial; empty stands for the default configuration. */
function trialInput(letter: "A" | "B", onChange: (number: number) => void): TrialInput {
  const input = h("input", { type: "number", min: 0, step: 1, placeholder: "default", "aria-label": `Trial ${letter}; empty for the default configuration` });
  input.addEventListener("change", () => onChange(input.value === "" ? DEFAULT : Math.max(0, Math.round(Number(input.value)))));
  const label = h("label", { class: "select" }, h("span", { class: `letter ${letter.toLowerCase()}` }, letter), input);
  return {
    label,
    update(number) {
      const text = number === DEFAULT ? "" : String(number);
      if (document.activeElement !== input && input.value !== text) input.value = text;
    },
  };
}
