/** What a code change is told to have changed, and keeping a result by hand although it did. */
import assert from "node:assert/strict";
import { changedDeclarations } from "../pipelines/plan/printed.ts";
import { Store } from "../pipelines/store/local.ts";
import { outcomes, Workplace } from "./rig.ts";
import { stageText } from "./run_stages.ts";

const CONFIG = "configs/own.yaml";
const YAML = `stages:
  one: { uses: ./own.ts }
  two: { uses: ./own.ts, inputs: { before: one } }
`;
const HELPED = stageText("numbers[1] = helped(2);").replace(
  "export default",
  'import { helped } from "./helper.ts";\nexport default',
);
const HELPER = "export function helped(x: number) { return x; }\n" +
  "export function other(x: number) { return x + 1; }\n";

async function placeWithHelper(): Promise<Workplace> {
  const place = await Workplace.copy();
  place.write("configs/own.ts", HELPED);
  place.write("configs/helper.ts", HELPER);
  place.write(CONFIG, YAML);
  await place.run([CONFIG]);
  return place;
}

Deno.test("declarations that differ are named, with the members of objects and classes", () => {
  const before = `var x = 1;
// a comment
var stage = defineStage({
  name: "a",
  async run(context) {
    context.go();
  },
  params: z.strictObject({
    a: 1
  })
});
function f(a) {
  if (a) return 1;
  return 2;
}
class Loop {
  step() {
    return 1;
  }
  #stop = false;
}
export {
  stage as default
};
`;
  const now = before.replace("context.go()", "context.stop()").replace("a comment", "another")
    .replace("return 2", "return 3").replace("    return 1;\n  }", "    return 4;\n  }")
    .replace("var x = 1;\n", "var y = 1;\n");
  assert.deepEqual(changedDeclarations(before, now).sort(), [
    "Loop.step",
    "f",
    "stage.run",
    "x",
    "y",
  ]);
  assert.deepEqual(changedDeclarations(before, before.replace("// a comment\n", "")), []);
});

Deno.test("explain names params, modules with their functions, and inputs that may change", async (t) => {
  await using place = await placeWithHelper();
  const explain = async (...words: string[]) => {
    const { code, stdout, stderr } = await place.do(["explain", CONFIG, ...words]);
    assert.equal(code, 0, stderr);
    return stdout;
  };

  await t.step("a hit says so, and that nothing differs", async () => {
    const text = await explain("one");
    assert.match(text, /^one is a hit: its result is there\n {2}compared with the result of run /);
    assert.match(text, /nothing differs\n$/);
  });

  await t.step("a changed function, by module and name; what follows waits", async () => {
    place.edit("configs/helper.ts", "return x;", "return x + 0;");
    const one = await explain("one");
    assert.match(one, /^one would run: the code changed: configs\/helper\.ts\n/);
    assert.match(
      one,
      /\n {2}code {2}configs\/helper\.ts {2}[0-9a-f]{12} > [0-9a-f]{12} {2}helped\n$/,
    );
    const two = await explain("two");
    assert.match(two, /^two waits: one may give it another input\n/);
    assert.match(two, / {2}input before is not known yet: `explain` of one says why\n$/);
  });

  await t.step("params in full, and as JSON", async () => {
    const text = await explain("one", "--set", `one.text=${"long ".repeat(12)}`);
    assert.match(text, / {2}param {2}text {8,}"" > "(?:long ){11}long ?"/);
    const found = JSON.parse(await explain("one", "--json", "--set", "one.value=7"));
    assert.deepEqual(found.changes[0], { type: "params", path: "value", old: "1", new: "7" });
    assert.deepEqual(found.declarations, { "configs/helper.ts": ["helped"] });
  });

  await t.step("against another run", async () => {
    await place.run([CONFIG, "--set", "one.value=3"]);
    const text = await explain("one", "--against", "latest~1", "--set", "one.value=3");
    assert.match(text, / {2}param {2}value .* 1 > 3\n {2}code /);
    const none = await place.do(["explain", CONFIG, "one", "--against", "latest~9"]);
    assert.match(none.stderr, /There is no run "latest~9": the store remembers 2/);
  });
});

Deno.test("accept keeps a result whose code changed, says so everywhere, and refuses anything else", async (t) => {
  await using place = await placeWithHelper();
  const accept = (...words: string[]) => place.do(["accept", CONFIG, ...words]);
  place.edit("configs/helper.ts", "return x;", "return x + 0;");

  await t.step("a reason has to be given", async () => {
    const { code, stderr } = await accept("one");
    assert.equal(code, 2);
    assert.match(stderr, /The reason is missing\n {2}help: --reason/);
  });

  await t.step("what waits is not accepted", async () => {
    const { code, stderr } = await accept("two", "--reason", "x");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /"two" cannot be accepted: one may give it another input\n {2}help: accept or run one first/,
    );
  });

  await t.step("other params are another question", async () => {
    const { code, stderr } = await accept("one", "--reason", "x", "--set", "one.value=9");
    assert.equal(code, 1);
    assert.match(stderr, /more than its code changed\n {2}param {2}value +1 > 9\n/);
  });

  await t.step("a run with other params meanwhile hides no result that is there", async () => {
    // With the code as it was, which is what is looked for.
    place.edit("configs/helper.ts", "return x + 0;", "return x;");
    await place.run([CONFIG, "--set", "one.value=7"]);
    place.edit("configs/helper.ts", "return x;", "return x + 0;");
    await place.run([CONFIG, "--set", "one.value=8"]);
    const { code, stderr } = await accept("one", "--reason", "x", "--set", "one.value=9");
    assert.equal(code, 1);
    assert.match(stderr, /more than its code changed/);
  });

  await t.step("both nodes in the plan's order; then all is a hit that says why", async () => {
    const { code, stdout, stderr } = await accept("two", "one", "--reason", "plus 0 is nothing");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^one: accepted the result of run .*\n {2}code {2}configs\/helper\.ts/);
    const events = await place.run([CONFIG]);
    assert.deepEqual(outcomes(events), { hit: ["one", "two"] });
    const notes = events.flatMap((event) => event.type === "note" ? [event.message] : []);
    assert.ok(notes.includes("one was accepted as it is: plus 0 is nothing"), notes.join("\n"));
    assert.match(
      (await place.do(["plan", CONFIG])).stdout,
      /^one {2}hit, accepted: plus 0 is nothing\n/,
    );
    assert.match((await place.do(["runs", "latest"])).stdout, /one .* accepted: plus 0 is nothing/);
    const [run] = new Store(place.store).readRuns();
    assert.equal(run?.nodes[0]?.accepted, "plus 0 is nothing");
    assert.equal((await place.do(["verify"])).code, 0);
  });

  await t.step("a rerun that comes to something else is told as such", async () => {
    place.edit("configs/helper.ts", "return x + 0;", "return x + 5;");
    assert.equal((await accept("one", "--reason", "a mistake")).code, 0);
    const events = await place.run([CONFIG, "-f", "one"]);
    const told = events.find((event) => event.type === "diverged");
    assert.equal(told?.type === "diverged" && told.divergence.accepted, "a mistake");
  });
});
