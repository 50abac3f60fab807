/** Learning curves: the objective by epoch; stopped ones end where they ended. */
import { meanCurve, type MeanPoint } from "../compute/curves";
import { epochTicks, formatNumber } from "../compute/numbers";
import { CURVE_FENCE } from "../compute/progress";
import type { Trial } from "../compute/trial";
import { Chart, numberAxis, tooltip, type Item, type Option } from "../ui/chart";
import { Segmented } from "../ui/dom";
import { mix } from "../ui/theme";
import type { Context } from "../context";
import { colourOf, letterOf, View } from "../ui/view";
import { frame, scoreYAxis, tipOf, type Frame } from "./history";

/** With so many curves or fewer, the deviation over executions is drawn. */
const FEW = 12;

/** So few curves are to be seen from their first epoch on: how far the epochs are then shown to the bad side. */
const HANDFUL = 3;
const REACH_OF_FEW = 100;

export class CurvesView extends View {
  private readonly chart = new Chart("curves-chart");
  private readonly choice: Segmented;

  constructor() {
    super("curves", "Learning curves", "Mean and deviation over executions; a dot: stopped.");
    this.element.classList.add("half");
    this.choice = new Segmented(
      "Curves shown",
      [{ value: "best10", label: "Best 10" }, { value: "best50", label: "Best 50" }, { value: "all", label: "All" }],
      (value) => this.context?.set({ curves: value as "best10" | "best50" | "all" }),
    );
    this.controls.append(this.choice.element);
    this.body.append(this.chart.element);
  }

  protected draw(context: Context): void {
    this.choice.update(context.state.curves);
    const curves = chosen(context).map((trial) => ({ trial, points: meanCurve(trial.curves) })).filter(({ points }) => points.length > 0);
    const any = context.trials.some((trial) => trial.curves.length > 0);
    this.say(curves.length > 0 ? null : any ? "No trial that is shown has a curve." : "No epoch has been reported yet.", this.chart.element);
    if (curves.length === 0) return;
    this.chart.onTrial = context.pick;
    const within = frame(curves.flatMap(({ points }) => points.map((point) => point.mean)), context.direction, false, curves.length <= HANDFUL ? REACH_OF_FEW : CURVE_FENCE);
    if (within === null) return;
    this.chart.draw(option(context, curves, within), `Learning curves of ${curves.length} trials`);
  }
}

/** The best ones of those shown; also picked ones, and those that run. */
function chosen(context: Context): Trial[] {
  const shown = context.ranked.filter((trial) => context.isShown(trial));
  if (context.state.curves === "all") return shown;
  const most = context.state.curves === "best10" ? 10 : 50;
  return shown.filter((trial, index) => index < most || letterOf(context, trial) !== null || trial.status === "running");
}

interface Drawn {
  trial: Trial;
  points: MeanPoint[];
}

function option(context: Context, curves: readonly Drawn[], within: Frame): Option {
  const { theme } = context;
  // The best are drawn last, on top.
  const order = [...curves].sort((a, b) => weight(context, a.trial) - weight(context, b.trial));
  const longest = Math.max(2, ...order.map(({ trial, points }) => Math.max(trial.planned ?? 0, points.at(-1)!.epoch)));
  const few = order.length <= FEW;
  const data: Item[] = order.map(({ trial, points }) => ({ value: [points[0]!.epoch, points[0]!.mean], trial: trial.number }));
  // Ranks among the curves that are drawn: the best ten of many would look alike otherwise.
  const place = new Map(order.map(({ trial }, index) => [trial.number, order.length > 1 ? index / (order.length - 1) : 1]));
  const colour = (trial: Trial): string => {
    if (letterOf(context, trial) !== null || context.quality(trial) < 0) return colourOf(context, trial);
    return trial.status === "running" ? theme.status["running"]! : mix(theme.ramp, 0.15 + 0.85 * place.get(trial.number)!);
  };
  type Api = { coord(point: number[]): number[] };
  const line = (points: readonly MeanPoint[], api: Api): number[][] => points.map((point) => api.coord([point.epoch, point.mean]));
  const band = ({ points }: Drawn, api: Api): number[][] => [
    ...points.map((point) => api.coord([point.epoch, point.mean + point.deviation])),
    ...[...points].reverse().map((point) => api.coord([point.epoch, point.mean - point.deviation])),
  ];
  return {
    grid: { left: 56, right: 20, top: 30, bottom: 44 },
    tooltip: tooltip(theme, (item) => tipOf(context, item)),
    xAxis: numberAxis(theme, { name: "epoch", low: 1 - (longest - 1) * 0.02, high: longest * 1.02, ticks: epochTicks(longest, 8), format: (value) => formatNumber(value) }),
    yAxis: scoreYAxis(context, within),
    series: [
      {
        id: "curves", type: "custom", data, clip: true, z: 2, progressive: 300, cursor: "pointer",
        renderItem: (params: { dataIndex: number }, api: Api) => {
          const drawn = order[params.dataIndex]!;
          const { trial, points } = drawn;
          const picked = letterOf(context, trial) !== null;
          const stroke = colour(trial);
          const end = points.at(-1)!;
          const [endX, endY] = api.coord([end.epoch, end.mean]) as [number, number];
          const showBand = (few || picked) && trial.curves.length > 1;
          return {
            type: "group",
            children: [
              ...(showBand ? [{ type: "polygon", shape: { points: band(drawn, api) }, style: { fill: stroke, opacity: few && !picked ? 0.07 : 0.18 }, silent: true }] : []),
              {
                type: "polyline", shape: { points: line(points, api) },
                style: { stroke, fill: "none", lineWidth: picked ? 2.5 : few ? 1.6 : 1.1, opacity: picked || few ? 0.95 : 0.55 },
                emphasis: { style: { lineWidth: 3, opacity: 1 } },
              },
              ...(trial.status === "stopped" || trial.status === "running"
                ? [{ type: "circle", shape: { cx: endX, cy: endY, r: picked ? 4 : 2.8 }, style: { fill: trial.status === "running" ? theme.card : stroke, stroke, lineWidth: 1.4 } }]
                : []),
            ],
          };
        },
      },
    ],
  };
}

function weight(context: Context, trial: Trial): number {
  return letterOf(context, trial) !== null ? 2 : context.quality(trial);
}
