/**
 * One digest of all that the tasks of a submission go by: the copy of the project, the plan, and what was submitted.
 * It stands in the script, of which Slurm keeps a copy of its own, and each task compares it before it runs a line of
 * that: the folder itself lies in a store that others may write.
 */
import type { Digest } from "../plan/plan.ts";
import { sha256 } from "../store/canonical.ts";
import { namesIn } from "../store/files.ts";

/** From the submission's folder. */
const PARTS = ["project", "plan.json", "submission.json"];

/** In the shell, from the submission's folder; what it prints begins with the digest. A link is a line of its own. */
export const CONTENT = [
  `find ${PARTS.join(" ")} "(" -type f -exec sha256sum {} + ")" -o ! -type d -print`,
  "LC_ALL=C sort",
  "sha256sum",
].join(" | ");

/** What `CONTENT` comes to now. */
export async function contentOf(folder: string): Promise<Digest> {
  const lines: string[] = [];
  for (const path of PARTS.flatMap((part) => filesIn(folder, part))) {
    const digest = await sha256(Deno.readFileSync(`${folder}/${path}`));
    // So sha256sum writes names that would be two lines.
    const isOdd = /[\\\n\r]/.test(path);
    const name = path.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
    lines.push(`${isOdd ? "\\" : ""}${digest}  ${name}\n`);
  }
  return await sha256(new TextEncoder().encode(lines.sort(byBytes).join("")));
}

function filesIn(folder: string, path: string): string[] {
  if (!Deno.lstatSync(`${folder}/${path}`).isDirectory) return [path];
  return namesIn(`${folder}/${path}`).flatMap((name) => filesIn(folder, `${path}/${name}`));
}

/** As `sort` orders by bytes; texts themselves are ordered by UTF-16. */
function byBytes(a: string, b: string): number {
  const [x, y] = [a, b].map((text) => new TextEncoder().encode(text).toHex());
  return (x ?? "") < (y ?? "") ? -1 : 1;
}
