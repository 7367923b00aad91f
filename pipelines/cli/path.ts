/** `path CONFIG NODE.OUTPUT` or `path DIGEST`: the folder, and nothing else on standard output. */
import type { Call } from "./command.ts";
import { findObject } from "./objects.ts";
import { processTerminal } from "./terminal.ts";

export async function path(call: Call): Promise<number> {
  const object = await findObject(call);
  processTerminal().write(`${object.folder}\n`);
  return 0;
}
