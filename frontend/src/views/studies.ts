/** Several studies of the log directory: the best score so far of each. */
import { getJson } from "../answers";
import { formatCount, formatDuration, formatNumber, formatScore, niceTicks } from "../compute/numbers";
import { progress } from "../compute/progress";
import type { StudyAnswer } from "../records";
import { Store } from "../store";
import { Chart, numberAxis, stepLine } from "../ui/chart";
import { canvasText, clip, h, replace, userText } from "../ui/dom";
import type { Context } from "../context";
import { View } from "../ui/view";
import { frame, scoreYAxis } from "./history";

/** Milliseconds between questions about the other studies. */
const REFRESH = 5000;

/** So many studies are drawn at most, each in its own colour and dash. */
const MOST = 6;
const DASHES = [undefined, [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 4]];

interface Compared {
  run: string;
  name: string;
  store: Store;
}

export class StudiesView extends View {
  private readonly chart = new Chart("studies-chart");
  private readonly table = h("table", {});
  private readonly whole = h("div", { class: "compare-body" }, h("div", { class: "scroller" }, this.table), this.chart.element);
  private readonly stores = new Map<string, Store>();
  private readonly problems = new Map<string, string>();
  private asking = false;
  private asked = 0;
  private again: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super("studies", "Compare studies", "The best score so far by trials. Tick the studies to draw; only those with the same objective are.");
    this.body.append(this.whole);
    this.element.hidden = true;
  }

  override update(context: Context): void {
    this.element.hidden = context.runs.length < 2;
    super.update(context);
  }

  protected draw(context: Context): void {
    if (context.runs.length < 2) return;
    const wanted = context.state.others.filter((run) => context.runs.some((other) => other.run === run)).slice(0, MOST - 1);
    if (wanted.some((run) => !this.stores.has(run)) || Date.now() - this.asked > REFRESH) void this.ask(wanted);
    const own: Compared = { run: context.run, name: context.runs.find(({ run }) => run === context.run)?.name ?? context.study.name, store: context.store };
    const others = wanted.filter((run) => run !== context.run).map((run) => ({ run, name: context.runs.find((other) => other.run === run)!.name, store: this.stores.get(run) ?? new Store() }));
    const drawn = [own, ...others];
    this.drawTable(context, drawn);
    this.drawChart(context, drawn.filter(({ store }) => comparable(context, store)));
  }

  private async ask(runs: readonly string[]): Promise<void> {
    if (this.asking || runs.length === 0) return;
    this.asking = true;
    this.asked = Date.now();
    for (const run of runs) {
      const store = this.stores.get(run) ?? new Store();
      const since = store.token === null ? "" : `&since=${encodeURIComponent(store.token)}`;
      try {
        store.apply(await getJson<StudyAnswer>(`study?run=${encodeURIComponent(run)}${since}`));
        this.problems.delete(run);
      } catch {
        this.problems.set(run, "no answer");
      }
      this.stores.set(run, store);
    }
    this.asking = false;
    if (this.context !== null) this.draw(this.context);
    // The other studies may go on when the one above has ended.
    clearTimeout(this.again);
    this.again = setTimeout(() => this.context !== null && !document.hidden && this.update(this.context), REFRESH + 50);
  }

  private drawTable(context: Context, drawn: readonly Compared[]): void {
    const rows = context.runs.map(({ run, name, trials }) => {
      const index = drawn.findIndex((other) => other.run === run);
      const store = index < 0 ? undefined : drawn[index]!.store;
      const study = store?.study ?? null;
      const box = h("input", { type: "checkbox", "data-key": `study-${run}`, disabled: run === context.run, "aria-label": `Compare ${clip(name, 60)}`, onchange: () => this.toggle(run) });
      box.checked = index >= 0;
      const swatch = h("i", { class: "swatch", "aria-hidden": "true" });
      const same = store !== undefined && comparable(context, store);
      swatch.style.background = index >= 0 && same ? context.theme.series[index % MOST]! : "transparent";
      const best = study === null ? undefined : store!.ranked.find((trial) => trial.score !== null && trial.status !== "failed");
      const note = this.problems.get(run) ?? (study !== null && !same ? `other objective: ${clip(study.objective.name, 30)}` : "");
      return h(
        "tr",
        {},
        h("td", {}, box),
        h("th", { scope: "row" }, swatch, userText(name, 40), run === context.run && h("small", {}, " shown above"), note !== "" && h("small", {}, ` ${note}`)),
        h("td", { class: "number" }, h("b", {}, best === undefined ? (study === null ? "" : "–") : formatScore(best.score, context.decimals))),
        h("td", { class: "number" }, formatCount(study === null ? trials : store!.trials.length)),
        h("td", { class: "number" }, study === null ? "" : formatCount(study.epochs_used)),
        h("td", { class: "number" }, study === null ? "" : formatDuration(study.elapsed)),
        h("td", {}, study === null ? "" : clip(study.strategy ?? "", 20)),
      );
    });
    const head = ["", "Study", "Best", "Trials", "Epochs", "Elapsed", "Strategy"].map((title, index) => h("th", { scope: "col", class: index > 1 && index < 6 ? "number" : null }, title));
    replace(this.table, h("caption", { class: "offscreen" }, "Studies of the log directory"), h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows));
  }

  private toggle(run: string): void {
    const others = this.context?.state.others ?? [];
    this.context?.set({ others: others.includes(run) ? others.filter((other) => other !== run) : [...others, run] });
  }

  private drawChart(context: Context, drawn: readonly Compared[]): void {
    const { theme, direction } = context;
    const lines = drawn.map(({ store }) => progress(store.trials, direction).flatMap((step, index) => (step.best === null ? [] : [[index + 1, step.best]])) as [number, number][]);
    const within = frame(lines.flat().map(([, best]) => best), direction, false);
    this.chart.element.hidden = within === null;
    if (within === null) return;
    const last = Math.max(1, ...lines.map((line) => line.at(-1)?.[0] ?? 0));
    const clamp = (value: number): number => Math.min(within.high, Math.max(within.low, value));
    const series = drawn.map(({ name }, index) => {
      const stroke = theme.series[index % MOST]!;
      const label = drawn.length > 1 ? { text: canvasText(name, 16), fill: stroke } : undefined;
      return stepLine(`study-${index}`, lines[index]!.map(([x, y]) => [x, clamp(y)]), { stroke, lineWidth: 2, lineDash: DASHES[index % MOST] }, label);
    });
    this.chart.draw(
      {
        grid: { left: 56, right: drawn.length > 1 ? 110 : 24, top: 30, bottom: 44 },
        xAxis: numberAxis(theme, { name: "trials with a result", low: 0, high: last * 1.01, ticks: niceTicks(0, last, 8, true), format: (value) => formatNumber(value) }),
        yAxis: scoreYAxis(context, within),
        series,
      },
      `Best so far of ${drawn.length} studies`,
    );
  }
}

function comparable(context: Context, store: Store): boolean {
  const objective = store.study?.objective;
  return objective !== undefined && objective.name === context.study.objective.name && objective.direction === context.direction;
}
