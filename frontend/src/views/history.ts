/** The best score so far over trials and over time: steps, unsmoothed; failures are marked. */
import { decimalsFor, formatNumber, formatScore, niceTicks } from "../compute/numbers";
import { progress, scoreRange } from "../compute/progress";
import type { Trial } from "../compute/trial";
import { Chart, numberAxis, stepLine, tooltip, type Item, type Option } from "../ui/chart";
import { canvasText, h } from "../ui/dom";
import type { Context } from "../context";
import { areMany, markSeries, type Mark } from "../ui/marks";
import { trialTip, View } from "../ui/view";

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

export class HistoryView extends View {
  private readonly byTrial = new Chart("history-chart");
  private readonly byTime = new Chart("history-chart");

  private readonly offScale = h("i", { class: "mark cross stopped" }, "△");
  private readonly legend = {
    completed: h("li", {}, h("i", { class: "mark completed" }), "completed"),
    stopped: h("li", {}, h("i", { class: "mark hollow stopped" }), "stopped early"),
    failed: h("li", {}, h("i", { class: "mark cross failed" }, "×"), "failed or infeasible"),
    off: h("li", {}, this.offScale, "off the scale"),
    running: h("li", {}, h("i", { class: "mark hollow square running" }), "running"),
  };

  constructor() {
    super("history", "Best so far", "Each mark is a trial; the line is the best score until then. Click a mark to compare the trial.");
    this.body.append(
      h("div", { class: "columns" }, this.byTrial.element, this.byTime.element),
      h("ul", { class: "legend marks" }, ...Object.values(this.legend)),
    );
  }

  protected draw(context: Context): void {
    const columns = this.body.querySelector<HTMLElement>(".columns")!;
    const legend = this.body.querySelector<HTMLElement>(".marks")!;
    this.say(context.trials.length === 0 ? "Waiting for the first trial." : null, columns, legend);
    if (context.trials.length === 0) return;
    this.offScale.textContent = areMany(context) ? "|" : context.direction === "max" ? "▽" : "△";
    this.byTrial.onTrial = this.byTime.onTrial = context.pick;
    const scores = context.trials.flatMap((trial) => (trial.score === null ? [] : [trial.score]));
    const within = frame(scores, context.direction, true) ?? NO_SCORES;
    this.drawLegend(context.trials, scores.some(within.isOff));
    this.byTrial.draw(...this.chart(context, within, false));
    this.byTime.draw(...this.chart(context, within, true));
  }

  /** Explains the marks that there are. */
  private drawLegend(trials: readonly Trial[], anyOff: boolean): void {
    const statuses = new Set(trials.map((trial) => trial.status));
    this.legend.completed.hidden = !statuses.has("completed");
    this.legend.stopped.hidden = !statuses.has("stopped");
    this.legend.failed.hidden = !statuses.has("failed") && !statuses.has("infeasible");
    this.legend.off.hidden = !anyOff;
    this.legend.running.hidden = !statuses.has("running");
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
    const reached = byTime ? last : trials.at(-1)!.number;
    if (best !== undefined && best[0] < reached) line.push([reached, best[1]]);
    const place = (trial: Trial, seconds: number, score: number | null): Mark => ({
      at: [x(trial, seconds), score === null ? within.edge : within.clamp(score)], trial, off: score !== null && within.isOff(score),
    });
    const marks = [...steps.map((step) => place(step.trial, step.seconds, step.score)), ...unfinished.map((trial) => place(trial, now, trial.score))];
    const pad = last * 0.02;
    const ticks = niceTicks(0, last, 7, !byTime);
    const summary = context.best === undefined ? "no score yet" : `the best is ${formatScore(context.best.score, context.decimals)}, of trial ${context.best.number}`;
    return [
      {
        grid: { left: 56, right: 24, top: 30, bottom: 44 },
        tooltip: tooltip(theme, (item) => tipOf(context, item)),
        xAxis: numberAxis(theme, { name: byTime ? `time (${unit.name})` : "trial", low: -pad, high: last + pad, ticks, format: (value) => formatNumber(value) }),
        yAxis: scoreYAxis(context, within),
        series: [stepLine("best", line, { stroke: theme.ink, lineWidth: 1.75 }), ...markSeries(context, marks, 2)],
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
