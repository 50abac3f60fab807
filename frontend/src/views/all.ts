/** The views of the page, in their order. */
import { h } from "../ui/dom";
import type { Context } from "../context";
import type { View } from "../ui/view";
import { CompareView } from "./compare";
import { ContourView } from "./contour";
import { CurvesView } from "./curves";
import { Headline } from "./headline";
import { HealthView } from "./health";
import { HistoryView } from "./history";
import { ImportanceView } from "./importance";
import { LeaderboardView } from "./leaderboard";
import { ParallelView } from "./parallel";
import { SliceView } from "./slice";
import { StudiesView } from "./studies";
import { TimelineView } from "./timeline";
import { Toolbar } from "./toolbar";

export class ViewSet {
  private readonly headline = new Headline();
  private readonly toolbar = new Toolbar();
  private readonly views: View[] = [
    new HistoryView(), new LeaderboardView(), new ParallelView(), new ImportanceView(), new SliceView(), new ContourView(),
    new CurvesView(), new TimelineView(), new HealthView(), new CompareView(), new StudiesView(),
  ];
  readonly element = h("div", { class: "views" }, this.headline.element, this.toolbar.element, ...this.views.map((view) => view.element));

  update(context: Context): void {
    this.headline.update(context);
    this.toolbar.update(context);
    for (const view of this.views) view.update(context);
  }
}
