/** What is to be said of all trials together. */
import type { Trial } from "./trial";

export interface Cause {
  cause: string;
  count: number;
}

/** How many trials have trained on the compiled graph of an earlier one, of those of which that is known. */
export function graphsReused(trials: readonly Trial[]): { reused: number; known: number } {
  const known = trials.filter((trial) => trial.reused !== null);
  return { reused: known.filter((trial) => trial.reused).length, known: known.length };
}

/** Failures that differ in numbers alone have one cause. Causes in the words of the first trial that failed so, the most frequent first. */
export function failureCauses(trials: readonly Trial[]): Cause[] {
  const causes = new Map<string, Cause>();
  for (const trial of trials) {
    if (trial.status !== "failed") continue;
    const cause = (trial.reason ?? trial.error ?? "unknown").split("\n")[0]!;
    const pattern = cause.slice(0, 1000).replace(/0x[0-9a-f]+/gi, "0x").replace(/_\d+\b/g, "").replace(/\d+(\.\d+)?(e[+-]?\d+)?/gi, "#");
    const known = causes.get(pattern);
    if (known === undefined) causes.set(pattern, { cause, count: 1 });
    else known.count++;
  }
  return [...causes.values()].sort((a, b) => b.count - a.count);
}
