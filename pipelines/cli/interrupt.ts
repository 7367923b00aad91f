/** Ctrl-C and its like. */

/**
 * One Ctrl-C may arrive as several signals: a terminal sends it to the whole group, and `deno task` hands it on. What
 * comes within this many milliseconds of the first is the same one.
 */
const ONE = 500;

/** The first signal asks the work to stop; a second one does not wait for it, after `last` was called. */
export function onInterrupt(last: () => void): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  let isOver = false, timer: ReturnType<typeof setTimeout> | undefined;
  const handle = () => {
    if (isOver) {
      last();
      Deno.exit(130);
    }
    if (controller.signal.aborted) return;
    // A turn of the loop more: where it was held up, signals wait beside the timer that has come due meanwhile.
    timer = setTimeout(() => timer = setTimeout(() => isOver = true), ONE);
    controller.abort();
  };
  for (const signal of signals) Deno.addSignalListener(signal, handle);
  return {
    signal: controller.signal,
    stop: () => {
      clearTimeout(timer);
      for (const signal of signals) Deno.removeSignalListener(signal, handle);
    },
  };
}
