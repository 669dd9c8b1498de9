"""chainrule's engine `jax`: the program that it derives, an epoch in one call; `jax_epochs` is the same by hand."""

from __future__ import annotations

import os

from compiled import Epochs
from network import network, optimizer
from workloads import Workload

os.environ.setdefault("JAX_PLATFORMS", "cpu")


def about() -> str:
    import jax

    import chainrule as cr

    return f"chainrule {cr.__version__}, jax {jax.__version__}"


def begin(workload: Workload, threads: int) -> Epochs:
    if workload.only == "predict":
        raise NotImplementedError("it trains")  # what a peer does not do is left out of its row
    from chainrule.engines.jax import Jax

    made = network(workload)
    return Epochs(workload, made, Jax(made, optimizer(workload), dtype=workload.dtype), mixed=True)
