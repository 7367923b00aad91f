/** Measures a trained model on labelled images. */
import { z } from "zod";
import { FAMILIES } from "../kernels/families.ts";
import { inOrder, readScaling, scalingTable } from "../models/examples.ts";
import { classesTold } from "../models/losses.ts";
import { createPredictor, readStoredModel, type StoredModel } from "../models/predict.ts";
import { type ArtifactReader, defineStage } from "../pipelines/stage.ts";
import { checkLabels, classesOf, LABELLED_IMAGES } from "./datasets/dataset.ts";
import { openExamples } from "./datasets/examples.ts";
import { METRICS, PREDICTIONS } from "./datasets/metrics.ts";
import { predictedClasses, probabilitiesOf } from "./datasets/probabilities.ts";
import { bootstrapInterval, calibration, classScores, confusionMatrix } from "./datasets/scores.ts";

const params = z.strictObject({
  batchSize: z.int().min(1).max(65536).default(128).describe(
    "Images a batch; changes no prediction",
  ),
  resamples: z.int().min(100).max(100_000).default(1000)
    .describe("Bootstrap resamples behind the accuracy's interval"),
  bins: z.int().min(2).max(1000).default(15).describe("Bins of the calibration"),
});

/** Batches between two looks at whether the run should end. */
const BATCHES = 8;
const AUGMENTED =
  "Cannot evaluate on images that carry transforms: connect an output of preprocess";

export default defineStage({
  name: "evaluate",
  summary: "Measure a model: loss, accuracy, confusion, each class, calibration",
  params,
  inputs: {
    model: { arity: "one", what: "a trained model" },
    data: { arity: "one", tensors: LABELLED_IMAGES, what: "labelled images to test with" },
  },
  outputs: {
    metrics: {
      kind: "tensors",
      tensors: METRICS,
      goals: { loss: "minimize", accuracy: "maximize", calibrationError: "minimize" },
    },
    predictions: { kind: "tensors", tensors: PREDICTIONS },
  },
  // The bootstrap draws.
  random: true,
  check(params, inputs) {
    const known = inputs["data"]?.[0]?.tensors;
    const [count = null, ...size] = known?.["images"]?.shape ?? [];
    const pixels = size.reduce((product: number, n) => product * (n ?? 1), 1);
    return {
      issues: known?.["transforms"] === undefined ? [] : [{ path: [], message: AUGMENTED }],
      numerics: "wasm",
      // Which layers the model has, and so which of them are called, is in its attributes alone.
      kernels: FAMILIES,
      outputs: {
        predictions: {
          tensors: {
            predicted: { dtype: "int32", shape: [count] },
            probabilities: { dtype: "float32", shape: [count, null] },
          },
        },
      },
      resources: { threads: "all", memory: (512 << 20) + params.batchSize * pixels * BATCHES },
    };
  },
  async run(context) {
    const { params, inputs, outputs, seed, signal, progress, kernel } = context;
    const { data } = inputs;
    const stored = readStoredModel(inputs.model.attributes);
    const classes = stored.classes.length;
    checkTogether(stored, data);
    const source = openExamples(data, "the data", scalingTable(stored.scaling));
    const labels = await data.tensor("labels", "uint8").read();
    checkLabels(labels, classes, "the data");
    const { count } = source;

    const predictor = await createPredictor(
      stored,
      (path) => inputs.model.tensor(path, "float32").read(),
      kernel,
      params.batchSize,
      () => context.threads,
    );
    const values = new Float32Array(count * predictor.units);
    let loss = 0, done = 0;
    for await (const examples of inOrder(source, BATCHES * params.batchSize)) {
      const rows = examples.labels.length;
      const outputs = values.subarray(done * predictor.units, (done + rows) * predictor.units);
      loss += (await predictor.evaluate(examples, outputs)).loss * rows;
      done += rows;
      signal.throwIfAborted();
      progress({ done, total: count, unit: "image" });
    }
    predictor.dispose();
    const broken = values.findIndex((value) => !Number.isFinite(value));
    if (broken >= 0) {
      throw new Error(
        `Cannot evaluate: the model's output for example ${
          Math.floor(broken / predictor.units)
        } is ${values[broken]}, wanted a finite number; look at the model's training`,
      );
    }

    const predicted = predictedClasses(values, predictor.units, stored.loss);
    const probabilities = probabilitiesOf(values, predictor.units, stored.loss);
    const confusion = confusionMatrix(labels, predicted, classes);
    const correct = Uint8Array.from(labels, (label, i) => label === predicted[i] ? 1 : 0);
    const hits = correct.reduce((sum, hit) => sum + hit, 0);
    const scores = classScores(confusion, classes);
    const bins = calibration(probabilities, classes, predicted, correct, params.bins);
    const interval = bootstrapInterval(correct, seed, params.resamples);

    const { metrics, predictions } = outputs;
    const scalar = (name: string, value: number) =>
      metrics.write(name, "float64", [1], Float64Array.of(value));
    await scalar("loss", loss / count);
    await scalar("accuracy", hits / count);
    await metrics.write("accuracyInterval", "float64", [2], Float64Array.from(interval));
    await metrics.write("confusion", "int32", [classes, classes], confusion);
    for (const name of ["precision", "recall", "f1"] as const) {
      await metrics.write(name, "float64", [classes], scores[name]);
    }
    await metrics.write("support", "int32", [classes], scores.support);
    await scalar("calibrationError", bins.error);
    await metrics.write("calibrationCount", "int32", [params.bins], bins.count);
    await metrics.write("calibrationConfidence", "float64", [params.bins], bins.confidence);
    await metrics.write("calibrationAccuracy", "float64", [params.bins], bins.accuracy);
    metrics.setAttributes({ classes: stored.classes, examples: count });
    await predictions.write("predicted", "int32", [count], predicted);
    await predictions.write("probabilities", "float32", [count, classes], probabilities);
    predictions.setAttributes({ classes: stored.classes });
  },
});

/** Throws unless the data is what the model was trained for. */
function checkTogether(
  { model, layers, loss, scaling, classes }: StoredModel,
  data: ArtifactReader,
): void {
  const fail = (what: string, ours: string, theirs: string): never => {
    throw new Error(
      `Cannot evaluate: the model was trained with ${what} ${ours}, the data has ${theirs}`,
    );
  };
  const of = readScaling(data.attributes["scaling"]);
  if (of.subtract !== scaling.subtract || of.divide !== scaling.divide) {
    const say = ({ subtract, divide }: typeof of) => `(byte - ${subtract}) / ${divide}`;
    fail("the scaling", say(scaling), say(of));
  }
  const names = classesOf(data.attributes);
  if (JSON.stringify(names) !== JSON.stringify(classes)) {
    const say = (list: readonly string[]) => list.map((name) => `"${name}"`).join(", ");
    fail("the classes", say(classes), say(names));
  }
  const shape = data.tensor("images", "uint8").shape.slice(1);
  if (shape.join() !== model.inputShape.join()) {
    fail("images of", `[${model.inputShape.join(", ")}]`, `[${shape.join(", ")}]`);
  }
  if (data.has("transforms")) throw new Error(AUGMENTED);
  const places = classesTold(layers, loss);
  if (places !== classes.length) {
    throw new Error(
      `Cannot evaluate: the model's last layer tells ${places} classes apart, its data has ${classes.length}`,
    );
  }
}
