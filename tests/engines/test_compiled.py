"""The engine `compiled` computes what `written` computes: every definition, both forms of code, batches of any size, several processors."""

import itertools
import math
import os
import re
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from tests.engines.test_engines import any_case, optimizer_for
from tests.samples import some
from tests.twins import case, everything

from chainrule.base.errors import NotCompilable
from chainrule.engines.choice import ready_engine
from chainrule.engines.compiled import engine as engine_module
from chainrule.engines.compiled.engine import Compiled
from chainrule.engines.compiled.pseudocode import annotated_code
from chainrule.engines.compiled.runtime import functions
from chainrule.engines.epoch import Written
from chainrule.formula import primitives as p
from chainrule.network.definitions import REGISTRY, find
from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.network.registration import activation, optimizer
from chainrule.training.loop import Training
from chainrule.training.plan import Plan

FORMS = [pytest.param(True, id="straight"), pytest.param(False, id="kernels")]
CLOSE = {"float64": 1e-12, "float32": 3e-5}


def start(network, keys, random=None):
    """Parameters, and states: at zero, or drawn."""
    drawn = (lambda shape: np.abs(random.normal(size=shape))) if random is not None else np.zeros
    return tuple(network.parameters[key] if key in network.shapes else drawn(network.shapes[key.rpartition("_")[2]]) for key in keys)


def far(a, b):
    """How far a is from b, in parts of the largest magnitude of b."""
    difference, largest = float(np.max(np.abs(np.asarray(a) - b))), float(np.max(np.abs(b)))
    return difference / largest if largest else difference


def rows_of(found, rows):
    """So many rows: those of the case, again and again."""
    arrays = (found.x, found.t) if found.s is None else (found.x, found.t, found.s)
    return tuple(np.ascontiguousarray(np.resize(array, (rows, *array.shape[1:])), dtype=float) for array in arrays)


def agrees(found, rule, *, rows=11, size=4, order=None, number=0, straight=None, dtype="float64", processor=None, threads=None):
    """An epoch of both engines, their errors and predictions."""
    network, data = found.network, rows_of(found, rows)
    slow, fast = Written(network, rule), Compiled(network, rule, dtype=dtype, straight=straight, processor=processor, threads=threads)
    assert fast.keys == slow.keys
    state = start(network, fast.keys)
    a, b = (engine.epoch(data, order, size, state, number, math.inf, lambda: False) for engine in (fast, slow))
    within = CLOSE[dtype] * (b.number - number)
    assert (a.number, a.ended) == (b.number, b.ended) == (number + math.ceil(rows / size), "whole")
    assert far(a.error, b.error) <= within
    for key, one, other in zip(fast.keys, a.state, b.state, strict=True):
        assert one.dtype == dtype
        assert far(one, other) <= within, key
    assert far(fast.error(data, b.state), slow.error(data, b.state)) <= within
    y = network.continued(dict(zip(network.shapes, b.state, strict=False))).predict(data[0])
    assert far(fast.predict(data[0], b.state), y) <= within


@pytest.mark.parametrize(
    ("bound", "straight"),
    some(
        itertools.product(everything("activation", "loss"), (True, False)),
        7,
        lambda case: f"{case[0]}-{'straight' if case[1] else 'kernels'}",
    ),
)
def test_every_activation_and_loss(bound, straight):
    agrees(any_case(len(bound.name), **{bound.definition.kind: bound}), optimizer_for(len(bound.name), not straight), straight=straight)


def in_turn(cases, whole=()):
    """Every case in both forms. The ordinary tests look at every fifth, in turn, and at both of those that are `whole`."""
    pairs = list(itertools.product(cases, (True, False)))
    return some(pairs, lambda pair: pair[0] in whole or pairs.index(pair) % 5 == 0, lambda pair: f"{pair[0]}-{pair[1]}")


@pytest.mark.parametrize(("name", "straight"), in_turn(sorted(REGISTRY["optimizer"]), ["muon"]))
def test_every_optimizer(name, straight):
    for extra in ({}, {"clip_value": 0.1, "clip_norm": 0.2}):
        rule = find("optimizer", {"name": name, "learning_rate": 0.02, **extra})
        if rule.elementwise or straight:
            agrees(any_case(7), rule, number=5, straight=straight)
        else:
            with pytest.raises(
                NotCompilable, match=r"^a product of two matrices of parameters, as an update rule may have, has no machine"
            ):
                agrees(any_case(7), rule, straight=straight)


@pytest.mark.parametrize(("name", "straight"), in_turn(sorted(REGISTRY["schedule"])))
def test_every_schedule(name, straight):
    agrees(any_case(3), find("optimizer", {"name": "sgd", "learning_rate": {"name": name, "rate": 0.02}}), number=3, straight=straight)


COUNTED = [("sum", "sum", True), ("mean", "mean", True), ("mean", "sum", False)]


@pytest.mark.parametrize(
    ("regularizer", "counted", "straight"), some(itertools.product(["l1", "l2", "elastic_net"], COUNTED, (True, False)), 5)
)
def test_penalties_and_conventions(regularizer, counted, straight):
    outputs, batch, weighted = counted
    found = case(6, regularizer=regularizer, outputs=outputs, batch=batch, weighted=weighted)
    agrees(found, find("optimizer", "adam"), straight=straight)


@pytest.mark.parametrize(("batches", "straight"), in_turn([(1, 1), (5, 1), (5, 5), (3, 8), (13, 6), (40, 7), (33, 32)]))
def test_batches_of_any_size_and_a_shorter_last_one(batches, straight):
    rows, size = batches
    order = np.random.default_rng(1).permutation(rows) if rows % 2 else None
    agrees(any_case(5), find("optimizer", "momentum"), rows=rows, size=size, order=order, straight=straight)


@pytest.mark.parametrize(("processor", "dtype"), some(itertools.product([None, "baseline", "avx2", "avx512"], ["float64", "float32"]), 3))
def test_processors(processor, dtype):
    if processor == "avx512" and not has("avx512f"):
        pytest.skip("this processor has no AVX-512")
    if processor == "avx2" and not has("avx2"):
        pytest.skip("this processor has no AVX2")
    for seed, straight in ((17, False), (8, True)):
        agrees(any_case(seed), optimizer_for(seed, not straight), processor=processor, dtype=dtype, straight=straight)


def has(feature):
    import llvmlite.binding as llvm

    return bool(llvm.get_host_cpu_features().get(feature))


WIDE = {
    "narrow and wide layers": ([3, 150, 7], "gelu", "huber"),
    "a wide softmax": ([5, 20, 170], "tanh", "cross_entropy"),
    "softmax inside": ([4, 140, 3], "softmax", "half_squared"),
    "many inputs": ([1101, 20, 2], "sigmoid", "squared"),
}


@pytest.mark.parametrize(("name", "dtype"), some(itertools.product(WIDE, ["float64", "float32"]), 3))
def test_layers_beyond_a_vector(name, dtype):
    sizes, activation, loss = WIDE[name]
    found = case(2, sizes=list(sizes), activation=find("activation", activation), loss=find("loss", loss), weighted=True)
    agrees(
        found, find("optimizer", {"name": "adam", "clip_norm": 1.0}), size=7, order=np.random.default_rng(3).permutation(11), dtype=dtype
    )


def test_frozen_parameters_stay():
    network = Network(3, dense(4, "tanh", frozen=["W"]), dense(2, frozen=["b"]), loss="squared")
    found = case(1, sizes=[3, 4, 2])
    for straight in (True, False):
        engine = Compiled(network, find("optimizer", "adam"), straight=straight)
        state = start(network, engine.keys)
        after = dict(zip(engine.keys, engine.epoch(rows_of(found, 9), None, 4, state, 0, math.inf, lambda: False).state, strict=True))
        before = dict(zip(engine.keys, state, strict=True))
        assert {key for key in network.shapes if not np.array_equal(before[key], after[key])} == {"b1", "W2"}


@pytest.mark.parametrize("straight", FORMS)
def test_a_rule_that_reads_states_after_they_change(clumsy, straight):
    agrees(case(3, sizes=[2, 3, 2]), clumsy, straight=straight)


@pytest.fixture(scope="module")
def clumsy():
    """Each new state is made of the other old one; the new weight of both."""

    @optimizer
    def clumsy_rule(w, g, a, b, *, learning_rate: float = 0.05):
        """Two states that change places."""
        return w - learning_rate * (g + a - b), b + g, a - g

    yield find("optimizer", "clumsy_rule")
    del REGISTRY["optimizer"]["clumsy_rule"]


# How a pass ends.


def tall(rows=64, units=16):
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, 3))
    return Network(3, dense(units, "tanh"), dense(2)), (x, np.sin(x[:, :2]))


@pytest.mark.parametrize("straight", FORMS)
def test_a_pass_ends_where_the_error_leaves_its_bounds(straight):
    network, data = tall(units=4)
    rule = find("optimizer", {"name": "sgd", "learning_rate": 1e6})
    for bound in (1e12, math.inf):
        passes = [
            engine.epoch(data, None, 4, start(network, engine.keys), 7, bound, lambda: False)
            for engine in (Compiled(network, rule, straight=straight), Written(network, rule))
        ]
        assert passes[0].ended == passes[1].ended
        assert passes[0].number == passes[1].number
    assert passes[0].ended == ("diverged" if not np.isfinite(passes[1].error) else passes[1].ended)


@pytest.mark.parametrize("straight", FORMS)
@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_no_number_is_noticed(wrong, straight):
    network, (x, t) = tall(units=4)
    x[20, 1] = wrong
    t[20, 1] = wrong
    passed = Compiled(network, find("optimizer", "sgd"), straight=straight).epoch(
        (x, t), None, 4, start(network, ("W1", "b1", "W2", "b2")), 0, math.inf, lambda: False
    )
    assert (passed.ended, passed.number) == ("diverged", 6)


def test_it_can_be_stopped_and_its_state_is_the_one_before():
    network, data = tall()
    engine = Compiled(network, find("optimizer", "sgd"))
    state, request = start(network, engine.keys), []

    def stopping():
        request.append(1)
        return len(request) > 1

    assert engine.epoch(data, None, 4, state, 0, math.inf, stopping).ended == "stopped"
    again = engine.epoch(data, None, 4, state, 0, math.inf, lambda: False)
    fresh = Compiled(network, find("optimizer", "sgd")).epoch(data, None, 4, state, 0, math.inf, lambda: False)
    assert all(np.array_equal(a, b) for a, b in zip(again.state, fresh.state, strict=True))


def test_ctrl_c_is_heeded_within_a_long_epoch(monkeypatch):
    network, (x, t) = tall(rows=20_000)
    run = Training(network, x, t, Plan(epochs=1, batch_size=8, engine="compiled"))
    took, calls = engine_module.CompiledFunction.took, []

    def interrupted(code, *taken):
        """The first call takes few of the 2,500 batches; the next one as many as the machine is fast."""
        calls.append(taken)
        signal.raise_signal(signal.SIGINT)
        took(code, *taken)

    monkeypatch.setattr(engine_module.CompiledFunction, "took", interrupted)
    assert run.run().reason == "interrupted"
    assert (len(calls), run.epochs) == (1, 0)


@pytest.mark.parametrize("straight", FORMS)
def test_how_many_steps_a_call_takes_changes_no_digit(straight, monkeypatch):
    network, data = tall(units=4)
    ends = []
    for batches in (1, 3, 1000):
        monkeypatch.setattr(engine_module.CompiledFunction, "took", lambda code, *_, batches=batches: setattr(code, "batches", batches))
        engine = Compiled(network, find("optimizer", "adam"), straight=straight)
        ends.append(engine.epoch(data, None, 5, start(network, engine.keys), 0, math.inf, lambda: False))
    for other in ends[1:]:
        assert (other.error, other.number) == (ends[0].error, ends[0].number)
        assert all(np.array_equal(a, b) for a, b in zip(other.state, ends[0].state, strict=True))


@pytest.mark.parametrize("straight", FORMS)
def test_tiny_numbers_count_as_zero_in_float32_and_only_inside(straight):
    network, (x, t) = tall(units=4)
    engine = Compiled(network, find("optimizer", "sgd"), dtype="float32", straight=straight)
    state = tuple(array * np.float32(0) for array in start(network, engine.keys))
    tiny = np.float32(1e-20)
    for error in (
        engine.epoch((x * 0, t * 0 + 1e-20), None, 4, state, 0, 1.0, lambda: False).error,
        engine.error((x * 0, t * 0 + 1e-20), state),
    ):
        assert error == 0
    assert tiny * tiny > 0  # a denormal number, here


# What rows may be.


@pytest.mark.parametrize("kind", ["float32", ">f8", "every second column", "on a disk"])
def test_rows_of_any_make(kind, tmp_path):
    network, (x, t) = tall()
    rule, order = find("optimizer", "sgd"), np.random.default_rng(2).permutation(64)
    x = x.astype(np.float32).astype(float)
    if kind == "every second column":
        given = np.repeat(x, 2, axis=1)[:, ::2]
    elif kind == "on a disk":
        given = np.memmap(tmp_path / "x", dtype="f8", mode="w+", shape=x.shape)
        given[:] = x
    else:
        given = x.astype(kind)
    engine = Compiled(network, rule)
    state = start(network, engine.keys)
    found, wanted = (engine.epoch((rows, t), order, 8, state, 0, math.inf, lambda: False) for rows in (given, x))
    assert found.error == wanted.error
    assert all(np.array_equal(a, b) for a, b in zip(found.state, wanted.state, strict=True))
    assert engine.error((given, t), state) == engine.error((x, t), state)
    assert np.array_equal(engine.predict(given, state), engine.predict(x, state))


def test_what_is_given_is_not_changed():
    network, data = tall()
    engine = Compiled(network, find("optimizer", "adam"))
    state = start(network, engine.keys)
    copies = [array.copy() for array in (*data, *state)]
    first = engine.epoch(data, None, 8, state, 0, math.inf, lambda: False)
    kept = [array.copy() for array in first.state]
    engine.epoch(data, None, 8, first.state, first.number, math.inf, lambda: False)
    assert all(np.array_equal(a, b) for a, b in zip((*data, *state, *first.state), (*copies, *kept), strict=True))


@pytest.mark.parametrize("straight", FORMS)
def test_a_state_stays_what_it_was_until_it_is_read(straight):
    network, data = tall(units=4)
    engine, slow = (kind(network, find("optimizer", "adam")) for kind in (partial(Compiled, straight=straight), Written))
    states = {engine: [start(network, engine.keys)], slow: [start(network, engine.keys)]}
    for number in (0, 8, 16):
        for each, passed in states.items():
            passed.append(each.epoch(data, None, 8, passed[-1], number, math.inf, lambda: False).state)
    again = engine.epoch(data, None, 8, states[engine][1], 8, math.inf, lambda: False).state  # from one that was not the last
    engine.error(data, states[slow][3])  # puts another state into the memory of the code
    assert all(np.array_equal(one, other) for one, other in zip(again, states[engine][2], strict=True))
    for fast, wanted in zip(states[engine], states[slow], strict=True):
        assert len(fast) == len(wanted)
        assert all(far(one, other) < 1e-10 for one, other in zip(fast, wanted, strict=True))
        assert far(engine.error(data, fast), slow.error(data, wanted)) < 1e-10


def test_a_run_needs_two_places_for_its_states():
    network, data = tall()
    engine = Compiled(network, find("optimizer", "adam"))
    state = start(network, engine.keys)
    for number in range(0, 80, 8):
        state = engine.epoch(data, None, 8, state, number, math.inf, lambda: False).state
        engine.error(data, state)
    diverged = engine.epoch(data, None, 8, state, 80, 0.0, lambda: False)
    assert (diverged.ended, diverged.state) == ("diverged", state)
    del diverged
    assert len(state.memory.free) == 1


def test_another_rate_needs_no_other_code(monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(functions, "_kept", {})
    network, data = tall()
    for rate in (0.1, 0.01):
        rule = find("optimizer", {"name": "sgd", "learning_rate": rate})
        state = start(network, ("W1", "b1", "W2", "b2"))
        found = Compiled(network, rule).epoch(data, None, 8, state, 0, math.inf, lambda: False)
        other = Compiled(network, find("optimizer", "sgd"), {"learning_rate": rate}).epoch(data, None, 8, state, 0, math.inf, lambda: False)
        wanted = Written(network, rule).epoch(data, None, 8, state, 0, math.inf, lambda: False)
        assert far(found.state[0], wanted.state[0]) < 1e-12
        assert np.array_equal(found.state[0], other.state[0])
    assert len(list((tmp_path / "cache").glob("*.code"))) == 1


# Its place among the engines.


def test_a_damaged_cache_is_compiled_anew(monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    network, data = tall()

    def trained():
        monkeypatch.setattr(functions, "_kept", {})  # as in another process
        engine = Compiled(network, find("optimizer", "sgd"))
        passed = engine.epoch(data, None, 8, start(network, engine.keys), 0, math.inf, lambda: False)
        return passed.state, next(iter(engine._code.values())).loaded_function.from_cache

    first, cached = trained()
    assert not cached
    again, cached = trained()
    assert cached
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    (path,) = (tmp_path / "cache").glob("*.code")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    again, cached = trained()
    assert not cached
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_a_definition_without_machine_code_is_computed_by_the_program(folded):
    network, data = Network(3, dense(4, folded), dense(2)), tall()[1]
    fallen = ready_engine("auto", network, find("optimizer", "sgd"), data, 8)
    assert fallen.name == "written"
    assert "arrays of the shape (4, 'batch') have no machine code" in fallen.written


@pytest.fixture(scope="module")
def folded():
    """An activation that goes by way of another shape."""

    @activation
    def folded_tanh(z):
        """tanh z, by way of its transpose."""
        return p.swapped(p.tanh(p.swapped(z)))

    yield "folded_tanh"
    del REGISTRY["activation"]["folded_tanh"]


def unknown(network):
    """An engine that does not know something of the network."""
    raise NotCompilable("a thing has no machine code")


def unaffordable(count):
    """Memory that is not there."""
    raise MemoryError("no room")


def test_written_stands_behind_it(monkeypatch):
    network, data = tall()
    rule = find("optimizer", "sgd")
    assert ready_engine("auto", network, rule, data, 8).name == "compiled"
    monkeypatch.setattr(engine_module, "step_graph", lambda *_: unknown(network))
    fallen = ready_engine("auto", network, rule, data, 8)
    assert (fallen.name, fallen.written) == ("written", "a thing has no machine code")
    with pytest.raises(NotCompilable, match=r"a thing has no machine code\. The engine written computes the same"):
        ready_engine("compiled", network, rule, data, 8)
    monkeypatch.undo()
    monkeypatch.setattr(engine_module, "in_bytes", unaffordable)
    fallen = ready_engine("auto", network, rule, data, 8)
    assert (fallen.name, fallen.written) == ("written", "no room")
    monkeypatch.setitem(sys.modules, "chainrule.engines.compiled.engine", None)
    fallen = ready_engine("auto", network, rule, data, 8)
    assert fallen.name == "written"
    run = Training(network, *data, Plan(epochs=2))
    assert run.chosen.name == "written"
    run.run()


def test_a_run_says_that_it_is_written_and_why(tmp_path):
    (tmp_path / "llvmlite.py").write_text("raise ImportError('there is no llvmlite')")
    command = [sys.executable, "-m", "chainrule", "train", "data:iris", "--target", "species", "--epochs", "2", "-o", "m.safetensors"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert "llvmlite, which cannot be imported (there is no llvmlite): pip install llvmlite" in " ".join(done.stdout.split())
    done = subprocess.run(
        [*command, "--engine", "compiled", "--force"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "The engine written computes the same" in " ".join(done.stderr.split())


@pytest.mark.parametrize("command", ["--help", "explain", "code", "train --help"])
def test_llvmlite_is_imported_only_to_train(command):
    text = (
        "import sys\nfrom chainrule.cli import main\n"
        f"sys.argv = ['chainrule', *{command.split()!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('llvmlite' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "False"


def test_a_run_goes_on_with_the_engine_that_it_began_with():
    network, (x, t) = tall()
    plan = Plan(epochs=6, batch_size=8)
    for name in ("compiled", "written"):
        first, unbroken = (Training(network, x, t, plan, engine=name) for _ in range(2))
        for _ in range(3):
            first.epoch()
        unbroken.run()
        resumed = Training.resumed(network, x, t, plan, first.arrays(), first.record())
        assert resumed.chosen.name == name
        resumed.run()
        assert all(np.array_equal(array, resumed.arrays()[key]) for key, array in unbroken.arrays().items())
    other = Training.resumed(network, x, t, Plan(epochs=6, batch_size=8, engine="compiled"), first.arrays(), first.record())
    other.run()
    assert all(far(other.arrays()[key], array) < 1e-9 for key, array in unbroken.arrays().items())


def test_engines_train_alike():
    network, (x, t) = tall()
    ends = []
    for name in ("compiled", "written"):
        run = Training(network, x, t, Plan(epochs=30, batch_size=8, engine=name, validation_folds=3))
        run.run()
        ends.append(run)
    assert ends[0].best_epoch == ends[1].best_epoch
    for a, b in zip(ends[0].history, ends[1].history, strict=True):
        assert a.error == pytest.approx(b.error, rel=1e-9)
        assert a.validation_error == pytest.approx(b.validation_error, rel=1e-9)


# How much code there is, and what it says.


def test_code_grows_in_proportion_to_the_depth():
    def lines(depth):
        network = Network(8, *[dense(24, "tanh") for _ in range(depth)], dense(3))
        return len(annotated_code(Compiled(network, find("optimizer", "adam")), 8).splitlines())

    four, eight, sixteen = (lines(depth) for depth in (4, 8, 16))
    assert sixteen - eight < 2.2 * (eight - four)
    assert sixteen < 2 * four  # layers that are alike share their functions


def test_the_listing_names_what_is_computed():
    network = Network(4, dense(130, "relu"), dense(3), loss="cross_entropy")
    text = annotated_code(Compiled(network, find("optimizer", "sgd")), 32)
    comments = [line for line in text.splitlines() if line.startswith(";")]
    assert any(re.search(r"h1 = maximum\(.* \+ b1, 0\) +→ memory", line) for line in comments)
    assert any("W1_next = W1 − learning_rate · dW1" in line for line in comments)
    assert text.count("define ") >= len([line for line in comments if ", kernel_" in line])
    assert "fmla" in annotated_code(Compiled(network, find("optimizer", "sgd"), processor="aarch64"), 32, assembly=True)
    assert "vfmadd" in annotated_code(Compiled(network, find("optimizer", "sgd"), processor="avx2"), 32, assembly=True)
