"""The diseases of a training: a row each, with its criterion, its threshold, where that comes from, and what it cannot tell.

A criterion is a function of a `Case`; it gives the numbers that show the disease, or None. These are the only criteria there are: what
`explain` says of a step, what `train` ends with and what `doctor` diagnoses are read off this table.

Most thresholds come from an experiment with 56 networks that were made sick and 8 healthy ones ("measured"), which they told apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, FrozenValue
from chainrule.diagnosis.case import Case
from chainrule.document.words import Words
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Name, variable
from chainrule.network.definitions import Bound
from chainrule.network.layers import Layer
from chainrule.network.network import Network
from chainrule.network.wiring import Extent

FindingValue: TypeAlias = "float | int | str"
Finds: TypeAlias = Callable[[Case], "Mapping[str, FindingValue] | None"]

BLANK = "\N{NO-BREAK SPACE}"
"""Lines are not cut at it."""

FEWEST_FOR_DATA = 30
"""Rows of which something can be said."""

MEASURED = "measured: 56 sick networks found, 8 healthy ones silent"


class Finding(FrozenValue):
    """A disease that was found.

    key      which, as in `CRITERIA`
    numbers  what shows it, and where it shows first; the places of its text
    """

    key: str
    numbers: Mapping[str, FindingValue] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The key of its sentence in the catalogue of words."""
        how = self.numbers.get("how")
        return f"doctor.{self.key}.{how}" if how else f"doctor.{self.key}"


def sentence(words: Words, finding: Finding) -> str:
    """What a finding says, with its numbers; and when it is so, where that is not at the start."""
    numbers = number_texts(words, finding.numbers)
    said, when = words.plain(finding.text, **numbers), finding.numbers.get("when")
    return words.plain(f"doctor.when.{when}", said=said, **numbers) if when else said


def number_texts(words: Words, values: Mapping[str, FindingValue]) -> dict[str, FindingValue]:
    """What stands in the places of a text: numbers with three digits and the decimal sign of the language."""
    return {name: words.decimal(number_words(value)) if isinstance(value, float) else value for name, value in values.items()}


def number_words(value: float) -> str:
    """A number with three digits, as it stands in a sentence.

    >>> number_words(0.0312), number_words(288000.0), number_words(2.4e-13).replace(BLANK, " ")
    ('0.0312', '288000', '2.4 · 10^−13')
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    rounded = float(f"{value:.3g}")
    if rounded == 0 or 1e-4 <= abs(rounded) < 1e7:
        return f"{rounded:.10g}".replace("-", "−")
    return power_of_ten(f"{rounded:.2e}", BLANK)


def power_of_ten(number: str, blank: str = " ") -> str:
    """A number as Python writes it, 2.40e-13, as documents do: 2.4 · 10^−13; 10^−6 where it is a power of ten itself.

    >>> power_of_ten("2.40e-13"), power_of_ten("1e-06"), power_of_ten("-1e+20")
    ('2.4 · 10^−13', '10^−6', '−10^20')
    """
    mantissa, exponent = number.split("e")
    factor = {"1": "", "-1": "-"}.get(digits := f"{float(mantissa):g}", f"{digits}{blank}·{blank}")
    return f"{factor}10^{int(exponent)}".replace("-", "−")


class Criterion(Frozen):
    """A row of the table.

    key        of the disease
    finds      the numbers that show it in a case; None where it is not there
    threshold  from which on, in words
    source     where the threshold comes from
    blind      what it cannot tell
    after      diseases of which this may be an effect: where one of them is found, this is told below it
    of_data    whether it concerns the rows, whatever network learns from them
    """

    key: str
    finds: Finds
    threshold: str
    source: str
    blind: str
    after: tuple[str, ...] = ()
    of_data: bool = False


CRITERIA: dict[str, Criterion] = {}
"""The table, causes before their effects, and what is most likely first."""


def criterion(threshold: str, source: str, blind: str, after: tuple[str, ...] = (), *, of_data: bool = False) -> Callable[[Finds], Finds]:
    """Adds a row to the table; its key is the name of the function."""

    def add(finds: Finds) -> Finds:
        CRITERIA[finds.__name__] = Criterion(finds.__name__, finds, threshold, source, blind, after, of_data)
        return finds

    return add


def found(case: Case, *keys: str) -> Iterator[Finding]:
    """The diseases of a case, in the order of the table; only these, if any are named."""
    for key, row in load_criteria(*keys).items():
        if not keys or key in keys:
            with np.errstate(all="ignore"):
                numbers = row.finds(case)
            if numbers is not None:
                yield Finding(key, numbers)


def load_criteria(*keys: str) -> Mapping[str, Criterion]:
    """The whole table, or as much of it as holds these keys: the modules of criteria add their rows when they are imported."""
    for module in ("network_criteria", "row_criteria", "result_criteria"):
        if not keys or not CRITERIA.keys() >= set(keys):
            import_module(f"chainrule.diagnosis.{module}")
    return CRITERIA


# What criteria have in common


MOST_RMS, MOST_RATIO, MOST_MEAN = 10.0, 30.0, 10.0
"""Inputs are unscaled from here on: the root of the mean square, the ratio of two columns' deviations, a mean in deviations."""

FEW_VALUES = 2
"""Columns of so few different values, as those of categories, have the deviation that they have."""


class ColumnScales(FrozenValue):
    """How numbers lie: per column their mean, deviation and root of the mean square, and whether they take more than two values."""

    mean: Array
    deviation: Array
    rms: Array
    many: Array

    @staticmethod
    def of(x: Array) -> ColumnScales:
        """Of the columns of an array."""
        x = np.asarray(x, dtype=float)
        several = np.count_nonzero(np.diff(np.sort(x, axis=0), axis=0), axis=0) >= FEW_VALUES  # without np.unique, which takes long to load
        return ColumnScales(x.mean(axis=0), x.std(axis=0), np.sqrt((x**2).mean(axis=0)), several | (len(x) <= FEW_VALUES))

    @staticmethod
    def of_inputs(network: Network, x: Array) -> ColumnScales:
        """Of the inputs of a network: numbers that have one scale are one column; those of tokens have mean and deviation 0."""
        if not any(isinstance(size, Extent) for size in network.wiring.inputs.values()):
            return ColumnScales.of(x)
        whole = ColumnScales(np.zeros(x.shape[1]), np.zeros(x.shape[1]), np.zeros(x.shape[1]), np.zeros(x.shape[1], dtype=bool))
        for places in scaled_alike(network):
            own = ColumnScales.of(x[:, places].reshape(-1, 1))
            for name in ("mean", "deviation", "rms", "many"):
                getattr(whole, name)[places] = getattr(own, name)
        return whole


def scaled_alike(network: Network) -> Iterator[slice]:
    """Columns of x that one mean and one deviation are for: each by itself; each channel of an image or a sequence; none of tokens.

    A pixel at the border of an image hardly varies, and is meant to weigh less than one in its middle.
    """
    start = 0
    for size in network.wiring.inputs.values():
        apart = size.shape[-1] if isinstance(size, Extent) else size
        if not (isinstance(size, Extent) and size.vocabulary):
            yield from (slice(start + place, start + size, apart) for place in range(apart))
        start += size


def column_name(names: Any, place: int, letter: str) -> str:
    """What a column is called: by its name, or x3."""
    return str(names[place]) if place < len(names) and names[place] else f"{letter}{place + 1}"


def layer_name(case: Case, number: int) -> str:
    """What a layer is called: hidden1, output."""
    names = case.network.layer_names
    return names[number - 1] if 0 < number <= len(names) else f"{number}"


def outputs_of(network: Network) -> Iterator[tuple[Layer, Bound, slice]]:
    """The last layer of each output that has targets, its loss, and the columns of t that belong to it."""
    start = 0
    for (name, size), goal in zip(network.output_sizes.items(), network.goals.values(), strict=True):
        if not goal.loss.definition.has_target:
            continue
        layer = next((layer for layer in network.layers if network.output_of(layer) == name), None)
        if layer is not None and layer.activation is not None:
            yield layer, goal.loss, slice(start, start + size)
        start += size


def is_one_hot(t: Array) -> bool:
    """Is every row a class: one 1, and 0 elsewhere?"""
    return t.shape[1] > 1 and bool(np.isin(t, (0, 1)).all() and (t.sum(axis=1) == 1).all())


def is_binary(t: Array) -> bool:
    """Is it one column of 0 and 1, both of which occur?"""
    zero, one = t == 0, t == 1
    return bool(t.shape[1] == 1 and (zero | one).all() and zero.any() and one.any())


def value_range(activation: Bound) -> tuple[float, float]:
    """The least and the largest value of an activation, ±∞ where it has no end: as declared, or as numbers from −10⁶ to 10⁶ show."""
    if activation.parts != (activation,):  # one for each unit
        lows, highs = zip(*map(value_range, activation.parts), strict=True)
        return min(lows), max(highs)
    declared = {"probabilities": (0.0, 1.0), "distribution": (0.0, 1.0), "signs": (-1.0, 1.0)}
    if activation.definition.gives in declared:
        return declared[activation.definition.gives]
    z = variable(Name("z"), ("places", 1))
    h = activation.apply(z)
    places = np.concatenate([[-1e6, -1e3], np.linspace(-20, 20, 801), [1e3, 1e6]]).reshape(-1, 1)
    values = evaluate([h], {z: places})[h].ravel()
    outer = [
        last for last, before in ((values[0], values[1]), (values[-1], values[-2])) if not abs(last - before) <= 0.01 * max(1, abs(before))
    ]
    low = -math.inf if any(end < 0 for end in outer) else float(np.nanmin(values))
    high = math.inf if any(not end < 0 for end in outer) else float(np.nanmax(values))
    return low, high


MOST_OUTSIDE = 0.01
"""The share of the targets that an output may be unable to give."""


def targets_outside(network: Network, t: Array) -> tuple[Layer, slice, Array] | None:
    """The first output that cannot give its targets, whatever the weights: its last layer, its columns of t, which of these are outside."""
    for layer, _, columns in outputs_of(network):
        assert layer.activation is not None
        low, high = value_range(layer.activation)
        room = 1e-6 * max(1.0, *(abs(end) for end in (low, high) if math.isfinite(end)), 0.0)
        outside = (t[:, columns] < low - room) | (t[:, columns] > high + room)
        if outside.mean() > MOST_OUTSIDE:
            return layer, columns, outside
    return None
