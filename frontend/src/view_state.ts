/** What the user chose, as it stands in the URL. */
import type { Clause } from "./compute/filter";

export interface ViewState {
  study: string | null;
  filter: string;
  /** Statuses that are hidden. */
  hidden: string[];
  sort: string;
  page: number;
  rows: number;
  /** Ids of the axes of parallel coordinates; null: the first ones by importance. */
  axes: string[] | null;
  brush: Clause[];
  /** Up to two trials; `DEFAULT` stands for the default configuration. */
  picked: number[];
  importance: "all" | "top_quarter";
  slice: string | null;
  contour: [string, string] | null;
  curves: "best10" | "best50" | "all";
  /** Other studies to compare with. */
  others: string[];
}

/** In place of a trial: the configuration of defaults. */
export const DEFAULT = -1;

export const INITIAL: ViewState = {
  study: null, filter: "", hidden: [], sort: "rank", page: 0, rows: 10, axes: null, brush: [], picked: [],
  importance: "all", slice: null, contour: null, curves: "best10", others: [],
};

/** TensorBoard's own form for the state of a plugin: `#kerastune_lite&p.kerastune_lite.sort=-score`. */
const PREFIX = "p.kerastune_lite.";

const KEYS: Record<keyof ViewState, string> = {
  study: "study", filter: "filter", hidden: "hidden", sort: "sort", page: "page", rows: "rows", axes: "axes",
  brush: "brush", picked: "trials", importance: "importance", slice: "slice", contour: "contour", curves: "curves",
  others: "compare",
};

/** The hash with this state in place of the one that it held; other parts stay as they are. */
export function withState(hash: string, state: ViewState): string {
  const others = hash.replace(/^#/, "").split("&").filter((part) => part !== "" && !part.startsWith(PREFIX));
  for (const key of Object.keys(KEYS) as (keyof ViewState)[]) {
    if (JSON.stringify(state[key]) === JSON.stringify(INITIAL[key])) continue;
    const value = state[key];
    others.push(`${PREFIX}${KEYS[key]}=${encodeURIComponent(typeof value === "string" ? value : toJson(value))}`);
  }
  return others.length > 0 ? `#${others.join("&")}` : "";
}

const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => (item === Infinity ? "inf" : item === -Infinity ? "-inf" : item));

/** The state in a hash; what is malformed is ignored. */
export function stateIn(hash: string): ViewState {
  const found = new Map<string, string>();
  for (const part of hash.replace(/^#/, "").split("&")) {
    const cut = part.indexOf("=");
    if (!part.startsWith(PREFIX) || cut < 0) continue;
    try {
      found.set(part.slice(PREFIX.length, cut), decodeURIComponent(part.slice(cut + 1)));
    } catch {
      continue; // a malformed escape
    }
  }
  const text = (key: keyof ViewState): string | undefined => found.get(KEYS[key]);
  const json = (key: keyof ViewState): unknown => {
    try {
      return JSON.parse(text(key) ?? "null") as unknown;
    } catch {
      return null;
    }
  };
  const texts = (key: keyof ViewState): string[] | null => {
    const value = json(key);
    return Array.isArray(value) && value.every((item) => typeof item === "string") ? (value as string[]) : null;
  };
  const whole = (value: unknown, otherwise: number): number =>
    typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : otherwise;
  const contour = texts("contour");
  const curves = text("curves");
  const picked = json("picked");
  return {
    study: text("study") ?? null,
    filter: text("filter") ?? "",
    hidden: texts("hidden") ?? [],
    sort: text("sort") ?? INITIAL.sort,
    page: whole(json("page"), 0),
    rows: [10, 25, 50, 100].includes(json("rows") as number) ? (json("rows") as number) : INITIAL.rows,
    axes: texts("axes"),
    brush: clauses(json("brush")),
    picked: Array.isArray(picked) ? picked.filter((item): item is number => item === DEFAULT || whole(item, -2) >= 0).slice(0, 2) : [],
    importance: text("importance") === "top_quarter" ? "top_quarter" : "all",
    slice: text("slice") ?? null,
    contour: contour?.length === 2 ? [contour[0]!, contour[1]!] : null,
    curves: curves === "best50" || curves === "all" ? curves : "best10",
    others: texts("others") ?? [],
  };
}

function clauses(value: unknown): Clause[] {
  if (!Array.isArray(value)) return [];
  const found: Clause[] = [];
  for (const item of value as Partial<Clause>[]) {
    if (typeof item !== "object" || item === null || typeof item.axis !== "string") continue;
    const ranges = (Array.isArray(item.ranges) ? (item.ranges as unknown[]) : []).flatMap((pair) => {
      const [low, high] = (Array.isArray(pair) ? pair : []).map((end) => (end === "inf" ? Infinity : end === "-inf" ? -Infinity : end));
      return typeof low === "number" && typeof high === "number" ? [[low, high] as [number, number]] : [];
    });
    const categories = Array.isArray(item.categories) ? item.categories.filter((name) => typeof name === "string") : [];
    found.push({ axis: item.axis, ranges, categories, na: item.na === true });
  }
  return found;
}
