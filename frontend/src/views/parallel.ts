/** Parallel coordinates: a line for each trial. What is brushed on an axis filters every view. */
import { NA, NA_LABEL, thinned, type Axis } from "../compute/axis";
import { toClause, toIntervals, type Clause } from "../compute/filter";
import type { Trial } from "../compute/trial";
import type { Theme } from "../ui/theme";
import { AxisKeys } from "../ui/axis_keys";
import { Chart, tooltip, type Item, type Option } from "../ui/chart";
import { canvasText, h, replace, userText } from "../ui/dom";
import type { Context } from "../context";
import { colourOf, letterOf, View } from "../ui/view";
import { tipOf } from "./history";

const MOST_AXES = 8;

/** Where the axes lie in the chart, in pixels, and the position at their upper end. */
const PLACE = { left: 48, right: 72, top: 44, bottom: 18 };
const HIGHEST = 1.03;

/** The position at the lower end of the axes. */
const lowest = (axes: readonly Axis[]): number => (axes.some((axis) => axis.hasNa) ? NA - 0.05 : -0.03);

/** The axes that are shown: those chosen, else the first ones by importance; the score is the last one. */
export function chosenAxes(context: Pick<Context, "axes" | "state"> & { store: { analysis: Context["store"]["analysis"] } }): Axis[] {
  const { axes, state } = context;
  const score = axes.get("score")!;
  if (state.axes !== null) {
    const chosen = state.axes.flatMap((id) => axes.get(id) ?? []).filter((axis) => axis.id !== "score");
    if (chosen.length > 0) return [...chosen, score];
  }
  const importance = new Map(context.store.analysis?.importance?.all ?? []);
  const all = [...axes.values()].filter((axis) => axis.id !== "score");
  const first = all.length <= MOST_AXES ? all : [...all].sort((a, b) => (importance.get(b.label) ?? 0) - (importance.get(a.label) ?? 0)).slice(0, MOST_AXES);
  return [...all.filter((axis) => first.includes(axis)), score];
}

export class ParallelView extends View {
  private readonly chart = new Chart("parallel-chart");
  private readonly keys = new AxisKeys((axis, chosen) => this.choose(axis, chosen));
  private readonly menu = h("div", { class: "menu-items" });
  private shownAxes: Axis[] = [];
  private shape = "";
  private brushed = "";

  constructor() {
    super("parallel", "Parallel coordinates", "A line is a trial, coloured by rank. Drag along an axis, or use the keyboard, to filter every view; click the axis to clear it.");
    const details = h("details", { class: "menu" }, h("summary", { class: "button" }, "Axes"), this.menu);
    document.addEventListener("click", (event) => {
      if (!details.contains(event.target as Node)) details.open = false;
    });
    details.addEventListener("keydown", (event) => {
      if ((event as KeyboardEvent).key !== "Escape") return;
      details.open = false;
      details.querySelector("summary")!.focus();
    });
    this.controls.append(h("span", { class: "scale", "aria-hidden": "true" }, "worst", h("i", {}), "best"), details);
    this.body.append(h("div", { class: "with-keys" }, this.chart.element, this.keys.element), this.keys.hint);
    this.chart.on("axisareaselected", () => this.onBrush());
  }

  /** Takes a range that was made by keyboard. */
  private choose(axis: Axis, chosen: [number, number] | Clause | null): void {
    const clause = Array.isArray(chosen) ? toClause(axis, [chosen]) : chosen;
    const others = (this.context?.state.brush ?? []).filter((other) => other.axis !== axis.id);
    this.context?.set({ brush: clause === null ? others : [...others, clause], page: 0 });
  }

  private onBrush(): void {
    const context = this.context;
    const echarts = this.chart.echarts;
    if (context === null || echarts === null) return;
    const option = echarts.getOption() as { parallelAxis?: { id: string }[] };
    const brush: Clause[] = [];
    (option.parallelAxis ?? []).forEach((_, index) => {
      const axis = this.shownAxes[index];
      const intervals = this.intervals(index);
      const clause = axis === undefined || intervals.length === 0 ? null : toClause(axis, intervals.map(([a, b]) => (a <= b ? [a, b] : [b, a])));
      if (clause !== null) brush.push(clause);
    });
    const elsewhere = context.state.brush.filter((clause) => !this.shownAxes.some((axis) => axis.id === clause.axis));
    const next = [...brush, ...elsewhere];
    if (JSON.stringify(next) === JSON.stringify(context.state.brush)) return;
    this.brushed = JSON.stringify(next);
    context.set({ brush: next, page: 0 });
  }

  /** What is brushed on an axis, as ECharts has it. */
  private intervals(index: number): [number, number][] {
    type Model = { getComponent(type: string, index: number): { activeIntervals?: [number, number][] } | undefined };
    const echarts = this.chart.echarts as unknown as { getModel(): Model } | null;
    return echarts?.getModel().getComponent("parallelAxis", index)?.activeIntervals ?? [];
  }

  protected draw(context: Context): void {
    const empty = context.trials.length === 0 ? "No trial yet." : context.space.length === 0 ? "No hyperparameter has more than one value." : null;
    this.say(empty, this.chart.element, this.keys.element, this.keys.hint);
    this.drawMenu(context);
    if (empty !== null) return;
    this.chart.onTrial = context.pick;
    const axes = (this.shownAxes = chosenAxes(context));
    const shape = JSON.stringify([axes.map((axis) => [axis.id, axis.ticks, axis.hasNa]), context.theme.dark, this.chart.width > 0 && axes.length > 0]);
    const replaced = shape !== this.shape;
    this.shape = shape;
    this.chart.draw(
      option(context, axes, this.chart.element.clientWidth),
      `Parallel coordinates of ${context.base.length} trials over ${axes.length - 1} hyperparameters and the score`,
      replaced,
    );
    this.keys.update(axes, context.state.brush, { ...PLACE, low: lowest(axes), high: HIGHEST });
    const brush = JSON.stringify(context.state.brush);
    if (replaced || brush !== this.brushed) this.restore(context, axes);
    this.brushed = brush;
    this.paintBrushes(context.theme);
  }

  /** In our colours: ECharts forgets `areaSelectStyle` once a brush has been drawn, and covers the axis. */
  private paintBrushes(theme: Theme): void {
    type Element = { __brushOption?: unknown; childOfName?(name: string): { setStyle(style: Option): void } | undefined };
    const zr = this.chart.echarts?.getZr() as unknown as { storage: { traverse(visit: (element: Element) => void): void } } | undefined;
    zr?.storage.traverse((element) => {
      if (element.__brushOption !== undefined) element.childOfName?.("main")?.setStyle(areaStyle(theme));
    });
  }

  /** Draws on the axes what the state says, which may come from the URL. */
  private restore(context: Context, axes: readonly Axis[]): void {
    const brush = new Map(context.state.brush.map((clause) => [clause.axis, clause]));
    let changed = false;
    axes.forEach((axis, index) => {
      const clause = brush.get(axis.id);
      const intervals = clause === undefined ? [] : toIntervals(axis, clause);
      if (intervals.length === 0 && this.intervals(index).length === 0) return; // each action draws all lines
      this.chart.echarts?.dispatchAction({ type: "axisAreaSelect", parallelAxisIndex: index, intervals }, { silent: true, flush: true });
      changed = true;
    });
    if (changed) this.chart.echarts?.setOption({}); // the action itself leaves out the brushes of its own axis
  }

  private drawMenu(context: Context): void {
    const all = [...context.axes.values()].filter((axis) => axis.id !== "score");
    const shown = new Set(chosenAxes(context).map((axis) => axis.id));
    const toggle = (id: string): void => {
      const next = all.filter((axis) => (axis.id === id ? !shown.has(id) : shown.has(axis.id))).map((axis) => axis.id);
      if (next.length > 0) context.set({ axes: next });
    };
    const items = all.map((axis) => {
      const box = h("input", { type: "checkbox", "data-key": `axis-${axis.id}`, onchange: () => toggle(axis.id) });
      box.checked = shown.has(axis.id);
      return h("label", {}, box, userText(axis.label, 40));
    });
    replace(this.menu, ...items);
  }
}

function option(context: Context, axes: readonly Axis[], width: number): Option {
  const { theme } = context;
  const low = lowest(axes);
  const room = Math.floor((width || 1200) / axes.length / 6.4);
  const anyBrush = context.state.brush.length > 0;
  // The best are drawn last, on top; picked ones above them.
  const order = [...context.base].sort((a, b) => weight(context, a) - weight(context, b));
  const few = context.base.length <= 60;
  const opacity = few ? 0.85 : context.base.length <= 800 ? 0.55 : 0.3;
  const items: Item[] = order.map((trial) => ({
    value: axes.map((axis) => axis.position(axis.of(trial))),
    trial: trial.number,
    lineStyle: { color: colourOf(context, trial), width: letterOf(context, trial) !== null ? 2.5 : few ? 1.6 : 1 },
  }));
  return {
    tooltip: tooltip(theme, (item) => tipOf(context, item)),
    parallel: { ...PLACE, axisExpandable: false },
    parallelAxis: axes.map((axis, index) => {
      const ticks = thinned(axis.ticks, 12);
      const shown = axis.hasNa ? [{ at: NA, label: axis.id === "score" ? "none" : NA_LABEL }, ...ticks] : ticks;
      const labels = new Map(shown.map((tick) => [tick.at.toFixed(6), tick.label]));
      return {
        dim: index,
        id: `axis-${index}`,
        type: "value",
        min: low,
        max: HIGHEST,
        name: canvasText(axis.label, Math.max(8, Math.min(28, room))),
        nameLocation: "end",
        nameGap: 16,
        nameTextStyle: { color: axis.id === "score" ? theme.ink : theme.soft, fontSize: 12, fontWeight: axis.id === "score" ? 600 : 400,
          // The names at both sides stay within the card.
          ...(index === 0 ? { align: "left", padding: [0, 0, 0, -44] } : index === axes.length - 1 ? { align: "right", padding: [0, -64, 0, 0] } : {}),
        },
        axisLine: { lineStyle: { color: theme.faint, width: 1 } },
        axisTick: { show: true, length: 4, customValues: shown.map((tick) => tick.at), lineStyle: { color: theme.faint } },
        splitLine: { show: false },
        axisLabel: {
          customValues: shown.map((tick) => tick.at),
          formatter: (at: number) => canvasText(labels.get(at.toFixed(6)) ?? "", Math.max(6, Math.min(16, room - 3))),
          color: theme.ink, fontSize: 11, margin: 4, hideOverlap: true,
          backgroundColor: theme.dark ? "rgba(42,43,47,.82)" : "rgba(255,255,255,.82)", padding: [1, 3], borderRadius: 3,
        },
        areaSelectStyle: { width: 18, color: theme.accent, borderColor: theme.accent, borderWidth: 1, opacity: 0.35 },
        triggerEvent: false,
      };
    }),
    series: [
      {
        id: "trials", type: "parallel", data: items, smooth: false, cursor: "pointer",
        progressive: 400, progressiveThreshold: 1500,
        activeOpacity: anyBrush ? Math.max(opacity, context.shown.length <= 60 ? 0.85 : 0.55) : opacity, inactiveOpacity: 0.04,
        lineStyle: { opacity },
        emphasis: { lineStyle: { width: 3, opacity: 1 } },
      },
    ],
  };
}

const areaStyle = (theme: Theme): Option => ({ fill: theme.accent, stroke: theme.accent, lineWidth: 1, opacity: 0.35 });

function weight(context: Context, trial: Trial): number {
  return letterOf(context, trial) !== null ? 2 : context.quality(trial);
}
