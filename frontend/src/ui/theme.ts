/** Colours, light and dark: told apart by colour-blind people, and never alone in telling things apart. */

export interface Theme {
  dark: boolean;
  page: string;
  card: string;
  raised: string;
  line: string;
  grid: string;
  ink: string;
  soft: string;
  faint: string;
  accent: string;
  accentSoft: string;
  /** Picked trials A and B. */
  picked: [string, string];
  status: Record<string, string>;
  /** From the worst score to the best. */
  ramp: [string, string, string];
  /** Several studies, or executions. */
  series: string[];
  warning: string;
  ok: string;
}

export const LIGHT: Theme = {
  dark: false,
  page: "#f4f5f7", card: "#ffffff", raised: "#f7f8fa", line: "#e1e4e8", grid: "#eceef1",
  ink: "#1c2128", soft: "#57606a", faint: "#6e7781", accent: "#0b62a8", accentSoft: "#e3eef8",
  picked: ["#c85200", "#7a3fa6"],
  status: {
    completed: "#2272b4", stopped: "#64748a", failed: "#c2361b", infeasible: "#8a6d1f",
    running: "#007f66", waiting: "#95670a", interrupted: "#6e7781",
  },
  ramp: ["#c9d2dc", "#5b9fd0", "#083e78"],
  series: ["#0b62a8", "#c85200", "#007f66", "#a0408c", "#95670a", "#57606a"],
  warning: "#9a5b00", ok: "#007f66",
};

export const DARK: Theme = {
  dark: true,
  page: "#202124", card: "#2a2b2f", raised: "#323338", line: "#3f4147", grid: "#36383d",
  ink: "#e8eaed", soft: "#aeb4bd", faint: "#959ba5", accent: "#7cc0f5", accentSoft: "#24384a",
  picked: ["#ff9d5c", "#cf9df0"],
  status: {
    completed: "#6fb3ea", stopped: "#93a1b3", failed: "#ff8067", infeasible: "#d9b65c",
    running: "#4fd0b0", waiting: "#e5b04a", interrupted: "#959ba5",
  },
  ramp: ["#4a515b", "#4189c0", "#c4e6ff"],
  series: ["#7cc0f5", "#ff9d5c", "#4fd0b0", "#e58fd0", "#e5b04a", "#aeb4bd"],
  warning: "#f0b95b", ok: "#4fd0b0",
};

/** A colour between those of a ramp; `at` from 0 to 1. */
export function mix(ramp: readonly string[], at: number): string {
  const place = Math.max(0, Math.min(1, at)) * (ramp.length - 1);
  const index = Math.min(ramp.length - 2, Math.floor(place));
  const [from, to] = [channels(ramp[index]!), channels(ramp[index + 1]!)];
  const part = place - index;
  return `rgb(${from.map((channel, k) => Math.round(channel + (to[k]! - channel) * part)).join(",")})`;
}

/** A colour of `mix` as `mix` takes it. */
export function hex(colour: string): string {
  const channel = (text: string): string => Number(text).toString(16).padStart(2, "0");
  return `#${(colour.match(/\d+/g) ?? []).map(channel).join("")}`;
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

/** The body of TensorBoard's page if this page is in a frame of it. */
function hostBody(): HTMLElement | null {
  try {
    return window.parent !== window ? window.parent.document.body : null;
  } catch {
    return null; // another origin
  }
}

/** Calls back at once, and whenever TensorBoard (or, without it, the system) turns dark or light. */
export function followTheme(onChange: (theme: Theme) => void): void {
  const host = hostBody();
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let dark: boolean | null = null;
  const check = (): void => {
    const now = host !== null ? host.classList.contains("dark-mode") : system.matches;
    if (now === dark) return;
    dark = now;
    const theme = now ? DARK : LIGHT;
    paint(theme);
    onChange(theme);
  };
  if (host !== null) new MutationObserver(check).observe(host, { attributes: true, attributeFilter: ["class"] });
  else system.addEventListener("change", check);
  check();
}

function paint(theme: Theme): void {
  const root = document.documentElement;
  root.dataset["theme"] = theme.dark ? "dark" : "light";
  const style = root.style;
  style.colorScheme = theme.dark ? "dark" : "light";
  for (const name of ["page", "card", "raised", "line", "grid", "ink", "soft", "faint", "accent", "accentSoft", "warning", "ok"] as const) {
    style.setProperty(`--${name}`, theme[name]);
  }
  style.setProperty("--a", theme.picked[0]);
  style.setProperty("--b", theme.picked[1]);
  for (const [status, colour] of Object.entries(theme.status)) style.setProperty(`--${status}`, colour);
}
