/** The records that the plugin serves, as they travel; `trial.ts` has the trials that the views work with. */

/** A JSON number, or the name of one that JSON cannot hold. */
export type Num = number | "nan" | "inf" | "-inf";
export type Value = number | string | boolean | null;

export interface TrialRecord {
  number: number;
  status: string;
  score: Num | null;
  deviation?: Num | null;
  best_epoch?: number | null;
  epochs?: number;
  planned?: number | null;
  values?: Record<string, Value>;
  reason?: string | null;
  error?: string | null;
  source?: string | null;
  started?: number | null;
  ended?: number | null;
  duration?: number | null;
  worker?: string | null;
  attempts?: number;
  reused?: boolean | null;
  confirmed?: boolean | null;
  spans?: [number, number | null, string | null][];
  curves?: [number, Num][][];
}

export interface HyperparameterRecord {
  name: string;
  kind: string;
  low?: number | null;
  high?: number | null;
  step?: number | null;
  scale?: string | null;
  choices?: Value[] | null;
  ordered?: boolean;
  default?: Value;
}

export interface ObjectiveRecord {
  name: string;
  direction: "min" | "max";
  reduction?: string;
}

export interface DiagnosticRecord {
  level: string;
  text: string;
}

export interface StudyRecord {
  name: string;
  identity?: string;
  objective: ObjectiveRecord;
  strategy?: string | null;
  stopping?: string | null;
  seed?: number | null;
  max_trials?: number | null;
  max_epochs_total?: number | null;
  max_time?: number | null;
  executions?: number;
  state: string;
  end_reason?: string | null;
  started?: number | null;
  updated?: number | null;
  elapsed?: number | null;
  eta?: number | null;
  budget_used?: number | null;
  epochs_used?: number | null;
  epochs_saved?: number | null;
  space?: HyperparameterRecord[];
  diagnostics?: DiagnosticRecord[];
  best_values_code?: string | null;
}

export interface SliceRecord {
  x: Value[];
  mean: Num[];
  low: Num[];
  high: Num[];
}

export interface ContourRecord {
  x: string;
  y: string;
  xs: Value[];
  ys: Value[];
  mean: Num[][];
}

export interface AnalysisRecord {
  trials?: number;
  importance?: { method?: string; all?: [string, number][] | null; top_quarter?: [string, number][] | null } | null;
  slices?: Record<string, SliceRecord>;
  contours?: ContourRecord[];
  note?: string | null;
}

export interface StudiesAnswer {
  studies: { run: string; name: string; updated?: number | null; trials?: number; state?: string }[];
}

export interface StudyAnswer {
  run: string;
  token: string;
  full: boolean;
  study: StudyRecord | null;
  analysis: AnalysisRecord | null;
  trials: TrialRecord[];
  removed?: number[];
}
