/** What of a run's events is kept in its file of events, and how often. */
import type { Json, JsonObject } from "../json.ts";
import type { Node, NodeId } from "../plan/plan.ts";
import { EventsFile } from "../store/events.ts";
import type { Event, Failure, Listener } from "./event.ts";

/** What the first line says of the run. */
export interface About {
  readonly run: string;
  /** The config's name, and its path. */
  readonly config: string;
  readonly path: string;
  readonly command: readonly string[];
  /** Name of the sweep whose trials these are; null: a plain run. */
  readonly sweep: string | null;
  /** What feeds the nodes is read of them here, also of those that come later. */
  readonly node: (id: NodeId) => Node | undefined;
}

/** A node's progress is written at most this often, in milliseconds, and at its end. */
const EVERY = 1000;
/** Characters of a message that are kept; the log has all of it. */
const MOST = 4000;

/**
 * A listener that passes everything on, and writes it to `events/<run>.jsonl` of the store (`root`). A run of hits
 * alone leaves no file: it is over before somebody could watch it.
 */
export class Journal {
  #file: EventsFile | null = null;
  /** What has happened before the file was opened. */
  #before: JsonObject[] = [];
  /** By node: when progress was last written, and what has come since. */
  readonly #progress = new Map<NodeId, { at: number; waiting: JsonObject | null }>();

  constructor(readonly root: string, readonly about: About, readonly listen: Listener) {
    const { run, config, path, command, sweep } = about;
    this.#before.push({
      at: Date.now(),
      type: "run",
      version: 1,
      run,
      config,
      path,
      command: [...command],
      sweep,
      // Of a run on a node of a cluster, whose lock another host may not see.
      slurm: Deno.env.get("SLURM_JOB_ID") ?? null,
    });
  }

  readonly on: Listener = (event) => {
    this.listen(event);
    const at = Date.now();
    if (event.type === "node-progress") return this.#onProgress(event, at);
    if (event.type === "node-ended" || event.type === "node-retried") this.#flush(event.node);
    const isWork = event.type === "node-started" ||
      (event.type === "node-ended" && event.outcome !== "hit");
    if (isWork && this.#file === null) {
      this.#file = new EventsFile(this.root, this.about.run);
      for (const line of this.#before) this.#file.write(line);
      this.#before = [];
    }
    this.#write({ at, ...this.#lineOf(event) }, event.type === "node-log");
  };

  close(): void {
    this.#file?.close();
  }

  #write(line: JsonObject, isBulk: boolean): void {
    if (this.#file === null) this.#before.push(line);
    else this.#file.write(line, isBulk);
  }

  #onProgress({ type, node, progress }: Event & { type: "node-progress" }, at: number): void {
    const line = { at, type, node, progress: { ...progress, facts: { ...progress.facts } } };
    const last = this.#progress.get(node);
    if (last !== undefined && at - last.at < EVERY) last.waiting = line;
    else {
      this.#progress.set(node, { at, waiting: null });
      this.#write(line, true);
    }
  }

  /** Writes the last progress of a node. */
  #flush(node: NodeId): void {
    const waiting = this.#progress.get(node)?.waiting ?? null;
    if (waiting !== null) this.#write(waiting, true);
    this.#progress.delete(node);
  }

  #lineOf(event: Event): JsonObject {
    switch (event.type) {
      case "run-started":
      case "nodes-added":
        return { ...event, nodes: event.nodes.map((id) => this.#nodeOf(id)) };
      case "node-retried":
        return { ...event, failure: failureOf(event.failure) };
      case "node-started":
        return { type: event.type, node: event.node, threads: event.threads };
      case "node-ended": {
        const { failure, ...rest } = event;
        return { ...rest, ...failure === undefined ? {} : { failure: failureOf(failure) } };
      }
      case "diverged":
        return { type: event.type, node: event.node };
      case "node-log":
        // The log has all of it.
        return { ...event, message: firstLine(event.message) };
      case "warning":
      case "note":
        return { ...event, message: event.message.slice(0, MOST) };
      case "node-progress":
        return { type: event.type, node: event.node }; // written by `#onProgress`
      case "node-threads":
      case "report-published":
      case "trial-ended":
      case "run-ended":
        return { ...event };
      case "figures":
        return {
          ...event,
          figures: event.figures.map((one) => ({ ...one, values: { ...one.values } })),
        };
      default:
        return event satisfies never;
    }
  }

  #nodeOf(id: NodeId): Json {
    const node = this.about.node(id);
    const feeds = new Set(Object.values(node?.feeds ?? {}).flat().map((feed) => feed.node));
    return { id, stage: node?.stage ?? id.split("@")[0] ?? id, feeds: [...feeds] };
  }
}

function failureOf({ type, message, help }: Failure): JsonObject {
  return { type, message: message.slice(0, MOST), ...help === undefined ? {} : { help } };
}

function firstLine(text: string): string {
  return (text.split("\n", 1)[0] ?? "").slice(0, MOST);
}
