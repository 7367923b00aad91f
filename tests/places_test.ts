/** Projects and stores in folders of any name, and stages with any number of inputs. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { spawn } from "../pipelines/executors/process.ts";
import { command, isThere, outcomes, TINY, Workplace } from "./rig.ts";
import { CONFIG, own, STAGE, stageText } from "./run_stages.ts";

/** All that a shell, a URL, a pattern or a list would take for its own. */
const ODD = `a,b,,c #d%20e%f 'g' "h" *[i]? {j} $k \`l\` \\m é`;

Deno.test("a project and its store work in a folder whose name holds any character", async () => {
  await using place = await Workplace.copy();
  const parent = join(place.folder, ODD);
  const root = join(parent, "pro,ject #1");
  await Deno.mkdir(parent);
  await Deno.rename(place.root, root);
  const words = (name: string, ...more: string[]) => [name, TINY, ...more];
  const ran = await command(root, words("run"));
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  assert.ok(isThere(join(root, "reports/_tests/configs/tiny.html")));
  assert.ok(isThere(join(root, "tests/configs/tiny.lock.yaml")));
  assert.doesNotMatch(ran.stdout, /warning/, "the lock holds there, too");
  const again = await command(root, words("run", "--json"));
  assert.equal(again.code, 0, again.stdout + again.stderr);
  assert.match(again.stdout, /"counts":\{"hit":11,"ran":0,/);
  for (
    const more of [words("plan"), words("verify"), words("profile", "train@logits", "--steps", "2")]
  ) {
    const { code, stdout, stderr } = await command(root, more);
    assert.equal(code, 0, stdout + stderr);
  }
  // What it was told by a config of its own holds, too.
  await Deno.writeTextFile(join(root, STAGE), stageText('await Deno.readTextFile("deno.json");'));
  await Deno.writeTextFile(join(root, CONFIG), "stages:\n  one:\n    uses: ./own.ts\n");
  const refused = await command(root, ["run", CONFIG]);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /Stage "own" may not read "deno\.json"/);
});

Deno.test("a linked folder of configs has stages of its own, and imports the project as if it lay there", async () => {
  await using place = await Workplace.copy();
  const elsewhere = join(place.folder, "else", "where", "my configs");
  await Deno.mkdir(join(place.folder, "else", "where"), { recursive: true });
  own(place, "numbers[0] = more;");
  place.write("configs/more.ts", "export const more = 7;\n");
  place.edit(STAGE, "import { z }", 'import { more } from "./more.ts";\nimport { z }');
  const { stdout } = await place.do(["plan", CONFIG, "--json"]);
  await Deno.rename(join(place.root, "configs"), elsewhere);
  await Deno.symlink(elsewhere, join(place.root, "configs"));
  // The same code has the same key, wherever it lies.
  const { key } = JSON.parse((await place.do(["plan", CONFIG, "--json"])).stdout);
  assert.equal(key, JSON.parse(stdout).key);
  assert.deepEqual(outcomes(await place.run([CONFIG])), { ran: ["one"] });
  // A link to what lies elsewhere is still no part of the project.
  await Deno.writeTextFile(join(place.folder, "else", "secret.ts"), "export const more = 8;\n");
  await Deno.remove(join(elsewhere, "more.ts"));
  await Deno.symlink(join(place.folder, "else", "secret.ts"), join(elsewhere, "more.ts"));
  const refused = await place.do(["plan", CONFIG]);
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /A stage cannot import ".*secret\.ts": it lies neither in the project/,
  );
});

Deno.test("a stage process may have tens of thousands of inputs", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  await place.run([CONFIG]);
  const [bundle] = [...Deno.readDirSync(join(place.store, "bundles"))];
  const scratch = await Deno.makeTempDir({ dir: place.folder });
  const folder = (i: number) =>
    `${place.store}/objects/${(i % 256).toString(16).padStart(2, "0")}/${
      String(i).padStart(64, "0")
    }`;
  const process = spawn({
    bundle: join(place.store, "bundles", bundle?.name ?? ""),
    scratch,
    read: [scratch, ...Array.from({ length: 20_000 }, (_, i) => folder(i))],
    write: [scratch],
  });
  try {
    await process.send({ type: "describe" });
    const { value } = await process.replies().next();
    assert.equal(value?.type, "described", process.tail());
  } finally {
    await process.close();
    process.kill();
    await process.ended;
  }
});
