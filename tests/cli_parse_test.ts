/** From words to calls, and help. */
import assert from "node:assert/strict";
import { UsageError } from "../pipelines/cli/command.ts";
import { COMMANDS } from "../pipelines/cli/commands.ts";
import { parse } from "../pipelines/cli/parse.ts";

async function call(...words: string[]) {
  const parsed = await parse(words);
  assert.equal(parsed.type, "call");
  // Narrowed by the assertion above, which TypeScript cannot follow.
  if (parsed.type !== "call") throw new Error();
  return {
    command: parsed.command.name,
    arguments: parsed.call.arguments,
    flags: parsed.call.flags,
  };
}

Deno.test("the plain form and the one with flags give the same arguments", async () => {
  assert.deepEqual(await call("run", "a.yaml", "train", "b@c"), {
    command: "run",
    arguments: ["a.yaml", "train", "b@c"],
    flags: {},
  });
  assert.deepEqual((await call("run", "a.yaml", "train", "-k", "b@c")).arguments, [
    "a.yaml",
    "train",
    "b@c",
  ]);
});

Deno.test("short and long flags, values and repeated values", async () => {
  const { flags } = await call(
    ..."run a.yaml -n -f train -f b@c --jobs=3 --set x.y=1 --set z=a=b --store s --json".split(" "),
  );
  assert.deepEqual(flags, {
    "dry-run": true,
    force: ["train", "b@c"],
    jobs: "3",
    set: ["x.y=1", "z=a=b"],
    store: "s",
    json: true,
  });
});

Deno.test("wrong use says what was wrong and where help is", async () => {
  const wrong = async (line: string) => {
    try {
      await parse(line.split(" "));
    } catch (error) {
      assert.ok(error instanceof UsageError, String(error));
      return [error.message, error.help];
    }
    throw new Error("it was accepted");
  };
  assert.deepEqual(await wrong("run a.yaml --job 3"), [
    'Unknown option "--job"',
    'Did you mean "--jobs"? `deno task run --help` shows what is possible',
  ]);
  assert.deepEqual(await wrong("run"), [
    'Missing required argument "config"',
    "`deno task run --help` shows what is possible",
  ]);
  assert.deepEqual(await wrong("plan a.yaml --set"), [
    'Option "--set <path=value>" argument missing',
    "`deno task plan --help` shows what is possible",
  ]);
  assert.deepEqual((await wrong("rum a.yaml"))[0], 'Unknown command "rum"');
});

for (const table of COMMANDS) {
  Deno.test(`${table.name} --help names every flag and shows examples`, async () => {
    const parsed = await parse([table.name, "--help"]);
    if (parsed.type !== "help") throw new Error("no help");
    assert.ok(parsed.text.includes(table.summary));
    for (const { flags } of table.flags) assert.ok(parsed.text.includes(flags), flags);
    for (const [line] of table.examples) assert.ok(parsed.text.includes(`deno task ${line}`));
  });
  Deno.test(`the examples of ${table.name} parse`, async () => {
    for (const [line] of table.examples) {
      assert.equal((await call(...line.split(" "))).command, table.name);
    }
  });
}

Deno.test("without a command the list of commands is shown", async () => {
  for (const words of [[], ["--help"]]) {
    const parsed = await parse(words);
    if (parsed.type !== "help") throw new Error("no help");
    for (const { name, summary, hidden } of COMMANDS) {
      const isShown: boolean = parsed.text.includes(`  ${name} `) && parsed.text.includes(summary);
      assert.equal(isShown, hidden !== true, name);
    }
  }
});
