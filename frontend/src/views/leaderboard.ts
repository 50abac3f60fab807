/** The leaderboard: a table of trials, sorted, filtered and paged. */
import { meanCurve } from "../compute/curves";
import { pythonDict, pythonLiteral, sorted, toCsv } from "../compute/leaderboard";
import { formatCount, formatDuration, formatNumber, formatScore, formatValue } from "../compute/numbers";
import { CURVE_FENCE, scoreRange } from "../compute/progress";
import type { Trial } from "../compute/trial";
import { clip, copyButton, download, h, replace, Select, svg, userText } from "../ui/dom";
import type { Context } from "../context";
import { letterOf, View } from "../ui/view";
import { known } from "./headline";

interface Column {
  key: string;
  label: string;
  number: boolean;
  sortable: boolean;
}

const SIZES = [10, 25, 50, 100].map((size) => ({ value: String(size), label: String(size) }));

export class LeaderboardView extends View {
  private readonly table = h("table", {});
  private readonly head = h("thead", {});
  private readonly rows = h("tbody", {});
  private readonly scroller = h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": "Leaderboard, scrolls sideways" }, this.table);
  private readonly pager = h("nav", { class: "pager", "aria-label": "Pages of the leaderboard" });
  private readonly size: Select;
  private headDrawn = "";
  private readonly drawnRows = new Map<number, { key: unknown[]; row: HTMLTableRowElement }>();

  constructor() {
    super("leaderboard", "Leaderboard");
    this.size = new Select("Rows", (value) => this.context?.set({ rows: Number(value), page: 0 }));
    const csv = h("button", { type: "button", class: "button" }, "Export CSV");
    csv.addEventListener("click", () => this.export());
    this.controls.append(this.size.element, copyButton("Copy as Python", () => this.python()), csv);
    this.table.append(h("caption", { class: "offscreen" }, "Trials; activate a heading to sort, a trial to compare it"), this.head, this.rows);
    this.body.append(this.scroller, this.pager);
  }

  private list(context: Context): Trial[] {
    return sorted(context.shown, context.ranked, context.state.sort);
  }

  private export(): void {
    const context = this.context;
    if (context === null) return;
    const names = (context.study.space ?? []).map((definition) => definition.name);
    const name = context.study.name.replace(/[^\p{L}\p{N}_.-]+/gu, "_").slice(0, 60) || "study";
    download(`${name}.csv`, toCsv(this.list(context), names), "text/csv");
  }

  private python(): string {
    const context = this.context;
    if (context === null) return "[]";
    const space = context.study.space ?? [];
    const rows = this.list(context).map((trial) => {
      const score = trial.score === null ? "None" : pythonLiteral(trial.score, "float");
      return `    {"trial": ${trial.number}, "status": ${pythonLiteral(trial.status)}, "score": ${score}, "values": ${pythonDict(trial, space).replaceAll("\n", " ")}},\n`;
    });
    return `[\n${rows.join("")}]`;
  }

  protected draw(context: Context): void {
    const { state, trials } = context;
    const empty = trials.length === 0 ? "No trial yet." : context.shown.length === 0 ? "No trial passes the filters." : null;
    this.say(empty, this.scroller, this.pager);
    this.size.update(SIZES, String(state.rows));
    if (empty !== null) return;
    const list = this.list(context);
    const pages = Math.max(1, Math.ceil(list.length / state.rows));
    const page = Math.min(state.page, pages - 1);
    const columns = columnsOf(context);
    this.drawHead(context, columns);
    this.drawRows(context, columns, list.slice(page * state.rows, (page + 1) * state.rows));
    this.drawPager(context, page, pages, list.length);
  }

  private drawHead(context: Context, columns: readonly Column[]): void {
    const { sort } = context.state;
    const key = JSON.stringify([columns, sort]);
    if (key === this.headDrawn) return;
    this.headDrawn = key;
    const cells = columns.map((column) => {
      const props = { scope: "col", class: `${column.number ? "number" : ""} ${column.key.replace(/:.*/, "")}` };
      if (!column.sortable) return h("th", props, column.label);
      const active = sort.replace(/^-/, "") === column.key;
      const descending = sort.startsWith("-");
      const next = active ? (descending ? column.key : `-${column.key}`) : column.key;
      const button = h(
        "button",
        { type: "button", "data-key": `sort-${column.key}`, onclick: () => context.set({ sort: next, page: 0 }) },
        userText(column.label, 22),
        h("span", { class: "arrow", "aria-hidden": "true" }, active ? (descending ? "▼" : "▲") : ""),
      );
      return h("th", { ...props, "aria-sort": active ? (descending ? "descending" : "ascending") : "none" }, button);
    });
    replace(this.head, h("tr", {}, ...cells));
  }

  private drawRows(context: Context, columns: readonly Column[], trials: readonly Trial[]): void {
    const ranks = new Map(context.ranked.map((trial, index) => [trial.number, index + 1]));
    const sparks = sparkScale(context);
    const shape = JSON.stringify([columns, context.decimals, sparks]);
    const rows = trials.map((trial) => {
      const key = [trial, ranks.get(trial.number), letterOf(context, trial), shape];
      const before = this.drawnRows.get(trial.number);
      if (before !== undefined && before.key.every((part, index) => part === key[index])) return before.row;
      const row = this.row(context, columns, trial, ranks.get(trial.number) ?? 0, sparks);
      this.drawnRows.set(trial.number, { key, row });
      return row;
    });
    for (const [number] of this.drawnRows) if (!trials.some((trial) => trial.number === number)) this.drawnRows.delete(number);
    const same = rows.length === this.rows.children.length && rows.every((row, index) => this.rows.children[index] === row);
    if (!same) replace(this.rows, ...rows);
  }

  private row(context: Context, columns: readonly Column[], trial: Trial, rank: number, sparks: Sparks | null): HTMLTableRowElement {
    const letter = letterOf(context, trial);
    const kinds = new Map((context.study.space ?? []).map((definition) => [definition.name, definition.kind]));
    const pick = h(
      "button",
      {
        type: "button", class: `trial ${letter?.toLowerCase() ?? ""}`, "data-key": `trial-${trial.number}`, "aria-pressed": String(letter !== null),
        "aria-label": `Trial ${trial.number}, ${letter === null ? "pick to compare" : `picked as ${letter}`}`, onclick: () => this.context?.pick(trial.number),
      },
      String(trial.number),
      letter !== null && h("span", { class: "letter", "aria-hidden": "true" }, letter),
    );
    const cells = columns.map(({ key, number }) => {
      const cell = h("td", { class: `${number ? "number" : ""} ${key.replace(/:.*/, "")}` });
      if (key === "rank") cell.textContent = trial.score === null ? "–" : String(rank);
      else if (key === "trial") cell.append(pick);
      else if (key === "status") cell.append(h("span", { class: "status" }, h("i", { class: `dot ${known(trial.status)}`, "aria-hidden": "true" }), clip(trial.status, 20)));
      else if (key === "score") {
        cell.append(formatScore(trial.score, context.decimals));
        if (trial.deviation !== null) cell.append(h("small", {}, ` ±${formatNumber(trial.deviation, 2)}`));
      } else if (key === "curve") cell.append(sparkline(trial, sparks));
      else if (key === "epochs") cell.append(formatCount(trial.epochs), ...(trial.planned !== null ? [h("small", {}, ` / ${formatCount(trial.planned * executionsOf(context))}`)] : []));
      else if (key === "duration") cell.textContent = formatDuration(trial.duration);
      else if (key === "reason") cell.append(reason(trial));
      else if (key === "copy") cell.append(copyButton("Copy", () => pythonDict(trial, context.study.space ?? []), { "data-key": `copy-${trial.number}`, "aria-label": `Copy the values of trial ${trial.number} as Python`, class: "button small" }));
      else {
        const name = key.slice(3);
        const value = trial.values.get(name);
        cell.append(value === undefined ? h("span", { class: "na" }, "n/a") : userText(formatValue(value, kinds.get(name)), 28));
      }
      return cell;
    });
    return h("tr", { class: letter?.toLowerCase() ?? null }, ...cells);
  }

  private drawPager(context: Context, page: number, pages: number, count: number): void {
    const { rows } = context.state;
    const go = (label: string, to: number, key: string): HTMLButtonElement =>
      h("button", { type: "button", class: "button", disabled: to < 0 || to >= pages || to === page, "data-key": key, onclick: () => context.set({ page: to }) }, label);
    const text = `${formatCount(page * rows + 1)} – ${formatCount(Math.min(count, (page + 1) * rows))} of ${formatCount(count)}`;
    this.pager.hidden = pages === 1;
    if (pages === 1) return;
    replace(this.pager, go("First", 0, "page-first"), go("Previous", page - 1, "page-previous"), h("span", { class: "quiet" }, text), go("Next", page + 1, "page-next"), go("Last", pages - 1, "page-last"));
  }
}

function executionsOf(context: Context): number {
  return Math.max(1, context.study.executions ?? 1);
}

function columnsOf(context: Context): Column[] {
  const column = (key: string, label: string, number = false, sortable = true): Column => ({ key, label, number, sortable });
  const numeric = new Set(context.space.filter((definition) => definition.kind === "int" || definition.kind === "float").map((definition) => definition.name));
  return [
    column("rank", "#", true), column("trial", "Trial", true), column("status", "Status"), column("score", context.study.objective.name, true),
    column("curve", "Curve", false, false),
    ...context.space.map(({ name }) => column(`hp:${name}`, name, numeric.has(name))),
    column("epochs", "Epochs", true), column("duration", "Duration", true), column("reason", "Reason", false, false), column("copy", "", false, false),
  ];
}

function reason(trial: Trial): HTMLElement {
  const text = trial.reason ?? trial.error;
  const full = [trial.reason, trial.error].filter((part) => part !== null).join("\n");
  return h("span", { class: "why", title: full === "" ? null : full.slice(0, 600) }, h("bdi", {}, clip(text ?? "", 120)));
}

interface Sparks {
  low: number;
  high: number;
  epochs: number;
}

const scales = new WeakMap<readonly Trial[], Sparks | null>();

/** One scale for all sparklines, so that they compare. */
function sparkScale(context: Context): Sparks | null {
  let scale = scales.get(context.trials);
  if (scale === undefined) scales.set(context.trials, (scale = newSparkScale(context)));
  return scale;
}

function newSparkScale(context: Context): Sparks | null {
  let epochs = 1;
  const values: number[] = [];
  for (const trial of context.trials) {
    for (const curve of trial.curves) {
      epochs = Math.max(epochs, trial.planned ?? 0, curve.at(-1)?.[0] ?? 0);
      for (const [, value] of curve) values.push(value);
    }
  }
  const range = scoreRange(values, context.direction, CURVE_FENCE);
  return range === null ? null : { low: range[0], high: range[1], epochs };
}

const [WIDTH, HEIGHT] = [76, 20];

/** The learning curve in small: as long as it was trained, of the epochs planned; a dot where it ended. */
function sparkline(trial: Trial, scale: Sparks | null): Element {
  const points = meanCurve(trial.curves);
  if (scale === null || points.length === 0) return h("span", { class: "na" }, "–");
  const x = (epoch: number): number => 2 + ((WIDTH - 5) * (epoch - 1)) / Math.max(1, scale.epochs - 1);
  const y = (value: number): number => {
    const up = scale.high > scale.low ? (value - scale.low) / (scale.high - scale.low) : 0.5;
    return HEIGHT - 3 - (HEIGHT - 6) * Math.max(0, Math.min(1, up));
  };
  const path = points.map((point, index) => `${index === 0 ? "M" : "L"}${x(point.epoch).toFixed(1)},${y(point.mean).toFixed(1)}`).join("");
  const end = points.at(-1)!;
  return svg(
    "svg",
    { class: `spark ${known(trial.status)}`, width: WIDTH, height: HEIGHT, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" },
    svg("path", { d: path }),
    svg("circle", { cx: x(end.epoch).toFixed(1), cy: y(end.mean).toFixed(1), r: 2 }),
  );
}
