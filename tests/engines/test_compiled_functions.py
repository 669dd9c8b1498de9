"""Which compiled function is asked for, and where it comes from: this process, the disk, or the compiler."""

import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from chainrule.engines.compiled.engine import Compiled
from chainrule.engines.compiled.llvm.target import processor_named
from chainrule.engines.compiled.runtime import functions
from chainrule.formula import primitives as p
from chainrule.network.definitions import REGISTRY, find
from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.network.registration import activation
from chainrule.training.loop import Training
from chainrule.training.plan import Plan

ADAM = find("optimizer", "adam")


def request(network=None, rule=ADAM, **more):
    engine = Compiled(network or Network(3, dense(5, "tanh"), dense(2)), rule, processor="avx2", straight=False, **more)
    return engine.request("epoch", 8, "float64")


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """An empty cache, and a process that has compiled nothing yet; what is compiled is counted."""
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(functions, "_kept", {})
    made, compile_function = [], functions.compile_function
    monkeypatch.setattr(functions, "compile_function", lambda request: made.append(request.name) or compile_function(request))
    return made


CHANGES = {
    "name": "predict",
    "rows": 9,
    "given": "float32",
    "dtype": "float32",
    "processor": processor_named("baseline"),
    "straight": True,
    "threads": 8,
}


@pytest.mark.parametrize("changed", CHANGES)
def test_whatever_changes_the_code_changes_the_fingerprint(changed):
    one = request()
    assert getattr(one, changed) != CHANGES[changed]
    assert replace(one, **{changed: CHANGES[changed]}).fingerprint("source") != one.fingerprint("source")


NETWORKS = {
    "another width": Network(3, dense(6, "tanh"), dense(2)),
    "another activation": Network(3, dense(5, "sigmoid"), dense(2)),
    "a layer more": Network(3, dense(5, "tanh"), dense(5, "tanh"), dense(2)),
    "no bias": Network(3, dense(5, "tanh", bias=False), dense(2)),
    "another loss": Network(3, dense(5, "tanh"), dense(2), loss="absolute"),
    "weighted": Network(3, dense(5, "tanh"), dense(2), weighted=True),
    "a sum over the batch": Network(3, dense(5, "tanh"), dense(2), batch="sum"),
    "a penalty": Network(3, dense(5, "tanh"), dense(2), regularizer={"name": "l2", "rate": 0.1}),
    "a frozen layer": Network(3, dense(5, "tanh", frozen=("W",)), dense(2)),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_another_network_has_another_fingerprint(network):
    assert request(network).fingerprint("source") != request().fingerprint("source")


RULES = [
    "sgd", "momentum", {"name": "adam", "beta1": 0.8}, {"name": "adam", "epsilon": 1e-7}, {"name": "adam", "clip_norm": 1.0},
    {"name": "adam", "clip_value": 1.0}, {"name": "adam", "clip_value": 2.0},
    {"name": "adam", "learning_rate": {"name": "exponential", "rate": 0.1}},
]  # fmt: skip


def test_another_rule_has_another_fingerprint_but_not_another_rate():
    found = {request(rule=find("optimizer", rule)).fingerprint("source") for rule in RULES}
    assert len(found | {request().fingerprint("source")}) == len(RULES) + 1
    assert request(rule=find("optimizer", {"name": "adam", "learning_rate": 0.5})).fingerprint("source") == request().fingerprint("source")


def test_a_definition_of_ones_own_is_known_by_its_formula():
    def fingerprint(slope):
        @activation
        def bent(z):
            """max(z, slope z)."""
            return p.maximum(z, slope * z)

        found = request(Network(3, dense(5, "bent"), dense(2))).fingerprint("source")
        del REGISTRY["activation"]["bent"]
        return found

    found = [fingerprint(slope) for slope in (0.1, 0.2, 0.1)]
    assert found[0] == found[2] != found[1]


def test_the_source_of_the_engine_and_the_versions_of_llvm_belong_to_it(monkeypatch, tmp_path):
    one, digest = request(), functions.source_digest.__wrapped__
    monkeypatch.setattr(functions, "SOURCE", tmp_path)
    (tmp_path / "compiled").mkdir()
    (tmp_path / "compiled" / "tiles.py").write_text("UNROLLED = 4\n")
    (tmp_path / "machine.py").write_text("")
    first = digest()
    (tmp_path / "compiled" / "tiles.py").write_text("UNROLLED = 2\n")
    second = digest()
    (tmp_path / "machine.py").rename(tmp_path / "machines.py")
    assert len({first, second, digest()}) == 3
    assert len({one.fingerprint(each) for each in (first, second)}) == 2
    before = one.fingerprint(first)
    monkeypatch.setattr(functions.llvmlite, "__version__", "0.0")
    assert one.fingerprint(first) != before


def test_without_its_source_nothing_is_kept(alone, monkeypatch, tmp_path):
    monkeypatch.setattr(functions, "source_digest", lambda: "")
    for _ in range(2):
        functions.loaded_function(Compiled(Network(2, dense(1)), ADAM).request("predict", 1, "float64"))
    assert alone == ["predict", "predict"]
    assert not (tmp_path / "cache").exists()


def test_a_process_compiles_once(alone):
    network = Network(3, dense(5, "tanh"), dense(2), seed=1)
    first, second = (Compiled(network, ADAM) for _ in range(2))
    data = np.ones((16, 3)), np.ones((16, 2))
    state = tuple(network.parameters[key] if key in network.shapes else np.zeros(first.step_graph.leaves[key].shape) for key in first.keys)
    found = [engine.epoch(data, None, 8, state, 0, math.inf, lambda: False).state for engine in (first, second)]
    assert alone == ["epoch"]
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))
    assert first._code.keys() == second._code.keys()
    assert first.predict(data[0], state).shape == second.predict(data[0], state, 16).shape
    assert alone == ["epoch", "predict"]


def test_folds_are_trained_by_one_function(alone):
    x = np.random.default_rng(0).normal(size=(30, 3))
    run = Training(Network(3, dense(5, "tanh"), dense(1)), x, x[:, :1], Plan(epochs=2, batch_size=4, validation_folds=5))
    run.run()
    assert alone == ["epoch", "error"]
    Training(Network(3, dense(5, "tanh"), dense(1), seed=3), x, x[:, :1], Plan(epochs=2, batch_size=4)).run()
    assert alone == ["epoch", "error"]


def test_a_process_keeps_the_functions_that_were_used_last(alone, monkeypatch):
    monkeypatch.setattr(functions, "MOST_KEPT", 2)
    engine = Compiled(Network(2, dense(1)), ADAM)
    monkeypatch.setenv("CHAINRULE_CACHE", "off")
    for size in (1, 2, 1):
        functions.loaded_function(engine.request("predict", size, "float64"))
    functions.loaded_function(engine.request("predict", 1, "float32"))
    assert len(functions._kept) == 2
    functions.loaded_function(engine.request("predict", 1, "float64"))
    assert len(alone) == 3
    functions.loaded_function(engine.request("predict", 2, "float64"))
    assert len(alone) == 4


RUN = """
import sys
import numpy as np
from chainrule.engines.compiled.engine import Compiled
from chainrule.network.definitions import find
from chainrule.network.layers import dense
from chainrule.network.network import Network
network = Network(3, dense({units}, "tanh"), dense(2), loss="cross_entropy")
engine = Compiled(network, find("optimizer", "sgd"))
data = np.ones((16, 3)), np.eye(2)[np.arange(16) % 2]
passed = engine.epoch(data, None, {size}, tuple(network.parameters.values()), 0, np.inf, lambda: False)
code = next(iter(engine._code.values()))
modules = [name for name in sys.modules if name.startswith("chainrule.engines")]
print(repr(passed.error), code.straight, code.loaded_function.from_cache, *modules)
"""


@pytest.mark.parametrize(("units", "size", "straight"), [(4, 1, "True"), (40, 8, "False")])
def test_another_process_takes_it_from_the_disk_and_imports_nothing_that_emits(tmp_path, units, size, straight):
    environment = {**os.environ, "CHAINRULE_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", RUN.format(units=units, size=size)]
    (first, *cold), (second, *warm) = (
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split() for _ in range(2)
    )
    assert first == second
    assert (cold[:2], warm[:2]) == ([straight, "False"], [straight, "True"])
    emitting = {"chainrule.engines.compiled.llvm.machine", "chainrule.engines.compiled.llvm.approximations"} | {
        f"chainrule.engines.compiled.{name}"
        for name in ("straight_line.functions", "kernels.functions", "graph.schedule", "matmul.tiles", "kernels.loops", "emission.lowering")
    }
    assert emitting & set(cold[2:])
    assert not emitting & set(warm[2:])
