/** Folders whose names mean something to somebody: of the project, the store, pages, configs and data. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { command, isThere, Workplace } from "./rig.ts";
import { CONFIG, own, stageText } from "./run_stages.ts";

const ODD = [
  "a*b",
  "a b",
  "a?b",
  "a[b]",
  "{a,b",
  "a'b\"c",
  "a#b%20c",
  "-a",
  "a\\b",
  "ä",
  "$HOME",
  "a:b",
]
  .filter((name) => Deno.build.os !== "windows" || !/[*?"\\:]/.test(name));

Deno.test("a name of a folder is a name, whatever it is made of", async (t) => {
  await using place = await Workplace.copy();
  for (const name of ODD) {
    await t.step(name, async () => {
      const root = join(place.folder, name, "project");
      Deno.mkdirSync(join(place.folder, name));
      Deno.renameSync(place.root, root);
      try {
        const configs = join(root, "configs", name);
        Deno.mkdirSync(configs, { recursive: true });
        const text = stageText("").replaceAll("../pipelines", "../../pipelines");
        Deno.writeTextFileSync(join(configs, "own.ts"), text);
        Deno.writeTextFileSync(
          join(configs, "own.yaml"),
          "stages:\n  one: { uses: ./own.ts }\n" +
            "  two: { uses: ./own.ts, with: { value: 2 }, inputs: { before: one.out } }\n",
        );
        const store = join(place.folder, name, "store");
        const words = [
          "run",
          `${CONFIG.replace("own.yaml", "")}${name}/own.yaml`,
          "--store",
          store,
          "--reports",
          join(place.folder, name, "reports"),
        ];
        const first = await command(root, words);
        const said = first.stdout + first.stderr;
        assert.equal(first.code, 0, said);
        assert.match(said, /ran 2, hit 0, failed 0/);
        assert.ok(isThere(join(configs, "own.lock.yaml")));
        const again = await command(root, words);
        assert.match(again.stdout, /ran 0, hit 2, failed 0/, again.stdout + again.stderr);
        const verified = await command(root, ["verify", "--store", store]);
        assert.equal(verified.code, 0, verified.stdout + verified.stderr);
      } finally {
        Deno.renameSync(root, place.root);
      }
    });
  }
});

Deno.test("a store may lie in any of them", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  for (const name of ODD) {
    const words = ["run", CONFIG, "--store", join(place.folder, `store ${name}`)];
    const { code, stdout, stderr } = await command(place.root, words);
    assert.equal(code, 0, `${name}: ${stdout}${stderr}`);
  }
});
