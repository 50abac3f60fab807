/** Two hyperparameters: the trials, on the surrogate's prediction where there is one. */
import { NA, type Axis } from "../compute/axis";
import { edges, findContour, type Grid } from "../compute/contour";
import { formatScore, isFiniteNumber, toNumber } from "../compute/numbers";
import { scoreRange } from "../compute/progress";
import { minimized } from "../compute/trial";
import type { Value } from "../records";
import { Chart, positionAxis, tooltip, type Item, type Option } from "../ui/chart";
import { h, Select, userText } from "../ui/dom";
import { hex, mix } from "../ui/theme";
import type { Context } from "../context";
import { colourOf, letterOf, View } from "../ui/view";
import { tipOf } from "./history";
import { whyNone } from "./importance";
import { byImportance, lower } from "./slice";

export class ContourView extends View {
  private readonly chart = new Chart("contour-chart");
  private readonly x: Select;
  private readonly y: Select;
  private readonly note = h("p", { class: "subtitle note" });
  private readonly scale = h("p", { class: "ramp" });
  private pair: [string, string] | null = null;

  constructor() {
    super("contour", "Contour", "Scores over two hyperparameters.");
    this.element.classList.add("half");
    this.x = new Select("x", (name) => this.pair !== null && this.context?.set({ contour: [name, name === this.pair[1] ? this.pair[0] : this.pair[1]] }));
    this.y = new Select("y", (name) => this.pair !== null && this.context?.set({ contour: [name === this.pair[0] ? this.pair[1] : this.pair[0], name] }));
    this.controls.append(this.x.element, this.y.element);
    this.body.append(this.chart.element, this.scale, this.note);
  }

  protected draw(context: Context): void {
    const names = byImportance(context);
    const first = context.store.analysis?.contours?.[0];
    const wanted = context.state.contour ?? (first !== undefined ? [first.x, first.y] : [names[0], names[1]]);
    const pair = wanted.every((name) => name !== undefined && names.includes(name)) && wanted[0] !== wanted[1] ? (wanted as [string, string]) : null;
    this.pair = pair ?? (names.length > 1 ? [names[0]!, names[1]!] : null);
    const options = names.map((value) => ({ value, label: value }));
    this.x.update(options, this.pair?.[0] ?? "");
    this.y.update(options, this.pair?.[1] ?? "");
    const scored = context.trials.some((trial) => trial.score !== null);
    this.say(this.pair === null ? "Needs two hyperparameters." : scored ? null : "No trial has a score yet.", this.chart.element, this.note, this.scale);
    if (this.pair === null || !scored) return;
    const [x, y] = this.pair.map((name) => context.axes.get(`hp:${name}`)!) as [Axis, Axis];
    const contour = findContour(context.store.analysis?.contours ?? [], x.label, y.label);
    this.chart.onTrial = context.pick;
    const [low, high] = scaleOf(context, contour);
    const shade = (score: number): number => (high > low ? (context.direction === "max" ? score - low : high - score) / (high - low) : 0.5);
    this.chart.draw(option(context, x, y, contour, shade), `Scores over ${x.label} and ${y.label}, of ${context.shown.length} trials`);
    const [worst, best] = context.direction === "max" ? [low, high] : [high, low];
    this.scale.replaceChildren(h("span", { class: "scale" }, formatScore(worst, context.decimals), h("i", {}), formatScore(best, context.decimals)));
    const text = contour === null
      ? (context.store.analysis?.contours?.length ?? 0) > 0 ? "No prediction for this pair: it is computed for the most important ones." : `No prediction: ${lower(whyNone(context))}`
      : "Colour: the surrogate’s mean, averaged over the other hyperparameters; dots: trials.";
    if (this.note.textContent !== text) this.note.replaceChildren(userText(text, 240));
  }
}

function scaleOf(context: Context, contour: Grid | null): [number, number] {
  const predicted = (contour?.mean ?? []).flat().map(toNumber).filter(isFiniteNumber);
  if (predicted.length > 1) return scoreRange(predicted, context.direction)!;
  const scores = context.trials.flatMap((trial) => (trial.score === null ? [] : [trial.score]));
  return scoreRange(scores, context.direction) ?? [0, 1];
}

function option(context: Context, x: Axis, y: Axis, contour: Grid | null, shade: (score: number) => number): Option {
  const { theme } = context;
  const shown = context.shown.filter((trial) => trial.score !== null).sort((a, b) => minimized(b.score!, context.direction) - minimized(a.score!, context.direction));
  const [naX, naY] = [x, y].map((axis) => shown.some((trial) => axis.of(trial) === undefined)) as [boolean, boolean];
  const items: Item[] = shown.map((trial) => ({
    value: [jittered(x, x.position(x.of(trial)), trial.number), jittered(y, y.position(y.of(trial)), trial.number * 7)],
    trial: trial.number,
    symbolSize: letterOf(context, trial) !== null ? 12 : shown.length > 300 ? 5 : 7,
    itemStyle: {
      color: letterOf(context, trial) !== null ? colourOf(context, trial) : mix(theme.ramp, shade(trial.score!)),
      borderColor: !theme.dark ? "#ffffff" : x.of(trial) === undefined || y.of(trial) === undefined || contour === null ? theme.soft : "#17181a", borderWidth: 1, shadowBlur: 1, shadowColor: "rgba(0,0,0,.5)",
    },
  }));
  return {
    grid: { left: 72, right: 20, top: 30, bottom: 44 },
    tooltip: tooltip(theme, (item) => tipOf(context, item)),
    xAxis: positionAxis(theme, x, { na: naX, most: 8 }),
    yAxis: { ...positionAxis(theme, y, { na: naY, most: 9, vertical: true }) },
    series: [
      ...(contour === null ? [] : [cells(context, x, y, contour, shade)]),
      { id: "trials", type: "scatter", data: items, z: 4, progressive: 1000, cursor: "pointer" },
    ],
  };
}

/** Trials of one category are put beside each other. */
function jittered(axis: Axis, at: number, seed: number): number {
  const reach = at === NA ? 0.03 : axis.categories !== null ? 0.18 / Math.max(1, axis.categories.length - 1) : 0;
  return at + reach * (((seed * 0.618034) % 1) - 0.5) * 2;
}

function cells(context: Context, x: Axis, y: Axis, contour: Grid, shade: (score: number) => number): Option {
  const { theme } = context;
  const sortedBy = (axis: Axis, values: readonly Value[]): { index: number; at: number }[] =>
    values.map((value, index) => ({ index, at: axis.position(value) })).filter((place) => place.at !== NA).sort((a, b) => a.at - b.at);
  const [columns, rows] = [sortedBy(x, contour.xs), sortedBy(y, contour.ys)];
  const [xEdges, yEdges] = [edges(columns.map((place) => place.at)), edges(rows.map((place) => place.at))];
  // Paler than the trials, which have the same ramp.
  const muted = theme.ramp.map((colour) => hex(mix([colour, theme.card], 0.3)));
  const data: { value: number[] }[] = [];
  columns.forEach((column, i) => rows.forEach((row, j) => {
    const mean = toNumber(contour.mean[row.index]?.[column.index]);
    if (Number.isFinite(mean)) data.push({ value: [xEdges[i]![0], yEdges[j]![0], xEdges[i]![1], yEdges[j]![1], mean] });
  }));
  return {
    id: "cells", type: "custom", silent: true, z: 1, clip: true, data, encode: { x: [0, 2], y: [1, 3] }, progressive: 0,
    renderItem: (_: unknown, api: { coord(point: number[]): number[]; value(index: number): number }) => {
      const [left, bottom] = api.coord([api.value(0), api.value(1)]) as [number, number];
      const [right, top] = api.coord([api.value(2), api.value(3)]) as [number, number];
      const shape = { x: Math.floor(left), y: Math.floor(top), width: Math.ceil(right) - Math.floor(left), height: Math.ceil(bottom) - Math.floor(top) };
      return { type: "rect", shape, style: { fill: mix(muted, shade(api.value(4))) } };
    },
  };
}
