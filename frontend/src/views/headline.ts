/** The figures at the top: the best score, trials by status, time, budget. */
import { budget, byStatus, savedShare } from "../compute/headline";
import { pythonDict } from "../compute/leaderboard";
import { clockTime } from "../compute/silence";
import { formatCount, formatDuration, formatNumber, formatScore, formatValue } from "../compute/numbers";
import { clip, copyButton, h, replace, userText, type Child } from "../ui/dom";
import type { Context } from "../context";

export class Headline {
  readonly element = h("section", { class: "headline", "aria-label": "Headline figures" });
  private drawn = "";

  update(context: Context): void {
    const { study, trials, best } = context;
    // Drawn again only if a figure changed: a selection of text in it would be lost otherwise.
    const key = JSON.stringify([study, context.silentSince, best?.number, best?.score, byStatus(trials), [...(best?.values ?? [])]]);
    if (key === this.drawn) return;
    this.drawn = key;
    replace(this.element, this.best(context), this.trials(context), this.time(context), this.budget(context), this.epochs(context));
  }

  private best(context: Context): HTMLElement {
    const { study, best, decimals } = context;
    const objective = clip(study.objective.name, 40);
    const title = h("h2", {}, "Best ", h("bdi", {}, objective), h("span", { class: "quiet" }, study.objective.direction === "max" ? " · higher is better" : " · lower is better"));
    if (best === undefined) {
      const why = context.trials.length === 0 ? "No trial has started yet." : "No trial has a score yet.";
      return h("div", { class: "figure best" }, title, h("p", { class: "big" }, "–"), h("p", { class: "quiet" }, why));
    }
    const kinds = new Map((study.space ?? []).map((definition) => [definition.name, definition.kind]));
    const values = [...best.values].slice(0, 24).map(([name, value]) =>
      h("li", {}, h("span", {}, userText(name, 30)), " ", h("b", {}, userText(formatValue(value, kinds.get(name)), 40))),
    );
    const code = (): string => study.best_values_code ?? pythonDict(best, study.space ?? []);
    return h(
      "div",
      { class: "figure best" },
      title,
      h(
        "p",
        { class: "big" },
        formatScore(best.score, decimals),
        best.deviation !== null && h("small", {}, ` ± ${formatNumber(best.deviation, 2)}`),
        h("small", {}, ` trial ${best.number}`, best.bestEpoch !== null && `, epoch ${best.bestEpoch}`),
      ),
      h("ul", { class: "values", "aria-label": "Values of the best trial" }, ...values),
      copyButton("Copy as Python", code, { "data-key": "copy-best" }),
    );
  }

  private trials(context: Context): HTMLElement {
    const counted = byStatus(context.trials);
    const bar = h("div", { class: "stack", "aria-hidden": "true" });
    for (const [status, count] of counted) {
      const part = h("span", { class: `fill ${known(status)}` });
      part.style.flexGrow = String(count);
      bar.append(part);
    }
    const items = counted.map(([status, count]) =>
      h("li", {}, h("i", { class: `dot ${known(status)}`, "aria-hidden": "true" }), `${formatCount(count)} ${clip(status, 20)}`),
    );
    return figure("Trials", formatCount(context.trials.length), bar, h("ul", { class: "legend" }, ...items));
  }

  private time(context: Context): HTMLElement {
    const { study, silentSince } = context;
    if (silentSince !== null) {
      const since = h("b", {}, "No news since ", h("span", { class: "nowrap" }, clockTime(silentSince, Date.now() / 1000)));
      return figure("Elapsed", formatDuration(study.elapsed), h("p", { class: "quiet" }, since, ": a long epoch, or killed"));
    }
    const running = study.state === "running";
    const eta = running && study.eta !== null && study.eta !== undefined ? `about ${formatDuration(study.eta)} left` : null;
    const ended = running ? eta ?? "time left unknown" : clip(study.end_reason ?? study.state, 120);
    return figure("Elapsed", formatDuration(study.elapsed), h("p", { class: "quiet" }, ended));
  }

  private budget(context: Context): HTMLElement {
    const { used, of, unit } = budget(context.study, context.trials);
    const show = unit === "seconds" ? formatDuration : formatCount;
    if (of === null) return figure("Budget used", `${show(used)} ${unit === "seconds" ? "" : unit}`, h("p", { class: "quiet" }, "no limit"));
    const share = Math.min(1, used / of);
    const bar = h("div", { class: "meter", role: "progressbar", "aria-label": "Budget used", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(100 * share) });
    const fill = h("span", {});
    fill.style.width = `${100 * share}%`;
    bar.append(fill);
    return figure("Budget used", `${Math.round(100 * share)} %`, bar, h("p", { class: "quiet" }, `${show(used)} of ${show(of)}${unit === "seconds" ? "" : ` ${of === 1 ? unit.slice(0, -1) : unit}`}`));
  }

  private epochs(context: Context): HTMLElement {
    const { study } = context;
    const share = savedShare(study);
    const note = share !== null ? `stopping saved ${formatCount(study.epochs_saved)} (${Math.round(100 * share)}\u00a0%)` : study.stopping ? "stopping saved none" : "without early stopping";
    return figure("Epochs trained", formatCount(study.epochs_used), h("p", { class: "quiet" }, note));
  }
}

function figure(title: string, value: string, ...children: Child[]): HTMLElement {
  return h("div", { class: "figure" }, h("h2", {}, title), h("p", { class: "number" }, value), ...children);
}

const KNOWN = new Set(["completed", "stopped", "running", "waiting", "interrupted", "failed", "infeasible"]);
export const known = (status: string): string => (KNOWN.has(status) ? status : "unknown");
