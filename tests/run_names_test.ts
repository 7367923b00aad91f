/** Long names of cells: files that can be made, names that can be read. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileName } from "../pipelines/store/names.ts";
import { outcomes, Workplace } from "./rig.ts";
import { CONFIG, STAGE, stageText } from "./run_stages.ts";

const LONG = (head: string) => `${head} ${"and so on ".repeat(30)}`;

Deno.test("a name as a file's is short, and no two names become one", async () => {
  assert.equal(await fileName("train@sparse,lr=1e+3"), "train@sparse,lr=1e+3");
  const names = [
    "a/b",
    "a_b",
    "a:b",
    LONG("one"),
    `${LONG("one")}!`,
    `${LONG("one")}?`,
    "x".repeat(999),
  ];
  const files = await Promise.all(names.map(fileName));
  assert.equal(new Set(files).size, names.length);
  assert.ok(files.every((file) => /^[\w@,=.+-]{1,160}$/.test(file)), files.join("\n"));
});

Deno.test("cells of long values run, with short names that tell them apart; in full in --json", async () => {
  await using place = await Workplace.copy();
  place.write(
    STAGE,
    stageText("").replace(
      "text: z.string()",
      "text: z.json().default(null), more: z.json().default(null), t: z.string()",
    ),
  );
  const text = JSON.stringify([LONG("one"), LONG("two"), `${LONG("two")}!`]);
  const layers = Array.from(
    { length: 40 },
    (_, i) => ({ dense: { units: i, activation: "relu" } }),
  );
  const more = JSON.stringify([layers, layers.toReversed(), "short"]);
  const variant = `v${"ery".repeat(80)}`;
  place.write(
    CONFIG,
    `stages:
  one: { uses: ./own.ts, matrix: { text: ${text}, more: ${more} }, variants: { ${variant}: {} } }
  two: { uses: ./own.ts, inputs: { before: one } }
`,
  );
  const events = await place.run([CONFIG, "--jobs", "2"]);
  const { ran = [], hit = [] } = outcomes(events);
  assert.equal(new Set([...ran, ...hit]).size, 18);
  const labels = new Set(
    ran.flatMap((node) => [...node.matchAll(/(?:text|more)=([^,]*)/g)].map((one) => one[1] ?? "")),
  );
  assert.equal(labels.size, 6);
  for (const label of labels) assert.ok(label.length <= 40, label);
  assert.ok(labels.has("short"));
  const [run] = [...Deno.readDirSync(join(place.store, "logs"))];
  const logs = [...Deno.readDirSync(join(place.store, "logs", run?.name ?? ""))];
  assert.equal(logs.length, ran.length);
  // A name that is printed is one that can be given.
  const [node = ""] = ran.filter((one) => one.startsWith("two@"));
  assert.equal((await place.do(["log", CONFIG, node])).code, 0);
  const { stdout } = await place.do(["plan", CONFIG, node, "--json"]);
  const { cell } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  assert.match(cell.text, /^(?:one|two)_(?:and_so_on_?){30}$/);
});
