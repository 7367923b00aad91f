/** Artifacts are plain Zarr: zarr-python, in a virtual environment of its own, reads the same values. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Manifest } from "../pipelines/store/store.ts";
import { pythonWithPackages } from "./python_rig.ts";
import { needs, ROOT, TINY, Workplace } from "./rig.ts";

const python = await pythonWithPackages();

Deno.test({
  name: "zarr-python opens every artifact of a run and reads the values that the manifests name",
  ...needs("python3 with venv, and pip's packages", python !== null),
  async fn() {
    assert.ok(python);
    await using place = await Workplace.here();
    await place.run([TINY]);
    let tensors = 0;
    for (
      const name of [
        "preprocess.train",
        "preprocess.preview",
        "augment@pass=1.images",
        "train@baseline.model",
        "train@logits.history",
        "evaluate@augmented.predictions",
        "evaluate@augmented.metrics",
      ]
    ) {
      const { stdout } = await place.do(["path", TINY, name]);
      const folder = stdout.trim();
      const { manifest }: { manifest: Manifest } = JSON.parse(
        await Deno.readTextFile(join(folder, "object.json")),
      );
      assert.ok(manifest.kind === "tensors");
      const read = await new Deno.Command(python, {
        args: [join(ROOT, "tests", "python", "describe.py"), folder],
        stderr: "inherit",
      }).output();
      const found = JSON.parse(new TextDecoder().decode(read.stdout));
      assert.deepEqual(found.tensors, manifest.tensors, name);
      assert.deepEqual(found.attributes, manifest.attributes, name);
      tensors += Object.keys(manifest.tensors).length;
    }
    assert.ok(tensors > 20, `only ${tensors} tensors were compared`);
  },
});
