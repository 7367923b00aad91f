/** Where a stage failed, in its author's own text: helpers, lazy imports, edits of comments; and the key, which has none of it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { digests, outcomes, Workplace } from "./rig.ts";
import { CONFIG, STAGE, stageText } from "./run_stages.ts";

/** The place of some words in a file of the copy. */
function placeOf(place: Workplace, path: string, words: string): string {
  const lines = Deno.readTextFileSync(join(place.root, path)).split("\n");
  const line = lines.findIndex((text) => text.includes(words));
  return `${path}:${line + 1}:${(lines[line]?.indexOf(words) ?? 0) + 1}`;
}

const HELPER = `/** A type, which vanishes. */
interface Wheels {
  readonly count: number;
}

// A comment.
export function turn(wheels: Wheels): number {
  if (wheels.count < 2) throw new Error(\`Too few: \${wheels.count}\`);
  return wheels.count;
}
`;

/** Its lazy import makes the bundler cut it into several files. */
const BODY = `const { turn } = await import("./wheels/turn.ts");
    turn({ count: params.value });`;

async function failed(place: Workplace, ...words: string[]) {
  const { code, stdout } = await place.do(["run", CONFIG, "--quiet", ...words]);
  assert.equal(code, 1, stdout);
  const [, at = null] = /\n {2}at: (.*)\n/.exec(stdout) ?? [];
  const [, log = ""] = /\n {2}log: (.*)\n/.exec(stdout) ?? [];
  return { at, log: Deno.readTextFileSync(log) };
}

Deno.test("a failure is told at the author's line, in terminal and log, through helpers and lazy imports", async () => {
  await using place = await Workplace.copy();
  place.write(STAGE, stageText(BODY));
  place.write("configs/wheels/turn.ts", HELPER);
  place.write(CONFIG, "stages:\n  one: { uses: ./own.ts, with: { value: 1 } }\n");
  const thrown = () => placeOf(place, "configs/wheels/turn.ts", "new Error");
  const called = () => placeOf(place, STAGE, "turn({");
  const first = await failed(place);
  assert.equal(first.at, thrown());
  assert.ok(first.log.includes(`(${thrown()})`) && first.log.includes(`(${called()})`), first.log);

  // Another layout is another place, and no other code: what is there stays.
  const set = ["--set", "one.value=3"];
  await place.run([CONFIG, ...set]);
  const before = digests(place.store);
  place.write("configs/wheels/turn.ts", `// One more line.\n\n\n${HELPER}`);
  place.write(STAGE, stageText(`// And here.\n    ${BODY}`));
  assert.deepEqual(outcomes(await place.run([CONFIG, ...set])), { hit: ["one"] });
  assert.deepEqual(digests(place.store), before);
  const second = await failed(place);
  assert.notEqual(second.at, first.at);
  assert.equal(second.at, thrown());
  assert.ok(second.log.includes(`(${called()})`), second.log);
});

Deno.test("a failure in what ships with Crisol has no place, but its log has", async () => {
  await using place = await Workplace.copy();
  place.write(
    CONFIG,
    "stages:\n  shapes: { uses: shapes, with: { train: 40, test: 20, size: 8 } }\n" +
      "  one:\n    uses: train\n    with:\n      layers: [flatten, dense: 10]\n" +
      "      loss: { type: categoricalCrossentropy, fromLogits: true }\n      epochs: 1\n" +
      "    inputs: { train: shapes.train }\n",
  );
  const { at, log } = await failed(place);
  assert.equal(at, null);
  assert.match(log, /connect the output of preprocess, not the raw data\n/);
  assert.ok(log.includes(`(${placeOf(place, "models/examples.ts", "new Error(")}`), log);
});
