"""Loops over time in programs: they compute what the same program computes step by step, and nothing else becomes a loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engines.test_languages import OTHERS, program_agrees
from tests.samples import examples, some

import chainrule as cr
from chainrule.engines.languages import LANGUAGES
from chainrule.engines.loops import rolled
from chainrule.engines.written import written_program
from chainrule.network.definitions import find

CELLS = {"rnn": cr.rnn, "lstm": cr.lstm, "gru": cr.gru}


def one_way(cell: str, length: int) -> cr.Network:
    return cr.Network(cr.sequence(length, 3), CELLS[cell](4, reverse=length % 2 == 1), cr.dense(2), seed=1)


def both_ways(cell: str, length: int) -> cr.Network:
    layers = cr.bidirectional(4, cell=cell, states=True), cr.bidirectional(3, cell=cell)
    return cr.Network(cr.sequence(length, 3), *layers, cr.dense(2), seed=1)


def stacked(cell: str, length: int) -> cr.Network:
    layers = CELLS[cell](4, states=True), cr.layer_norm(), CELLS[cell](2, states=True, reverse=True), cr.flatten()
    return cr.Network(cr.sequence(length, 3), *layers, cr.dense(2), seed=1)


def masked(cell: str, length: int) -> cr.Network:
    def net(x: Any, m: Any) -> Any:
        return cr.dense(2)(CELLS[cell](3)(CELLS[cell](3, states=True)(x, m), m))

    return cr.Network({"x": cr.sequence(length, 3), "m": length}, net, seed=1)


CASES = [(make, cell, length) for make in (one_way, both_ways, stacked, masked) for cell in CELLS for length in (1, 2, 3, 4, 5, 9)]
QUICK = {(one_way, "rnn", 1), (one_way, "lstm", 2), (one_way, "gru", 5), (both_ways, "gru", 4), (stacked, "lstm", 5), (masked, "lstm", 5)}


@pytest.mark.parametrize(("make", "cell", "length"), some(CASES, QUICK.__contains__))
def test_a_loop_computes_what_its_steps_compute(make: Any, cell: str, length: int) -> None:
    network, random = make(cell, length), np.random.default_rng(length)
    x, t = random.normal(size=(3, network.inputs)), random.normal(size=(3, 2))
    if make is masked:
        x[:, -length:] = np.arange(length) < [[length], [(length + 1) // 2], [0]]
    program, step = written_program(network), network.step(x, t)
    if length != 4:  # of which three or two steps are alike
        assert ("for time in range(" in program.source) == (length > 4)
    near(program, network, step)


def near(program: Any, network: cr.Network, step: Any) -> None:
    """As the step, to 1e-12 of each array's largest magnitude."""
    data = network.split(step.x, step.t).values()
    E, *new = program.step(*data, *network.parameters.values())
    assert float(E) == pytest.approx(step.error, rel=1e-12)
    for key, value in zip(program.outputs[1:], new, strict=True):
        wanted = step.new_parameters[key]
        np.testing.assert_allclose(value, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max(), err_msg=key)
    inputs = [*data][: len(network.wiring.inputs)]
    np.testing.assert_allclose(program.predict(*inputs, *network.parameters.values()), step.prediction, rtol=0, atol=1e-12)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cell", CELLS)
def test_a_longer_sequence_has_no_longer_program(cell: str, language: str) -> None:
    short, long = (written_program(one_way(cell, length), language=LANGUAGES[language]).source.splitlines() for length in (6, 30))
    assert len(short) == len(long)
    loops = [line.strip() for line in long if "jax.lax.scan(" in line or line.strip().startswith("for time in")]
    assert len(loops) >= 3
    if language != "jax":
        assert "for time in range(2, 31):" in loops
        assert any(loop.startswith("for time in range(29, ") for loop in loops)


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("make", [one_way, both_ways, masked])
def test_loops_in_other_languages(make: Any, language: str) -> None:
    network, random = make("gru" if make is one_way else "lstm", 6), np.random.default_rng(2)
    x = random.normal(size=(3, network.inputs))
    if make is masked:
        x[:, -6:] = np.arange(6) < [[6], [3], [0]]
    program_agrees(network, x, random.normal(size=(3, 2)), find("optimizer", "sgd"), language)


def test_the_gradient_of_a_shared_matrix_is_one_product() -> None:
    source = written_program(one_way("rnn", 8)).source
    states, slopes = (
        f"np.concatenate([{one}_t[time] for time in {times}], axis=0)" for one, times in (("h1", "range(1, 8)"), ("delta1", "range(2, 9)"))
    )
    assert f"dU1 = {states}.T @ {slopes}" in source


def test_a_layer_that_is_called_again_and_again_is_a_loop_too() -> None:
    def net(x: Any) -> Any:
        again = cr.dense(3, "tanh")
        for _ in range(6):
            x = again(x)
        return x

    network = cr.Network(3, net, seed=2)
    random = np.random.default_rng(1)
    program = written_program(network)
    assert program.source.count("for time in range(") >= 2
    near(program, network, network.step(random.normal(size=(2, 3)), random.normal(size=(2, 3))))


def test_a_scan_reads_the_step_before_alone() -> None:
    """A loop that reads what lies two steps back stays one; so does one that cuts where the time says."""
    lines = ["a_t1 = 1 * y", "a_t2 = 2 * y", *(f"a_t{k} = a_t{k - 1} + a_t{k - 2}" for k in range(3, 8)), "s = a_t7"]
    assert "for time in range(3, 8):" in rolled(lines, scans=True)
    lines = ["a_t1 = y", *(f"a_t{k} = a_t{k - 1} + x[:, {k}:{k + 1}]" for k in range(2, 6)), "s = a_t5"]
    assert "for time in range(2, 6):" in rolled(lines, scans=True)
    lines = ["a_t1 = y", *(f"a_t{k} = a_t{k - 1} + x[:, {k}]" for k in range(2, 6)), "s = a_t5"]
    assert "_, found = jax.lax.scan(one, (a_t[1],), now)" in rolled(lines, scans=True)


# Lines

NEW = "{}  # by the number of the step"


def test_what_differs_otherwise_than_evenly_stays() -> None:
    lines = ["a_t1 = x[0]", "a_t2 = x[1]", "a_t3 = x[2]", "a_t4 = x[4]", "a_t5 = x[5]"]
    assert rolled(lines) == [f"a_t = {NEW}", "for time in range(1, 4):", "    a_t[time] = x[time - 1]", "a_t[4] = x[4]", "a_t[5] = x[5]"]
    assert rolled(lines[1:4]) == lines[1:4]
    assert rolled([line.replace("a_t", "a") for line in lines]) == [line.replace("a_t", "a") for line in lines]


def test_variables_that_come_from_elsewhere_are_none_of_steps() -> None:
    lines = [f"b_t{k} = a_t{k} + a_t{k - 1}" for k in range(1, 5)]
    assert rolled(lines) == lines
    assert rolled(["a_t0 = 1", *(f"a_t{k} = a_t{k - 1} + 1" for k in range(1, 5))], taken=["a_t"])[1] == "a_t1 = a_t0 + 1"


def test_a_variable_of_one_step_needs_no_entries() -> None:
    lines = [line for k in range(1, 4) for line in (f"z_t{k} = x[:, {k}]", f"h_t{k} = z_t{k} + {k} * y")]
    assert rolled([*lines, "s = h_t1 + h_t2 + h_t3"]) == [
        f"h_t = {NEW}",
        "for time in range(1, 4):",
        "    z = x[:, time]",
        "    h_t[time] = z + time * y",
        "s = sum(h_t[time] for time in range(1, 4))",
    ]
    assert "    z_t[time] = x[:, time]" in rolled(lines, taken=["z"])


def test_lines_of_a_loop_keep_the_lines_within_them() -> None:
    lines = [line for k in range(1, 4) for line in (f"a_t{k} = {k} * np.ones(1)", "for i in range(2):", f"    a_t{k}[0] += i * {k + 1}")]
    lines.append("s_t1 = a_t1 + a_t2 + a_t3")
    new = rolled(lines)
    assert new[:3] == [f"a_t = {NEW}", "for time in range(1, 4):", "    a_t[time] = time * np.ones(1)"]
    assert run(new, "s") == run(lines, "s") == {1: 15}


def run(lines: list[str], letter: str) -> dict[int, Any]:
    """What the variables of steps of a letter come to."""
    space: dict[str, Any] = {"np": np, "x": list(range(100))}
    exec("\n".join(lines), space)  # noqa: S102  # our own text
    found = {int(key[3:]): value for key, value in space.items() if key.startswith(f"{letter}_t") and key[3:]}
    return {**found, **space.get(f"{letter}_t", {})}


@examples(60)
@given(data=st.data())
def test_any_lines_compute_the_same(data: st.DataObject) -> None:
    """Steps of some lines, each of which reads what stands before it; some are left out, changed, or begin earlier."""
    count, steps, back = data.draw(st.integers(1, 3)), data.draw(st.integers(2, 7)), data.draw(st.booleans())
    plans = [(data.draw(st.integers(0, place)), data.draw(st.integers(0, 2)), data.draw(st.integers(1, 9))) for place in range(count)]
    odd = data.draw(st.sets(st.tuples(st.integers(1, steps), st.integers(0, count - 1)), max_size=2))
    lines, there = list[str](), set[tuple[int, int]]()
    for number in range(1, steps + 1):
        k, before = (steps + 1 - number, 1) if back else (number, -1)
        for place, (read, earlier, factor) in enumerate(plans):
            source = (read, k) if read < place and not earlier else (read, k + before)
            term = f"{'abc'[source[0]]}_t{source[1]} + " if source in there else ""
            lines.append(f"{'abc'[place]}_t{k} = {term}{factor + ((k, place) in odd)} * x[{2 * k}:][{k}]")
            there.add((place, k))
    lines.append(f"s_t1 = {' + '.join(f'a_t{k}' for k in range(1, steps + 1))}")
    assert run(rolled(lines), "s") == run(lines, "s")
