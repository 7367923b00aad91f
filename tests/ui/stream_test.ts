/** What the stream tells of files of events, whatever is in them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Patch, RunView, SweepView } from "../../pipelines/ui/views.ts";
import { TINY, Workplace } from "../rig.ts";
import { FIRST, lines, Made, NODES, progress, RUN, Stream } from "./made.ts";
import { Server } from "./rig.ts";

const hasRun = (status: string) => ({ changed }: { changed: RunView[] }) =>
  changed.some((run) => run.id === RUN && run.status === status);

Deno.test("a stream goes on behind the last id, without a gap and without a line twice, on another server", async () => {
  await using made = await Made.start();
  made.append(lines(FIRST, NODES, { at: 1500, type: "node-started", node: "a", threads: 1 }));
  made.append(lines(...[1, 2, 3].map((done) => progress("a", done))));
  let id = "";
  {
    await using stream = await Stream.open(made.server, RUN);
    const patch = await stream.next<Patch>("run");
    assert.equal(patch.since, 0);
    assert.equal(patch.about?.config, "made");
    assert.deepEqual(patch.stages, [{ name: "a", feeds: [] }, { name: "b", feeds: ["a"] }]);
    assert.deepEqual(patch.curves["a"]?.map(({ done }) => done), [1, 2, 3]);
    assert.deepEqual(patch.curves["a"]?.[1]?.values, { loss: 0.5 });
    id = stream.lastId;
  }
  made.append(lines(progress("a", 4), progress("a", 5)));
  made.append(
    lines({ at: 9000, type: "node-ended", node: "a", outcome: "ran", milliseconds: 7500 }),
  );
  await using other = await Server.start(made.root);
  await using stream = await Stream.open(other, RUN, id);
  const patch = await stream.next<Patch>("run");
  assert.equal(`${RUN}:${patch.since}`, id);
  assert.equal(patch.about, null);
  assert.deepEqual(patch.curves["a"]?.map(({ done }) => done), [4, 5]);
  assert.deepEqual(patch.nodes.map((node) => [node.id, node.state, node.milliseconds]), [
    ["a", "ran", 7500],
  ]);
  // What comes while it is open is told once.
  made.append(lines({ at: 9100, type: "node-started", node: "b@x", threads: 1 }));
  await stream.next<Patch>("run", ({ nodes }) => nodes[0]?.state === "running");
  made.append(lines(progress("b@x", 1)));
  await stream.next<Patch>("run", ({ curves }) => curves["b@x"] !== undefined);
  assert.deepEqual(stream.patches().map(({ nodes }) => nodes.map((node) => node.id)), [
    ["a"],
    ["b@x"],
    ["b@x"],
  ]);
});

Deno.test("half a line waits for its end; what is no JSON, no event or of no node is passed over", async () => {
  await using made = await Made.start();
  const start = lines({ at: 1500, type: "node-started", node: "a", threads: 1 });
  made.append(lines(FIRST) + 'no JSON\n\n[1, 2]\nnull\n"text"\n' + lines(NODES));
  made.append(lines({ type: "node-started" }, { type: "node-ended", node: "a", outcome: "?" }));
  made.append(lines({ type: "run-started", nodes: [1, { id: 5 }, {}] }, progress("elsewhere", 1)));
  made.append(start.slice(0, 20));
  await using stream = await Stream.open(made.server, RUN);
  const patch = await stream.next<Patch>("run");
  assert.deepEqual(patch.nodes.map(({ id, state }) => [id, state]), [
    ["a", "waiting"],
    ["b@x", "waiting"],
  ]);
  made.append(start.slice(20));
  const next = await stream.next<Patch>("run", ({ since }) => since > 0);
  assert.deepEqual(next.nodes.map(({ id, state }) => [id, state]), [["a", "running"]]);
});

Deno.test("a line beyond all bounds is passed over, and what comes after it is told", async () => {
  await using made = await Made.start();
  made.append(lines(FIRST, NODES));
  made.append(lines({ type: "warning", message: "x".repeat(20 * 1024 * 1024) }));
  made.append(lines({ at: 1500, type: "node-started", node: "a", threads: 1 }));
  await using stream = await Stream.open(made.server, RUN);
  await stream.next<Patch>("run", ({ nodes }) => nodes.some(({ state }) => state === "running"));
  assert.deepEqual(stream.patches().flatMap(({ notes }) => notes), []);
});

Deno.test("a file that is cut off or written anew is told from its start, and one that is gone leaves the list", async () => {
  await using made = await Made.start();
  made.append(lines(FIRST, NODES, { at: 1500, type: "node-started", node: "a", threads: 1 }));
  await using stream = await Stream.open(made.server, RUN);
  await stream.next<Patch>("run");
  Deno.writeTextFileSync(made.path, lines({ ...FIRST, config: "other" }, NODES));
  const patch = await stream.next<Patch>("run", ({ about }) => about?.config === "other");
  assert.equal(patch.since, 0);
  assert.deepEqual(patch.nodes.map(({ state }) => state), ["waiting", "waiting"]);
  Deno.removeSync(made.path);
  await stream.next<{ ids: string[] }>("runs", ({ ids }) => ids.length === 0);
});

Deno.test("a run without an end is broken off where nobody holds its file; on another host it is only silent", async () => {
  await using made = await Made.start();
  await using stream = await Stream.open(made.server, null);
  const file = Deno.openSync(made.path, { append: true, create: true });
  file.lockSync(true);
  made.append(lines(FIRST, NODES));
  await stream.next("runs", hasRun("running"));
  file.close();
  await stream.next("runs", hasRun("broken"));
  Deno.removeSync(made.path);
  await stream.next<{ ids: string[] }>("runs", ({ ids }) => ids.length === 0);
  // It has told nothing since 1970, and no lock of it was ever seen here.
  made.append(lines({ ...FIRST, slurm: "17" }, NODES));
  await stream.next("runs", hasRun("silent"));
  made.append(lines({ at: Date.now(), type: "node-started", node: "a", threads: 1 }));
  await stream.next("runs", hasRun("running"));
});

Deno.test("a curve of a long night has few points, its first and its last among them", async () => {
  await using made = await Made.start();
  made.append(lines(FIRST, NODES, { at: 1500, type: "node-started", node: "a", threads: 1 }));
  made.append(lines(...Array.from({ length: 5000 }, (_, i) => progress("a", i + 1))));
  await using stream = await Stream.open(made.server, RUN);
  const { curves } = await stream.next<Patch>("run");
  const points = curves["a"]?.map(({ done }) => done) ?? [];
  assert.ok(points.length > 200 && points.length <= 400, String(points.length));
  assert.equal(points[0], 1);
  assert.equal(points.at(-1), 5000);
  const gaps = new Set(points.slice(1, -1).map((done, index) => done - (points[index] ?? 0)));
  assert.equal(gaps.size, 1);
});

Deno.test("a sweep's ten best are those of its state, the goal's way round", async () => {
  await using made = await Made.start();
  made.append(lines({ ...FIRST, sweep: "tuning" }, NODES));
  const trial = (number: number, state = "done") => ({
    trial: number,
    state,
    metrics: [{ seed: "1", value: number / 100 }, { seed: "2", value: number / 100 + 0.02 }],
    values: { "train.lr": number },
  });
  const trials = [...Array.from({ length: 20 }, (_, i) => trial(i)), trial(90, "pruned")];
  const write = (state: unknown) => {
    Deno.mkdirSync(join(made.root, "sweeps", "tuning"), { recursive: true });
    Deno.writeTextFileSync(
      join(made.root, "sweeps", "tuning", "state.json"),
      JSON.stringify(state),
    );
  };
  await using stream = await Stream.open(made.server, RUN);
  await stream.next<Patch>("run");
  write({ metric: "evaluate.loss", goal: "minimize", trials, left: 5 });
  const least = await stream.next<SweepView>("sweep");
  assert.deepEqual(least.best.map((one) => one.trial), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(least.counts, { done: 20, pruned: 1, failed: 0, running: 0 });
  assert.equal(least.left, 5);
  assert.ok(Math.abs((least.best[3]?.metric ?? 0) - 0.04) < 1e-12);
  write({ metric: "evaluate.accuracy", goal: "maximize", trials });
  const most = await stream.next<SweepView>("sweep", ({ goal }) => goal === "maximize");
  assert.deepEqual(most.best.slice(0, 2).map((one) => one.trial), [19, 18]);
  // Of halving, who has gone further stands before who looks better after less.
  const reached = trials.map((one) => ({ ...one, reached: one.trial < 3 ? 9 : 1 }));
  write({
    metric: "m",
    goal: "maximize",
    trials: reached,
    rungs: { param: "epochs", values: [1, 9] },
  });
  const halved = await stream.next<SweepView>("sweep", ({ rungs }) => rungs === "epochs");
  assert.deepEqual(halved.best.slice(0, 4).map((one) => one.trial), [2, 1, 0, 19]);
});

Deno.test("a run writes what it does as it does it, and a run of hits alone writes nothing", async () => {
  await using place = await Workplace.here();
  await place.run([TINY]);
  const folder = join(place.store, "events");
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  assert.equal(names.length, 1);
  const text = Deno.readTextFileSync(join(folder, names[0] ?? ""));
  const events = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(events.slice(0, 2).map(({ type }) => type), ["run", "run-started"]);
  assert.equal(events.at(-1).type, "run-ended");
  const evaluate = events[1].nodes.find(({ id }: { id: string }) => id === "evaluate@logits");
  assert.deepEqual(evaluate, {
    id: "evaluate@logits",
    stage: "evaluate",
    feeds: ["train@logits", "preprocess"],
  });
  for (const train of ["train@baseline", "train@logits", "train@augmented"]) {
    const told = events.filter(({ type, node }) => type === "node-progress" && node === train);
    // The last one is there, however soon after the one before.
    assert.equal(told.at(-1).progress.done, told.at(-1).progress.total);
    const times = told.slice(0, -1).map(({ at }) => at);
    assert.ok(times.every((at, index) => index === 0 || at - times[index - 1] >= 1000));
  }
  await place.run([TINY]);
  assert.equal([...Deno.readDirSync(folder)].length, 1);

  await place.do(["gc", "--keep-runs", "2", "--keep-locked"]);
  assert.equal([...Deno.readDirSync(folder)].length, 1);
  // The events of a run go with its record; those of one that was broken off, which has none, as well.
  Deno.writeTextFileSync(join(folder, `${RUN}.jsonl`), lines(FIRST));
  await place.do(["gc", "--keep-runs", "1"]);
  assert.deepEqual([...Deno.readDirSync(folder)], []);
});
