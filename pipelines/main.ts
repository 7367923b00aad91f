/** The command line. With `cli/` the only code that prints or exits. */
import { complaint } from "./cli/complaint.ts";
import { parse } from "./cli/parse.ts";

async function main(words: readonly string[]): Promise<number> {
  try {
    const parsed = await parse(words);
    if (parsed.type === "help") {
      console.log(parsed.text.trimEnd());
      return 0;
    }
    const command = await parsed.command.load();
    return await command(parsed.call);
  } catch (error) {
    const { text, code } = await complaint(error, words.includes("--debug"));
    console.error(text);
    return code;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
