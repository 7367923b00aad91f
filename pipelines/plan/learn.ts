/** What a stage says of itself, asked of its bundle in a process without permissions. */
import { ensurePackages } from "../executors/packages.ts";
import { ReplyError } from "../executors/output.ts";
import { spawn, type StageProcess } from "../executors/process.ts";
import type { Reply, Request } from "../host/protocol.ts";
import type { Store } from "../store/local.ts";
import { Answers, type Check, type Checked, keyOfCheck } from "./answers.ts";
import { getOrAdd } from "./cells.ts";
import type { Code, Description, Digest } from "./plan.ts";

/** A stage that cannot be asked: its module throws, or is no stage. */
export class LearnError extends Error {
  override readonly name = "LearnError";
}

/** Milliseconds for one answer, its process's start included: a stage that looks at its params needs one of them. */
const PATIENCE = 20_000;

/** One process a bundle, started when the first answer is not known yet. */
export class Learner {
  readonly #processes = new Map<Digest, Asking>();
  readonly #answers = new Map<Digest, Promise<Answers>>();

  /** `patience`: milliseconds that it waits for one answer. */
  constructor(readonly store: Store, readonly patience = PATIENCE) {}

  async describe(code: Code): Promise<Description> {
    const key = { bundle: code.bundle };
    const known = await this.store.readCache("descriptions", key);
    if (known !== null) return known as Description; // written below
    const [reply] = await this.#ask(code, [{ type: "describe" }]);
    if (reply?.type !== "described") throw new LearnError("It gives no description of itself");
    await this.store.writeCache("descriptions", key, reply.description);
    return reply.description;
  }

  /** The answer to each, in order; what was answered before is not asked again. */
  async check(code: Code, checks: readonly Check[]): Promise<Checked[]> {
    const { bundle } = code;
    const opened = getOrAdd(this.#answers, bundle, () => Answers.open(this.store, bundle));
    const answers = await opened;
    const keys = checks.map(keyOfCheck);
    const unknown = new Map<Digest, Request>();
    for (const [index, key] of keys.entries()) {
      const check = checks[index];
      if (check !== undefined && answers.get(key) === undefined) {
        unknown.set(key, { type: "check", ...check });
      }
    }
    const replies = await this.#ask(code, [...unknown.values()]);
    for (const [index, key] of [...unknown.keys()].entries()) {
      const reply = replies[index];
      if (reply?.type !== "checked") throw new LearnError("It gives no answer to a check");
      await answers.add(key, reply);
    }
    return keys.map((key) => {
      const answer = answers.get(key);
      if (answer === undefined) throw new Error("A check has no answer"); // all were added above
      return answer;
    });
  }

  async close(): Promise<void> {
    for (const answers of this.#answers.values()) await (await answers).save();
    for (const process of this.#processes.values()) await process.close();
    this.#processes.clear();
  }

  async #ask({ bundle }: Code, requests: readonly Request[]): Promise<Reply[]> {
    if (requests.length === 0) return [];
    const process = getOrAdd(
      this.#processes,
      bundle,
      () => new Asking(this.store.bundleFolder(bundle), this.store.root, this.patience),
    );
    return await process.ask(requests);
  }
}

/** Questions to one process, some at once. */
class Asking {
  #last: Promise<unknown> = Promise.resolve();
  #process: StageProcess | null = null;
  #replies: AsyncGenerator<Reply> | null = null;

  constructor(readonly bundle: string, readonly store: string, readonly patience: number) {}

  ask(requests: readonly Request[]): Promise<Reply[]> {
    const next = this.#last.then(() => this.#ask(requests));
    this.#last = next.catch(() => {});
    return next;
  }

  async #ask(requests: readonly Request[]): Promise<Reply[]> {
    if (this.#process === null) {
      await ensurePackages(this.bundle, this.store);
      this.#process = spawn({ bundle: this.bundle });
      this.#replies = this.#process.replies();
    }
    const process = this.#process;
    // Beside the reading of answers: who waits for them to be read takes no more questions.
    const send = async () => {
      for (const request of requests) await process.send(request);
    };
    send().catch(() => {}); // its end is seen below, with what it printed
    const replies: Reply[] = [];
    while (replies.length < requests.length) {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        process.kill();
      }, this.patience);
      try {
        const { value } = await this.#replies?.next() ?? { value: undefined };
        if (value === undefined) return await this.#fail(process, isLate);
        if (value.type === "failed") throw new LearnError(value.failure.message);
        replies.push(value);
      } catch (error) {
        // What it says from here on answers nothing that was asked.
        await this.#end();
        throw error instanceof ReplyError ? new LearnError(error.message) : error;
      } finally {
        clearTimeout(timer);
      }
    }
    return replies;
  }

  async #end(): Promise<void> {
    const process = this.#process;
    this.#process = null;
    process?.kill();
    await process?.ended;
  }

  async #fail(process: StageProcess, isLate: boolean): Promise<never> {
    this.#process = null;
    const status = await process.ended;
    if (isLate) {
      throw new LearnError(
        `it gave no answer within ${this.patience / 1000} s: what it does as it loads, and ` +
          "its `check`, must be quick",
      );
    }
    throw new LearnError(
      lastWords(process.tail()) ??
        (status.signal === null
          ? `its process ended with code ${status.code} and no answer`
          : `its process was killed by ${status.signal}`),
    );
  }

  async close(): Promise<void> {
    await this.#last;
    // It has nothing to save, and may not listen.
    await this.#end();
  }
}

/** The line that says what went wrong, of all that the process printed; null if it printed nothing. */
function lastWords(text: string): string | null {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const error = lines.find((line) => /^(error|Uncaught)\b/i.test(line)) ?? lines.at(-1);
  const refused = /NotCapable: (?:Requires )?(.+?)(?:, run again with .*)?$/.exec(error ?? "")?.[1];
  if (refused !== undefined) {
    return `as it loads it wants ${refused}: a stage reaches out in \`run\` alone, by what it declares`;
  }
  return error?.replace(/^error: (Uncaught )?(\(in promise\) )?(Error: )?/, "")
    .replace(/, run again with the --allow-\S+ flag$/, "") ?? null;
}
