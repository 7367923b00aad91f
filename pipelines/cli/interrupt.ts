/** Ctrl-C and its like. */

/** The first signal asks the work to stop; a second one does not wait for it, after `last` was called. */
export function onInterrupt(last: () => void): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  const handle = () => {
    if (controller.signal.aborted) {
      last();
      Deno.exit(130);
    }
    controller.abort();
  };
  for (const signal of signals) Deno.addSignalListener(signal, handle);
  return {
    signal: controller.signal,
    stop: () => {
      for (const signal of signals) Deno.removeSignalListener(signal, handle);
    },
  };
}
