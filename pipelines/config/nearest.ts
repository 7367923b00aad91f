/** Spelling: the word that was probably meant. */

import { plainly } from "./odd.ts";

/** So that a file of thousands of names, all wrong, takes no minutes. */
const MOST_CANDIDATES = 1000;

/** What people bring from Keras' Python and from talk, without case and signs, and the word here. */
const HABITS: ReadonlyMap<string, string> = new Map([
  ["lr", "learningRate"],
  ["acc", "accuracy"],
  ["valacc", "val_accuracy"],
  ["bs", "batchSize"],
  ["batch", "batchSize"],
  ["kernel", "kernelSize"],
  ["pool", "poolSize"],
  ["neurons", "units"],
]);

/**
 * The candidate that is the same but for case, `_` and what pasted text or Python's `name=value` and `Name(...)`
 * bring along, or that a habit means. Else the one with the fewest edits (insert, delete, replace, swap of
 * neighbours; case counts a fifth), or null where none is near enough to be worth a guess: a third of the longer
 * word's letters (of three letters at least). The first of several equally near ones.
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const wanted = plainly(word).replace(/[=(].*$/s, "").replace(/^["']|["']$/g, "").trim();
  const meant = HABITS.get(letters(wanted));
  let best: string | null = null;
  let least = Infinity;
  let count = 0;
  for (const candidate of candidates) {
    if (++count > MOST_CANDIDATES) break;
    const longer = Math.max(wanted.length, candidate.length);
    if (candidate === word || longer > 100) continue;
    const isSame = wanted !== "" && letters(candidate) === letters(wanted);
    const distance = isSame || candidate === meant
      ? edits(wanted, candidate) / 1e6
      : edits(wanted, candidate);
    if (distance < least && distance <= Math.max(0.5, Math.floor(longer / 3))) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

function letters(word: string): string {
  return word.replace(/[_-]/g, "").toLowerCase();
}

/** `Did you mean "epochs"?`, or what there is to choose from, `most` at most. */
export function suggest(
  word: string,
  candidates: Iterable<string>,
  most = 12,
): string | undefined {
  const all = [...new Set(candidates)];
  const near = nearest(word, all);
  if (near !== null) return `Did you mean "${near}"?`;
  if (all.length === 0) return undefined;
  return `There ${all.length === 1 ? "is" : "are"}: ${all.slice(0, most).join(", ")}` +
    (all.length > most ? `, and ${all.length - most} more` : "");
}

/** Optimal string alignment distance. */
function edits(a: string, b: string): number {
  const columns = b.length + 1;
  const table = new Float64Array((a.length + 1) * columns);
  // Indices below stay inside the table, so that 0 never stands in for a missing cell.
  const at = (row: number, column: number) => table[row * columns + column] ?? 0;
  for (let row = 0; row <= a.length; row++) table[row * columns] = row;
  for (let column = 0; column <= b.length; column++) table[column] = column;
  for (let row = 1; row <= a.length; row++) {
    for (let column = 1; column <= b.length; column++) {
      let cost = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + difference(a[row - 1], b[column - 1]),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] &&
        a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, at(row - 2, column - 2) + 1);
      table[row * columns + column] = cost;
    }
  }
  return at(a.length, b.length);
}

function difference(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  return a?.toLowerCase() === b?.toLowerCase() ? 0.2 : 1;
}
