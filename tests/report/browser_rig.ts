/** Opens a page in Chromium as a reader does who has it on disk. */
import assert from "node:assert/strict";
import { type Browser, chromium as driver, type Page } from "playwright-core";
import { chromium } from "./rig.ts";

const executablePath = await chromium();

export interface Look {
  readonly width?: number;
  readonly script?: boolean;
  readonly dark?: boolean;
}

/** Opens a page from disk, with the network off, and fails on whatever the console says. */
async function look(
  html: string,
  how: Look,
  see: (page: Page) => Promise<void>,
): Promise<void> {
  const file = await Deno.makeTempFile({ suffix: ".html" });
  await Deno.writeTextFile(file, html);
  const browser: Browser = await driver.launch({
    executablePath: executablePath ?? "",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const complaints: string[] = [];
  try {
    const context = await browser.newContext({
      offline: true,
      viewport: { width: how.width ?? 1200, height: 900 },
      javaScriptEnabled: how.script ?? true,
      colorScheme: how.dark ? "dark" : "light",
    });
    const page = await context.newPage();
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`));
    page.on("request", (request) => {
      if (!/^(file|data):/.test(request.url())) complaints.push(`request: ${request.url()}`);
    });
    await page.goto(new URL(`file://${file}`).href);
    await see(page);
  } finally {
    await browser.close();
    await Deno.remove(file);
  }
  assert.deepEqual(complaints, []);
}

/** A test that sees a page in Chromium; `html` makes it. */
export function inBrowser(
  html: () => Promise<string>,
  name: string,
  how: Look,
  see: (page: Page) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: executablePath === null,
    // The browser's driver keeps a timer and a pipe of its own for as long as the process lives.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => look(await html(), how, see),
  });
}
