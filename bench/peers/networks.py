"""The networks of bench/networks.ts in Keras; the backend is chosen before this is imported."""

import keras
from keras import layers


def fashion(norm=False, logits=False):
    """The course's network for Fashion-MNIST, with batch normalisation after each convolution's relu or without."""

    def block(filters):
        yield layers.Conv2D(filters, 2, padding="same", activation="relu")
        if norm:
            yield layers.BatchNormalization()
        yield layers.MaxPooling2D(2)
        yield layers.Dropout(0.3)

    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            *block(64),
            *block(32),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation=None if logits else "softmax"),
        ]
    )


def cifar():
    """The course's first model for CIFAR-10."""

    def conv(filters):
        decay = keras.regularizers.L2(1e-4)
        return layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_regularizer=decay)

    return keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            conv(32),
            conv(32),
            layers.MaxPooling2D(2),
            layers.Dropout(0.2),
            conv(64),
            layers.Dropout(0.2),
            conv(64),
            layers.MaxPooling2D(2),
            layers.Dropout(0.2),
            conv(128),
            conv(128),
            layers.MaxPooling2D(2),
            layers.Dropout(0.4),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )


def network(name):
    return {"baseline": fashion, "batch-norm": lambda: fashion(norm=True), "cifar": cifar}[name]()
