/** What a training reads, opened and held together: told before the first step, not after the last. */
import { buildModel } from "../../models/build.ts";
import { endIssue } from "../../models/ends.ts";
import {
  checkLabels,
  readScaling,
  type Scaling,
  scalingTable,
  type Source,
} from "../../models/examples.ts";
import { type Layer, layersOf } from "../../models/layers.ts";
import { classesTold } from "../../models/losses.ts";
import { nameIssues } from "../../models/names.ts";
import type { Model } from "../../models/model.ts";
import type { TrainParams } from "../../models/schema.ts";
import type { ArtifactReader } from "../../pipelines/stage.ts";
import { classesOf } from "../datasets/dataset.ts";
import { openExamples } from "../datasets/examples.ts";

export interface Opened {
  readonly passes: readonly Source[];
  readonly validation: Source | undefined;
  readonly scaling: Scaling;
  readonly classes: readonly string[];
  readonly model: Model;
  readonly layers: readonly Layer[];
}

/** @throws Error where data and network do not belong together */
export async function openTraining(
  training: readonly ArtifactReader[],
  validating: ArtifactReader | undefined,
  params: TrainParams,
): Promise<Opened> {
  const first = training[0];
  if (first === undefined) throw new Error('Cannot train: no input "train" is connected');
  const scaling = readScaling(first.attributes["scaling"]);
  const classes = classesOf(first.attributes);
  const table = scalingTable(scaling);
  const open = (artifact: ArtifactReader, where: string) => {
    const { subtract, divide } = readScaling(artifact.attributes["scaling"]);
    if (subtract !== scaling.subtract || divide !== scaling.divide) {
      throw new Error(`Cannot train: ${where} is scaled in another way than the first pass`);
    }
    const others = classesOf(artifact.attributes);
    if (JSON.stringify(others) !== JSON.stringify(classes)) {
      throw new Error(
        `Cannot train: ${where} has the classes ${named(others)}, the first pass ${named(classes)}`,
      );
    }
    return openExamples(artifact, where, table);
  };
  const passes = training.map((reader, i) => open(reader, `pass ${i} of the training data`));
  const validation = validating && open(validating, "the validation data");
  const model = buildModel(params.layers, passes[0]?.shape ?? []);
  const layers = layersOf(model);
  // Not known in the plan where a stage does not say its images' size.
  const misfit = nameIssues(layers)[0] ?? endIssue(layers, params.loss);
  if (misfit !== null) {
    const { message, help } = misfit;
    throw new Error(help === undefined ? message : `${message}; ${help}`);
  }
  const told = classesTold(layers, params.loss);
  if (told !== classes.length) {
    throw new Error(
      `Cannot train: layer "${layers.at(-1)?.spec.name}", the last, and the loss ` +
        `"${params.loss.type}" tell ${told} classes apart, the data has ${classes.length}: ` +
        named(classes),
    );
  }
  for (const pass of passes) await checkLabels("the training data", pass, layers, params.loss);
  if (validation) await checkLabels("the validation data", validation, layers, params.loss);
  return { passes, validation, scaling, classes, model, layers };
}

function named(classes: readonly string[]): string {
  const most = 12;
  return classes.slice(0, most).map((name) => `"${name}"`).join(", ") +
    (classes.length > most ? ` and ${classes.length - most} more` : "");
}
