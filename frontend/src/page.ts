/** The page: headings, figures, tables and views. Its charts come in a module of their own, which it need not wait for. */
import { App } from "./app";
import type { FirstAnswers } from "./early";
import css from "./style.css";
import { takeCharts, type Library } from "./ui/library";

export function render(first: FirstAnswers, charts: Promise<Library>): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  document.documentElement.lang = "en";
  document.title = "Tuning";
  document.querySelector("main.tuning")?.remove();
  takeCharts(charts);
  new App(document.body, first).start();
}
