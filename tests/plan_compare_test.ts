/** Two fingerprints: the first difference that matters to who reads it, and its words. */
import assert from "node:assert/strict";
import { compare, describeReason } from "../pipelines/plan/compare.ts";
import type { Code, Digest, MissReason, Node, NodeId } from "../pipelines/plan/plan.ts";
import type { Fingerprint } from "../pipelines/store/store.ts";

const digest = (letter: string) => letter.repeat(64) as Digest; // as long as one

const BEFORE: Fingerprint = {
  format: "1, esbuild 1",
  stage: "train",
  code: { built: digest("a") },
  packages: { zarrita: "0.7.5 sha512-x" },
  params: { epochs: 2, layers: ["flatten", { dense: { units: 10, name: null } }] },
  inputs: { train: [{ digest: digest("c") }], models: [{ name: "a", digest: digest("d") }] },
  seed: 1,
  numerics: "wasm",
  kernels: { conv: digest("e"), dense: digest("f") },
};

const MODULES = { "stages/train.ts": digest("a"), "models/loop.ts": digest("b") };
const OTHER = { "stages/train.ts": digest("0"), "models/new.ts": digest("b") };

/** Only what feeds the node and its modules are looked at. */
const NODE = {
  code: { modules: MODULES },
  feeds: {
    train: [{ node: "preprocess" as NodeId, output: "train", name: "" }],
    models: [
      { node: "train@a" as NodeId, output: "model", name: "a" },
      { node: "train@b" as NodeId, output: "model", name: "b" },
    ],
  },
} as unknown as Node;

const CASES: [string, Partial<Fingerprint>, MissReason, string, Code["modules"]?][] = [
  [
    "a value deep in params",
    { params: { epochs: 2, layers: ["flatten", { dense: { units: 20, name: null } }] } },
    { type: "params", path: "layers.1.dense.units", old: "10", new: "20", more: 0 },
    "layers.1.dense.units was 10, is 20",
  ],
  [
    "a param that went and a layer that came",
    { params: { layers: ["flatten", { dense: { units: 10, name: null } }, "flatten"] } },
    { type: "params", path: "epochs", old: "2", new: "nothing", more: 1 },
    "epochs was 2, is nothing, and 1 more",
  ],
  [
    "the seed",
    { seed: 2 },
    { type: "seed", old: 1, new: 2 },
    "the seed was 1, is 2",
  ],
  [
    "a module, one that came, and one that went",
    { code: { built: digest("0") } },
    { type: "code", module: "models/loop.ts", more: 2 },
    "the code changed: models/loop.ts, and 2 more",
    OTHER,
  ],
  [
    "code that is put together otherwise",
    { code: { built: digest("0") } },
    { type: "code", module: "its build", more: 0 },
    "the code changed: its build",
  ],
  [
    "modules of which nothing is in the code that runs: they are no reason",
    { code: BEFORE.code, seed: 3 },
    { type: "seed", old: 1, new: 3 },
    "the seed was 1, is 3",
    OTHER,
  ],
  [
    "a package that came",
    { code: { built: digest("0") }, packages: { ...BEFORE.packages, long: "5.3.2 sha512-y" } },
    { type: "package", package: "long", old: "none", new: "5.3.2" },
    "the package long was none, is 5.3.2",
  ],
  [
    "kernels of one family",
    { kernels: { ...BEFORE.kernels, dense: digest("0") } },
    { type: "kernels", family: "dense" },
    'the kernels "dense" changed',
  ],
  [
    "the backend",
    { numerics: "tape" },
    { type: "numerics", old: "wasm", new: "tape" },
    "the backend was wasm, is tape",
  ],
  [
    "an input's content",
    { inputs: { ...BEFORE.inputs, train: [{ digest: digest("0") }] } },
    { type: "input", input: "train", node: "preprocess" as NodeId },
    'preprocess gave another "train"',
  ],
  [
    "an artifact more in an input of many",
    {
      inputs: {
        ...BEFORE.inputs,
        models: [{ name: "a", digest: digest("d") }, { name: "b", digest: digest("e") }],
      },
    },
    { type: "input", input: "models", node: "train@b" as NodeId },
    'train@b gave another "models"',
  ],
  [
    "a name that the stage sees",
    { inputs: { ...BEFORE.inputs, models: [{ name: "z", digest: digest("d") }] } },
    { type: "input", input: "models", node: "train@a" as NodeId },
    'train@a gave another "models"',
  ],
  [
    "the format",
    { format: "2, esbuild 1", seed: 9 },
    { type: "format", old: "1, esbuild 1", new: "2, esbuild 1" },
    "the format was 1, esbuild 1, is 2, esbuild 1",
  ],
  [
    "what the reader wrote before what followed from it",
    {
      params: { ...BEFORE.params as object, epochs: 3 },
      code: { built: digest("0") },
      kernels: {},
    },
    { type: "params", path: "epochs", old: "2", new: "3", more: 0 },
    "epochs was 2, is 3",
  ],
];

Deno.test("what changed between two fingerprints is told, with its words", async (t) => {
  for (const [name, change, wanted, words, modules = MODULES] of CASES) {
    await t.step(name, () => {
      const reason = compare({ fingerprint: BEFORE, modules: () => modules }, {
        ...BEFORE,
        ...change,
      }, NODE);
      assert.deepEqual(reason, wanted);
      assert.equal(describeReason(reason), words);
    });
  }
});
