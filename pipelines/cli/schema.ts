/** `schema [FILE]`: the JSON Schema that editors check configs with. */
import { type Call, CommandError, has } from "./command.ts";
import { schemaText } from "./engine.ts";
import { processTerminal } from "./terminal.ts";

const FILE = "configs/config.schema.json";

export async function schema(call: Call): Promise<number> {
  const file = call.arguments[0] ?? FILE;
  const text = await schemaText(call);
  const old = await Deno.readTextFile(file).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  });
  const terminal = processTerminal();
  if (old === text) {
    terminal.write(`${file} is up to date\n`);
    return 0;
  }
  if (has(call, "check")) {
    throw new CommandError(`${file} is not up to date`, "`deno task schema` writes it");
  }
  await Deno.writeTextFile(file, text);
  terminal.write(`wrote ${file}\n`);
  return 0;
}
