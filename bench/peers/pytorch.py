"""PyTorch, channels last: eager, and by torch.compile, which needs a C++ compiler."""

from protocol import THREADS, batches, examples, serve

import torch
from torch import nn
from torch.nn import functional

torch.set_num_threads(THREADS)


def fashion(norm=False):
    def block(inputs, filters):
        yield nn.Conv2d(inputs, filters, 2, padding="same")
        yield nn.ReLU()
        if norm:
            yield nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01)
        yield nn.MaxPool2d(2)
        yield nn.Dropout(0.3)

    return nn.Sequential(
        *block(1, 64),
        *block(64, 32),
        nn.Flatten(),
        nn.Linear(7 * 7 * 32, 256),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(256, 10),
    )


def cifar():
    def conv(inputs, filters):
        return nn.Conv2d(inputs, filters, 3, padding="same"), nn.ReLU()

    return nn.Sequential(
        *conv(3, 32),
        *conv(32, 32),
        nn.MaxPool2d(2),
        nn.Dropout(0.2),
        *conv(32, 64),
        nn.Dropout(0.2),
        *conv(64, 64),
        nn.MaxPool2d(2),
        nn.Dropout(0.2),
        *conv(64, 128),
        *conv(128, 128),
        nn.MaxPool2d(2),
        nn.Dropout(0.4),
        nn.Flatten(),
        nn.Linear(4 * 4 * 128, 10),
    )


def network(name):
    model = {"baseline": fashion, "batch-norm": lambda: fashion(norm=True), "cifar": cifar}[name]()
    for layer in model:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return model.to(memory_format=torch.channels_last)


def prepare(workload, variant):
    model = network(workload["network"])
    compiled = variant == "compiled"
    return (train if workload["kind"] == "train" else evaluate)(workload, model, compiled)


def tensors(x, y):
    """NHWC in memory is what PyTorch calls channels last."""
    return torch.from_numpy(x).permute(0, 3, 1, 2), torch.from_numpy(y).long()


def train(workload, model, compiled):
    # L2 of 1e-4 on the kernels adds 2e-4 times the weight to its gradient.
    decayed = workload["network"] == "cifar"
    kernels = [layer.weight for layer in model if isinstance(layer, nn.Conv2d)]
    others = [p for p in model.parameters() if all(p is not kernel for kernel in kernels)]
    groups = [{"params": kernels, "weight_decay": 2e-4 if decayed else 0}, {"params": others}]
    optimizer = torch.optim.RMSprop(groups, lr=1e-3, alpha=0.9, eps=1e-7)

    def cost(x, y):
        return functional.cross_entropy(model(x), y)

    update = optimizer.step
    if compiled:
        cost, update = torch.compile(cost), torch.compile(update)
    source = batches(workload)
    model.train()

    def steps(count):
        for _ in range(count):
            x, y = tensors(*next(source))
            value = cost(x, y)
            value.backward()
            update()
            optimizer.zero_grad()
        value.item()

    return steps


def evaluate(workload, model, compiled):
    images, labels = tensors(*examples(workload))
    model.eval()

    def sums(x, y):
        out = model(x)
        return functional.cross_entropy(out, y), (out.argmax(1) == y).sum()

    if compiled:
        sums = torch.compile(sums)
    size = workload["batch"]

    def steps(count):
        with torch.inference_mode():
            for _ in range(count):
                for x, y in zip(images.split(size), labels.split(size)):
                    value, hits = sums(x, y)
                    value.item(), hits.item()

    return steps


serve("PyTorch", f"PyTorch {torch.__version__}", ["eager", "compiled"], prepare)
