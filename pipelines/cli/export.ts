/** `export CONFIG NODE`: a trained model as files for TensorFlow.js and Keras. */
import { argument, type Call, UsageError, value } from "./command.ts";
import { fileName, openArtifact, openPlan, publishFile } from "./engine.ts";
import { findObject } from "./objects.ts";
import { projectRoot, shortPath, userPath } from "./place.ts";
import { processTerminal } from "./terminal.ts";
import { bytes } from "./text.ts";

/** The output of `train` that holds the weights: what is meant where only the node is named. */
const OUTPUT = "model";

export async function exportModel(call: Call): Promise<number> {
  const [config, name] = [argument(call, 0), argument(call, 1)];
  const { plan } = await openPlan({ ...call, arguments: [config] });
  const isNode = plan.nodes.some(({ id, stage }) => id === name || stage === name);
  const artifact = isNode ? `${name}.${OUTPUT}` : name;
  const { folder, digest } = await findObject({ ...call, arguments: [config, artifact] });
  const reader = await openArtifact(folder, digest);
  if (reader.attributes["topology"] === undefined) {
    throw new UsageError(
      `"${artifact}" is no model: it has no topology`,
      "name the `model` output of a node that trains, e.g. `train@sparse`",
    );
  }
  const { exportModel, readStoredModel } = await import("../../models/export.ts");
  const files = await exportModel(
    readStoredModel(reader.attributes),
    (path) => reader.tensor(path, "float32").read(),
  );
  const named = value(call, "to");
  const target = named === undefined
    ? `${projectRoot()}/exports/${plan.config.page}/${await fileName(
      artifact.replace(/\.model$/, ""),
    )}`
    : userPath(named);
  const terminal = processTerminal();
  for (const [file, content] of files) {
    publishFile(`${target}/${file}`, content);
    terminal.write(`${shortPath(`${target}/${file}`)}  ${bytes(content.length)}\n`);
  }
  return 0;
}
