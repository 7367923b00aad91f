/** What evaluate hands on to report and to whoever opens the artifacts. */
import type { ArtifactReader } from "../../pipelines/stage.ts";

/**
 * `metrics`, all on the test images. Scalars are [1], so that every reader of Zarr gets at them alike: `loss` (mean, with
 * the regularisers' penalty, as Keras shows it), `accuracy`, `calibrationError` (expected calibration
 * error). `accuracyInterval` [2]: the bootstrap's 2.5 and 97.5 %. `confusion` [classes, classes]: counts, row the true class,
 * column the predicted. By class: `precision`, `recall`, `f1` and `support` (examples). By bin of the
 * predicted class's probability, (b / bins, (b + 1) / bins]: `calibrationCount`, and the means
 * `calibrationConfidence` and `calibrationAccuracy` (0 in an empty bin). Attributes: `classes`, `examples`.
 */
export const METRICS = {
  loss: { dtype: "float64", rank: 1 },
  accuracy: { dtype: "float64", rank: 1 },
  accuracyInterval: { dtype: "float64", rank: 1 },
  confusion: { dtype: "int32", rank: 2 },
  precision: { dtype: "float64", rank: 1 },
  recall: { dtype: "float64", rank: 1 },
  f1: { dtype: "float64", rank: 1 },
  support: { dtype: "int32", rank: 1 },
  calibrationError: { dtype: "float64", rank: 1 },
  calibrationCount: { dtype: "int32", rank: 1 },
  calibrationConfidence: { dtype: "float64", rank: 1 },
  calibrationAccuracy: { dtype: "float64", rank: 1 },
} as const;

/**
 * `predictions`, in the order of the images: `predicted` [count], the class, and `probabilities`
 * [count, classes]. Attributes: `classes`.
 */
export const PREDICTIONS = {
  predicted: { dtype: "int32", rank: 1 },
  probabilities: { dtype: "float32", rank: 2 },
} as const;

/** The predicted classes. */
export async function readPredictions(artifact: ArtifactReader): Promise<Int32Array> {
  return await artifact.tensor("predicted", "int32").read();
}

/** Reads METRICS as plain numbers; bins with their borders. */
export async function readMetrics(artifact: ArtifactReader, classes: number) {
  const float = async (name: keyof typeof METRICS) => [
    ...await artifact.tensor(name, "float64").read(),
  ];
  const figure = async (name: keyof typeof METRICS) => {
    const [value] = await float(name);
    if (value === undefined) throw new Error(`Cannot read the metrics: "${name}" is empty`);
    return value;
  };
  const confusion = artifact.tensor("confusion", "int32");
  if (confusion.shape.some((size) => size !== classes)) {
    throw new Error(
      `Cannot read the metrics: they are of ${
        confusion.shape[0]
      } classes, the test set has ${classes}`,
    );
  }
  const counts = await artifact.tensor("calibrationCount", "int32").read();
  const confidence = await float("calibrationConfidence");
  const accuracy = await float("calibrationAccuracy");
  return {
    loss: await figure("loss"),
    accuracy: await figure("accuracy"),
    confusion: table(await confusion.read(), classes),
    precision: await float("precision"),
    recall: await float("recall"),
    f1: await float("f1"),
    calibration: Array.from(counts, (count, bin) => ({
      low: bin / counts.length,
      high: (bin + 1) / counts.length,
      count,
      confidence: confidence[bin] ?? 0,
      accuracy: accuracy[bin] ?? 0,
    })),
    ece: await figure("calibrationError"),
  };
}

/** Rows of `columns` values. */
export function table(values: ArrayLike<number>, columns: number): number[][] {
  return Array.from(
    { length: values.length / columns },
    (_, row) => Array.from({ length: columns }, (_, column) => values[row * columns + column] ?? 0),
  );
}
