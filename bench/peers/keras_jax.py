"""Keras 3 on JAX: a stateless training step under jax.jit, which gives its state's memory back."""

import os

from protocol import THREADS, batches, examples, serve

if hasattr(os, "sched_setaffinity"):
    # XLA makes as many threads as the process may use cores.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
os.environ["KERAS_BACKEND"] = "jax"
import jax
import keras
from networks import network


def prepare(workload, variant):
    model = network(workload["network"])
    loss = keras.losses.SparseCategoricalCrossentropy()
    return (train if workload["kind"] == "train" else evaluate)(workload, model, loss)


def values(variables):
    return [variable.value for variable in variables]


def train(workload, model, loss):
    optimizer = keras.optimizers.RMSprop()
    optimizer.build(model.trainable_variables)

    def cost(trained, others, x, y):
        out, others, penalties = model.stateless_call(
            trained, others, x, training=True, return_losses=True
        )
        return loss(y, out) + sum(penalties), others

    def update(state, x, y):
        trained, others, slots = state
        (value, others), gradients = jax.value_and_grad(cost, has_aux=True)(trained, others, x, y)
        trained, slots = optimizer.stateless_apply(slots, gradients, trained)
        return (trained, others, slots), value

    step = jax.jit(update, donate_argnums=0)
    source = batches(workload)
    state = (
        values(model.trainable_variables),
        values(model.non_trainable_variables),
        values(optimizer.variables),
    )

    def steps(count):
        nonlocal state
        for _ in range(count):
            state, value = step(state, *next(source))
        jax.block_until_ready((state, value))

    return steps


def evaluate(workload, model, loss):
    images, labels = examples(workload)

    @jax.jit
    def step(trained, others, x, y):
        out, _ = model.stateless_call(trained, others, x, training=False)
        return loss(y, out), (out.argmax(1) == y).sum()

    trained, others = values(model.trainable_variables), values(model.non_trainable_variables)
    size = workload["batch"]

    def steps(count):
        for _ in range(count):
            sums = [
                step(trained, others, images[i : i + size], labels[i : i + size])
                for i in range(0, len(labels), size)
            ]
            [(float(value), int(hits)) for value, hits in sums]

    return steps


versions = f"Keras {keras.__version__}, JAX {jax.__version__}"
serve("Keras on JAX", versions, ["jit"], prepare)
