/**
 * What a kernel is to those who call it: one interface that two modules implement, `reference/`
 * (plain loops, obviously right) and `wasm/` (AssemblyScript with SIMD). Both work in place on one
 * linear memory and take byte addresses; no operation allocates. All tensors are f32, row-major,
 * channels last (NHWC); convolution kernels are HWIO; dense kernels are [inputs, units]. What differs
 * from step to step (rates, keys) is read from the memory, so that a step's calls are always the same.
 *
 * Every sum has one fixed order, a function of the shapes alone.
 */

/** A byte address in the kernels' memory, a multiple of 16. */
export type Address = number & { readonly __brand: "Address" };

/** Sizes of a two-dimensional convolution; padding is given, not derived. */
export interface ConvShape {
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly filters: number;
}

/** Sizes of a pooling window's walk; a position in the padding takes no part (Keras). */
export interface PoolShape {
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly channels: number;
  readonly poolHeight: number;
  readonly poolWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

/** Element-wise activations; softmax works on rows and has operations of its own. */
export type Activation =
  | "relu"
  | "sigmoid"
  | "tanh"
  | "elu"
  | "softplus"
  | "leakyRelu"
  | "swish";

/** The stream that a dropout mask is drawn from: one bit per (seed, layer, step, NHWC index). */
export interface DropoutStream {
  /** The seed's low and high 32 bits. */
  readonly seedLow: number;
  readonly seedHigh: number;
  /** Position of the layer in the model's list. */
  readonly layer: number;
  /** The training step, counted from 0 over the whole training. */
  readonly step: number;
}

/** How a loss reads its target and its prediction. */
export interface LossShape {
  readonly rows: number;
  readonly classes: number;
  /** True if the predictions are logits, false if they are probabilities. */
  readonly fromLogits: boolean;
  /**
   * What is limited to [1e-7, 1 - 1e-7], where predictions are probabilities of several classes: the label's
   * share of their sum (the default; Keras' categorical loss), or each before they are summed (its sparse one).
   */
  readonly clip?: "share" | "each";
}

/** Where a convolution works besides: `convRoom` says how many bytes of each. */
export interface ConvRoom {
  /** Kept from the forward pass to the gradients: framed inputs, packed kernels. */
  readonly shared: Address;
  /** Scratch, of each thread its own. */
  readonly own: Address;
}

/**
 * Where the gradients of a dense layer work whose dy is mostly 0, as behind a relu or a dropout: what is 0 costs
 * nothing there. `denseRoom` says how many bytes of `shared`, `DENSE_SCRATCH` of `own`.
 */
export interface DenseRoom {
  readonly shared: Address;
  /** Scratch, of each thread its own. */
  readonly own: Address;
}

/** Takes `count` weights, from the `first` on, one step along their gradients. */
export type Update = (ops: Ops, first: number, count: number) => void;

/** Dropout at the end of a fused operation: rate, and the address of the two u32 keys. */
export interface Dropping {
  readonly rate: number;
  readonly keys: Address;
}

/** Sizes of a normalisation with the 2x2 max-pool behind it; channels are a multiple of 8. */
export interface NormPoolShape {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Where a normalisation with its pool keeps what both of its passes use. */
export interface NormPoolRoom {
  /** Of the convolution before it; then, in the backward pass, sums of slopes in their place. */
  readonly moments: Address;
  /** [channels] f32 each: of the batch. */
  readonly mean: Address;
  readonly variance: Address;
  /** [3, channels] f32 of scratch. */
  readonly terms: Address;
  /** Bytes of y's shape: as in `convPoolForward`, 255 where dropped. */
  readonly codes: Address;
  /** f32 of y's shape: x at the place of the greatest. */
  readonly picked: Address;
}

/** The operations. `n` counts elements, not bytes. Outputs are overwritten unless it says "adds". */
export interface Ops {
  /**
   * y[b,oy,ox,f] = bias[f] + sum x * w, then relu if it is true. `bias` 0 means none. Unless `moments` is 0
   * (filters a multiple of 8), each image's sums and sums of squares of y go there, [batch, 2, filters] f64.
   */
  conv2dForward(
    s: ConvShape,
    x: Address,
    w: Address,
    bias: Address | 0,
    relu: boolean,
    y: Address,
    moments: Address | 0,
    room: ConvRoom,
  ): void;
  /** dx from dy. */
  conv2dInputGradient(s: ConvShape, dy: Address, w: Address, dx: Address, room: ConvRoom): void;
  /** dw from dy and x, as the forward pass has left it in this room. */
  conv2dWeightGradient(s: ConvShape, x: Address, dy: Address, dw: Address, room: ConvRoom): void;

  /**
   * `conv2dForward` with relu, then a 2x2 max-pool (the last row or column of an odd output is left out), then
   * dropout unless it is null; filters a multiple of 8. y is [batch, outHeight / 2, outWidth / 2, filters];
   * `codes`, of that shape in bytes, is the place of the greatest in its window (0 to 3, row by row), or
   * 255 where no gradient goes: the greatest is not above 0, or dropped. `codes` 0: no gradient will be asked for.
   */
  convPoolForward(
    s: ConvShape,
    dropping: Dropping | null,
    x: Address,
    w: Address,
    bias: Address | 0,
    y: Address,
    codes: Address | 0,
    room: ConvRoom,
  ): void;
  /** dx from dy, the gradient by y above; `rate` is that of the dropout, 0 for none. */
  convPoolInputGradient(
    s: ConvShape,
    rate: number,
    dy: Address,
    codes: Address,
    w: Address,
    dx: Address,
    room: ConvRoom,
  ): void;
  /** dw, and db unless it is 0, from dy and x, as the forward pass has left it in this room. */
  convPoolWeightGradient(
    s: ConvShape,
    rate: number,
    x: Address,
    dy: Address,
    codes: Address,
    dw: Address,
    db: Address | 0,
    room: ConvRoom,
  ): void;

  /** y = x w + bias; x is [rows, inputs], w [inputs, units]; `own`: scratch, of each thread its own. */
  denseForward(
    rows: number,
    inputs: number,
    units: number,
    x: Address,
    w: Address,
    bias: Address | 0,
    y: Address,
    own: Address,
  ): void;
  /** dx from dy; `room` unless it is null says that most of dy is 0 (see `DenseRoom`). */
  denseInputGradient(
    rows: number,
    inputs: number,
    units: number,
    dy: Address,
    w: Address,
    dx: Address,
    room: DenseRoom | null,
  ): void;
  /** dw from dy and x; then `update`, unless it is null, of each piece of the weights. */
  denseWeightGradient(
    rows: number,
    inputs: number,
    units: number,
    x: Address,
    dy: Address,
    dw: Address,
    room: DenseRoom | null,
    update: Update | null,
  ): void;
  /** db[c] = sum over rows of dy[r,c]; for convolutions rows = batch * height * width. */
  biasGradient(rows: number, channels: number, dy: Address, db: Address): void;

  /** y = activation(x); x and y may be one buffer. */
  activationForward(kind: Activation, n: number, x: Address, y: Address): void;
  /** dx = dy * activation'(x); reads x (the input) and y (the output); dx and dy may be one buffer. */
  activationBackward(
    kind: Activation,
    n: number,
    x: Address,
    y: Address,
    dy: Address,
    dx: Address,
  ): void;
  softmaxForward(rows: number, columns: number, x: Address, y: Address): void;
  softmaxBackward(rows: number, columns: number, y: Address, dy: Address, dx: Address): void;

  /** `argmax` holds one i32 per output: the flat index in x of the first maximum (row-major). */
  maxPoolForward(s: PoolShape, x: Address, y: Address, argmax: Address): void;
  maxPoolBackward(s: PoolShape, dy: Address, argmax: Address, dx: Address): void;
  /** The mean over the positions inside the image. */
  averagePoolForward(s: PoolShape, x: Address, y: Address): void;
  averagePoolBackward(s: PoolShape, dy: Address, dx: Address): void;

  /**
   * y = kept ? x / (1 - rate) : 0, the bits drawn by the two u32 at `keys` (see `dropoutKeys`). The same call on
   * dy gives the gradient. May be in place.
   */
  dropout(n: number, rate: number, keys: Address, x: Address, y: Address): void;

  /**
   * Training pass over [rows, channels]: mean and biased variance of the batch into `mean` and
   * `variance`, y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, and the moving statistics
   * m = m * momentum + batch * (1 - momentum) (Keras: the biased variance too).
   * `gamma` and `beta` may be 0 (no scale, no centre).
   */
  batchNormForward(
    rows: number,
    channels: number,
    epsilon: number,
    momentum: number,
    x: Address,
    gamma: Address | 0,
    beta: Address | 0,
    movingMean: Address,
    movingVariance: Address,
    mean: Address,
    variance: Address,
    y: Address,
  ): void;
  /** The same with given statistics (the moving ones), nothing updated. */
  batchNormInference(
    rows: number,
    channels: number,
    epsilon: number,
    x: Address,
    gamma: Address | 0,
    beta: Address | 0,
    mean: Address,
    variance: Address,
    y: Address,
  ): void;
  /**
   * `batchNormForward` of x, which a `conv2dForward` with relu and moments has left, then a 2x2 max-pool and
   * dropout as in `convPoolForward`, but without another relu.
   */
  normPoolForward(
    s: NormPoolShape,
    epsilon: number,
    momentum: number,
    dropping: Dropping | null,
    x: Address,
    gamma: Address | 0,
    beta: Address | 0,
    movingMean: Address,
    movingVariance: Address,
    y: Address,
    room: NormPoolRoom,
  ): void;
  /** The same with given statistics, nothing updated or dropped. */
  normPoolInference(
    s: NormPoolShape,
    epsilon: number,
    x: Address,
    gamma: Address | 0,
    beta: Address | 0,
    mean: Address,
    variance: Address,
    y: Address,
    room: NormPoolRoom,
  ): void;
  /** dx, the gradient by what the relu before x was given; `rate` is the dropout's, 0 for none. */
  normPoolBackward(
    s: NormPoolShape,
    epsilon: number,
    rate: number,
    x: Address,
    gamma: Address | 0,
    dy: Address,
    dx: Address,
    dgamma: Address | 0,
    dbeta: Address | 0,
    room: NormPoolRoom,
  ): void;

  /** dgamma and dbeta may be 0. */
  batchNormBackward(
    rows: number,
    channels: number,
    epsilon: number,
    x: Address,
    gamma: Address | 0,
    mean: Address,
    variance: Address,
    dy: Address,
    dx: Address,
    dgamma: Address | 0,
    dbeta: Address | 0,
  ): void;

  /**
   * Cross-entropy of integer classes (i32 in `labels`): the loss of each row into `losses` and, unless
   * `gradient` is 0, d(mean loss)/d(prediction), that is divided by rows. Probabilities are
   * divided by their sum, and limited as `clip` says.
   */
  categoricalCrossEntropy(
    s: LossShape,
    prediction: Address,
    labels: Address,
    losses: Address,
    gradient: Address | 0,
  ): void;
  /** The same for targets 0 or 1 (i32 in `labels`) of one output unit each. */
  binaryCrossEntropy(
    s: LossShape,
    prediction: Address,
    labels: Address,
    losses: Address,
    gradient: Address | 0,
  ): void;
  /** Writes 1 (i32) where the row's prediction is right: argmax, or a threshold if classes is 1. */
  correct(
    rows: number,
    classes: number,
    threshold: number,
    prediction: Address,
    labels: Address,
    hits: Address,
  ): void;

  /** dw[i] adds l1 * sign(w[i]) + 2 * l2 * w[i]. */
  regularizerGradient(n: number, l1: number, l2: number, w: Address, dw: Address): void;
  /** Writes l1 * sum |w| + l2 * sum w^2 as an f64, summed in the order of the elements. */
  regularizerLoss(n: number, l1: number, l2: number, w: Address, to: Address): void;

  /** `rate`: address of an f32. v = rho v + (1 - rho) g^2; w -= rate * g / sqrt(v + epsilon); with momentum m = momentum m + that. */
  rmsprop(
    n: number,
    rate: Address,
    rho: number,
    momentum: number,
    epsilon: number,
    g: Address,
    v: Address,
    m: Address | 0,
    w: Address,
  ): void;
  /** Keras' Adam; `rateAtStep`, address of an f32: rate * sqrt(1 - beta2^t) / (1 - beta1^t). */
  adam(
    n: number,
    rateAtStep: Address,
    beta1: number,
    beta2: number,
    epsilon: number,
    g: Address,
    m: Address,
    v: Address,
    w: Address,
  ): void;
  /** Keras' SGD: m = momentum m - rate g; w += m, or with nesterov w += momentum m - rate g. */
  sgd(
    n: number,
    rate: Address,
    momentum: number,
    nesterov: boolean,
    g: Address,
    m: Address | 0,
    w: Address,
  ): void;

  /** y[i] = table[bytes[i]]: 256 f32 in `table`, u8 in `bytes`. */
  lookUp(n: number, bytes: Address, table: Address, y: Address): void;
  /** Adds x to y. */
  add(n: number, x: Address, y: Address): void;
}

/** An operation's name. */
export type OpName = keyof Ops;
