/** The log of a node in a window of its own, which follows it while it runs. */
/// <reference lib="dom" />
import { bytes, visible } from "../../cli/text.ts";
import type { LogView } from "../views.ts";
import { byId, inside, setText } from "./keep.ts";

const EVERY = 1000;
/** Characters that are shown; of a longer log the end. */
const MOST_SHOWN = 2_000_000;
// deno-lint-ignore no-control-regex -- colour codes begin with a control character
const COLOURS = /\u001b\[[0-9;]*m/g;

/** `isOver`: the node writes no more. */
export function openLog(run: string, node: string, isOver: () => boolean): void {
  // The page's own elements of these kinds.
  const dialog = byId("log") as HTMLDialogElement;
  const place = inside(dialog, "pre"), code = inside(dialog, "code"), state = byId("log-state");
  setText(byId("log-name"), node);
  code.textContent = "";
  setText(state, "Reads…");
  let next: number | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const closed = new AbortController();
  dialog.addEventListener("close", () => {
    closed.abort();
    clearTimeout(timer);
  }, { once: true });

  const read = async () => {
    const wasOver = isOver();
    const asked = new URLSearchParams({
      run,
      node,
      ...next === null ? {} : { from: String(next) },
    });
    let isMore = false;
    try {
      const response = await fetch(`/log?${asked}`, { signal: closed.signal });
      if (!response.ok) setText(state, await response.text());
      else isMore = show(await response.json());
      if (!wasOver) state.append(", follows");
    } catch {
      if (closed.signal.aborted) return;
      setText(state, "The server does not answer: waiting for it");
    }
    if (isMore || !wasOver) timer = setTimeout(read, isMore ? 0 : EVERY);
  };

  /** True where more of it is there already. */
  const show = (view: LogView | null): boolean => {
    if (view === null) {
      setText(state, "It has written no log");
      return false;
    }
    const isAtEnd = place.scrollHeight - place.scrollTop - place.clientHeight < 40;
    // It was written anew, or this is the first piece.
    if (view.from !== next) code.textContent = "";
    if (view.text !== "") {
      const shown = (code.textContent ?? "") + visible(view.text.replace(COLOURS, ""));
      code.textContent = shown.slice(-MOST_SHOWN);
    }
    const isCut = next === null && view.from > 0;
    next = view.next;
    setText(state, `${bytes(view.size)}${isCut ? ", its end" : ""}`);
    if (isAtEnd) place.scrollTop = place.scrollHeight;
    return view.next < view.size && view.text !== "";
  };

  dialog.showModal();
  place.focus();
  read();
}
