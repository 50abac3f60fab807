/** Asks the server what changed, keeps the state in the URL, and has the views drawn. */
import { getJson } from "./answers";
import type { FirstAnswers } from "./early";
import { hostWindow } from "./host";
import { factsOf, filterTrials, type Context, type Facts } from "./context";
import { silentSince } from "./compute/silence";
import type { StudiesAnswer, StudyAnswer, StudyRecord } from "./records";
import { Store } from "./store";
import { clip, h, Select } from "./ui/dom";
import { followTheme, LIGHT, type Theme } from "./ui/theme";
import { ViewSet } from "./views/all";
import { stateIn, withState, type ViewState } from "./view_state";

/** Seconds between questions; after an error, twice as long each time, up to the second. */
const POLL = 1;
const SLOWEST = 10;

/** Seconds between looks for new studies. */
const LOOK = 10;

type Study = StudiesAnswer["studies"][number];

export class App {
  private store = new Store();
  private state: ViewState;
  private theme: Theme = LIGHT;
  private studies: Study[] | null = null;
  private current: string | null = null;
  private facts: Facts | null = null;
  private silentSince: number | null = null;
  private looked = 0;
  private asked = false;
  private failures = 0;
  private asking = 0;
  private writing: ReturnType<typeof setTimeout> | undefined;
  private frame = 0;
  private readonly host = hostWindow();
  private readonly views = new ViewSet();
  private readonly title = h("h1", {}, "Tuning");
  private readonly badge = h("span", { class: "badge" });
  private readonly about = h("p", { class: "about" });
  private readonly trouble = h("p", { class: "trouble", role: "status" });
  private readonly picker: Select;
  private readonly empty = h("div", { class: "nothing" });

  /** @param first What has been asked before the page was there. */
  constructor(body: HTMLElement, private readonly first: FirstAnswers) {
    this.state = stateIn(this.hash);
    this.picker = new Select("Study", (run) => this.choose(run));
    const heading = h("div", { class: "heading" }, this.title, this.badge, this.about, h("span", { class: "spring" }), this.trouble, this.picker.element);
    body.append(h("main", { class: "tuning" }, heading, this.empty, this.views.element));
    this.views.element.hidden = true;
  }

  start(): void {
    followTheme((theme) => {
      this.theme = theme;
      this.draw();
    });
    this.host.addEventListener("hashchange", () => this.readHash());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.poll();
    });
    void this.poll();
  }

  private get hash(): string {
    return this.host.location.hash;
  }

  private readHash(): void {
    const before = JSON.stringify(this.state);
    const state = stateIn(this.hash);
    if (JSON.stringify(state) === before) return;
    clearTimeout(this.writing);
    this.state = state;
    this.follow();
    this.draw();
  }

  private writeHash(): void {
    clearTimeout(this.writing);
    this.writing = setTimeout(() => {
      const { location, history } = this.host;
      const hash = withState(location.hash, this.state);
      if (hash !== location.hash) history.replaceState(history.state, "", `${location.pathname}${location.search}${hash}`);
    }, 100);
  }

  private readonly set = (change: Partial<ViewState>): void => {
    this.state = { ...this.state, ...change };
    this.writeHash();
    this.schedule();
  };

  private readonly pick = (number: number): void => {
    const { picked } = this.state;
    const next = picked.includes(number) ? picked.filter((other) => other !== number) : [...picked.slice(-1), number];
    this.set({ picked: next });
  };

  private choose(run: string): void {
    this.set({ study: run, page: 0, picked: [], brush: [], axes: null, slice: null, contour: null, filter: "", hidden: [], sort: "rank" });
    this.follow();
  }

  /** Takes the study that the state wants, else the one that changed last. */
  private follow(): void {
    if (this.studies === null) return;
    const wanted = this.studies.find((study) => study.run === this.state.study) ?? latest(this.studies);
    const run = wanted?.run ?? null;
    if (run === this.current) return;
    this.current = run;
    this.store = new Store();
    this.facts = null;
    this.asking++;
    void this.poll();
  }

  private isSeen(): boolean {
    if (document.hidden) return false;
    try {
      const frame = window.frameElement;
      return frame === null || frame.ownerDocument.defaultView?.getComputedStyle(frame).visibility !== "hidden";
    } catch {
      return true;
    }
  }

  private async poll(): Promise<void> {
    const turn = ++this.asking;
    if (this.isSeen()) {
      try {
        await this.ask(turn);
        if (turn === this.asking) this.failures = 0;
      } catch (error) {
        if (turn !== this.asking) return;
        this.failures++;
        this.trouble.textContent = `No answer from TensorBoard; trying again (${clip(error instanceof Error ? error.message : String(error), 80)}).`;
      }
    }
    if (turn !== this.asking) return;
    if (this.failures === 0 && this.trouble.textContent !== "") this.trouble.textContent = "";
    setTimeout(() => {
      if (turn === this.asking) void this.poll();
    }, 1000 * Math.min(SLOWEST, POLL * 2 ** this.failures));
  }

  private async ask(turn: number): Promise<void> {
    const isFirst = !this.asked;
    this.asked = true;
    if (this.studies === null || this.current === null || Date.now() - this.looked > 1000 * LOOK) {
      const answer = (isFirst ? await this.first.studies : null) ?? (await getJson<StudiesAnswer>("studies"));
      if (turn !== this.asking) return;
      this.looked = Date.now();
      this.studies = [...answer.studies].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.run < b.run ? -1 : 1));
      const before = this.current;
      const wanted = this.studies.find((study) => study.run === (before ?? this.state.study)) ?? this.studies.find((study) => study.run === this.state.study) ?? latest(this.studies);
      this.current = wanted?.run ?? null;
      if (this.current !== before) this.store = new Store();
      if (this.current === null || before !== null) this.draw();
    }
    if (this.current === null) return;
    const since = this.store.token === null ? "" : `&since=${encodeURIComponent(this.store.token)}`;
    const first = isFirst ? await this.first.study : null;
    const answer = first?.run === this.current ? first : await getJson<StudyAnswer>(`study?run=${encodeURIComponent(this.current)}${since}`);
    if (turn !== this.asking) return;
    const changed = this.store.apply(answer);
    const silent = this.store.study === null ? null : silentSince(this.store.study, Date.now() / 1000, this.store.heard);
    if (!changed && silent === this.silentSince) return;
    this.silentSince = silent;
    if (changed) this.facts = null;
    this.draw();
  }

  private schedule(): void {
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.drawHeading();
    const study = this.store.study;
    this.views.element.hidden = study === null;
    this.empty.hidden = study !== null;
    if (study === null) {
      this.drawNothing();
      return;
    }
    this.facts ??= factsOf(this.store, study);
    const context: Context = {
      ...this.facts,
      ...filterTrials(this.facts, this.state),
      store: this.store,
      study,
      run: this.current ?? "",
      direction: study.objective.direction,
      state: this.state,
      set: this.set,
      pick: this.pick,
      theme: this.theme,
      now: nowOf(study),
      silentSince: this.silentSince,
      runs: (this.studies ?? []).map(({ run, trials }) => ({ run, name: this.label(run), trials: trials ?? null })),
    };
    this.views.update(context);
  }

  /** The name of a study; with its run where two have one name. */
  private label(run: string): string {
    const study = this.studies?.find((other) => other.run === run);
    if (study === undefined) return run;
    const several = this.studies!.filter((other) => other.name === study.name).length > 1;
    return several ? `${study.name} (${run === "" ? "root" : run})` : study.name;
  }

  private drawHeading(): void {
    const study = this.store.study;
    const studies = this.studies ?? [];
    this.picker.update(studies.length > 1 ? studies.map(({ run }) => ({ value: run, label: this.label(run) })) : [], this.current ?? "");
    const name = study?.name ?? "Tuning";
    if (this.title.textContent !== clip(name, 60)) this.title.replaceChildren(h("bdi", {}, clip(name, 60)));
    this.badge.hidden = study === null;
    if (study === null) {
      this.about.textContent = "";
      return;
    }
    const state = clip(study.state, 20);
    if (this.badge.textContent !== state) this.badge.textContent = state;
    this.badge.className = `badge ${["running", "finished", "interrupted"].includes(study.state) ? study.state : ""} ${this.silentSince === null ? "" : "silent"}`;
    const parts = [
      study.strategy === null || study.strategy === undefined ? null : `${study.strategy.replace(/ ?search$/, "")} search`,
      study.stopping ? `${study.stopping} stopping` : null,
      (study.executions ?? 1) > 1 ? `${study.executions} executions per trial` : null,
      study.seed === null || study.seed === undefined ? null : `seed ${study.seed}`,
    ];
    const about = clip(parts.filter((part) => part !== null).join(" · "), 160);
    if (this.about.textContent !== about) this.about.textContent = about;
  }

  private drawNothing(): void {
    const waiting = this.studies === null || this.current !== null;
    const texts = waiting
      ? ["Loading the study …"]
      : ["No study here yet.", "Start a search that writes below this log directory; its trials appear here as they run."];
    if (this.empty.textContent !== texts.join("")) this.empty.replaceChildren(...texts.map((text) => h("p", {}, text)));
  }
}

/** The present, for what still runs; not long after the last news, since the search may have died. */
function nowOf(study: StudyRecord): number {
  const now = Date.now() / 1000;
  const updated = study.updated ?? now;
  return study.state === "running" ? Math.min(now, updated + 60) : updated;
}

function latest(studies: readonly Study[]): Study | undefined {
  return [...studies].sort((a, b) => (b.updated ?? 0) - (a.updated ?? 0))[0];
}
