import { type Call, CommandError } from "./command.ts";

export function sweep(_call: Call): number {
  throw new CommandError("Not there yet");
}
