/** Stages of these tests: they take their time, and say where they are. */

/** Counts to `value`, ten a second, and can go on where it was broken off. */
export const COUNTS = `
    let at = (await checkpoints.list()).at(-1) ?? 0;
    log("begins at " + at);
    for (; at < params.value; at++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (checkpointDue()) await checkpoints.write(at + 1, { at: Int32Array.of(at + 1) });
      signal.throwIfAborted();
    }`;

/** Takes so many bytes as `value` says, and keeps them for a while. */
export const TAKES = `
    const taken = new Uint8Array(params.value).fill(1);
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    numbers[1] = taken[0] ?? 0;`;

/** Hears of nothing, and saves nothing. */
export const WAITS = `
    await new Promise((resolve) => setTimeout(resolve, 600_000));`;

/** Lines of a config whose training takes some seconds, and saves after each epoch. */
export const TRAINING = [
  "shapes: { uses: shapes, with: { train: 400, test: 20, size: 12 } }",
  "preprocess:",
  "  uses: preprocess",
  "  with: { scaling: 255, validationSplit: 0.2 }",
  "  inputs: { train: shapes.train, test: shapes.test }",
  "train:",
  "  uses: train",
  "  with:",
  "    layers:",
  "      - conv2d: { filters: 4, kernelSize: 3, activation: relu }",
  "      - batchNormalization",
  "      - dropout: 0.2",
  "      - flatten",
  "      - dense: { units: 10, activation: softmax }",
  "    loss: categoricalCrossentropy",
  "    optimizer: adam",
  "    epochs: 200",
  "    batchSize: 8",
  "  inputs: { train: preprocess.train, validation: preprocess.validation }",
];
