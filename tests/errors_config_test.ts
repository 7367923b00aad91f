/** Configs that are wrong in every way, through the command line: whole messages, at their place. */
import assert from "node:assert/strict";
import { Workplace } from "./rig.ts";
import { CONFIG, own, STAGE, stageText } from "./run_stages.ts";

const BASE = `stages:
  shapes: { uses: shapes, with: { train: 80, test: 40, size: 12 } }
  split:
    uses: preprocess
    with: { scaling: 255, validationSplit: 0.25 }
    inputs: { train: shapes.train, test: shapes.test }
  train:
    uses: train
    with:
      layers:
        - conv2d: { filters: 4, kernelSize: 3, activation: relu }
        - flatten
        - dense: { units: 10, activation: softmax }
      loss: categoricalCrossentropy
      optimizer: rmsprop
      epochs: 1
    inputs: { train: split.train, validation: split.validation }
  evaluate:
    uses: evaluate
    inputs: { model: train.model, data: split.test }
`;

interface Case {
  readonly what: string;
  /** Replaced once in `BASE`. */
  readonly from: string;
  readonly to: string;
  readonly words?: readonly string[];
  readonly told: string;
}

const CASES: readonly Case[] = [
  {
    what: "what is no YAML",
    from: "uses: evaluate",
    to: 'uses: "evaluate',
    told: `error: Not valid YAML: Missing closing "quote
  --> configs/c.yaml:21:1
`,
  },
  {
    what: "an unknown key",
    from: `    uses: evaluate
`,
    to: `    uses: evaluate
    wiht: {}
`,
    told: `error: Unknown key "wiht"
  --> configs/c.yaml:20:5
20 |     wiht: {}
   |     ^^^^
  help: Did you mean "with"?
`,
  },
  {
    what: "an unknown param",
    from: "epochs: 1",
    to: "epoch: 3",
    told: `error: Unknown key "epoch"
  --> configs/c.yaml:16:7
16 |       epoch: 3
   |       ^^^^^
  help: Did you mean "epochs"?
`,
  },
  {
    what: "an unknown param of a layer",
    from: "kernelSize: 3",
    to: "kernelSise: 3",
    told: `error: Unknown key "kernelSise"
  --> configs/c.yaml:11:33
11 |         - conv2d: { filters: 4, kernelSise: 3, activation: relu }
   |                                 ^^^^^^^^^^
  help: Did you mean "kernelSize"?
`,
  },
  {
    what: "an unknown layer",
    from: "- flatten",
    to: "- flaten",
    told:
      `error: Found "flaten", wanted one of "conv2d", "maxPooling2d", "averagePooling2d", "dropout", "batchNormalization", "activation", "flatten", "dense"
  --> configs/c.yaml:12:11
12 |         - flaten
   |           ^^^^^^
  help: Did you mean "flatten"?
`,
  },
  {
    what: "a param of the wrong type",
    from: "epochs: 1",
    to: "epochs: many",
    told: `error: Found "many", wanted a number
  --> configs/c.yaml:16:15
16 |       epochs: many
   |               ^^^^
`,
  },
  {
    what: "a param out of its range",
    from: "epochs: 1",
    to: "epochs: 0",
    told: `error: Found 0, wanted at least 1
  --> configs/c.yaml:16:15
16 |       epochs: 0
   |               ^
`,
  },
  {
    what: "an unknown choice",
    from: "optimizer: rmsprop",
    to: "optimizer: rmspop",
    told: `error: Found "rmspop", wanted one of "rmsprop", "adam", "sgd"
  --> configs/c.yaml:15:18
15 |       optimizer: rmspop
   |                  ^^^^^^
  help: Did you mean "rmsprop"?
`,
  },
  {
    what: "a cycle",
    from: "train: shapes.train, test",
    to: "train: train.history, test",
    told: `error: The stages make a cycle: split > train > split
  --> configs/c.yaml:17:22
17 |     inputs: { train: split.train, validation: split.validation }
   |                      ^^^^^^^^^^^
  help: Each of them takes what the one before it makes, so that none can be first
`,
  },
  {
    what: "an unknown stage file",
    from: `uses: train
`,
    to: `uses: trian
`,
    told: `error: There is no stage file "stages/trian.ts"
 --> configs/c.yaml:8:11
8 |     uses: trian
  |           ^^^^^
  help: Did you mean "train"?
`,
  },
  {
    what: "an input from an unknown stage",
    from: "model: train.model",
    to: "model: trian.model",
    told: `error: There is no stage "trian"
  --> configs/c.yaml:20:22
20 |     inputs: { model: trian.model, data: split.test }
   |                      ^^^^^^^^^^^
  help: Did you mean "train"?
`,
  },
  {
    what: "an unknown output",
    from: "model: train.model",
    to: "model: train.modle",
    told: `error: "train" has no output "modle"
  --> configs/c.yaml:20:22
20 |     inputs: { model: train.modle, data: split.test }
   |                      ^^^^^^^^^^^
  help: Did you mean "model"?
`,
  },
  {
    what: "an unknown input",
    from: "model: train.model",
    to: "modle: train.model",
    told: `error: "evaluate" has no input "modle"
  --> configs/c.yaml:20:22
20 |     inputs: { modle: train.model, data: split.test }
   |                      ^^^^^^^^^^^
  help: Did you mean "model"?
`,
  },
  {
    what: "a missing input",
    from: "model: train.model, data",
    to: "data",
    told: `error: "evaluate" lacks its input "model": a trained model
  --> configs/c.yaml:20:13
20 |     inputs: { data: split.test }
   |             ^^^^^^^^^^^^^^^^^^^^
`,
  },
  {
    what: "a stage of several outputs",
    from: "data: split.test",
    to: "data: split",
    told: `error: "split" has 4 outputs
  --> configs/c.yaml:20:41
20 |     inputs: { model: train.model, data: split }
   |                                         ^^^^^
  help: say which: split.train, split.validation, split.test, split.preview
`,
  },
  {
    what: "a page where images are wanted",
    from: `    inputs: { model: train.model, data: split.test }
`,
    to: `    inputs: { model: train.model, data: split.test }
  page:
    uses: report
    inputs: { models: train.model, metrics: evaluate.metrics, predictions: evaluate.predictions, test: split.test }
  again:
    uses: evaluate
    inputs: { model: train.model, data: page.page }
`,
    told: `error: "page.page" does not fit "data": it is a file, wanted labelled images to test with
  --> configs/c.yaml:26:41
26 |     inputs: { model: train.model, data: page.page }
   |                                         ^^^^^^^^^
`,
  },
  {
    what: "other tensors than wanted",
    from: "data: split.test",
    to: "data: split.preview",
    told:
      `error: "split.preview" does not fit "data": it holds no tensor "images" (but counts, histogram, samples, sampleLabels), wanted labelled images to test with
  --> configs/c.yaml:20:41
20 |     inputs: { model: train.model, data: split.preview }
   |                                         ^^^^^^^^^^^^^
`,
  },
  {
    what: "unrelated cells",
    from: `    inputs: { train: shapes.train, test: shapes.test }
  train:
    uses: train
`,
    to: `    seeds: 2
    inputs: { train: shapes.train, test: shapes.test }
  train:
    uses: train
    variants: { a: {}, b: {} }
`,
    told:
      `error: The cells of "train" have nothing in common along "seed" of "split" and "variant" of "train"
 --> configs/c.yaml:9:5
9 |     uses: train
  |     ^^^^^^^^^^^
  help: Say \`join: product\` in "train" to have all their combinations
`,
  },
  {
    what: "an empty matrix",
    from: `      epochs: 1
`,
    to: `      epochs: 1
    matrix: { batchSize: [] }
`,
    told: `error: Found an empty list, wanted at least one value
  --> configs/c.yaml:17:26
17 |     matrix: { batchSize: [] }
   |                          ^^
`,
  },
  {
    what: "a layer that does not fit",
    from: "kernelSize: 3",
    to: "kernelSize: 20",
    told:
      `error: Layer "conv2d" (conv2d) does not fit: a window of 20x20 does not fit into an image of 12x12 with padding "valid"; use a smaller window, or padding "same"
  --> configs/c.yaml:11:11
11 |         - conv2d: { filters: 4, kernelSize: 20, activation: relu }
   |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
  },
  {
    what: "a last activation from which the loss cannot learn",
    from: "loss: categoricalCrossentropy",
    to: "loss: { type: categoricalCrossentropy, fromLogits: true }",
    told:
      `error: Layer "dense" ends the model with the activation softmax, and the loss takes logits: it gives probabilities, of which the loss makes probabilities again: no class can have a probability near 1
  --> configs/c.yaml:13:11
13 |         - dense: { units: 10, activation: softmax }
   |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  help: Take the activation away, or say "loss: categoricalCrossentropy"
`,
  },
  {
    what: "an override without a value",
    from: "",
    to: "",
    words: ["--set", "train.epochs"],
    told: `error: Cannot set "train.epochs": it has no value
  help: Write "stage.param=value", "stage@variant.param=value" or "seed=value"
`,
  },
  {
    what: "an override of an unknown stage",
    from: "",
    to: "",
    words: ["--set", "trian.epochs=3"],
    told: `error: Cannot set "trian.epochs=3": there is no stage "trian"
  help: Did you mean "train"?
`,
  },
  {
    what: "an override of an unknown param",
    from: "",
    to: "",
    words: ["--set", "train.epoch=3"],
    told: `error: Cannot set "train.epoch=3": unknown key "epoch"
  help: Did you mean "epochs"?
`,
  },
  {
    what: "an override of the wrong type",
    from: "",
    to: "",
    words: ["--set", "train.epochs=many"],
    told: `error: Cannot set "train.epochs=many": found "many", wanted a number
`,
  },
  {
    what: "an override that is no YAML",
    from: "",
    to: "",
    words: ["--set", "train.epochs=[1"],
    told: `error: Cannot set "train.epochs=[1": not valid YAML: Flow sequence must end with a ]
`,
  },
  {
    what: "an unknown node",
    from: "",
    to: "",
    words: ["evalute"],
    told: `error: There is no node "evalute" in c
  help: Did you mean "evaluate"?
`,
  },
];

Deno.test("a config that is wrong is told at its place, with exit code 2", async (t) => {
  await using place = await Workplace.copy();
  for (const { what, from, to, words = [], told } of CASES) {
    await t.step(what, async () => {
      assert.ok(BASE.includes(from));
      place.write("configs/c.yaml", BASE.replace(from, () => to));
      const { code, stdout, stderr } = await place.do(["run", "configs/c.yaml", ...words]);
      assert.equal(stderr, told);
      assert.deepEqual([code, stdout], [2, ""]);
    });
  }

  await t.step("a file that is not there", async () => {
    const { code, stderr } = await place.do(["run", "configs/fasion.yaml"]);
    assert.equal(
      stderr,
      `error: There is no config "configs/fasion.yaml"
  help: Did you mean "configs/fashion.yaml"?
`,
    );
    assert.equal(code, 2);
  });

  await t.step("unrelated cells make their product where that is asked for", async () => {
    const { from = "", to = "" } = CASES.find(({ what }) => what === "unrelated cells") ?? {};
    const text = BASE.replace(from, () => `${to}    join: product\n`);
    place.write("configs/c.yaml", text);
    const { code, stdout } = await place.do(["plan", "configs/c.yaml", "train"]);
    assert.equal(code, 0);
    assert.deepEqual(stdout.match(/^train@\S+/gm)?.sort(), [
      "train@seed=1,a",
      "train@seed=1,b",
      "train@seed=2,a",
      "train@seed=2,b",
    ]);
  });
});

const PATTERN = '"own.ts" or what it imports has an import() of something that is no plain text: ' +
  "such code would run without being part of its identity";

/** Modules that are no stage, and what is told of them. */
const MODULES: readonly {
  readonly what: string;
  readonly text: string;
  readonly told: string;
}[] = [
  {
    what: "does not parse",
    text: "export default {{;\n",
    told: 'Expected identifier but found "{" (configs/own.ts:1:17)',
  },
  {
    what: "throws",
    text: stageText("").replace("export default", 'throw new Error("No wheels");\nexport default'),
    told: "No wheels",
  },
  {
    what: "ends its process",
    text: stageText("").replace("export default", "Deno.exit(3);\nexport default"),
    told: "A stage has no Deno.exit: it ends when `run` returns, and fails when that throws",
  },
  {
    what: "reads a file",
    text: stageText("").replace(
      "export default",
      'Deno.readTextFileSync("/etc/hosts");\nexport default',
    ),
    told: 'as it loads it wants read access to "/etc/hosts": a stage reaches out in `run` alone, ' +
      "by what it declares",
  },
  {
    what: "uses import.meta",
    text: stageText("log(import.meta.url);"),
    told:
      '"own.ts" or what it imports uses import.meta: what it would read is not part of its identity ' +
      "(configs/own.ts:14:9)",
  },
  {
    what: "imports what it makes up",
    text: stageText("await import(params.text);"),
    told: `${PATTERN} (configs/own.ts:14:11)`,
  },
  {
    what: "imports by a pattern",
    text: stageText('await import("./" + params.text);'),
    told: `${PATTERN} (configs/own.ts:14:18)`,
  },
  {
    what: "imports a file that is not there",
    text: `import "./gone.ts";\n${stageText("")}`,
    told: '"./gone.ts" names no file (configs/own.ts:1:8)',
  },
  {
    what: "imports a package that is not declared",
    text: `import "left-pad";\n${stageText("")}`,
    told: '"left-pad" is not among the imports of deno.json (configs/own.ts:1:8)',
  },
  {
    what: "imports from the network",
    text: `import "https://example.org/a.ts";\n${stageText("")}`,
    told: 'A stage cannot import "https://example.org/a.ts": only files and packages of ' +
      "deno.json's imports (configs/own.ts:1:8)",
  },
  {
    what: "declares a tensor that no artifact can hold",
    text: stageText("").replace("numbers: {", '"zarr.json": {'),
    told: 'A tensor cannot have the name "zarr.json": a file of this name lies beside the tensors',
  },
  {
    what: "declares two tensors that differ in case",
    text: stageText("").replace("numbers: {", 'Numbers: { dtype: "int8", rank: 1 }, numbers: {'),
    told: 'Tensors "numbers" and "Numbers" differ only in case, which not every file system keeps',
  },
  {
    what: "declares an output of an inherited name",
    text: stageText("").replace("outputs: { out:", "outputs: { constructor:"),
    told:
      'An output cannot have the name "constructor": every map in JavaScript has one of this name',
  },
  {
    what: "has no default export",
    text: "export const a = 1;\n",
    told: "it has no default export: wanted `export default defineStage({ ... })`",
  },
  {
    what: "exports something else",
    text: "export default 3;\n",
    told: "its default export is no stage: wanted `export default defineStage({ ... })`",
  },
];

Deno.test("a stage file that cannot be loaded is told where the config uses it", async (t) => {
  await using place = await Workplace.copy();
  own(place, "");
  const at = ` --> configs/own.yaml:3:11
3 |     uses: ./own.ts
  |           ^^^^^^^^
`;
  for (const { what, text, told } of MODULES) {
    await t.step(`one that ${what}`, async () => {
      place.write(STAGE, text);
      const { code, stdout, stderr } = await place.do(["run", CONFIG]);
      assert.equal(stderr, `error: The stage "./own.ts" cannot be loaded: ${told}\n${at}`);
      assert.deepEqual([code, stdout], [2, ""]);
    });
  }

  await t.step("one that would read data sets, whose content is in no key", async () => {
    own(place, "", "datasets: true,");
    const { code, stderr } = await place.do(["run", CONFIG]);
    assert.equal(
      stderr,
      'error: The stage "./own.ts" cannot be loaded: it says `datasets: true`, and what it would ' +
        `read there is in no key\n${at}` +
        "  help: take what `download` gives as an input; a small file can be imported, " +
        'with { type: "bytes" }\n',
    );
    assert.equal(code, 2);
  });

  await t.step("one whose check throws", async () => {
    own(place, "", 'check() { throw new Error("No wheels"); },');
    const { code, stderr } = await place.do(["run", CONFIG]);
    assert.equal(
      stderr,
      `error: The stage "./own.ts" cannot check its params: No wheels\n${at}`,
    );
    assert.equal(code, 2);
  });
});
