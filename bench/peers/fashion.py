"""What configs/fashion.yaml does, as a Keras user would write it: four trainings, each with validation, each evaluated.

fashion.py FOLDER EPOCHS: FOLDER holds {train,test}-{images,labels} in bytes. A JSON object a line: what took how long.
"""

import json
import os
import sys
import time

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy
import tensorflow as tf
from keras import layers
from networks import fashion

folder, epochs = sys.argv[1], int(sys.argv[2])
SPLIT, BATCH = 42000, 64


def read(name):
    pixels = numpy.fromfile(f"{folder}/{name}-images", dtype=numpy.uint8)
    labels = numpy.fromfile(f"{folder}/{name}-labels", dtype=numpy.uint8)
    return pixels.reshape(-1, 28, 28, 1).astype(numpy.float32) / 255, labels.astype(numpy.int32)


def dataset(x, y, augment=None):
    """As a tf.data pipeline, augmented on all cores, batch by batch."""
    all = tf.data.Dataset.from_tensor_slices((x, y)).cache().shuffle(len(y)).batch(BATCH)
    if augment is not None:
        all = all.map(lambda a, b: (augment(a, training=True), b), num_parallel_calls=tf.data.AUTOTUNE)
    return all.prefetch(tf.data.AUTOTUNE)


def report(what, start):
    print(json.dumps({"what": what, "seconds": time.perf_counter() - start}), flush=True)


(x, y), (test_x, test_y) = read("train"), read("test")
augment = keras.Sequential(
    [
        layers.RandomRotation(15 / 360, fill_mode="nearest"),
        layers.RandomTranslation(0.1, 0.1, fill_mode="nearest"),
        layers.RandomFlip("horizontal"),
    ]
)
for name in ["baseline", "sparse", "augmented", "batch-norm"]:
    start = time.perf_counter()
    keras.utils.set_random_seed(1)
    logits = name == "sparse"
    model = fashion(norm=name == "batch-norm", logits=logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
    # XLA takes a multiple of the graph's time on a CPU: see docs/performance.md.
    model.compile(optimizer="rmsprop", loss=loss, metrics=["accuracy"], jit_compile=False)
    model.fit(
        dataset(x[:SPLIT], y[:SPLIT], augment if name == "augmented" else None),
        validation_data=dataset(x[SPLIT:], y[SPLIT:]),
        epochs=epochs,
        verbose=0,
    )
    model.evaluate(test_x, test_y, batch_size=128, verbose=0)
    report(name, start)
