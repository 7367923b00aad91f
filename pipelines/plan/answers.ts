/** What a stage has answered to `check`, kept in few files: each that is written is synced to the disk. */
import { createHash } from "node:crypto";
import type { Reply, Request } from "../host/protocol.ts";
import type { Store } from "../store/local.ts";
import type { Digest } from "./plan.ts";

export type Check = Omit<Request & { type: "check" }, "type">;
export type Checked = Reply & { type: "checked" };

/** Characters of answers in a file, and files of a bundle: beyond, answers are not kept, which costs time only. */
const PART = 1024 * 1024;
const MOST_PARTS = 32;

type Part = Record<Digest, Checked>;

/** The answers of one bundle. */
export class Answers {
  readonly #known = new Map<Digest, Checked>();
  /** The file that has room, and its answers. */
  #number = 0;
  #part: Part = {};
  #size = 0;
  #unsaved = 0;

  private constructor(readonly store: Store, readonly bundle: Digest) {}

  static async open(store: Store, bundle: Digest): Promise<Answers> {
    const answers = new Answers(store, bundle);
    await answers.#load();
    return answers;
  }

  get(key: Digest): Checked | undefined {
    return this.#known.get(key);
  }

  async add(key: Digest, answer: Checked): Promise<void> {
    this.#known.set(key, answer);
    this.#part[key] = answer;
    const size = JSON.stringify(answer).length;
    this.#size += size;
    this.#unsaved += size;
    if (this.#size < PART) return;
    await this.save();
    this.#begin(this.#number + 1, {});
  }

  /** Writes what is new. */
  async save(): Promise<void> {
    if (this.#unsaved === 0 || this.#number >= MOST_PARTS) return;
    await this.store.writeCache("checks", this.#keyOf(this.#number), this.#part);
    this.#unsaved = 0;
  }

  async #load(): Promise<void> {
    for (let number = 0; number < MOST_PARTS; number++) {
      const found = await this.store.readCache("checks", this.#keyOf(number));
      if (found === null) return;
      const part = found as Part; // written by `save`
      // Digests are what it is keyed by.
      for (const [key, answer] of Object.entries(part)) this.#known.set(key as Digest, answer);
      const isFull = JSON.stringify(part).length >= PART;
      this.#begin(isFull ? number + 1 : number, isFull ? {} : part);
    }
  }

  #begin(number: number, part: Part): void {
    this.#number = number;
    this.#part = part;
    this.#size = Object.values(part).reduce((sum, one) => sum + JSON.stringify(one).length, 0);
    this.#unsaved = 0;
  }

  #keyOf(part: number) {
    return { bundle: this.bundle, part };
  }
}

/** Cells that differ in their seed alone ask the same. */
export function keyOfCheck({ params, inputs, names }: Check): Digest {
  // Not by `crypto.subtle`, which takes ten times as long for a short text: there are thousands.
  const hash = createHash("sha256").update(JSON.stringify([params, inputs, names]));
  return hash.digest("hex") as Digest; // SHA-256 in hexadecimal
}
