/** A chunk that says it unpacks to more than it holds is refused before it is unpacked, however short it is. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Store } from "../pipelines/store/local.ts";
import { sha256 } from "../pipelines/store/canonical.ts";
import { verifyArtifact } from "../pipelines/tensor/read.ts";
import { ROOT } from "./rig.ts";

/** zstd frames, each of one block that repeats a byte; their heads say how much that is. */
const FRAMES: Readonly<Record<string, readonly number[]>> = {
  "4294967295": [0x28, 0xb5, 0x2f, 0xfd, 0xa0, 255, 255, 255, 255, 0x03, 0, 0x10, 0],
  "65791": [0x28, 0xb5, 0x2f, 0xfd, 0x60, 255, 255, 0x03, 0, 0x10, 0],
  "Infinity": [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x03, 0, 0x10, 0],
};

Deno.test("a chunk that would unpack to more than a chunk is refused by what its head says", async (t) => {
  const store = new Store(join(ROOT, "tests", "stores", "1"));
  const [record] = [...store.records()];
  const digest = record?.outputs["train"];
  assert.ok(digest);
  const info = await store.readInfo(digest), from = store.objectFolder(digest);
  const chunk = "images/c.0.0.0.0";
  for (const [size, frame] of Object.entries(FRAMES)) {
    await t.step(`${frame.length} bytes that say ${size}`, async () => {
      const folder = await Deno.makeTempDir();
      try {
        const files = { ...info.files };
        for (const path of Object.keys(files)) {
          const bytes = path === chunk
            ? Uint8Array.from(frame)
            : Deno.readFileSync(`${from}/${path}`);
          Deno.mkdirSync(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
          Deno.writeFileSync(`${folder}/${path}`, bytes);
          files[path] = { size: bytes.length, sha256: await sha256(bytes) };
        }
        Deno.writeTextFileSync(`${folder}/object.json`, JSON.stringify({ ...info, files }));
        await assert.rejects(
          verifyArtifact(folder, digest),
          new RegExp(`images/c\\.0\\.0\\.0\\.0" unpacks to ${size} bytes: 192 are a chunk`),
        );
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
  }
});
