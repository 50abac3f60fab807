/** What the page knows of one study, kept up to date by what changed. */
import { ranked, toTrial, type Trial } from "./compute/trial";
import type { AnalysisRecord, StudyAnswer, StudyRecord } from "./records";

export class Store {
  token: string | null = null;
  /** When news arrived last, in seconds since 1970; null before the first ones after everything. */
  heard: number | null = null;
  study: StudyRecord | null = null;
  analysis: AnalysisRecord | null = null;
  private readonly byNumber = new Map<number, Trial>();
  private list: Trial[] | null = null;
  private order: Trial[] | null = null;

  /** Takes an answer of the server; returns whether anything changed. */
  apply(answer: StudyAnswer): boolean {
    this.token = answer.token;
    if (answer.full) {
      this.byNumber.clear();
      this.study = this.analysis = null;
    }
    const changed = answer.full || answer.study !== null || answer.analysis !== null;
    this.study = answer.study ?? this.study;
    this.analysis = answer.analysis ?? this.analysis;
    for (const number of answer.removed ?? []) this.byNumber.delete(number);
    for (const record of answer.trials) this.byNumber.set(record.number, toTrial(record));
    const trialsChanged = answer.trials.length > 0 || (answer.removed ?? []).length > 0;
    if (!answer.full && (changed || trialsChanged)) this.heard = Date.now() / 1000;
    if (changed || trialsChanged) this.list = this.order = null;
    return changed || trialsChanged;
  }

  /** All trials by number; the same array until something changes. */
  get trials(): readonly Trial[] {
    this.list ??= [...this.byNumber.values()].filter((trial) => trial.status !== "duplicate").sort((a, b) => a.number - b.number);
    return this.list;
  }

  /** All trials, the best first. */
  get ranked(): readonly Trial[] {
    const objective = this.study?.objective ?? { name: "score", direction: "max" as const };
    const executions = this.study?.executions ?? 1;
    this.order ??= ranked(this.trials, { objective, executions });
    return this.order;
  }

  trial(number: number): Trial | undefined {
    return this.byNumber.get(number);
  }
}
