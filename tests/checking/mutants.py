"""Programs that back-propagate by hand, with mistakes put in by hand: plain NumPy, and nothing of chainrule's table.

`learner(problem, *slips)` answers a probe as a person's program would whose author made these slips. A slip is a word; `SLIPS` says which
mistake of the specification it is.
"""

from __future__ import annotations

import numpy as np

from chainrule.checking.evidence import Architecture, Observation

FAMILIES = {
    "tanh, squared": Architecture(("tanh", "tanh"), "half_squared"),
    "sigmoid, squared": Architecture(("sigmoid", "sigmoid"), "half_squared"),
    "softmax, cross-entropy": Architecture(("tanh", "softmax"), "cross_entropy"),
    "sigmoid, cross-entropy": Architecture(("sigmoid", "sigmoid"), "binary_cross_entropy", loss_said=True),
    "relu, softmax": Architecture(("relu", "softmax"), "cross_entropy"),
    "relu, linear": Architecture(("relu", "identity"), "half_squared"),
    "linear": Architecture(("identity", "identity"), "half_squared"),
    "deep, squared": Architecture(("tanh", "sigmoid", "identity"), "half_squared"),
    "one output": Architecture(("sigmoid", "sigmoid"), "half_squared", last=1),
    "one layer": Architecture(("identity",), "half_squared", last=1),
}

SLIPS = {
    "updated first": 1,
    "hidden slope missing": 2,
    "output slope missing": 3,
    "slope of a": 4,
    "y(1-y) of z": 5,
    "other slope": 6,
    "one plus square": 6,
    "relu slope is x": 7,
    "relu slope is one": 7,
    "upstream dropped": 8,
    "sign": 9,
    "sign of the hidden layer": 9,
    "absolute error": 10,
    "loss as delta": 10,
    "twice": 11,
    "half": 11,
    "no mean": 12,
    "mean twice": 13,
    "mean once a layer": 13,
    "mean over outputs": 14,
    "W for its transpose": 15,
    "dW transposed": 16,
    "z below": 17,
    "x for a": 17,
    "own output": 17,
    "dW with w": 18,
    "W left out": 19,
    "deltas summed without W": 19,
    "one path": 20,
    "value for deltas": 20,
    "bias not summed": 21,
    "bias one number": 22,
    "bias averaged": 23,
    "bias with activations": 24,
    "bias with inputs": 24,
    "bias zero": 25,
    "bias in the weight loop": 26,
    "bias unit kept": 27,
    "p(1-p) again": 28,
    "softmax elementwise": 29,
    "softmax twice": 30,
    "softmax over samples": 31,
    "target as a row": 33,
    "last sample only": 36,
    "penalty doubled": 37,
    "penalty missing": 37,
    "penalty by N": 37,
    "penalty on biases": 37,
    "raw error passed back": 49,
    "slope of the next layer": 51,
    "relu of the gradient": 52,
    "relu of the gradient, and the mask": 52,
    "mask turned": 53,
    "mask without bias": 53,
}


def rate_of(problem):
    """The learning rate of a problem."""
    return 0.1 if problem.optimizer is None else problem.optimizer.options["learning_rate"]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


FUNCTIONS = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "identity": lambda z: z}


def slope(name, z, a):
    if name == "sigmoid":
        return a * (1 - a)
    if name == "tanh":
        return 1 - a * a
    if name == "relu":
        return (z > 0) * 1.0
    return np.ones_like(z)


def hidden_slope(name, z, a, slips):
    """f′ as the author has it; None where a slip does not exist for this function."""
    if "hidden slope missing" in slips:
        return np.ones_like(z)
    if "slope of a" in slips:
        again = FUNCTIONS[name](a)
        return slope(name, a, again)
    if "y(1-y) of z" in slips:
        return slope(name, z, z)
    if "other slope" in slips:
        return {"sigmoid": 1 - a * a, "tanh": a * (1 - a), "relu": sigmoid(z) * (1 - sigmoid(z)), "identity": a * (1 - a)}[name]
    if "one plus square" in slips:
        return 1 + a * a
    if "relu slope is x" in slips and name == "relu":
        return a
    if "relu slope is one" in slips and name == "relu":
        return (a >= 0) * 1.0
    return slope(name, z, a)


def forward(problem, slips=()):
    network = problem.network
    p, a, zs, activations = network.parameters, problem.x, [None], [problem.x]
    depth = len(network.layers)
    for number in range(1, depth + 1):
        z = a @ p[f"W{number}"] + p.get(f"b{number}", 0)
        name = network.layers[number - 1].activation.name
        if name == "softmax":
            axis = 0 if "softmax over samples" in slips else 1
            a = np.exp(z - z.max(axis=axis, keepdims=True))
            a = a / a.sum(axis=axis, keepdims=True)
            if "softmax twice" in slips:
                a = np.exp(a) / np.exp(a).sum(axis=1, keepdims=True)
        else:
            a = FUNCTIONS[name](z)
        zs.append(z)
        activations.append(a)
    return zs, activations


def error_of(problem, y):
    t, loss = problem.t, problem.network.loss.name
    with np.errstate(all="ignore"):
        if loss == "half_squared":
            return 0.5 * np.sum((y - t) ** 2) / len(t)
        if loss == "cross_entropy":
            return -np.sum(t * np.log(y)) / len(t)
        return -np.sum(t * np.log(y) + (1 - t) * np.log(1 - y)) / len(t)


def losses(problem, y):
    t, loss = problem.t, problem.network.loss.name
    if loss == "half_squared":
        return 0.5 * (y - t) ** 2
    return -t * np.log(y) if loss == "cross_entropy" else -(t * np.log(y) + (1 - t) * np.log(1 - y))


def gradients(problem, slips=(), penalty=0.0):
    """dW1, db1, …, y and E; None where a slip does not exist here (its program would fail)."""
    network, x, t = problem.network, problem.x, problem.t
    p, depth, N = network.parameters, len(network.layers), len(problem.x)
    names = [None, *(layer.activation.name for layer in network.layers)]
    squared = network.loss.name == "half_squared"
    zs, a = forward(problem, slips)
    y = a[depth]
    e = (y - t) / N
    if "absolute error" in slips:
        e = np.abs(y - t) / N
    if "loss as delta" in slips:
        e = losses(problem, y) / N
    if "twice" in slips:
        e = e * 2
    if "half" in slips:
        e = e / 2
    if "no mean" in slips:
        e = e * N
    if "mean twice" in slips:
        e = e / N
    if "mean over outputs" in slips:
        e = e / t.shape[1]
    if "upstream dropped" in slips:
        e = np.ones_like(e) / N
    if "target as a row" in slips:
        if t.shape[1] != 1 or depth != 1:
            return None
        e = (y - t.T) / N
    delta = e
    if squared and "output slope missing" not in slips:
        delta = e * slope(names[depth], zs[depth], y)
    if "p(1-p) again" in slips and not squared:
        delta = e * y * (1 - y)
    if "softmax elementwise" in slips and names[depth] == "softmax":
        delta = -t / y / N * y * (1 - y)
    if "sign" in slips:
        delta = -delta
    given, raw, following = {}, e, delta
    for number in range(depth, 0, -1):
        W = p[f"W{number}"]
        hidden = number < depth
        below = a[number - 1]
        if hidden and "sign of the hidden layer" in slips and number == 1:
            delta = -delta
        if "mean once a layer" in slips and hidden:
            delta = delta / N
        dW = below.T @ delta
        if "dW transposed" in slips:
            dW = delta.T @ below
        if "z below" in slips and number > 1:
            dW = zs[number - 1].T @ delta
        if "x for a" in slips and number > 1:
            if x.shape[1] != below.shape[1]:
                return None
            dW = x.T @ delta
        if "own output" in slips:
            if a[number].shape[1] != below.shape[1]:
                return None
            dW = a[number].T @ delta
        if "dW with w" in slips:
            dW = W * delta.sum(axis=0)
        if "last sample only" in slips:
            dW = np.outer(below[-1], delta[-1])
        db = delta.sum(axis=0)
        if "last sample only" in slips:
            db = delta[-1]
        if "bias not summed" in slips:
            db = delta
        if "bias one number" in slips:
            db = np.array(delta.sum())
        if "bias averaged" in slips:
            db = delta.mean(axis=0)
        if "bias with activations" in slips:
            db = (delta * a[number]).sum(axis=0)
        if "bias with inputs" in slips:
            db = (below.T @ delta).sum(axis=0)
        if "bias zero" in slips:
            db = np.zeros(W.shape[1])
        if "bias in the weight loop" in slips:
            db = db * W.shape[0]
        if penalty:
            share = 2 if "penalty doubled" in slips else 0 if "penalty missing" in slips else 1 / N if "penalty by N" in slips else 1
            dW = dW + share * penalty * W
            if "penalty on biases" in slips:
                db = db + penalty * p[f"b{number}"]
        if "bias unit kept" in slips and hidden:
            one = np.ones((N, 1))
            with_unit = np.concatenate([delta, (following @ p[f"b{number + 1}"][:, None]) * slope(names[number], one, one)], axis=1)
            dW = below.T @ with_unit
            db = with_unit.sum(axis=0)
        given[f"dW{number}"], given[f"db{number}"] = dW, db
        if number == 1:
            break
        used = W - rate_of(problem) * dW if "updated first" in slips else W
        if "W for its transpose" in slips:
            if W.shape[0] != W.shape[1]:
                return None
            carried = delta @ W
        elif "W left out" in slips:
            if W.shape[0] != W.shape[1] and W.shape[1] != 1:
                return None
            carried = delta * np.ones((N, W.shape[0]))
        elif "deltas summed without W" in slips:
            carried = np.outer(delta.sum(axis=1), np.ones(W.shape[0]))
        elif "one path" in slips:
            carried = np.outer(delta[:, -1], W[:, -1])
        elif "value for deltas" in slips:
            carried = a[number] @ W.T
        elif "raw error passed back" in slips:
            carried = raw @ W.T
        else:
            carried = delta @ used.T
        if "relu of the gradient" in slips and names[number - 1] == "relu":
            raw, following, delta = carried, delta, np.maximum(carried, 0)
            continue
        if names[number - 1] == "relu" and (masks := {"relu of the gradient, and the mask", "mask turned", "mask without bias"} & {*slips}):
            unbiased = a[number - 2] @ p[f"W{number - 1}"]
            masked = {
                "relu of the gradient, and the mask": np.maximum(carried, 0) * (zs[number - 1] > 0),
                "mask turned": carried * (zs[number - 1] <= 0),
                "mask without bias": carried * (unbiased > 0),
            }
            raw, following, delta = carried, delta, masked[masks.pop()]
            continue
        if "slope of the next layer" in slips:
            if zs[number].shape != zs[number - 1].shape:
                return None
            raw, following, delta = (
                carried,
                delta,
                carried * slope(names[number - 1], zs[number], FUNCTIONS.get(names[number - 1], sigmoid)(zs[number])),
            )
            continue
        raw = carried
        following = delta
        delta = carried * hidden_slope(names[number - 1], zs[number - 1], a[number - 1], slips)
    weights = sum(np.sum(p[f"W{number}"] ** 2) for number in range(1, depth + 1))
    return {**given, "y": y, "E": np.array(error_of(problem, y) + penalty / 2 * weights)}


VISIBLE_BY_UPDATE = {"updated first", "sign", "bias in the weight loop"}
"""Slips that make a program update its weights itself; the gradients are read off the update."""


def learner(problem, *slips, with_error=True, penalty=0.0):
    """What a program with these slips answers to a probe."""
    try:
        given = gradients(problem, slips, penalty)
    except ValueError:
        given = None
    if given is None:
        return Observation(problem, failure="ValueError: shapes do not fit")
    if not with_error:
        del given["E"]
    if set(slips) & VISIBLE_BY_UPDATE:
        before = problem.network.parameters
        if any(given[f"d{key}"].shape not in ((), value.shape) for key, value in before.items()):
            return Observation(problem, failure="ValueError: shapes do not fit")
        after = {key: value - rate_of(problem) * given[f"d{key}"] for key, value in before.items()}
        read = {f"d{key}": (value - after[key]) / rate_of(problem) for key, value in before.items()}
        return Observation(problem, {**given, **read}, (after,), from_update=True)
    return Observation(problem, given)
