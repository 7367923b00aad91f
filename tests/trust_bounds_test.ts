/** The bounds on what is read from outside are those of docs/security.md. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { MOST_BYTES as MOST_LOCK } from "../pipelines/certificate/lock.ts";
import { MOST_LEVELS, MOST_VALUES } from "../pipelines/config/build.ts";
import { MOST_BYTES } from "../pipelines/config/read.ts";
import { MOST_SEEDS } from "../pipelines/config/shape.ts";
import { LOG_LIMIT } from "../pipelines/executors/output.ts";
import { LINE_LIMIT } from "../pipelines/host/protocol.ts";
import { MOST_NODES } from "../pipelines/plan/maker.ts";
import { EVENTS_LIMIT } from "../pipelines/store/events.ts";
import { MOST_TEXT } from "../pipelines/store/files.ts";
import { MOST_REPLICATES } from "../pipelines/sweep/read.ts";
import { MOST_CHOICES, MOST_PARAMETERS } from "../pipelines/sweep/read_space.ts";
import { MOST_TRIALS } from "../pipelines/sweep/sweep.ts";
import { LIMIT } from "../pipelines/tensor/dtypes.ts";
import { CHUNK_LIMIT } from "../pipelines/tensor/zarr.ts";
import { MOST_LINE } from "../pipelines/ui/tail.ts";
import { ROOT, Workplace } from "./rig.ts";

Deno.test("docs/security.md has the bounds of the code, all of them and in their order", () => {
  const text = Deno.readTextFileSync(join(ROOT, "docs", "security.md"));
  const rows = [...text.matchAll(/^\| [^|]+ \| (\d+) +\|$/gm)].map(([, number]) => Number(number));
  assert.deepEqual(rows, [
    ...[MOST_BYTES, MOST_VALUES, MOST_LEVELS, MOST_SEEDS],
    ...[MOST_PARAMETERS, MOST_CHOICES, MOST_TRIALS, MOST_REPLICATES],
    ...[MOST_NODES, MOST_LOCK],
    ...[MOST_TEXT, CHUNK_LIMIT, LIMIT, LOG_LIMIT, LINE_LIMIT],
    ...[MOST_LINE, EVENTS_LIMIT],
  ]);
});

Deno.test("a config of more nodes than a plan may have is refused at its stage, at once", async () => {
  await using place = await Workplace.here();
  const many = Array.from({ length: 8 }, (_, i) => `    a${i}: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]`);
  const path = place.write(
    "many.yaml",
    `stages:\n  shapes:\n    uses: shapes\n    matrix:\n  ${many.join("\n  ")}\n`,
  );
  const { code, stderr } = await place.do(["plan", path]);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /A plan has 60000 nodes at most, and "shapes" has too many cells: its variants, matrix and seeds make 100000000\n/,
  );
});
