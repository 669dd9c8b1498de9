"""A workload as a network of chainrule's."""

from __future__ import annotations

from workloads import Workload

import chainrule as cr


def network(workload: Workload) -> cr.Network:
    """With the workload's first weights."""
    *hidden, last = workload.sizes[1:]
    layers = [cr.dense(units, {"linear": None}.get(workload.activation, workload.activation), bias=workload.biases) for units in hidden]
    made = cr.Network(
        workload.sizes[0], *layers, cr.dense(last, bias=workload.biases), loss="cross_entropy" if workload.classes else "half_squared"
    )
    return made.continued({key: w.astype(float) for key, w in zip(made.shapes, workload.weights(), strict=True)})


def optimizer(workload: Workload):
    """Its update rule."""
    return cr.sgd(workload.rate) if workload.optimizer == "sgd" else cr.adam(workload.rate)
