/** A search whose process was killed has recorded no end: all that can be told is since when there is no news of it. */
import type { StudyRecord } from "../records";

/** Seconds without news that are worth a word; in a long search, a hundredth of its time, since it writes less often. */
const LEAST = 120;
const SHARE = 0.01;

/** Since when there is no news of a running search, in seconds since 1970; null if that is not long.
 *
 * @param heard When this page got news of it, by its own clock, which may differ from that of the search; null if never.
 */
export function silentSince(study: Pick<StudyRecord, "state" | "updated" | "elapsed">, now: number, heard: number | null): number | null {
  const { state, updated } = study;
  if (state !== "running" || updated === null || updated === undefined) return null;
  const quiet = now - Math.max(updated, heard ?? 0);
  return quiet > Math.max(LEAST, SHARE * (study.elapsed ?? 0)) ? updated : null;
}

/** The hour and minute; with the day, if that is not today. */
export function clockTime(time: number, now: number): string {
  const [then, today] = [new Date(1000 * time), new Date(1000 * now)];
  const two = (part: number): string => String(part).padStart(2, "0");
  const clock = `${two(then.getHours())}:${two(then.getMinutes())}`;
  const sameDay = then.toDateString() === today.toDateString();
  return sameDay ? clock : `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())} ${clock}`;
}
