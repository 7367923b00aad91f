/** Python in a virtual environment of its own, with the packages that read what we write. */
import { join } from "node:path";
import { ROOT } from "./rig.ts";

/** The environment's interpreter, made at first use; null where Python or its packages cannot be had. */
export async function pythonWithPackages(): Promise<string | null> {
  const folder = join(ROOT, ".venv");
  const python = Deno.build.os === "windows"
    ? join(folder, "Scripts", "python.exe")
    : join(folder, "bin", "python");
  const wanted = join(ROOT, "tests", "python", "requirements.txt");
  const run = async (program: string, args: string[]) => {
    try {
      return (await new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output())
        .success;
    } catch {
      return false;
    }
  };
  if (await run(python, ["-c", "import zarr, pyarrow.parquet"])) return python;
  const made = await run("python3", ["-m", "venv", folder]) &&
    await run(python, ["-m", "pip", "install", "--quiet", "--requirement", wanted]);
  return made ? python : null;
}
