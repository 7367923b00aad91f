/** The page's server as a user starts it, and a browser that looks at the page. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Browser, chromium as driver, type Page } from "playwright-core";
import { chromium } from "../report/rig.ts";
import { ROOT } from "../rig.ts";

const executablePath = await chromium();

/** What `deno task ui` runs, with its rights. */
const WORDS: readonly string[] = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")))
  .tasks.ui.command.split(" ").slice(1);

/** A command line of `ui` that ends by itself. */
export async function ended(
  ...words: readonly string[]
): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...WORDS, ...words],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stderr: "piped",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

export class Server implements AsyncDisposable {
  private constructor(readonly process: Deno.ChildProcess, readonly url: string) {}

  /** `port`: 0 for any free one. `files`: how many it may have open at once. */
  static async start(store: string, port = 0, files: number | null = null): Promise<Server> {
    const words = [...WORDS, "--store", store, "--port", String(port)];
    const process = new Deno.Command(files === null ? Deno.execPath() : "/bin/sh", {
      args: files === null
        ? words
        : ["-c", `ulimit -n ${files}; exec "$0" "$@"`, Deno.execPath(), ...words],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    let text = "";
    const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      assert.ok(!done, "the server has ended at once");
      text += value;
    }
    // What it prints later has a reader for as long as it lives.
    (async () => {
      while (!(await reader.read()).done);
    })();
    return new Server(process, text.split("\n")[0] ?? "");
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.process.status;
  }
}

export interface Look {
  readonly width?: number;
  readonly dark?: boolean;
}

/** Opens an address, and fails on whatever the console says; `expected`: but for that. */
export async function look(
  url: string,
  how: Look,
  see: (page: Page) => Promise<void>,
  expected = /(?!)/,
): Promise<void> {
  const browser: Browser = await driver.launch({
    executablePath: executablePath ?? "",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"],
  });
  const complaints: string[] = [];
  try {
    const context = await browser.newContext({
      viewport: { width: how.width ?? 1400, height: 900 },
      colorScheme: how.dark ? "dark" : "light",
    });
    const page = await context.newPage();
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(url)) complaints.push(`request: ${request.url()}`);
    });
    await page.goto(url);
    await see(page);
  } finally {
    await browser.close();
  }
  assert.deepEqual(complaints.filter((one) => !expected.test(one)), []);
}

/** A test in the browser; it is left out where there is none. */
export function inBrowser(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name,
    ignore: executablePath === null,
    // The browser's driver keeps a timer and a pipe of its own for as long as the process lives.
    sanitizeOps: false,
    sanitizeResources: false,
    fn,
  });
}

/** Resolves when it is so; fails after half a minute. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!await isSo()) {
    assert.ok(Date.now() < end, "it is not so after half a minute");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
