/** Made-up studies for tests and for looking at the page: the same numbers each time. */

export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const SPACE = [
  { name: "learning_rate", kind: "float", low: 1e-5, high: 0.1, step: null, scale: "log", choices: null, ordered: false, default: 1e-3 },
  { name: "units", kind: "int", low: 16, high: 256, step: 16, scale: "linear", choices: null, ordered: true, default: 64 },
  { name: "activation", kind: "choice", low: null, high: null, step: null, scale: null, choices: ["relu", "gelu", "tanh"], ordered: false, default: "relu" },
  { name: "dropout", kind: "float", low: 0, high: 0.6, step: null, scale: "linear", choices: null, ordered: false, default: 0.2 },
  { name: "batch_norm", kind: "boolean", low: null, high: null, step: null, scale: null, choices: null, ordered: false, default: false },
  { name: "momentum", kind: "float", low: 0.5, high: 0.999, step: null, scale: "reverse_log", choices: null, ordered: false, default: 0.9 },
];

const START = 1_760_000_000;

function answer(space, values) {
  const lr = Math.log10(values.learning_rate);
  const quality = 0.975 - 0.035 * (lr + 2.7) ** 2 - 0.05 * (Math.log2(values.units) / 8 - 0.9) ** 2 - 0.3 * ((values.dropout ?? 0.1) - 0.18) ** 2;
  return quality - { relu: 0.004, gelu: 0, tanh: 0.02 }[values.activation] - (values.batch_norm ? 0 : 0.006);
}

/** A whole answer of the server. */
export function study({ trials = 50, seed = 1, direction = "max", executions = 1, state = "finished", diverged = 0, failures = 0.05, workers = 1, name = "digits", allFailed = false, epochs = 20, analysed = true } = {}) {
  const next = random(seed);
  const clock = Array(workers).fill(START);
  const records = [];
  let best = -Infinity;
  for (let number = 0; number < trials; number++) {
    const focus = Math.min(0.75, number / Math.max(60, trials));
    const draw = (good, spread) => (next() < focus ? Math.min(1, Math.max(0, good + (next() - 0.5) * spread)) : next());
    const values = {
      learning_rate: Number((10 ** (-5 + 4 * draw(0.57, 0.3))).toPrecision(5)),
      units: 16 + 16 * Math.floor(15.99 * draw(0.8, 0.4)),
      activation: ["relu", "gelu", "tanh"][Math.floor(3 * draw(0.45, 0.5) * 0.999)],
      batch_norm: draw(0.8, 0.6) > 0.5,
    };
    if (next() < 0.75) values.dropout = Number((0.6 * draw(0.3, 0.3)).toPrecision(4));
    if (values.activation !== "tanh") values.momentum = Number((0.5 + 0.499 * draw(0.9, 0.2)).toPrecision(5));
    const top = answer(SPACE, values);
    const worker = number % workers;
    const started = clock[worker] + 0.5;
    const isLast = state === "running" && number >= trials - workers;
    const failed = allFailed || next() < failures;
    const infeasible = !failed && next() < 0.02;
    const stop = !failed && top < best - 0.02 && next() < 0.75;
    const trained = failed ? Math.floor(next() * 4) : stop ? 3 + Math.floor(next() * 6) : isLast ? 2 + Math.floor(next() * 8) : epochs;
    const curves = [];
    const scores = [];
    let bestEpoch = null;
    for (let execution = 0; execution < (stop || failed ? 1 : executions); execution++) {
      const curve = [];
      const noise = (next() - 0.5) * 0.006;
      for (let epoch = 1; epoch <= trained; epoch++) {
        const accuracy = top + noise - 0.45 * Math.exp(-epoch / (2 + 4 * next())) + (next() - 0.5) * 0.008;
        curve.push([epoch, Number((direction === "max" ? accuracy : (1 - accuracy) * 4).toPrecision(6))]);
      }
      if (curve.length === 0) continue;
      const point = curve.reduce((a, b) => ((direction === "max" ? b[1] > a[1] : b[1] < a[1]) ? b : a));
      bestEpoch = point[0];
      scores.push(point[1]);
      curves.push(curve);
    }
    let score = failed || infeasible || scores.length === 0 ? null : scores.reduce((a, b) => a + b, 0) / scores.length;
    if (score !== null && diverged > 0 && number % Math.ceil(trials / diverged) === 3) score = direction === "max" ? -1e5 : 1e5;
    const seconds = 2 + trained * (0.4 + values.units / 300) * executions;
    clock[worker] = started + seconds;
    const status = isLast ? "running" : failed ? "failed" : infeasible ? "infeasible" : stop ? "stopped" : "completed";
    if (score !== null && status === "completed") best = Math.max(best, top);
    const mean = score;
    records.push({
      v: 1, number, status, score: score === null ? null : Number(score.toPrecision(7)),
      deviation: scores.length > 1 && status === "completed" ? Math.sqrt(scores.reduce((sum, s) => sum + (s - mean) ** 2, 0) / (scores.length - 1)) : null,
      best_epoch: bestEpoch, epochs: trained * Math.max(1, curves.length), planned: epochs, values,
      reason: status === "stopped" ? `epoch ${trained}: ${Math.ceil(next() * 5)} % chance of passing ${best.toFixed(3)}` : status === "infeasible" ? "more than 100,000 parameters" : status === "failed" ? "ResourceExhaustedError: out of memory when allocating a tensor of shape [4096, 4096]" : null,
      error: status === "failed" ? "ResourceExhaustedError: out of memory when allocating a tensor of shape [4096, 4096]" : null,
      source: number < 10 ? "initial design" : "strategy", started, ended: isLast ? null : clock[worker], duration: seconds,
      worker: `node${worker}:${4000 + worker}`, attempts: failed ? 2 : 1, reused: null,
      spans: failed ? [[started, started + seconds / 2, `node${worker}:${4000 + worker}`], [started + seconds / 2, clock[worker], `node${worker}:${4000 + worker}`]] : [[started, isLast ? null : clock[worker], `node${worker}:${4000 + worker}`]],
      curves,
    });
  }
  const updated = Math.max(START, ...clock);
  const used = records.reduce((sum, record) => sum + record.epochs, 0);
  const saved = records.reduce((sum, record) => sum + (record.status === "stopped" ? epochs - record.epochs : 0), 0);
  return {
    token: "1", full: true, removed: [],
    study: {
      v: 1, name, identity: "0123", objective: { name: direction === "max" ? "val_accuracy" : "val_loss", direction, reduction: "best" },
      strategy: "bayesian", stopping: "auto", seed: 0, max_trials: state === "running" ? Math.ceil(trials * 1.4) : trials, max_epochs_total: null, max_time: null,
      executions, state, end_reason: state === "finished" ? "max_trials reached" : null, started: START, updated, elapsed: updated - START,
      eta: state === "running" ? 0.4 * (updated - START) : null, budget_used: trials, epochs_used: used, epochs_saved: saved, space: SPACE,
      diagnostics: trials < 10 ? [{ level: "hint", text: "10 finished trials are needed for diagnostics" }] : [
        { level: "ok", text: "the scores can be predicted: rank correlation 0.83 with predictions that leave each out" },
        { level: "hint", text: "batch_norm has no effect that could be found; fix it" },
        { level: "warning", text: "units: 4 of the best 5 trials are near the upper bound 256; widen units above 256" },
      ],
      best_values_code: null,
    },
    analysis: analysed && trials >= 20 && !allFailed ? analysis(direction, records.filter((record) => record.score !== null).length) : null,
    trials: records,
  };
}

function analysis(direction, trials) {
  const sign = (accuracy) => (direction === "max" ? accuracy : (1 - accuracy) * 4);
  const base = { learning_rate: 0.002, units: 192, activation: "gelu", dropout: 0.18, batch_norm: true, momentum: 0.95 };
  const points = {
    learning_rate: grid(40, (u) => 10 ** (-5 + 4 * u)), units: grid(16, (u) => 16 + 16 * Math.round(15 * u)), dropout: grid(40, (u) => 0.6 * u),
    momentum: grid(40, (u) => 0.5 + 0.499 * u), activation: ["relu", "gelu", "tanh"], batch_norm: [false, true],
  };
  const slices = {};
  for (const [name, x] of Object.entries(points)) {
    const mean = x.map((value) => sign(answer(SPACE, { ...base, [name]: value })));
    const band = x.map((_, index) => 0.008 + 0.02 * Math.abs(index / x.length - 0.6));
    slices[name] = { x, mean, low: mean.map((m, k) => m - band[k]), high: mean.map((m, k) => m + band[k]) };
  }
  const pairs = [["learning_rate", "units"], ["learning_rate", "dropout"], ["units", "activation"]];
  const contours = pairs.map(([x, y]) => {
    const thin = (name) => (points[name].length > 20 ? points[name].filter((_, k) => k % 2 === 0) : points[name]);
    const [xs, ys] = [thin(x), thin(y)];
    return { x, y, xs, ys, mean: ys.map((b) => xs.map((a) => sign(answer(SPACE, { ...base, [x]: a, [y]: b })))) };
  });
  return {
    v: 1, trials, seconds: 0.4, note: null, slices, contours,
    importance: {
      method: "PED-ANOVA",
      all: [["learning_rate", 0.58], ["units", 0.19], ["activation", 0.11], ["dropout", 0.07], ["momentum", 0.04], ["batch_norm", 0.01]],
      top_quarter: [["units", 0.36], ["learning_rate", 0.31], ["dropout", 0.17], ["activation", 0.09], ["momentum", 0.05], ["batch_norm", 0.02]],
    },
  };
}

const grid = (count, of) => Array.from({ length: count }, (_, k) => of(k / (count - 1)));

const NASTY = ["<img src=x onerror=alert(1)>", "עברית‏ – ימין", "{a|b} %s ${x}", "__proto__", "a\nb\u0000c", "x".repeat(10_000)];

/** Names and values that are out for trouble. */
export function hostile() {
  const whole = study({ trials: 40, seed: 5 });
  const rename = Object.fromEntries(SPACE.map((definition, index) => [definition.name, NASTY[index]]));
  whole.study.name = "<script>alert(1)</script> ‮evil";
  whole.study.objective.name = "<b>val</b>_accuracy";
  whole.study.space = SPACE.map((definition) => ({ ...definition, name: rename[definition.name], choices: definition.choices?.map((choice) => `<i>${choice}</i>`) ?? null }));
  whole.study.diagnostics.push({ level: "warning", text: "<img src=x onerror=alert(2)>" });
  const named = (object, of = (value) => value) => JSON.parse(`{${Object.entries(object).map(([name, value]) => `${JSON.stringify(rename[name])}:${JSON.stringify(of(value))}`).join(",")}}`);
  whole.trials = whole.trials.map((trial) => ({ ...trial, reason: "<img src=x onerror=alert(3)>", worker: "<u>w</u>", values: named(trial.values, (value) => (["relu", "gelu", "tanh"].includes(value) ? `<i>${value}</i>` : value)) }));
  whole.analysis.importance = { method: "PED-ANOVA", all: Object.values(rename).map((name) => [name, 1 / 6]), top_quarter: null };
  whole.analysis.slices = named(whole.analysis.slices);
  whole.analysis.contours = whole.analysis.contours.map((contour) => ({ ...contour, x: rename[contour.x], y: rename[contour.y] }));
  return whole;
}

/** The same study, with its last news just now. */
export function recent(whole) {
  const later = Date.now() / 1000 - whole.study.updated;
  const moved = (time) => (time === null ? null : time + later);
  return {
    ...whole,
    study: { ...whole.study, started: moved(whole.study.started), updated: moved(whole.study.updated) },
    trials: whole.trials.map((trial) => ({ ...trial, started: moved(trial.started), ended: moved(trial.ended), spans: trial.spans.map(([start, end, worker]) => [moved(start), moved(end), worker]) })),
  };
}

/** What the browser tests open, by name. */
export const STUDIES = {
  empty: () => {
    const whole = recent(study({ trials: 0, state: "running" }));
    return { ...whole, analysis: null, study: { ...whole.study, max_trials: 20, eta: null } };
  },
  one: () => study({ trials: 1, failures: 0 }),
  three: () => study({ trials: 3, failures: 0, seed: 2 }),
  failed: () => study({ trials: 12, allFailed: true }),
  running: () => recent(study({ trials: 30, state: "running", workers: 2, seed: 3, executions: 3 })),
  killed: () => study({ trials: 30, state: "running", workers: 2, seed: 3 }),
  minimum: () => study({ trials: 60, direction: "min", diverged: 3, seed: 4 }),
  hostile,
  five_hundred: () => study({ trials: 500, seed: 7, workers: 4 }),
  two_thousand: () => study({ trials: 2000, seed: 8, workers: 8, diverged: 2, direction: "min" }),
};
