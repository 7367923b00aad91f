/** The trainer on our own kernels: a fixed program in one memory; a step makes no tensors. */
import { createMemory } from "../../kernels/memory.ts";
import type { Address, Ops } from "../../kernels/ops.ts";
import { initialize } from "../initialize.ts";
import { layersOf } from "../layers.ts";
import { lossIssue } from "../losses.ts";
import type { Loss, Model, Optimizer } from "../model.ts";
import type { Batch, BatchSums, NamedTensor, Trainer, TrainerState } from "../trainer.ts";
import type { Call, Moment } from "./call.ts";
import { gather } from "./gather.ts";
import { compileProgram, outputsOf, plan, type Program } from "./program.ts";

export interface CompiledSettings {
  readonly model: Model;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** The largest batch that will come. */
  readonly batchSize: number;
  readonly seed: number;
  /** The operations on a memory: `createOps(modules, memory)` or `createReferenceOps(memory)`. */
  createOps(memory: WebAssembly.Memory): Ops;
}

/** @throws Error if the layers do not fit each other or the loss, RangeError if 4 GiB do not hold them */
export function createCompiledTrainer(settings: CompiledSettings): Trainer {
  const { model, loss, optimizer, batchSize, seed } = settings;
  const layers = layersOf(model);
  const issue = lossIssue(layers, loss);
  if (issue !== null) throw new Error(issue);
  // How much scratch a convolution needs must be known before there is a memory to put it in.
  const { conv2dScratch } = settings.createOps(createMemory(0));
  const { layout, bytes, update } = plan(layers, loss, optimizer, batchSize, conv2dScratch);
  const memory = createMemory(bytes);
  const ops = settings.createOps(memory);
  const programs = new Map<number, Program>();
  const seedLow = seed >>> 0, seedHigh = Math.floor(seed / 4294967296) >>> 0;
  const regularized = layout.weights.flatMap(({ weight, values }) =>
    weight.regularizer === null ? [] : [{ ...weight.regularizer, values, size: weight.size }]
  );
  const trainable = layout.weights.flatMap(({ weight, gradient }) =>
    gradient === null ? [] : [{ weight, gradient }]
  );
  const fixed = layout.weights.filter(({ gradient }) => gradient === null);
  const losses = new Float32Array(memory.buffer, layout.losses, batchSize);
  const hits = new Int32Array(memory.buffer, layout.hits, batchSize);
  let step = 0;

  const view = (address: Address, size: number) => new Float32Array(memory.buffer, address, size);
  const copy = (name: string, shape: readonly number[], address: Address, size: number) => ({
    name,
    shape,
    values: view(address, size).slice(),
  });

  /** Writes tensors that must have the wanted names and sizes in the wanted order. */
  function put(
    what: string,
    given: readonly NamedTensor[],
    wanted: readonly { name: string; size: number; values: Address }[],
  ): void {
    if (given.length !== wanted.length) {
      throw new Error(`Cannot set ${what}: ${given.length} tensors given, ${wanted.length} wanted`);
    }
    for (const [i, { name, size, values }] of wanted.entries()) {
      const tensor = given[i];
      if (tensor?.name !== name || tensor.values.length !== size) {
        throw new Error(
          `Cannot set ${what}: tensor ${i} is "${tensor?.name}" of ${tensor?.values.length} values, ` +
            `wanted "${name}" of ${size}`,
        );
      }
      view(values, size).set(tensor.values);
    }
  }

  const weightPlaces = layout.weights.map(({ weight, values }) => ({
    name: weight.path,
    shape: weight.shape,
    size: weight.size,
    values,
  }));
  const slotPlaces = layout.weights.flatMap(({ weight, slots }) =>
    slots.map(({ name, values }) => ({
      name: `${weight.path}/${name}`,
      shape: weight.shape,
      size: weight.size,
      values,
    }))
  );
  const gradientPlaces = trainable.map(({ weight, gradient }) => ({
    name: weight.path,
    shape: weight.shape,
    size: weight.size,
    values: gradient,
  }));

  put("the first weights", initialize(layers, seed), weightPlaces);

  function load(batch: Batch): Program {
    const count = batch.indices.length;
    if (count < 1 || count > batchSize) {
      throw new RangeError(
        `Cannot take a batch of ${count} examples: 1 to ${batchSize} are wanted`,
      );
    }
    gather(memory, layout, batch);
    let program = programs.get(count);
    if (program === undefined) {
      program = compileProgram(layout, loss, count);
      programs.set(count, program);
    }
    return program;
  }

  function run(calls: readonly Call[], learningRate: number): void {
    const now: Moment = { step, learningRate, seedLow, seedHigh };
    for (const call of calls) call.run(ops, now);
  }

  /** Before an update: Keras shows the penalty of the weights that made the loss. */
  function sums(count: number): BatchSums {
    let total = 0, correct = 0, penalty = 0;
    for (let i = 0; i < count; i++) {
      total += losses[i] ?? 0;
      correct += hits[i] ?? 0;
    }
    for (const { size, l1, l2, values } of regularized) {
      penalty += ops.regularizerLoss(size, l1, l2, values);
    }
    return { loss: total, correct, count, penalty };
  }

  return {
    step(batch, learningRate) {
      const program = load(batch);
      run(program.train, learningRate);
      const result = sums(program.batch);
      run(program.backward, learningRate);
      run(update, learningRate);
      step++;
      return result;
    },
    evaluate(batch, outputs) {
      const program = load(batch);
      run(program.predict, 0);
      const [output] = outputsOf(layout, false);
      outputs?.set(view(output, program.batch * layout.units));
      run(program.judge, 0);
      return sums(program.batch);
    },
    predict(batch) {
      const program = load(batch);
      run(program.predict, 0);
      const [output] = outputsOf(layout, false);
      return view(output, program.batch * layout.units).slice();
    },
    gradients(batch) {
      const program = load(batch);
      // A forward pass moves the moving statistics, which a look at gradients must not.
      const kept = fixed.map(({ values, weight }) => view(values, weight.size).slice());
      run(program.train, 0);
      run(program.backward, 0);
      for (const [i, { values, weight }] of fixed.entries()) {
        const before = kept[i];
        if (before !== undefined) view(values, weight.size).set(before);
      }
      return gradientPlaces.map(({ name, shape, values, size }) => copy(name, shape, values, size));
    },
    applyGradients(gradients, learningRate) {
      put("gradients", gradients, gradientPlaces);
      run(update, learningRate);
      step++;
    },
    readState(): TrainerState {
      return {
        weights: weightPlaces.map(({ name, shape, values, size }) =>
          copy(name, shape, values, size)
        ),
        slots: slotPlaces.map(({ name, shape, values, size }) => copy(name, shape, values, size)),
        step,
      };
    },
    writeState(state) {
      put("weights", state.weights, weightPlaces);
      put("the optimizer's state", state.slots, slotPlaces);
      step = state.step;
    },
    dispose() {
      // The memory goes with the last reference to it.
      programs.clear();
    },
  };
}
