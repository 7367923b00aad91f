/** Trains a network on labelled images. */
import { FAMILIES, type Family } from "../kernels/families.ts";
import { buildModel } from "../models/build.ts";
import { slotNames } from "../models/compiled/layout.ts";
import { familiesUsed } from "../models/compiled/program.ts";
import { compileKernels, createTapeTrainer, createWasmTrainer } from "../models/create.ts";
import { describeModel } from "../models/describe.ts";
import { endIssue } from "../models/ends.ts";
import { bytesHeld, held, WINDOW } from "../models/feed.ts";
import { resolve } from "../models/layers.ts";
import { train } from "../models/loop.ts";
import { nameIssues } from "../models/names.ts";
import { describeRunAway, shortest } from "../models/runaway.ts";
import { placeOf, type TrainParams, trainSchema } from "../models/schema.ts";
import { summary } from "../models/summary.ts";
import { defineStage, type ParamIssue } from "../pipelines/stage.ts";
import { LABELLED_IMAGES } from "./datasets/dataset.ts";
import { openTraining } from "./training/data.ts";
import { profileSteps } from "./training/profile.ts";
import { readStart, startIssues } from "./training/start.ts";

const MEGABYTE = 1024 * 1024;

export default defineStage({
  name: "train",
  summary: "Train a network, with Keras' words and defaults",
  params: trainSchema,
  inputs: {
    train: {
      arity: "many",
      over: "pass",
      tensors: LABELLED_IMAGES,
      what: "labelled images to train with, one artifact or one for each pass",
    },
    validation: {
      arity: "one",
      optional: true,
      tensors: LABELLED_IMAGES,
      what: "labelled images to validate with after each epoch",
    },
    from: {
      arity: "one",
      optional: true,
      tensors: {},
      what: "a model whose weights the training starts with",
    },
    optimizer: {
      arity: "one",
      optional: true,
      tensors: {},
      what:
        "the optimizer's state that belongs to that model; without it the optimizer starts anew",
    },
  },
  outputs: {
    model: { kind: "tensors", tensors: {}, open: true },
    history: {
      kind: "tensors",
      tensors: {
        loss: { dtype: "float64", rank: 1 },
        accuracy: { dtype: "float64", rank: 1 },
        learning_rate: { dtype: "float64", rank: 1 },
      },
      open: true,
      goals: {
        loss: "minimize",
        accuracy: "maximize",
        val_loss: "minimize",
        val_accuracy: "maximize",
      },
      curves: { unit: "epoch", kept: "keptEpoch" },
    },
    optimizer: { kind: "tensors", tensors: {}, open: true },
  },
  random: true,
  horizon: "epochs",
  profiles: true,
  check(params, inputs) {
    const issues: ParamIssue[] = monitorIssues(params, inputs["validation"] !== undefined);
    if (inputs["optimizer"] !== undefined && inputs["from"] === undefined) {
      const message = 'Cannot go on with an optimizer\'s state alone: connect "from" to its model';
      issues.push({ path: [], input: "optimizer", message });
    }
    if (inputs["validation"]?.[0]?.tensors["images"]?.shape[0] === 0) {
      const message = "Cannot validate with nothing: what is connected here holds no images; " +
        "leave the input away";
      issues.push({ path: [], input: "validation", message });
    }
    const tape = params.backend === "tape";
    // The host's own Math is what tfjs computes with, so that its bits name no engine either.
    const numerics = tape ? "tfjs-cpu" : "wasm";
    const schedule = params.learningRateSchedule;
    // A cosine over the whole training falls from the first step by how long that is.
    const horizon = schedule.type !== "cosine" || schedule.decaySteps !== undefined;
    const shapes = [...(inputs["train"] ?? []), ...(inputs["validation"] ?? [])]
      .map((artifact) => artifact?.tensors["images"]?.shape);
    const sizes = shapes.find((shape) => shape !== undefined)?.slice(1);
    if (sizes === undefined || sizes.length !== 3 || sizes.includes(null)) {
      return { issues, numerics, horizon, kernels: tape ? [] : FAMILIES };
    }
    // No null is among them, as was just seen.
    const inputShape = sizes as number[];
    for (const shape of shapes) {
      const other = shape?.slice(1);
      if (other?.some((size, axis) => size !== null && size !== inputShape[axis]) === true) {
        issues.push({
          path: [],
          message: `Cannot use images of [${other}] together with images of [${inputShape}]`,
        });
        break;
      }
    }
    const { layers, issues: misfits } = resolve(buildModel(params.layers, inputShape));
    for (const { position, message } of [...misfits, ...nameIssues(layers)]) {
      issues.push({ path: ["layers", ...placeOf(params.layers, position)], message });
    }
    const misfit = misfits.length > 0 ? null : endIssue(layers, params.loss);
    if (misfit !== null) {
      const { position, ...told } = misfit;
      issues.push({ path: ["layers", ...placeOf(params.layers, position)], ...told });
    }
    if (misfits.length > 0 || misfit !== null) return { issues };
    const { families, bytes } = familiesUsed(layers, params.loss, params.optimizer);
    const needed = bytes(params.batchSize);
    if (needed === null) {
      const message = `Cannot hold this network with batches of ${params.batchSize}: ` +
        "weights, gradients and activations take more than 4 GiB; use smaller batches or layers";
      return { issues: [...issues, { path: ["batchSize"], message }] };
    }
    const bytesOf = (name: string) =>
      (inputs[name] ?? []).map((artifact) =>
        (artifact?.tensors["images"]?.shape ?? []).reduce((n: number, size) => n * (size ?? 1), 1)
      );
    const [validation = 0] = bytesOf("validation");
    const images = bytesHeld(bytesOf("train")) + Math.min(validation, WINDOW);
    // The process itself takes 120 MB; the rest is for arrays that the collector has not taken yet.
    const process = 192 * MEGABYTE;
    const weights = layers.flatMap((layer) => layer.weights);
    const ofShape = (shape: readonly number[]) => ({ dtype: "float32" as const, shape });
    const model = Object.fromEntries(weights.map(({ path, shape }) => [path, ofShape(shape)]));
    const optimizer = Object.fromEntries(
      weights.filter(({ trainable }) => trainable).flatMap(({ path, shape }) =>
        slotNames(params.optimizer).map((slot) => [`${path}/${slot}`, ofShape(shape)])
      ),
    );
    const wrong = startIssues("from", inputs["from"], model, "these layers");
    const what = "this optimizer and these layers";
    issues.push(
      // One mistake is told once.
      ...wrong.length > 0 ? wrong : startIssues("optimizer", inputs["optimizer"], optimizer, what),
    );
    return {
      issues,
      outputs: { model: { tensors: model }, optimizer: { tensors: optimizer } },
      numerics,
      horizon,
      kernels: tape ? [] : families,
      resources: { threads: tape ? 1 : "all", memory: process + images + needed },
    };
  },
  async run(context) {
    const { params, inputs, outputs, seed, signal, progress, kernel, log } = context;
    const readers = inputs.train.map(({ artifact }) => artifact);
    const opened = await openTraining(readers, inputs.validation, params);
    const { passes, validation, scaling, classes, model, layers } = opened;
    const { loss, optimizer, batchSize } = params;
    const settings = { model, loss, optimizer, batchSize, seed };
    const { families } = familiesUsed(layers, loss, optimizer);
    const load = (family: Family) => kernel(family);
    if (context.profile !== null) {
      if (params.backend === "tape") {
        throw new Error('Cannot profile this training: its backend is "tape", wanted "compiled"');
      }
      const modules = await compileKernels(families, load);
      const asked = { ...context.profile, settings, modules, passes, params, signal };
      return context.profile.told(await profileSteps(asked));
    }
    const trainer = params.backend === "tape"
      ? await createTapeTrainer(settings)
      : createWasmTrainer(settings, await compileKernels(families, load), () => context.threads);
    if (inputs.from !== undefined) {
      trainer.writeState(
        await readStart(trainer.readState(), inputs.from, inputs.optimizer, optimizer.type),
      );
    }
    const description = describeModel(model, layers, loss, optimizer, scaling, classes);
    log(summary(layers));
    const trained = await train({
      trainer,
      passes,
      validation: validation && await held(validation),
      settings: params,
      seed,
      signal,
      checkpoints: context.checkpoints,
      checkpointDue: () => context.checkpointDue(),
      resumed: ({ step, steps, epoch, isOver }) =>
        log(
          isOver
            ? `All ${step} steps were done before`
            : `Goes on from step ${step} of ${steps}, in epoch ${epoch}`,
        ),
      progress: ({ step, steps, epoch, epochs, loss, accuracy, validation }) =>
        progress({
          done: step,
          total: steps,
          unit: "step",
          facts: {
            epoch: `${epoch}/${epochs}`,
            loss: loss.toFixed(4),
            accuracy: accuracy.toFixed(4),
            ...validation === null ? {} : {
              val_loss: validation.loss.toFixed(4),
              val_accuracy: validation.accuracy.toFixed(4),
            },
          },
        }),
    });
    trainer.dispose();
    const { ranAway } = trained;
    if (ranAway !== null) {
      log(
        `Ran away: ${describeRunAway(ranAway)}; what is kept is epoch ${trained.epoch}, ` +
          `with the history of ${trained.history.loss.length}`,
      );
    }

    for (const { name, shape, values } of trained.state.weights) {
      await outputs.model.write(name, "float32", shape, Float32Array.from(values));
    }
    for (const { name, shape, values } of trained.state.slots) {
      await outputs.optimizer.write(name, "float32", shape, Float32Array.from(values));
    }
    outputs.optimizer.setAttributes({ type: optimizer.type, step: trained.state.step });
    outputs.model.setAttributes({ ...description, epoch: trained.epoch });
    for (const [name, values] of Object.entries(trained.history)) {
      if (values.length === 0) continue; // no validation data
      await outputs.history.write(name, "float64", [values.length], Float64Array.from(values));
    }
    outputs.history.setAttributes({
      epochs: trained.history.loss.length,
      steps: trained.steps,
      batchSize,
      stoppedEarly: trained.stoppedEarly,
      keptEpoch: trained.epoch,
      ...ranAway === null
        ? {}
        : { ranAway: { ...ranAway, learningRate: shortest(ranAway.learningRate) } },
    });
  },
});

/** Callbacks that watch validation where there is none. */
function monitorIssues(params: TrainParams, validated: boolean): ParamIssue[] {
  const issues: ParamIssue[] = [];
  for (const name of ["reduceOnPlateau", "earlyStopping", "checkpoint"] as const) {
    const monitor = params[name]?.monitor;
    if (monitor?.startsWith("val_") === true && !validated) {
      issues.push({
        path: [name, "monitor"],
        message: `Cannot monitor "${monitor}": the input "validation" is not connected`,
      });
    }
  }
  return issues;
}
