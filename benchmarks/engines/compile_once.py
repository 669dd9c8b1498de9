"""What compiling a workload costs, part by part: `python compile_once.py KEY`, in a process of its own. Seconds of processor time as JSON.

deriving        from the network to its back-propagation, the rule and the graph of a step
writing         from there to LLVM's representation, as text
LLVM            from there to machine code
from the cache  from the graph to a function that can be called, where it was compiled before
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any


def compiled(key: str) -> dict[str, float]:
    """Seconds of each part for a workload, without what Python imports."""
    from network import network, optimizer
    from workloads import named

    import chainrule.engines.compiled.kernels.functions
    import chainrule.engines.compiled.straight_line.functions  # noqa: F401  # before the clock runs
    from chainrule.engines.compiled.engine import Compiled
    from chainrule.engines.compiled.llvm import target
    from chainrule.engines.compiled.runtime import functions
    from chainrule.network.derivation import derive

    workload, found, now = named(key), {}, time.process_time

    def timed(part: str, work: Callable[[], Any]) -> Any:
        start = now()
        result = work()
        found[part] = now() - start
        return result

    made, rule, predicts = network(workload), optimizer(workload), workload.only == "predict"

    def derived() -> Compiled:
        derive(made.inputs, made.layers, made.loss, made.regularizer, made.conventions)
        return Compiled(made, rule, dtype=workload.dtype, threads=1)

    engine = timed("deriving", derived)
    name, rows = ("predict", min(workload.batch, 128)) if predicts else ("epoch", workload.batch)
    request = engine.request(name, rows, workload.dtype)
    text = timed("writing", lambda: target.finished(request.emitter().module(name), engine.processor))
    timed("LLVM", lambda: target.object_code(text, engine.processor))
    functions.loaded_function(request)
    functions.forget()
    assert timed("from the cache", lambda: functions.loaded_function(request)).from_cache
    return found


if __name__ == "__main__":
    from peer import confined

    confined()
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "peers"))
    print(json.dumps(compiled(sys.argv[1])))
