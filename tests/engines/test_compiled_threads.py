"""Several threads of the engine `compiled`: no digit depends on their number, whatever a step consists of."""

import math

import numpy as np
import pytest
from tests.engines.test_compiled import agrees, rows_of, start
from tests.engines.test_compiled_graphs import side_by_side
from tests.engines.test_engines import any_case, optimizer_for
from tests.graphs import GRAPHS
from tests.samples import some
from tests.twins import case, everything

from chainrule.engines.compiled import engine as engine_module
from chainrule.engines.compiled.emission.abi import PARTS
from chainrule.engines.compiled.emission.context import counts
from chainrule.engines.compiled.engine import Compiled
from chainrule.engines.compiled.graph.buffers import Buffer
from chainrule.engines.compiled.graph.operations import RowPart
from chainrule.engines.compiled.kernels import calls, products
from chainrule.engines.compiled.kernels.program import Access, way
from chainrule.network.definitions import find
from chainrule.network.layers import dense
from chainrule.network.network import Network

MOST = 4
WIDE = [20, 150, 30, 200]
"""Layers of several panels and of one, and rows of the last one that are gone through several times."""


@pytest.fixture(autouse=True)
def shared(monkeypatch):
    """Up to four threads share whatever there is."""
    for name, value in {"FEWEST_SHARED": 0, "WORTH_THREADS": 0, "processors": lambda: MOST}.items():
        monkeypatch.setattr(engine_module, name, value)
    monkeypatch.setattr(engine_module.CompiledFunction, "faster", lambda code, choices: choices[-1])


def same(found, rule, *, rows=40, size=7, dtype="float64", most=MOST):
    """An epoch, errors and predictions with every number of threads are the same, bit for bit, and what NumPy computes."""
    data, ends = rows_of(found, rows), []
    engine = Compiled(found.network, rule, dtype=dtype, straight=False)
    for threads in range(1, most + 1):
        engine.threads = threads
        passed = engine.epoch(data, None, size, start(found.network, engine.keys), 0, math.inf, lambda: False)
        ends.append((passed.error, *passed.state, engine.error(data, passed.state), engine.predict(data[0], passed.state, 4)))
        assert all(threads in code.paces for (name, *_), code in engine._code.items() if name == "epoch" or (threads > 1 and rows > 32))
    for other in ends[1:]:
        for one, first in zip(other, ends[0], strict=True):
            assert np.array_equal(one, first)
    return ends[0]


@pytest.mark.parametrize("bound", some(everything("loss"), 13, str))
def test_every_loss(bound):
    seed = len(bound.name)
    same(any_case(seed, loss=bound), optimizer_for(seed, elementwise=True), most=2)


@pytest.mark.parametrize(
    ("dtype", "extra"), [("float32", {"clip_norm": 0.5}), *some([("float64", {}), ("float64", {"clip_norm": 0.5})], 2)]
)
@pytest.mark.parametrize(("output", "loss"), some([("softmax", "cross_entropy"), ("tanh", "half_squared")], 2))
def test_panels_wide_rows_and_norms(output, loss, dtype, extra):
    output = output and find("activation", output)
    found = case(2, sizes=list(WIDE), activation=find("activation", "tanh"), output=output, loss=find("loss", loss))
    same(found, find("optimizer", {"name": "adam", **extra}), dtype=dtype)


@pytest.mark.parametrize(
    ("batch", "weighted", "dtype", "small"),
    some([("mean", True, "float32", 0), ("sum", False, "float32", 2**16), ("sum", True, "float64", 0)], 2),
)
def test_penalties_weights_and_conventions(batch, weighted, dtype, small, monkeypatch):
    monkeypatch.setattr(products, "SMALL", small)
    found = case(6, sizes=[70, 90, 130, 3], regularizer="elastic_net", outputs="mean", batch=batch, weighted=weighted)
    same(found, find("optimizer", {"name": "momentum", "clip_norm": 0.3}), dtype=dtype)


@pytest.mark.parametrize(("rows", "size"), some([(13, 6), (1, 1), (15, 15), (33, 32), (5, 1), (100, 23)], 3))
def test_batches_of_any_size_and_a_shorter_last_one(rows, size):
    found = case(5, sizes=[9, 40, 3], activation=find("activation", "tanh"))
    same(found, find("optimizer", "sgd"), rows=rows, size=size, dtype="float32")


@pytest.mark.parametrize("extra", [{}, {"clip_norm": 0.5}], ids=str)
def test_they_compute_what_numpy_computes(extra):
    found = case(4, sizes=list(WIDE), activation=find("activation", "tanh"), output=None, loss=find("loss", "half_squared"), weighted=True)
    agrees(found, find("optimizer", {"name": "adam", **extra}), rows=40, size=15, straight=False, threads=3)


@pytest.mark.parametrize("name", some([name for name, graph in GRAPHS.items() if graph.compiles], 12))
def test_networks_that_are_graphs(name):
    same(GRAPHS[name].case, find("optimizer", "adam"), most=2)


def test_arrays_side_by_side():
    same(side_by_side((64, 5, 130)), find("optimizer", "adam"))


def test_straight_line_code_is_not_shared():
    engine = Compiled(Network(1, dense(1)), find("optimizer", "sgd"), straight=True)
    x = np.linspace(-1, 1, 20).reshape(-1, 1)
    engine.epoch((x, x), None, 4, start(engine.network, engine.keys), 0, math.inf, lambda: False)
    assert [list(code.paces) for code in engine._code.values()] == [[1]]


def test_code_for_more_threads_gives_the_same_digits(monkeypatch):
    found = case(2, sizes=[20, 70, 30, 3], activation=find("activation", "tanh"))
    ends = []
    for most in (2, 3, MOST):
        monkeypatch.setattr(engine_module, "processors", lambda most=most: most)
        ends.append(same(found, find("optimizer", "adam"), dtype="float32", most=most))
    for other in ends[1:]:
        assert all(np.array_equal(one, first) for one, first in zip(other, ends[0], strict=True))


@pytest.mark.parametrize("slower", [1.02, 1.8, 20])
def test_slower_numbers_of_threads_cost_little_and_are_found_when_they_are_faster(slower, monkeypatch):
    monkeypatch.undo()
    code = object.__new__(engine_module.CompiledFunction)
    code.paces, code.tried, code.calls = {}, {}, 0

    def run(times, calls):
        taken = []
        for _ in range(calls):
            taken.append(code.faster([1, 2]))
            code.took(taken[-1], 1, times[taken[-1]])
        return taken

    run({1: slower, 2: 1.0}, 20)
    taken = run({1: slower, 2: 1.0}, 5000)
    assert sum(slower if shares == 1 else 1.0 for shares in taken) < 1.02 * 5000
    changed = run({1: 1.0, 2: slower}, 5000)
    assert changed[-500:].count(1) > changed[-500:].count(2)


# Where they wait


def test_in_the_place_of_an_array_with_longer_rows_a_threads_rows_lie_elsewhere():
    narrow, wide = (Buffer(("batch", size), "room", 0, stride) for size, stride in ((20, 24), (50, 56)))
    written = {name: Access({"place": way(buffer, by_rows=True)}, frozenset(["place"])) for name, buffer in (("a", narrow), ("b", wide))}
    assert not written["a"].waits(written["a"])
    assert written["a"].waits(written["b"])
    part = narrow.part(RowPart(0, 8), 1, "float32")
    assert way(part, by_rows=True) == way(narrow, by_rows=True)


def test_a_thread_that_reads_its_own_rows_waits_for_nobody():
    rows, x, w = Access({"h": "rows"}, frozenset("h")), Access({"h": "rows", "w": "all"}, frozenset()), Access({"w": "all"}, frozenset("w"))
    assert rows.clashes(x)
    assert not rows.waits(x)
    assert x.waits(w)
    assert not w.waits(rows)
    assert rows.waits(Access({"h": "all"}, frozenset()))


@pytest.mark.parametrize(
    ("small", "order"),
    [
        (2**16, "product product rows product | figures columns product columns product |"),
        (0, "product | product rows | figures columns product | product columns product |"),
    ],
)
def test_they_wait_only_for_what_others_write(small, order, monkeypatch):
    """W1 and W2 near: each thread takes its rows all the way to δ1. Else W1 and the way back go by panels."""
    monkeypatch.setattr(products, "SMALL", small)
    monkeypatch.setattr(engine_module, "processors", lambda: 2)
    taken = []
    take, wait = calls.StageCalls._take, calls.StageCalls.wait
    monkeypatch.setattr(
        calls.StageCalls, "_take", lambda stage_calls, stage_call: (taken.append(stage_call.stage.kind), take(stage_calls, stage_call))
    )
    monkeypatch.setattr(calls.StageCalls, "wait", lambda stage_calls: (taken.append("|"), wait(stage_calls)))
    network = Network(20, dense(128, "relu"), dense(3, "softmax"), loss="cross_entropy")
    Compiled(network, find("optimizer", "sgd"), processor="avx512").request("epoch", 32, "float64").emitter().module("epoch")
    assert " ".join(taken) == order


def test_parts_and_shares():
    assert counts(128, PARTS, 2) == [64, 128]
    assert counts(128, PARTS, 3) == [32, 48, 64, 128]
    assert counts(1, PARTS, 2) == [1]
