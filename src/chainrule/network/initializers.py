"""Initialisers: from which distribution the weights of a layer are drawn before training.

An initialiser sees how many inputs each unit has and how many units there are, as letters, and gives a distribution whose bounds
are expressions in them, so that an explanation can write W1 ~ uniform(−√(6 / (inputs + units)), √(6 / (inputs + units))).
Weights have the shape (inputs, units) and are float64.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from chainrule.base.display import Displayed
from chainrule.base.errors import DescriptionError
from chainrule.base.frozen import FrozenValue
from chainrule.base.printing import counted
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression, ExpressionLike, Name, as_expression, order, variable
from chainrule.network.definitions import Bound
from chainrule.network.options import NotNegative
from chainrule.network.registration import initializer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INPUTS = variable(Name("inputs"))
"""The letter for how many inputs each unit of a layer has."""

UNITS = variable(Name("units"))
"""The letter for how many units a layer has."""

UNIFORM, NORMAL = "uniformly distributed", "normally distributed"
"""What tells apart the two that one name may mean."""

WIDE = 0.2
"""Numbers with at least this standard deviation read well with two decimals."""

MOST_DECIMALS = 15
"""As many as every float has that is not large."""


class Distribution(Displayed, ABC):
    """How the weights of a layer are drawn; its fields are numbers, or expressions in the letters of the layer's size."""

    def sample(self, random: np.random.Generator, inputs: int, units: int) -> NDArray[np.float64]:
        """An array of the shape (inputs, units). Raises DescriptionError where there is no such distribution."""
        return self._drawn(random, (inputs, units), *self._numbers(inputs, units))

    def decimals(self, inputs: int, units: int) -> int:
        """To how many decimals its numbers read well: two, and more where their standard deviation is below 0.2.

        Raises DescriptionError where a bound is not finite.
        """
        deviation = self._deviation((inputs, units), *self._numbers(inputs, units))
        return 2 + max(0, math.ceil(math.log10(WIDE / deviation))) if deviation > 0 else MOST_DECIMALS

    def _numbers(self, inputs: int, units: int) -> list[float]:
        return [bound_value(value, inputs, units) for value in vars(self).values()]

    @abstractmethod
    def _drawn(self, random: np.random.Generator, shape: tuple[int, int], *numbers: float) -> NDArray[np.float64]: ...

    @abstractmethod
    def _deviation(self, shape: tuple[int, int], *numbers: float) -> float: ...


class Constant(Distribution, FrozenValue):
    """Every weight is `value`."""

    value: ExpressionLike

    def _drawn(self, random: np.random.Generator, shape: tuple[int, int], *numbers: float) -> NDArray[np.float64]:
        import numpy as np

        return np.full(shape, numbers[0])

    def _deviation(self, shape: tuple[int, int], *numbers: float) -> float:
        return 0.0


class Uniform(Distribution, FrozenValue):
    """Every number from `low` to `high` is equally likely; low must not be above high."""

    low: ExpressionLike
    high: ExpressionLike

    def _drawn(self, random: np.random.Generator, shape: tuple[int, int], *numbers: float) -> NDArray[np.float64]:
        low, high = numbers
        if low > high:
            raise DescriptionError(f"weights cannot be drawn between {low:g} and {high:g}: low must not be above high.")
        return random.uniform(low, high, size=shape)

    def _deviation(self, shape: tuple[int, int], *numbers: float) -> float:
        low, high = numbers
        return (high - low) / math.sqrt(12)


class Normal(Distribution, FrozenValue):
    """The normal distribution with this mean and standard deviation, which must not be negative; its tails are not cut off."""

    mean: ExpressionLike
    deviation: ExpressionLike

    def _drawn(self, random: np.random.Generator, shape: tuple[int, int], *numbers: float) -> NDArray[np.float64]:
        mean, deviation = numbers
        if deviation < 0:
            raise DescriptionError(f"weights cannot be drawn with the standard deviation {deviation:g}: it must not be negative.")
        return random.normal(mean, deviation, size=shape)

    def _deviation(self, shape: tuple[int, int], *numbers: float) -> float:
        return numbers[1]


class Orthogonal(Distribution, FrozenValue):
    """A random matrix whose columns, or rows where there are fewer, are perpendicular and of length `gain`."""

    gain: ExpressionLike

    def _drawn(self, random: np.random.Generator, shape: tuple[int, int], *numbers: float) -> NDArray[np.float64]:
        import numpy as np

        q, r = np.linalg.qr(random.normal(size=(max(shape), min(shape))))
        q = q * np.sign(np.diag(r))  # without this, the signs of QR would favour some directions
        return numbers[0] * np.ascontiguousarray(q if shape[0] >= shape[1] else q.T)

    def _deviation(self, shape: tuple[int, int], *numbers: float) -> float:
        return abs(numbers[0]) / math.sqrt(max(shape))


def distribution(start: Bound) -> Distribution:
    """The distribution that an initialiser with its options gives, in the letters `INPUTS` and `UNITS`."""
    drawn: Distribution = start.apply(INPUTS, UNITS)
    return drawn


def bound_value(operand: ExpressionLike, inputs: int, units: int) -> float:
    """The number of a bound for a layer of this size. Raises DescriptionError if it is not finite."""
    import numpy as np

    letters = {"inputs": np.float64(inputs), "units": np.float64(units)}
    values: dict[Expression, Any] = {}
    with np.errstate(all="ignore"):
        for node in order(root := as_expression(operand)):
            if node.constant is not None:
                values[node] = np.float64(node.constant)
            elif node.primitive is p.variable:
                values[node] = letters[str(node.name)]
            else:
                values[node] = node.primitive.value(np, *(values[argument] for argument in node.arguments), **node.parameters)
    if not np.isfinite(values[root]):
        raise DescriptionError(
            f"weights cannot be drawn for {counted(inputs, 'input')} and {counted(units, 'unit')}: a bound is {values[root]}."
        )
    return float(values[root])


@initializer(also=("zero",))
def zeros(inputs: Expression, units: Expression) -> Distribution:
    """Every weight is 0. All units of a layer then stay alike for ever: good for biases, not for weights."""
    return Constant(0)


@initializer(meant={"ones": "constant:value=1"})
def constant(inputs: Expression, units: Expression, *, value: float = 0.1) -> Distribution:
    """Every weight is `value`. All units of a layer then stay alike for ever."""
    return Constant(value)


@initializer(also=("random_uniform",))
def uniform(inputs: Expression, units: Expression, *, low: float = -0.5, high: float = 0.5) -> Distribution:
    """Uniform between low and high. Sampling raises DescriptionError if low is above high."""
    return Uniform(low, high)


@initializer(also=("gaussian", "random_normal"), meant={"randn": "normal:deviation=1"})
def normal(inputs: Expression, units: Expression, *, mean: float = 0.0, deviation: NotNegative = 0.1) -> Distribution:
    """Normal with this mean and standard deviation. Sampling raises DescriptionError if the deviation is negative."""
    return Normal(mean, deviation)


@initializer(also=("xavier_uniform",), meant={"xavier": UNIFORM, "glorot": UNIFORM})
def glorot_uniform(inputs: Expression, units: Expression) -> Distribution:
    """Uniform between ±√(6 / (inputs + units)); suits tanh. Also called Xavier.

    Source: Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, eq. 16.
    """
    return _between(p.sqrt(6 / (inputs + units)))


@initializer(also=("xavier_normal",), meant={"xavier": NORMAL, "glorot": NORMAL})
def glorot_normal(inputs: Expression, units: Expression) -> Distribution:
    """Normal with mean 0 and standard deviation √(2 / (inputs + units)); suits tanh. Also called Xavier.

    Source: Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, eq. 12.
    """
    return Normal(0, p.sqrt(2 / (inputs + units)))


@initializer(also=("kaiming_uniform",), meant={"he": UNIFORM, "kaiming": UNIFORM})
def he_uniform(inputs: Expression, units: Expression) -> Distribution:
    """Uniform between ±√(6 / inputs); suits ReLU. Also called Kaiming.

    Source: He, Zhang, Ren & Sun (2015), Delving deep into rectifiers, eq. 10.
    """
    return _between(p.sqrt(6 / inputs))


@initializer(also=("kaiming_normal",), meant={"he": NORMAL, "kaiming": NORMAL})
def he_normal(inputs: Expression, units: Expression) -> Distribution:
    """Normal with mean 0 and standard deviation √(2 / inputs); suits ReLU. Also called Kaiming.

    Source: He, Zhang, Ren & Sun (2015), Delving deep into rectifiers, eq. 10.
    """
    return Normal(0, p.sqrt(2 / inputs))


@initializer(meant={"lecun": UNIFORM})
def lecun_uniform(inputs: Expression, units: Expression) -> Distribution:
    """Uniform between ±√(3 / inputs), so that the variance is 1 / inputs; suits SELU.

    Source: LeCun, Bottou, Orr & Müller (1998), Efficient BackProp, eq. 16.
    """
    return _between(p.sqrt(3 / inputs))


@initializer(meant={"lecun": NORMAL})
def lecun_normal(inputs: Expression, units: Expression) -> Distribution:
    """Normal with mean 0 and standard deviation √(1 / inputs); suits SELU.

    Source: LeCun, Bottou, Orr & Müller (1998), Efficient BackProp, eq. 16.
    """
    return Normal(0, p.sqrt(1 / inputs))


@initializer
def orthogonal(inputs: Expression, units: Expression, *, gain: float = 1.0) -> Distribution:
    """A random matrix whose columns (or rows, where there are fewer) are perpendicular and of length `gain`.

    Source: Saxe, McClelland & Ganguli (2014), Exact solutions to the nonlinear dynamics of learning in deep linear neural networks.
    """
    return Orthogonal(gain)


def _between(bound: Expression) -> Distribution:
    return Uniform(-bound, bound)
