/** Stacks of errors without the folders that a machine keeps its code in. */
import { uncurry } from "./primordials.ts";

const BaseError = Error;
const headOf = uncurry(Error.prototype.toString);
const indexOf = uncurry(String.prototype.indexOf),
  lastIndexOf = uncurry(String.prototype.lastIndexOf);
const slice = uncurry(String.prototype.slice);

/** Where packages lie: from there on a path says which one it is. */
const PACKAGES = ["/node_modules/", "/npm/"] as const;

/** `at f (file:///home/me/artifacts/bundles/12/main.js:1:2)` to `at f (main.js:1:2)`. */
function plainFrame(frame: string): string {
  // Frames of an engine's own have no path.
  const open = lastIndexOf(frame, "(") + 1;
  const begin = open > 0 ? open : lastIndexOf(frame, " ") + 1;
  for (let i = 0; i < PACKAGES.length; i++) {
    const folder = PACKAGES[i] ?? "";
    const at = lastIndexOf(frame, folder);
    if (at < begin) continue;
    const rest = slice(frame, at + folder.length);
    // After `npm/` comes the registry that it is from.
    return slice(frame, 0, begin) + (i === 0 ? rest : slice(rest, indexOf(rest, "/") + 1));
  }
  const last = lastIndexOf(frame, "/") + 1;
  return last > begin ? slice(frame, 0, begin) + slice(frame, last) : frame;
}

/** The engine asks for `Error.prepareStackTrace` where a stack is first looked at. */
export function guardStacks(): void {
  let frameOf: ((site: object) => string) | undefined;
  const format = (error: Error, sites: readonly object[]): string => {
    let text: string;
    try {
      text = headOf(error);
    } catch {
      text = "Error"; // its name or message is an accessor that throws
    }
    for (let i = 0; i < sites.length; i++) {
      const site = sites[i];
      if (site === undefined || frameOf === undefined) continue;
      text += `\n    at ${plainFrame(frameOf(site))}`;
    }
    return text;
  };
  // Sites of calls have a prototype of their own, which is seen once, here.
  Object.defineProperty(BaseError, "prepareStackTrace", {
    value: (_: Error, sites: readonly object[]) => {
      const [site] = sites;
      if (site !== undefined) frameOf = uncurry(site.toString) as (site: object) => string;
      return "";
    },
    configurable: true,
  });
  void new BaseError("seen").stack;
  Object.defineProperty(BaseError, "prepareStackTrace", {
    get: () => format,
    // Packages that set their own must not end by it.
    set: () => {},
    configurable: false,
  });
}
