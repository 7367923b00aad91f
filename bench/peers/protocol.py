"""What a peer's process speaks: one JSON object a line on stdin, one answer a line on stdout.

It begins with {"ready": {"name", "versions", "variants"}}. Then, for each request,
  {"do": "prepare", "workload": {...}, "variant": V}         answers {"ok": true}
  {"do": "run", "workload": NAME, "variant": V, "steps": K}  answers {"ms": milliseconds a step}
or {"error": "why"}. A step trains on one batch, or evaluates all images once.
"""

import json
import os
import sys
import time

# Libraries print what they like: file 1 goes to stderr, answers to a file of their own.
_answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

THREADS = int(sys.argv[1])
WARM_UP = {"train": 3, "evaluate": 1}


def _answer(value):
    _answers.write(json.dumps(value) + "\n")
    _answers.flush()


def examples(workload):
    """Images f32 [count, height, width, channels] in 0 to 1, labels i32 [count]."""
    import numpy

    pixels = numpy.fromfile(workload["images"], dtype=numpy.uint8)
    labels = numpy.fromfile(workload["labels"], dtype=numpy.uint8)
    images = pixels.reshape(-1, *workload["shape"]).astype(numpy.float32) / 255
    return images, labels.astype(numpy.int32)


def batches(workload):
    """Endless batches of a shuffled epoch, each gathered as it is asked for."""
    import numpy

    images, labels = examples(workload)
    size = workload["batch"]
    draws = numpy.random.default_rng(1)
    while True:
        order = draws.permutation(len(labels))
        for start in range(0, len(order) - size + 1, size):
            chosen = order[start : start + size]
            yield images[chosen], labels[chosen]


def serve(name, versions, variants, prepare):
    """Answers until stdin ends. prepare(workload, variant) gives a function that does k steps and waits for them."""
    _answer({"ready": {"name": name, "versions": versions, "variants": variants}})
    prepared = {}
    for line in sys.stdin:
        try:
            asked = json.loads(line)
            variant = asked["variant"]
            if asked["do"] == "prepare":
                workload = asked["workload"]
                steps = prepare(workload, variant)
                steps(WARM_UP[workload["kind"]])
                prepared[workload["name"], variant] = steps
                _answer({"ok": True})
            elif asked["do"] == "run":
                steps = prepared[asked["workload"], variant]
                start = time.perf_counter()
                steps(asked["steps"])
                _answer({"ms": (time.perf_counter() - start) * 1000 / asked["steps"]})
            else:
                raise ValueError(f"Cannot do {asked['do']!r}: prepare or run is wanted")
        except Exception as error:  # The asker decides what a failure means.
            _answer({"error": f"{type(error).__name__}: {str(error)[:2000]}"})
