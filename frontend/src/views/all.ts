/** The views of the page, in their order. */
import { h } from "../ui/dom";
import type { Context, View } from "../ui/view";
import { Headline } from "./headline";
import { HistoryView } from "./history";
import { LeaderboardView } from "./leaderboard";
import { ParallelView } from "./parallel";
import { Toolbar } from "./toolbar";

export class ViewSet {
  private readonly headline = new Headline();
  private readonly toolbar = new Toolbar();
  private readonly views: View[] = [new HistoryView(), new LeaderboardView(), new ParallelView()];
  readonly element = h("div", { class: "views" }, this.headline.element, this.toolbar.element, ...this.views.map((view) => view.element));

  update(context: Context): void {
    this.headline.update(context);
    this.toolbar.update(context);
    for (const view of this.views) view.update(context);
  }
}
