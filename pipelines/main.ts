/** The command line. With `cli/` the only code that prints or exits. */
import { complaint } from "./cli/complaint.ts";
import { parse } from "./cli/parse.ts";
import { processTerminal } from "./cli/terminal.ts";

/** The oldest Deno that this is built for; `.ci/run` and the README name the one that it is tested with. */
const OLDEST = [2, 9] as const;

function complainOfDeno(): string | null {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return null;
  return `error: Deno ${Deno.version.deno} is too old: wanted ${OLDEST.join(".")} or newer\n` +
    `  help: \`npm i -g deno@2.9.6\`, or \`deno upgrade\``;
}

async function main(words: readonly string[]): Promise<number> {
  const old = complainOfDeno();
  if (old !== null) {
    processTerminal().complain(`${old}\n`);
    return 2;
  }
  try {
    const parsed = await parse(words);
    if (parsed.type === "help") {
      processTerminal().write(`${parsed.text.trimEnd()}\n`);
      return 0;
    }
    const command = await parsed.command.load();
    return await command(parsed.call);
  } catch (error) {
    const { text, code } = await complaint(error, words.includes("--debug"));
    processTerminal().complain(`${text}\n`);
    return code;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
