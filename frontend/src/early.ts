/** The first questions, asked while the browser loads the page; null where one fails. */
import { getJson } from "./answers";
import { hostWindow } from "./host";
import type { StudiesAnswer, StudyAnswer } from "./records";
import { stateIn } from "./view_state";

const named = stateIn(hostWindow().location.hash).study;

export const studies = getJson<StudiesAnswer>("studies").catch(() => null);

/** The study that the URL names, else the one that changed last; the server answers null if there is none. */
export const study = getJson<StudyAnswer | null>(named === null ? "study" : `study?run=${encodeURIComponent(named)}`).catch(() => null);

export type FirstAnswers = Readonly<{ studies: typeof studies; study: typeof study }>;
