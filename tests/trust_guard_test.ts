/** Doors that a stage could look out by: real stage processes try each, and must find it closed. */
import assert from "node:assert/strict";
import type { Event } from "../pipelines/run/event.ts";
import { Workplace } from "./rig.ts";
import { CONFIG, own, STAGE } from "./run_stages.ts";
import {
  CLOCKS,
  COMMON,
  type Doors,
  MACHINE,
  MODULES,
  OUTPUT,
  RANDOM,
  TEXTS,
  THREADS,
  TOP,
  WASM,
} from "./trust_doors.ts";

/** A stage that tries all of these, and logs the names of those that are open. */
function trying(doors: Doors): string {
  const tries = Object.entries(doors).map(([name, code]) =>
    `try { if (await (async () => { ${code} })()) open.push(${
      JSON.stringify(name)
    }); } catch { /* it is closed */ }`
  );
  return `const open = [];
${WASM}${COMMON}
${tries.join("\n")}
log(JSON.stringify(open));
Deno.removeSync(DATA, { recursive: true });
return;`;
}

for (
  const [what, doors] of Object.entries({
    CLOCKS,
    RANDOM,
    MACHINE,
    TEXTS,
    MODULES,
    OUTPUT,
    THREADS,
  })
) {
  Deno.test(`a stage finds no way past the guard: ${what.toLowerCase()}`, async () => {
    await using place = await Workplace.copy();
    own(place, trying(doors));
    place.edit(STAGE, "export default", `// deno-lint-ignore-file\n${TOP}\nexport default`);
    const [open] = logs(await place.run([CONFIG]));
    assert.deepEqual(JSON.parse(open ?? "null"), []);
  });
}

/** The lines that a stage logged. */
function logs(events: readonly Event[]): string[] {
  return events.flatMap((event) => event.type === "node-log" ? [event.message] : []);
}
