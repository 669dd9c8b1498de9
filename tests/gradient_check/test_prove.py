"""The tester tested: what a person can get wrong in a definition of their own is found, and said in words."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chainrule.base.errors import InputError
from chainrule.formula import primitives as p
from chainrule.formula.backprop import gradients
from chainrule.formula.expression import PRIMITIVES, Expression, Name, Primitive, variable
from chainrule.gradient_check import prove as proof
from chainrule.network import definitions, initializers, registration


@pytest.fixture(autouse=True)
def registry_left_as_it_was() -> Iterator[None]:
    yield
    for table in definitions.REGISTRY.values():
        for name in [name for name, definition in table.items() if definition.function.__module__ == __name__]:
            del table[name]


def failure(report: proof.Proof) -> str:
    """What the first failed check says."""
    with pytest.raises(InputError) as caught:
        report.demand()
    return str(caught.value)


def test_an_activation_of_ones_own() -> None:
    @registration.activation
    def bent(z: Expression, *, bend: float = 0.5) -> Expression:
        """A line and a wave."""
        return z + bend * p.sin(z)

    report = proof.prove(bent)
    report.demand()
    assert report.passed
    assert not report.failures
    assert str(report).startswith("bent: 11 checks passed\n  right   h has the shape of z (3)\n")
    assert proof.prove(bent(bend=2.0)).passed


def test_the_same_seed_gives_the_same_report() -> None:
    assert proof.prove(p.sigmoid, seed=3) == proof.prove(p.sigmoid, seed=3)
    assert proof.prove(p.sigmoid, seed=3) != proof.prove(p.sigmoid, seed=4)


def test_a_message_names_the_operand_the_place_and_the_amount() -> None:
    wrong = replace(PRIMITIVES["multiply"], slope=lambda a, b, y: (b, 1.0005 * a))
    said = failure(proof.prove(wrong))
    assert said.startswith("multiply: ∂multiply/∂b (b: one number):")
    assert "at b = " in said
    assert said.endswith("off by 0.05 %.")


def test_one_wrong_element_is_enough() -> None:
    def derive(of: Expression, wrt: Any, seed: Expression) -> dict[Expression, Expression]:
        mask = p.place(p.spread(1 + 0 * p.total(seed, axes=(0, 1)), axes=(0, 1), sizes=(1, 3)), axis=0, start=1, extent=2)
        return {x: g * (1 + 0.0005 * mask) for x, g in gradients(of, wrt, seed).items()}

    definition = definitions.find("activation", "tanh")
    assert not proof.prove(definition, shapes=[(2, 3)], derive=derive).passed


def test_a_slope_that_is_missing() -> None:
    wrong = replace(PRIMITIVES["exp"], slope=lambda x, y: (None,))
    assert all(check.by != "a" for check in proof.prove(wrong).checks)  # nothing claimed, nothing compared

    @registration.activation
    def exponent(z: Expression) -> Expression:
        """2 to the power z, by a primitive that cannot be derived by its exponent."""
        return p.power(2, z)

    assert "has no derivative" in failure(proof.prove(exponent))


def test_an_activation_that_sums() -> None:
    @registration.activation
    def summed(z: Expression) -> Expression:
        """Not an activation: it loses an axis."""
        return p.total(z, axes=(len(z.shape) - 1,))

    assert failure(proof.prove(summed)) == "summed: h has the shape of z (3): but it has the shape one number."


def test_an_activation_with_an_if() -> None:
    @registration.activation
    def clipped(z: Expression) -> Expression:
        """Python's if asks a formula whether it is true."""
        return z if z > 0 else 0 * z

    assert "write select(condition, value, otherwise)" in failure(proof.prove(clipped))


def test_an_option_that_cannot_be_a_letter() -> None:
    import math

    @registration.activation
    def scaled(z: Expression, *, scale: float = 2.0) -> Expression:
        """The scale is used as a number."""
        return math.sqrt(scale) * z

    assert "TypeError" in failure(proof.prove(scaled))


def test_a_loss_of_the_wrong_shape() -> None:
    @registration.loss
    def turned(y: Expression, t: Expression) -> Expression:
        """Sums over the batch, and leaves a number for each output."""
        return p.total((y - t) ** 2, axes=(0,))

    assert "one number per output or per example: but is 4" in failure(proof.prove(turned))


def test_a_loss_with_a_kink_and_a_pole() -> None:
    @registration.loss
    def ratio(y: Expression, t: Expression) -> Expression:
        """|ln(y / t)|: only above 0, with a kink where y = t."""
        return abs(p.log(y / t))

    proof.prove(ratio).demand()


def test_a_formula_without_a_value() -> None:
    @registration.activation
    def nowhere(z: Expression) -> Expression:
        """The root of a negative number."""
        return p.sqrt(-1 - z**2)

    assert "no place without a kink, a pole or NaN" in failure(proof.prove(nowhere))


def test_a_regularizer_that_is_no_number() -> None:
    @registration.regularizer
    def rows(W: Expression, *, rate: float = 0.1) -> Expression:
        """Forgets an axis."""
        return rate * p.total(W**2, axes=(0,))

    assert "the penalty on W (4 × 3) is one number: but has the shape 3" in failure(proof.prove(rows))


def test_an_initializer_that_is_no_distribution() -> None:
    @registration.initializer
    def numbers(inputs: Expression, units: Expression) -> float:
        """A number in place of a distribution."""
        return 0.5

    assert "AttributeError" in failure(proof.prove(numbers))


def test_an_initializer_of_infinite_weights() -> None:
    @registration.initializer
    def wide(inputs: Expression, units: Expression) -> initializers.Distribution:
        """Divides by nought for one input."""
        return initializers.Constant(1 / (inputs - 1))

    assert "for 1 input and 1 unit: a bound is inf" in failure(proof.prove(wide))


def forgetful(w: Expression, g: Expression, v: Expression, *, learning_rate: float = 0.1) -> Any:
    """Keeps its state to itself."""
    return w - learning_rate * (v + g)


def uphill(w: Expression, g: Expression, *, learning_rate: float = 0.1) -> Any:
    """Adds where it should subtract."""
    return w + learning_rate * g


def sign_of_ratio(w: Expression, g: Expression, *, learning_rate: float = 0.1) -> Any:
    """0 / 0 where the gradient is nought."""
    return w - learning_rate * g / abs(g)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (forgetful, "1 new state (v): but it gives 1 formula"),
        (uphill, "the first step goes against the gradient"),
        (sign_of_ratio, "step 2 gives finite numbers"),
    ],
)
def test_wrong_update_rules(rule: Callable[..., Any], words: str) -> None:
    assert words in failure(proof.prove(registration.optimizer(rule)))


def test_an_optimizer_whose_rate_changes() -> None:
    rate = definitions.find("schedule", {"name": "cosine", "rate": 0.2})
    proof.prove(definitions.find("optimizer", "adamw").definition.bind(learning_rate=rate)).demand()


def test_a_schedule_that_falls_below_nought() -> None:
    @registration.schedule
    def line(k: Expression, *, rate: float = 0.1) -> Expression:
        """A line that goes on falling."""
        return rate * (1 - k / 50)

    assert failure(proof.prove(line)) == "line: the rate of step 99 is finite and not negative: but it is -0.098."


def test_a_primitive_without_an_example() -> None:
    strange = Primitive("strange", lambda xp, x: x, lambda x: x.shape, PRIMITIVES["exp"].form, pullback=lambda g, x, y: (g,))
    with pytest.raises(InputError, match="no example for the primitive strange"):
        proof.prove(strange)


def test_any_expression_can_be_proven() -> None:
    x, W = variable(Name("x"), ("batch", 3)), variable(Name("W"), (3, 2))
    checks = list(proof.derivatives("E", p.mean(p.tanh(x @ W) ** 2, axes=(0, 1)), [x, W], np.random.default_rng(0)))
    assert [check.by for check in checks] == ["x", "x", "W", "W"]
    assert all(check.passed for check in checks)
