/** Edits of the code that a run loads: no result of before is taken for one of the code that is there now. */
import { join } from "node:path";
import { decidedOf } from "../../pipelines/plan/printed.ts";
import { Store } from "../../pipelines/store/local.ts";
import { command, digests, TINY, Workplace } from "../rig.ts";
import { copy, type Dice, type Lab, type Row } from "./lab.ts";

/** One place of a text is changed, which may break it, change a result, or change nothing. */
const EDITS: Readonly<Record<string, (text: string, dice: Dice) => string>> = {
  "another number": (text, dice) =>
    atOne(text, /\b\d+\b/g, dice, (found) => `${Number(found) + 1}`),
  "another operator": (text, dice) => atOne(text, / (?:[-+*<>]|&&|[<>]=|[!=]==) /g, dice, other),
  "another truth": (text, dice) =>
    atOne(text, /\b(?:true|false)\b/g, dice, (found) => found === "true" ? "false" : "true"),
  "two lines that change places": (text, dice) => {
    const lines = text.split("\n");
    const at = dice.below(Math.max(1, lines.length - 1));
    const [one = "", two = ""] = lines.slice(at, at + 2);
    return lines.toSpliced(at, 2, two, one).join("\n");
  },
  "a line that is gone": (text, dice) => {
    const lines = text.split("\n");
    return lines.toSpliced(dice.below(lines.length), 1).join("\n");
  },
  "a comment": (text, dice) => {
    const lines = text.split("\n");
    return lines.toSpliced(dice.below(lines.length), 0, "// a comment").join("\n");
  },
};

const OTHER: Readonly<Record<string, string>> = {
  "+": "-",
  "-": "+",
  "*": "+",
  "<": "<=",
  ">": ">=",
};

function other(found: string): string {
  const operator = found.trim();
  return found.replace(operator, OTHER[operator] ?? (operator === "&&" ? "||" : "!=="));
}

function atOne(
  text: string,
  pattern: RegExp,
  dice: Dice,
  change: (found: string) => string,
): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const { index, 0: words } = dice.pick(found);
  return text.slice(0, index) + change(words) + text.slice(index + words.length);
}

export async function edits(lab: Lab, count: number): Promise<Row> {
  const files = filesOf(lab);
  let misses = 0;
  const row = await lab.tries("edits of code", count, async (dice) => {
    const path = dice.pick(files);
    const [name, edit] = dice.pick(Object.entries(EDITS));
    const place = await Workplace.copy();
    try {
      for (const { name } of Deno.readDirSync(lab.clean.store)) {
        copy(join(lab.clean.store, name), join(place.store, name));
      }
      // A loop that an edit has made endless must end.
      const config = Deno.readTextFileSync(join(place.root, TINY));
      place.write(TINY, config.replace(/^ {4}uses: .*$/gm, "$&\n    resources: { time: 60s }"));
      place.write(path, edit(Deno.readTextFileSync(join(place.root, path)), dice));
      const now = await ends(place, place.store);
      const fresh = await ends(place, join(place.folder, "fresh"));
      if (now.isMiss) misses++;
      return now.text === fresh.text
        ? null
        : `${name} in ${path}: with the results of before it came to\n${now.text}\nand without to\n${fresh.text}`;
    } finally {
      await place[Symbol.asyncDispose]();
    }
  });
  return { ...row, fault: `${row.fault} (${files.length} files, ${misses} misses)` };
}

/** Sources that the stage processes of a run load, the engine's own part apart, and those of the kernels. */
function filesOf(lab: Lab): string[] {
  const found = new Set<string>();
  const store = new Store(lab.clean.store);
  for (const record of store.records()) {
    for (const path of Object.keys(decidedOf(record, store).modules())) found.add(path);
  }
  for (const { name } of Deno.readDirSync(join(lab.clean.root, "kernels", "assembly"))) {
    found.add(`kernels/assembly/${name}`);
  }
  return [...found].sort();
}

/** What a run comes to: its exit code, and the digests of all that was made or was there. */
async function ends(place: Workplace, store: string): Promise<{ text: string; isMiss: boolean }> {
  const words = ["run", TINY, "--keep-going", "--store", store, "--reports", place.reports];
  const runs = () => new Store(store).readRuns().length;
  const before = runs();
  const { code, stdout } = await command(place.root, words);
  // Code that cannot be built is told before a run begins.
  const made = runs() > before ? digests(store) : {};
  return { text: JSON.stringify([code, made], null, 1), isMiss: /^ran {2,}/m.test(stdout) };
}
