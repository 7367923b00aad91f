/** A copy of the project's sources, so that what was submitted does not change with them. */
import { namesIn } from "../store/files.ts";

/** The engine, its stages, and what they are built of; what is built lies in the store. */
const PARTS = [
  "deno.json",
  "deno.lock",
  "pipelines",
  "stages",
  "models",
  "kernels",
  "numerics",
];
/** What sources are; data that lie beside them stay where they are. */
const SOURCE = /\.(?:ts|js|json|lock|ya?ml|css)$|^[\w-]+$/;

/** `folders`: further ones of the project, from `root`, whose own files are copied. */
export function copyProject(root: string, to: string, folders: readonly string[]): void {
  for (const part of PARTS) copyTree(`${root}/${part}`, `${to}/${part}`);
  for (const folder of folders) {
    for (const name of namesIn(`${root}/${folder}`)) {
      const path = `${root}/${folder}/${name}`;
      if (SOURCE.test(name) && Deno.statSync(path).isFile) {
        copyFile(path, `${to}/${folder}/${name}`);
      }
    }
  }
}

function copyTree(from: string, to: string): void {
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(from);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return; // a project may lack a part
    throw error;
  }
  if (info.isFile) return copyFile(from, to);
  for (const name of namesIn(from)) {
    if (name !== "node_modules" && SOURCE.test(name)) copyTree(`${from}/${name}`, `${to}/${name}`);
  }
}

/** With the folders on its way. */
function copyFile(from: string, to: string): void {
  Deno.mkdirSync(to.slice(0, to.lastIndexOf("/")), { recursive: true });
  Deno.copyFileSync(from, to);
}
