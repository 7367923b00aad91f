/** A trainer on several threads: the same bits, whatever their number and however it changes. */
import assert from "node:assert/strict";
import { at, createMemory } from "../kernels/memory.ts";
import { createTeam } from "../kernels/team.ts";
import { createWasmTrainer } from "../models/create.ts";
import type { NamedTensor } from "../models/trainer.ts";
import { allModules, batchOf, type Network, settingsOf, someExamples } from "./models_rig.ts";

const NETWORK: Network = {
  inputShape: [13, 12, 3],
  layers: [
    { conv2d: { filters: 8, kernelSize: 2, padding: "same", activation: "relu" } },
    "batchNormalization",
    { maxPooling2d: 2 },
    { dropout: 0.3 },
    { conv2d: { filters: 16, kernelSize: 3, padding: "same", activation: "relu" } },
    { maxPooling2d: 2 },
    "flatten",
    { dense: { units: 40, activation: "tanh" } },
    { dropout: 0.5 },
    { dense: { units: 5, activation: "softmax" } },
  ],
  loss: "categoricalCrossentropy",
  batchSize: 20,
};

/** Lets threads start, as the training loop does between steps. */
const breathe = () => new Promise((resolve) => setTimeout(resolve, 0));

async function trained(threads: (step: number) => number): Promise<readonly NamedTensor[]> {
  let step = 0;
  const trainer = createWasmTrainer(settingsOf(NETWORK), await allModules(), () => threads(step));
  const examples = someExamples(30, [13, 12, 3], 5);
  for (; step < 60; step++) {
    const count = step % 7 === 6 ? 3 : 20;
    trainer.step(
      batchOf(examples, ...Array.from({ length: count }, (_, i) => (step + i) % 30)),
      0.001,
    );
    await breathe();
  }
  const { weights } = trainer.readState();
  trainer.dispose();
  return weights;
}

Deno.test("a training's bits depend neither on the number of threads nor on its changes", async () => {
  const alone = await trained(() => 1);
  for (const threads of [2, 3, 8]) {
    assert.deepEqual(await trained(() => threads), alone, `${threads} threads`);
  }
  assert.deepEqual(await trained((step) => 1 + step % 4), alone, "one to four by turns");
});

for (const threads of [1, 2]) {
  Deno.test(`a kernel that reaches beyond the memory ends the step with an error, ${threads} threads`, async () => {
    const memory = createMemory(0);
    const scratch = { at: at(64), bytes: 0 };
    const modules = await allModules();
    const team = createTeam({ modules, memory, scratch, threads: () => threads });
    const beyond = at(memory.buffer.byteLength);
    const run = team.prepare([[{ label: "beyond", run: (ops) => ops.add(64, beyond, beyond) }]]);
    const fine = team.prepare([[{ label: "fine", run: (ops) => ops.add(4, at(64), at(128)) }]]);
    assert.throws(run, /memory access out of bounds|A kernel failed/);
    fine();
    team.dispose();
  });
}
