/** The run that is shown: what the server has told of it, put together. */
import type {
  About,
  Counts,
  End,
  NodeView,
  NoteView,
  Patch,
  Sample,
  StageView,
  State,
} from "../views.ts";

/** Points of a curve that are kept here; the server sends a reloaded page fewer. */
const MOST_POINTS = 1000;
const MOST_NOTES = 50;

export const STATES: readonly State[] = [
  "ran",
  "hit",
  "running",
  "failed",
  "blocked",
  "cancelled",
  "waiting",
];

export class Run {
  about: About | null = null;
  end: End | null = null;
  readonly stages = new Map<string, StageView>();
  readonly nodes = new Map<string, NodeView>();
  readonly curves = new Map<string, Sample[]>();
  notes: NoteView[] = [];
  /** Pages that it has published. */
  pages = 0;
  /** Its process has gone without an end. */
  isBroken = false;

  readonly id: string;
  constructor(id: string) {
    this.id = id;
  }

  /** A patch from the start replaces all. */
  apply(patch: Patch): void {
    if (patch.since === 0) {
      this.about = this.end = null;
      this.notes = [];
      this.pages = 0;
      for (const all of [this.stages, this.nodes, this.curves]) all.clear();
    }
    this.about = patch.about ?? this.about;
    this.end = patch.end ?? this.end;
    this.pages = patch.pages ?? this.pages;
    for (const stage of patch.stages) this.stages.set(stage.name, stage);
    for (const node of patch.nodes) this.nodes.set(node.id, node);
    this.notes = [...this.notes, ...patch.notes].slice(-MOST_NOTES);
    for (const [id, samples] of Object.entries(patch.curves)) this.#draw(id, samples);
    const drawn = new Set(patch.drawn);
    for (const id of this.curves.keys()) if (!drawn.has(id)) this.curves.delete(id);
  }

  #draw(id: string, samples: readonly Sample[]): void {
    const before = this.curves.get(id) ?? [];
    // It has begun anew.
    const goesOn = (before.at(-1)?.done ?? 0) <= (samples[0]?.done ?? 0);
    const all = goesOn ? [...before, ...samples] : [...samples];
    const last = all.length - 1;
    this.curves.set(
      id,
      all.length <= MOST_POINTS ? all : all.filter((_, i) => i % 2 === 0 || i === last),
    );
  }

  /** Its nodes, or a stage's, by state. */
  counts(stage: string | null = null): Counts {
    const counts: Counts = {
      waiting: 0,
      running: 0,
      hit: 0,
      ran: 0,
      failed: 0,
      blocked: 0,
      cancelled: 0,
    };
    for (const node of this.nodes.values()) {
      if (stage === null || node.stage === stage) counts[node.state]++;
    }
    return counts;
  }

  /** In the order in which they were told. */
  inState(state: State): NodeView[] {
    return [...this.nodes.values()].filter((node) => node.state === state);
  }
}

export function total(counts: Counts): number {
  return STATES.reduce((sum, state) => sum + counts[state], 0);
}

/** What ran in a run whose process has gone was broken off with it. */
export function wordOf(state: State, isBroken: boolean): string {
  return state === "running" && isBroken ? "broken off" : state;
}

/** 12 of 60 done, 2 running, 1 failed. */
export function inWords(counts: Counts, isBroken: boolean): string {
  const done = counts.ran + counts.hit;
  const others = (["running", "failed", "blocked", "cancelled"] as const)
    .filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${wordOf(state, isBroken)}`);
  return [`${done} of ${total(counts)} done`, ...others].join(", ");
}
