/** When views draw, and what they say of a trial. */
import { formatDuration, formatScore, formatValue } from "../compute/numbers";
import type { Trial } from "../compute/trial";
import type { Context } from "../context";
import { clip, h, userText, type Child } from "./dom";
import { chartLibrary, chartsArrived } from "./library";
import { mix, type Theme } from "./theme";

/**
 * Views that are to draw, in the order of the page. Each draws in a task of its own, so that input is not kept waiting
 * for all of them.
 */
const waiting = new Set<View>();
let working = false;

function queue(view: View): void {
  waiting.add(view);
  if (working) return;
  working = true;
  const next = (): void => {
    const first = [...waiting].sort((a, b) => a.place - b.place)[0];
    working = first !== undefined;
    if (first === undefined) return;
    waiting.delete(first);
    first.flush();
    setTimeout(next, 0);
  };
  setTimeout(next, 0);
}

let places = 0;

/** A card of the page. It draws when it is near the part of the page that is seen. */
export abstract class View {
  readonly element: HTMLElement;
  /** Views are made in the order of the page. */
  readonly place = places++;
  protected readonly body: HTMLDivElement;
  protected readonly controls: HTMLDivElement;
  protected context: Context | null = null;
  private near = false;
  private dirty = false;
  private waits = false;

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
      // Of this document, since the margin counts for nothing beyond the edges of a frame.
      { root: document, rootMargin: "400px 0px" },
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
    if (chartLibrary() === null && this.element.querySelector(".chart") !== null) {
      this.waitForCharts();
      return;
    }
    this.dirty = false;
    this.draw(this.context);
  }

  private waitForCharts(): void {
    if (this.waits) return;
    this.waits = true;
    chartsArrived().then(
      () => queue(this),
      () => this.say("The charts could not be loaded. Reload the page."),
    );
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
