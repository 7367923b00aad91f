/** Ctrl-C: once, however many signals it comes as; again, for who does not want to wait. */
import assert from "node:assert/strict";

/** Sends itself one signal after the other; says how many it has seen, and when `last` is called. */
const SCRIPT = `
import { onInterrupt } from ${
  JSON.stringify(new URL("../pipelines/cli/interrupt.ts", import.meta.url))
};
let seen = 0;
const { signal } = onInterrupt(() => console.log("last"));
signal.addEventListener("abort", () => console.log("asked"));
Deno.addSignalListener("SIGINT", () => {
  if (++seen <= 2) console.log("seen " + seen);
  setTimeout(() => Deno.kill(Deno.pid, "SIGINT"), 1);
});
Deno.kill(Deno.pid, "SIGINT");
setInterval(() => {}, 1000);
`;

Deno.test({
  name: "signals that come together are one Ctrl-C; a later one does not wait",
  ignore: Deno.build.os === "windows",
  async fn() {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-run", "-"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(SCRIPT));
    await writer.close();
    const { code, stdout } = await process.output();
    assert.deepEqual([code, new TextDecoder().decode(stdout)], [
      130,
      "asked\nseen 1\nseen 2\nlast\n",
    ]);
  },
});
