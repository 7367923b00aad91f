/** Files of events that a test writes, and a stream that it reads as a browser would. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { mark } from "../../pipelines/store/marker.ts";
import type { Patch } from "../../pipelines/ui/views.ts";
import { Server } from "./rig.ts";

export const RUN = "20260101-000000-abcd";
export const FIRST = {
  at: 1000,
  type: "run",
  version: 1,
  run: RUN,
  config: "made",
  path: "made.yaml",
  command: ["deno", "task", "run", "made.yaml"],
  sweep: null,
  slurm: null,
};
export const NODES = {
  at: 1001,
  type: "run-started",
  run: RUN,
  nodes: [{ id: "a", stage: "a", feeds: [] }, { id: "b@x", stage: "b", feeds: ["a"] }],
  jobs: 1,
};
export const progress = (node: string, done: number) => ({
  at: 2000 + done,
  type: "node-progress",
  node,
  progress: { done, total: 5000, unit: "step", facts: { loss: String(1 / done), phase: "1 of 2" } },
});
export const lines = (...all: readonly unknown[]) =>
  all.map((one) => `${JSON.stringify(one)}\n`).join("");

/** A store with a file of events that the test writes. */
export class Made implements AsyncDisposable {
  private constructor(readonly root: string, readonly server: Server) {
    mark(root);
    Deno.mkdirSync(join(root, "events"));
  }
  static async start(): Promise<Made> {
    const root = await Deno.makeTempDir({ prefix: "crisol-ui-" });
    return new Made(root, await Server.start(root));
  }
  get path(): string {
    return join(this.root, "events", `${RUN}.jsonl`);
  }
  append(text: string): void {
    Deno.writeTextFileSync(this.path, text, { append: true });
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await Deno.remove(this.root, { recursive: true });
  }
}

interface Message {
  readonly event: string;
  readonly id: string | null;
  readonly data: unknown;
}

/** A stream as EventSource reads it. */
export class Stream implements AsyncDisposable {
  readonly messages: Message[] = [];
  #rest = "";
  #seen = 0;
  private constructor(readonly reader: ReadableStreamDefaultReader<string>) {}

  static async open(server: Server, run: string | null, seen?: string): Promise<Stream> {
    const response = await fetch(`${server.url}events${run === null ? "" : `?run=${run}`}`, {
      headers: seen === undefined ? {} : { "last-event-id": seen },
      signal: AbortSignal.timeout(30_000),
    });
    assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
    assert.ok(response.body);
    return new Stream(response.body.pipeThrough(new TextDecoderStream()).getReader());
  }

  /** Reads on until there is such a message, behind the one that was found last. */
  async next<T>(event: string, isIt: (data: T) => boolean = () => true): Promise<T> {
    for (;;) {
      while (this.#seen >= this.messages.length) await this.#read();
      const message = this.messages[this.#seen++];
      if (message?.event !== event) continue;
      const data = message.data as T; // what the server says it is
      if (isIt(data)) return data;
    }
  }

  get lastId(): string {
    return this.messages.findLast(({ id }) => id !== null)?.id ?? "";
  }
  patches(): Patch[] {
    return this.messages.filter(({ event }) => event === "run").map(({ data }) => data as Patch);
  }

  async #read(): Promise<void> {
    const { value, done } = await this.reader.read();
    assert.ok(!done, "the stream has ended");
    const parts = (this.#rest + value).split("\n\n");
    this.#rest = parts.pop() ?? "";
    for (const part of parts) {
      const fields = new Map(
        part.split("\n").map((line) => {
          const at = line.indexOf(": ");
          return [line.slice(0, at), line.slice(at + 2)];
        }),
      );
      const data = fields.get("data");
      if (data === undefined) continue;
      this.messages.push({
        event: fields.get("event") ?? "",
        id: fields.get("id") ?? null,
        data: JSON.parse(data),
      });
    }
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.reader.cancel();
  }
}
