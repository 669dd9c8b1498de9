"""Networks that were made sick, each in one way, and networks that are well: on numbers drawn from a seed, and on real tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn import datasets

import chainrule as cr
from chainrule.diagnosis.case import Case, tried_epochs
from chainrule.network.definitions import find
from chainrule.network.network import Network
from chainrule.training.history import Report
from chainrule.training.metrics import Scores

Made = Callable[[int], Case]


def data(seed: int, *, classes: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets that can be learned: a real table for every third seed, drawn numbers for the others; both standardised."""
    random = np.random.default_rng([3, seed])
    if seed % 3 == 0:
        tables = [datasets.load_iris, datasets.load_wine, datasets.load_breast_cancer] if classes else [datasets.load_diabetes]
        loaded: Any = tables[seed // 3 % len(tables)]()
        rows = random.permutation(len(loaded.data))[:120]
        x, t = loaded.data[rows], loaded.target[rows]
        return standardised(x), np.eye(int(t.max()) + 1)[t] if classes else standardised(t.reshape(-1, 1).astype(float))
    x = random.normal(size=(80, int(random.integers(2, 6))))
    if classes:
        kinds = 3
        return x, np.eye(kinds)[(x @ random.normal(size=(x.shape[1], kinds))).argmax(axis=1)]
    return x, standardised(np.tanh(x @ random.normal(size=(x.shape[1], 1))) + 0.1 * random.normal(size=(len(x), 1)))


def standardised(values: np.ndarray) -> np.ndarray:
    return np.asarray((values - values.mean(axis=0)) / np.where(values.std(axis=0) > 0, values.std(axis=0), 1))


def case(x: np.ndarray, t: np.ndarray, *layers: Any, seed: int = 0, rule: Any = None, loss: Any = "half_squared", **changes: Any) -> Case:
    """A case of a network with these layers before the last one, which has as many units as there are targets."""
    rule = find("optimizer", {"name": "adam", "learning_rate": 0.01} if rule is None else rule)
    last = changes.pop("last", cr.dense(t.shape[1]))
    return Case(Network(x.shape[1], *layers, last, loss=loss, seed=seed, **changes.pop("network", {})), x, t, rule, seed=seed, **changes)


def sgd(rate: float) -> dict[str, Any]:
    return {"name": "sgd", "learning_rate": rate}


def hidden(seed: int, units: int = 12) -> Any:
    return cr.dense(units, ["tanh", "relu", "sigmoid", "leaky_relu"][seed % 4])


def healthy(seed: int) -> Case:
    """Nothing is wrong with it."""
    classes = seed % 2 == 0
    x, t = data(seed, classes=classes)
    layers = [hidden(seed, 8 + seed % 9)] * 1 if seed % 5 else [cr.dense(10, "tanh"), cr.dense(10, "tanh")]
    rule = [None, sgd(0.1), {"name": "momentum", "learning_rate": 0.02}, {"name": "rmsprop", "learning_rate": 0.005}][seed % 4]
    return case(x, t, *layers, seed=seed, rule=rule, loss="cross_entropy" if classes else "half_squared")


def inputs_unscaled(seed: int) -> Case:
    x, t = data(seed)
    factors = np.ones(x.shape[1])
    factors[seed % len(factors)] = [200.0, 1e4, 1e-3][seed % 3]
    return case(x * factors + ([0, 500.0][seed % 2] if seed % 3 == 1 else 0), t, hidden(seed), seed=seed, rule=sgd(0.05))


def targets_unscaled(seed: int) -> Case:
    x, t = data(seed)
    return case(x, t * [1000.0, 50.0, 1.0][seed % 3] + [3e4, 0.0, 200.0][seed % 3], hidden(seed), seed=seed, rule=sgd(0.05))


def bounded_output(seed: int) -> Case:
    x, t = data(seed)
    name = ["sigmoid", "tanh", "relu"][seed % 3]
    return case(x, t * 3, hidden(seed), seed=seed, last=cr.dense(t.shape[1], name))


def double_softmax(seed: int) -> Case:
    x, t = data(seed, classes=True)
    if seed % 2:
        return case(x, t, hidden(seed), seed=seed, last=cr.dense(t.shape[1], "softmax"), loss="cross_entropy_from_logits")
    return case(x, t, hidden(seed), cr.dense(t.shape[1], "softmax"), seed=seed, last=cr.dense(t.shape[1], "softmax"), loss="cross_entropy")


def wrong_loss(seed: int) -> Case:
    x, t = data(seed, classes=True)
    if seed % 2:
        return case(x, t, hidden(seed), seed=seed, last=cr.dense(t.shape[1], "softmax"), loss="half_squared")
    return case(x, t, hidden(seed), seed=seed, last=cr.dense(t.shape[1], ["identity", "tanh"][seed // 2 % 2]), loss="cross_entropy")


def zero_start(seed: int) -> Case:
    x, t = data(seed)
    return case(
        x, t, cr.dense(8, ["tanh", "relu"][seed % 2], initializer="zeros"), seed=seed, last=cr.dense(t.shape[1], initializer="zeros")
    )


def equal_units(seed: int) -> Case:
    x, t = data(seed)
    made = case(x, t, cr.dense(6, "tanh"), seed=seed)
    W1, W2 = (np.array(made.network.parameters[key]) for key in ("W1", "W2"))
    first, second = seed % 6, (seed + 1 + seed % 4) % 6
    W1[:, second], W2[second] = W1[:, first], W2[first]
    return made.changed(network=made.network.with_parameters({"W1": W1, "W2": W2}))


def start_too_large(seed: int) -> Case:
    x, t = data(seed)
    start = {"name": "normal", "deviation": 5.0 + seed}
    return case(x, t, cr.dense(10, ["tanh", "sigmoid"][seed % 2], initializer=start), seed=seed)


def dead_units(seed: int) -> Case:
    x, t = data(seed)
    made = case(x, t, cr.dense(10, "relu"), seed=seed)
    bias = np.zeros(10)
    bias[: 4 + seed % 6] = -50.0
    return made.changed(network=made.network.with_parameters({"b1": bias}))


def no_gradient(seed: int) -> Case:
    x, t = data(seed)
    made = case(x, t, cr.dense(5, "relu"), seed=seed, last=cr.dense(t.shape[1], bias=False))
    return made.changed(network=made.network.with_parameters({"b1": np.full(5, -100.0)}))


def saturation(seed: int) -> Case:
    x, t = data(seed)
    made = case(x, t, cr.dense(10, ["tanh", "sigmoid"][seed % 2]), seed=seed)
    return made.changed(network=made.network.with_parameters({"b1": np.random.default_rng(seed).choice([-15.0, 15.0], 10)}))


def vanishing(seed: int) -> Case:
    x, t = data(seed)
    return case(x, t, *[cr.dense(8, "sigmoid") for _ in range(6 + seed % 3)], seed=seed, rule=sgd(0.1))


def exploding(seed: int) -> Case:
    x, t = data(seed)
    start = {"name": "normal", "deviation": 2.0 + 0.5 * (seed % 3)}
    return case(
        x, t, *[cr.dense(8, ["identity", "relu", "leaky_relu"][seed % 3], initializer=start) for _ in range(7)], seed=seed, rule=sgd(1e-3)
    )


def mean_predicted(seed: int) -> Case:
    x, t = data(seed)
    return case(x, t, hidden(seed), seed=seed, network={"regularizer": {"name": "l2", "rate": 5.0 + seed}}, rule=sgd(0.05))


def rate_too_large(seed: int) -> Case:
    x, t = data(seed)
    rule = [sgd(30.0), {"name": "momentum", "learning_rate": 20.0}, {"name": "sgd", "learning_rate": 200.0}][seed % 3]
    return case(x, t, cr.dense(8, ["identity", "leaky_relu", "relu"][seed % 3]), seed=seed, rule=rule)


def rate_too_small(seed: int) -> Case:
    x, t = data(seed)
    rule = [sgd(1e-6), {"name": "adam", "learning_rate": 1e-6}, {"name": "momentum", "learning_rate": 1e-6}][seed % 3]
    return case(x, t, hidden(seed), seed=seed, rule=rule)


def not_finite(seed: int) -> Case:
    x, t = data(seed)
    made = case(x, t, cr.dense(4, "relu"), seed=seed)
    return made.changed(network=made.network.with_parameters({"W2": np.full((4, 1), [1e200, 1e160, 1e250][seed % 3])}), x=made.x * 1e3)


def penalty(seed: int) -> Case:
    x, t = ordered(seed)
    penalties = [{"name": "l2", "rate": 2.0}, {"name": "l1", "rate": 0.5}, {"name": "elastic_net", "l1": 0.3, "l2": 1.0}]
    return case(x, t, cr.dense(12, "tanh"), seed=seed, network={"regularizer": penalties[seed % 3]})


def leaking_column(seed: int) -> Case:
    x, t = data(seed)
    return case(np.hstack([x, t * [1.0, -2.0, 0.5][seed % 3] + seed / 10]), t, hidden(seed), seed=seed)


def outlier(seed: int) -> Case:
    x, t = data(seed)
    (x if seed % 2 else t)[seed * 7, 0] = [1e5, -1e6, 1e4][seed % 3]
    return case(x, t, hidden(seed), seed=seed)


def duplicates(seed: int) -> Case:
    x, t = data(seed)
    places = np.arange(0, 40, 1 + seed % 3)
    return case(x, t, hidden(seed), seed=seed, held_out=(x[places], t[places]))


def ordered(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng([5, seed])
    x = random.normal(size=(200, 3))
    return x, standardised(x @ random.normal(size=(3, 1)) + 0.1 * random.normal(size=(200, 1)))


def out_of_step(seed: int) -> Case:
    x, t = ordered(seed)
    return case(x, np.roll(t, [1, -1, 2, -2, 3, -3][seed % 6], axis=0), hidden(seed), seed=seed)


def nothing_to_learn(seed: int) -> Case:
    random = np.random.default_rng([6, seed])
    x, t = data(seed)
    return case(x, t[random.permutation(len(t))], hidden(seed), seed=seed)


def noisy_labels(seed: int) -> Case:
    random = np.random.default_rng([12, seed])
    x, classes = random.normal(size=(700, 4)), 3
    t = (x @ random.normal(size=(4, classes))).argmax(axis=1)
    t = np.where(random.random(len(x)) < 0.45, (t + random.integers(1, classes, len(x))) % classes, t)
    made = case(x[:500], np.eye(classes)[t[:500]], hidden(seed), seed=seed, loss="cross_entropy")
    return replace(made, trained=made.trial.end, held_out=(x[500:], np.eye(classes)[t[500:]]))


def other_rows(seed: int) -> Case:
    x, t = ordered(seed)
    places = np.argsort(t[:, 0])
    return case(x[places[:150]], t[places[:150]], hidden(seed), seed=seed, held_out=(x[places[150:]], t[places[150:]]))


def imbalance(seed: int) -> Case:
    random = np.random.default_rng([8, seed])
    x = random.normal(size=(200, 4))
    t = (x[:, :1] > np.quantile(x[:, 0], 0.92 + 0.01 * (seed % 5))).astype(float)
    return case(x, t, hidden(seed), seed=seed, loss="binary_cross_entropy")


def batch_too_small(seed: int) -> Case:
    random = np.random.default_rng([9, seed])
    x = random.normal(size=(300, 20))
    t = standardised(x @ random.normal(size=(20, 1)) / 4 + random.normal(size=(300, 1)))
    return case(x, t, seed=seed, rule=sgd(0.06 + 0.01 * (seed % 3)), batch_size=1)


def batch_too_large(seed: int) -> Case:
    x, t = ordered(seed)
    made = case(x, t, cr.dense(8, "tanh"), seed=seed + 100, rule=sgd(0.002 + 0.0005 * (seed % 3)), batch_size=200)
    return replace(made, trained=made.network, history=[Report(epoch, epoch, 1.0) for epoch in range(1, 41)])


def too_few_epochs(seed: int) -> Case:
    """Over after an epoch or two, of a few steps each, at a rate that would do."""
    made = case(*data(seed, classes=True), hidden(seed), seed=seed, loss="cross_entropy", batch_size=(16, 32)[seed % 2])
    epochs = 1 + seed % 2
    ended = tried_epochs(made, epochs)
    return replace(
        made, trained=ended.end, history=[Report(epochs, ended.steps, ended.last)], outcome={"reason": "epochs", "epochs": epochs}
    )


def scored(made: Case, train: float, test: float, rows: int = 60) -> Case:
    """A case of a trained model with an R² on its rows, and one on others."""
    parts = {"train": train, "test": test}
    spread = np.array([float(rows)])
    scores = {
        part: Scores("regress", ("t",), rows, np.zeros(1), absolute=spread, squared=spread * (1 - r2), mean=np.zeros(1), spread=spread)
        for part, r2 in parts.items()
    }
    return replace(made, trained=made.trial.end, scores=scores, outcome={"best_epoch": 3, "epochs": 10})


def worse_than_guessing(seed: int) -> Case:
    return scored(case(*data(seed), hidden(seed), seed=seed), 0.3, -0.1 - seed / 10)


def overfitting(seed: int) -> Case:
    return scored(case(*data(seed), hidden(seed), seed=seed), 0.95, 0.5 - seed / 50, rows=20 + seed)


def start_kept(seed: int) -> Case:
    made = case(*data(seed), hidden(seed), seed=seed)
    return replace(made, trained=made.network, outcome={"best_epoch": 0, "epochs": 100 + seed})


def underfitting(seed: int) -> Case:
    made = case(*ordered(seed), hidden(seed), seed=seed)
    return replace(made, trained=made.network, outcome={"best_epoch": 1, "epochs": 1})


def class_never_found(seed: int) -> Case:
    made = case(*data(seed, classes=True), hidden(seed), seed=seed, loss="cross_entropy")
    confusion = np.array([[30, 2, 0], [3, 25, 0], [2 + seed % 3, 1, 0]])
    scores = {"test": Scores("classify", ("a", "b", "c"), int(confusion.sum()), np.asarray(0), confusion)}
    return replace(made, trained=made.trial.end, scores=scores)


SICK: dict[str, Made] = {
    made.__name__: made
    for made in (
        not_finite, inputs_unscaled, targets_unscaled, bounded_output, double_softmax, wrong_loss, zero_start, equal_units, start_too_large,
        no_gradient, dead_units, saturation, mean_predicted, vanishing, exploding, rate_too_large, rate_too_small, penalty,
        outlier, leaking_column, duplicates, out_of_step, nothing_to_learn, noisy_labels, other_rows,
        imbalance, batch_too_small, batch_too_large, too_few_epochs,
        worse_than_guessing, class_never_found, start_kept, overfitting, underfitting,
    )
}  # fmt: skip
