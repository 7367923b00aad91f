/** Getting a known file: from folders in their order, then from a publisher that may break off or lie. */
import assert from "node:assert/strict";
import type { DataFile } from "../stages/datasets/fashion.ts";
import { download, obtain, sha256 } from "../stages/datasets/sources.ts";

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7 + (i >> 4)) % 256);
const plain = bytes.slice(0, 600).reverse();
const wanted: DataFile = {
  name: "data.gz",
  bytes: 1000,
  sha256: await sha256(bytes),
  unpacked: { bytes: 600, sha256: await sha256(plain) },
};
const wrong = bytes.toReversed();
const wrongDigest = await sha256(wrong);

interface Asked {
  readonly path: string;
  readonly range: string | null;
  readonly encoding: string | null;
}
interface Answer {
  readonly status?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** A publisher on this machine that says, byte for byte, what `answer` gives, and then hangs up. */
async function withPublisher(
  answer: (asked: Asked, request: number) => Answer,
  use: (url: string, asked: readonly Asked[]) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const asked: Asked[] = [];
  const serving = (async () => {
    for await (const connection of listener) {
      const head = await readHead(connection);
      if (head !== null) {
        asked.push(head);
        const { status = "200 OK", headers = {}, body = new Uint8Array() } = answer(
          head,
          asked.length - 1,
        );
        const lines = Object.entries({ connection: "close", ...headers });
        const text = `HTTP/1.1 ${status}\r\n${
          lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")
        }\r\n`;
        await write(connection, new TextEncoder().encode(text));
        await write(connection, body);
      }
      connection.close();
    }
  })();
  try {
    await use(`http://127.0.0.1:${listener.addr.port}/`, asked);
  } finally {
    listener.close();
    await serving;
  }
}

/** The request as far as its empty line; null if the other side went away before. */
async function readHead(connection: Deno.Conn): Promise<Asked | null> {
  let text = "";
  const buffer = new Uint8Array(4096);
  while (!text.includes("\r\n\r\n")) {
    const count = await connection.read(buffer);
    if (count === null) return null;
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, "im").exec(text)?.[1] ?? null;
  return {
    path: text.split(" ")[1] ?? "",
    range: header("range"),
    encoding: header("accept-encoding"),
  };
}

async function write(connection: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length;) at += await connection.write(data.subarray(at));
}

const length = (n: number) => ({ "content-length": String(n) });
const whole: Answer = { headers: length(1000), body: bytes };

/** Answers ranges as a server should, but hangs up after `most` bytes. */
function broken(most: number): (asked: Asked) => Answer {
  return ({ range }) => {
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    return {
      status: range === null ? "200 OK" : "206 Partial Content",
      headers: {
        ...length(1000 - start),
        ...range !== null && { "content-range": `bytes ${start}-999/1000` },
      },
      body: bytes.subarray(start, start + most),
    };
  };
}

function settings(onBytes: (done: number) => void = () => {}) {
  return { signal: new AbortController().signal, onBytes, pause: () => 0 };
}

Deno.test("a file comes whole in one request, as it lies there", async () => {
  await withPublisher(() => whole, async (url, asked) => {
    assert.deepEqual(await download(`${url}data.gz`, wanted, settings()), bytes);
    assert.deepEqual(asked, [{ path: "/data.gz", range: null, encoding: "identity" }]);
  });
});

Deno.test("a download that breaks in the middle goes on from where it stopped", async () => {
  await withPublisher(broken(400), async (url, asked) => {
    const seen: number[] = [];
    assert.deepEqual(await download(url, wanted, settings((done) => seen.push(done))), bytes);
    assert.deepEqual(asked.map(({ range }) => range), [null, "bytes=400-", "bytes=800-"]);
    assert.deepEqual(seen, seen.toSorted((a, b) => a - b), "progress never goes back");
    assert.equal(seen.at(-1), 1000);
  });
});

Deno.test("a server that knows no ranges sends the file again, and it is whole", async () => {
  await withPublisher(
    (_, request) => request === 0 ? { ...whole, body: bytes.subarray(0, 300) } : whole,
    async (url, asked) => {
      assert.deepEqual(await download(url, wanted, settings()), bytes);
      assert.deepEqual(asked.map(({ range }) => range), [null, "bytes=300-"]);
    },
  );
});

Deno.test("an answer to a range that was not asked for is thrown away", async () => {
  const other: Answer = {
    status: "206 Partial Content",
    headers: { ...length(750), "content-range": "bytes 250-999/1000" },
    body: bytes.subarray(250),
  };
  await withPublisher(
    (asked, request) => request === 1 ? other : broken(500)(asked),
    async (url, asked) => {
      assert.deepEqual(await download(url, wanted, settings()), bytes);
      assert.deepEqual(asked.map(({ range }) => range), [null, "bytes=500-", null, "bytes=500-"]);
    },
  );
});

Deno.test("a download that never gets on says how far it came, after five requests", async () => {
  await withPublisher(
    () => ({ body: bytes.subarray(0, 10) }),
    async (url, asked) => {
      await assert.rejects(download(url, wanted, settings()), {
        message: `Cannot download "${url}": it ended after 10 of 1000 bytes`,
      });
      assert.equal(asked.length, 5);
    },
  );
});

Deno.test("a server in trouble is asked again; a file that is not there is not", async () => {
  await withPublisher(
    (_, request) => request < 2 ? { status: "503 Busy", headers: length(0) } : whole,
    async (url, asked) => {
      assert.deepEqual(await download(url, wanted, settings()), bytes);
      assert.equal(asked.length, 3);
    },
  );
  await withPublisher(
    () => ({ status: "404 Not Found", headers: length(0) }),
    async (url, asked) => {
      await assert.rejects(download(url, wanted, settings()), {
        message: `Cannot download "${url}": the server answered 404`,
      });
      assert.equal(asked.length, 1);
    },
  );
});

Deno.test("a server that sends more than was wanted is cut off", async () => {
  await withPublisher(() => ({ body: new Uint8Array(5000) }), async (url, asked) => {
    await assert.rejects(download(url, wanted, settings()), {
      message: `Cannot download "${url}": it sent more than the 1000 bytes that were wanted`,
    });
    assert.equal(asked.length, 1);
  });
});

Deno.test("an abort ends the pause between two requests", async () => {
  const control = new AbortController();
  await withPublisher(() => ({ status: "503 Busy", headers: length(0) }), async (url, asked) => {
    const hour = 3_600_000;
    const pause = () => {
      queueMicrotask(() => control.abort());
      return hour;
    };
    const attempt = download(url, wanted, { signal: control.signal, onBytes: () => {}, pause });
    await assert.rejects(attempt, { name: "AbortError" });
    assert.equal(asked.length, 1);
  });
});

/** Folders that hold `set/data.gz`, by what is in it; null: no such file. */
async function withFolders(
  contents: readonly (Uint8Array<ArrayBuffer> | null)[],
  use: (folders: readonly string[]) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    const folders = contents.map((_, i) => `${root}/${i}`);
    for (const [i, content] of contents.entries()) {
      if (content === null) continue;
      await Deno.mkdir(`${root}/${i}/set`, { recursive: true });
      await Deno.writeFile(`${root}/${i}/set/data.gz`, content);
    }
    await use(folders);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function places(folders: readonly string[], publisher: string, logs: string[] = []) {
  const log = (message: string) => logs.push(message);
  return { ...settings(), folders, folder: "set", publisher, log };
}

Deno.test("folders are tried in their order, and the publisher is not asked if one has the file", async () => {
  await withFolders([null, bytes, wrong], async (folders) => {
    await withPublisher(() => whole, async (url, asked) => {
      const logs: string[] = [];
      assert.deepEqual(await obtain(wanted, places(folders, url, logs)), { bytes, isPacked: true });
      assert.deepEqual(logs, []);
      assert.deepEqual(asked, []);
    });
  });
});

Deno.test("a wrong file in a folder is named with both digests and passed over", async () => {
  await withFolders([wrong, bytes], async (folders) => {
    await withPublisher(() => whole, async (url, asked) => {
      const logs: string[] = [];
      assert.deepEqual(await obtain(wanted, places(folders, url, logs)), { bytes, isPacked: true });
      assert.deepEqual(logs, [
        `Passed over: "${folders[0]}/set/data.gz" is a wrong file (1000 bytes): ` +
        `its SHA-256 is ${wrongDigest}, wanted ${wanted.sha256} (1000 bytes)`,
      ]);
      assert.deepEqual(asked, []);
    });
  });
});

Deno.test("a file far too large is passed over by its size", async () => {
  await withFolders([new Uint8Array(5000)], async (folders) => {
    await withPublisher(() => whole, async (url, asked) => {
      const logs: string[] = [];
      assert.deepEqual(await obtain(wanted, places(folders, url, logs)), { bytes, isPacked: true });
      assert.deepEqual(logs, [
        `Passed over: "${folders[0]}/set/data.gz" is a wrong file: 5000 bytes, wanted 1000`,
      ]);
      assert.deepEqual(asked.map(({ path }) => path), ["/data.gz"]);
    });
  });
});

Deno.test("where no source has the right file, each is listed with what is wrong with it", async () => {
  await withFolders([null, wrong], async (folders) => {
    await withPublisher(() => ({ headers: length(1000), body: wrong }), async (url) => {
      const facts = `is a wrong file (1000 bytes): its SHA-256 is ${wrongDigest}, ` +
        `wanted ${wanted.sha256} (1000 bytes)`;
      await assert.rejects(obtain(wanted, places(folders, url)), {
        message: [
          'Cannot get "data.gz": none of its sources has it',
          `  "${folders[0]}/set/data.gz" does not exist, nor does "data" beside it`,
          `  "${folders[1]}/set/data.gz" ${facts}`,
          `  "${url}data.gz" ${facts}`,
          "Put the file into one of these folders, or name another by CRISOL_DATASETS",
        ].join("\n"),
      });
    });
  });
});

Deno.test("a file that lies there unpacked is taken by the digest of its own bytes", async () => {
  await withFolders([null, bytes], async (folders) => {
    await withPublisher(() => whole, async (url, asked) => {
      const logs: string[] = [];
      await Deno.mkdir(`${folders[0]}/set`, { recursive: true });
      await Deno.writeFile(`${folders[0]}/set/data`, plain);
      const found = await obtain(wanted, places(folders, url, logs));
      assert.deepEqual(found, { bytes: plain, isPacked: false });
      // One that was cut, or unpacked from another file, is named and passed over.
      await Deno.writeFile(`${folders[0]}/set/data`, plain.subarray(1));
      const next = await obtain(wanted, places(folders, url, logs));
      assert.deepEqual(next, { bytes, isPacked: true });
      assert.match(logs[0] ?? "", /^Passed over: "[^"]+\/set\/data" is a wrong file \(599 bytes\)/);
      assert.deepEqual(asked, []);
    });
  });
});
