/** The page's server against those who take all that it has. */
import assert from "node:assert/strict";
import { allowed, isThere } from "../rig.ts";
import { Made } from "./made.ts";
import { Server } from "./rig.ts";

/** Opens connections, as far as they are taken; `text`: what each begins with. */
async function open(port: number, count: number, text: string): Promise<Deno.Conn[]> {
  const connections: Deno.Conn[] = [];
  for (let i = 0; i < count; i++) {
    const connection = await Deno.connect({ port, hostname: "127.0.0.1" });
    connections.push(connection);
    // One that was closed at once takes nothing.
    await connection.write(new TextEncoder().encode(text)).catch(() => {});
  }
  return connections;
}

const isLinux = Deno.build.os === "linux" && isThere("/bin/sh");

Deno.test(
  "more connections than the process may have files end neither it nor its answers",
  allowed("a limit of open files", isLinux),
  async () => {
    await using made = await Made.start();
    await using server = await Server.start(made.root, 0, 180);
    for (let round = 0; round < 2; round++) {
      const connections = await open(server.port, 400, "");
      for (const connection of connections) connection.close();
      // It closes what is too much, also the next ones until it has seen that others have gone.
      let status = 0;
      for (let tries = 0; status === 0 && tries < 1000; tries++) {
        const response = await fetch(server.url).catch(() => null);
        status = response?.status ?? 0;
        await response?.body?.cancel();
      }
      assert.equal(status, 200);
    }
  },
);

Deno.test("half a request is given up, so that it takes no place from others", async () => {
  await using made = await Made.start();
  const [half] = await open(made.server.port, 1, "GET / HTTP/1.1\r\nHost: loc");
  assert.ok(half);
  assert.equal(await new Response(half.readable).text(), "", "it is closed");
});
