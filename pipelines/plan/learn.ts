/** What a stage says of itself, asked of its bundle in a process without permissions. */
import { ensurePackages } from "../executors/packages.ts";
import { spawn, type StageProcess } from "../executors/process.ts";
import type { Reply, Request } from "../host/protocol.ts";
import type { Json } from "../json.ts";
import type { Store } from "../store/local.ts";
import type { Code, Description } from "./plan.ts";

type CheckedReply = Reply & { type: "checked" };

/** A stage that cannot be asked: its module throws, or is no stage. */
export class LearnError extends Error {
  override readonly name = "LearnError";
}

/** Milliseconds for one answer: a stage that looks at its params needs one of them. */
const PATIENCE = 60_000;

/** One process a bundle, started when the first answer is not known yet. */
export class Learner {
  readonly #processes = new Map<string, Asking>();
  readonly #checks = new Map<string, Promise<CheckedReply>>();
  constructor(readonly store: Store) {}

  async describe(code: Code): Promise<Description> {
    const key = { bundle: code.bundle };
    const known = await this.store.readCache("descriptions", key);
    if (known !== null) return known as Description; // written below
    const reply = await this.#ask(code, { type: "describe" });
    if (reply.type !== "described") throw new LearnError("It gives no description of itself");
    await this.store.writeCache("descriptions", key, reply.description);
    return reply.description;
  }

  /** Cells that differ in their seed alone ask the same: it is answered once. */
  check(
    code: Code,
    params: Json,
    inputs: (Request & { type: "check" })["inputs"],
  ): Promise<CheckedReply> {
    const asked = JSON.stringify([code.bundle, params, inputs]);
    const known = this.#checks.get(asked) ?? this.#check(code, params, inputs);
    this.#checks.set(asked, known);
    return known;
  }

  async #check(
    code: Code,
    params: Json,
    inputs: (Request & { type: "check" })["inputs"],
  ): Promise<CheckedReply> {
    // Shapes are JSON.
    const key = { bundle: code.bundle, params, inputs: inputs as unknown as Json };
    const known = await this.store.readCache("checks", key);
    if (known !== null) return known as CheckedReply; // written below
    const reply = await this.#ask(code, { type: "check", params, inputs });
    if (reply.type !== "checked") throw new LearnError("It gives no answer to a check");
    await this.store.writeCache("checks", key, reply);
    return reply;
  }

  async close(): Promise<void> {
    for (const process of this.#processes.values()) await process.close();
    this.#processes.clear();
  }

  async #ask(code: Code, request: Request): Promise<Reply> {
    const folder = this.store.bundleFolder(code.bundle);
    let process = this.#processes.get(folder);
    if (process === undefined) {
      process = new Asking(folder, this.store.root);
      this.#processes.set(folder, process);
    }
    return await process.ask(request);
  }
}

/** Questions to one process, one after another. */
class Asking {
  #last: Promise<unknown> = Promise.resolve();
  #process: StageProcess | null = null;
  #replies: AsyncGenerator<Reply> | null = null;

  constructor(readonly bundle: string, readonly store: string) {}

  ask(request: Request): Promise<Reply> {
    const next = this.#last.then(() => this.#ask(request));
    this.#last = next.catch(() => {});
    return next;
  }

  async #ask(request: Request): Promise<Reply> {
    if (this.#process === null) {
      await ensurePackages(this.bundle, this.store);
      this.#process = spawn({ bundle: this.bundle });
      this.#replies = this.#process.replies();
    }
    const process = this.#process;
    const timer = setTimeout(() => process.kill(), PATIENCE);
    try {
      await process.send(request).catch(() => {}); // its end is seen below, with what it printed
      const { value } = await this.#replies?.next() ?? { value: undefined };
      if (value !== undefined) return value;
    } finally {
      clearTimeout(timer);
    }
    this.#process = null;
    const status = await process.ended;
    throw new LearnError(
      lastWords(process.tail()) ??
        (status.signal === null
          ? `its process ended with code ${status.code} and no answer`
          : `its process was killed by ${status.signal}`),
    );
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#process?.close();
    await this.#process?.ended;
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
