/** The server of the page: it reads the store, answers on the loopback address alone, and writes nothing. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Store } from "../store/local.ts";
import { Accepting } from "./accept.ts";
import { readLog } from "./log.ts";
import { page, pageStyle } from "./page.ts";
import { PAGE_POLICY, publishedPage } from "./published.ts";
import { Runs } from "./runs.ts";
import { eventStream } from "./stream.ts";

export const ADDRESS = "127.0.0.1";
/** Pages that may be open at once. */
const MOST_STREAMS = 64;
/** Modules of the page's script, as they stand in `pipelines/`; a browser gets them without types. */
const MODULES = [
  "ui/client/main.ts",
  "ui/client/run.ts",
  "ui/client/graph.ts",
  "ui/client/layers.ts",
  "ui/client/curves.ts",
  "ui/client/tables.ts",
  "ui/client/log.ts",
  "ui/client/keep.ts",
  "ui/client/left.ts",
  "report/dom.ts",
  "cli/text.ts",
];

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; " +
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/**
 * Serves until it is shut down. `port`: 0 for any free one. `now`: milliseconds since 1970.
 * @throws {Deno.errors.AddrInUse} where another process has the port
 */
export function serveUi(store: Store, port: number, now: () => number = Date.now): Accepting {
  const runs = new Runs(store.root, now);
  const sources = new Map<string, string>();
  let streams = 0;

  const module = async (name: string) => {
    const known = sources.get(name);
    if (known !== undefined) return known;
    const text = await Deno.readTextFile(new URL(`../${name}`, import.meta.url));
    const source = stripTypeScriptTypes(text);
    sources.set(name, source);
    return source;
  };

  const log = async (url: URL) => {
    const run = url.searchParams.get("run") ?? "", node = url.searchParams.get("node") ?? "";
    const from = url.searchParams.get("from");
    // A path is made only of names that the run itself has told.
    await runs.seen();
    const state = await runs.state(run);
    if (state === null || !state.has(node)) return answer("There is no such node", 404);
    const isPlace = from === null || /^\d{1,15}$/.test(from);
    if (!isPlace) return answer("`from` is a number of bytes", 400);
    const view = await readLog(await store.logFile(run, node), from === null ? null : Number(from));
    return answer(JSON.stringify(view), 200, "application/json");
  };

  const published = async (url: URL) => {
    const run = url.searchParams.get("run") ?? "";
    await runs.seen();
    const path = (await runs.state(run))?.pages[Number(url.searchParams.get("number") ?? 0)];
    const text = path === undefined ? null : await publishedPage(run, path);
    if (text === null) {
      const why = "The page of this run is not there (any more): another run of its config may " +
        "have replaced it";
      return answer(why, 404);
    }
    return answer(text, 200, "text/html", { "content-security-policy": PAGE_POLICY });
  };

  const events = (headers: IncomingMessage["headers"], url: URL) => {
    if (streams >= MOST_STREAMS) return answer("Too many pages are open", 503);
    streams++;
    const last = headers["last-event-id"];
    const stream = eventStream(
      runs,
      url.searchParams.get("run"),
      typeof last === "string" ? last : null,
      () => streams--,
    );
    return answer(stream, 200, "text/event-stream");
  };

  const respond = async ({ headers, method, url: asked }: IncomingMessage): Promise<Answer> => {
    // A page of elsewhere whose name was made to mean this machine has another host.
    if (!isOurs(headers.host)) return answer("This page is for 127.0.0.1 and localhost alone", 403);
    if (method !== "GET") {
      return answer("Nothing can be changed here: only GET is answered", 405, undefined, {
        allow: "GET",
      });
    }
    const url = URL.parse(asked ?? "", `http://${ADDRESS}`);
    if (url === null) return answer("There is no such page", 404);
    const name = url.pathname.slice(1);
    if (name === "") return answer(page(store.root), 200, "text/html");
    if (name === "style.css") return answer(pageStyle(), 200, "text/css");
    if (name === "events") return events(headers, url);
    if (name === "log") return await log(url);
    if (name === "page") return await published(url);
    if (MODULES.includes(name)) return answer(await module(name), 200, "text/javascript");
    return answer("There is no such page", 404);
  };

  const server = createServer((request, response) => {
    respond(request)
      .catch((error: unknown) =>
        answer(error instanceof Error ? error.message : String(error), 500)
      )
      .then((found) => send(found, response))
      .catch(() => response.destroy()); // who asked has gone
  });
  return new Accepting(Deno.listen({ hostname: ADDRESS, port }), server);
}

/** The port may be another one: the way from a cluster's login node is a tunnel. */
function isOurs(host: string | undefined): boolean {
  return /^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/i.test(host ?? "");
}

interface Answer {
  readonly body: string | ReadableStream<Uint8Array>;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

function answer(
  body: Answer["body"],
  status: number,
  type = "text/plain",
  more: Readonly<Record<string, string>> = {},
): Answer {
  return {
    body,
    status,
    headers: { ...HEADERS, "content-type": `${type}; charset=utf-8`, ...more },
  };
}

async function send({ body, status, headers }: Answer, response: ServerResponse): Promise<void> {
  response.writeHead(status, headers);
  if (typeof body === "string") return void response.end(body);
  response.flushHeaders();
  await pipeline(Readable.from(body), response);
}
