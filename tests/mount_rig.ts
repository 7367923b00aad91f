/** Real file systems for tests, where this machine lets them be mounted. */
import { allowed } from "./rig.ts";

export async function mount(...words: readonly string[]): Promise<boolean> {
  try {
    return (await new Deno.Command("mount", { args: [...words], stderr: "null" }).output()).success;
  } catch {
    return false; // there is no such command
  }
}

export async function unmount(folder: string): Promise<void> {
  await new Deno.Command("umount", { args: [folder] }).output();
}

async function canMount(): Promise<boolean> {
  const folder = await Deno.makeTempDir();
  const done = await mount("--bind", folder, folder);
  if (done) await unmount(folder);
  await Deno.remove(folder);
  return done;
}

export const CAN_MOUNT = allowed("the right to mount", await canMount());
