/**
 * A model as plain data: what `train` hashes and stores as topology. `layers.ts` is the one table that
 * says what each layer means; names and defaults are Keras'.
 */

export type Padding = "same" | "valid";
export type ActivationName =
  | "linear"
  | "relu"
  | "sigmoid"
  | "tanh"
  | "softmax"
  | "elu"
  | "softplus"
  | "leakyRelu"
  | "swish";
export type Initializer =
  | "glorotUniform"
  | "glorotNormal"
  | "heUniform"
  | "heNormal"
  | "lecunUniform"
  | "lecunNormal"
  | "zeros"
  | "ones";
export interface Regularizer {
  readonly l1: number;
  readonly l2: number;
}

export type LayerSpec =
  | {
    readonly type: "conv2d";
    readonly name: string;
    readonly filters: number;
    readonly kernelSize: readonly [number, number];
    readonly strides: readonly [number, number];
    readonly padding: Padding;
    readonly activation: ActivationName;
    readonly useBias: boolean;
    readonly kernelInitializer: Initializer;
    readonly biasInitializer: Initializer;
    readonly kernelRegularizer: Regularizer | null;
  }
  | {
    readonly type: "maxPooling2d" | "averagePooling2d";
    readonly name: string;
    readonly poolSize: readonly [number, number];
    readonly strides: readonly [number, number];
    readonly padding: Padding;
  }
  | { readonly type: "dropout"; readonly name: string; readonly rate: number }
  | {
    readonly type: "batchNormalization";
    readonly name: string;
    readonly momentum: number;
    readonly epsilon: number;
    readonly center: boolean;
    readonly scale: boolean;
  }
  | { readonly type: "activation"; readonly name: string; readonly activation: ActivationName }
  | { readonly type: "flatten"; readonly name: string }
  | {
    readonly type: "dense";
    readonly name: string;
    readonly units: number;
    readonly activation: ActivationName;
    readonly useBias: boolean;
    readonly kernelInitializer: Initializer;
    readonly biasInitializer: Initializer;
    readonly kernelRegularizer: Regularizer | null;
  };

export interface Loss {
  readonly type: "categoricalCrossentropy" | "sparseCategoricalCrossentropy" | "binaryCrossentropy";
  readonly fromLogits: boolean;
}

export type Optimizer =
  | {
    readonly type: "rmsprop";
    readonly learningRate: number;
    readonly rho: number;
    readonly momentum: number;
    readonly epsilon: number;
  }
  | {
    readonly type: "adam";
    readonly learningRate: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
  }
  | {
    readonly type: "sgd";
    readonly learningRate: number;
    readonly momentum: number;
    readonly nesterov: boolean;
  };

/** Layers in order, all defaults filled in. `inputShape` is [height, width, channels]. */
export interface Model {
  readonly inputShape: readonly number[];
  readonly layers: readonly LayerSpec[];
}
