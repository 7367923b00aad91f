/** Lengths of time and sizes as people write them. */

const SECONDS = { d: 86_400, h: 3600, min: 60, s: 1 } as const;

/** `30d`, `12h`, `90min`, `45s` in milliseconds; null: it is none of these. */
export function parseDuration(text: string): number | null {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(d|h|min|s)$/.exec(text) ?? [];
  if (number === undefined) return null;
  return Number(number) * SECONDS[unit as keyof typeof SECONDS] * 1000; // one of the pattern's
}

/** As `parseDuration` reads it, in the largest unit of which it is a whole number. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  const [unit, size] = Object.entries(SECONDS).find(([, size]) => seconds % size === 0) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}

/** `10GB`, `500MB`, `64k` in bytes, by thousands; null: it is none of these. */
export function parseSize(text: string): number | null {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(k|M|G|T)?B?$/.exec(text) ?? [];
  if (number === undefined) return null;
  return Math.round(Number(number) * 1000 ** ["", "k", "M", "G", "T"].indexOf(unit ?? ""));
}
