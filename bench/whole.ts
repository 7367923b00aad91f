/**
 * The whole of configs/fashion.yaml in an empty store, and the Keras script that does the same four trainings
 * (bench/peers/fashion.py), one after the other: `deno run -A bench/whole.ts [EPOCHS]`; default: the config's ten.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { install } from "./peers.ts";
import { realFashion } from "./workloads.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const epochs = Number(Deno.args[0] ?? 10);
const folder = await Deno.makeTempDir({ prefix: "crisol-bench-" });
try {
  const images = await realFashion();
  if (images === null) throw new Error("Cannot compare: Fashion-MNIST is not on this machine");
  for (const [name, split] of Object.entries(images)) {
    await Deno.writeFile(join(folder, `${name}-images`), split.images);
    await Deno.writeFile(join(folder, `${name}-labels`), split.labels);
  }
  const main = join(ROOT, "pipelines", "main.ts");
  const args = ["run", "-A", main, "run", "configs/fashion.yaml", "--quiet"];
  const store = ["--store", join(folder, "store"), "--reports", join(folder, "reports")];
  const ours = await seconds(Deno.execPath(), [
    ...args,
    ...store,
    "--set",
    `train.epochs=${epochs}`,
  ]);
  console.log(
    `Crisol, ${epochs} epochs: ${minutes(ours)}, download, augmentation and report included`,
  );
  const python = await install("keras_tensorflow", (line) => console.error(line));
  const script = join(ROOT, "bench", "peers", "fashion.py");
  const theirs = await seconds(python, [script, folder, `${epochs}`]);
  console.log(`Keras on TensorFlow, ${epochs} epochs: ${minutes(theirs)}`);
  console.log(`${(theirs / ours).toFixed(2)} times as fast; the goal is 1.5, hoped for 3`);
} finally {
  await Deno.remove(folder, { recursive: true });
}

function minutes(all: number): string {
  return all < 120 ? `${all.toFixed(0)} s` : `${(all / 60).toFixed(1)} min`;
}

async function seconds(program: string, args: readonly string[]): Promise<number> {
  const start = performance.now();
  const { success } = await new Deno.Command(program, {
    args: [...args],
    cwd: ROOT,
    env: { TF_CPP_MIN_LOG_LEVEL: "3", PYTHONPATH: join(ROOT, "bench", "peers") },
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`It failed: ${program} ${args.join(" ")}`);
  return (performance.now() - start) / 1000;
}
