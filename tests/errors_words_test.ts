/** Words of other languages and unseen characters in configs: the message says what was meant. */
import assert from "node:assert/strict";
import { Workplace } from "./rig.ts";

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
        - conv2d: { filters: 4, kernelSize: 3 }
        - flatten
        - dense: { units: 10, activation: softmax }
      loss: categoricalCrossentropy
      optimizer: rmsprop
      epochs: 1
    inputs: { train: split.train, validation: split.validation }
`;

const LAYERS = "conv2d, maxPooling2d, averagePooling2d, dropout, batchNormalization, activation, " +
  "flatten, dense";
const QUOTED = LAYERS.replace(/\w+/g, '"$&"');

/** Replaced once in `BASE`; the message, with note and help. */
const CASES: readonly (readonly [from: string, to: string, ...told: string[]])[] = [
  ["- flatten", "- separableConv2d: {}", 'Unknown key "separableConv2d"', `There are: ${LAYERS}`],
  [
    "- flatten",
    "- globalAveragePooling2d",
    `Found "globalAveragePooling2d", wanted one of ${QUOTED}`,
    'Did you mean "averagePooling2d"?',
  ],
  ["- flatten", "- dense", 'Found "dense" alone, wanted its settings too, as in "dense: 10"'],
  [
    "- flatten",
    "- Flatten()",
    `Found "Flatten()", wanted one of ${QUOTED}`,
    'Did you mean "flatten"?',
  ],
  [
    "optimizer: rmsprop",
    "optimizer: { type: adam, lr: 0.1 }",
    'Unknown key "lr"',
    'Did you mean "learningRate"?',
  ],
  [
    "optimizer: rmsprop",
    "optimizer: { type: adam, nesterov: true }",
    'Unknown key "nesterov"',
    "There are: type, learningRate, beta1, beta2, epsilon",
  ],
  [
    "epochs: 1",
    "epochs: 1\n      checkpoint: { monitor: val_acc }",
    'Found "val_acc", wanted one of "loss", "accuracy", "val_loss", "val_accuracy"',
    'Did you mean "val_accuracy"?',
  ],
  [
    "kernelSize: 3",
    "kernel_size=(3, 3)",
    'Unknown key "kernel_size=(3"',
    'Did you mean "kernelSize"?',
  ],
  [
    "kernelSize: 3",
    "kernelSize: (3, 3)",
    'Found "(3", wanted a number or a list',
    "Write a list in square brackets, such as [3, 3]",
  ],
  [
    "kernelSize: 3",
    'kernelSize: "(3, 3)"',
    'Found "(3, 3)", wanted a number or a list',
    "Write [3, 3]",
  ],
  ["epochs: 1", "epochs: 1_000", 'Found "1_000", wanted a number', "Write 1000"],
  [
    "epochs: 1",
    "epochs: 1\n    seeds: 1_0",
    'Found "1_0", wanted a whole number from 1 to 1000',
    "Write 10",
  ],
  [
    "epochs: 1",
    "epochs: None",
    'Found "None", wanted a number',
    "YAML's word is null; without the key the default holds",
  ],
  ["epochs: 1", "epochs: 1\n      shuffle: yes", 'Found "yes", wanted true or false', "Write true"],
  ["cache: true", "cache: Off", 'Found "Off", wanted true or false', "Write false"],
  [
    "- flatten",
    "- flatten\u00a0",
    `Found "flatten\\u00a0", wanted one of ${QUOTED}`,
    "it holds U+00A0 (a no-break space): type it anew",
    'Did you mean "flatten"?',
  ],
  [
    "epochs: 1",
    "epo\u200bchs: 1",
    'Unknown key "epo\\u200bchs"',
    "it holds U+200B (a zero-width space): type it anew",
    'Did you mean "epochs"?',
  ],
  [
    "cache: true",
    "ca\u00adche: true",
    'Unknown key "ca\\u00adche"',
    "it holds U+00AD (a soft hyphen): type it anew",
    'Did you mean "cache"?',
  ],
  [
    "optimizer: rmsprop",
    "optimizer: “rmsprop”",
    'Found "“rmsprop”", wanted one of "rmsprop", "adam", "sgd"',
    "it holds U+201C (a curly quote), U+201D (a curly quote): type it anew",
    'Did you mean "rmsprop"?',
  ],
  [
    "cache: true",
    'matrix: { batchSize: [16, "16"] }',
    'Found "16", wanted a number',
    'Two cells are called "train@batchSize=16": "batchSize" is 16 in one and "16" in the other',
    "Leave one out, or make variants of them, which have names of their own",
  ],
];

Deno.test("what other languages write and what is not seen is named with what was meant", async (t) => {
  await using place = await Workplace.copy();
  const base = BASE.replace("    uses: train\n", "    uses: train\n    cache: true\n");
  for (const [from, to, ...told] of CASES) {
    await t.step(to, async () => {
      assert.ok(base.includes(from));
      place.write("configs/c.yaml", base.replace(from, () => to));
      const { code, stderr } = await place.do(["plan", "configs/c.yaml"]);
      const lines = stderr.split("\n").flatMap((line) =>
        /^(?:error| {2}note| {2}help): (.*)$/.exec(line)?.[1] ?? []
      );
      assert.deepEqual(lines, told);
      assert.equal(code, 2);
    });
  }
});

Deno.test("a file or folder that is no config is told to be that, with exit code 2", async (t) => {
  await using place = await Workplace.copy();
  place.write("README.md", "# Hello\n\nThis: *is* a text\n- [ ] x: {\n");
  const cases: readonly (readonly [words: string[], told: string])[] = [
    [
      ["sweep", "configs/sweeps"],
      'error: "configs/sweeps" is a folder, wanted a sweep\n  help: There are: ' +
      "configs/sweeps/fashion-tuning.yaml, configs/sweeps/quickstart.yaml\n",
    ],
    ...["plan", "run", "submit"].map((name): [string[], string] => [
      [name, "stages"],
      'error: "stages" is a folder, wanted a config\n  help: No YAML file lies in it\n',
    ]),
    [
      ["run", "README.md"],
      'error: "README.md" is no config: its text is no map\n' +
      "  help: A config is a file in YAML (.yaml)\n",
    ],
    [
      ["sweep", "README.md"],
      'error: "README.md" is no sweep: its text is no map\n' +
      "  help: A sweep is a file in YAML (.yaml)\n",
    ],
  ];
  for (const [words, told] of cases) {
    await t.step(words.join(" "), async () => {
      const { code, stderr } = await place.do(words);
      assert.equal(stderr, told);
      assert.equal(code, 2);
    });
  }

  await t.step("a lock file", async () => {
    const { code, stderr } = await place.do(["plan", "configs/fashion.lock.yaml"]);
    assert.match(stderr, /^error: This is a lock file, not a config\n/);
    assert.equal(code, 2);
  });

  await t.step("a name on the command line with what is not seen", async () => {
    const { code, stderr } = await place.do(["plan", "configs/quickstart.yaml", "eval\u200buate"]);
    assert.equal(
      stderr,
      'error: There is no node "eval\\u200buate" in quickstart\n' +
        "  note: it holds U+200B (a zero-width space): type it anew\n" +
        '  help: Did you mean "evaluate"?\n',
    );
    assert.equal(code, 2);
  });
});
