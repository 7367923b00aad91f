/** Every task of deno.json says what it does when it is asked, does nothing else, and refuses what it does not know. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { COMMANDS } from "../pipelines/cli/commands.ts";
import { parse } from "../pipelines/cli/parse.ts";
import { ROOT } from "./rig.ts";

const { tasks } = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json"))) as {
  readonly tasks: Readonly<Record<string, { description: string; command: string }>>;
};

/** A task with words behind it, as `deno task` calls it. */
async function call(name: string, ...words: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", name, ...words],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

for (const [name, { description, command: line }] of Object.entries(tasks)) {
  Deno.test(`${name} answers --help with its usage alone, and refuses a word that it does not know`, async () => {
    if (line.includes("pipelines/main.ts")) {
      // These have one door: it is opened here without a process for each.
      assert.match(line, new RegExp(` pipelines/main\\.ts ${name}$`));
      assert.equal(description, COMMANDS.find((one) => one.name === name)?.summary);
      const parsed = await parse([name, "--help"]);
      assert.ok(parsed.type === "help" && parsed.text.startsWith(`Usage: deno task ${name} `));
      await assert.rejects(parse([name, "--nonsense"]), /Unknown option "--nonsense"/);
      return;
    }
    const help = await call(name, "--help");
    assert.deepEqual([help.code, help.stderr], [0, ""]);
    assert.ok(help.stdout.startsWith(`Usage: deno task ${name} `), help.stdout);
    // What \`deno task\` lists is what the task says of itself.
    assert.ok(help.stdout.replace(/\s+/g, " ").includes(` ${description} `), help.stdout);
    const wrong = await call(name, "--nonsense");
    assert.deepEqual([wrong.code, wrong.stdout], [2, ""], wrong.stderr);
    assert.match(wrong.stderr, /^error: Unknown option "--nonsense"\n {2}help: /);
  });
}
