import { type Call, CommandError } from "./command.ts";

export function status(_call: Call): number {
  throw new CommandError("Not there yet");
}
export function watch(_call: Call): number {
  throw new CommandError("Not there yet");
}
export function cancel(_call: Call): number {
  throw new CommandError("Not there yet");
}
