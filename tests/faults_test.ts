/** The fault suite in short, with another seed each time; `deno task faults --seed N` tries a seed at length. */
import assert from "node:assert/strict";
import { Lab } from "./faults/lab.ts";
import { SUITE } from "./faults/suite.ts";

Deno.test("a run that is disturbed in any way comes to the end of one that was not", async (t) => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
  console.log(`faults: seed ${seed}`);
  await using lab = await Lab.open(seed);
  for (const [name, { few }] of Object.entries(SUITE)) {
    await t.step(name, async () => {
      const { failures } = await few(lab);
      assert.deepEqual(failures, []);
    });
  }
});
