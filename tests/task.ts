/** The words of tasks that are no commands of the engine: each answers `--help`, and refuses what it does not know. */
import { type Call, type CommandTable, UsageError } from "../pipelines/cli/command.ts";
import { parse } from "../pipelines/cli/parse.ts";

/** What a task is asked for. Ends the process after its help, and where the words are none of its own. */
export async function called(
  table: Omit<CommandTable, "load">,
  words: readonly string[] = Deno.args,
): Promise<Call> {
  try {
    const whole = { ...table, load: () => Promise.reject(new Error("It is no command")) };
    const parsed = await parse([table.name, ...words], [whole]);
    if (parsed.type === "call") return parsed.call;
    console.log(parsed.text.trimEnd());
    Deno.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    refuse(error.message, error.help);
  }
}

/** Wrong use: exit code 2. */
export function refuse(message: string, help?: string): never {
  console.error(`error: ${message}${help === undefined ? "" : `\n  help: ${help}`}`);
  Deno.exit(2);
}
