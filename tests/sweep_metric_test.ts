/** The figure by which a sweep judges: which way it is better, and which of a curve's values it is. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { Workplace } from "./rig.ts";
import { pageOf, runSweep, stateOf, writeSweep } from "./sweep_rig.ts";

Deno.test("without a goal the metric's own direction holds: the least loss wins", async () => {
  await using place = await Workplace.here();
  const more = { space: "{ x: [0.1, 0.5, 0.9] }", strategy: "grid" };
  // The loss of these stages is their accuracy.
  for (const [metric, x] of [["judge.loss", 0.9], ["judge.accuracy", 0.1], ["work.score", 0.9]]) {
    const goal = metric === "work.score" ? { goal: "minimize" } : undefined;
    await runSweep(place, [writeSweep(place, { ...more, metric: String(metric), ...goal })]);
    const { winner, trials } = stateOf(place);
    assert.equal(trials[winner?.trial ?? -1]?.settings["work.x"], x, String(metric));
  }
});

Deno.test("a curve counts where its stage has kept the result, and page and table say where", async () => {
  await using place = await Workplace.here();
  const file = writeSweep(place, {
    space: "{ x: [0.1, 0.2], keep: [1, 3] }",
    strategy: "grid",
    metric: "work.val_accuracy",
  });
  await runSweep(place, [file]);
  const { trials, baseline, unit } = stateOf(place);
  assert.equal(unit, "epoch");
  const values = trials.map(({ metrics }) => metrics[0]?.value ?? NaN);
  assert.deepEqual(trials.map(({ metrics }) => metrics[0]?.at), [1, 3, 1, 3]);
  assert.ok(Math.abs((values[1] ?? 0) - 3 * (values[0] ?? 0)) < 1e-12);
  // Its stage does not say it: the last.
  assert.deepEqual([baseline?.metrics[0]?.at, baseline?.curves?.["val_accuracy"]?.at(-1)], [
    undefined,
    baseline?.metrics[0]?.value,
  ]);
  const page = Deno.readTextFileSync(pageOf(place));
  assert.match(page, /Of epoch, which was kept<\/th>\s*<td>3<\/td>\s*<td>–<\/td>/);
  const { stdout } = await place.do(["sweep", file, "--export", "csv"]);
  assert.equal(stdout.split("\r\n")[0]?.split(",")[6], "work.val_accuracy.epoch");
  assert.equal(stdout.split("\r\n")[2]?.split(",")[6], "3");
});

Deno.test("an exported table has no digits that are of rounding errors, and a float32 as few as read back", async () => {
  await using place = await Workplace.copy();
  const file = writeSweep(place, {
    strategy: "grid",
    space: "{ x: [0.1, 0.2, 0.4, 0.7] }",
    replicates: "3",
    set: "{ work.noise: 0.1, work.epochs: 9 }",
  });
  const table = async (metric: string, replicates: string) => {
    const text = Deno.readTextFileSync(file).replace(/metric: .*/, `metric: ${metric}`)
      .replace(/replicates: .*/, `replicates: ${replicates}`);
    Deno.writeTextFileSync(file, text);
    await runSweep(place, [file]);
    const { stdout } = await place.do(["sweep", file, "--export", "csv"]);
    const [head = [], ...rows] = stdout.trimEnd().split("\r\n").map((line) => line.split(","));
    const column = (name: string) => rows.map((row) => row[head.indexOf(name)] ?? "");
    return { column, trials: stateOf(place).trials };
  };
  const means = await table("judge.accuracy", "3");
  for (const [i, { metrics, seconds }] of means.trials.entries()) {
    const mean = metrics.reduce((sum, { value }) => sum + value, 0) / 3;
    const told = means.column("judge.accuracy")[i] ?? "";
    assert.ok(told.replace(/\D/g, "").length <= 16 && Math.abs(Number(told) - mean) < 1e-14, told);
    // What a run has counted itself, and what it finds: both are whole milliseconds.
    assert.match(String(seconds), /^\d+(\.\d{1,3})?$/);
    assert.match(means.column("seconds")[i] ?? "", /^\d+(\.\d{1,3})?$/);
  }
  const judge = join(dirname(file), "judge.ts");
  Deno.writeTextFileSync(
    judge,
    Deno.readTextFileSync(judge).replace('loss: { dtype: "float64"', 'loss: { dtype: "float32"')
      .replace('"loss", "float64", [1], Float64Array', '"loss", "float32", [1], Float32Array'),
  );
  const singles = await table("judge.loss", "1");
  for (const [i, { metrics }] of singles.trials.entries()) {
    const told = singles.column("judge.loss")[i] ?? "";
    assert.equal(Math.fround(Number(told)), metrics[0]?.value);
    assert.ok(told.replace(/^\D*0?\.?0*/, "").length <= 9, told);
  }
});

Deno.test("of a training it is the kept epoch's value by which it is judged", async () => {
  await using place = await Workplace.here();
  place.write(
    "sweep/base.yaml",
    `stages:
  shapes: { uses: shapes, with: { train: 200, test: 60, size: 12 } }
  preprocess:
    uses: preprocess
    with: { scaling: 255, validationSplit: 0.25 }
    inputs: { train: shapes.train, test: shapes.test }
  train:
    uses: train
    with:
      layers: [flatten, { dense: { units: 8, activation: relu } }, { dense: { units: 10, activation: softmax } }]
      loss: sparseCategoricalCrossentropy
      optimizer: { type: sgd, learningRate: 0.5 }
      epochs: 6
      checkpoint: { monitor: val_loss }
    inputs: { train: preprocess.train, validation: preprocess.validation }
`,
  );
  const file = place.write(
    "sweep/tuning.yaml",
    "base: ./base.yaml\nstage: train\nmetric: train.val_loss\nspace: { batchSize: [4, 8, 16] }\nstrategy: grid\n",
  );
  await runSweep(place, [file]);
  const { trials } = stateOf(place);
  for (const { metrics, curves } of trials) {
    const [one] = metrics, losses = curves?.["val_loss"] ?? [];
    assert.deepEqual([one?.value, one?.at], [
      Math.min(...losses),
      1 + losses.indexOf(Math.min(...losses)),
    ]);
  }
  assert.ok(trials.some(({ metrics, curves }) => metrics[0]?.at !== curves?.["val_loss"]?.length));
});
