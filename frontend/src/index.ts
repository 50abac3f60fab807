/**
 * What TensorBoard imports and calls `render` of. It asks for the study, and loads the page and its charts meanwhile: this
 * module is small, so that the questions need not wait for the others.
 */
import * as first from "./early";

const page = import("./page.js");
const charts = import("./charts.js");
charts.catch(() => undefined); // told by the page

export async function render(): Promise<void> {
  (await page).render(first, charts);
}
