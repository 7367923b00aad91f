/** The winner as a config and as `--set` words: both are the very trial. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { Workplace } from "./rig.ts";
import { pageOf, runSweep, stateOf, writeSweep } from "./sweep_rig.ts";

const BASE = `seed: 1
stages:
  data: { uses: ./data.ts }
  work:
    uses: ./work.ts
    with: { x: 0.5, layers: [{ units: 3 }, { units: 4 }] }
    variants:
      one:
      two: { with: { layers: [{ units: 9 }] } }
  judge: { uses: ./judge.ts, inputs: { model: work.model, data: data.test } }
`;

const SWEEP = {
  stage: "work@two",
  set: "{ work.noise: 0.01 }",
  space: "{ y: [4, 5], layers.0.units: [7] }",
  strategy: "{ type: halving, eta: 2, rungs: [2, 5] }",
  budget: "2",
};

Deno.test("the winner is a variant beside the base's own, whose results are there", async () => {
  await using place = await Workplace.here();
  await runSweep(place, [writeSweep(place, SWEEP, BASE)]);
  const path = pageOf(place, "-winner.yaml");
  const { stages } = parse(Deno.readTextFileSync(path));
  assert.deepEqual(stages.work.variants, {
    one: null,
    two: { with: { layers: [{ units: 9 }] } },
    winner: { with: { layers: [{ units: 7 }], y: 5, epochs: 5 } },
  });
  assert.deepEqual(stages.work.with, { x: 0.5, layers: [{ units: 3 }, { units: 4 }], noise: 0.01 });
  const { code, stdout } = await place.do(["plan", path, "judge@winner"]);
  assert.equal(code, 0);
  assert.match(stdout, /^hit 3, to run 0, waiting 0$/m);
});

Deno.test("the page's --set words make the base config the winner", async () => {
  await using place = await Workplace.here();
  await runSweep(place, [writeSweep(place, SWEEP, BASE)]);
  const { winner } = stateOf(place);
  assert.deepEqual(winner?.sets, [
    "work.noise=0.01",
    "work@two.y=5",
    "work@two.epochs=5",
    "work@two.layers.0.units=7",
  ]);
  const sets = winner.sets.flatMap((one) => ["--set", one]);
  const { stdout } = await place.do([
    "plan",
    join(place.folder, "sweep", "base.yaml"),
    "judge@two",
    ...sets,
  ]);
  assert.match(stdout, /^hit 3, to run 0, waiting 0$/m);
});

Deno.test("a map that the winner replaces is not merged with that of its stage", async () => {
  await using place = await Workplace.here();
  const base = BASE.replace("x: 0.5, layers", "x: 0.5, options: { a: 1 }, layers");
  const file = writeSweep(place, {
    ...SWEEP,
    space: "{ y: [4], options: { choice: { other: { b: 2 } } } }",
    budget: "1",
  }, base);
  const stage = join(place.folder, "sweep", "work.ts");
  Deno.writeTextFileSync(
    stage,
    Deno.readTextFileSync(stage).replace(
      "noise: z",
      "options: z.record(z.string(), z.int()).default({}),\n    noise: z",
    ),
  );
  await runSweep(place, [file]);
  const path = pageOf(place, "-winner.yaml");
  const { stages } = parse(Deno.readTextFileSync(path));
  assert.equal(stages.work.with.options, undefined);
  assert.deepEqual(stages.work.variants.one, { with: { options: { a: 1 } } });
  assert.deepEqual(stages.work.variants.winner.with.options, { b: 2 });
  const { stdout } = await place.do(["plan", path, "judge@winner"]);
  assert.match(stdout, /^hit 3, to run 0, waiting 0$/m);
});

Deno.test("a part of a param is set after the whole, whichever of them the space or set names first", async () => {
  await using place = await Workplace.here();
  const file = writeSweep(place, {
    ...SWEEP,
    set: "{ work.layers.0.units: 5, work.layers: [{ units: 1 }, { units: 2 }] }",
    space: "{ layers.0.units: [7], layers: { choice: { pair: [{ units: 3 }, { units: 4 }] } } }",
    budget: "1",
  }, BASE);
  await runSweep(place, [file]);
  const path = pageOf(place, "-winner.yaml");
  const { stages } = parse(Deno.readTextFileSync(path));
  assert.deepEqual(stages.work.with.layers, [{ units: 5 }, { units: 2 }]);
  assert.deepEqual(stages.work.variants.winner.with.layers, [{ units: 7 }, { units: 4 }]);
  const { stdout } = await place.do(["plan", path, "judge@winner"]);
  assert.match(stdout, /^hit 3, to run 0, waiting 0$/m);
  const { winner } = stateOf(place);
  assert.deepEqual(winner?.sets.map((one) => one.split("=")[0]), [
    "work.layers",
    "work.layers.0.units",
    "work@two.layers",
    "work@two.epochs",
    "work@two.layers.0.units",
  ]);
});
