"""Every engine computes the same: `keep` in several namespaces and in fractions, the printed program, and the unrolled loop."""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import array_api_strict
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import examples, some
from tests.twins import Case, TorchNamespace, case, close, everything

import chainrule as cr
from chainrule.base.errors import InexactError, InputError, ShapeError
from chainrule.engines.full_batch import FullBatch
from chainrule.engines.unrolled import Unrolled
from chainrule.engines.written import Program, written_program
from chainrule.formula import primitives as p
from chainrule.formula.arrays import Arrays, Exact, fraction
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, Name, variable
from chainrule.network.definitions import REGISTRY, Bound, find
from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.network.optimizers import let
from chainrule.network.registration import optimizer
from chainrule.network.update import STEP_NUMBER
from chainrule.steps.step import Step

REGULARIZERS = (None, "l1", "l2", "elastic_net")


def optimizer_for(seed: int, elementwise: bool = False) -> Bound:
    """Some optimiser, sometimes clipped, sometimes with a schedule; or one that computes each weight on its own."""
    names = [name for name in sorted(REGISTRY["optimizer"]) if not elementwise or find("optimizer", name).elementwise]
    schedules = sorted(REGISTRY["schedule"])
    options: dict[str, Any] = {"name": names[seed % len(names)]}
    options |= {"clip_value": 0.1} if seed % 3 == 0 else {}
    options |= {"clip_norm": 0.2} if seed % 4 == 0 else {}
    options |= {"learning_rate": {"name": schedules[seed % len(schedules)], "rate": 0.02}} if seed % 2 == 0 else {"learning_rate": 0.02}
    return find("optimizer", options)


def steps_of(found: Case, rule: Bound, count: int = 4) -> list[Step]:
    return list(itertools.islice(found.network.steps(found.x, found.t, rule, weights=found.s), count))


def bound_of(*kinds: str) -> list[Any]:
    return [pytest.param(bound, id=str(bound)) for bound in everything(*kinds)]


def any_case(seed: int, **wanted: Any) -> Case:
    return case(seed, regularizer=REGULARIZERS[seed % 4], weighted=seed % 5 == 0, **wanted)


# The printed program.


def program_agrees(found: Case, rule: Bound) -> None:
    """Errors, parameters and states of some steps, and the predictions, to 1e-12 of each array's largest magnitude."""
    program, steps = written_program(found.network, rule), steps_of(found, rule)
    data = {str(node.name): part for node, part in found.network.split(found.x, found.t, found.s).items()}
    values: dict[str, Any] = {**data, **found.network.parameters, **steps[0].states}
    for step in steps:
        y = program.predict(*(values[key] for key in (*found.network.wiring.inputs, *found.network.shapes)))
        close(np.concatenate(y, axis=1) if isinstance(y, tuple) else y, step.prediction, 1e-12)
        error, *new = program.step(*({**values, "k": step.number}[key] for key in program.inputs))
        close(error, step.error, 1e-12)
        for key, value in zip((key.removesuffix("_next") for key in program.outputs[1:]), new, strict=True):
            close(value, {**step.new_parameters, **step.new_states}[key], 1e-12)
            values[key] = value


@pytest.mark.parametrize("bound", some(everything("activation", "loss"), 3, ids=str))
def test_the_program_computes_what_keep_computes(bound: Bound) -> None:
    for seed in range(2):
        program_agrees(any_case(seed, **{bound.definition.kind: bound}), optimizer_for(seed))


@given(seed=st.integers(0, 2**32 - 1))
def test_programs_of_networks_of_any_make(seed: int) -> None:
    program_agrees(any_case(seed), optimizer_for(seed))


@pytest.mark.parametrize(("outputs", "batch", "weighted"), some(itertools.product(["sum", "mean"], ["sum", "mean"], [False, True]), 5))
def test_programs_under_every_convention(outputs: str, batch: str, weighted: bool) -> None:
    for seed, bound in enumerate(everything("loss")):
        program_agrees(case(seed, loss=bound, outputs=outputs, batch=batch, weighted=weighted), optimizer_for(seed))


SCRIPTS = ("identity", "sigmoid", "elu", "gelu", "softmax", "hard_swish")


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_program_runs_as_it_stands(name: str, tmp_path: Path) -> None:
    seed = SCRIPTS.index(name)
    found = case(seed, activation=find("activation", name), sizes=[2, 3, 3, 2], weighted=seed == 2)
    run_as_script(found, optimizer_for(seed), tmp_path)


def test_a_program_whose_states_are_needed_after_they_change(clumsy: Bound, tmp_path: Path) -> None:
    run_as_script(case(3, sizes=[2, 3, 2]), clumsy, tmp_path)


def run_as_script(found: Case, rule: Bound, tmp_path: Path) -> None:
    source = written_program(found.network, rule, {"x": found.x, "t": found.t, "s": found.s, "steps": 3}).source
    assert [line for line in source.splitlines() if "import" in line] in (["import numpy as np"], ["import math", "import numpy as np"])
    (tmp_path / "program.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-I", "-W", "error", "program.py"]
    done = subprocess.run(command, cwd=tmp_path, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
    printed = [line.split() for line in done.stdout.splitlines()]
    assert [int(number) for number, _ in printed] == [1, 2, 3]
    for (_, error), step in zip(printed, steps_of(found, rule, 3), strict=True):
        close(float(error), step.error, 1e-12)


def test_a_program_leaves_numpy_as_it_was_and_does_not_warn() -> None:
    before = np.geterr()
    network = Network(1, dense(1, "sigmoid", weights=[[1.0]]), dense(1))
    program = written_program(network)
    assert "np.seterr" in program.source
    assert np.isfinite(program.predict(np.array([[-2000.0]]), *network.parameters.values()))
    assert np.geterr() == before


@pytest.fixture
def clumsy() -> Iterator[Bound]:
    """A rule with the names that the writer likes for its own variables."""

    def clumsy(
        w: Expression, g: Expression, v: Expression, last: Expression, *, learning_rate: float = 0.02, difference: float = 0.5
    ) -> Any:
        """It shares quantities between its states, and looks back after they have changed."""
        step = let("maximum", difference * v + g**2)
        return w - learning_rate * (g + step + last), step, g

    yield optimizer(clumsy).bind()
    del REGISTRY["optimizer"]["clumsy"]


def test_names_in_a_rule_do_not_meet_those_of_the_program(clumsy: Bound) -> None:
    found = case(3, activation=find("activation", "hard_swish"), loss=find("loss", "huber"), sizes=[2, 3, 2])
    program_agrees(found, clumsy)
    unrolled_agrees(found, clumsy)


# The unrolled loop.


def unrolled_agrees(found: Case, rule: Bound, tolerance: float = 1e-11) -> None:
    steps = steps_of(found, rule)
    unrolled = Unrolled(FullBatch(found.network, found.x, found.t, rule, found.s))
    errors, last = unrolled.run(None, len(steps))
    scale = max(abs(step.error) for step in steps)
    np.testing.assert_allclose(errors, [step.error for step in steps], rtol=0, atol=tolerance * max(scale, 1e-3))
    trained = [element for element in unrolled.trained if str(element.quantity.name) in steps[-1].new_parameters]
    close(last, [steps[-1].new_parameters[str(element.quantity.name)][element.index] for element in trained], tolerance)


@pytest.mark.parametrize("bound", some(everything("activation", "loss"), 5, ids=str))
def test_the_unrolled_loop_computes_what_keep_computes(bound: Bound) -> None:
    seed = len(bound.name)
    unrolled_agrees(any_case(seed, **{bound.definition.kind: bound}, sizes=[2, 3, 2], rows=2), optimizer_for(seed))


@pytest.mark.parametrize("name", some(sorted(REGISTRY["optimizer"]), 3))
def test_every_rule_unrolled(name: str) -> None:
    found = case(7, activation=find("activation", "tanh"), sizes=[2, 2, 1], rows=3, bias=True)
    for clipping in ({}, {"clip_value": 0.05}, {"clip_norm": 0.05}):
        unrolled_agrees(found, find("optimizer", {"name": name, "learning_rate": 0.03, **clipping}))


def test_what_is_frozen_is_not_unrolled() -> None:
    network = Network(2, dense(2, "tanh", frozen=["W"]), dense(1, frozen=["b"]), seed=1)
    found = Case(network, np.array([[1.0, 2.0]]), np.array([[3.0]]))
    unrolled_agrees(found, find("optimizer", "adam"))
    whole = Case(Network(2, dense(1, frozen=["W", "b"]), seed=1), found.x, found.t)
    unrolled_agrees(whole, find("optimizer", "sgd"))


@pytest.mark.parametrize(("loss", "output"), [("cross_entropy", "softmax"), ("cross_entropy_from_logits", "identity"), ("kl", "softmax")])
def test_large_net_inputs_do_not_overflow_in_the_loop(loss: str, output: str) -> None:
    network = Network(1, dense(2, output, weights=[[300.0, -300.0]]), loss=loss)
    found = Case(network, np.array([[3.0]]), np.array([[1.0, 0.0]]))
    unrolled_agrees(found, find("optimizer", "sgd"))
    assert np.isfinite(Unrolled(FullBatch(network, found.x, found.t, find("optimizer", "sgd"))).run(None, 3)[0]).all()


def test_divergence_ends_the_loop() -> None:
    network = Network(2, dense(2, bias=False), dense(1, bias=False), seed=1)
    errors, _ = Unrolled(FullBatch(network, np.array([[8.0, 12.0]]), np.array([[4.0]]), find("optimizer", "sgd"))).run(0.5, 100)
    assert len(errors) < 20
    assert not np.isfinite(errors[-1])


def test_the_loop_ends_where_it_is_told_to() -> None:
    network = Network(2, dense(1, bias=False, weights=[[1.0], [1.0]]))
    unrolled = Unrolled(FullBatch(network, np.array([[1.0, 1.0]]), np.array([[4.0]]), find("optimizer", "sgd")))
    errors, _ = unrolled.run(0.1, 100, below=1e-3)
    assert errors[-2] > 1e-3 > errors[-1]
    assert len(unrolled.run(0.1, 100)[0]) == 100


# Other namespaces.


def portable(found: Case, arrays: Arrays, asarray: Any, rule: Bound) -> None:
    step, derivation = found.step(rule), found.network.derivation
    update = step.update
    bindings: dict[Expression, Any] = {
        letter: asarray(step.values[str(letter.name)]) for letter in (*derivation.data, *derivation.parameters)
    }
    bindings |= {letter: asarray(np.asarray(number)) for letter, number in update.options.items()}
    bindings |= {state: asarray(step.states[str(state.name)]) for part in update.parameters for state in part.states}
    bindings[STEP_NUMBER] = asarray(np.asarray(1.0))
    values = evaluate([derivation.prediction, derivation.error, *derivation.gradients, *update.roots], bindings, arrays)
    for node, value in values.items():
        if node.primitive.name == "named":
            close(np.asarray(value), step.values[str(node.name)], 1e-12)


@pytest.mark.parametrize("bound", bound_of("activation", "loss"))
def test_keep_in_the_strict_array_standard(bound: Bound) -> None:
    for seed in range(2):
        found = any_case(seed, **{bound.definition.kind: bound})
        portable(found, Arrays(array_api_strict), array_api_strict.asarray, optimizer_for(seed))


@pytest.mark.parametrize("bound", bound_of("activation", "loss"))
def test_keep_on_tensors(bound: Bound) -> None:
    namespace = TorchNamespace()
    for seed in range(2):
        portable(any_case(seed, **{bound.definition.kind: bound}), Arrays(namespace, torch.float64), namespace.asarray, optimizer_for(seed))


# Fractions.

RATIONAL = ("identity", "relu", "leaky_relu", "softsign", "hard_sigmoid", "hard_tanh", "hard_swish", "relu6")
RATIONAL_LOSSES = ("half_squared", "squared", "absolute", "huber", "hinge", "squared_hinge")


def short(numbers: np.ndarray) -> np.ndarray:
    return np.round(numbers, 2)


@pytest.mark.parametrize("loss", RATIONAL_LOSSES)
@pytest.mark.parametrize("name", RATIONAL)
def test_fractions_and_floats_agree(name: str, loss: str) -> None:
    found = case(1, activation=find("activation", name), loss=find("loss", loss), output="identity", sizes=[2, 3, 2], regularizer="l2")
    network = found.network.with_parameters({key: short(value) for key, value in found.network.parameters.items()})
    found = Case(network, short(found.x), short(found.t))
    exact, floats = found.step({"name": "momentum", "clip_value": 0.5}, exact=True), found.step({"name": "momentum", "clip_value": 0.5})
    for key, value in floats.everything.items():
        assert exact.everything[key].shape == value.shape
        close(exact.everything[key], value, 1e-12)
    assert all(isinstance(number, (Fraction, int)) for value in exact.before.values.values() for number in value.flat)
    assert exact.exact
    assert not floats.exact


def test_fractions_have_no_rounding_dust() -> None:
    network = Network(2, dense(1, bias=False, weights=[[0.21], [0.56]]))
    step = network.step([[8, 12]], [[4]], {"name": "sgd", "learning_rate": 0.1}, exact=True)
    assert step.prediction.item() == Fraction(42, 5)
    assert step.gradients["W1"].tolist() == [[Fraction(176, 5)], [Fraction(264, 5)]]
    assert step.new_parameters["W1"].tolist() == [[Fraction(-331, 100)], [Fraction(-118, 25)]]


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softmax", "gelu", "softplus", "elu", "selu", "silu"])
def test_what_is_no_fraction_is_refused_kindly(name: str) -> None:
    network = Network(1, dense(2, name, weights=[[-1.0, -2.0]]), dense(1))
    with pytest.raises(InexactError, match=r"is no fraction; leave out exact=True"):
        network.step([[0.4]], [[1]], exact=True)


def test_a_root_that_is_a_fraction_is_taken() -> None:
    network = Network(1, dense(1, bias=False, weights=[[1.0]]))
    step = network.step([[2]], [[0]], {"name": "sgd", "clip_norm": 1.0}, exact=True)
    assert step.updates["norm"].item() == 4
    with pytest.raises(InexactError, match="√"):
        Network(1, dense(1, weights=[[1.0]])).step([[2]], [[0]], {"name": "sgd", "clip_norm": 1.0}, exact=True)


def test_a_fraction_over_nought_is_refused() -> None:
    x = variable(Name("x"), (2,))
    with pytest.raises(InexactError, match="divides by 0"):
        evaluate([1 / x], {x: [1, 0]}, Exact())
    with pytest.raises(InexactError, match=r"√\(a fraction of \d+ digits\)"):
        evaluate([p.sqrt(x)], {x: [10**5001, 4]}, Exact())


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_the_fraction_that_it_is_written_as(number: float) -> None:
    assert fraction(number) == Fraction(repr(number))
    assert float(fraction(number)) == number


# What engines say when numbers do not fit.


def test_numbers_that_do_not_fit() -> None:
    x, y = variable(Name("x"), ("batch", 2)), variable(Name("y"), ("batch", 2))
    with pytest.raises(ShapeError, match="shape"):
        evaluate([x + y], {x: np.ones((3, 2)), y: np.ones((4, 2))})
    with pytest.raises(InputError, match="no number was given for y"):
        evaluate([x + y], {x: np.ones((3, 2))})


@examples(20)
@given(st.integers(0, 2**32 - 1))
def test_a_program_is_the_same_each_time(seed: int) -> None:
    first, second = (written_program(any_case(seed).network, optimizer_for(seed)) for _ in range(2))
    assert first == second
    assert isinstance(first, Program)


@pytest.mark.parametrize("source", ["seed", "2-3-1"])
@pytest.mark.parametrize("most", [1, 239, 240, 241, 777, 1500])
def test_a_run_that_goes_in_circles_is_what_it_would_be_step_by_step(source, most):
    step = cr.problem(source).step()
    unrolled = Unrolled(FullBatch(step.network, step.x, step.t, step.optimizer))
    assert unrolled.repeats
    rates = (0.001, 0.0174, 0.0189, 0.5, 3, 100)
    in_laps = [repr(unrolled.run(rate, most, 1e-12, 1e12)) for rate in rates]
    unrolled.repeats = False
    assert in_laps == [repr(unrolled.run(rate, most, 1e-12, 1e12)) for rate in rates]


def test_circles_are_gone_through_once():
    step = cr.problem("seed").step()
    unrolled, laps = Unrolled(FullBatch(step.network, step.x, step.t, step.optimizer)), []
    run = unrolled.quick
    unrolled.quick = lambda *given: laps.append(given[3]) or run(*given)
    errors, _ = unrolled.run(0.0189, 3000)
    assert len(errors) == 3000
    assert sum(laps) < 1500


@pytest.mark.parametrize("optimizer", ["momentum", "adam", "sgd:clip_norm=1"])
def test_steps_that_depend_on_more_than_the_parameters_do_not_repeat(optimizer):
    step = cr.problem("seed", optimizer=optimizer).step()
    repeats = Unrolled(FullBatch(step.network, step.x, step.t, step.optimizer)).repeats
    assert repeats is (optimizer == "sgd:clip_norm=1")  # of the parameters alone
