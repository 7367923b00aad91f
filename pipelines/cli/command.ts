/** What a command is: one table that parsing, help and the README's list are all read from. */

export interface Argument {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly many: boolean;
}

export interface Flag {
  /** As in help: "-j, --jobs <number>"; a value is asked for by `<...>`. */
  readonly flags: string;
  readonly description: string;
  /** May be given several times; the values make a list. */
  readonly repeatable?: boolean;
}

/** One parsed command line. A flag's name is its long form without dashes in front. */
export interface Call {
  /** Without those that were not given. */
  readonly arguments: readonly string[];
  readonly flags: Readonly<Record<string, true | string | readonly string[]>>;
  /** All words after the program's name, for the run record. */
  readonly words: readonly string[];
}

export interface CommandTable {
  readonly name: string;
  readonly summary: string;
  /** Called by programs alone: help leaves it out. */
  readonly hidden?: true;
  /** More for the command's own help. */
  readonly details?: string;
  readonly arguments: readonly Argument[];
  readonly flags: readonly Flag[];
  /** Command lines without `deno task`, each with what it does. */
  readonly examples: readonly (readonly [string, string])[];
  /** Imported only when the command is called; answers the exit code. */
  load(): Promise<(call: Call) => number | Promise<number>>;
}

/** Wrong use of the command line, such as a name of nothing that there is: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  constructor(message: string, readonly help?: string) {
    super(message);
  }
}

/** Something that the user asked for and that cannot be had (a missing log, say): exit code 1. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  constructor(message: string, readonly help?: string) {
    super(message);
  }
}

export function has(call: Call, flag: string): boolean {
  return call.flags[flag] === true;
}

/** The value of a flag that takes one. */
export function value(call: Call, flag: string): string | undefined {
  const found = call.flags[flag];
  return typeof found === "string" ? found : undefined;
}

/** The values of a repeatable flag. */
export function values(call: Call, flag: string): readonly string[] {
  const found = call.flags[flag];
  return typeof found === "object" ? found : [];
}

/** An argument that the table declares as required, which the parser has seen to. */
export function argument(call: Call, index: number): string {
  const found = call.arguments[index];
  if (found === undefined) throw new UsageError(`Argument ${index + 1} is missing`);
  return found;
}
