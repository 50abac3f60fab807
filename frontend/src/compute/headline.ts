/** The figures at the top of the page. */
import type { StudyRecord } from "../records";
import { isFiniteNumber } from "./numbers";
import type { Trial } from "./trial";

export const STATUSES = ["completed", "stopped", "running", "waiting", "interrupted", "failed", "infeasible"];

/** Trials by status, in the order of `STATUSES`; statuses without a trial are left out. */
export function byStatus(trials: readonly Trial[]): [status: string, count: number][] {
  const counted = new Map<string, number>();
  for (const trial of trials) counted.set(trial.status, (counted.get(trial.status) ?? 0) + 1);
  const others = [...counted.keys()].filter((status) => !STATUSES.includes(status)).sort();
  return [...STATUSES, ...others].flatMap((status) => (counted.has(status) ? [[status, counted.get(status)!] as [string, number]] : []));
}

export interface Budget {
  used: number;
  of: number | null;
  unit: "trials" | "epochs" | "seconds";
}

/** The budget that limits the search: trials, epochs or time; of several, the one used up the most. */
export function budget(study: StudyRecord, trials: readonly Trial[]): Budget {
  const candidates: Budget[] = [
    { used: study.budget_used ?? trials.length, of: study.max_trials ?? null, unit: "trials" },
    { used: study.epochs_used ?? 0, of: study.max_epochs_total ?? null, unit: "epochs" },
    { used: study.elapsed ?? 0, of: study.max_time ?? null, unit: "seconds" },
  ];
  const limited = candidates.filter((candidate) => isFiniteNumber(candidate.of) && candidate.of > 0);
  limited.sort((a, b) => b.used / b.of! - a.used / a.of!);
  return limited[0] ?? { ...candidates[0]!, of: null };
}

/** Epochs that stopping saved, as a share of those that there would have been; null if it saved none. */
export function savedShare(study: StudyRecord): number | null {
  const { epochs_saved: saved, epochs_used: used } = study;
  if (!isFiniteNumber(saved) || !isFiniteNumber(used) || saved <= 0) return null;
  return saved / (saved + used);
}
