/** Whether the search goes well: diagnostics, failures by cause, what stopping saved. */
import { failureCauses, graphsReused } from "../compute/health";
import { savedShare } from "../compute/headline";
import { formatCount, formatNumber } from "../compute/numbers";
import { clip, h, replace } from "../ui/dom";
import type { Context } from "../context";
import { View } from "../ui/view";

const SIGNS: Record<string, [sign: string, name: string]> = { ok: ["✓", "Fine"], hint: ["i", "Hint"], warning: ["!", "Warning"] };
const WORST_FIRST = ["warning", "hint", "ok"];

export class HealthView extends View {
  private drawn = "";
  private readonly list = h("ul", { class: "diagnostics" });

  constructor() {
    super("health", "Health", "Whether the scores can be predicted, whether the space is well chosen, what stopping saved.");
    this.body.append(this.list);
  }

  protected draw(context: Context): void {
    const items = [...(context.study.diagnostics ?? [])];
    const share = savedShare(context.study);
    if (share !== null) {
      items.push({ level: "ok", text: `stopping saved ${formatCount(context.study.epochs_saved)} epochs, ${formatNumber(100 * share, 2)} % of those that full training would have taken` });
    }
    const { reused, known } = graphsReused(context.trials);
    if (reused > 0) items.push({ level: "ok", text: `${formatCount(reused)} of ${formatCount(known)} trials trained on the compiled graph of an earlier one, and did not compile their own` });
    for (const { cause, count } of failureCauses(context.trials).slice(0, 5)) {
      items.push({ level: "warning", text: `${count} of ${context.trials.length} trials failed with: ${cause}` });
    }
    items.sort((a, b) => WORST_FIRST.indexOf(a.level) - WORST_FIRST.indexOf(b.level));
    this.say(items.length > 0 ? null : "Nothing to say yet.", this.list);
    const key = JSON.stringify(items);
    if (key === this.drawn) return;
    this.drawn = key;
    const rows = items.map(({ level, text }) => {
      const [sign, name] = SIGNS[level] ?? ["·", "Note"];
      return h("li", { class: SIGNS[level] === undefined ? "" : level }, h("span", { class: "sign", role: "img", "aria-label": name }, sign), h("bdi", {}, clip(text, 400)));
    });
    replace(this.list, ...rows);
  }
}
