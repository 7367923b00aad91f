/** `sweep --export`: other tools read one row a trial. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { SweepTrial } from "../pipelines/report/sweep_data.ts";
import { pythonWithPackages } from "./python_rig.ts";
import { needs, Workplace } from "./rig.ts";
import { runSweep, stateOf, writeSweep } from "./sweep_rig.ts";

const python = await pythonWithPackages();

const READ = "import json, sys, pyarrow.parquet as p, pyarrow.csv as c\n" +
  "path = sys.argv[1]\n" +
  "t = p.read_table(path) if path.endswith('parquet') else c.read_csv(path)\n" +
  "json.dump(t.to_pylist(), sys.stdout)\n";

Deno.test({
  name: "pyarrow reads the trials of a sweep from Parquet and from CSV, as JSON lines have them",
  ...needs("python3 with venv, and pip's packages", python !== null),
  async fn() {
    assert.ok(python);
    await using place = await Workplace.here();
    const file = writeSweep(place, {
      strategy: "grid",
      set: "{ work.noise: 0.25 }",
      space: '{ x: [0.25, 0.5], kind: { choice: { plain: plain, "bad, \\"quoted\\"": bad } } }',
      replicates: "2",
    });
    await runSweep(place, [file]);
    const exported = async (format: string) => {
      const to = join(place.folder, `trials.${format}`);
      const { code, stderr } = await place.do(["sweep", file, "--export", format, "--to", to]);
      assert.equal(code, 0, stderr);
      return to;
    };
    const table = async (path: string): Promise<Record<string, unknown>[]> => {
      const { stdout } = await new Deno.Command(python, {
        args: ["-c", READ, path],
        stderr: "inherit",
      }).output();
      return JSON.parse(new TextDecoder().decode(stdout));
    };
    const parquet = await table(await exported("parquet"));
    const csv = await table(await exported("csv"));
    const lines: SweepTrial[] = Deno.readTextFileSync(await exported("jsonl")).trim().split("\n")
      .map((line) => JSON.parse(line));
    // A run counts its own part of a stage run, too, and what a failed one took is not kept.
    const timeless = (trials: readonly SweepTrial[]) =>
      trials.map((trial) => ({ ...trial, seconds: 0 }));
    assert.deepEqual(timeless(lines), timeless(stateOf(place).trials));
    for (const rows of [parquet, csv]) {
      assert.equal(rows.length, 4);
      for (const [index, row] of rows.entries()) {
        const line: SweepTrial | undefined = lines[index];
        assert.ok(line);
        const { trial, state, values, metrics, failure } = line;
        assert.deepEqual([row["trial"], row["state"], row["work.x"], row["work.kind"]], [
          trial,
          state,
          Number(values["work.x"]),
          values["work.kind"],
        ]);
        assert.equal(row["replicates"], metrics.length);
        assert.equal(row["failure"] || null, failure?.message ?? null);
        if (state !== "done") continue;
        const figures = metrics.map(({ value }) => value);
        const [one = NaN, two = NaN] = figures;
        assert.equal(row["judge.accuracy"], Number(((one + two) / 2).toPrecision(15)));
        assert.equal(row["judge.accuracy.least"], Math.min(...figures));
        assert.equal(row["judge.accuracy.most"], Math.max(...figures));
      }
    }
  },
});

Deno.test("a format that there is none of, and Parquet without a file, are refused", async () => {
  await using place = await Workplace.here();
  const file = writeSweep(place);
  const told = async (...words: string[]) => {
    const { code, stderr } = await place.do(["sweep", file, ...words]);
    return [code, stderr.split("\n")[0]];
  };
  assert.deepEqual(await told("--export", "xlsx"), [2, 'error: --export "xlsx" is no format']);
  assert.deepEqual(await told("--export", "parquet"), [
    2,
    "error: A Parquet file goes to no terminal",
  ]);
  assert.deepEqual(await told("--to", "a.csv"), [2, "error: --to is for --export alone"]);
});
