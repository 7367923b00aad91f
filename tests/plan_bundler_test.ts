/** The bundler is a process of its own, which may end by itself. */
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { isThere, Workplace } from "./rig.ts";
import { CONFIG, own } from "./run_stages.ts";

/** Loaded before the engine: ends its bundler when the stage's file is to be read, which that waits for. */
const KILL = `
import processes from "node:child_process";
const { spawn } = processes;
let bundler = null;
processes.spawn = (...words) => bundler = spawn(...words);
const read = Deno.readFile.bind(Deno);
Deno.readFile = (path, options) => {
  if (String(path).endsWith("/own.ts")) bundler.kill("SIGKILL");
  return read(path, options);
};
`;

Deno.test("a bundler that ends while it builds is told in words, and nothing is half done", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  const preload = pathToFileURL(place.write("../kill.ts", KILL)).href;
  const { code, stdout, stderr } = await place.do(["run", CONFIG], { preload });
  assert.match(
    stderr,
    /^error: The bundler's process ended while it built "own\.ts", by itself or by somebody's signal; nothing was planned or run: do the same again/,
  );
  assert.doesNotMatch(stderr, /service|^ +at /m);
  assert.deepEqual([code, stdout], [1, ""]);
  for (const part of ["bundles", "cache/plans", "records"]) {
    assert.ok(!isThere(`${place.store}/${part}`), part);
  }
  await place.run([CONFIG]);
});
