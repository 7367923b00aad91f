/** `deno task kernels [FOLDER]`: builds all kernels, and prints their digests. */
import { buildKernels } from "../kernels/build.ts";
import { called } from "./task.ts";

const call = await called({
  name: "kernels",
  summary: "Build the WebAssembly kernels, and print their digests",
  arguments: [{
    name: "folder",
    description: "where they go (the project's cache)",
    required: false,
    many: false,
  }],
  flags: [],
  examples: [["kernels", "all families, where runs find them"]],
});
for (const [family, { path, digest }] of Object.entries(await buildKernels(call.arguments[0]))) {
  console.log(`${family}\t${digest}\t${path}`);
}
