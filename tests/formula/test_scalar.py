"""One number at a time: every element of every quantity, and every gradient as the sum over its paths."""

import math
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engines.test_engines import optimizer_for
from tests.samples import examples
from tests.twins import case, close, everything

from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, Name, named, order, variable
from chainrule.formula.scalar import Element, Scalars
from chainrule.network.definitions import Bound, find
from chainrule.steps.step import Step


class Reader:
    """Evaluates scalar formulas with the numbers of a step."""

    def __init__(self, step: Step) -> None:
        self.step, self.scalars = step, Scalars({"batch": len(step.x)})

    def number(self, element: Element) -> float:
        return float(self.step.values[str(element.quantity.name)][element.index])

    def value(self, formula: Expression) -> float:
        letters = [node for node in order(formula) if node.name is not None]
        bindings = {letter: np.asarray(self.number(self.scalars.element(letter))) for letter in letters}
        return float(evaluate([formula], bindings)[formula])

    def elements(self, quantity: Expression) -> list[Element]:
        return [Element(quantity, index) for index in np.ndindex(*self.scalars.shape(quantity))]


def quantities(step: Step) -> list[Expression]:
    """Everything that has a name and is computed: forward, backward, update."""
    derivation = step.network.derivation
    return [n for n in order(derivation.error, *derivation.gradients, *step.update.roots) if n.primitive.name == "named"]


def agrees(step: Step) -> None:
    reader = Reader(step)
    for quantity in quantities(step):
        read = [reader.value(reader.scalars.definition(element)) for element in reader.elements(quantity)]
        close(np.reshape(read, reader.scalars.shape(quantity)), step.values[str(quantity.name)], 1e-12)


@pytest.mark.parametrize("bound", [pytest.param(bound, id=str(bound)) for bound in everything("activation", "loss")])
def test_every_element_of_every_quantity(bound: Bound) -> None:
    found = case(2, **{bound.definition.kind: bound}, sizes=[2, 3, 2], rows=2, regularizer="l2")
    agrees(found.step("sgd"))


@examples(25)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_element_of_every_update(seed: int) -> None:
    found = case(seed, sizes=[2, 2, 2], rows=seed % 3 + 1, regularizer=[None, "l1", "elastic_net"][seed % 3], weighted=seed % 2 == 0)
    agrees(found.step(optimizer_for(seed)))


def paths(reader: Reader, top: Element, bottom: Element) -> Iterator[list[Element]]:
    """Every way from E down to a weight."""
    if top == bottom:
        yield [top]
        return
    for parent in reader.scalars.parents(top):
        for path in paths(reader, parent, bottom):
            yield [top, *path]


@pytest.mark.parametrize("seed", range(6))
def test_derivatives_multiplied_along_all_paths_and_summed_are_the_gradient(seed: int) -> None:
    found = case(seed, sizes=[2, 2, 2], rows=2, regularizer=[None, "l2"][seed % 2], weighted=seed == 3)
    step = found.step()
    reader, derivation = Reader(step), step.network.derivation

    @cache
    def slope(of: Element, by: Element) -> float:
        return reader.value(reader.scalars.derivative(of, by))

    for parameter in derivation.parameters:
        ways = [paths(reader, Element(derivation.error, ()), weight) for weight in reader.elements(parameter)]
        sums = [sum(math.prod(slope(a, b) for a, b in pairwise(path)) for path in some) for some in ways]
        close(np.reshape(sums, reader.scalars.shape(parameter)), step.gradients[str(parameter.name)], 1e-12)


@pytest.mark.parametrize("bound", [pytest.param(bound, id=str(bound)) for bound in everything("activation", "loss")])
def test_the_recursive_form_is_the_gradient(bound: Bound) -> None:
    """∂E/∂a = Σ ∂E/∂b · ∂b/∂a over the neighbours b above a: the same without walking every path."""
    found = case(4, **{bound.definition.kind: bound}, sizes=[2, 3, 3, 2], rows=2)
    step = found.step()
    reader, derivation = Reader(step), step.network.derivation
    slopes: dict[Element, float] = {Element(derivation.error, ()): 1.0}
    for quantity in reversed([*derivation.parameters, *derivation.quantities, derivation.error]):
        for element in reader.elements(quantity) if quantity not in derivation.parameters else ():
            for parent in reader.scalars.parents(element):
                local = reader.value(reader.scalars.derivative(element, parent))
                slopes[parent] = slopes.get(parent, 0.0) + slopes.get(element, 0.0) * local
    largest = max(np.abs(gradient).max() for gradient in step.gradients.values())  # what cancels on the way leaves its rounding
    for parameter in derivation.parameters:
        for element in reader.elements(parameter):
            assert slopes.get(element, 0.0) == pytest.approx(step.gradients[str(parameter.name)][element.index], abs=1e-12 * largest)


def test_the_letters_of_the_seed() -> None:
    from chainrule.network.examples import example
    from chainrule.steps.problem import problem_from

    step = problem_from(example("seed")).step()
    reader, derivation = Reader(step), step.network.derivation
    h1, W1, W2 = (derivation.named[key] for key in ("h1", "W1", "W2"))
    y = derivation.prediction

    assert (Element(W1, (1, 0)).key, Element(W1, (1, 0)).name.key) == ("W1", "W1[2,1]")
    assert repr(reader.scalars.definition(Element(h1, (0, 0)))) == "x1 · W⁽¹⁾[1,1] + x2 · W⁽¹⁾[2,1]"
    assert reader.value(reader.scalars.derivative(Element(h1, (0, 0)), Element(W1, (1, 0)))) == 12.0
    assert reader.value(reader.scalars.derivative(Element(y, (0, 0)), Element(W2, (1, 0)))) == pytest.approx(1.76, rel=1e-12)
    assert len(list(paths(reader, Element(derivation.error, ()), Element(W1, (0, 0))))) == 1


def test_only_what_is_asked_for_is_written_out() -> None:
    found = case(1, sizes=[200, 100, 10], activation=find("activation", "tanh"), rows=3)
    reader = Reader(found.step())
    z1 = found.network.derivation.named["z1"]
    formula = reader.scalars.definition(Element(z1, (2, 7)))
    assert len(order(formula)) < 5 * 200
    assert len(reader.scalars._letters) <= 201 + 200


def test_a_copy_is_a_step_of_the_way_and_known_numbers_stay_known() -> None:
    a, ones = variable(Name("a"), (2,)), variable(Name("o"), (2,))
    b = named(Name("b"), a * ones)
    copy = named(Name("c"), b)
    scalars = Scalars({}, known={ones: {(0,): 1, (1,): 1}})
    assert scalars.parents(Element(copy, (1,))) == [Element(b, (1,))]
    assert scalars.derivative(Element(copy, (1,)), Element(b, (1,))).constant == 1
    assert scalars.derivative(Element(b, (1,)), Element(a, (1,))).constant == 1
    assert scalars.derivative(Element(b, (1,)), Element(a, (0,))).constant == 0
