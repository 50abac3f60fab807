/** What every view is given, and when it draws. */
import type { Axis } from "../compute/axis";
import { formatDuration, formatScore, formatValue } from "../compute/numbers";
import type { Trial } from "../compute/trial";
import type { HyperparameterRecord, StudyRecord } from "../records";
import type { Store } from "../store";
import type { ViewState } from "../view_state";
import { clip, h, userText, type Child } from "./dom";
import { mix, type Theme } from "./theme";

export interface Context {
  store: Store;
  study: StudyRecord;
  /** Its run in the log directory. */
  run: string;
  /** All trials by number, and the best first. */
  trials: readonly Trial[];
  ranked: readonly Trial[];
  best: Trial | undefined;
  /** Hyperparameters that have more than one value. */
  space: HyperparameterRecord[];
  /** By id: that of the score, and those of `space`. */
  axes: Map<string, Axis>;
  score: Axis;
  direction: "min" | "max";
  decimals: number;
  /** The trials that pass filter and statuses; and those that also pass the brush. */
  base: readonly Trial[];
  shown: readonly Trial[];
  isShown: (trial: Trial) => boolean;
  /** From 0 for the worst rank to 1 for the best; -1 without a score. */
  quality: (trial: Trial) => number;
  problem: string | null;
  state: ViewState;
  set: (change: Partial<ViewState>) => void;
  pick: (trial: number) => void;
  theme: Theme;
  now: number;
  runs: { run: string; name: string; trials: number | null }[];
}

/** Views that are to draw. Each draws in a task of its own, so that input is not kept waiting for all of them. */
const waiting = new Set<View>();
let working = false;

function queue(view: View): void {
  waiting.add(view);
  if (working) return;
  working = true;
  const next = (): void => {
    const [first] = waiting;
    working = first !== undefined;
    if (first === undefined) return;
    waiting.delete(first);
    first.flush();
    setTimeout(next, 0);
  };
  setTimeout(next, 0);
}

/** A card of the page. It draws when it is near the part of the page that is seen. */
export abstract class View {
  readonly element: HTMLElement;
  protected readonly body: HTMLDivElement;
  protected readonly controls: HTMLDivElement;
  protected context: Context | null = null;
  private near = false;
  private dirty = false;

  constructor(id: string, title: string, subtitle: Child = null) {
    this.controls = h("div", { class: "controls" });
    this.body = h("div", { class: "body" });
    const heading = h("h2", { id: `${id}-title` }, title);
    this.element = h(
      "section",
      { id, class: `card ${id}`, "aria-labelledby": `${id}-title` },
      h("header", {}, h("div", { class: "titles" }, heading, subtitle !== null && h("p", { class: "subtitle" }, subtitle)), this.controls),
      this.body,
    );
    const observer = new IntersectionObserver(
      (entries) => {
        this.near = entries.some((entry) => entry.isIntersecting);
        if (this.near && this.dirty) queue(this);
      },
      { rootMargin: "400px 0px" },
    );
    observer.observe(this.element);
  }

  update(context: Context): void {
    this.context = context;
    this.dirty = true;
    if (this.near) queue(this);
  }

  /** Draws what has changed; for the queue. */
  flush(): void {
    if (this.context === null || !this.near || !this.dirty) return;
    this.dirty = false;
    this.draw(this.context);
  }

  /** Says in place of a chart why there is none. */
  protected say(message: string | null, ...hidden: HTMLElement[]): void {
    let note = this.body.querySelector<HTMLElement>(":scope > .empty");
    if (note === null) this.body.prepend((note = h("p", { class: "empty" })));
    note.hidden = message === null;
    if (note.textContent !== (message ?? "")) note.textContent = message ?? "";
    for (const element of hidden) element.hidden = message !== null;
    this.controls.hidden = message !== null && (this.context?.trials.length ?? 0) === 0;
  }

  protected abstract draw(context: Context): void;
}

/** The letter of a picked trial; null for others. */
export function letterOf(context: Context, trial: Trial): "A" | "B" | null {
  const index = context.state.picked.indexOf(trial.number);
  return index === 0 ? "A" : index === 1 ? "B" : null;
}

export function colourOf(context: Context, trial: Trial): string {
  const letter = letterOf(context, trial);
  if (letter !== null) return context.theme.picked[letter === "A" ? 0 : 1];
  const quality = context.quality(trial);
  return quality < 0 ? statusColour(context.theme, trial.status) : mix(context.theme.ramp, quality);
}

export function statusColour(theme: Theme, status: string): string {
  return theme.status[status] ?? theme.faint;
}

/** What the tooltip of a trial says. */
export function trialTip(context: Context, trial: Trial, ...more: Child[]): HTMLElement {
  const kinds = new Map((context.study.space ?? []).map((definition) => [definition.name, definition.kind]));
  const rows = [...trial.values].slice(0, 12).map(([name, value]) =>
    h("div", { class: "tip-row" }, h("span", {}, userText(name, 24)), h("b", {}, userText(formatValue(value, kinds.get(name)), 24))),
  );
  const left = trial.values.size - rows.length;
  return h(
    "div",
    { class: "tip" },
    h("div", { class: "tip-title" }, `Trial ${trial.number}`, h("span", {}, ` · ${trial.status}`)),
    h(
      "div",
      { class: "tip-score" },
      trial.score === null ? "no score" : `${clip(context.study.objective.name, 30)} ${formatScore(trial.score, context.decimals)}`,
      trial.duration !== null ? ` · ${formatDuration(trial.duration)}` : "",
    ),
    ...more,
    ...rows,
    left > 0 && h("div", { class: "tip-more" }, `and ${left} more`),
    trial.reason !== null && h("div", { class: "tip-reason" }, clip(trial.reason, 160)),
  );
}
