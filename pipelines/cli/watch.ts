/** What is known of a run from its events so far; all that the printers read. Times are given to it. */
import type { MissReason, NodeId, Outcome } from "../plan/plan.ts";
import type { Event, Failure, Told } from "../run/event.ts";
import type { Progress } from "../stage.ts";

/** Speed is measured over at most this much of the past, so that it follows what happens now. */
const WINDOW = 10_000;

export interface Sample {
  readonly at: number;
  readonly done: number;
}

export interface Running {
  readonly node: NodeId;
  readonly reason: MissReason;
  readonly started: number;
  threads: number;
  progress: Progress | null;
  /** Oldest first; begins anew when the count falls or what is counted changes. */
  samples: Sample[];
}

export interface Ended {
  readonly node: NodeId;
  readonly outcome: Outcome;
  readonly milliseconds: number;
  readonly reason: MissReason | null;
  readonly facts: Readonly<Record<string, string>>;
  readonly failure: Failure | null;
  readonly blockedBy: NodeId | null;
  readonly logPath: string | null;
  /** What it has done without. */
  readonly missing: readonly NodeId[];
}

/** How far a sweep is. */
export interface Tried {
  readonly last: Event & { readonly type: "trial-ended" };
  /** Trials an hour since the first that was run; null while too little is known. */
  rate(now: number): number | null;
}

const HOUR = 3_600_000;

/** So many messages are remembered. */
const MOST_SAID = 1000;

export class Watch {
  tried: Tried | null = null;
  /** When the first trial ended that was not there before, and how many have since. */
  #paced: { readonly at: number; count: number } | null = null;

  /** How many the run has, those included that were added. */
  nodes = 0;
  readonly running = new Map<NodeId, Running>();
  readonly ended: Ended[] = [];
  /** Messages of several lines, by who said each first. */
  readonly said = new Map<string, NodeId>();
  started = 0;
  report: string | null = null;
  told: Told = { figures: [], more: 0 };
  end: (Event & { type: "run-ended" }) | null = null;

  /** `now` in milliseconds, from any fixed start. */
  on(event: Event, now: number): void {
    switch (event.type) {
      case "run-started":
        this.nodes = event.nodes.length;
        this.started = now;
        break;
      case "nodes-added":
        this.nodes += event.nodes.length;
        break;
      case "node-started":
        this.running.set(event.node, {
          node: event.node,
          reason: event.reason,
          started: now,
          threads: event.threads,
          progress: null,
          samples: [],
        });
        break;
      case "node-threads": {
        const running = this.running.get(event.node);
        if (running !== undefined) running.threads = event.threads;
        break;
      }
      case "node-progress":
        this.#progress(event.node, event.progress, now);
        break;
      case "node-ended": {
        const before = this.running.get(event.node);
        this.running.delete(event.node);
        this.ended.push({
          node: event.node,
          outcome: event.outcome,
          milliseconds: event.milliseconds,
          reason: before?.reason ?? null,
          facts: before?.progress?.facts ?? {},
          failure: event.failure ?? null,
          blockedBy: event.blockedBy ?? null,
          logPath: event.logPath ?? null,
          missing: event.missing ?? [],
        });
        break;
      }
      case "trial-ended": {
        if (!event.isHit) {
          if (this.#paced === null) this.#paced = { at: now, count: 0 };
          else this.#paced.count++;
        }
        const paced = this.#paced;
        this.tried = {
          last: event,
          rate: (now) =>
            paced === null || paced.count === 0 || now <= paced.at
              ? null
              : paced.count / (now - paced.at) * HOUR,
        };
        break;
      }
      case "report-published":
        // The first is the page; a sweep's second is the winner's config.
        this.report ??= event.path;
        break;
      case "figures":
        this.told = event;
        break;
      case "run-ended":
        this.end = event;
        break;
      case "node-log":
        if (!event.message.trimEnd().includes("\n") || this.said.size >= MOST_SAID) break;
        if (!this.said.has(event.message)) this.said.set(event.message, event.node);
        break;
      case "node-retried":
      case "warning":
      case "note":
      case "diverged":
        break;
      default:
        event satisfies never;
    }
  }

  #progress(node: NodeId, progress: Progress, now: number): void {
    const running = this.running.get(node);
    if (running === undefined) return;
    const last = running.samples.at(-1);
    const before = running.progress;
    if (
      before !== null &&
      (before.unit !== progress.unit || before.total !== progress.total ||
        (last !== undefined && last.done > progress.done))
    ) {
      running.samples = [];
    }
    running.progress = progress;
    running.samples.push({ at: now, done: progress.done });
    // The sample before the window's start is kept, so that slow steps still have two to compare.
    while ((running.samples[1]?.at ?? now) < now - WINDOW) running.samples.shift();
  }

  get waiting(): number {
    return this.nodes - this.running.size - this.ended.length;
  }
}

/** Milliseconds a unit, and until the end, from the samples; null while too little is known. */
export function speed(running: Running): { perUnit: number; left: number } | null {
  const first = running.samples[0];
  const last = running.samples.at(-1);
  if (first === undefined || last === undefined || running.progress === null) return null;
  const done = last.done - first.done;
  const time = last.at - first.at;
  if (done <= 0 || time <= 0) return null;
  const perUnit = time / done;
  return { perUnit, left: Math.max(0, running.progress.total - last.done) * perUnit };
}
