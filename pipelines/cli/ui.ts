/** `ui`: serves a page on this machine that shows runs and sweeps as they go. */
import { ADDRESS, serveUi } from "../ui/server.ts";
import { type Call, CommandError, UsageError, value } from "./command.ts";
import { openStoreOf } from "./store.ts";
import { shortPath } from "./place.ts";
import { processTerminal } from "./terminal.ts";
import { visibleLine } from "./text.ts";

const PORT = 8470;

/** Ends with the process: nothing is written, so that nothing needs to be put away. */
export async function ui(call: Call): Promise<number> {
  const port = portOf(value(call, "port"));
  const store = openStoreOf(call);
  const terminal = processTerminal();
  try {
    const server = serveUi(store, port);
    terminal.write(`http://${ADDRESS}:${server.port}/\n`);
    terminal.write(
      `shows ${visibleLine(shortPath(store.root))}; Ctrl-C ends the showing, and no run\n`,
    );
    await server.finished;
    return 0;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new CommandError(
        `Port ${port} of this machine is taken`,
        `look at http://${ADDRESS}:${port}/, it may be there already; else \`ui --port 0\` takes any free one`,
      );
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new CommandError(
        `Port ${port} may not be taken: ${error.message}`,
        "`--port` takes another one, from 1024 on",
      );
    }
    throw error;
  }
}

function portOf(text: string | undefined): number {
  if (text === undefined) return PORT;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port < 65536) return port;
  throw new UsageError(`--port "${text}" is no port`, "give a whole number from 0 to 65535");
}
