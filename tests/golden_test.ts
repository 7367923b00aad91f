/** The same bits as on every other machine. */
import assert from "node:assert/strict";
import { type ConfigName, CONFIGS, differences, measure, readGolden } from "./golden.ts";
import { isThere, needs, ROOT } from "./rig.ts";

const DATA = "the real Fashion-MNIST, in datasets/, ../shared/data or $CRISOL_DATASETS";
const FILE = "fashion-mnist/train-images-idx3-ubyte.gz";
const folders = [
  `${ROOT}/datasets`,
  `${ROOT}/../shared/data`,
  Deno.env.get("CRISOL_DATASETS") ?? "",
];
const hasData = folders.some((folder) => isThere(`${folder}/${FILE}`));

const golden = await readGolden();

async function check(name: ConfigName): Promise<void> {
  const changed = differences(golden[name], await measure(name));
  assert.deepEqual(changed, [], "bits have changed; if that is meant, `deno task bless`");
}

Deno.test(`the artifacts of ${CONFIGS.tiny} have their committed digests`, () => check("tiny"));

Deno.test({
  name: "thirty steps of the four networks on the real data give the committed weights, to the bit",
  ...needs(DATA, hasData),
  fn: () => check("steps"),
});
