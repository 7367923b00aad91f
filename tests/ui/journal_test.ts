/** What a run writes of its events, and how much. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { NodeId } from "../../pipelines/plan/plan.ts";
import type { Event } from "../../pipelines/run/event.ts";
import { Journal } from "../../pipelines/run/journal.ts";

const A = "a" as NodeId;
const about = {
  run: "20260101-000000-abcd",
  config: "made",
  path: "made.yaml",
  command: [],
  sweep: null,
  node: () => undefined,
};
const started: Event = {
  type: "node-started",
  node: A,
  reason: { type: "never-run" },
  threads: 1,
};
const progress = (done: number): Event => ({
  type: "node-progress",
  node: A,
  progress: { done, total: 20_000, unit: "step" },
});
const ended: Event = { type: "node-ended", node: A, outcome: "ran", milliseconds: 1 };

/** What is written of these events in a folder. */
function written(root: string, events: readonly Event[]): Record<string, unknown>[] {
  let told = 0;
  const journal = new Journal(root, about, () => told++);
  for (const event of events) journal.on(event);
  journal.close();
  assert.equal(told, events.length, "all is passed on");
  return Deno.readTextFileSync(join(root, "events", `${about.run}.jsonl`)).trimEnd().split("\n")
    .map((line) => JSON.parse(line));
}

Deno.test("progress is written once a second at most, and the last of each node", async () => {
  const root = await Deno.makeTempDir({ prefix: "crisol-" });
  try {
    const start = performance.now();
    const many = Array.from({ length: 20_000 }, (_, i) => progress(i + 1));
    const lines = written(root, [started, ...many, ended]);
    const seconds = Math.ceil((performance.now() - start) / 1000);
    const done = lines.flatMap((line) =>
      line["type"] === "node-progress" ? [(line["progress"] as { done: number }).done] : []
    );
    assert.equal(done[0], 1);
    assert.equal(done.at(-1), 20_000);
    assert.ok(done.length <= seconds + 1, `${done.length} in ${seconds} s`);
    assert.equal(lines.at(-1)?.["type"], "node-ended");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("a store that cannot be written ends the writing alone", async () => {
  const root = await Deno.makeTempDir({ prefix: "crisol-" });
  try {
    Deno.writeTextFileSync(join(root, "events"), "a file in the folder's place");
    let told = 0;
    const journal = new Journal(root, about, () => told++);
    for (const event of [started, progress(1), ended]) journal.on(event);
    journal.close();
    assert.equal(told, 3);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
