/** From what is known of a study and what the user chose to what the views show. */
import { fullSpace, hyperparameterAxis, scoreAxis, varies, type Axis } from "./compute/axis";
import { clauseTest, parseQuery } from "./compute/filter";
import { decimalsFor } from "./compute/numbers";
import { scoreRange } from "./compute/progress";
import type { Trial } from "./compute/trial";
import type { HyperparameterRecord, StudyRecord } from "./records";
import type { Store } from "./store";
import type { Theme } from "./ui/theme";
import type { ViewState } from "./view_state";

/** What depends on the study alone. */
export interface Facts {
  /** All trials by number, and the best first. */
  trials: readonly Trial[];
  ranked: readonly Trial[];
  best: Trial | undefined;
  /** Hyperparameters that have more than one value. */
  space: HyperparameterRecord[];
  /** By id: that of the score, and those of `space`. */
  axes: Map<string, Axis>;
  score: Axis;
  decimals: number;
  /** From 0 for the worst rank to 1 for the best; -1 without a score. */
  quality: (trial: Trial) => number;
  /** Of all hyperparameters. */
  names: Set<string>;
}

export function factsOf(store: Store, study: StudyRecord): Facts {
  const { trials, ranked } = store;
  const { name, direction } = study.objective;
  const all = fullSpace(study.space ?? [], trials);
  const space = all.filter((definition) => varies(definition, trials));
  const score = scoreAxis(name, direction, trials);
  const axes = new Map<string, Axis>(space.map((definition) => [`hp:${definition.name}`, hyperparameterAxis(definition, trials)]));
  axes.set("score", score);
  const scores = trials.flatMap((trial) => (trial.score === null ? [] : [trial.score]));
  const range = scoreRange(scores, direction);
  const withScore = ranked.filter((trial) => trial.score !== null && trial.status !== "failed" && trial.status !== "infeasible");
  const quality = new Map(withScore.map((trial, index) => [trial.number, withScore.length === 1 ? 1 : 1 - index / (withScore.length - 1)]));
  const first = ranked[0];
  return {
    trials,
    ranked,
    best: first !== undefined && quality.has(first.number) ? first : undefined,
    space,
    axes,
    score,
    decimals: range === null ? 4 : decimalsFor(range[0], range[1]),
    quality: (trial) => quality.get(trial.number) ?? -1,
    names: new Set(all.map((definition) => definition.name)),
  };
}

/** What passes the filters. */
export interface Filtered {
  /** The trials that pass filter and statuses; and those that also pass the brush. */
  base: readonly Trial[];
  shown: readonly Trial[];
  isShown: (trial: Trial) => boolean;
  /** What is wrong with the filter. */
  problem: string | null;
}

/** What every view is given. */
export interface Context extends Facts, Filtered {
  store: Store;
  study: StudyRecord;
  /** Its run in the log directory. */
  run: string;
  direction: "min" | "max";
  state: ViewState;
  set: (change: Partial<ViewState>) => void;
  pick: (trial: number) => void;
  theme: Theme;
  now: number;
  /** Since when there is no news of a search that should be running; null if there is. */
  silentSince: number | null;
  runs: { run: string; name: string; trials: number | null }[];
}

export function filterTrials(facts: Facts, state: ViewState): Filtered {
  const query = parseQuery(state.filter, facts.names);
  const hidden = new Set(state.hidden);
  const base = facts.trials.filter((trial) => !hidden.has(trial.status) && query.test(trial));
  const tests = state.brush.flatMap((clause) => {
    const axis = facts.axes.get(clause.axis);
    return axis === undefined ? [] : [clauseTest(axis, clause)];
  });
  const shown = base.filter((trial) => tests.every((test) => test(trial)));
  const numbers = new Set(shown.map((trial) => trial.number));
  return { base, shown, isShown: (trial) => numbers.has(trial.number), problem: query.problem };
}
