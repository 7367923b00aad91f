/**
 * What is known of a run from its file of events, folded line by line. Everything remembers the place in the file
 * that changed it last, so that `since` can say what is new to somebody who has seen the file up to some place.
 */
import { fieldsOf } from "../store/valid.ts";
import { type Curve, thinned } from "./curve.ts";
import {
  aboutOf,
  endOf,
  ENDS,
  eventOf,
  faultOf,
  type Fields,
  listOf,
  noCounts,
  noteOf,
  numberOf,
  textOf,
} from "./lines.ts";
import type { About, End, NodeView, NoteView, Patch, Sample, StageView } from "./views.ts";

/** Nodes that are kept of a run; a file of ours names no more. */
const MOST_NODES = 100_000;
const MOST_NOTES = 50;
const MOST_PAGES = 16;
/** Of so many nodes that ended last the curves are kept. */
const MOST_CURVES = 12;

type Changed<T> = T & { readonly changed: number };

export class RunState {
  #position = 0;
  #about: Changed<About> | null = null;
  #end: Changed<End> | null = null;
  readonly #stages = new Map<string, { feeds: Set<string>; changed: number }>();
  readonly #nodes = new Map<string, Changed<NodeView>>();
  readonly #curves = new Map<string, Curve>();
  #notes: Changed<NoteView>[] = [];
  #pages: Changed<{ readonly paths: readonly string[] }> = { paths: [], changed: 0 };
  readonly counts = noCounts();
  /** When something happened last, in milliseconds since 1970. */
  last = 0;

  get position(): number {
    return this.#position;
  }
  get about(): About | null {
    return this.#about;
  }
  get end(): End | null {
    return this.#end;
  }
  /** Where pages were published, as the file says. */
  get pages(): readonly string[] {
    return this.#pages.paths;
  }
  has(node: string): boolean {
    return this.#nodes.has(node);
  }

  /** Takes a line of the file, which may be anything; `end` is the place behind it. */
  fold(line: string, end: number): void {
    this.#position = end;
    const event = eventOf(line);
    const at = numberOf(event["at"]) ?? this.last;
    this.last = at;
    const node = this.#nodes.get(textOf(event["node"]) ?? "");
    switch (event["type"]) {
      case "run":
        this.#about = { ...aboutOf(event, at), changed: end };
        break;
      case "run-started":
      case "nodes-added":
        for (const one of listOf(event["nodes"])) this.#add(fieldsOf(one), end);
        break;
      case "node-started":
        if (node === undefined) break;
        this.#curves.delete(node.id);
        this.#change(node, end, {
          state: "running",
          started: at,
          threads: numberOf(event["threads"]),
          progress: null,
          said: null,
        });
        break;
      case "node-threads":
        if (node !== undefined) this.#change(node, end, { threads: numberOf(event["threads"]) });
        break;
      case "node-retried":
        if (node === undefined) break;
        this.#change(node, end, {
          attempt: numberOf(event["attempt"]) ?? node.attempt,
          failure: faultOf(event["failure"]),
        });
        break;
      case "node-progress":
        if (node !== undefined) this.#onProgress(node, fieldsOf(event["progress"]), end);
        break;
      case "node-ended":
        if (node !== undefined) this.#onEnded(node, event, end);
        break;
      case "node-log":
        if (node !== undefined) this.#change(node, end, { said: textOf(event["message"]) });
        break;
      case "warning":
      case "note":
      case "diverged":
        this.#notes = [...this.#notes, { ...noteOf(event, at), changed: end }].slice(-MOST_NOTES);
        break;
      case "report-published": {
        const path = textOf(event["path"]), { paths } = this.#pages;
        if (path?.endsWith(".html") !== true || paths.length >= MOST_PAGES) break;
        this.#pages = { paths: [...new Set([...paths, path])], changed: end };
        break;
      }
      case "run-ended":
        this.#end = { ...endOf(event), changed: end };
        break;
    }
  }

  /** What is new to who has seen the file up to this place; all of it for 0. */
  since(seen: number): Patch {
    const isNew = ({ changed }: { readonly changed: number }) => changed > seen;
    const curves: Record<string, readonly Sample[]> = {};
    for (const [id, { samples }] of this.#curves) {
      const fresh = samples.filter(({ place }) => place > seen);
      if (fresh.length > 0) curves[id] = fresh.map(({ done, values }) => ({ done, values }));
    }
    return {
      since: seen,
      position: this.#position,
      about: this.#about !== null && isNew(this.#about) ? this.#about : null,
      end: this.#end !== null && isNew(this.#end) ? this.#end : null,
      stages: [...this.#stages].filter(([, stage]) => isNew(stage))
        .map(([name, { feeds }]): StageView => ({ name, feeds: [...feeds] })),
      nodes: [...this.#nodes.values()].filter(isNew),
      curves,
      drawn: [...this.#curves.keys()],
      notes: this.#notes.filter(isNew),
      pages: isNew(this.#pages) ? this.#pages.paths.length : null,
    };
  }

  #add(fields: Fields, end: number): void {
    const id = textOf(fields["id"]), name = textOf(fields["stage"]);
    if (id === null || name === null || this.#nodes.has(id)) return;
    if (this.#nodes.size >= MOST_NODES) return;
    this.#nodes.set(id, {
      id,
      stage: name,
      state: "waiting",
      started: null,
      milliseconds: null,
      threads: null,
      attempt: 1,
      progress: null,
      said: null,
      failure: null,
      blockedBy: null,
      changed: end,
    });
    this.counts.waiting++;
    const stage = this.#stages.get(name) ?? { feeds: new Set(), changed: end };
    const before = stage.feeds.size;
    for (const feed of listOf(fields["feeds"])) {
      const from = this.#nodes.get(textOf(feed) ?? "")?.stage;
      if (from !== undefined && from !== name) stage.feeds.add(from);
    }
    if (stage.feeds.size !== before) stage.changed = end;
    this.#stages.set(name, stage);
  }

  #change(node: Changed<NodeView>, changed: number, to: Partial<NodeView>): void {
    this.counts[node.state]--;
    const next = { ...node, ...to, changed };
    this.counts[next.state]++;
    this.#nodes.set(node.id, next);
  }

  #onProgress(
    node: Changed<NodeView>,
    fields: Fields,
    end: number,
  ): void {
    const done = numberOf(fields["done"]), total = numberOf(fields["total"]);
    if (done === null || total === null) return;
    const facts: Record<string, string> = {};
    const values: Record<string, number> = {};
    for (const [name, fact] of Object.entries(fieldsOf(fields["facts"])).slice(0, 16)) {
      if (typeof fact !== "string") continue;
      facts[name] = fact.slice(0, 200);
      const value = Number(fact);
      if (fact.trim() !== "" && Number.isFinite(value)) values[name] = value;
    }
    const unit = textOf(fields["unit"]) ?? "";
    this.#change(node, end, { progress: { done, total, unit, facts } });
    if (Object.keys(values).length === 0 || isEarly(done, total, facts["epoch"])) return;
    const before = this.#curves.get(node.id);
    // What begins anew (another try) is another curve.
    const goesOn = before !== undefined && (before.samples.at(-1)?.done ?? 0) <= done;
    const curve = goesOn ? before : { samples: [], seen: 0, stride: 1 };
    this.#curves.set(node.id, thinned(curve, { done, values, place: end }));
  }

  #onEnded(
    node: Changed<NodeView>,
    event: Fields,
    end: number,
  ): void {
    const state = ENDS.find((one) => one === event["outcome"]);
    if (state === undefined) return;
    this.#change(node, end, {
      state,
      milliseconds: numberOf(event["milliseconds"]),
      failure: faultOf(event["failure"]),
      blockedBy: textOf(event["blockedBy"]),
    });
    const ended = [...this.#curves.keys()].filter((id) => this.#nodes.get(id)?.state !== "running");
    for (const id of ended.slice(0, -MOST_CURVES)) this.#curves.delete(id);
  }
}

/**
 * Figures of a training are means over the epoch so far: those of its first batches are chance, and a curve that
 * begins with them seems to fall. From half an epoch on, or a hundred steps, they tell something.
 */
function isEarly(done: number, total: number, epoch: string | undefined): boolean {
  const [, now, all] = /^(\d{1,9})\/(\d{1,9})$/.exec(epoch ?? "") ?? [];
  if (now === undefined || all === undefined) return false;
  const length = total / Number(all), taken = done - (Number(now) - 1) * length;
  return taken < Math.min(100, length / 2);
}
