/** What each worker trained, and when. */
import { formatDuration, formatNumber, niceTicks } from "../compute/numbers";
import { timeline, type Timeline } from "../compute/timeline";
import { Chart, numberAxis, tooltip, type Item, type Option } from "../ui/chart";
import { canvasText, h } from "../ui/dom";
import type { Context } from "../context";
import { letterOf, statusColour, trialTip, View } from "../ui/view";
import { timeUnit } from "./history";

export class TimelineView extends View {
  private readonly chart = new Chart("timeline-chart");

  constructor() {
    super("timeline", "Timeline", "What each worker trained, by status; a trial that was tried again has several bars.");
    this.body.append(this.chart.element);
  }

  protected draw(context: Context): void {
    const found = timeline(context.shown, context.now);
    this.say(found.bars.length > 0 ? null : context.trials.length === 0 ? "No trial yet." : "No trial that is shown has been trained.", this.chart.element);
    if (found.bars.length === 0) return;
    this.chart.onTrial = context.pick;
    const height = `${72 + 26 * Math.min(24, found.workers.length)}px`;
    if (this.chart.element.style.height !== height) this.chart.element.style.height = height;
    this.chart.echarts?.resize();
    this.chart.draw(option(context, found), `Timeline of ${found.bars.length} attempts on ${found.workers.length} workers`);
  }
}

function option(context: Context, found: Timeline): Option {
  const { theme } = context;
  const origin = context.study.started ?? found.start;
  const unit = timeUnit(found.end - Math.min(origin, found.start));
  const at = (time: number): number => (time - origin) / unit.seconds;
  const [low, high] = [Math.min(0, at(found.start)), Math.max(1e-6, at(found.end))];
  const data: Item[] = found.bars.map((bar) => ({ value: [at(bar.start), bar.lane, at(bar.end)], trial: bar.trial.number }));
  return {
    grid: { left: 132, right: 20, top: 8, bottom: 44 },
    tooltip: tooltip(theme, (_, { dataIndex }) => {
      const bar = found.bars[dataIndex];
      return bar === undefined ? "" : trialTip(context, bar.trial, h("div", { class: "tip-more" }, `${formatDuration(bar.end - bar.start)} on `, h("bdi", {}, found.workers[bar.lane]!.slice(0, 40))));
    }),
    xAxis: numberAxis(theme, { name: `time (${unit.name})`, low, high: high + (high - low) * 0.01, ticks: niceTicks(low, high, 12), format: (value) => formatNumber(value), grid: true }),
    yAxis: {
      type: "category", inverse: true, data: found.workers.map((worker) => canvasText(worker, 18)),
      axisLine: { show: false }, axisTick: { show: false }, axisLabel: { color: theme.soft, fontSize: 11, margin: 12 },
    },
    series: [
      {
        id: "bars", type: "custom", data, clip: true, encode: { x: [0, 2], y: 1 }, progressive: 0, cursor: "pointer",
        renderItem: (params: { dataIndex: number }, api: { coord(point: number[]): number[]; value(index: number): number; size(extent: number[]): number[] }) => {
          const bar = found.bars[params.dataIndex]!;
          const [left, middle] = api.coord([api.value(0), api.value(1)]) as [number, number];
          const [right] = api.coord([api.value(2), api.value(1)]) as [number];
          const height = Math.min(18, (api.size([0, 1])[1] ?? 20) * 0.7);
          const letter = letterOf(context, bar.trial);
          const width = Math.max(1.5, right - left - (right - left > 4 ? 1 : 0));
          const colour = letter !== null ? theme.picked[letter === "A" ? 0 : 1] : statusColour(theme, bar.trial.status);
          const label = String(bar.trial.number);
          return {
            type: "rect",
            shape: { x: left, y: middle - height / 2, width, height, r: Math.min(2, width / 3) },
            style: { fill: colour, opacity: bar.running ? 0.55 : 0.9, stroke: bar.running ? colour : undefined, lineWidth: bar.running ? 1 : 0 },
            ...(width > 8 * label.length + 4
              ? { textContent: { type: "text", style: { text: label, fill: theme.card, fontSize: 10 } }, textConfig: { position: "inside" } }
              : {}),
            emphasis: { style: { opacity: 1 } },
          };
        },
      },
    ],
  };
}
