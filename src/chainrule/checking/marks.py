"""Marks for each quantity, with errors carried forward: is it right, and does it follow from what was given before it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen
from chainrule.checking.evidence import Observation
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, definition
from chainrule.network.network import Network
from chainrule.steps.problem import Problem


class QuantityMark(Frozen):
    """What a quantity that somebody gave is worth.

    key       of the quantity
    right     whether it is the true value
    follows   whether it follows from what was given before it, though that may be wrong
    expected  the true value; wanted: what follows from what was given before it; found: what was given
    """

    key: str
    right: bool
    follows: bool
    expected: Array
    wanted: Array
    found: Array

    @property
    def mark(self) -> int:
        """1 where it is right or follows from what was given, 0 otherwise: an error is counted once."""
        return int(self.right or self.follows)


class Paper(Frozen):
    """A calculation as it is done on paper: the quantities of a network and of its back-propagation, in the order of computation.

    problem  the network with its rows
    """

    problem: Problem

    @property
    def network(self) -> Network:
        """What is computed."""
        return self.problem.network

    @property
    def quantities(self) -> list[Expression]:
        """Everything with a name, in the order of computation: z1, h1 … E, ∂E/∂y …, ∂E/∂b1."""
        derivation = self.network.derivation
        return [*dict.fromkeys((*derivation.passed, *derivation.backward))]

    def value(self, quantity: Expression, given: Mapping[str, Array]) -> Array:
        """What a quantity is by its own formula, with the numbers that were given for those in it, and the true ones for the others."""
        derivation = self.network.derivation
        known = {**self.network.bindings(), **self.network.split(self.problem.x, self.problem.t)}
        known |= {node: given[key] for key, node in derivation.named.items() if key in given and node is not quantity}
        return np.asarray(evaluate([definition(quantity)], known)[definition(quantity)])

    def true(self) -> dict[str, Array]:
        """Every quantity as it is."""
        found: dict[str, Array] = {}
        for quantity in self.quantities:
            found[quantity.key if quantity.name is None else str(quantity.name)] = self.value(quantity, {})
        return found

    def mark(
        self, quantity: Expression, found: Array, given: Mapping[str, Array], rounded_to: float = 0.0, exact_to: float = 1e-9
    ) -> QuantityMark:
        """Whether a number, or an array, is right, or follows from what was given before it; rounded as it is."""
        expected, wanted = self.value(quantity, {}), self.value(quantity, given)
        # A person rounds what goes in, too: their last digit may be off by one.
        allowed = max(rounded_to * 1.5, exact_to * float(np.abs(wanted).max(initial=0.0)), 1e-14)
        right, follows = (one.shape == found.shape and bool(np.all(np.abs(found - one) <= allowed)) for one in (expected, wanted))
        return QuantityMark(str(quantity.name), right, follows, expected, wanted, found)


def marked(observation: Observation) -> list[QuantityMark]:
    """A mark for each quantity that was given, in the order of computation."""
    paper, given, marks = Paper(observation.problem), dict[str, Array](), list[QuantityMark]()
    for quantity in paper.quantities:
        key = str(quantity.name)
        if key not in observation.quantities:
            continue
        found = np.asarray(observation.quantities[key], dtype=float)
        if found.size == np.prod(paper.value(quantity, {}).shape, dtype=int):
            found = found.reshape(paper.value(quantity, {}).shape)
        marks.append(paper.mark(quantity, found, given, observation.rounded_to, observation.exact_to))
        if found.shape == marks[-1].expected.shape:
            given[key] = found
    return marks


def marks_reached(marks: Sequence[QuantityMark]) -> tuple[int, int]:
    """Marks reached, and marks there are."""
    return sum(mark.mark for mark in marks), len(marks)


def digits_of(text: str) -> Iterator[float]:
    """By how much each number of a text may be rounded: half a unit of its last digit.

    >>> list(digits_of("0.25 1.2e-3 12"))
    [0.005, 5e-05, 0.5]
    """
    for number in text.replace(",", " ").replace(";", " ").split():
        mantissa, _, exponent = number.lower().partition("e")
        places = len(mantissa.partition(".")[2])
        yield 0.5 * 10.0 ** (int(exponent or 0) - places)
