/** Which hyperparameters decide, as a table with bars. */
import { h, replace, Segmented, userText } from "../ui/dom";
import type { Context } from "../context";
import { View } from "../ui/view";

const MOST = 12;

export class ImportanceView extends View {
  private readonly choice: Segmented;
  private readonly table = h("table", { class: "bars" });
  private readonly note = h("p", { class: "subtitle note" });
  private drawn = "";

  constructor() {
    super("importance", "Importance", "What decides whether a trial is among the best.");
    this.element.classList.add("half");
    this.choice = new Segmented(
      "Importance among",
      [{ value: "all", label: "All trials" }, { value: "top_quarter", label: "Of the top quarter" }],
      (value) => this.context?.set({ importance: value === "all" ? "all" : "top_quarter" }),
    );
    this.controls.append(this.choice.element);
    this.body.append(this.table, this.note);
  }

  protected draw(context: Context): void {
    const analysis = context.store.analysis;
    const importance = analysis?.importance ?? null;
    const which = context.state.importance;
    this.choice.update(which);
    this.choice.element.hidden = importance === null;
    const shares = importance?.[which] ?? [];
    this.say(shares.length > 0 ? null : whyNone(context), this.table, this.note);
    const note = `Conditional PED-ANOVA (arXiv:2601.20800) of ${analysis?.trials ?? 0} trials with a score: a hyperparameter counts where it is read.`;
    if (this.note.textContent !== note) this.note.textContent = note;
    const key = JSON.stringify([shares, context.state.slice]);
    if (key === this.drawn) return;
    this.drawn = key;
    const largest = Math.max(1e-9, ...shares.map(([, share]) => share));
    const rows = shares.slice(0, MOST).map(([name, share]) => {
      const bar = h("span", { class: "bar" });
      bar.style.width = `${(100 * Math.max(0, share)) / largest}%`;
      const open = (): void => this.context?.set({ slice: name });
      const button = h("button", { type: "button", class: "link", "data-key": `importance-${name}`, "aria-label": `Show the slice of ${name}`, onclick: open }, userText(name, 28));
      return h("tr", {}, h("th", { scope: "row" }, button), h("td", { class: "bar-cell" }, bar), h("td", { class: "number" }, percent(share)));
    });
    const caption = h("caption", { class: "offscreen" }, "Importance by hyperparameter");
    replace(this.table, caption, h("tbody", {}, ...rows));
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

/** Why there is no analysis yet. */
export function whyNone(context: Context): string {
  const note = context.store.analysis?.note;
  if (note !== null && note !== undefined && note !== "") return `${note.charAt(0).toUpperCase()}${note.slice(1)}.`.replace(/\.\.$/, ".");
  if (context.store.analysis !== null) return "Not computed for this study.";
  return context.study.state === "running" ? "Computed once enough trials have a score." : "Too few trials with a score.";
}
