/** The first questions, asked while the browser still runs the rest of the page's code; null where one fails. */
import { getJson } from "./answers";
import { hostWindow } from "./host";
import type { StudiesAnswer, StudyAnswer } from "./records";
import { stateIn } from "./view_state";

/** The study that the URL names. */
export const named = stateIn(hostWindow().location.hash).study;

export const studies = getJson<StudiesAnswer>("studies").catch(() => null);

export const study = named === null ? null : getJson<StudyAnswer>(`study?run=${encodeURIComponent(named)}`).catch(() => null);
