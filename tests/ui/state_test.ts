/** What of a run's events is kept to be drawn. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { RunState } from "../../pipelines/ui/state.ts";
import { FIRST, lines, Made, NODES, RUN } from "./made.ts";

/** A state that has seen these events. */
function told(...events: readonly unknown[]): RunState {
  const state = new RunState();
  events.forEach((event, i) => state.fold(JSON.stringify(event), i + 1));
  return state;
}

const begun = [FIRST, NODES, { at: 1500, type: "node-started", node: "a", threads: 1 }];
const step = (done: number, total: number, epoch: string) => ({
  at: 2000 + done,
  type: "node-progress",
  node: "a",
  progress: { done, total, unit: "step", facts: { loss: "0.5", epoch } },
});
const drawn = (state: RunState) => state.since(0).curves["a"]?.map(({ done }) => done);

Deno.test("means over the first batches of an epoch are no points of a curve", () => {
  // Two epochs of four steps.
  const short = [1, 2, 3, 4, 5, 6, 7, 8].map((done) => step(done, 8, done <= 4 ? "1/2" : "2/2"));
  assert.deepEqual(drawn(told(...begun, ...short)), [2, 3, 4, 6, 7, 8]);
  // Of a long epoch a hundred steps are enough.
  const long = [1, 99, 100, 5000].map((done) => step(done, 20000, "1/2"));
  assert.deepEqual(drawn(told(...begun, ...long)), [100, 5000]);
  // What the node tells of itself is there all the same.
  assert.equal(told(...begun, step(1, 8, "1/2")).since(0).nodes[0]?.progress?.done, 1);
});

Deno.test("a run's page is shown apart from all else, and only while it is of that run", async () => {
  await using made = await Made.start();
  const page = (id: string) =>
    `<h1>Shown</h1><script type="application/json" id="crisol-lineage">{"id":"${id}"}</script>`;
  const path = join(made.root, "page.html"), other = join(made.root, "other.html");
  const missing = join(made.root, "none.html"), text = join(made.root, "page.txt");
  await Deno.writeTextFile(path, page(RUN));
  await Deno.writeTextFile(other, "<h1>Not ours</h1>");
  await Deno.writeTextFile(text, page(RUN));
  const published = [path, other, missing, text].map((path) => ({
    at: 3000,
    type: "report-published",
    path,
  }));
  made.append(lines(FIRST, NODES, ...published));
  const ask = async (run: string, number: number) => {
    const response = await fetch(`${made.server.url}page?run=${run}&number=${number}`);
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  const shown = await ask(RUN, 0);
  assert.deepEqual([shown.status, shown.text], [200, page(RUN)]);
  // Its script has no origin, and so reaches nothing of this server.
  const policy = shown.headers.get("content-security-policy") ?? "";
  assert.match(policy, /^sandbox allow-scripts; default-src 'none';/);
  assert.doesNotMatch(policy, /allow-same-origin|connect-src/);
  for (const number of [1, 2, 3, -1, 99]) assert.equal((await ask(RUN, number)).status, 404);
  assert.equal((await ask("20260101-000000-dcba", 0)).status, 404);
  await Deno.writeTextFile(path, page("20270101-000000-abcd"));
  const replaced = await ask(RUN, 0);
  assert.equal(replaced.status, 404);
  assert.match(replaced.text, /another run of its config may have replaced it/);
});
