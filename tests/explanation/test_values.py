"""Near cancellation a float is not taken for the number that it stands for, and one quantity reads the same wherever it stands."""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Context, Decimal
from fractions import Fraction

import pytest
from tests.equations import check
from tests.render.test_golden import written

from chainrule.api.problems import problem
from chainrule.explanation.explain import contexts
from chainrule.formula.expression import Name, variable
from chainrule.formula.primitives import greater, multiply, sign
from chainrule.notation.arithmetic import Real
from chainrule.notation.numbers import evaluated, printed_as


def beside(target: str, **options: object):
    """A sigmoid of 4, whose target is near it."""
    numbers = {"weights": "2 0", "input": "2", "target": target, "learning_rate": 0.1}
    return problem("1-1", output_activation="sigmoid", loss="squared", **numbers, **options)


def read_as(document) -> dict[str, set[str]]:
    """The last number of every equation of one number, by its left side."""
    found = defaultdict(set)
    for section, equation in written(document):
        sides = re.split(r" [=≈] ", equation)
        if re.fullmatch(r"−?[\d.]+( · 10\^\(?− ?\d+\)?)?", sides[-1]) and "←" not in equation and section.key != "second":
            found[sides[0]].add(re.sub(r"[() ]", "", sides[-1]))
    return found


@pytest.mark.parametrize("target", ["0.98201379", "0.98201379003", "0.9820137900379", "0.982013790037908"])
def test_an_irrational_number_is_never_exact_and_reads_the_same_everywhere(target: str) -> None:
    document = beside(target).explain(detail="scalar")
    verdicts = [check(equation) for _, equation in written(document)]
    assert [false for verdict in verdicts for false in verdict.false] == []
    text = str(document)
    assert re.search(r"E = \(y − t\)\^2\s+≈ \(0\.98", text)
    numbers = read_as(document)
    assert {name for name, read in numbers.items() if len(read) > 1} == set()
    assert len(numbers["∂E/∂w1"]) == 1


def test_the_case_of_the_sigmoid_of_four() -> None:
    assert read_as(beside("0.98201379").explain(detail="scalar"))["∂E/∂w1"] == {"2.67826·10^−12"}


def test_numbers_of_a_step_know_whether_they_are_exact() -> None:
    (context,) = contexts(beside("0.5"))
    derivation, before = context.derivation, context.before
    assert before.of(derivation.named["z1"], (0, 0)).exact
    y = before.of(derivation.prediction, (0, 0))
    assert not y.exact
    assert abs(y.value - Fraction("0.98201379003790844197320686205")) < Fraction(1, 10**28)
    assert before.array(derivation.prediction) == [[y]]


def test_a_number_on_the_other_side_of_a_kink_is_that_of_the_record() -> None:
    dust = 0.1 + 0.2 - 0.3  # floats say 5.55e-17 where decimals say 0
    assert dust > 0
    (context,) = contexts(problem("1-1", output_activation="relu", loss="squared", weights="0.1 -0.3", input="3", target="1"))
    slope = context.step.gradients["z1"][0, 0]
    assert float(context.before.of(context.derivation.named["delta1"], (0, 0))) == pytest.approx(slope)


def test_what_is_exact_whatever_the_operands_are() -> None:
    a, b = variable(Name("a")), variable(Name("b"))
    rough = {a: Real(Fraction(1, 3), exact=False), b: 0}
    assert all(evaluated(formula, rough).exact for formula in (multiply(a, b), sign(a), greater(a, b)))
    assert not evaluated(a + b, rough).exact


def test_long_floats_are_rounded_numbers() -> None:
    assert printed_as(0.1 + 0.2).exact
    assert printed_as(0.123456789012).exact
    assert not printed_as(0.9820137900379085).exact
    assert printed_as(0.9820137900379085, exact=True).exact


def test_the_errors_of_several_samples_are_fractions_too() -> None:
    text = str(problem("1-1", loss="half_squared", weights="0.7 0", input="1; 2", target="1; 0").explain(exact=True))
    assert "9/200" in text
    assert "49/50" in text


@pytest.mark.parametrize(("into", "out", "target"), [(30, -30, 1), (60, 20, 0), (60, 20, 1), (20, -60, 0), (60, -60, 0)])
def test_a_gradient_is_as_small_as_it_is(into: int, out: int, target: int) -> None:
    """Of a saturated network: what floats lose of 1 − h, and what is smaller than fifty digits of 1, is no 0."""
    numbers = {"weights": f"{4 * f'{into} '}{out} {out}", "input": "1 1", "target": str(target)}
    step = problem("2-2-1", activation="sigmoid", output_activation="sigmoid", loss="half_squared", bias=False, **numbers)
    exact = Context(prec=400)

    def sigmoid(z: Decimal) -> Decimal:
        return exact.divide(1, exact.add(1, exact.exp(-z)))

    h = sigmoid(Decimal(2 * into))
    y = sigmoid(exact.multiply(2 * out, h))
    factors = (exact.subtract(y, target), y, exact.subtract(1, y), Decimal(out), h, exact.subtract(1, h))
    gradient = Decimal(1)
    for factor in factors:
        gradient = exact.multiply(gradient, factor)
    (read,) = read_as(step.explain(detail="scalar"))["∂E/∂w1"]
    assert read == f"{gradient:.5e}".replace("e", "·10^").replace("-", "−")
