import { toTrial, type Trial } from "../src/compute/trial";
import type { HyperparameterRecord, TrialRecord } from "../src/records";

export function trial(number: number, more: Partial<TrialRecord> = {}): Trial {
  return toTrial({ number, status: "completed", score: null, values: {}, curves: [], started: number, ended: number + 1, ...more });
}

export function scored(scores: (number | null)[], more: Partial<TrialRecord> = {}): Trial[] {
  return scores.map((score, number) => trial(number, { score, status: score === null ? "failed" : "completed", ...more }));
}

export const FLOAT: HyperparameterRecord = { name: "lr", kind: "float", low: 1e-4, high: 1, scale: "log" };
export const INT: HyperparameterRecord = { name: "units", kind: "int", low: 16, high: 256, scale: "linear" };
export const CHOICE: HyperparameterRecord = { name: "act", kind: "choice", choices: ["relu", "tanh"], ordered: false };
