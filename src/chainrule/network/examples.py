"""Built-in examples: descriptions of small networks with their batch and their optimiser, each with what it shows.

`weights` runs in the numbering w1, w2 … (layer by layer, unit by unit, in the order of the inputs), biases after all weights.
"""

from __future__ import annotations

import copy
from typing import Any

from chainrule.base.errors import UnknownNameError

_SEED = {
    "title": "Two inputs, two hidden units, one output",
    "inputs": 2,
    "weights": [0.21, 0.56, 0.19, 0.02, 0.23, 0.16],
    "layers": [{"units": 2, "activation": "identity", "bias": False}, {"units": 1, "bias": False}],
    "data": {"x": [[8, 12]], "t": [[4]]},
    "optimizer": {"name": "sgd", "learning_rate": 0.05},
}

# hmkcode (2019), Backpropagation Step by Step.
_ARTICLE = {
    **_SEED,
    "title": "The article by hmkcode (2019)",
    "weights": [0.11, 0.21, 0.12, 0.08, 0.14, 0.15],
    "data": {"x": [[2, 3]], "t": [[1]]},
}

# Mazur (2015), A Step by Step Backpropagation Example. Each layer has one bias, which he never changes.
_MAZUR = {
    "title": "Mazur's network (2015): one bias a layer, frozen",
    "inputs": 2,
    "weights": [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55, 0.35, 0.60],
    "layers": [{"units": 2, "activation": "sigmoid", "bias": "shared", "frozen": ["b"]}] * 2,
    "data": {"x": [[0.05, 0.10]], "t": [[0.01, 0.99]]},
    "optimizer": {"name": "sgd", "learning_rate": 0.5},
}

# Minsky & Papert (1969), Perceptrons: what one layer cannot do.
_XOR = {
    "title": "Exclusive or, which one layer cannot learn",
    "inputs": 2,
    "loss": "binary_cross_entropy",
    "weights": [0.9, -0.7, -0.6, 0.8, 0.5, 0.4, 0.1, -0.1, 0],
    "layers": [{"units": 2, "activation": "tanh"}, {"units": 1}],
    "data": {"x": [[0, 0], [0, 1], [1, 0], [1, 1]], "t": [[0], [1], [1], [0]]},
    "optimizer": {"name": "sgd", "learning_rate": 0.5},
}

# Fisher (1936), The use of multiple measurements in taxonomic problems: rows 1, 2, 51, 52, 101 and 102, each column less its mean
# over all 150 rows and divided by its standard deviation, to two decimals.
_IRIS = {
    "title": "Six of Fisher's irises (1936), standardised",
    "inputs": 4,
    "loss": "cross_entropy",
    "layers": [{"units": 8, "activation": "relu"}, {"units": 3}],
    "data": {
        "x": [
            [-0.90, 1.02, -1.34, -1.32],
            [-1.14, -0.13, -1.34, -1.32],
            [1.40, 0.33, 0.54, 0.26],
            [0.67, 0.33, 0.42, 0.40],
            [0.55, 0.56, 1.27, 1.71],
            [-0.05, -0.82, 0.76, 0.92],
        ],
        "t": [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]],
        "features": ["sepal length", "sepal width", "petal length", "petal width"],
        "targets": ["setosa", "versicolor", "virginica"],
    },
    "optimizer": {"name": "sgd", "learning_rate": 0.1},
}

# Hochreiter (1991), Untersuchungen zu dynamischen neuronalen Netzen: why deep chains of sigmoids hardly learn.
_VANISHING = {
    "title": "Eight sigmoid units in a row: gradients vanish",
    "inputs": 1,
    "weights": [1] * 8,
    "layers": [{"units": 1, "activation": "sigmoid", "bias": False}] * 8,
    "data": {"x": [[1]], "t": [[0]]},
    "optimizer": {"name": "sgd", "learning_rate": 0.5},
}

# He, Zhang, Ren & Sun (2016), Deep residual learning for image recognition: what a layer finds is added to what it was given.
_RESIDUAL = {
    "title": "A residual block: its input joins its output",
    "inputs": 2,
    "weights": [0.5, 0.25, -0.5, 0.5, 0.5, -0.2],
    "layers": [
        {"name": "block", "units": 2, "activation": "relu", "bias": False},
        {"kind": "add", "name": "sum", "from": ["x", "block"]},
        {"units": 1, "bias": False},
    ],
    "data": {"x": [[1, 2]], "t": [[1]]},
    "optimizer": {"name": "sgd", "learning_rate": 0.1},
}

_TWO_INPUTS = {
    "title": "Two inputs, each with a layer of its own",
    "inputs": {"x": 2, "v": 1},
    "weights": [0.5, -0.25, 0.5, 0.4, -0.2],
    "layers": [
        {"name": "left", "units": 1, "activation": "relu", "bias": False},
        {"name": "right", "from": "v", "units": 1, "activation": "relu", "bias": False},
        {"kind": "join", "name": "both", "from": ["left", "right"]},
        {"units": 1, "bias": False},
    ],
    "data": {"x": {"x": [[3, 2]], "v": [[4]]}, "t": [[1]]},
    "optimizer": {"name": "sgd", "learning_rate": 0.1},
}

# Vincent, Larochelle, Bengio & Manzagol (2008), Extracting and composing robust features with denoising autoencoders, section 2.
_TIED = {
    "title": "An autoencoder with one matrix, there and back",
    "inputs": 2,
    "weights": [0.3, -0.2],
    "layers": [
        {"name": "encoder", "units": 1, "activation": "identity", "bias": False},
        {"kind": "tied", "to": "encoder", "bias": False},
    ],
    "data": {"x": [[1, 2]], "t": [[1, 2]]},
    "optimizer": {"name": "sgd", "learning_rate": 0.05},
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "seed": _SEED,
    "article": _ARTICLE,
    "mazur": _MAZUR,
    "xor": _XOR,
    "iris": _IRIS,
    "vanishing": _VANISHING,
    "residual": _RESIDUAL,
    "two-inputs": _TWO_INPUTS,
    "tied": _TIED,
}
"""Every built-in description by name."""


def example(name: str) -> dict[str, Any]:
    """A built-in description, as plain data that may be changed. Raises UnknownNameError."""
    if not isinstance(name, str) or name not in EXAMPLES:
        raise UnknownNameError("example", str(name), EXAMPLES)
    return copy.deepcopy(EXAMPLES[name])
