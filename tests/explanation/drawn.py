"""Small dense networks with round numbers, often with something striking about them: one for each number."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np

ACTIVATIONS = ("identity", "tanh", "sigmoid", "relu", "leaky_relu")
RULES = ("sgd", "sgd", "sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "adagrad")


def drawn(seed: int) -> dict[str, Any]:
    """What is asked of `problem`: a small dense network with round numbers, often with something striking about it."""
    choose = random.Random(seed)
    sizes = [choose.choice((1, 2, 2, 3)) for _ in range(choose.choice((2, 3, 3, 4, 5)))]
    loss = choose.choice(("half_squared", "half_squared", "squared", "absolute", "binary_cross_entropy", "cross_entropy"))
    fitting = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}
    output = fitting.get(loss) or choose.choice(("identity", "identity", "sigmoid", "tanh", "relu"))
    biased = choose.random() < 0.7
    asked: dict[str, Any] = {
        "source": "-".join(map(str, sizes)),
        "activation": choose.choice(ACTIVATIONS),
        "output_activation": output,
        "loss": loss,
        "weights": _weights(choose, sizes, biased),
        "optimizer": choose.choice(RULES),
        "learning_rate": choose.choice((0.001, 0.05, 0.1, 1.0, 20.0)),
        **({} if biased else {"bias": False}),
        **({"regularizer": choose.choice(("l2:rate=0.05", "l1:rate=0.05"))} if choose.random() < 0.25 else {}),
    }
    return asked | _rows(choose, sizes, loss)


def _weights(choose: random.Random, sizes: list[int], biased: bool) -> list[float]:
    """Ordinary ones, whole ones, which lead to kinks, large ones, which saturate, such as kill, tiny ones, and a layer of zeros."""
    pools = {"whole": range(-2, 3), "large": range(-30, 31, 4), "dead": range(-4, 1), "tiny": [n / 100 for n in range(-12, 13)]}
    pool = pools.get(choose.choice(("round", "round", *pools)), [n / 10 for n in range(-12, 13) if n])
    counts = [a * b for a, b in itertools.pairwise(sizes)]
    weights = [[float(choose.choice(pool)) for _ in range(count)] for count in counts]
    if choose.random() < 0.15:
        place = choose.randrange(len(weights))
        weights[place] = [0.0] * counts[place]
    if choose.random() < 0.2 and len(sizes) > 2 and sizes[1] > 1:  # two units of the first layer alike
        weights[0][sizes[0] : 2 * sizes[0]] = weights[0][: sizes[0]]
        for unit in range(sizes[2]):
            weights[1][unit * sizes[1] + 1] = weights[1][unit * sizes[1]]
    biases = [float(choose.choice(pool)) for _ in range(sum(sizes[1:]) * biased)]
    if biased and sizes[1] > 1 and choose.random() < 0.5:
        biases[1] = biases[0]
    return [*itertools.chain.from_iterable(weights), *biases]


def _rows(choose: random.Random, sizes: list[int], loss: str) -> dict[str, Any]:
    """A few samples; among them inputs on other scales, equal inputs with other targets, and targets out of reach."""
    count, scale = choose.choice((1, 1, 2, 3, 6)), choose.choice((1, 1, 1, 100))
    x = [[choose.choice((0, 1, 2, -1, 0.5, -1.5, 8)) * (scale if place == 0 else 1) for place in range(sizes[0])] for _ in range(count)]
    if count > 1 and choose.random() < 0.3:
        x[1] = list(x[0])
    if loss == "cross_entropy":
        t = np.eye(sizes[-1])[[choose.randrange(sizes[-1]) for _ in range(count)]].tolist()
    else:
        pool = (0, 1, 1, 0.5) if loss == "binary_cross_entropy" else (0, 1, 0.5, -1, 2, 4)
        t = [[float(choose.choice(pool)) for _ in range(sizes[-1])] for _ in range(count)]
    return {"input": x, "target": t}
