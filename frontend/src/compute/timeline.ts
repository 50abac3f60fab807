/** When each worker trained which trial. */
import type { Trial } from "./trial";

export interface Bar {
  trial: Trial;
  worker: number;
  start: number;
  end: number;
  running: boolean;
}

export interface Timeline {
  workers: string[];
  bars: Bar[];
  start: number;
  end: number;
}

/** Workers in the order of their first attempts; what still runs lasts until `now`. */
export function timeline(trials: readonly Trial[], now: number): Timeline {
  const spans = trials.flatMap((trial) => trial.spans.map((span) => ({ trial, ...span })));
  spans.sort((a, b) => a.start - b.start);
  const workers = new Map<string, number>();
  const bars = spans.map(({ trial, start, end, worker }) => {
    if (!workers.has(worker)) workers.set(worker, workers.size);
    const running = end === null && trial.status === "running";
    const last = end ?? (running ? now : trial.ended ?? start);
    return { trial, worker: workers.get(worker)!, start, end: Math.max(start, last), running };
  });
  return {
    workers: [...workers.keys()],
    bars,
    start: bars.length > 0 ? bars[0]!.start : now,
    end: bars.reduce((latest, bar) => Math.max(latest, bar.end), -Infinity),
  };
}
