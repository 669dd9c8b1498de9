"""The same graph one number at a time: w1 … w6 in place of W1 and W2.

An element of an expression is found by the index notation of its primitives, (A B)ᵢⱼ = Σₖ Aᵢₖ Bₖⱼ, down to the elements of the
quantities that have names. Only what is asked for is written out, so the cost grows with what is shown, never with the network.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field

from chainrule.base.frozen import Frozen, FrozenValue
from chainrule.formula.backprop import local_derivatives
from chainrule.formula.expression import Dimension, Expression, Name, as_expression, definition, neighbours, variable
from chainrule.formula.primitives import unflat
from chainrule.formula.tidy import shared, tidy

Index = tuple[int, ...]


class Element(FrozenValue):
    """One number of a named quantity: h1[1,2] is `Element(h1, (0, 1))`, counted from 0.

    Of an image, (0, 5) is the sixth number of the first example, counted through its places, the last axis fastest.
    """

    quantity: Expression
    index: Index

    def __post_init__(self) -> None:
        """A place that is counted through becomes one of each axis."""
        shape = self.quantity.shape
        if len(self.index) == 2 < len(shape):
            vars(self)["index"] = (self.index[0], *unflat(self.index[1], tuple(map(int, shape[1:]))))

    @property
    def name(self) -> Name:
        """The name with its index."""
        return self.quantity.own_name.at(*self.index)

    @property
    def key(self) -> str:
        """The key of the whole array."""
        return self.quantity.key

    def __hash__(self) -> int:
        return hash((id(self.quantity), self.index))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Element) and other.quantity is self.quantity and other.index == self.index


class Scalars(Frozen):
    """Reads elements out of graphs, for one batch.

    sizes    the numbers behind symbolic sizes: {"batch": 1}
    named    quantities whose names a derivative may use: with y among them, σ(z) is written y
    known    elements that are plain numbers, as the ones and zeros of a seed
    absent   elements that are no letters but 0, by the key of their array: weights that are not there
    """

    sizes: Mapping[str, int]
    named: Sequence[Expression] = ()
    known: dict[Expression, Mapping[Index, int]] = field(default_factory=dict)
    absent: Mapping[str, Collection[Index]] = field(default_factory=dict)
    _written: dict[tuple[Expression, Index], Expression] = field(default_factory=dict)
    _letters: dict[tuple[Expression, Index], Expression] = field(default_factory=dict)
    _elements: dict[Expression, Element] = field(default_factory=dict)
    _definitions: dict[Element, Expression] = field(default_factory=dict)
    _parents: dict[Element, list[Element]] = field(default_factory=dict)
    _derivatives: dict[tuple[Expression, Expression], tuple[Expression, Expression]] = field(default_factory=dict)

    def size(self, dimension: Dimension) -> int:
        """The number behind a size."""
        return self.sizes[dimension] if isinstance(dimension, str) else dimension

    def shape(self, expression: Expression) -> tuple[int, ...]:
        """The shape of an array, in numbers."""
        return tuple(self.size(dimension) for dimension in expression.shape)

    def variable(self, element: Element) -> Expression:
        """The letter that stands for an element: always the same node for the same element."""
        return self(element.quantity, element.index)

    def element(self, letter: Expression) -> Element:
        """The element for which a letter stands."""
        return self._elements[letter]

    def has(self, letter: Expression) -> bool:
        """Does this letter stand for an element?"""
        return letter in self._elements

    def definition(self, element: Element) -> Expression:
        """What an element is computed from, in the letters of its neighbours: h1 = w1·x1 + w2·x2."""
        if element not in self._definitions:
            self._definitions[element] = tidy(self(definition(element.quantity), element.index))
        return self._definitions[element]

    def __call__(self, expression: Expression, index: Index) -> Expression:
        """One element of an expression."""
        key = (expression, index)
        if key not in self._written:
            self._written[key] = self._write(expression, index)
        return self._written[key]

    def _write(self, expression: Expression, index: Index) -> Expression:
        if expression in self.known:
            return as_expression(self.known[expression].get(index, 0))
        if definition(expression).primitive.name == "pattern":  # zeros and ones are no letters, whatever the whole is called
            return as_expression(0 if index in definition(expression).parameters["gaps"] else 1)
        if expression.name is not None:
            gone = bool(self.absent) and index in self.absent.get(expression.key, ())
            return as_expression(0) if gone else self._letter(expression, expression.name, index)
        if expression.primitive.name == "size":
            return as_expression(self.size(expression.parameters["dimension"]))
        if not expression.arguments and expression.primitive.element is None:
            return expression
        if expression.primitive.elementwise:
            arguments = (self(argument, index if argument.shape else ()) for argument in expression.arguments)
            return expression.primitive(*arguments, **expression.parameters)
        assert expression.primitive.element is not None, f"{expression.primitive.name} has no index notation"
        return expression.primitive.element(self, index, *expression.arguments, **expression.parameters)

    def _letter(self, quantity: Expression, name: Name, index: Index) -> Expression:
        key = (quantity, index)
        if key not in self._letters:
            self._letters[key] = variable(name.at(*index) if quantity.shape else name)
            self._elements[self._letters[key]] = Element(quantity, index)
        return self._letters[key]

    def parents(self, element: Element) -> list[Element]:
        """The elements in which the definition of an element is written."""
        if element not in self._parents:
            inner, own = self.definition(element), self.variable(element)
            letters = [inner] if inner in self._elements else neighbours(inner)  # a copy is written in the letter that it copies
            self._parents[element] = [self.element(letter) for letter in letters if letter in self._elements and letter is not own]
        return self._parents[element]

    def derivative(self, of: Element, by: Element) -> Expression:
        """∂of/∂by between neighbours, one factor of a chain: ∂h1/∂w1 = x1."""
        key = (of.quantity, by.quantity)
        if key not in self._derivatives:
            seed = variable(Name("g"), of.quantity.shape)
            carried = local_derivatives(of.quantity, [by.quantity], seed)[by.quantity]
            self._derivatives[key] = (seed, shared([carried], self.named)[0])
        seed, carried = self._derivatives[key]
        reader = Scalars(
            self.sizes, absent=self.absent, known={**self.known, seed: {of.index: 1}}, _letters=self._letters, _elements=self._elements
        )
        return tidy(reader(carried, by.index))
