/** From what the user calls a run to its record. */
import type { RunRecord } from "../store/store.ts";
import { UsageError } from "./command.ts";

/** `latest`, `latest~2` (the second before it), or the first characters of an id. `records`: newest first. */
export function findRun(records: readonly RunRecord[], text: string): RunRecord {
  const back = /^latest(?:~(\d{1,6}))?$/.exec(text);
  if (back !== null) {
    const found = records[Number(back[1] ?? 0)];
    if (found !== undefined) return found;
    throw new UsageError(
      `There is no run "${text}": the store remembers ${records.length}`,
      "`deno task runs` lists them",
    );
  }
  const found = records.filter(({ id }) => id.startsWith(text));
  const [first] = found;
  if (first === undefined) {
    throw new UsageError(
      `There is no run "${text}"`,
      "`deno task runs` lists them; `latest` and `latest~1` are the newest and the one before",
    );
  }
  if (found.length > 1) {
    throw new UsageError(
      `"${text}" is the beginning of ${found.length} runs`,
      `say which: ${found.slice(0, 8).map(({ id }) => id).join(", ")}`,
    );
  }
  return first;
}
