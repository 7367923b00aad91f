/** Plans of many cells, made at once, one by one, and with code that was learned elsewhere. */
import assert from "node:assert/strict";
import { CellIndex, joinInputs, joinOwn } from "../pipelines/plan/join.ts";
import type { Frozen } from "../pipelines/plan/make.ts";
import { packPlan, unpackPlan } from "../pipelines/plan/packed.ts";
import { STAGE } from "./run_stages.ts";
import { Trials } from "./run_trials.ts";

Deno.test("trials that are planned one by one are those that are planned together", async () => {
  await using trials = await Trials.of("");
  const values = Array.from({ length: 30 }, (_, index) => 3 * index);
  const together = await trials.plan(values);
  assert.equal(together.nodes.length, 1 + 2 * values.length);
  const alone = new Map<string, unknown>();
  for (const value of values) {
    for (const node of await trials.nodes(value)) alone.set(node.id, node);
  }
  assert.deepEqual(new Map(together.nodes.map((node) => [node.id, node])), alone);
  const last = together.nodes.find(({ id }) => id === "after@trial=87");
  assert.deepEqual(last?.feeds["before"], [{ node: "one@trial=87", output: "out", name: "" }]);
});

Deno.test("what was learned stays learned: later edits change no plan, and answers lie in one file", async () => {
  await using trials = await Trials.of("");
  const before = await trials.plan([1, 2]);
  trials.place.write(STAGE, "no stage at all");
  const { nodes } = await trials.plan(Array.from({ length: 500 }, (_, index) => index));
  assert.equal(nodes.length, 1001);
  assert.deepEqual(nodes.find(({ id }) => id === "one@trial=1")?.code, before.nodes[0]?.code);
  await trials.planner.close();
  assert.equal([...Deno.readDirSync(`${trials.place.store}/cache/checks`)].length, 1);
});

Deno.test("a planner with frozen stages makes the plans of the sources that they were learned from", async () => {
  await using trials = await Trials.of("");
  const plan = await trials.plan([1, 2]);
  const frozen = JSON.parse(JSON.stringify(await trials.planner.freeze())) as Frozen; // as it was
  await trials.planner.close();
  trials.place.edit(STAGE, "z.number().default(1)", "z.number().default(5)");
  const later = trials.open(frozen);
  const others = trials.open();
  try {
    assert.deepEqual(await trials.plan([1, 2], later), plan);
    assert.notDeepEqual(await trials.plan([1, 2], others), plan);
    // What it has not been asked before it asks of the code that was submitted.
    const more = await trials.plan([3], later);
    assert.deepEqual(more.nodes[1]?.code, plan.nodes[1]?.code);
    assert.deepEqual(more.nodes[1]?.params, { value: 3, text: "" });
  } finally {
    await later.close();
    await others.close();
  }
});

Deno.test("answers to checks are found by a later planner, which starts no process for them", async () => {
  await using trials = await Trials.of("");
  const values = Array.from({ length: 40 }, (_, index) => index);
  const plan = await trials.plan(values);
  const frozen = await trials.planner.freeze();
  await trials.planner.close();
  const [code] = Object.values(frozen.stages).map((stage) => stage.code);
  assert.ok(code);
  // Nobody can be asked.
  Deno.removeSync(trials.store.bundleFolder(code.bundle), { recursive: true });
  const later = trials.open(frozen);
  assert.deepEqual(await trials.plan(values, later), plan);
  await assert.rejects(trials.plan([41], later), /cannot check its params/);
  await later.close();
});

Deno.test("a kept plan holds code and descriptions once, and comes back as it was", async () => {
  await using trials = await Trials.of("");
  const plan = await trials.plan(Array.from({ length: 200 }, (_, index) => index));
  const text = JSON.stringify(packPlan(plan));
  assert.equal(text.split(plan.nodes[0]?.code.bundle ?? "none").length, 2);
  assert.deepEqual(unpackPlan(JSON.parse(text)), plan);
});

Deno.test("cells are found by what they share with another, as by asking each", () => {
  const at = (axis: string, label: number, origin = "a") => ({
    axis,
    origin,
    label: String(label),
  });
  const grid = [0, 1, 2].flatMap((x) =>
    [0, 1].flatMap((y) => [[at("x", x), at("y", y)], [at("y", y), at("z", x)]])
  );
  const all = [[], [at("x", 1, "b")], ...grid, [at("x", 2)]];
  const index = new CellIndex(all, (cell) => cell);
  for (const cell of all) {
    const fitting = all.filter((other) =>
      cell.every((one) =>
        other.every((two) =>
          one.axis !== two.axis || one.origin !== two.origin || one.label === two.label
        )
      )
    );
    assert.deepEqual(index.fitting(cell), fitting, JSON.stringify(cell));
  }
});

Deno.test("cells that are joined are bounded before they are made", () => {
  const cells = Array.from({ length: 1000 }, (_, index) => [
    { axis: "trial", origin: "", label: String(index) },
  ]);
  const type = { arity: "one", what: "" } as const;
  const joined = joinInputs([{ name: "a", type, cells }], null, 1000);
  assert.ok(joined instanceof CellIndex);
  assert.equal(joined.all.length, 1000);
  assert.deepEqual(joinOwn(joined, cells[7] ?? [], null, 1000), [cells[7]]);
  const other = cells.map((cell) => cell.map((one) => ({ ...one, axis: "other" })));
  const both = [{ name: "a", type, cells }, { name: "b", type, cells: other }];
  assert.equal(joinInputs(both, "product", 1000), null);
  const apart = joinInputs(both, null, 1000);
  assert.ok(apart !== null && "axes" in apart);
  assert.equal(apart.input, "b");
});
