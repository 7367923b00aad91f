/** Characters that are not seen, or are taken for others: how they are shown and named. */

/** What has no ink, drives a terminal or turns text around; of spaces only the plain one has none of that. */
const UNSEEN = /(?! )[\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}]/gu;
/** What an editor or a web page makes of plain quotes. */
const QUOTES = /[\p{Pi}\p{Pf}]/gu;

const NAMES: ReadonlyMap<string, string> = new Map([
  ["\u00a0", "a no-break space"],
  ["\u00ad", "a soft hyphen"],
  ["\u200b", "a zero-width space"],
  ["\u200c", "a zero-width non-joiner"],
  ["\u200d", "a zero-width joiner"],
  ["\ufeff", "a byte order mark"],
]);

/** Unseen characters as escapes, in one line; a tab is one space wide. */
export function visible(text: string): string {
  return text.replaceAll("\t", " ").replace(
    UNSEEN,
    (character) =>
      [...Array(character.length).keys()].map((unit) =>
        `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`
      ).join(""),
  );
}

/** What was meant to be typed: curly quotes straight, and nothing unseen. */
export function plainly(text: string): string {
  return text.replace(/[\u2018\u2019\u201b]/gu, "'").replace(QUOTES, '"').replace(UNSEEN, " ")
    .trim();
}

/** Which such characters a text holds, to be said of it; null: none. */
export function oddIn(text: string): string | null {
  const seen = text.replace(/[\t\n]/g, " ");
  const found = new Set([...seen.match(UNSEEN) ?? [], ...seen.match(QUOTES) ?? []]);
  if (found.size === 0) return null;
  const named = [...found].map((character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return `U+${code} (${nameOf(character)})`;
  });
  return `it holds ${named.join(", ")}: type it anew`;
}

function nameOf(character: string): string {
  const name = NAMES.get(character);
  if (name !== undefined) return name;
  if (/[\p{Pi}\p{Pf}]/u.test(character)) return "a curly quote";
  return /\p{Z}/u.test(character) ? "a space of another kind" : "a control character";
}
