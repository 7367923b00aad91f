/** A sweep's file: what it becomes, and what is said of one that is wrong, as whole texts. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../pipelines/config/config.ts";
import { renderDiagnostics } from "../pipelines/config/render.ts";
import { type ReadSweep, readSweep } from "../pipelines/sweep/read.ts";
import type { Goal } from "../pipelines/sweep/sweep.ts";
import { ROOT, Workplace } from "./rig.ts";
import { writeSweep } from "./sweep_rig.ts";

const BASE = join(ROOT, "configs", "quickstart.yaml");

async function read(
  lines: readonly string[],
  overrides: readonly string[] = [],
): Promise<ReadSweep<Goal | null>> {
  const folder = await Deno.makeTempDir({ prefix: "crisol-" });
  try {
    const path = join(folder, "tuning.yaml");
    await Deno.writeTextFile(path, `base: ${BASE}\n${lines.join("\n")}\n`);
    return await readSweep(path, ROOT, overrides);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The complaints, each without its source: message, line and help. */
async function complaints(...lines: readonly string[]): Promise<string[]> {
  try {
    await read(lines);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.diagnostics.map(({ message, location, help }) =>
      `${location?.line ?? "-"}: ${message}${help === undefined ? "" : ` / ${help}`}`
    );
  }
  return [];
}

const SPACE = "space: { batchSize: [16, 32] }";

Deno.test("a sweep that says little gets the defaults", async () => {
  const { sweep } = await read(["stage: train@baseline", SPACE, "budget: 5"]);
  assert.deepEqual(
    { ...sweep, path: "", base: "", page: "" },
    {
      path: "",
      page: "",
      name: "tuning",
      base: "",
      overrides: [],
      seed: 1,
      space: [{
        path: "train.batchSize",
        domain: {
          type: "choice",
          choices: [{ name: "16", value: 16 }, { name: "32", value: 32 }],
        },
        when: [],
      }],
      metric: { stage: "evaluate", tensor: "accuracy", on: "validation" },
      goal: null,
      strategy: { type: "random" },
      rungs: null,
      budget: { trials: 5, time: null },
      replicates: 1,
      retries: 0,
      timeout: null,
      asynchronous: false,
      cells: { train: "baseline" },
    },
  );
});

Deno.test("paths may name their stages, choices their values, and conditions a choice by its name", async () => {
  const { sweep, keys } = await read([
    "space:",
    "  preprocess.scaling: [255, standardize]",
    "  train@sparse.optimizer: { choice: { slow: { type: sgd }, quick: adam } }",
    "  train@sparse.optimizer.momentum:",
    "    { float: [0, 0.9], step: 0.1, when: { train@sparse.optimizer: slow } }",
    "metric: { of: train.val_loss, on: test }",
    "goal: minimize",
    "strategy: grid",
    "timeout: 90s",
  ]);
  assert.deepEqual(sweep.cells, { train: "sparse" });
  assert.equal(keys.get("train.optimizer"), "train@sparse.optimizer");
  assert.deepEqual(sweep.space[2], {
    path: "train.optimizer.momentum",
    domain: { type: "float", min: 0, max: 0.9, log: false, step: 0.1, points: null },
    when: [{ path: "train.optimizer", is: [{ type: "sgd" }] }],
  });
  assert.deepEqual(sweep.metric, { stage: "train", tensor: "val_loss", on: "test" });
  assert.equal(sweep.timeout, 90_000);
  assert.equal(sweep.budget.trials, 20_000);
});

Deno.test("all that is wrong in a file is told at once, each at its place", async () => {
  assert.deepEqual(
    await complaints(
      "stage: train",
      "metrik: evaluate.accuracy",
      "goal: max",
      "space:",
      "  batchSize: []",
      "  optimizer.learningRate: { float: [1.0e-2, 1.0e-4], log: true }",
      "  layers.0.conv2d.filters: { int: [4, 8.5] }",
      "  dropout: { float: [0, 1], int: [1, 2] }",
      "  a: [1, 1]",
      "  b: { int: [4, 4] }",
      '  "x y": [1]',
      "  momentum: { float: [0, 1], when: { optimiser: sgd } }",
      "strategy: { type: halfing, eta: 3 }",
      "budget: { trails: 3 }",
      "replicates: 0",
      "timeout: 3 hours",
    ),
    [
      '3: Unknown key "metrik" / Did you mean "metric"?',
      '4: Found "max", wanted "maximize" or "minimize"',
      "6: There is nothing to choose from",
      "7: The range ends before it begins: 0.01, 0.0001",
      "8: Found a list, wanted [least, most], two whole numbers",
      "9: Found float and int, wanted one of float, int and choice",
      "10: 1 is here already",
      '11: The range begins and ends at 4 / One value is a list of one: "[4]"',
      '12: "x y" is no path to a param / Write the name of a param of "train", with dots for its parts',
      '13: No param "optimiser" stands before this one / There is: a',
      '14: There is no strategy "halfing" / Did you mean "halving"?',
      '15: There is no budget / Say how many points are tried: "budget: { trials: 60 }"',
      '15: Unknown key "trails" / Did you mean "trials"?',
      "16: Found 0, wanted a whole number from 1 to 100",
      '17: Found "3 hours", wanted a time, e.g. 90min, 2h, 45s',
    ],
  );
});

Deno.test("stages, variants and figures that the base does not have are told with the nearest ones", async () => {
  const budget = "budget: 5";
  assert.deepEqual(await complaints("stage: trian@baseline", SPACE, budget), [
    '2: There is no stage "trian" in "quickstart" / Did you mean "train"?',
  ]);
  assert.deepEqual(await complaints("stage: train", SPACE, budget), [
    '2: "train" has variants / Say which is swept: "train@baseline"; there are: baseline, sparse, ' +
    "augmented, batch-norm",
  ]);
  assert.deepEqual(await complaints("stage: train@spares", SPACE, budget), [
    '2: "train" has no variant "spares" / Did you mean "sparse"?',
  ]);
  assert.deepEqual(
    await complaints("stage: train@sparse", SPACE, budget, "metric: evaluated.loss"),
    [
      '5: There is no stage "evaluated" in "quickstart" / Did you mean "evaluate"?',
    ],
  );
  assert.deepEqual(
    await complaints("space: { train@sparse.epochs: [1], train@baseline.batchSize: [1] }", budget),
    ['2: "train" is swept as "sparse" above: one sweep takes one of them'],
  );
});

Deno.test("a grid wants ranges with a number of points, halving wants rungs that its space does not hold", async () => {
  const stage = "stage: train@baseline";
  assert.deepEqual(
    await complaints(stage, "strategy: grid", "space: { dropout: { float: [0, 1] } }"),
    [
      "4: A grid cannot take all of a range / " +
      'Say how many: "points: 5", or give a "step" or a list',
    ],
  );
  assert.deepEqual(await complaints(stage, SPACE, "budget: 5", "strategy: halving"), [
    '5: The strategy has no rungs / e.g. "rungs: [1, 3, 9]", in epochs',
  ]);
  assert.deepEqual(
    await complaints(
      stage,
      "space: { epochs: [1, 2] }",
      "budget: 5",
      "strategy: { type: asha, rungs: [1, 2] }",
    ),
    ['3: "train.epochs" is what the rungs of "strategy" count: the space cannot hold it'],
  );
});

Deno.test("each end of the space is tried before anything runs, and told where it stands in the sweep", async () => {
  await using place = await Workplace.here();
  const file = writeSweep(place, {
    space: "{ x: { float: [0, 1.5] }, kind: [plain, nice], z: [1] }",
  });
  const { code, stdout, stderr } = await place.do(["sweep", file]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  const told = stderr.split("\n").filter((line) => /^error|^[0-9]+ \|/.test(line));
  const line = "4 | space: { x: { float: [0, 1.5] }, kind: [plain, nice], z: [1] }";
  assert.deepEqual(told, [
    'error: "work.x" cannot be this: Found 1.5, wanted at most 1',
    line,
    'error: "work.kind" cannot be this: Found "nice", wanted one of "plain", "bad", "odd", "flaky", "slow"',
    line,
    'error: "work.z" cannot be this: Unknown key "z"',
    line,
  ]);
});

Deno.test("what only the stages can tell has its place, too", async () => {
  await using place = await Workplace.here();
  const told = async (more: Readonly<Record<string, string>>, base?: string) => {
    const { code, stderr } = await place.do(["sweep", writeSweep(place, more, base)]);
    assert.equal(code, 2, stderr);
    return stderr.split("\n").filter((line) => /^error| help:/.test(line)).map((line) =>
      line.trim()
    );
  };
  assert.deepEqual(await told({ metric: "judge.acuracy" }), [
    'error: "judge" gives no figure "acuracy"',
    'help: Did you mean "accuracy"?',
  ]);
  assert.deepEqual(
    await told({
      strategy: "{ type: halving, rungs: [1, 2], of: work.y }",
      space: "{ x: [0, 1] }",
    }),
    [
      'error: "work" does not go on by "y": each rung would train from the start',
      'help: it goes on by "epochs": "of: work.epochs"',
    ],
  );
  assert.deepEqual(await told({ metric: "work.score" }), [
    'error: "work" does not say whether more or less of "score" is better',
    'help: Say it: "goal: maximize" or "goal: minimize"',
  ]);
  assert.deepEqual(await told({ metric: "data.validation" }), [
    'error: "data" gives no figure "validation"',
    "help: There is: score",
  ]);
  assert.deepEqual(await told({ metric: "data.score" }), [
    'error: Nothing that "data" is made of is swept: all trials are the same',
  ]);
  assert.deepEqual(await told({ stage: "judge", space: "{ extra: [1] }", metric: "work.score" }), [
    'error: Nothing that "work" is made of is swept: all trials are the same',
  ]);
  const aside = "stages:\n  work: { uses: ./work.ts }\n  data: { uses: ./data.ts }\n" +
    "  aside: { uses: ./work.ts }\n" +
    "  judge: { uses: ./judge.ts, inputs: { model: work.model, data: data.test } }\n";
  const space = "{ work.x: [0, 1], aside.x: [0, 1] }";
  const lines = ["base: ./base.yaml", "metric: judge.accuracy", `space: ${space}`, "budget: 2"];
  writeSweep(place, {}, aside);
  const both = await place.do(["sweep", place.write("sweep/both.yaml", lines.join("\n"))]);
  assert.deepEqual([both.code, /^error: (.*)$/m.exec(both.stderr)?.[1]], [
    2,
    '"judge" is not made of what "aside" gives: "aside.x" would change nothing',
  ]);
  const unsplit = "stages:\n  work: { uses: ./work.ts }\n  once: { uses: ./work.ts }\n" +
    "  judge: { uses: ./judge.ts, inputs: { model: work.model, data: other.test } }\n" +
    "  other: { uses: ./other.ts }\n";
  place.write(
    "sweep/other.ts",
    Deno.readTextFileSync(join(place.folder, "sweep", "data.ts"))
      .replace("validation: { kind", "rest: { kind").replace("outputs.validation", "outputs.rest"),
  );
  assert.deepEqual(await told({}, unsplit), [
    'error: Trials cannot be judged by "other.validation": "other" has no output "validation"',
    'help: Split off validation data, as preprocess does, or say "metric: { of: ..., on: test }"',
  ]);
});

Deno.test("train and evaluate say themselves which way their figures are better", async () => {
  await using place = await Workplace.here();
  const lines = (metric: string) =>
    `base: ${BASE}\nstage: train@baseline\nmetric: ${metric}\n${SPACE}\nbudget: 1\n`;
  for (
    const [metric, goal] of [
      ["evaluate.loss", "minimize"],
      ["evaluate.accuracy", "maximize"],
      ["evaluate.calibrationError", "minimize"],
      ["train.val_loss", "minimize"],
      ["train.val_accuracy", "maximize"],
    ] as const
  ) {
    const file = place.write("sweep/own.yaml", lines(metric));
    const { stdout, stderr } = await place.do(["sweep", file, "--dry-run"]);
    assert.match(stdout, new RegExp(`^random search, 1 trials, to ${goal} ${metric}`), stderr);
  }
  const file = place.write("sweep/own.yaml", lines("evaluate.precision"));
  const { code, stderr } = await place.do(["sweep", file, "--dry-run"]);
  assert.equal(code, 2);
  assert.match(stderr, /"evaluate" does not say whether more or less of "precision" is better/);
});

Deno.test("a sweep and a config that are taken for each other are told apart", async () => {
  await using place = await Workplace.here();
  const sweep = writeSweep(place);
  const one = await place.do(["run", sweep]);
  assert.deepEqual([one.code, /^error: (.*)$/m.exec(one.stderr)?.[1]], [
    2,
    "This is a sweep, not a config",
  ]);
  const other = await place.do(["sweep", "configs/quickstart.yaml"]);
  assert.deepEqual([other.code, /^error: (.*)$/m.exec(other.stderr)?.[1]], [
    2,
    "This is a config, not a sweep",
  ]);
});

Deno.test("the diagnostics of a sweep underline its source", async () => {
  try {
    await read(["stage: train@baseline", "space: { batchSize: [16, 16] }", "budget: 5"]);
    assert.fail("it was read");
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    const [first, location, ...more] = renderDiagnostics(error.diagnostics).split("\n");
    assert.equal(first, "error: 16 is here already");
    assert.match(location ?? "", /tuning\.yaml:3:26$/);
    // The file is gone by now: only its place is known.
    assert.deepEqual(more, []);
  }
});
