"""A step of several processes is that of one, for every kind of layer, whatever rows each of them holds."""

from threading import get_ident
from types import SimpleNamespace

import numpy as np
import pytest
from tests.processes.threads import together

import chainrule as cr
from chainrule.base.errors import NotCompilable
from chainrule.engines.choice import ready_engine
from chainrule.engines.distributed import Distributed
from chainrule.engines.epoch import Sharded, Written, row_count, whole_rows
from chainrule.network.definitions import find
from chainrule.network.update import network_update
from chainrule.processes.together import Shard

random = np.random.default_rng(3)
CLASSES = np.eye(2)[random.integers(0, 2, 23)]
PLAIN = random.normal(size=(23, 4))

NETWORKS = {
    "plain": (cr.Network(4, cr.dense(5, "tanh"), cr.dense(2)), PLAIN),
    "penalty": (cr.Network(4, cr.dense(3, "relu"), cr.dense(2, "softmax"), loss="cross_entropy", regularizer=cr.l2(0.1)), PLAIN),
    "sum": (cr.Network(4, cr.dense(3, "tanh"), cr.dense(2), regularizer=cr.l2(0.1), batch="sum"), PLAIN),
    "batch statistics": (cr.Network(4, cr.dense(5, "tanh"), cr.batch_norm(), cr.dense(2)), PLAIN),
    "masks": (cr.Network(4, cr.dense(6, "tanh"), cr.dropout(0.5), cr.dense(2)), PLAIN),
    "image": (cr.Network(cr.image(4, 4), cr.conv(2, 3), cr.max_pool(2), cr.flatten(), cr.dense(2)), random.normal(size=(23, 16))),
    "sequence": (cr.Network(cr.sequence(3, 2), cr.lstm(2), cr.dense(2)), random.normal(size=(23, 6))),
    "tokens": (
        cr.Network(cr.tokens(3, 7), cr.embedding(4, 7), cr.multi_head_attention(heads=2), cr.flatten(), cr.dense(2)),
        random.integers(0, 7, (23, 3)).astype(float),
    ),
}
RULES = {"clipped": cr.adam(0.01, clip_norm=0.1), "plain": cr.sgd(cr.cosine(0.1, steps=9))}


def start(network, optimizer):
    shapes = network_update(network, optimizer).state_shapes
    return {**network.parameters, **{key: np.zeros(shape) for key, shape in shapes.items()}}


def never():
    return False


@pytest.mark.parametrize("name", NETWORKS)
def test_steps_are_those_of_one_process(name):
    network, x = NETWORKS[name]
    optimizer = find("optimizer", RULES["clipped" if name in ("plain", "batch statistics") else "plain"])
    alone, order = Written(network, optimizer), random.permutation(23)
    state = tuple(start(network, optimizer)[key] for key in alone.keys)
    wanted = alone.epoch((x, CLASSES), order, 8, state, 0, np.inf, never)
    measured = alone.error((x, CLASSES), wanted.state)
    owners = np.where(np.arange(23) < 20, random.integers(0, 2, 23), 0)  # the third process has none of the rows

    def work(processes):
        places = np.flatnonzero(owners == processes.rank)
        data = Sharded.of((x[places], CLASSES[places]), Shard(places, 23, processes))
        assert row_count(data) == 23
        assert all(np.array_equal(whole, part) for whole, part in zip(whole_rows(data), (x, CLASSES), strict=True))
        engine = Distributed(network, optimizer, processes)
        assert engine.keys == alone.keys
        return engine.epoch(data, order, 8, state, 0, np.inf, never), engine.error(data, wanted.state)

    for passed, error in together(3, work):
        assert passed.number == wanted.number == 3
        assert passed.error == pytest.approx(wanted.error, rel=1e-12)
        assert error == pytest.approx(measured, rel=1e-12)
        for own, other in zip(passed.state, wanted.state, strict=True):
            np.testing.assert_allclose(own, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("threads", "most"), [(2, 8), (1, 3)])
def test_machine_code_reduces_its_sums_where_they_lie_layer_by_layer(threads, most, monkeypatch):
    pytest.importorskip("llvmlite")
    from chainrule.engines.compiled import distributed
    from chainrule.engines.compiled.distributed import CompiledHalves
    from chainrule.engines.compiled.graph import cut

    monkeypatch.setattr(cut, "PARCEL", 50)
    monkeypatch.setattr(distributed, "FEWEST_SHARED", 0)
    monkeypatch.setattr(distributed, "processors", lambda: threads)
    layers, optimizer = (cr.dense(20, "tanh"), cr.dense(12, "tanh"), cr.dense(2)), find("optimizer", RULES["clipped"])
    network = cr.Network(4, *layers, regularizer=cr.l2(0.1))
    alone, order = Written(network, optimizer), random.permutation(23)
    state = tuple(start(network, optimizer)[key] for key in alone.keys)
    wanted = alone.epoch((PLAIN, CLASSES), order, 8, state, 0, np.inf, never)

    class Watched(CompiledHalves):
        def _handed_out(self, parcel):
            handed.append(parcel)
            super()._handed_out(parcel)

    handed = []

    def work(processes):
        places = np.arange(23)[processes.rank :: 2] if processes.rank < 2 else np.arange(0)  # the third process has no rows
        data = Sharded.of((PLAIN[places], CLASSES[places]), Shard(places, 23, processes))
        halves = Watched(network, optimizer, "float64", most, 1)
        assert len(halves.parcels) == 2
        engine = Distributed(network, optimizer, processes, halves=halves)
        passed = engine.epoch(data, order, 8, state, 0, np.inf, never)
        return passed, engine.error(data, passed.state), engine.epoch(data, order, 8, state, 0, np.inf, lambda: processes.rank == 2)

    for passed, error, stopped in [*together(3, work), *together(3, work, begins=True)]:
        assert passed.error == pytest.approx(wanted.error, rel=1e-12)
        assert error == pytest.approx(alone.error((PLAIN, CLASSES), wanted.state), rel=1e-12)
        for own, other in zip(passed.state, wanted.state, strict=True):
            np.testing.assert_allclose(own, other, rtol=0, atol=1e-12)
        assert (stopped.ended, stopped.number) == ("stopped", 0)  # where one process is asked to stop, all do
    assert handed == [0] * 8 if most == 8 else 0 < len(handed) < 8  # where they begin, each step that has rows, but no more than `most`


@pytest.mark.parametrize("name", ["image", "sequence", "tokens"])
def test_machine_code_of_places_is_shared(name):
    pytest.importorskip("llvmlite")
    from chainrule.engines.compiled.distributed import CompiledHalves

    (network, x), optimizer, order = NETWORKS[name], find("optimizer", RULES["plain"]), np.arange(23)
    alone = Written(network, optimizer)
    state = tuple(start(network, optimizer)[key] for key in alone.keys)
    wanted = alone.epoch((x, CLASSES), order, 8, state, 0, np.inf, never)

    def work(processes):
        places = order[processes.rank :: 2]
        data = Sharded.of((x[places], CLASSES[places]), Shard(places, 23, processes))
        return Distributed(network, optimizer, processes, halves=CompiledHalves(network, optimizer, "float64", 5, 1)).epoch(
            data, order, 8, state, 0, np.inf, never
        )

    for passed in together(2, work):
        for own, other in zip(passed.state, wanted.state, strict=True):
            np.testing.assert_allclose(own, other, rtol=0, atol=1e-12)


def test_processors_of_other_kinds_use_the_numpy_program(monkeypatch):
    pytest.importorskip("llvmlite")
    place = "chainrule.engines.compiled.distributed.CompiledHalves"
    monkeypatch.setattr(place, lambda *given: SimpleNamespace(layout=f"of thread {get_ident()}"))
    given = "auto", NETWORKS["plain"][0], find("optimizer", "sgd"), (PLAIN, CLASSES), 8, "float64"
    for found in together(2, lambda processes: ready_engine(*given, processes)):
        assert (found.name, found.written.partition(",")[0]) == ("written", "the processors of the processes have other vectors")


def test_sums_of_sums_have_no_machine_code():
    pytest.importorskip("llvmlite")
    from chainrule.engines.compiled.graph.cut import cut_step

    with pytest.raises(NotCompilable):
        cut_step(NETWORKS["batch statistics"][0], find("optimizer", "sgd"))


def test_a_flat_gradient_and_a_reduce_hook():
    network, x = NETWORKS["penalty"]
    step = network.step(x, CLASSES)
    whole = np.concatenate([step.gradients[key].ravel() for key in network.shapes])
    np.testing.assert_allclose(network.gradients(x, CLASSES), whole, rtol=0, atol=1e-15)

    def work(processes):
        here = slice(0, 20) if processes.rank == 0 else slice(20, 23) if processes.rank == 1 else slice(0)
        return network.gradients(x[here], CLASSES[here], reduce=processes.reduce)

    for flat in together(3, work):
        np.testing.assert_allclose(flat, whole, rtol=0, atol=1e-13)
    moved, state = network.apply(whole, cr.adam(0.1))
    moved, state = moved.apply(moved.gradients(x, CLASSES), cr.adam(0.1), state)
    steps = network.steps(x, CLASSES, cr.adam(0.1))
    third = [next(steps) for _ in range(3)][2]
    assert state["k"] == 2
    for key, numbers in third.parameters.items():
        np.testing.assert_allclose(moved.parameters[key], numbers, rtol=0, atol=1e-13)
    with pytest.raises(cr.InputError, match="follow from the rows"):
        NETWORKS["batch statistics"][0].apply(np.zeros(sum(map(np.size, NETWORKS["batch statistics"][0].parameters.values()))))
    with pytest.raises(cr.InputError, match="drawn for a whole batch"):
        NETWORKS["masks"][0].gradients(x, CLASSES, reduce=lambda flat: flat)
