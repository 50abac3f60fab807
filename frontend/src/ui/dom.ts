/** Elements without HTML: text always goes through textContent. */

export type Child = Node | string | number | null | undefined | false;
type Handler = (event: Event) => void;
type Props = Record<string, string | number | boolean | null | undefined | Handler>;

/** An element with attributes; `onclick` and the like add listeners; null and false leave an attribute out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setProps(element, props);
  append(element, children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag: string, props: Props = {}, ...children: Child[]): SVGElement {
  const element = document.createElementNS(SVG, tag) as SVGElement;
  setProps(element, props);
  append(element, children);
  return element;
}

function setProps(element: Element, props: Props): void {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Replaces children, and puts the focus back on what has the same `data-key`. */
export function replace(element: Element, ...children: Child[]): void {
  const active = document.activeElement;
  const key = active instanceof HTMLElement && element.contains(active) ? active.dataset["key"] : undefined;
  // Asking where it is scrolled to makes the browser lay out the page.
  const [left, top] = element.hasChildNodes() ? [element.scrollLeft, element.scrollTop] : [0, 0];
  element.replaceChildren();
  append(element, children);
  if (left !== 0 || top !== 0) element.scrollTo({ left, top, behavior: "instant" });
  if (key === undefined) return;
  const again = [...element.querySelectorAll<HTMLElement>("[data-key]")].find((candidate) => candidate.dataset["key"] === key);
  again?.focus({ preventScroll: true });
}

/** A text of the user: isolated from the direction of what is around it, and cut if it is very long. */
export function userText(text: string, most = 80): HTMLElement {
  const element = h("bdi", { title: text.length > most ? clip(text, 600) : null }, clip(text, most));
  return element;
}

/** The beginning of a text, on one line. */
export function clip(text: string, most: number): string {
  const line = text.replace(/[\u0000-\u001f\u007f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, " ");
  const letters = [...line.slice(0, 2 * most + 2)];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : line;
}

/** The same for text drawn on a canvas, which knows no `bdi`. */
export function canvasText(text: string, most = 18): string {
  const clipped = clip(text, most);
  return /[\u0590-\u08ff\ufb1d-\ufefc]/.test(clipped) ? `\u2068${clipped}\u2069` : clipped;
}

/** Copies a text; true if that worked. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { class: "offscreen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/** A button that copies, and says so for a moment. */
export function copyButton(label: string, text: () => string, props: Props = {}): HTMLButtonElement {
  const button = h("button", { type: "button", class: "button", ...props }, label);
  button.addEventListener("click", () => {
    void copy(text()).then((done) => {
      button.textContent = done ? "Copied" : "Not copied";
      setTimeout(() => (button.textContent = label), 1500);
    });
  });
  return button;
}

/** Offers a text as a file. */
export function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export interface Option {
  value: string;
  label: string;
}

/** A labelled select whose options follow the data; it keeps its element, so that it keeps the focus. */
export class Select {
  readonly element: HTMLLabelElement;
  private readonly select: HTMLSelectElement;
  private shown = "";

  constructor(label: string, onChange: (value: string) => void) {
    this.select = h("select", {});
    this.select.addEventListener("change", () => onChange(this.select.value));
    this.element = h("label", { class: "select" }, h("span", {}, label), this.select);
  }

  update(options: readonly Option[], value: string): void {
    const key = JSON.stringify(options);
    if (key !== this.shown) {
      this.shown = key;
      this.select.replaceChildren(...options.map((option) => h("option", { value: option.value }, clip(option.label, 40))));
    }
    if (this.select.value !== value) this.select.value = value;
    this.element.hidden = options.length === 0;
  }
}

/** One of a few, as a row of toggle buttons. */
export class Segmented {
  readonly element: HTMLDivElement;
  private readonly buttons: HTMLButtonElement[];

  constructor(label: string, private readonly options: readonly Option[], onChange: (value: string) => void) {
    this.buttons = options.map((option) =>
      h("button", { type: "button", "aria-pressed": "false", onclick: () => onChange(option.value) }, option.label),
    );
    this.element = h("div", { class: "segmented", role: "group", "aria-label": label }, ...this.buttons);
  }

  update(value: string): void {
    this.options.forEach((option, index) => this.buttons[index]!.setAttribute("aria-pressed", String(option.value === value)));
  }
}
