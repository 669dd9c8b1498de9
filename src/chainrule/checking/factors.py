"""Fitted factors: how many times the true value somebody's is, probe by probe, and what that number is made of."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import FrozenValue, replace

REACH = {"twos": 3, "rows": 4, "outputs": 2, "inputs": 1, "units": 1}
"""How large the exponents of a factor are sought: 2³, N⁴, k², and a layer's inputs and units."""

WEIGHTS = (1.0, 1.0, 1.5, 2.5, 2.6)
"""How unlikely a unit of each exponent is; of two readings of a factor the likelier one is taken."""


class FactorSizes(FrozenValue):
    """What a factor may be made of at one layer of one probe: numbers of samples, outputs, the layer's inputs and units; the rate."""

    rows: int
    outputs: int
    inputs: int
    units: int
    rate: float = 1.0


class Factor(FrozenValue):
    """± 2^twos · N^rows · k^outputs · inputs^inputs · units^units · η^rates · constant."""

    sign: int = 1
    twos: int = 0
    rows: int = 0
    outputs: int = 0
    inputs: int = 0
    units: int = 0
    constant: float = 1.0
    rates: int = 0

    @property
    def plain(self) -> bool:
        """Is it 1?"""
        return self == Factor()

    @property
    def parts(self) -> int:
        """How many things are wrong with it, where it should be 1."""
        powers = (self.twos, self.rows, self.outputs, self.inputs, self.units, self.rates)
        return (self.sign < 0) + sum(map(bool, powers)) + (self.constant != 1)

    def __mul__(self, other: Factor) -> Factor:
        return self._with(other, 1)

    def __truediv__(self, other: Factor) -> Factor:
        return self._with(other, -1)

    def _with(self, other: Factor, power: int) -> Factor:
        constant = self.constant * other.constant**power
        return Factor(
            self.sign * other.sign,
            self.twos + power * other.twos,
            self.rows + power * other.rows,
            self.outputs + power * other.outputs,
            self.inputs + power * other.inputs,
            self.units + power * other.units,
            1.0 if math.isclose(constant, 1, rel_tol=1e-6) else constant,
            self.rates + power * other.rates,
        )

    def at(self, extent: FactorSizes) -> float:
        """Its value at a layer of a probe."""
        return float(
            self.sign
            * 2.0**self.twos
            * float(extent.rows) ** self.rows
            * float(extent.outputs) ** self.outputs
            * float(extent.inputs) ** self.inputs
            * float(extent.units) ** self.units
            * float(extent.rate) ** self.rates
            * self.constant
        )

    def __str__(self) -> str:
        """As it stands in a sentence: −2/N."""
        letters = {"2": self.twos, "N": self.rows, "k": self.outputs, "n": self.inputs, "m": self.units, "η": self.rates}
        above = [_power(letter, power) for letter, power in letters.items() if power > 0]
        below = [_power(letter, -power) for letter, power in letters.items() if power < 0]
        if self.constant != 1:
            above.insert(0, f"{self.constant:.6g}")
        upper, lower = "·".join(above) or "1", "·".join(below)
        text = f"{upper}/{lower}" if len(below) == 1 else f"{upper}/({lower})" if below else upper
        return f"−{text}" if self.sign < 0 else text


def _power(letter: str, power: int) -> str:
    if letter == "2":
        return str(2**power)
    return letter if power == 1 else f"{letter}{str(power).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


@cache
def _exponents() -> Array:
    """Every combination of exponents, the likeliest first."""
    every = np.array(list(itertools.product(*(range(-reach, reach + 1) for reach in REACH.values()))), dtype=float)
    cost = np.abs(every) @ np.array(WEIGHTS)
    return np.asarray(every[np.argsort(cost, kind="stable")])


def read_factor(numbers: Sequence[float], extents: Sequence[FactorSizes], *, exact_to: float = 1e-7) -> Factor | None:
    """What a factor is made of that has these values at these layers of the probes; None if that changes without a rule."""
    values = np.asarray(numbers, dtype=float)
    if not len(values) or not np.isfinite(values).all() or (values == 0).any() or len(set(np.sign(values))) > 1:
        return None
    sign = int(np.sign(values[0]))
    sizes = np.log([[2, one.rows, one.outputs, one.inputs, one.units] for one in extents])
    every = _exponents()
    far = np.abs(every @ sizes.T - np.log(np.abs(values)))
    near = np.flatnonzero((far < exact_to).all(axis=1))
    if len(near):
        return Factor(sign, *map(int, every[near[0]]))
    rates = np.array([one.rate for one in extents])
    several = np.array([float(one.rows) for one in extents])
    for rows, power in itertools.product((0, 1, -1), (0, -1, 1) if np.ptp(rates) else (0,)):
        left = np.abs(values) / rates**power / several**rows
        constant = float(left.mean())
        if np.allclose(left, constant, rtol=exact_to, atol=0):
            constant = 1.0 if math.isclose(constant, 1, rel_tol=exact_to) else constant
            return Factor(sign, rows=rows, constant=constant, rates=power)
        if power and not rows and len(near := np.flatnonzero((np.abs(every @ sizes.T - np.log(left)) < exact_to).all(axis=1))):
            return replace(Factor(sign, *map(int, every[near[0]])), rates=power)
    return None
