/** The best score so far over trials and over time: steps, unsmoothed; failures are marked. */
import { decimalsFor, formatNumber, formatScore, niceTicks } from "../compute/numbers";
import { progress, scoreRange } from "../compute/progress";
import type { Trial } from "../compute/trial";
import { Chart, numberAxis, stepLine, tooltip, type Item, type Option } from "../ui/chart";
import { canvasText, h } from "../ui/dom";
import { letterOf, statusColour, trialTip, View, type Context } from "../ui/view";

/** A range of scores with room around it; at its bad side a strip for what is off the scale, and for failures. */
export interface Frame {
  low: number;
  high: number;
  /** Where failures are marked. */
  edge: number;
  clamp: (score: number) => number;
  isOff: (score: number) => boolean;
}

const NO_SCORES: Frame = { low: 0, high: 1, edge: 0.5, clamp: (score) => score, isOff: () => false };

export function frame(scores: readonly number[], direction: "min" | "max", failures: boolean, reach?: number): Frame | null {
  const range = scoreRange(scores, direction, reach);
  if (range === null) return null;
  const isOff = (score: number): boolean => (direction === "max" ? score < range[0] : score > range[1]);
  const strip = failures || scores.some(isOff);
  let [low, high] = range;
  if (low === high) {
    const pad = Math.abs(low) * 0.05 || 0.5;
    [low, high] = [low - pad, high + pad];
  }
  const span = high - low;
  const [good, bad] = [0.08 * span, (strip ? 0.14 : 0.06) * span];
  const edge = direction === "max" ? low - 0.08 * span : high + 0.08 * span;
  return {
    low: low - (direction === "max" ? bad : good),
    high: high + (direction === "max" ? good : bad),
    edge,
    clamp: (score) => (isOff(score) ? edge : score),
    isOff,
  };
}

export function scoreYAxis(context: Context, within: Frame): Option {
  const ticks = within === NO_SCORES ? [] : niceTicks(within.low, within.high, 5);
  const decimals = ticks.length > 1 ? Math.max(0, Math.ceil(-Math.log10(ticks[1]! - ticks[0]!) - 1e-9)) : decimalsFor(within.low, within.high);
  return numberAxis(context.theme, {
    name: `${canvasText(context.study.objective.name, 30)} ${context.direction === "max" ? "↑" : "↓"} better`,
    low: within.low,
    high: within.high,
    ticks,
    format: (value) => (decimals > 6 ? formatNumber(value, 3) : formatScore(value, decimals)),
    grid: true,
    vertical: true,
  });
}

/** How a trial is marked: by shape and colour. */
export function mark(context: Context, trial: Trial, off: boolean): { symbol: string; symbolSize: number; symbolRotate?: number; itemStyle: Option } {
  const { theme } = context;
  const colour = statusColour(theme, trial.status);
  const letter = letterOf(context, trial);
  // Many marks are smaller and let one another shine through.
  const many = context.trials.length > 300;
  const opacity = context.isShown(trial) ? (letter !== null ? 1 : many ? (trial.status === "completed" ? 0.65 : 0.45) : 0.85) : 0.08;
  if (trial.score === null || trial.status === "failed" || trial.status === "infeasible") {
    return { symbol: CROSS, symbolSize: many ? 6 : 7, itemStyle: { color: colour, opacity } };
  }
  if (letter !== null) {
    const fill = theme.picked[letter === "A" ? 0 : 1];
    return { symbol: "circle", symbolSize: 11, itemStyle: { color: fill, borderColor: theme.card, borderWidth: 1.5, opacity } };
  }
  if (off) return { symbol: "triangle", symbolRotate: context.direction === "max" ? 180 : 0, symbolSize: 7, itemStyle: { color: "transparent", borderColor: colour, borderWidth: 1.5, opacity } };
  const hollow = trial.status !== "completed";
  return {
    symbol: trial.status === "running" ? "diamond" : "circle",
    symbolSize: trial.status === "running" ? 9 : many ? 4.5 : 6,
    itemStyle: { color: hollow ? theme.card : colour, borderColor: colour, borderWidth: hollow ? (many ? 1 : 1.5) : 0, opacity },
  };
}

const CROSS = "path://M1,0L5,4L9,0L10,1L6,5L10,9L9,10L5,6L1,10L0,9L4,5L0,1Z";

export class HistoryView extends View {
  private readonly byTrial = new Chart("history-chart");
  private readonly byTime = new Chart("history-chart");

  private readonly offScale = h("i", { class: "mark cross stopped" }, "△");

  constructor() {
    super("history", "Best so far", "Each mark is a trial; the line is the best score until then. Click a mark to compare the trial.");
    this.body.append(
      h("div", { class: "columns" }, this.byTrial.element, this.byTime.element),
      h(
        "ul",
        { class: "legend marks" },
        h("li", {}, h("i", { class: "mark completed" }), "completed"),
        h("li", {}, h("i", { class: "mark hollow stopped" }), "stopped early"),
        h("li", {}, h("i", { class: "mark cross failed" }, "×"), "failed or infeasible"),
        h("li", {}, this.offScale, "off the scale"),
        h("li", {}, h("i", { class: "mark hollow square running" }), "running"),
      ),
    );
  }

  protected draw(context: Context): void {
    const columns = this.body.querySelector<HTMLElement>(".columns")!;
    const legend = this.body.querySelector<HTMLElement>(".marks")!;
    this.say(context.trials.length === 0 ? "Waiting for the first trial." : null, columns, legend);
    if (context.trials.length === 0) return;
    this.offScale.textContent = context.direction === "max" ? "▽" : "△";
    this.byTrial.onTrial = this.byTime.onTrial = context.pick;
    const scores = context.trials.flatMap((trial) => (trial.score === null ? [] : [trial.score]));
    const within = frame(scores, context.direction, true) ?? NO_SCORES;
    this.byTrial.draw(...this.chart(context, within, false));
    this.byTime.draw(...this.chart(context, within, true));
  }

  private chart(context: Context, within: Frame, byTime: boolean): [Option, string] {
    const { trials, direction, theme, study } = context;
    const since = study.started ?? Math.min(...trials.map((trial) => trial.started ?? Infinity));
    const steps = progress(trials, direction, { byTime, since });
    const ended = new Set(steps.map((step) => step.trial));
    const unfinished = trials.filter((trial) => !ended.has(trial) && trial.score !== null);
    const unit = timeUnit(Math.max(0, ...steps.map((step) => step.seconds), byTime ? context.now - since : 0));
    const now = study.state === "running" && Number.isFinite(context.now - since) ? context.now - since : 0;
    const x = (trial: Trial, seconds: number): number => (byTime ? seconds / unit.seconds : trial.number);
    const last = byTime
      ? Math.max(1e-9, ...steps.map((step) => step.seconds / unit.seconds), unfinished.length > 0 ? now / unit.seconds : 0)
      : Math.max(1, trials.at(-1)!.number);
    const line = steps.filter((step) => step.improved).map((step): [number, number] => [x(step.trial, step.seconds), Math.max(within.low, Math.min(within.high, step.best!))]);
    const best = line.at(-1);
    if (best !== undefined && best[0] < last) line.push([last, best[1]]);
    const items: Item[] = steps.map((step) => ({
      value: [x(step.trial, step.seconds), step.score === null ? within.edge : within.clamp(step.score)],
      trial: step.trial.number,
      ...mark(context, step.trial, step.score !== null && within.isOff(step.score)),
    }));
    for (const trial of unfinished) {
      items.push({ value: [x(trial, now), within.clamp(trial.score!)], trial: trial.number, ...mark(context, trial, within.isOff(trial.score!)) });
    }
    // What is complete, and what is picked, is drawn above what was stopped.
    const layer = (item: Item): number => (context.state.picked.includes(item.trial ?? -2) ? 2 : context.store.trial(item.trial ?? -2)?.status === "completed" ? 1 : 0);
    items.sort((a, b) => layer(a) - layer(b));
    const pad = last * 0.02;
    const ticks = niceTicks(0, last, 7, !byTime);
    const summary = context.best === undefined ? "no score yet" : `the best is ${formatScore(context.best.score, context.decimals)}, of trial ${context.best.number}`;
    return [
      {
        grid: { left: 56, right: 24, top: 30, bottom: 44 },
        tooltip: tooltip(theme, (item) => tipOf(context, item)),
        xAxis: numberAxis(theme, { name: byTime ? `time (${unit.name})` : "trial", low: -pad, high: last + pad, ticks, format: (value) => formatNumber(value) }),
        yAxis: scoreYAxis(context, within),
        series: [
          stepLine("best", line, { stroke: theme.ink, lineWidth: 1.75 }),
          { id: "trials", type: "scatter", data: items, z: 2, progressive: 1000, cursor: "pointer", emphasis: { scale: 1.4 } },
        ],
      },
      `Best so far over ${byTime ? "time" : "trials"}: ${summary}`,
    ];
  }
}

export function tipOf(context: Context, item: Item): HTMLElement | string {
  const trial = item.trial === undefined ? undefined : context.store.trial(item.trial);
  return trial === undefined ? "" : trialTip(context, trial);
}

export function timeUnit(seconds: number): { seconds: number; name: string } {
  if (seconds < 180) return { seconds: 1, name: "s" };
  if (seconds < 3 * 3600) return { seconds: 60, name: "min" };
  return seconds < 4 * 86400 ? { seconds: 3600, name: "h" } : { seconds: 86400, name: "days" };
}
