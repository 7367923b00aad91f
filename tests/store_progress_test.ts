/** Checkpoints as files: what was written comes back, and nothing else is trusted. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Digest } from "../pipelines/plan/plan.ts";
import {
  decodeCheckpoint,
  encodeCheckpoint,
  listProgress,
  progressFolder,
  removeOldProgress,
} from "../pipelines/store/progress.ts";

// Digests are 64 hexadecimal digits.
const WAY = "a".repeat(64) as Digest, OTHER = "b".repeat(64) as Digest;
const CHECKPOINT = {
  place: Float64Array.of(7, 0.1, NaN, -0),
  "weights/dense/kernel": Float32Array.of(1.5, -2, Infinity),
  bytes: Uint8Array.of(1, 2, 3),
  none: new Int32Array(0),
  // A view into a longer buffer.
  part: Float32Array.of(1, 2, 3, 4).subarray(1, 3),
};

Deno.test("A checkpoint comes back as it was written", async () => {
  const bytes = await encodeCheckpoint(WAY, 12, CHECKPOINT);
  assert.deepEqual(await decodeCheckpoint(bytes, WAY, 12), CHECKPOINT);
});

Deno.test("One that is damaged anywhere, cut short, or from elsewhere is refused", async () => {
  const bytes = await encodeCheckpoint(WAY, 12, CHECKPOINT);
  const refused = (what: Uint8Array<ArrayBuffer>, message: string, way = WAY, at = 12) =>
    assert.rejects(decodeCheckpoint(what, way, at), { message });
  for (let i = 0; i < bytes.length; i++) {
    const spoilt = bytes.slice();
    spoilt[i] = (spoilt[i] ?? 0) ^ 1;
    await refused(spoilt, "it is not what was written");
  }
  for (const length of [0, 20, 32, 34, 36, bytes.length - 1]) {
    await refused(bytes.slice(0, length), "it is not what was written");
  }
  await refused(bytes, "it is of another run", OTHER);
  await refused(bytes, "it is of another run", WAY, 13);
});

Deno.test("The store lists progress with its bytes, and drops what has lain for thirty days", async () => {
  const store = await Deno.makeTempDir({ prefix: "crisol-" });
  try {
    assert.deepEqual(listProgress(store), []);
    const month = 30 * 24 * 60 * 60 * 1000, now = Date.now();
    for (const [way, age] of [[WAY, 0], [OTHER, month + 60_000]] as const) {
      const folder = join(progressFolder(store), way);
      Deno.mkdirSync(folder, { recursive: true });
      for (const name of ["1.checkpoint", "20.checkpoint"]) {
        Deno.writeFileSync(join(folder, name), new Uint8Array(100));
        Deno.utimeSync(join(folder, name), (now - age) / 1000, (now - age) / 1000);
      }
      Deno.utimeSync(folder, (now - age) / 1000, (now - age) / 1000);
    }
    const seen = () => listProgress(store).map(({ trajectory, bytes }) => [trajectory, bytes]);
    assert.deepEqual(seen(), [[WAY, 200], [OTHER, 200]]);
    removeOldProgress(store, now - 120_000);
    assert.deepEqual(seen(), [[WAY, 200], [OTHER, 200]]);
    removeOldProgress(store, now);
    assert.deepEqual(seen(), [[WAY, 200]]);
  } finally {
    await Deno.remove(store, { recursive: true });
  }
});
