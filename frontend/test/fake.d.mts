import type { StudyAnswer } from "../src/records";

export function study(options?: {
  trials?: number; seed?: number; direction?: "min" | "max"; executions?: number; state?: string; diverged?: number;
  failures?: number; workers?: number; name?: string; allFailed?: boolean; epochs?: number; analysed?: boolean;
}): StudyAnswer;
export function hostile(): StudyAnswer;
export const STUDIES: Record<string, () => StudyAnswer>;
