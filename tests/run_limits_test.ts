/** A stage takes the memory that it says it needs, and no more: of the heap, of arrays, of WebAssembly. */
import assert from "node:assert/strict";
import { Workplace } from "./rig.ts";
import { CONFIG, own } from "./run_stages.ts";

const MIB = 1024 * 1024;

/** What takes 1 GiB, a piece at a time, and touches all of it. */
const HUNGRY: Record<string, string> = {
  "arrays": `const all = [];
    for (let i = 0; i < 16; i++) all.push(new Uint8Array(64 << 20).fill(1));
    log(String(all.length));`,
  "shared arrays": `const all = [];
    for (let i = 0; i < 16; i++) all.push(new Uint8Array(new SharedArrayBuffer(64 << 20)).fill(1));
    log(String(all.length));`,
  "WebAssembly's memory": `const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
    for (let i = 0; i < 16; i++) { memory.grow(1024); new Uint8Array(memory.buffer).fill(1); }`,
  "objects": `const all: number[][] = [];
    for (let i = 0; i < 1 << 17; i++) all.push(new Array(1024).fill(i + 0.5));
    log(String(all.length));`,
};

Deno.test({
  name:
    "a stage that takes more memory than it says ends with the reason, whatever it takes it for",
  // Others than Linux have no such limit.
  ignore: Deno.build.os !== "linux",
  async fn(t) {
    await using place = await Workplace.copy();
    for (const [what, body] of Object.entries(HUNGRY)) {
      await t.step(what, async () => {
        own(place, body, `check: () => ({ resources: { memory: ${256 * MIB} } }),`);
        const events = await place.run([CONFIG], { code: 1 });
        const ended = events.find((one) => one.type === "node-ended");
        assert.equal(ended?.failure?.type, "out-of-memory", JSON.stringify(ended));
        assert.match(ended.failure.help ?? "", /`resources: \{ memory: 4GB \}`/);
      });
      await t.step(`${what}, as it is allowed by the config`, async () => {
        place.write(
          CONFIG,
          "stages:\n  one:\n    uses: ./own.ts\n    resources: { memory: 3GB }\n",
        );
        await place.run([CONFIG]);
      });
    }
  },
});
