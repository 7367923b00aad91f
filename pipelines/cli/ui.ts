import { type Call, CommandError } from "./command.ts";

export function ui(_call: Call): number {
  throw new CommandError("Not there yet");
}
