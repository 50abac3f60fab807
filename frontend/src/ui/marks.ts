/** Trials as marks in a chart, told apart by shape and colour. */
import type { Trial } from "../compute/trial";
import type { Context } from "../context";
import type { Option } from "./chart";
import { letterOf, statusColour } from "./view";

export interface Mark {
  at: [x: number, y: number];
  trial: Trial;
  /** Whether its score is beyond the scale. */
  off: boolean;
}

interface Style {
  symbol: string;
  symbolSize: number | [number, number];
  symbolRotate?: number;
  itemStyle: Option;
}

const CROSS = "path://M1,0L5,4L9,0L10,1L6,5L10,9L9,10L5,6L1,10L0,9L4,5L0,1Z";

/** With more trials marks are smaller, and those of a kind are drawn as one shape. */
const MANY = 300;

/** From so many of a kind on; fewer grow when the mouse is over them. */
const SEVERAL = 50;

export const areMany = (context: Context): boolean => context.trials.length > MANY;

/** A series for each kind of mark, from `z` upwards: a style for each single mark would take several times as long. */
export function markSeries(context: Context, marks: readonly Mark[], z: number): Option[] {
  const groups = new Map<string, Mark[]>();
  for (const mark of marks) {
    const { trial } = mark;
    const key = [layer(context, trial), context.isShown(trial) ? 1 : 0, trial.status, mark.off, trial.score === null, letterOf(context, trial) ?? ""].join(" ");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [mark]);
    else group.push(mark);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, group]) => {
    const look = style(context, group[0]!);
    return {
      id: `marks ${key}`, type: "scatter", data: group.map(({ at, trial }) => [...at, trial.number]), encode: { x: 0, y: 1 },
      z: letterOf(context, group[0]!.trial) === null ? z : z + 1, progressive: 1000, cursor: "pointer", emphasis: { scale: 1.4 },
      large: areMany(context) && look.symbol !== CROSS, largeThreshold: SEVERAL, ...look,
    };
  });
}

/** What is complete, and what is picked, is drawn above what was stopped. */
function layer(context: Context, trial: Trial): number {
  return letterOf(context, trial) !== null ? 2 : trial.status === "completed" ? 1 : 0;
}

function style(context: Context, { trial, off }: Mark): Style {
  const { theme } = context;
  const colour = statusColour(theme, trial.status);
  const letter = letterOf(context, trial);
  const many = areMany(context);
  const opacity = context.isShown(trial) ? (letter !== null ? 1 : many ? (trial.status === "completed" ? 0.8 : 0.5) : 0.85) : 0.08;
  if (trial.score === null || trial.status === "failed" || trial.status === "infeasible") {
    return { symbol: CROSS, symbolSize: many ? 6 : 7, itemStyle: { color: colour, opacity } };
  }
  if (letter !== null) {
    const fill = theme.picked[letter === "A" ? 0 : 1];
    return { symbol: "circle", symbolSize: 11, itemStyle: { color: fill, borderColor: theme.card, borderWidth: 1.5, opacity } };
  }
  if (off && many) return { symbol: "rect", symbolSize: [1.5, 8], itemStyle: { color: colour, opacity } };
  if (off) return { symbol: "triangle", symbolRotate: context.direction === "max" ? 180 : 0, symbolSize: 7, itemStyle: { color: "transparent", borderColor: colour, borderWidth: 1.5, opacity } };
  const hollow = trial.status !== "completed";
  return {
    symbol: trial.status === "running" ? "diamond" : "circle",
    symbolSize: trial.status === "running" ? 9 : many ? 4.5 : 6,
    itemStyle: { color: hollow ? theme.card : colour, borderColor: colour, borderWidth: hollow ? (many ? 1 : 1.5) : 0, opacity },
  };
}
