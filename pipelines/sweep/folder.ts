/**
 * What a sweep keeps in the store, in `sweeps/<page>/`, beside the results of its trials: `state.json`, how it
 * stands, for those who watch; `failed/`, a file for each point whose last try failed; `decided-*.jsonl`, which jobs
 * an asynchronous sweep has decided on. All of it may be deleted: trials are found by their keys.
 */
import type { Json } from "../json.ts";
import { digestOf } from "../store/canonical.ts";
import {
  isLink,
  namesIn,
  publishFile,
  readIfThere,
  removeQuietly,
  writeFailure,
} from "../store/files.ts";
import type { Store } from "../store/local.ts";
import { fieldsOf } from "../store/valid.ts";
import type { Loss } from "./ledger.ts";
import type { Job } from "./strategy.ts";
import type { Sweep } from "./sweep.ts";
import type { Point } from "./trials.ts";

/** A sweep that tried more has not been written by us. */
const MOST_JOBS = 200_000;

export class SweepFolder {
  readonly #path: string;

  constructor(readonly store: Store, readonly sweep: Sweep) {
    this.#path = `${store.root}/sweeps/${sweep.page}`;
  }

  /** The last state that was written; null where there is none that can be read. */
  readState(): unknown {
    const text = readIfThere(`${this.#path}/state.json`);
    if (text === null) return null;
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  }
  /** @throws {StoreError} where the store cannot be written */
  writeState(state: unknown): void {
    try {
      publishFile(`${this.#path}/state.json`, `${JSON.stringify(state)}\n`, {
        scratch: `${this.store.root}/tmp`,
      });
    } catch (error) {
      throw writeFailure(this.store.root, error);
    }
  }

  /** Why the last try of a point gave no metric; null: it was not tried, or it did. */
  async readLoss(point: Point): Promise<Loss | null> {
    const text = readIfThere(await this.#lossPath(point));
    if (text === null) return null;
    try {
      const { node, message, log } = fieldsOf(JSON.parse(text));
      // A node's name is what it is called: it is shown, and looked up nowhere.
      return typeof node === "string" && typeof message === "string"
        ? { node: node as Loss["node"], message, log: typeof log === "string" ? log : null }
        : null;
    } catch {
      return null;
    }
  }
  async writeLoss(point: Point, loss: Loss | null): Promise<void> {
    const path = await this.#lossPath(point);
    try {
      if (loss !== null) {
        publishFile(path, `${JSON.stringify(loss)}\n`, { scratch: `${this.store.root}/tmp` });
      } else if (readIfThere(path) !== null) removeQuietly(path);
    } catch (error) {
      throw writeFailure(this.store.root, error);
    }
  }
  /** True if some point has failed: else nobody need ask of each. */
  get hasLosses(): boolean {
    return namesIn(`${this.#path}/failed`).length > 0;
  }

  /** What an asynchronous sweep of this very file has decided before, in order. */
  async readDecisions(): Promise<Job[]> {
    const jobs: Job[] = [];
    for (const line of (readIfThere(await this.#decisionsPath()) ?? "").split("\n")) {
      const job = parseJob(line);
      if (
        job === null || job.number < (jobs.at(-1)?.number ?? -1) + 1 || jobs.length >= MOST_JOBS
      ) break;
      jobs.push(job);
    }
    return jobs;
  }
  /** Appended, without a sync: what is lost is decided again. */
  async writeDecision(job: Job): Promise<void> {
    const path = await this.#decisionsPath();
    try {
      Deno.mkdirSync(this.#path, { recursive: true });
      // A link would be followed out of the store.
      if (isLink(path)) Deno.removeSync(path);
      Deno.writeTextFileSync(path, `${JSON.stringify(job)}\n`, { append: true });
    } catch (error) {
      throw writeFailure(this.store.root, error);
    }
  }

  async #decisionsPath(): Promise<string> {
    const { space, strategy, goal, seed, overrides } = this.sweep;
    // All of it is JSON: another file decides anew.
    const asked = { space, strategy, goal, seed, overrides } as unknown as Json;
    return `${this.#path}/decided-${(await digestOf(asked)).slice(0, 16)}.jsonl`;
  }
  async #lossPath({ values, reach }: Point): Promise<string> {
    return `${this.#path}/failed/${(await digestOf({ values, reach })).slice(0, 32)}.json`;
  }
}

/** Null for what is no job; the last line of a killed sweep may be half of one. */
function parseJob(line: string): Job | null {
  try {
    const { number, trial, values, rung } = fieldsOf(JSON.parse(line));
    const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
    const fits = isCount(number) && isCount(trial) && typeof values === "object" &&
      values !== null && !Array.isArray(values) && (rung === null || isCount(rung));
    return fits ? { number, trial, values, rung } as Job : null; // as was just seen
  } catch {
    return null;
  }
}
