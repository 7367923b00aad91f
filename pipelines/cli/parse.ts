/** From words to a call. The plain form loads no parser: commander costs a no-op 40 ms (measured). */
import type { Call, CommandTable } from "./command.ts";
import { UsageError } from "./command.ts";
import { COMMANDS } from "./commands.ts";

export type Parsed =
  | { readonly type: "call"; readonly command: CommandTable; readonly call: Call }
  | { readonly type: "help"; readonly text: string };

/** `words`: all after the program's name; `tables`: what there is to call. Throws `UsageError`. */
export async function parse(
  words: readonly string[],
  tables: readonly CommandTable[] = COMMANDS,
): Promise<Parsed> {
  const command = tables.find((one) => one.name === words[0]);
  const rest = words.slice(1);
  if (command !== undefined && isPlain(command, rest)) {
    return { type: "call", command, call: { arguments: rest, flags: {}, words } };
  }
  return await parseWithCommander(words, tables);
}

/** Nothing but arguments, as many as the command takes. */
function isPlain(command: CommandTable, words: readonly string[]): boolean {
  const least = command.arguments.filter((one) => one.required).length;
  const most = command.arguments.some((one) => one.many) ? Infinity : command.arguments.length;
  return words.length >= least && words.length <= most &&
    words.every((word) => word !== "" && !word.startsWith("-"));
}

async function parseWithCommander(
  words: readonly string[],
  tables: readonly CommandTable[],
): Promise<Parsed> {
  const { Command, CommanderError, Option } = await import("commander");
  const printed: string[] = [];
  const complaints: string[] = [];
  let found: Parsed | undefined;
  const program = new Command("deno task");
  const output = {
    writeOut: (text: string) => void printed.push(text),
    writeErr: (text: string) => void complaints.push(text),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
    getOutHelpWidth: () => 96,
    getErrHelpWidth: () => 96,
  };
  program
    .description("Crisol: the same config gives the same bits")
    .helpOption("-h, --help", "show help")
    .helpCommand(false)
    .exitOverride()
    .configureOutput(output)
    .addHelpText("after", "\nEach command has its own help, e.g. deno task run --help");
  for (const table of tables) {
    const command = program.command(table.name, { hidden: table.hidden === true })
      .summary(table.summary)
      .description(
        table.details === undefined ? table.summary : `${table.summary}\n${table.details}`,
      );
    for (const one of table.arguments) {
      const name = one.many ? `${one.name}...` : one.name;
      command.argument(one.required ? `<${name}>` : `[${name}]`, one.description);
    }
    for (const flag of table.flags) {
      const option = new Option(flag.flags, flag.description);
      if (flag.repeatable === true) {
        option.argParser((text: string, before: string[] | undefined) => [...before ?? [], text]);
      }
      command.addOption(option);
    }
    command.helpOption("-h, --help", "show this help").addHelpText("after", examples(table));
    command.action(() => {
      found = {
        type: "call",
        command: table,
        call: { arguments: command.args, flags: flagsOf(table, command.opts()), words },
      };
    });
  }
  try {
    await program.parseAsync([...words], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { type: "help", text: printed.join("") };
    if (words.length === 0) return { type: "help", text: program.helpInformation() };
    const [first = error.message, ...more] = error.message.replace(/^error: /, "").split("\n")
      .map((line) => line.replace(/'([^']*)'/g, '"$1"').replace(/\.$/, ""));
    const hint = more.join(" ").trim()
      .replace(/^\(Did you mean (?:one of )?(.*)\?\)$/, (_, words: string) => {
        const all = words.split(", ").map((word) => `"${word}"`);
        return `Did you mean ${all.join(" or ")}?`;
      });
    const name = tables.some((one) => one.name === words[0]) ? `${words[0]} ` : "";
    throw new UsageError(
      first.charAt(0).toUpperCase() + first.slice(1),
      [hint, `\`deno task ${name === "" ? "run " : name}--help\` shows what is possible`]
        .filter((part) => part !== "").join(" "),
    );
  }
  return found ?? { type: "help", text: program.helpInformation() };
}

/** Commander's camel-case names back to those of the table. */
function flagsOf(table: CommandTable, options: Record<string, unknown>): Call["flags"] {
  const flags: Record<string, true | string | readonly string[]> = {};
  for (const { flags: text } of table.flags) {
    const name = /--([a-z-]+)/.exec(text)?.[1] ?? text;
    // The parser reads `--no-x` as x that is false.
    if (name.startsWith("no-")) {
      if (options[camel(name.slice(3))] === false) flags[name] = true;
      continue;
    }
    const given = options[camel(name)];
    if (given === true || typeof given === "string") flags[name] = given;
    if (Array.isArray(given)) flags[name] = given.map(String);
  }
  return flags;
}

function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function examples(table: CommandTable): string {
  const lines = table.examples.map(([line, what]) => `  deno task ${line}\n      ${what}`);
  return `\nExamples:\n${lines.join("\n")}`;
}
