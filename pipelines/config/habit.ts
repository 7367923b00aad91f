/** Values as other languages write them, and what YAML 1.2 calls the same. */

const TRUE = /^(?:yes|y|on)$/i;
const FALSE = /^(?:no|n|off)$/i;
const NOTHING = /^(?:none|nil|undefined)$/i;
const GROUPED = /^[-+]?\d{1,3}(?:[_,' ]\d{3})+(?:\.\d+)?$|^[-+]?\d+(?:_\d+)+(?:\.\d+)?$/;
const TUPLE = /^\(([^()]*)\)$/;

/** What to write for a text that stands where `wanted`, a message's words, should; null: no guess. */
export function habitHelp(text: string, wanted: string): string | null {
  if (wanted.includes("true or false")) {
    if (TRUE.test(text)) return "Write true";
    if (FALSE.test(text)) return "Write false";
  }
  if (wanted.includes("number") && GROUPED.test(text)) {
    return `Write ${text.replace(/[_,' ]/g, "")}`;
  }
  if (wanted.includes("a list")) {
    const tuple = TUPLE.exec(text)?.[1];
    if (tuple !== undefined) return `Write [${tuple.replace(/,\s*$/, "")}]`;
    if (text.startsWith("(")) return "Write a list in square brackets, such as [3, 3]";
  }
  return NOTHING.test(text) ? "YAML's word is null; without the key the default holds" : null;
}
