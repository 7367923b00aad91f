/** The trainer on our own kernels: a fixed program in one memory; a step makes no tensors. */
import { createMemory } from "../../kernels/memory.ts";
import { dropoutKeys } from "../../kernels/dropout.ts";
import type { Address } from "../../kernels/ops.ts";
import type { Runner } from "../../kernels/runner.ts";
import { initialize } from "../initialize.ts";
import { layersOf } from "../layers.ts";
import { lossIssue } from "../losses.ts";
import type { Loss, Model, Optimizer } from "../model.ts";
import type { Batch, BatchSums, NamedTensor, Trainer, TrainerState } from "../trainer.ts";
import type { Group } from "./call.ts";
import { gather } from "./gather.ts";
import type { Layout } from "./layout.ts";
import { compileProgram, outputsOf, plan } from "./program.ts";
import { rateOfAdam } from "./update.ts";

export interface CompiledSettings {
  readonly model: Model;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** The largest batch that will come. */
  readonly batchSize: number;
  readonly seed: number;
  /** Takes neighbouring layers together where one operation does for them. Default: true. */
  readonly fused?: boolean;
  /** What runs programs on a memory, with scratch for threads. */
  createRunner(memory: WebAssembly.Memory, scratch: Layout["scratch"]): Runner;
}

/** What can be asked of one batch size, ready to be run. */
interface Programs {
  step(): void;
  gradients(): void;
  predict(): void;
  evaluate(): void;
}

/** @throws Error if the layers do not fit each other or the loss, RangeError if 4 GiB do not hold them */
export function createCompiledTrainer(settings: CompiledSettings): Trainer {
  const { model, loss, optimizer, batchSize, seed } = settings;
  const layers = layersOf(model);
  const issue = lossIssue(layers, loss);
  if (issue !== null) throw new Error(issue);
  const { layout, bytes, update } = plan(
    layers,
    loss,
    optimizer,
    batchSize,
    settings.fused ?? true,
  );
  const memory = createMemory(bytes);
  const runner = settings.createRunner(memory, layout.scratch);
  const programs = new Map<number, Programs>();
  const seedLow = seed >>> 0, seedHigh = Math.floor(seed / 4294967296) >>> 0;
  const penalties = layout.penalties.map(({ at }) => new Float64Array(memory.buffer, at, 1));
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

  /** Each is compiled when it is first run. */
  function prepare(...groups: readonly Group[]): () => void {
    let run: (() => void) | undefined;
    return () => (run ??= runner.prepare(groups))();
  }
  const applyUpdate = prepare(update);

  function compile(count: number): Programs {
    const program = compileProgram(layout, loss, optimizer, count);
    const { train, backward, learn, predict, judge } = program;
    return {
      step: prepare(...train, ...learn),
      gradients: prepare(...train, ...backward),
      predict: prepare(...predict),
      evaluate: prepare(...predict, ...judge),
    };
  }

  function load(batch: Batch): Programs {
    const count = batch.indices.length;
    if (count < 1 || count > batchSize) {
      throw new RangeError(
        `Cannot take a batch of ${count} examples: 1 to ${batchSize} are wanted`,
      );
    }
    gather(memory, layout, batch);
    let ready = programs.get(count);
    if (ready === undefined) programs.set(count, ready = compile(count));
    return ready;
  }

  /** Writes what differs from step to step where the kernels read it. */
  function setMoment(learningRate: number): void {
    new Float32Array(memory.buffer, layout.rate, 1)[0] = learningRate;
    if (optimizer.type === "adam") {
      const rate = rateOfAdam(learningRate, optimizer.beta1, optimizer.beta2, step + 1);
      new Float32Array(memory.buffer, layout.adamRate, 1)[0] = rate;
    }
    for (const { position: layer, keys } of layout.dropouts) {
      const drawn = dropoutKeys({ seedLow, seedHigh, layer, step });
      new Uint32Array(memory.buffer, keys, 2).set(drawn);
    }
  }

  function sums(count: number): BatchSums {
    let total = 0, correct = 0, penalty = 0;
    for (let i = 0; i < count; i++) {
      total += losses[i] ?? 0;
      correct += hits[i] ?? 0;
    }
    for (const [part = NaN] of penalties) penalty += part;
    return { loss: total, correct, count, penalty };
  }

  return {
    step(batch, learningRate) {
      const program = load(batch);
      setMoment(learningRate);
      program.step();
      step++;
      return sums(batch.indices.length);
    },
    evaluate(batch, outputs) {
      load(batch).evaluate();
      const [output] = outputsOf(layout, false);
      outputs?.set(view(output, batch.indices.length * layout.units));
      return sums(batch.indices.length);
    },
    predict(batch) {
      load(batch).predict();
      const [output] = outputsOf(layout, false);
      return view(output, batch.indices.length * layout.units).slice();
    },
    gradients(batch) {
      const program = load(batch);
      // A forward pass moves the moving statistics, which a look at gradients must not.
      const kept = fixed.map(({ values, weight }) => view(values, weight.size).slice());
      setMoment(0);
      program.gradients();
      for (const [i, { values, weight }] of fixed.entries()) {
        const before = kept[i];
        if (before !== undefined) view(values, weight.size).set(before);
      }
      return gradientPlaces.map(({ name, shape, values, size }) => copy(name, shape, values, size));
    },
    applyGradients(gradients, learningRate) {
      put("gradients", gradients, gradientPlaces);
      setMoment(learningRate);
      applyUpdate();
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
      programs.clear();
      runner.dispose();
    },
  };
}
