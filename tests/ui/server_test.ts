/** Who is answered what: the page is for this machine, shows logs and changes nothing. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileName } from "../../pipelines/store/names.ts";
import { TINY, Workplace } from "../rig.ts";
import { ended, inBrowser, look, Server, until } from "./rig.ts";

/** A request as it is written, since `fetch` mends paths and sets the host itself. */
async function ask(server: Server, target: string, host: string, method = "GET"): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const text = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(text));
  return await new Response(connection.readable).text();
}

const statusOf = (answer: string) => Number(answer.split(" ")[1]);

Deno.test("only this machine's names are answered, only GET, and nothing but the page's own files", async (t) => {
  await using place = await Workplace.here();
  await place.run([TINY]);
  await using server = await Server.start(place.store);
  const own = `127.0.0.1:${server.port}`;
  const [name = ""] = [...Deno.readDirSync(join(place.store, "events"))].map(({ name }) => name);
  const run = name.replace(".jsonl", "");

  await t.step("a name of elsewhere that leads here is refused", async () => {
    for (const host of ["evil.example", `evil.example:${server.port}`, "127.0.0.1.evil.example"]) {
      assert.equal(statusOf(await ask(server, "/", host)), 403, host);
    }
    // Through a tunnel the port is another.
    for (const host of [own, `localhost:${server.port}`, "localhost:9999"]) {
      assert.equal(statusOf(await ask(server, "/", host)), 200, host);
    }
  });

  await t.step("it listens on the loopback address alone", async () => {
    const others = Deno.networkInterfaces().filter(({ family, address }) =>
      family === "IPv4" && !address.startsWith("127.")
    );
    for (const { address } of others) {
      await assert.rejects(Deno.connect({ hostname: address, port: server.port }));
    }
  });

  await t.step("what would change something is refused", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const answer = await ask(server, "/", own, method);
      assert.equal(statusOf(answer), 405, method);
      assert.match(answer, /allow: GET/);
    }
  });

  await t.step(
    "every answer forbids scripts of elsewhere, frames, guesses and copies",
    async () => {
      for (
        const path of ["/", "/style.css", "/ui/client/main.ts", "/nothing", "/log?run=x&node=y"]
      ) {
        const { headers, body } = await fetch(`${server.url.slice(0, -1)}${path}`);
        await body?.cancel();
        const policy = headers.get("content-security-policy") ?? "";
        assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
        assert.match(policy, /frame-ancestors 'none'/);
        assert.equal(headers.get("cache-control"), "no-store");
        assert.equal(headers.get("x-content-type-options"), "nosniff");
        assert.equal(headers.get("access-control-allow-origin"), null);
      }
    },
  );

  await t.step("no path leads to another file", async () => {
    Deno.writeTextFileSync(join(place.store, "secret.log"), "secret");
    const paths = [
      "/ui/server.ts",
      "/../deno.json",
      "/ui/client/../../../deno.json",
      "/ui/client/%2e%2e/server.ts",
      "/%2fetc%2fpasswd",
      `/log?run=${run}&node=../../secret`,
      `/log?run=..&node=secret`,
      `/log?run=${run}%2f..%2f..&node=secret`,
      `/log?run=&node=secret`,
      `/log?run=${run}&node=unknown`,
    ];
    for (const path of paths) {
      const answer = await ask(server, path, own);
      assert.equal(statusOf(answer), 404, path);
      assert.ok(!answer.includes("secret"), path);
    }
  });

  await t.step(
    "a log is told piece by piece, and a link in its place is not followed",
    async () => {
      const log = join(place.store, "logs", run, "train@logits.log");
      const read = async (from: number | null) => {
        const asked = `run=${run}&node=train@logits${from === null ? "" : `&from=${from}`}`;
        const response = await fetch(`${server.url}log?${asked}`);
        assert.equal(response.status, 200);
        return await response.json();
      };
      const first = await read(null);
      assert.match(first.text, /^Model: "sequential"/);
      assert.equal(first.next, first.size);
      Deno.writeTextFileSync(log, "more\nhalf", { append: true });
      assert.deepEqual((await read(first.next)).text, "more\n");
      // The end of a long one, from the start of a line.
      Deno.writeTextFileSync(log, `${"é".repeat(100)}\n`.repeat(2000), { append: true });
      const end = await read(null);
      assert.ok(end.from > 0 && end.text.startsWith("é") && end.text.length > 50_000);
      assert.ok(end.text.split("\n").slice(0, -1).every((line: string) => line.length === 100));
      Deno.removeSync(log);
      assert.equal(await read(null), null);
      Deno.symlinkSync(join(place.store, "secret.log"), log);
      assert.equal(await read(null), null);
    },
  );

  await t.step("so many pages are served at once, and those that close make room", async () => {
    const open = () => fetch(`${server.url}events`);
    const pages = await Promise.all(Array.from({ length: 64 }, open));
    assert.ok(pages.every(({ status }) => status === 200));
    const refused = await open();
    assert.equal(refused.status, 503);
    await Promise.all([...pages, refused].map(({ body }) => body?.cancel()));
    await until(async () => {
      const { status, body } = await open();
      await body?.cancel();
      return status === 200;
    });
  });

  await t.step("a port that is taken is said, with what to do", async () => {
    const { code, stderr } = await ended("--port", String(server.port));
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`Port ${server.port} of this machine is taken\n`));
    assert.match(stderr, /`ui --port 0` takes any free one/);
    assert.equal((await ended("--port", "70000")).code, 2);
  });
});

inBrowser(
  "names, figures and logs of a hostile store are text, and nothing of them runs",
  async () => {
    await using place = await Workplace.here();
    const run = "20260101-000000-abcd", bad = "<img src=x onerror=alert(1)>";
    const node = `${bad}\u202e`;
    const lines = [
      { type: "run", config: bad, command: [bad], sweep: bad, slurm: bad },
      { type: "run-started", nodes: [{ id: node, stage: bad, feeds: [] }] },
      { type: "node-started", node },
      {
        type: "node-progress",
        node,
        progress: { done: 1, total: 2, unit: bad, facts: { [bad]: "1" } },
      },
      { type: "node-ended", node, outcome: "failed", failure: { message: bad, help: bad } },
      { type: "warning", message: bad },
    ];
    Deno.mkdirSync(join(place.store, "events"), { recursive: true });
    Deno.mkdirSync(join(place.store, "logs", run), { recursive: true });
    Deno.writeTextFileSync(
      join(place.store, "events", `${run}.jsonl`),
      lines.map((line) => `${JSON.stringify({ at: 1, ...line })}\n`).join(""),
    );
    Deno.writeTextFileSync(
      join(place.store, "logs", run, `${await fileName(node)}.log`),
      `${bad}\u001b[31mred\u001b[0m\u0007</code><script>alert(1)</script>\n`,
    );
    await using server = await Server.start(place.store);
    await look(server.url, {}, async (page) => {
      await page.locator("#failures li", { hasText: bad }).waitFor();
      await page.locator("#graph button").click();
      await page.locator("#failures button").click();
      await page.locator("#log code", { hasText: "</code><script>" }).waitFor();
      assert.ok((await page.locator("#log code").innerText()).includes("red\\u0007</code>"));
      assert.equal(await page.locator("#log-name").innerText(), `${bad}\\u202e`);
      assert.match(await page.locator("#curves").innerText(), /<img/);
      assert.match(await page.locator("#notes").innerText(), /<img/);
      assert.equal(await page.locator("img").count(), 0);
    });
  },
);
