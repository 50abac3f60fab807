/** The scores over one hyperparameter, and what the surrogate predicts, averaged over the others. */
import { NA, type Axis } from "../compute/axis";
import { isFiniteNumber, toNumber } from "../compute/numbers";
import type { SliceRecord } from "../records";
import { Chart, positionAxis, tooltip, type Option } from "../ui/chart";
import { Select, userText, h } from "../ui/dom";
import type { Context } from "../context";
import { markSeries, type Mark } from "../ui/marks";
import { View } from "../ui/view";
import { frame, scoreYAxis, tipOf, type Frame } from "./history";
import { whyNone } from "./importance";

/** The names of hyperparameters by importance, then those of which none is known. */
export function byImportance(context: Pick<Context, "space" | "store">): string[] {
  const importance = new Map(context.store.analysis?.importance?.all ?? []);
  const names = context.space.map((definition) => definition.name);
  return names.sort((a, b) => (importance.get(b) ?? -1) - (importance.get(a) ?? -1));
}

export class SliceView extends View {
  private readonly chart = new Chart("slice-chart");
  private readonly select: Select;
  private readonly note = h("p", { class: "subtitle note" });

  constructor() {
    super("slice", "Slice", "Scores over one hyperparameter.");
    this.element.classList.add("half");
    this.select = new Select("Hyperparameter", (name) => this.context?.set({ slice: name }));
    this.controls.append(this.select.element);
    this.body.append(this.chart.element, this.note);
  }

  protected draw(context: Context): void {
    const names = byImportance(context);
    const name = context.state.slice !== null && names.includes(context.state.slice) ? context.state.slice : names[0];
    this.select.update(names.map((value) => ({ value, label: value })), name ?? "");
    const scored = context.trials.filter((trial) => trial.score !== null);
    this.say(name === undefined ? "No hyperparameter has more than one value." : scored.length === 0 ? "No trial has a score yet." : null, this.chart.element, this.note);
    if (name === undefined || scored.length === 0) return;
    const axis = context.axes.get(`hp:${name}`)!;
    const slice = new Map(Object.entries(context.store.analysis?.slices ?? {})).get(name);
    this.chart.onTrial = context.pick;
    const within = frame(scored.map((trial) => trial.score!), context.direction, false)!;
    this.chart.draw(option(context, axis, slice, within), `Scores over ${name}, of ${context.shown.length} trials`);
    const text = slice !== undefined
      ? "Line and band: the surrogate’s mean and one standard deviation, averaged over the other hyperparameters."
      : `No prediction: ${lower(whyNone(context))}`;
    if (this.note.textContent !== text) this.note.replaceChildren(userText(text, 240));
  }
}

export const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

function option(context: Context, axis: Axis, slice: SliceRecord | undefined, within: Frame): Option {
  const { theme } = context;
  const shown = context.shown.filter((trial) => trial.score !== null);
  const withNa = shown.some((trial) => axis.of(trial) === undefined);
  // Trials of one category, or of one integer, are put beside each other.
  const jitter = axis.categories !== null ? 0.22 / Math.max(1, axis.categories.length - 1) : 0;
  const marks = shown.map((trial): Mark => {
    const at = axis.position(axis.of(trial));
    const aside = (at === NA ? 0.03 : jitter) * ((((trial.number * 0.618034) % 1) - 0.5) * 2);
    return { at: [at + aside, within.clamp(trial.score!)], trial, off: within.isOff(trial.score!) };
  });
  return {
    grid: { left: 56, right: 20, top: 30, bottom: 44 },
    tooltip: tooltip(theme, (item) => tipOf(context, item)),
    xAxis: positionAxis(theme, axis, { na: withNa, most: 9 }),
    yAxis: scoreYAxis(context, within),
    series: [...(slice === undefined ? [] : prediction(context, axis, slice)), ...markSeries(context, marks, 4)],
  };
}

type Band = [at: number, mean: number, low: number, high: number];

function prediction(context: Context, axis: Axis, slice: SliceRecord): Option[] {
  const { theme } = context;
  const points = slice.x
    .map((x, index): Band => [axis.position(x), toNumber(slice.mean[index]), toNumber(slice.low[index]), toNumber(slice.high[index])])
    .filter((point) => point[0] !== NA && point.every(isFiniteNumber))
    .sort((a, b) => a[0] - b[0]);
  const half = axis.categories === null ? 0 : 0.32 / Math.max(1, axis.categories.length - 1);
  const categorical = axis.categories !== null;
  return [
    {
      id: "band", type: "custom", silent: true, z: 1, clip: true, data: [[0, 0]],
      renderItem: (_: unknown, api: { coord(point: number[]): number[] }) => {
        const at = (x: number, y: number): number[] => api.coord([x, y]);
        const style = { fill: theme.accent, opacity: 0.16 };
        if (!categorical) {
          const outline = [...points.map((p) => at(p[0], p[3])), ...[...points].reverse().map((p) => at(p[0], p[2]))];
          return { type: "polygon", shape: { points: outline }, style };
        }
        const boxes = points.map((p) => ({ type: "polygon", shape: { points: [at(p[0] - half, p[3]), at(p[0] + half, p[3]), at(p[0] + half, p[2]), at(p[0] - half, p[2])] }, style }));
        const lines = points.map((p) => ({ type: "polyline", shape: { points: [at(p[0] - half, p[1]), at(p[0] + half, p[1])] }, style: { stroke: theme.accent, lineWidth: 2, fill: "none" } }));
        return { type: "group", children: [...boxes, ...lines] };
      },
    },
    {
      id: "mean", type: "line", silent: true, symbol: "none", z: 3, data: categorical ? [] : points.map((p) => [p[0], p[1]]),
      lineStyle: { color: theme.accent, width: 2 },
    },
  ];
}
