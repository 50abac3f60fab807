/** Charts in the page's own look. */
import type { ECharts, EChartsCoreOption } from "echarts/core";
import { NA, NA_LABEL, thinned, type Axis } from "../compute/axis";
import { canvasText } from "./dom";
import { chartLibrary } from "./library";
import type { Theme } from "./theme";

export type Option = Record<string, unknown>;

/** The data of an item, and the trial that it stands for. */
export interface Item {
  value: unknown;
  trial?: number;
  [style: string]: unknown;
}

/** What ECharts gives back: an item, or the coordinates and the trial of a mark. */
function itemOf(data: unknown): Item {
  if (!Array.isArray(data)) return (data as Item | undefined) ?? { value: null };
  const trial: unknown = data[2];
  return typeof trial === "number" ? { value: data, trial } : { value: data };
}

export const FONT = "Roboto, system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif";

/** A chart that follows the size of its element. */
export class Chart {
  readonly element: HTMLDivElement;
  private chart: ECharts | null = null;
  private readonly listeners: [string, (event: never) => void][] = [];
  onTrial: ((trial: number) => void) | null = null;

  constructor(className: string) {
    this.element = document.createElement("div");
    this.element.className = `chart ${className}`;
    this.element.setAttribute("role", "img");
    new ResizeObserver(() => this.chart?.resize()).observe(this.element);
  }

  get echarts(): ECharts | null {
    return this.chart;
  }

  get width(): number {
    return this.element.clientWidth;
  }

  on(event: string, listener: (event: never) => void): void {
    this.listeners.push([event, listener]);
  }

  /** Draws; `label` is what a screen reader says. */
  draw(option: Option, label: string, replace = false): void {
    this.element.setAttribute("aria-label", label);
    if (this.chart === null) {
      const library = chartLibrary();
      if (library === null) throw new Error("views with charts draw once the library is there");
      this.chart = library.init(this.element, null, { renderer: "canvas" });
      for (const [event, listener] of this.listeners) this.chart.on(event, listener as (event: unknown) => void);
      this.chart.on("click", (event) => {
        const { trial } = itemOf(event.data);
        if (typeof trial === "number") this.onTrial?.(trial);
      });
    }
    const full = { animation: false, textStyle: { fontFamily: FONT, fontSize: 12 }, ...option } as EChartsCoreOption;
    if (replace) this.chart.setOption(full, { notMerge: true });
    else this.chart.setOption(full, { replaceMerge: ["series"] });
  }

  clear(): void {
    this.chart?.clear();
  }
}

export function tooltip(theme: Theme, content: (item: Item, event: { seriesId?: string; dataIndex: number }) => HTMLElement | string): Option {
  return {
    trigger: "item",
    confine: true,
    transitionDuration: 0,
    backgroundColor: theme.raised,
    borderColor: theme.line,
    padding: [8, 10],
    textStyle: { color: theme.ink, fontSize: 12, fontFamily: FONT },
    formatter: (event: { data: unknown; seriesId?: string; dataIndex: number }) => content(itemOf(event.data), event),
  };
}

const axisLook = (theme: Theme): Option => ({
  axisLine: { show: true, onZero: false, lineStyle: { color: theme.line } },
  nameTextStyle: { color: theme.soft, fontSize: 12 },
});

const labelLook = (theme: Theme): Option => ({ color: theme.soft, fontSize: 11, hideOverlap: true });

/** An axis of plain numbers, with ticks at round numbers within [low, high]. */
export function numberAxis(
  theme: Theme,
  options: { name?: string; low: number; high: number; ticks: number[]; format: (value: number) => string; grid?: boolean; vertical?: boolean },
): Option {
  return {
    type: "value",
    min: options.low,
    max: options.high,
    name: options.name ?? "",
    nameLocation: options.vertical === true ? "end" : "middle",
    nameGap: options.vertical === true ? 14 : 28,
    ...axisLook(theme),
    ...(options.vertical === true ? { nameTextStyle: { color: theme.soft, fontSize: 12, align: "left", padding: [0, 0, 0, -44] }, axisLine: { show: false } } : {}),
    axisLabel: { ...labelLook(theme), customValues: options.ticks, formatter: options.format },
    axisTick: { show: options.vertical !== true, customValues: options.ticks, lineStyle: { color: theme.line } },
    splitLine: { show: options.grid === true, lineStyle: { color: theme.grid } },
  };
}

/** An axis of positions from 0 to 1, labelled with the values that lie there. */
export function positionAxis(theme: Theme, axis: Axis, options: { vertical?: boolean; most?: number; na?: boolean } = {}): Option {
  const ticks = thinned(axis.ticks, options.most ?? 12);
  const shown = options.na === true ? [{ at: NA, label: NA_LABEL }, ...ticks] : ticks;
  const labels = new Map(shown.map((tick) => [tick.at, tick.label]));
  const pad = axis.categories !== null ? Math.min(0.25, 0.5 / Math.max(1, axis.categories.length - 1)) : 0.02;
  return {
    ...numberAxis(theme, {
      name: canvasText(axis.label, 40),
      low: options.na === true ? NA - 0.06 : -pad,
      high: 1 + pad,
      ticks: shown.map((tick) => tick.at),
      format: (at) => canvasText(labels.get(at) ?? nearest(shown, at), 12),
      vertical: options.vertical === true,
    }),
  };
}

function nearest(ticks: readonly { at: number; label: string }[], at: number): string {
  return ticks.find((tick) => Math.abs(tick.at - at) < 1e-6)?.label ?? "";
}

/**
 * A line of exact steps: level until the next point, then upright. The steps of a line series are no such: it leaves out
 * rises of less than a pixel, and slants the line up to the next one.
 */
export function stepLine(
  id: string,
  points: readonly [number, number][],
  style: { stroke: string; lineWidth: number; lineDash?: number[] | undefined },
  label?: { text: string; fill: string },
): Option {
  return {
    id, type: "custom", silent: true, clip: false, z: 3, data: points.length > 0 ? [[0, 0]] : [],
    renderItem: (_: unknown, api: { coord(point: readonly number[]): number[] }) => {
      const corners = points.flatMap((point, index) => (index === 0 ? [point] : [[point[0], points[index - 1]![1]] as const, point])).map((corner) => api.coord(corner));
      const [x, y] = corners.at(-1) as [number, number];
      const line = { type: "polyline", shape: { points: corners }, style: { ...style, fill: "none", lineJoin: "round" } };
      if (label === undefined) return line;
      return { type: "group", children: [line, { type: "text", style: { text: label.text, fill: label.fill, x: x + 6, y, verticalAlign: "middle", fontSize: 11, fontFamily: FONT } }] };
    },
  };
}
