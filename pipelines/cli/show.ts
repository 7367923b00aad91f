/** `show CONFIG [NODE.OUTPUT]` or `show DIGEST`: an artifact as text, with its images. */
import { own } from "../json.ts";
import type { Call } from "./command.ts";
import { argument, CommandError, has, UsageError, value } from "./command.ts";
import { openArtifact, openPlan } from "./engine.ts";
import { findObject } from "./objects.ts";
import { findNode, isDigest } from "./address.ts";
import { peek } from "./peek.ts";
import { shortPath } from "./place.ts";
import { processTerminal } from "./terminal.ts";
import { bytes, PLAIN, visibleLine } from "./text.ts";

export async function show(call: Call): Promise<number> {
  const terminal = processTerminal();
  const [first = ""] = call.arguments;
  if (has(call, "program")) return await program(call);
  if (call.arguments.length === 1 && !isDigest(first)) return await list(call);
  const { folder, digest, info } = await findObject(call);
  const { manifest } = info;
  const size = Object.values(info.files).reduce((sum, file) => sum + file.size, 0);
  const lines = [
    `digest  ${digest}`,
    `folder  ${shortPath(folder)}  (${bytes(size)})`,
  ];
  const tensor = value(call, "tensor");
  if (manifest.kind === "file") {
    if (tensor !== undefined) throw new UsageError("It is a file and holds no tensors");
    lines.push(`file    ${visibleLine(manifest.name)}  ${bytes(manifest.size)}`);
  } else {
    if (tensor !== undefined && own(manifest.tensors, tensor) === undefined) {
      const names = Object.keys(manifest.tensors).map(visibleLine).join(", ");
      throw new UsageError(`It holds no tensor "${tensor}"`, `it holds: ${names}`);
    }
    const reader = await openArtifact(folder, digest);
    const { columns } = terminal.size();
    lines.push(
      ...await peek(reader, manifest.tensors, {
        columns: terminal.live ? columns : 100,
        colours: terminal.paint !== PLAIN,
        paint: terminal.paint,
        ...(tensor === undefined ? {} : { tensor }),
      }),
    );
  }
  for (const line of lines) terminal.write(`${line}\n`);
  return 0;
}

/** What a node that trains will run; it need not have run yet. */
async function program(call: Call): Promise<number> {
  const { plan } = await openPlan({ ...call, arguments: [argument(call, 0)] });
  const node = findNode(plan, argument(call, 1));
  if (node.description.name !== "train") {
    throw new UsageError(
      `"${node.id}" has no program: its stage is "${node.description.name}"`,
      "name a node that trains, e.g. `train@sparse`",
    );
  }
  const [feed] = node.feeds["train"] ?? [];
  const fed = plan.nodes.find(({ id }) => id === feed?.node);
  const shape = fed?.outputShapes[feed?.output ?? ""]?.tensors["images"]?.shape.slice(1);
  if (shape === undefined || shape.includes(null)) {
    throw new CommandError(
      `Cannot tell the program of "${node.id}": the size of its images is not known yet`,
      `run what it reads first: deno task run ${argument(call, 0)} ${feed?.node ?? ""}`,
    );
  }
  const { explain } = await import("../../models/explain.ts");
  // `check` has made these params by that schema, and no null is among the sizes.
  const lines = explain(node.params as unknown as Parameters<typeof explain>[0], shape as number[]);
  for (const line of lines) processTerminal().write(`${line}\n`);
  return 0;
}

/** All artifacts of a config, with the digests of those that are there. */
async function list(call: Call): Promise<number> {
  const terminal = processTerminal();
  const opened = await openPlan(call);
  for (const [node, status] of await opened.statuses([])) {
    const outputs = opened.plan.nodes.find((one) => one.id === node)?.description.outputs ?? {};
    const record = status.type === "hit" ? opened.record(status.key) : null;
    for (const output of Object.keys(outputs)) {
      const digest = record?.outputs[output]?.slice(0, 12) ?? "not there".padEnd(12);
      terminal.write(`${digest}  ${visibleLine(`${node}.${output}`)}\n`);
    }
  }
  return 0;
}
