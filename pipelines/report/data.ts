/**
 * What a report is drawn from: results alone, as plain data. No time, path or machine is in it, so that
 * the same results give the same page, byte for byte.
 */

/** uint8 pictures of one size, one after another: [count, height, width, channels] in C order. */
export interface Images {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** 1 (grey), 3 (RGB) or 4 (RGBA). */
  readonly channels: number;
  readonly pixels: Uint8Array;
}

/** Values per epoch; the lists of one run have one length. Keys as Keras': loss, val_accuracy, learning_rate. */
export type Curves = Readonly<Record<string, readonly number[] | undefined>>;

/** One bin of the reliability diagram: predictions whose confidence lies in [low, high). */
export interface CalibrationBin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** Means over the bin. */
  readonly confidence: number;
  readonly accuracy: number;
}

/** One trained and evaluated network: a cell of its variant. */
export interface Replicate {
  /** The value of the `seed` axis; empty where there is none. */
  readonly seed: string;
  readonly loss: number;
  readonly accuracy: number;
  /** Predicted class of each test image. */
  readonly predicted: ArrayLike<number>;
  /** Counts, truth by prediction, row by row; [classes, classes]. */
  readonly confusion: readonly (readonly number[])[];
  readonly precision: readonly number[];
  readonly recall: readonly number[];
  readonly f1: readonly number[];
  readonly calibration: readonly CalibrationBin[];
  /** Expected calibration error. */
  readonly ece: number | null;
  readonly curves: Curves;
  readonly model: ModelView | null;
  /** Where its training ran away after the epoch that these figures are of, in words. */
  readonly ranAway?: string;
}

export interface LayerRow {
  readonly name: string;
  readonly type: string;
  readonly output: string;
  readonly parameters: number;
}

/** The parts of a model that a reader looks at. */
export interface ModelView {
  readonly parameters: number;
  readonly trainable: number;
  readonly layers: readonly LayerRow[];
  /** First convolution's weights, [height, width, channels, filters] in C order. */
  readonly kernels: { readonly shape: readonly number[]; readonly values: Float32Array } | null;
}

/** What someone else got with the same settings, e.g. the course. */
export interface Reference {
  readonly loss?: number | undefined;
  readonly accuracy?: number | undefined;
  readonly lastValidationAccuracy?: number | undefined;
  /** Ours, a figure a seed: what it is judged by. Without them the variant's own seeds are. */
  readonly seeds?: {
    readonly loss: readonly number[];
    readonly accuracy: readonly number[];
  } | undefined;
  readonly curves?: Curves | undefined;
}

export interface Variant {
  /** Cell name without its seed; empty for a config without variants. */
  readonly name: string;
  readonly replicates: readonly Replicate[];
  readonly reference: Reference | null;
}

/** A first look at the data. */
export interface Preview {
  readonly splits: readonly string[];
  /** Examples, split by class. */
  readonly counts: readonly (readonly number[])[];
  /** Which classes are not in every part, in words. */
  readonly absent: string | null;
  readonly samples: Images;
  readonly sampleLabels: ArrayLike<number>;
}

/** Original and augmented training images; the i-th of `augmented` is a list of passes over the i-th original. */
export interface AugmentedSamples {
  readonly name: string;
  readonly originals: Images;
  readonly passes: readonly Images[];
}

export interface ReportData {
  readonly title: string;
  readonly classes: readonly string[];
  readonly variants: readonly Variant[];
  readonly test: { readonly images: Images; readonly labels: ArrayLike<number> };
  readonly preview: Preview | null;
  readonly augmented: readonly AugmentedSamples[];
}
