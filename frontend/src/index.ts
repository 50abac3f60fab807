/** The page of the Tuning tab: TensorBoard imports this module and calls `render`. */
import { App } from "./app";
import css from "./style.css";

export function render(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  document.documentElement.lang = "en";
  document.title = "Tuning";
  document.querySelector("main.tuning")?.remove();
  new App(document.body).start();
}
