/** Names of files for what people have named. */
import { sha256 } from "./canonical.ts";

/** File systems take 255 bytes; some of it is for what a name ends in, and for a folder's temporary names. */
const LONGEST = 160;

/**
 * A name as a file's: nodes hold `@`, `,`, `=` and `+`, which every file system takes. What is longer, or holds
 * anything else, is cut and ends in a hash, so that no two names become one.
 */
export async function fileName(name: string): Promise<string> {
  const plain = name.replace(/[^\w@,=.+-]/g, "_");
  if (plain === name && name.length <= LONGEST) return name;
  const digest = await sha256(new TextEncoder().encode(name));
  return `${plain.slice(0, LONGEST - 17)}-${digest.slice(0, 16)}`;
}
