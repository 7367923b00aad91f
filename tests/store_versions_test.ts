/** Stores of every version that was ever written are kept in tests/stores, and stay readable. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Store } from "../pipelines/store/local.ts";
import { verifyStore } from "../pipelines/store/verify.ts";
import { openArtifact, verifyArtifact } from "../pipelines/tensor/read.ts";
import { command, ROOT, Workplace } from "./rig.ts";

const VERSION_1 = join(ROOT, "tests", "stores", "1");

Deno.test("a store of version 1 is whole, and its records, runs and tensors are read", async () => {
  const store = new Store(VERSION_1);
  const looked = await Array.fromAsync(verifyStore(store, null, verifyArtifact));
  assert.deepEqual(looked.map(({ problem }) => problem), [null, null, null]);
  const [record] = [...store.records()];
  const [run] = store.readRuns();
  assert.equal(run?.nodes[0]?.key, record?.key);
  const digest = record?.outputs["train"];
  assert.ok(digest);
  const artifact = await openArtifact(store.objectFolder(digest), digest);
  assert.deepEqual(artifact.tensor("images", "uint8").shape, [3, 8, 8, 1]);
  assert.equal((await artifact.tensor("labels", "uint8").read()).length, 3);
  const listed = await command(ROOT, ["runs", "latest", "--store", VERSION_1]);
  assert.match(listed.stdout, /\nran +shapes /);
});

Deno.test("a record of a later version is told by verify, and left where it is", async () => {
  await using place = await Workplace.here();
  const [record] = [...new Store(VERSION_1).records()];
  assert.ok(record);
  const path = place.write(
    `store/records/${record.key.slice(0, 2)}/${record.key}.json`,
    JSON.stringify({ ...record, version: 2 }),
  );
  const { code, stdout } = await place.do(["verify", "--repair"]);
  assert.equal(code, 0);
  assert.match(stdout, /it is of version 2, and this Crisol reads version 1/);
  assert.ok(Deno.statSync(path).isFile);
});
