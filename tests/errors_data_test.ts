/** Data that is missing, damaged or out of range, through the command line. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { command, TINY, Workplace } from "./rig.ts";
import { STAGE } from "./run_stages.ts";

const NAME = "train-images-idx3-ubyte.gz";
const WANTED = "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84";
const DOWNLOAD = "configs/download.yaml";

/** Runs the download alone, with this file as the data set's first and no way to the publisher. */
async function download(place: Workplace, what: string, file: Uint8Array | null) {
  const folder = join(place.folder, what);
  await Deno.mkdir(join(folder, "fashion-mnist"), { recursive: true });
  if (file !== null) await Deno.writeFile(join(folder, "fashion-mnist", NAME), file);
  // Each has a store of its own, so that none waits for another's lock.
  const words = ["run", DOWNLOAD, "--store", join(folder, "store"), "--reports", place.reports];
  const nowhere = "http://127.0.0.1:1";
  const { code, stdout, stderr } = await command(place.root, words, {
    env: { CRISOL_DATASETS: folder, HTTP_PROXY: nowhere, http_proxy: nowhere },
  });
  assert.equal(stderr, "");
  return { code, lines: stdout.replaceAll(place.folder, "").split("\n") };
}

/** What is said of a file that lies there neither packed nor unpacked. */
const ABSENT = `does not exist, nor does "${NAME.replace(/\.gz$/, "")}" beside it`;

Deno.test("data that is missing, wrong or cut off is never used, and each place is told", async () => {
  await using place = await Workplace.copy();
  place.write(
    DOWNLOAD,
    "stages:\n  download: { uses: download, with: { dataset: fashion-mnist } }\n",
  );
  const wrong = new TextEncoder().encode("wrong");
  const wrongIs = "is a wrong file (5 bytes): its SHA-256 is " +
    `8810ad581e59f2bc3928b261707a71308f7e139eb04820366dc4d5c18d980225, wanted ${WANTED} ` +
    "(26421880 bytes)";
  const cut = Uint8Array.of(0x1f, 0x8b, 8, 0);
  const cutIs = "is a wrong file (4 bytes): its SHA-256 is " +
    `fd72d30440b0bae1b1c6db6c8ad807f238ef3ca613aa7e8d5329e1e8ddf7da72, wanted ${WANTED} ` +
    "(26421880 bytes)";
  // Five tries of the publisher, with pauses, take a quarter of a minute: all at once.
  const all = await Promise.all(
    ([["missing", null, ABSENT], ["wrong", wrong, wrongIs], ["cut", cut, cutIs]] as const)
      .map(async ([what, file, is]) => ({ what, is, ...await download(place, what, file) })),
  );
  for (const { what, is, code, lines } of all) {
    assert.equal(code, 1, what);
    const from = lines.findIndex((line) => line.startsWith("error: "));
    assert.deepEqual(lines.slice(from, from + 4), [
      `error: download: Cannot get "${NAME}": none of its sources has it`,
      `    "/${what}/fashion-mnist/${NAME}" ${is}`,
      `    "/project/datasets/fashion-mnist/${NAME}" ${ABSENT}`,
      `    "/shared/data/fashion-mnist/${NAME}" ${ABSENT}`,
    ]);
    assert.match(lines[from + 4] ?? "", /^ {4}Cannot download "http:.*gz": /);
    assert.deepEqual(
      lines[from + 5],
      "  Put the file into one of these folders, or name another by CRISOL_DATASETS",
    );
    assert.match(lines[from + 6] ?? "", /^ {2}log: .*download\.log$/);
    assert.match(lines[from + 7] ?? "", /^ran 0, hit 0, failed 1 in /);
    // A file that is passed over is told while the run goes on, too.
    const isTold = lines.some((line) => line.startsWith("log ") && line.includes(is));
    assert.equal(isTold, what !== "missing");
  }
});

/** Images of a stage's own: 20 of one value, with one label that is replaced. */
const IMAGES = `import { z } from "zod";
import { defineStage } from "../pipelines/stage.ts";

const labelled = {
  images: { dtype: "uint8", rank: 4 },
  labels: { dtype: "uint8", rank: 1 },
} as const;

export default defineStage({
  name: "images",
  summary: "Images of a test",
  params: z.strictObject({ label: z.number() }),
  inputs: {},
  outputs: {
    train: { kind: "tensors", tensors: labelled },
    test: { kind: "tensors", tensors: labelled },
  },
  async run({ params, outputs }) {
    for (const output of [outputs.train, outputs.test]) {
      const labels = Uint8Array.from({ length: 20 }, (_, index) => index % 2);
      labels[7] = params.label;
      await output.write("images", "uint8", [20, 4, 4, 1], new Uint8Array(320).fill(9));
      await output.write("labels", "uint8", [20], labels);
      output.setAttributes({ classes: ["no", "yes"] });
    }
  },
});
`;

Deno.test("a label that names no class stops the stage that reads it, by its example", async () => {
  await using place = await Workplace.copy();
  place.write(STAGE, IMAGES);
  place.write(
    "configs/c.yaml",
    `stages:
  images: { uses: ./own.ts, with: { label: 2 } }
  split:
    uses: preprocess
    with: { scaling: 255, validationSplit: 0.25 }
    inputs: { train: images.train, test: images.test }
`,
  );
  const { code, stdout } = await place.do(["run", "configs/c.yaml"]);
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^error: split: Cannot read "train": label 2 of example 7 is out of range, wanted 0 to 1\n {2}log: .*split\.log\nran 1, hit 0, failed 1 in .*\n$/m,
  );
  const fine = await place.do(["run", "configs/c.yaml", "--set", "images.label=1"]);
  assert.equal(fine.code, 0, fine.stdout);
});

Deno.test("a loss that is not finite stops the training, by its step and learning rate", async () => {
  await using place = await Workplace.here();
  const { code, stdout } = await place.do([
    "run",
    TINY,
    "train@baseline",
    "--set",
    "train.optimizer={ type: sgd, learningRate: 1.0e+30 }",
  ]);
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^error: train@baseline: Cannot go on training: the loss is (?:NaN|Infinity) at step \d+ \(epoch 1\) with learning rate 1e\+30; try a lower learning rate, and look at the data$/m,
  );
  assert.match(stdout, /\nran 2, hit 0, failed 1 in .*\n$/);
});
