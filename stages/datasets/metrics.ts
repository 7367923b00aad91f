/** What evaluate hands on to report and to whoever opens the artifacts. */

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
