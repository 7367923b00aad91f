"""Writes what Keras 3 on TensorFlow and SciPy compute, for tests (tests/truth_*_test.ts) to be held against.

    python -m venv .venv && .venv/bin/pip install -r tests/truth/requirements.txt
    OMP_NUM_THREADS=1 .venv/bin/python tests/truth/write.py

With names of parts it writes those alone (`write.py sobol`). Each file holds the versions that wrote it.
A tensor is {"shape", "dtype", "base64"}: little-endian bytes in C order. Networks are written in the
words of our configs, from which both sides build them.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import PIL
import scipy.stats
import tensorflow as tf

FOLDER = os.path.dirname(os.path.abspath(__file__))
VERSIONS = {
    "python": sys.version.split()[0],
    "keras": keras.__version__,
    "tensorflow": tf.__version__,
    "numpy": np.__version__,
    "scipy": scipy.__version__,
    "pillow": PIL.__version__,
}
TABLE = (np.arange(256, dtype=np.float32) / np.float32(255)).astype(np.float32)


def tensor(values):
    values = np.ascontiguousarray(values)
    name = {"f": "float32", "u": "uint8", "i": "int32"}[values.dtype.kind]
    if values.dtype != np.dtype(name):
        raise TypeError(f"{values.dtype} is not {name}")
    text = base64.b64encode(values.astype(values.dtype.newbyteorder("<")).tobytes()).decode()
    return {"shape": list(values.shape), "dtype": name, "base64": text}


def write(name, body):
    path = os.path.join(FOLDER, f"{name}.json")
    text = json.dumps({"versions": VERSIONS, **body}, indent=2) + "\n"
    with open(path, "w", newline="\n") as file:
        file.write(text)
    print(f"{name}.json: {len(text)} bytes")


# --- networks ---------------------------------------------------------------------------------------


def regularizer(value):
    return None if value is None else keras.regularizers.L1L2(l1=value.get("l1", 0), l2=value.get("l2", 0))


def activation(name):
    return keras.activations.leaky_relu if name == "leakyRelu" else name


def layer_of(layer):
    """A layer of ours as one of Keras'."""
    if isinstance(layer, str):
        layer = {layer: {}}
    ((kind, settings),) = layer.items()
    if kind == "conv2d":
        return keras.layers.Conv2D(
            settings["filters"],
            settings["kernelSize"],
            strides=settings.get("strides", 1),
            padding=settings.get("padding", "valid"),
            activation=activation(settings.get("activation", "linear")),
            use_bias=settings.get("useBias", True),
            kernel_regularizer=regularizer(settings.get("kernelRegularizer")),
        )
    if kind in ("maxPooling2d", "averagePooling2d"):
        if isinstance(settings, int):
            settings = {"poolSize": settings}
        pool = keras.layers.MaxPooling2D if kind == "maxPooling2d" else keras.layers.AveragePooling2D
        return pool(
            settings.get("poolSize", 2),
            strides=settings.get("strides"),
            padding=settings.get("padding", "valid"),
        )
    if kind == "dropout":
        return keras.layers.Dropout(settings)
    if kind == "batchNormalization":
        return keras.layers.BatchNormalization(
            momentum=settings.get("momentum", 0.99),
            epsilon=settings.get("epsilon", 1e-3),
            center=settings.get("center", True),
            scale=settings.get("scale", True),
        )
    if kind == "activation":
        return keras.layers.Activation(activation(settings))
    if kind == "flatten":
        return keras.layers.Flatten()
    if kind == "dense":
        if isinstance(settings, int):
            settings = {"units": settings}
        return keras.layers.Dense(
            settings["units"],
            name=settings.get("name"),
            activation=activation(settings.get("activation", "linear")),
            use_bias=settings.get("useBias", True),
            kernel_regularizer=regularizer(settings.get("kernelRegularizer")),
        )
    raise ValueError(kind)


def build(layers, shape):
    keras.backend.clear_session()
    return keras.Sequential([keras.Input(tuple(shape)), *(layer_of(layer) for layer in layers)])


LOSSES = {
    "categoricalCrossentropy": keras.losses.CategoricalCrossentropy,
    "sparseCategoricalCrossentropy": keras.losses.SparseCategoricalCrossentropy,
    "binaryCrossentropy": keras.losses.BinaryCrossentropy,
}


def loss_of(loss):
    kind, logits = (loss, False) if isinstance(loss, str) else (loss["type"], loss["fromLogits"])
    return LOSSES[kind](from_logits=logits), kind


def targets(kind, labels, units):
    if kind == "categoricalCrossentropy":
        return np.eye(units, dtype=np.float32)[labels]
    return labels.astype(np.float32)[:, None] if kind == "binaryCrossentropy" else labels


class Course:
    """A network and how Keras takes gradients of it, as `Model.train_step` does."""

    def __init__(self, layers, shape, loss):
        self.model = build(layers, shape)
        loss_object, self.kind = loss_of(loss)
        self.model.compile(optimizer="sgd", loss=loss_object, jit_compile=False)
        self.units = self.model.output_shape[-1]

        @tf.function(jit_compile=False)
        def differentiate(x, y):
            with tf.GradientTape() as tape:
                output = self.model(x, training=True)
                loss = self.model.compute_loss(x, y, output)
            return loss, tape.gradient(loss, [v.value for v in self.model.trainable_variables])

        self._differentiate = differentiate

    def gradients(self, pixels, labels):
        """The loss with the penalty, and the gradients by the trainable weights."""
        loss, gradients = self._differentiate(TABLE[pixels], targets(self.kind, labels, self.units))
        return float(loss), [np.asarray(one) for one in gradients]

    def predict(self, pixels):
        return np.asarray(self.model(TABLE[pixels], training=False))


# --- gradients --------------------------------------------------------------------------------------

SOFTMAX = {"dense": {"units": 3, "activation": "softmax"}}


def each_activation():
    names = ["relu", "sigmoid", "tanh", "elu", "softplus", "leakyRelu", "swish", "softmax", "linear"]
    for name in names:
        yield f"activation {name}", {
            "layers": [
                {"conv2d": {"filters": 3, "kernelSize": 2, "activation": name}},
                "flatten",
                {"dense": {"units": 5, "activation": name}},
                SOFTMAX,
            ],
            "inputShape": [5, 4, 2],
        }


NETWORKS = {
    "the baseline scaled down": {
        "layers": [
            {"conv2d": {"filters": 8, "kernelSize": 2, "padding": "same", "activation": "relu"}},
            {"maxPooling2d": 2},
            {"conv2d": {"filters": 6, "kernelSize": 2, "padding": "same", "activation": "relu"}},
            {"maxPooling2d": 2},
            "flatten",
            {"dense": {"units": 16, "activation": "relu"}},
            {"dense": {"units": 10, "activation": "softmax"}},
        ],
        "inputShape": [14, 14, 1],
        "batch": 8,
    },
    "strides, odd sizes and odd channels, padding same": {
        "layers": [
            {"conv2d": {"filters": 5, "kernelSize": [3, 2], "strides": [2, 3], "padding": "same", "activation": "tanh"}},
            {"conv2d": {"filters": 7, "kernelSize": [2, 5], "strides": [1, 2], "padding": "same"}},
            "flatten",
            SOFTMAX,
        ],
        "inputShape": [11, 13, 3],
    },
    "strides, odd sizes and odd channels, padding valid": {
        "layers": [
            {"conv2d": {"filters": 6, "kernelSize": [4, 3], "strides": [2, 1], "activation": "elu"}},
            {"conv2d": {"filters": 9, "kernelSize": [1, 3], "strides": [1, 3], "useBias": False}},
            "flatten",
            SOFTMAX,
        ],
        "inputShape": [12, 11, 3],
    },
    "one channel, one filter, a kernel as large as the image, batch 1": {
        "layers": [
            {"conv2d": {"filters": 1, "kernelSize": [6, 7], "padding": "same"}},
            {"conv2d": {"filters": 2, "kernelSize": [6, 7]}},
            "flatten",
            SOFTMAX,
        ],
        "inputShape": [6, 7, 1],
        "batch": 1,
    },
    "pooling, valid": {
        "layers": [
            {"conv2d": {"filters": 5, "kernelSize": 3, "padding": "same", "activation": "relu"}},
            {"maxPooling2d": {"poolSize": [3, 2], "strides": [2, 1]}},
            {"averagePooling2d": {"poolSize": 2, "strides": 1}},
            "flatten",
            SOFTMAX,
        ],
        "inputShape": [9, 8, 2],
    },
    "pooling, same": {
        "layers": [
            {"conv2d": {"filters": 3, "kernelSize": 3, "padding": "same", "activation": "tanh"}},
            {"maxPooling2d": {"poolSize": 3, "strides": 2, "padding": "same"}},
            {"averagePooling2d": {"poolSize": [3, 2], "strides": [2, 1], "padding": "same"}},
            "flatten",
            SOFTMAX,
        ],
        "inputShape": [10, 9, 2],
    },
    "batch normalisation after relu and before pooling": {
        "layers": [
            {"conv2d": {"filters": 6, "kernelSize": 2, "padding": "same", "activation": "relu"}},
            "batchNormalization",
            {"maxPooling2d": 2},
            {"conv2d": {"filters": 5, "kernelSize": 2, "padding": "same", "activation": "relu"}},
            {"batchNormalization": {"momentum": 0.8, "epsilon": 0.01, "scale": False}},
            {"averagePooling2d": 2},
            "flatten",
            {"dense": {"units": 6, "activation": "relu"}},
            {"batchNormalization": {"center": False}},
            SOFTMAX,
        ],
        "inputShape": [8, 8, 1],
        "batch": 6,
    },
    "regularizers l1, l2 and both": {
        "layers": [
            {"conv2d": {"filters": 4, "kernelSize": 3, "kernelRegularizer": {"l2": 0.01}}},
            {"activation": "relu"},
            {"conv2d": {"filters": 3, "kernelSize": 2, "kernelRegularizer": {"l1": 0.02}}},
            "flatten",
            {"dense": {"units": 4, "activation": "tanh", "kernelRegularizer": {"l1": 0.01, "l2": 0.03}}},
            SOFTMAX,
        ],
        "inputShape": [6, 6, 2],
    },
    **dict(each_activation()),
    "categorical cross-entropy from logits": {
        "layers": ["flatten", {"dense": {"units": 7, "activation": "tanh"}}, {"dense": 3}],
        "loss": {"type": "categoricalCrossentropy", "fromLogits": True},
    },
    "sparse categorical cross-entropy from a softmax": {
        "layers": ["flatten", {"dense": 3}, {"activation": "softmax"}],
        "loss": "sparseCategoricalCrossentropy",
    },
    "sparse categorical cross-entropy from logits": {
        "layers": ["flatten", {"dense": 3}],
        "loss": {"type": "sparseCategoricalCrossentropy", "fromLogits": True},
    },
    "categorical cross-entropy from outputs that are no softmax": {
        "layers": ["flatten", {"dense": {"units": 3, "activation": "softplus"}}],
        "loss": "categoricalCrossentropy",
    },
    "sparse categorical cross-entropy from outputs below 1": {
        "layers": ["flatten", {"dense": {"units": 3, "activation": "sigmoid"}}],
        "loss": "sparseCategoricalCrossentropy",
    },
    "sparse categorical cross-entropy from outputs below and above 1": {
        "layers": ["flatten", {"dense": {"units": 3, "activation": "softplus"}}],
        "loss": "sparseCategoricalCrossentropy",
    },
    "categorical cross-entropy from sigmoids": {
        "layers": ["flatten", {"dense": 3}, {"activation": "sigmoid"}],
    },
    "a softmax under the last flatten": {
        "layers": [{"conv2d": {"filters": 3, "kernelSize": [3, 2], "activation": "softmax"}}, "flatten"],
        "loss": "sparseCategoricalCrossentropy",
    },
    "binary cross-entropy from a sigmoid": {
        "layers": ["flatten", {"dense": {"units": 4, "activation": "relu"}}, {"dense": {"units": 1, "activation": "sigmoid"}}],
        "loss": "binaryCrossentropy",
    },
    "binary cross-entropy from logits": {
        "layers": ["flatten", {"dense": 1}],
        "loss": {"type": "binaryCrossentropy", "fromLogits": True},
    },
    "binary cross-entropy from an output that is no sigmoid": {
        "layers": ["flatten", {"dense": {"units": 1, "activation": "softplus"}}],
        "loss": "binaryCrossentropy",
    },
}


def start(course, draws):
    """Keras' first weights, but with biases and statistics that are not all alike."""
    weights = []
    for variable in course.model.weights:
        value = variable.numpy()
        if variable.name == "moving_variance":
            value = draws.uniform(0.5, 1.5, value.shape)
        elif variable.name != "kernel":
            value = value + draws.uniform(-0.3, 0.3, value.shape)
        weights.append(value.astype(np.float32))
    course.model.set_weights(weights)
    return weights


def gradients():
    cases = []
    for number, (name, network) in enumerate(NETWORKS.items()):
        keras.utils.set_random_seed(100 + number)
        draws = np.random.default_rng(200 + number)
        shape, count = network.get("inputShape", [4, 3, 2]), network.get("batch", 5)
        loss = network.get("loss", "categoricalCrossentropy")
        course = Course(network["layers"], shape, loss)
        weights = start(course, draws)
        pixels = draws.integers(0, 256, [count, *shape], dtype=np.uint8)
        labels = draws.integers(0, max(course.units, 2), count).astype(np.int32)
        predicted = course.predict(pixels)
        value, found = course.gradients(pixels, labels)
        moved = course.model.get_weights()
        cases.append({
            "name": name,
            "layers": network["layers"],
            "inputShape": shape,
            "loss": loss,
            "pixels": tensor(pixels),
            "labels": tensor(labels),
            "weights": [tensor(one) for one in weights],
            "value": value,
            "gradients": [tensor(one) for one in found],
            "predicted": tensor(predicted),
            "moved": [
                tensor(after)
                for variable, after in zip(course.model.weights, moved)
                if not variable.trainable
            ],
        })
    write("gradients", {"cases": cases})


# --- optimizers -------------------------------------------------------------------------------------

OPTIMIZERS = {
    "RMSprop": ({"type": "rmsprop"}, keras.optimizers.RMSprop),
    "RMSprop with momentum": (
        {"type": "rmsprop", "learningRate": 0.01, "rho": 0.8, "momentum": 0.7, "epsilon": 1e-4},
        keras.optimizers.RMSprop,
    ),
    "Adam": ({"type": "adam"}, keras.optimizers.Adam),
    "Adam with other betas": (
        {"type": "adam", "learningRate": 0.01, "beta1": 0.7, "beta2": 0.95, "epsilon": 1e-3},
        keras.optimizers.Adam,
    ),
    "SGD": ({"type": "sgd"}, keras.optimizers.SGD),
    "SGD with momentum": ({"type": "sgd", "momentum": 0.9}, keras.optimizers.SGD),
    "SGD with Nesterov's momentum": (
        {"type": "sgd", "learningRate": 0.05, "momentum": 0.8, "nesterov": True},
        keras.optimizers.SGD,
    ),
}
WORDS = {"learningRate": "learning_rate", "beta1": "beta_1", "beta2": "beta_2"}


def optimizers():
    keras.utils.set_random_seed(5)
    draws = np.random.default_rng(6)
    layers, shape = ["flatten", {"dense": {"units": 7, "activation": "relu"}}, SOFTMAX], [3, 3, 1]
    course = Course(layers, shape, "categoricalCrossentropy")
    # Small, so that the updates and not the first values are most of what is compared.
    first = [(one * 0.05).astype(np.float32) for one in start(course, draws)]
    course.model.set_weights(first)
    steps = []
    for step in range(10):
        pixels = draws.integers(0, 256, [6, *shape], dtype=np.uint8)
        _, found = course.gradients(pixels, draws.integers(0, 3, 6).astype(np.int32))
        # Gradients of very different sizes, as they come late in a training.
        steps.append([(one * np.float32(10.0 ** -(step % 4))).astype(np.float32) for one in found])
    cases = []
    for name, (settings, kind) in OPTIMIZERS.items():
        named = {WORDS.get(key, key): value for key, value in settings.items() if key != "type"}
        optimizer = kind(**named)
        variables = [keras.Variable(one) for one in first]
        optimizer.build(variables)
        after = []
        for found in steps:
            optimizer.apply([tf.constant(one) for one in found], variables)
            after.append([tensor(one.numpy()) for one in variables])
        cases.append({"name": name, "optimizer": settings, "after": after})
    schedules = [
        {
            "name": "exponential decay",
            "schedule": {"type": "exponential", "decaySteps": 7, "decayRate": 0.6},
            "keras": keras.optimizers.schedules.ExponentialDecay(0.003, 7, 0.6),
        },
        {
            "name": "exponential decay in stairs",
            "schedule": {"type": "exponential", "decaySteps": 7, "decayRate": 0.6, "staircase": True},
            "keras": keras.optimizers.schedules.ExponentialDecay(0.003, 7, 0.6, staircase=True),
        },
        {
            "name": "cosine decay",
            "schedule": {"type": "cosine", "decaySteps": 25, "alpha": 0.1},
            "keras": keras.optimizers.schedules.CosineDecay(0.003, 25, alpha=0.1),
        },
        {
            "name": "steps of 8, as pieces of constant rate",
            "schedule": {"type": "step", "every": 2, "factor": 0.5},
            "stepsPerEpoch": 4,
            "keras": keras.optimizers.schedules.PiecewiseConstantDecay(
                [7, 15, 23, 31], [0.003, 0.0015, 0.00075, 0.000375, 0.0001875]
            ),
        },
    ]
    for one in schedules:
        schedule = one.pop("keras")
        one["initial"] = 0.003
        one["rates"] = tensor(np.array([float(schedule(step)) for step in range(32)], np.float32))
    write("optimizers", {
        "layers": layers,
        "inputShape": shape,
        "first": [tensor(one) for one in first],
        "steps": [[tensor(one) for one in found] for found in steps],
        "cases": cases,
        "schedules": schedules,
    })


# --- the course's networks --------------------------------------------------------------------------


BASELINE = [
    {"conv2d": {"filters": 64, "kernelSize": 2, "padding": "same", "activation": "relu"}},
    {"maxPooling2d": 2},
    {"dropout": 0.3},
    {"conv2d": {"filters": 32, "kernelSize": 2, "padding": "same", "activation": "relu"}},
    {"maxPooling2d": 2},
    {"dropout": 0.3},
    "flatten",
    {"dense": {"units": 256, "activation": "relu"}},
    {"dropout": 0.5},
    {"dense": {"units": 10, "activation": "softmax"}},
]


def normalised(layers):
    """Batch normalisation after each convolution's relu."""
    for layer in layers:
        yield layer
        if isinstance(layer, dict) and ("conv2d" in layer or "activation" in layer):
            yield "batchNormalization"


def cifar():
    def convolution(filters):
        yield {"conv2d": {"filters": filters, "kernelSize": 3, "padding": "same", "kernelRegularizer": {"l2": 1e-4}}}
        yield {"activation": "relu"}

    yield from convolution(32)
    yield from convolution(32)
    yield {"maxPooling2d": 2}
    yield {"dropout": 0.2}
    yield from convolution(64)
    yield {"dropout": 0.2}
    yield from convolution(64)
    yield {"maxPooling2d": 2}
    yield {"dropout": 0.2}
    yield from convolution(128)
    yield from convolution(128)
    yield {"maxPooling2d": 2}
    yield {"dropout": 0.4}
    yield "flatten"
    yield {"dense": {"units": 10, "activation": "softmax"}}


def tuned():
    for layer in cifar():
        yield layer
        if isinstance(layer, dict) and "activation" in layer:
            yield "batchNormalization"


def cats():
    for filters in (32, 64, 128, 128):
        yield {"conv2d": {"filters": filters, "kernelSize": 3, "activation": "relu"}}
        yield {"maxPooling2d": 2}
    yield "flatten"
    yield {"dropout": 0.5}
    yield {"dense": {"units": 512, "activation": "relu"}}
    yield {"dense": {"units": 1, "activation": "sigmoid"}}


# --- free steps -------------------------------------------------------------------------------------


def hashed(seed, count):
    """The 32-bit integers that tests/truth_rig.ts makes too: no vectors to keep."""
    value = np.arange(count, dtype=np.uint64) + np.uint64(seed) * np.uint64(0x9E3779B1)
    mask = np.uint64(0xFFFFFFFF)
    value &= mask
    for multiplier in (0x85EBCA6B, 0xC2B2AE35):
        value ^= value >> np.uint64(16)
        value = (value * np.uint64(multiplier)) & mask
        value ^= value >> np.uint64(13)
    return value.astype(np.uint32)


def uniform(seed, shape, limit):
    """Values in [-limit, limit): 24 bits of the hash, each step exact in f32."""
    part = (hashed(seed, int(np.prod(shape))) >> 8).astype(np.float64) / 2.0**23 - 1
    return (part * np.float64(np.float32(limit))).astype(np.float32).reshape(shape)


def pictures(seed, count, shape, classes):
    """Noise with a bright row that tells the class."""
    size = int(np.prod(shape))
    pixels = (hashed(seed, count * size) & 127).astype(np.uint8).reshape([count, *shape])
    labels = (hashed(seed + 1, count) % classes).astype(np.int32)
    for image, label in zip(pixels, labels):
        image[label] += 128
    return pixels, labels




def still(layers):
    """Without dropout, whose draws are not ours."""
    return [layer for layer in layers if not (isinstance(layer, dict) and "dropout" in layer)]


SMALL = [
    {"conv2d": {"filters": 6, "kernelSize": 3, "padding": "same", "activation": "relu", "kernelRegularizer": {"l2": 0.001}}},
    "batchNormalization",
    {"maxPooling2d": 2},
    {"conv2d": {"filters": 5, "kernelSize": 3, "strides": 2, "activation": "elu"}},
    {"averagePooling2d": {"poolSize": 2, "strides": 1}},
    "flatten",
    {"dense": {"units": 12, "activation": "swish"}},
    {"dense": 10},
]
LOGITS = {"type": "sparseCategoricalCrossentropy", "fromLogits": True}
RMSPROP, SGD = {"type": "rmsprop"}, {"type": "sgd"}
NESTEROV = {"type": "sgd", "learningRate": 0.01, "momentum": 0.9, "nesterov": True}
# Name, seed, layers, input, loss, optimizer, batch, steps, and of how many weights one is kept. Deep networks go few
# steps: where two pixels of a pool's window are within 1e-6 of each other, rounding decides which gets the gradient.
# (So it was with seed 6 of the tuned model, at one of 86,016 windows: 1.5 % of the gradients. With seed 5 of the
# first model a unit lies so near 0 that the plain kernels let it live and Winograd's do not: 5e-5 of the gradients.
# With seed 3 of the baseline our kernels and the plain loops, whose sums are in f64, are 7e-8 apart for 23 steps; then
# a unit lives in one of them only, and it is 1e-6, and 9e-6 a step later. With seed 11 they stay 6e-8 apart.)
COURSES = [
    ("a small network with RMSprop", 0, SMALL, [12, 11, 2], LOGITS, RMSPROP, 16, 25, 1),
    ("a small network with Adam", 1, SMALL, [12, 11, 2], LOGITS, {"type": "adam"}, 16, 25, 1),
    ("a small network with Nesterov's momentum", 2, SMALL, [12, 11, 2], LOGITS, NESTEROV, 16, 25, 1),
    ("the baseline", 11, still(BASELINE), [28, 28, 1], "categoricalCrossentropy", RMSPROP, 32, 25, 251),
    ("the baseline with batch normalisation", 4, still(normalised(BASELINE)), [28, 28, 1],
     "categoricalCrossentropy", SGD, 8, 2, 251),
    ("the first model of CIFAR-10", 9, still(cifar()), [32, 32, 3], "categoricalCrossentropy", SGD, 4, 2, 251),
    ("the tuned model of CIFAR-10", 8, still(tuned()), [32, 32, 3], "categoricalCrossentropy", SGD, 6, 1, 251),
    ("the cats and dogs", 7, still(cats()), [150, 150, 3], "binaryCrossentropy", SGD, 2, 2, 2003),
]


def free_steps():
    kinds = {"rmsprop": keras.optimizers.RMSprop, "adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}
    cases = []
    for name, number, layers, shape, loss, settings, batch, steps, every in COURSES:
        classes = 2 if loss == "binaryCrossentropy" else 10
        course = Course(layers, shape, loss)
        optimizer = kinds[settings["type"]](
            **{WORDS.get(key, key): value for key, value in settings.items() if key != "type"}
        )
        weights = []
        for place, variable in enumerate(course.model.weights):
            value = variable.numpy()
            if variable.name == "kernel":
                fans = np.prod(value.shape[:-2]) * (value.shape[-2] + value.shape[-1])
                value = uniform(1000 * number + place, value.shape, np.sqrt(6.0 / fans))
            weights.append(value)
        course.model.set_weights(weights)
        variables = course.model.trainable_variables
        optimizer.build(variables)
        losses, first = [], []
        for step in range(steps):
            pixels, labels = pictures(50_000 + 100 * number + 2 * step, batch, shape, classes)
            value, found = course.gradients(pixels, labels)
            first = found if step == 0 else first
            losses.append(value)
            optimizer.apply([tf.constant(one) for one in found], variables)
        last = [np.ravel(one) for one in course.model.get_weights()]
        cases.append({
            "name": name,
            "number": number,
            "layers": layers,
            "inputShape": shape,
            "loss": loss,
            "optimizer": settings,
            "batch": batch,
            "classes": classes,
            "losses": losses,
            # Each `every`-th value of each gradient of the first step, and of each weight after the last, and the
            # norm of all their values.
            "every": every,
            "gradients": [tensor(np.ravel(one)[::every]) for one in first],
            "gradientNorms": [float(np.sqrt(np.sum(one.astype(np.float64) ** 2))) for one in first],
            "samples": [tensor(one[::every].astype(np.float32)) for one in last],
            "norms": [float(np.sqrt(np.sum(one.astype(np.float64) ** 2))) for one in last],
        })
    write("steps", {"cases": cases})


# --- augmentation -----------------------------------------------------------------------------------

FILLS = ["nearest", "reflect", "wrap", "constant"]
CHOICES = {
    "rotation": {"theta": 15},
    "a large rotation": {"theta": -130},
    "shifts": {"tx": 2.3, "ty": -1.6},
    "far shifts": {"tx": -17.25, "ty": 30.5},
    "shear": {"shear": 20},
    "zoom": {"zx": 0.8, "zy": 1.3},
    "horizontal flip": {"flip_horizontal": True},
    "vertical flip": {"flip_vertical": True},
    "all together": {
        "theta": 12, "tx": 1.4, "ty": 0.7, "shear": -9, "zx": 1.1, "zy": 0.9,
        "flip_horizontal": True, "flip_vertical": True,
    },
    "brightness up": {"brightness": 1.37},
    "brightness down": {"brightness": 0.41},
    "rotation and brightness": {"theta": 33, "brightness": 1.2},
}
MATRICES = [
    [[0.9, 0.2, -0.7], [-0.15, 1.1, 0.4]],
    # No round numbers: a coordinate on the border is within in f64 and without in f32.
    [[1.7123, -0.4391, 3.1071], [0.3137, 0.6053, -5.2011]],
    [[-0.5, 0.8, 6.4], [0.9, 0.35, -1.9]],
    [[1, 0, -40.3], [0, 1, 33.7]],
]


def smooth(draws, shape):
    """A picture with edges and slopes, not noise alone."""
    rows, columns, channels = shape
    y, x = np.mgrid[0:rows, 0:columns]
    picture = 128 + 90 * np.sin(y / 2.1) * np.cos(x / 2.7)
    picture = np.stack([np.roll(picture, 3 * c, 1) for c in range(channels)], -1)
    picture[rows // 3: rows // 2, columns // 4: columns // 2] = 250
    return np.clip(picture + draws.normal(0, 12, shape), 0, 255).astype(np.uint8)


def augmentation():
    draws = np.random.default_rng(8)
    legacy = keras.src.legacy.preprocessing.image.ImageDataGenerator
    pictures_ = [smooth(draws, [12, 12, 1]), smooth(draws, [13, 13, 3])]
    cases = []
    for name, choices in CHOICES.items():
        for fill in FILLS:
            for number, picture in enumerate(pictures_):
                generator = legacy(fill_mode=fill, cval=77)
                found = generator.apply_transform(picture.astype(np.float32), choices)
                cases.append({
                    "name": name,
                    "picture": number,
                    "choices": choices,
                    "fill": fill,
                    "constant": 77,
                    "result": tensor(np.asarray(found, np.float32)),
                })
    other = smooth(draws, [9, 14, 2])
    matrices = []
    for matrix in MATRICES:
        for fill in FILLS:
            rows = np.array(matrix)
            channels = [
                scipy.ndimage.affine_transform(
                    other[..., c].astype(np.float32), rows[:, :2], rows[:, 2], order=1, mode=fill, cval=31
                )
                for c in range(other.shape[2])
            ]
            matrices.append({
                "matrix": matrix,
                "fill": fill,
                "constant": 31,
                "result": tensor(np.stack(channels, -1).astype(np.float32)),
            })
    write("augment", {
        "pictures": [tensor(one) for one in pictures_],
        "cases": cases,
        "other": tensor(other),
        "matrices": matrices,
    })


# --- summaries --------------------------------------------------------------------------------------


LONG = [
    "flatten",
    {"dense": 1},
    {"dense": {"units": 2, "name": "a_layer_with_a_name_that_is_far_too_long_for_one_line"}},
    {"dense": {"units": 3, "name": "a_name_that_just_fills_its_line"}},
    {"dense": 4},
]


def summaries():
    networks = {
        "the baseline": (BASELINE, [28, 28, 1]),
        "the baseline with batch normalisation": (list(normalised(BASELINE)), [28, 28, 1]),
        "the first model of CIFAR-10": (list(cifar()), [32, 32, 3]),
        "the tuned model of CIFAR-10": (list(tuned()), [32, 32, 3]),
        "the cats and dogs": (list(cats()), [150, 150, 3]),
        "long names and sizes": (LONG, [1000, 1000, 1000]),
    }
    cases = []
    for name, (layers, shape) in networks.items():
        model = build(layers, shape)
        lines = []
        model.summary(print_fn=lambda text: lines.append(text), line_length=None)
        cases.append({
            "name": name,
            "layers": layers,
            "inputShape": shape,
            "total": model.count_params(),
            "nonTrainable": int(sum(np.prod(one.shape) for one in model.non_trainable_weights)),
            "outputs": [
                {"name": layer.name, "shape": list(layer.output.shape[1:]), "parameters": layer.count_params()}
                for layer in model.layers
            ],
            "weights": [one.path for one in model.weights],
            "text": "\n".join(lines).strip("\n"),
        })
    write("summaries", {"cases": cases})


# --- callbacks --------------------------------------------------------------------------------------


class Watched:
    """As much of a model as callbacks ask for; its weights are the number of the epoch."""

    def __init__(self):
        self.optimizer = keras.optimizers.SGD(0.5)
        self.stop_training = False
        self.epoch = 0

    def get_weights(self):
        return self.epoch

    def set_weights(self, epoch):
        self.epoch = epoch


STOPPING = [
    {"patience": 0},
    {"patience": 2},
    {"patience": 3, "minDelta": 0.125, "restoreBest": True},
    {"patience": 4, "mode": "max", "restoreBest": True},
    {"patience": 30, "restoreBest": True},
]
PLATEAUS = [
    {"patience": 0, "factor": 0.5},
    {"patience": 2, "factor": 0.5, "minDelta": 0},
    {"patience": 1, "factor": 0.25, "minDelta": 0.125, "cooldown": 2},
    {"patience": 2, "factor": 0.5, "mode": "max", "minDelta": 0.0625, "minLearningRate": 0.1},
]


def callbacks():
    draws = np.random.default_rng(12)
    # Multiples of 1/64, with plateaus, so that comparing in f32 or f64 is the same.
    courses = [
        [float(x) for x in np.round(64 * (1 / (1 + 0.3 * np.arange(24)) + draws.normal(0, noise, 24))) / 64 + 2]
        for noise in (0.02, 0.1, 0.4)
    ]
    stopping, plateaus = [], []
    for course in courses:
        for settings in STOPPING:
            model = Watched()
            watcher = keras.callbacks.EarlyStopping(
                "loss",
                mode=settings.get("mode", "min"),
                patience=settings["patience"],
                min_delta=settings.get("minDelta", 0),
                restore_best_weights=settings.get("restoreBest", False),
            )
            watcher.set_model(model)
            watcher.on_train_begin()
            epochs = 0
            for epoch, value in enumerate(course):
                epochs = model.epoch = epoch + 1
                watcher.on_epoch_end(epoch, {"loss": value})
                if model.stop_training:
                    break
            watcher.on_train_end()
            stopping.append({
                "settings": settings, "losses": course, "epochs": epochs, "kept": model.epoch,
                "stopped": model.stop_training,
            })
        for settings in PLATEAUS:
            model = Watched()
            watcher = keras.callbacks.ReduceLROnPlateau(
                "loss",
                mode=settings.get("mode", "min"),
                factor=settings["factor"],
                patience=settings["patience"],
                min_delta=settings.get("minDelta", 1e-4),
                cooldown=settings.get("cooldown", 0),
                min_lr=settings.get("minLearningRate", 0),
            )
            watcher.set_model(model)
            watcher.on_train_begin()
            rates = []
            for epoch, value in enumerate(course):
                rates.append(float(model.optimizer.learning_rate.numpy()))
                watcher.on_epoch_end(epoch, {"loss": value})
            plateaus.append({"settings": settings, "losses": course, "rates": rates})
    write("callbacks", {"stopping": stopping, "plateaus": plateaus})


# --- what we export ---------------------------------------------------------------------------------


def exported():
    """Loads what tests/export_rig.ts exports, as the docs of models/export.ts say, and predicts."""
    with tempfile.TemporaryDirectory() as folder:
        rig = os.path.join(FOLDER, "..", "export_rig.ts")
        subprocess.run(["deno", "run", "-A", rig, folder], check=True)
        path = {name: os.path.join(folder, name) for name in os.listdir(folder)}
        keras.backend.clear_session()
        settings = json.load(open(path["model.json"]))["modelTopology"]["config"]
        model = keras.Sequential.from_config(settings)
        model.set_weights(list(np.load(path["weights.npz"]).values()))
        predicted = model(np.load(path["input.npz"])["input"], training=False)
        files = {
            name: hashlib.sha256(open(path[name], "rb").read()).hexdigest()
            for name in ("model.json", "weights.bin", "weights.npz")
        }
    write("exported", {"files": files, "predicted": tensor(np.asarray(predicted))})


# --- Sobol's sequence -------------------------------------------------------------------------------


def sobol():
    """The first points, and some far ones, of as many dimensions as we have direction numbers of."""
    engine = scipy.stats.qmc.Sobol(50, scramble=False, bits=32)
    points = engine.random(4096)
    write("sobol", {
        "points": {
            str(index): [int(x * 2**32) for x in points[index]] for index in (0, 1, 2, 3, 5, 100, 1023, 4095)
        },
    })


if __name__ == "__main__":
    parts = (gradients, optimizers, free_steps, augmentation, summaries, callbacks, exported, sobol)
    for part in parts:
        if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
            part()
