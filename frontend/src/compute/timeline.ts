/** When each worker trained which trial. */
import type { Trial } from "./trial";

export interface Bar {
  trial: Trial;
  /** A lane; attempts of one lane do not overlap. */
  lane: number;
  start: number;
  end: number;
  running: boolean;
}

export interface Timeline {
  /** The worker of each lane. */
  workers: string[];
  bars: Bar[];
  start: number;
  end: number;
}

/** Lanes in the order of their first attempts, as many as a worker needs; what still runs lasts until `now`. */
export function timeline(trials: readonly Trial[], now: number): Timeline {
  const spans = trials.flatMap((trial) => trial.spans.map((span) => ({ trial, ...span })));
  spans.sort((a, b) => a.start - b.start || a.trial.number - b.trial.number);
  const workers: string[] = [];
  const busy: number[] = []; // until when each lane is
  const bars = spans.map(({ trial, start, end, worker }) => {
    const running = end === null && trial.status === "running";
    const last = end ?? (running ? now : trial.ended ?? start);
    const free = workers.findIndex((other, index) => other === worker && busy[index]! <= start);
    const lane = free >= 0 ? free : workers.push(worker) - 1;
    busy[lane] = running ? Infinity : Math.max(start, last);
    return { trial, lane, start, end: Math.max(start, last), running };
  });
  return {
    workers,
    bars,
    start: bars.length > 0 ? bars[0]!.start : now,
    end: bars.reduce((latest, bar) => Math.max(latest, bar.end), -Infinity),
  };
}
