"""Predictions of many rows run on machine code where that pays, and are the numbers that the graph gives."""

import numpy as np
import pytest
from tests.engines.test_engines import any_case

from chainrule.api.train import train
from chainrule.base.errors import InputError, NotCompilable, ShapeError
from chainrule.data.reading import read
from chainrule.engines import choice
from chainrule.engines.choice import Predictor
from chainrule.engines.compiled import engine
from chainrule.engines.compiled.emission.abi import PARTS
from chainrule.engines.compiled.engine import Compiled
from chainrule.engines.compiled.runtime import functions, threads
from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.network.short_form import short_form
from chainrule.network.wiring import sequence

CLOSE = 1e-12


@pytest.fixture
def computed(monkeypatch, tmp_path):
    """How many rows machine code has predicted, call by call; nothing is compiled beforehand."""
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(functions, "_kept", {})
    rows, predict = [], Compiled.predict
    monkeypatch.setattr(Compiled, "predict", lambda engine, x, state: rows.append(len(x)) or predict(engine, x, state))
    return rows


def close(found, network, x):
    wanted = network.predict(x)
    assert np.max(np.abs(found - wanted)) <= CLOSE * np.max(np.abs(wanted))


@pytest.mark.parametrize("seed", range(4))
def test_they_are_what_the_graph_gives(seed, computed, monkeypatch):
    monkeypatch.setattr(choice, "WORTH_LOADING", 0)
    monkeypatch.setattr(choice, "WORTH_COMPILING", 0)
    network = any_case(seed).network
    x = np.random.default_rng(seed).normal(size=(300, network.inputs))
    close(Predictor(network)(x), network, x)
    assert computed == [300]


def test_rows_are_read_where_they_lie_or_copied():
    """Products read whole blocks in place, if nothing but products reads them and their rows have the length of the engine's own.

    Of a sequence, that is the length of a row of the engine's, which is one place, and no row of the data.
    """

    def beside(x):
        return dense(2)(x + dense(32, "tanh")(x))

    for network, dtype in ((Network(32, dense(3, "tanh"), dense(2)), "float64"), (Network(32, beside), "float64"),
                           (Network(31, dense(3), dense(2)), "float64"), (Network(32, dense(3), dense(2)), "float32"),
                           *((Network(sequence(lanes // 2, 2), dense(3)), "float64") for lanes in (4, 8))):  # fmt: skip
        machine = Compiled(network, None, dtype=dtype)
        for rows in (5, 128, 300):
            room = np.random.default_rng(rows).normal(size=rows * network.inputs + 1).astype(dtype)
            x = room[1:].reshape(rows, network.inputs)  # which no vector's boundary begins
            found, wanted = machine.predict(x, list(network.parameters.values())), network.predict(x.astype(float)).reshape(rows, -1)
            assert np.max(np.abs(found - wanted)) <= (CLOSE if dtype == "float64" else 1e-5) * np.max(np.abs(wanted))


def test_machine_code_is_for_many_rows_and_remembers_those_before(computed, monkeypatch):
    network = Network(2, dense(4, "tanh"), dense(1))
    monkeypatch.setattr(choice, "work", lambda outputs, rows: rows)
    monkeypatch.setattr(choice, "SAVED", choice.WORTH_COMPILING / 90)  # 90 rows save what compiling takes
    predictor, x = Predictor(network), np.random.default_rng(0).normal(size=(40, 2))
    for _ in range(4):
        close(predictor(x), network, x)
    assert computed == [40, 40]
    close(Predictor(network)(x[:39]), network, x[:39])  # its code, for 64 rows at a time, is there by now
    assert computed == [40, 40, 39]
    close(Predictor(network)(x[:8]), network, x[:8])
    assert computed == [40, 40, 39]


def test_the_engine_written_means_no_machine_code(computed, monkeypatch):
    monkeypatch.setattr(choice, "WORTH_LOADING", 0)
    monkeypatch.setattr(choice, "WORTH_COMPILING", 0)
    network = Network(2, dense(1))
    close(Predictor(network, "written")(np.ones((50, 2))), network, np.ones((50, 2)))
    assert not computed


def test_what_has_no_machine_code_is_predicted_all_the_same(computed, monkeypatch):
    def refuse(*_):
        raise NotCompilable("no")

    monkeypatch.setattr(choice, "WORTH_LOADING", 0)
    monkeypatch.setattr(engine, "step_graph", refuse)
    network, x = Network(2, dense(3, "relu"), dense(1)), np.ones((50, 2))
    predictor = Predictor(network)
    for _ in range(2):
        close(predictor(x), network, x)
    assert not computed


@pytest.mark.parametrize(("x", "error"), [(np.ones((9, 3)), ShapeError), (np.full((9, 2), np.nan), InputError)])
def test_wrong_rows_are_refused_alike(x, error, computed, monkeypatch):
    monkeypatch.setattr(choice, "WORTH_LOADING", 0)
    monkeypatch.setattr(choice, "WORTH_COMPILING", 0)
    network, messages = Network(2, dense(1)), []
    for predict in (network.predict, Predictor(network)):
        with pytest.raises(error) as raised:
            predict(x)
        messages.append(str(raised.value))
    assert messages[0] == messages[1]


def test_another_optimiser_needs_no_other_code_to_predict():
    network = Network(3, dense(5, "tanh"), dense(2))
    from chainrule.network.definitions import find

    rules = [None, find("optimizer", "sgd"), find("optimizer", {"name": "adam", "clip_norm": 1.0})]
    for name in ("predict", "error"):
        assert len({Compiled(network, rule).request(name, 32, "float64").fingerprint("source") for rule in rules}) == 1
    assert len({Compiled(network, rule).request("epoch", 32, "float64").fingerprint("source") for rule in rules[1:]}) == 2


def test_a_model_predicts_and_measures_by_machine_code(computed, monkeypatch, tmp_path):
    random = np.random.default_rng(1)
    x = random.normal(size=(80, 2))
    lines = ["a,b,y", *(f"{a},{b},{a * b}" for a, b in x)]
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    model = train(str(tmp_path / "rows.csv"), target="y", hidden="8", epochs=2, precision="float64", output=str(tmp_path / "m.safetensors"))
    assert not computed
    table = read(tmp_path / "rows.csv")
    slow = model.evaluate(table), model.predict(table)
    monkeypatch.setattr(choice, "WORTH_LOADING", 0)
    monkeypatch.setattr(choice, "WORTH_COMPILING", 0)
    fast = model.evaluate(table), model.predict(table)
    assert computed == [80, 80]
    assert fast[0].r2 == pytest.approx(slow[0].r2, rel=CLOSE)
    assert np.max(np.abs(fast[1] - slow[1])) <= CLOSE * np.max(np.abs(slow[1]))


# How many threads


GROUPS = {
    "version 2": ({"0::/a/b": {"a/b/cpu.max": "max 100000", "a/cpu.max": "250000 100000"}}, 2.5),
    "version 2, no limit": ({"0::/": {"cpu.max": "max 100000"}}, threads.UNLIMITED),
    "version 2, of its own": ({"0::/a": {"a/cpu.max": "50000 100000", "cpu.max": "400000 100000"}}, 0.5),
    "version 1": ({"4:cpu,cpuacct:/a": {"cpu,cpuacct/a/cpu.cfs_quota_us": "300000", "cpu,cpuacct/a/cpu.cfs_period_us": "100000"}}, 3),
    "version 1, no limit": ({"4:cpu:/": {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}}, threads.UNLIMITED),
    "version 1, of memory": ({"4:memory:/": {"memory/cpu.max": "100000 100000"}}, threads.UNLIMITED),
    "nothing to be read": ({"0::/a": {}}, threads.UNLIMITED),
}


@pytest.mark.parametrize(("groups", "expected"), GROUPS.values(), ids=GROUPS)
def test_processor_time_is_what_the_control_groups_give(groups, expected, tmp_path):
    for files in groups.values():
        for name, content in files.items():
            (tmp_path / "fs" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "fs" / name).write_text(f"{content}\n")
    (tmp_path / "cgroup").write_text("".join(f"{line}\n" for line in groups))
    assert threads.quota(tmp_path / "cgroup", tmp_path / "fs") == expected


def test_where_there_are_no_control_groups_nothing_is_limited(tmp_path):
    assert threads.quota(tmp_path / "none", tmp_path) == threads.UNLIMITED


@pytest.mark.parametrize(
    ("allowed", "given", "asked", "expected"),
    [
        (4, 2.5, "", 2),
        (2, 8.0, "", 2),
        (3, 0.5, "", 1),
        (64, 64.0, "", 64),
        (64, 64.0, "3", 3),
        (4, 4.0, "9", 4),
        (4, 4.0, "0", 4),
        (4, 4.0, "1,2", 4),
    ],
)
def test_as_many_threads_as_processors_may_be_used(allowed, given, asked, expected, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: set(range(allowed)), raising=False)
    monkeypatch.setattr(threads, "quota", lambda: given)
    assert threads.processors() == expected
    monkeypatch.setattr(engine, "processors", threads.processors)
    network = Network(200, dense(3000, "relu"), dense(1))
    assert Compiled(network, None).request("error", 4000, "float64").threads == min(expected, PARTS)


def test_machine_code_saves_what_the_program_works():
    """More for more steps of a sequence, and for each call, however small it is."""
    (short_call, short), (long_call, long) = (Predictor(short_form(f"{steps}x3:lstm8-2"))._work for steps in (2, 20))
    assert 8 < long / short < 12
    assert long_call > 5 * short_call > short


@pytest.mark.parametrize("straight", [True, False])
def test_who_predicts_while_another_one_does_has_memory_of_its_own(straight):
    """As several threads of a server do. A call that begins within another one stands for them."""
    network, random = Network(3, dense(9, "tanh"), dense(2)), np.random.default_rng(5)
    compiled, state = Compiled(network, None, straight=straight), tuple(network.parameters.values())
    first, other = random.normal(size=(2, 8, 3))
    compiled.predict(first, state)
    (code,) = compiled._code.values()
    function, given = code.function, []

    def meanwhile(*numbers):
        given.append(numbers)
        if len(given) == 1:
            close(compiled.predict(other, state), network, other)
        return function(*numbers)

    code.function = meanwhile
    close(compiled.predict(first, state), network, first)
    close(compiled.predict(first, state), network, first)
    rooms, barriers = ([numbers[place] for numbers in given] for place in (1, -3))
    assert rooms[0] != rooms[1]
    assert barriers[0] != barriers[1]
    assert rooms[2] in rooms[:2]
