"""Networks that nobody would invent for a page, and numbers that nobody would hope for."""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule as cr


def _described(*layers: Any, seed: int = 1, **options: Any) -> dict[str, Any]:
    return {"source": cr.described(cr.Network(*layers, seed=seed, **options))}


def _pairs() -> cr.Network:
    shared = cr.dense(2, "tanh")
    return cr.Network({"a": 2, "c": 2}, lambda a, c: cr.distance(shared(a), shared(c)), loss="contrastive", seed=2)


def _triplets() -> cr.Network:
    shared = cr.dense(2)

    def apart(a: Any, p: Any, n: Any) -> Any:
        return cr.subtract(cr.distance(shared(a), shared(p)), cr.distance(shared(a), shared(n)))

    return cr.Network({"a": 2, "p": 2, "n": 2}, apart, loss=cr.triplet(), seed=3)


def _skips(x: Any) -> Any:
    first = cr.dense(2, "tanh")(x)
    return cr.dense(1)(cr.add(cr.dense(2, "relu")(first), first))


def _twice(x: Any) -> Any:
    shared = cr.dense(2, "sigmoid")
    return cr.dense(1)(shared(shared(x)))


def _branches(x: Any, v: Any) -> Any:
    return cr.dense(2)(cr.join(cr.dense(2, "softplus")(x), cr.multiply(cr.dense(2, "gelu")(v), cr.dense(2, "silu")(v))))


def _two_goals(x: Any) -> Any:
    h = cr.dense(2, "elu")(x)
    return {"size": cr.dense(1, "softplus")(h), "kind": cr.dense(3)(h)}


INVENTED: dict[str, dict[str, Any]] = {
    "skips": _described(2, _skips),
    "shared": _described(2, _twice),
    "branches": _described({"x": 2, "v": 1}, _branches),
    "two goals": _described(2, _two_goals, loss={"size": "log_cosh", "kind": "cross_entropy_from_logits"}),
    "pairs": {"source": cr.described(_pairs()), "target": "1; 0"},
    "triplets": {"source": cr.described(_triplets())},
    "gru": _described(cr.sequence(2, 1), cr.gru(1), cr.dense(1)),
    "elman": _described(cr.sequence(3, 1), cr.rnn(1), cr.dense(1, "sigmoid"), loss="binary_cross_entropy"),
    "deep lstm": _described(cr.sequence(2, 1), cr.lstm(1), cr.dense(2), loss="cross_entropy_from_logits"),
    "embedded": _described(cr.tokens(2, 3), cr.embedding(2, 3), cr.flatten(), cr.dense(2, "softmax"), loss="cross_entropy"),
    "pooled": {"source": "4x4x1:c1k2-p2-2", "loss": "cross_entropy_from_logits", "target": "0 1"},
    "strided": _described(cr.sequence(4, 1), cr.conv(1, 2), cr.flatten(), cr.dense(1)),
    "normed": _described(3, cr.dense(3), cr.layer_norm(), cr.dense(1)),
    "batch": _described(2, cr.dense(2), cr.batch_norm(), cr.dense(1)) | {"input": "1 2; -1 0.5; 0 3", "target": "1; 0; 2"},
    "attending": _described(cr.sequence(2, 2), cr.multi_head_attention(1), cr.flatten(), cr.dense(1)),
    "highway": _described(2, cr.dense(2), cr.highway(), cr.dense(1)),
    "gated": _described(2, cr.glu(2), cr.dense(1)),
    "smoothed": {"source": "2-2-3", "loss": "smoothed_cross_entropy", "target": "0 0 1"},
    "focal": {"source": "2-2-1", "loss": "focal", "target": "1", "optimizer": "nadam"},
    "cosine": {"source": "2-2-3", "loss": "cosine_distance", "optimizer": "adamax"},
    "kl": {"source": "2-2-2", "loss": "kl", "target": "0.3 0.7"},
    "squared hinge": {"source": "2-2-1", "loss": "squared_hinge", "target": "-1", "optimizer": "radam"},
    "wide huber": {"source": "2-2-1", "loss": "huber:delta=0.1", "optimizer": "adadelta"},
    "lion": {"source": "2-2-1", "optimizer": "lion", "regularizer": "elastic_net", "activation": "selu"},
    "thresholds": {"source": "2-2-1", "activation": "hard_sigmoid", "notation": "german", "language": "de"},
    "deep": {"source": "1-1-1-1-1", "activation": "sigmoid", "loss": "squared"},
    "no bias": {"source": "3-2-2", "bias": False, "activation": "relu", "loss": "absolute"},
    "rows": {"source": "2-2-1", "input": "1 0; 0 1; 1 1", "target": "1; 1; 0", "batch": "sum", "optimizer": "momentum"},
    "logit": {"source": "2-1", "loss": "binary_cross_entropy_from_logits", "target": "0", "input": "3 -2"},
    "linear": {"source": "2-2-1", "activation": "identity", "loss": "half_squared", "weights": "1 1 1 1 1 1 0 0 0"},
}
"""Graphs, cells, windows, embeddings, normalisation, attention, and every loss and optimiser that `test_live.NETWORKS` lacks."""


def _every(content: Any, kind: str, value: float) -> dict[str, float]:
    return {f"{key} {place}": value for key, numbers in content["leaves"][kind].items() for place in range(len(numbers))}


def _alternating(content: Any, size: float) -> dict[str, float]:
    places = _every(content, "parameters", size)
    return {key: value * (-1) ** place for place, (key, value) in enumerate(places.items())}


def _first(content: Any, kind: str, value: float) -> dict[str, float]:
    return dict(list(_every(content, kind, value).items())[:1])


def _at_the_goal(content: Any, step: Any) -> dict[str, float]:
    """Targets equal to the outputs."""
    targets = [f"{key} {place}" for key, numbers in content["leaves"]["targets"].items() for place in range(len(numbers))]
    outputs = np.concatenate([step.values[node.key].ravel() for node in step.network.derivation.predictions])
    return dict(zip(targets, outputs.tolist(), strict=False))  # some losses need no targets


HARD: dict[str, Any] = {
    "weights of 0": lambda content, step: _every(content, "parameters", 0.0),
    "a weight of 0": lambda content, step: _first(content, "parameters", 0.0),
    "inputs of 0": lambda content, step: _every(content, "inputs", 0.0),
    "targets equal to outputs": _at_the_goal,
    "large weights": lambda content, step: _alternating(content, 123.4),
    "huge weights": lambda content, step: _alternating(content, 1.5e9),
    "tiny weights": lambda content, step: _alternating(content, 1.25e-9),
    "overflow": lambda content, step: _alternating(content, 1e200),
    "a huge input": lambda content, step: _first(content, "inputs", -1e12),
    "a huge target": lambda content, step: _first(content, "targets", 1e12),
    "a long weight": lambda content, step: _first(content, "parameters", 1 / 3),
    "a small rate": lambda content, step: _first(content, "options", 1e-9),
}
"""Other numbers for a page, by what is hard about them."""

CHOSEN_BY_CANCELLATION = {
    ("attending", "huge weights"),  # numbers of 10⁶⁷ cancel, and fifty digits leave others than the page's
    ("rows", "large weights"),  # 1 − h² is of the order of 10⁻³²¹, and how many digits of h show that
    ("embedded", "overflow"),  # a product with 0 in place of a row of its table that was not looked up, in NumPy, is 0 · ∞
}
"""Where the two may part: what is printed there is what is left of numbers that cancel."""
