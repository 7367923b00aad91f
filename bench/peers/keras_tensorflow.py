"""Keras 3 on TensorFlow: a training loop in one compiled function, by XLA and by TensorFlow's own graph."""

import os

from protocol import THREADS, batches, examples, serve

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import tensorflow as tf
from networks import network

tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)


def prepare(workload, variant):
    model = network(workload["network"])
    loss = keras.losses.SparseCategoricalCrossentropy()
    xla = variant == "XLA"
    return (train if workload["kind"] == "train" else evaluate)(workload, model, loss, xla)


def train(workload, model, loss, xla):
    optimizer = keras.optimizers.RMSprop()
    optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=xla)
    def step(x, y):
        with tf.GradientTape() as tape:
            value = tf.add_n([loss(y, model(x, training=True)), *model.losses])
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return value

    source = batches(workload)

    def steps(count):
        for _ in range(count):
            value = step(*next(source))
        value.numpy()

    return steps


def evaluate(workload, model, loss, xla):
    images, labels = examples(workload)

    @tf.function(jit_compile=xla)
    def step(x, y):
        out = model(x, training=False)
        return loss(y, out), tf.reduce_sum(tf.cast(tf.argmax(out, 1, tf.int32) == y, tf.int32))

    size = workload["batch"]

    def steps(count):
        for _ in range(count):
            sums = [step(images[i : i + size], labels[i : i + size]) for i in range(0, len(labels), size)]
            [(float(value), int(hits)) for value, hits in sums]

    return steps


versions = f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
serve("Keras on TensorFlow", versions, ["XLA", "graph"], prepare)
