"""Single weights by the names that people give them.

w14                       the fourteenth weight, counted unit by unit
w1,4                      from unit 1 to unit 4, the inputs and then the units counted through; w0,4 is the bias of unit 4
b2⁽¹⁾, b1[2]              the bias of unit 2 of layer 1; b3, counted through, where no vector of another layer is called so
W1[2,3], hidden1.W[2,3]   from input 2 to unit 3 of a layer
"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from chainrule.base.errors import InputError
from chainrule.formula.expression import Expression, definition
from chainrule.formula.scalar import Element, Index, Scalars
from chainrule.notation.labels import Labels

if TYPE_CHECKING:
    from chainrule.network.network import Network


THRESHOLDS = "theta"
"""The symbol of thresholds."""


def cells(network: Network, names: Sequence[str], what: str) -> dict[str, frozenset[Index]]:
    """The elements of parameters that a list of names means, by the key of the parameter: W1 is all of them. Raises InputError.

    what  the list's own name
    """
    found: dict[str, set[Index]] = {}
    for name in names:
        if name in network.shapes:
            shape = network.shapes[name]
            found.setdefault(name, set()).update(itertools.product(*map(range, shape)))
            continue
        try:
            element = find_element(network, name)
        except InputError as error:
            error.args = (f"{what}: {error}",)
            raise
        found.setdefault(element.key, set()).add(element.index)
    return {key: frozenset(indices) for key, indices in found.items()}


def parameters(network: Network) -> tuple[Expression, ...]:
    """What a network learns, in its order."""
    return tuple(one.variable for one in network.forward.parameters)


def _shape(parameter: Expression) -> tuple[int, ...]:
    return tuple(map(int, parameter.shape))


def _text(network: Network, element: Element) -> str:
    """As the network's notation writes it."""
    from chainrule.notation.text import formula_text

    return formula_text(
        Labels(parameters(network), (*network.forward.inputs, *network.forward.quantities), network.notation).label(element.name)
    )


MOST_PLACES = 5
"""Numbers in a name that are looked at: those of a place in a kernel, of its unit and of its layer."""

TENSORS = {"weight": "W", "bias": "b"}
"""What PyTorch calls the parameters of a layer."""


def find_element(network: Network, wanted: str) -> Element:
    """The weight that a person means. Raises InputError where there is none, and where it may be one of two."""
    plain = _plain(wanted)
    printed = _as_printed(network, plain)
    if printed is not None:
        return printed
    if between := re.fullmatch(r"w\[?(\d{1,9}),(\d{1,9})\]?", plain):
        return _between(network, int(between[1]), int(between[2]))
    counted = re.fullmatch(rf"(w|b|{THRESHOLDS})(\d{{1,9}})", plain.replace("θ", THRESHOLDS))
    if counted:
        return _by_number(network, counted[1], int(counted[2]))
    spelled = wanted.strip().replace("θ", THRESHOLDS)
    full = re.fullmatch(r"(?:([\w.]+)\.)?([A-Za-z_]+?)(\d{0,9})(?:\[(\d{1,9}(?:,\s*\d{1,9})*)\])?", spelled)
    if not full:
        raise InputError(
            f"'{wanted[:40]}' names no weight. Write w1 (numbered), b1[2] (unit 2 of layer 1), W1[2,3] (input 2 to unit 3) or w1,4 (from "
            "unit 1 to unit 4)."
        )
    layer_word, kind, number, places = full.groups()
    kind = TENSORS.get(kind, kind) if layer_word else kind
    return _by_place(
        network, wanted, kind, _layer(network, wanted, layer_word, number), [int(place) for place in (places or "").split(",") if place]
    )


def _as_printed(network: Network, plain: str) -> Element | None:
    """The element that is written so in an explanation."""
    numbers = [int(number) for number in re.findall(r"\d{1,9}", plain)[:MOST_PLACES]]
    numbered = _counted(_of_kind(network, "w"), numbers[0]) if numbers else None
    candidates = [numbered] if numbered else []
    for parameter in parameters(network):
        shape = _shape(parameter)
        for places in itertools.permutations(numbers, len(shape)):
            if all(1 <= place <= extent for place, extent in zip(places, shape, strict=True)):
                candidates.append(Element(parameter, tuple(place - 1 for place in places)))
    for element in candidates:
        written = _plain(_text(network, element))
        if plain in (written, re.sub(r"[\[\]]", "", written)):
            return element
    return None


def _plain(written: str) -> str:
    """A name without what only says where its figures stand, the layer last: b2⁽¹⁾ and b^{(1)}_2 are b2(1)."""
    flat = re.sub(r"[\s_^{}]", "", unicodedata.normalize("NFKC", written))
    return re.sub(r"(\(\d+\))(.*)", r"\2\1", flat)


def _of_kind(network: Network, kind: str) -> list[Expression]:
    """The matrices, for w, the biases, for b, or the thresholds."""
    kinds = {one: "w" if len(one.shape) > 1 else THRESHOLDS if one.symbol == THRESHOLDS else "b" for one in parameters(network)}
    return [parameter for parameter, own in kinds.items() if own == kind]


def _counted(alike: Sequence[Expression], number: int) -> Element | None:
    """The element of that number where they are counted through: unit by unit, in the order of the inputs."""
    for parameter in alike:
        shape = _shape(parameter)
        if 1 <= number <= math.prod(shape):
            return Element(parameter, tuple(map(int, np.unravel_index(number - 1, shape, order="F"))))
        number -= math.prod(shape)
    return None


def _by_number(network: Network, kind: str, number: int) -> Element:
    """The weight, or the bias, of that number. Raises InputError where there is none, or where the vector of another layer is called so."""
    alike = _of_kind(network, kind)
    found = _counted(alike, number)
    vector = next((parameter for parameter in alike if parameter.key == f"{kind}{number}" and parameter.shape), None)
    if vector is None or (found is not None and found.quantity is vector):
        if found is None:
            raise InputError(f"there is no {kind}{number}: {_known(network, kind, alike)}.{_from_unit_to_unit(network, kind, number)}")
        return found
    own = [Element(vector, (unit,)) for unit in range(*_shape(vector))]
    if found is None and len(own) == 1:
        return own[0]
    parts = own[0].name.key + (f" to {own[-1].name.key}" if len(own) > 1 else "")
    what = "threshold" if kind == THRESHOLDS else "bias"
    counted = f", and the {what} number {number} of all, {typed_name(found)}" if found is not None else ""
    raise InputError(f"{vector.key} is the vector of layer {number}, {parts}{counted}: write which one you mean, as {own[0].name.key}.")


def _known(network: Network, kind: str, alike: Sequence[Expression]) -> str:
    if not alike:
        return "this network has none" + ("; «--weights-as thresholds» makes thresholds of its biases" if kind == THRESHOLDS else "")
    last = Element(alike[-1], tuple(extent - 1 for extent in _shape(alike[-1])))
    count = sum(math.prod(_shape(parameter)) for parameter in alike)
    return f"this network has {kind}1 to {kind}{count}" + (f", the last of which is {typed_name(last)}" if kind != "w" else "")


def typed_name(element: Element) -> str:
    """As it can be typed: b1[2]; one that is alone in its parameter by that."""
    return element.name.key if element.index else element.key


def _from_unit_to_unit(network: Network, kind: str, number: int) -> str:
    """What else such a number may mean: w14 the weight from unit 1 to unit 4, b4 the bias of unit 4."""
    digits = str(number)
    pairs = [(int(digits[:cut]), int(digits[cut:])) for cut in range(1, len(digits))] if kind == "w" else [(0, number)]
    meant = [f"w{source},{unit}" for source, unit in pairs if leading(network, source, unit)]
    if not meant:
        return _by_row_and_column(network, pairs) if kind == "w" else ""
    if kind == "w":
        return f" If {' or '.join(meant)} is meant, from unit to unit, write it with the comma."
    return f" If that of unit {number} is meant, inputs and units counted through, write {meant[0]}."


def _by_row_and_column(network: Network, pairs: Sequence[tuple[int, int]]) -> str:
    """Where the two figures of w12 may be those of a place in the first matrix: how that is written."""
    for matrix in [one for one in _of_kind(network, "w") if len(one.shape) == 2][:1]:
        for row, column in pairs:
            if min(row, column) >= 1 and max(row, column) <= min(_shape(matrix)):
                turned = f" or {matrix.key}[{column},{row}]" * (row != column)
                return f" A weight by its place is {matrix.key}[{row},{column}]{turned}: the input stands first, the unit second."
    return ""


def _layer(network: Network, wanted: str, word: str | None, number: str) -> int:
    names = {name: number for number, name in enumerate(network.layer_names, start=1)}
    if word is not None:
        if word not in names:
            raise InputError(f"'{wanted}': there is no layer {word}; this network has {', '.join(names)}.")
        return names[word]
    layer = int(number) if number else 0
    if not 1 <= layer <= len(network.layers):
        letter = "b" if wanted[:1] == "b" else "W"
        raise InputError(f"'{wanted}': say which layer, {letter}1 to {letter}{len(network.layers)} or {', '.join(names)}.")
    return layer


def _by_place(network: Network, wanted: str, kind: str, layer: int, index: list[int]) -> Element:
    found = [p for p in parameters(network) if p.symbol == kind and p.name and p.name.layer == layer]
    if not found:
        raise InputError(f"'{wanted}': the {network.layer_names[layer - 1]} layer has no {kind}.")
    shape = _shape(found[0])
    if len(index) != len(shape) or not all(1 <= i <= extent for i, extent in zip(index, shape, strict=True)):
        wording = "inputs and units" if len(shape) > 1 else "units"
        limits = ",".join(map(str, shape))
        raise InputError(
            f"'{wanted}': {kind}{layer} has {' × '.join(map(str, shape))} {wording}, so its last element is {kind}{layer}[{limits}]."
        )
    return Element(found[0], tuple(i - 1 for i in index))


# From unit to unit


def units(network: Network) -> list[tuple[str, int, int]]:
    """How units are counted through: the inputs, then every layer; each with its first and its last number."""
    found, last = [], 0
    counted = list(network.wiring.inputs.items())
    counted += [(name, network.units(layer)) for name, layer in zip(network.layer_names, network.layers, strict=True)]
    for name, size in counted:
        found.append((name, last + 1, last + size))
        last += size
    return found


def _between(network: Network, source: int, target: int) -> Element:
    """The weight from one unit to another, or the bias of a unit. Raises InputError where there is none, or where there are two."""
    found = leading(network, source, target)
    if len(found) == 1:
        return found[0]
    if found:
        both = " and ".join(map(typed_name, found))
        raise InputError(f"w{source},{target} may be {both}, which both lead from unit {source} to unit {target}; write one of these.")
    counted = "; ".join(f"{name} {first}" if first == last else f"{name} {first} to {last}" for name, first, last in units(network))
    what = f"unit {target} has no bias" if source == 0 else f"no weight leads from unit {source} to unit {target}"
    raise InputError(f"there is no w{source},{target}: {what}. Units are counted through, the inputs first: {counted}.")


def leading(network: Network, source: int, target: int) -> list[Element]:
    """Every weight by which the signal of one unit is multiplied on its way into another; of source 0, what is added to that."""
    counted = enumerate(units(network)[len(network.wiring.inputs) :], start=1)
    number, unit = next(((number, target - first) for number, (_, first, last) in counted if first <= target <= last), (0, 0))
    if not number:
        return []
    reader = _Reader(network)
    own = [node for node in network.forward.quantities if node.name is not None and node.name.layer == number and len(node.shape) > 1]
    results = [network.forward.results[call.name] for call in network.wiring.calls_of(network.layers[number - 1])]
    found: dict[Element, None] = {}
    for quantity in dict.fromkeys((*own, *results)):
        found |= {weight: None for weight, sources in reader.weights(Element(quantity, (0, unit))) if source in sources}
    return list(found)


class _Reader:
    """Reads out of formulas which weights lead into a unit, and from where."""

    def __init__(self, network: Network) -> None:
        passed = network.forward
        self.scalars = Scalars({"batch": 1})
        self.parameters = {one.variable for one in passed.parameters}
        counted = units(network)
        self.first = {node: first for node, (_, first, _) in zip(passed.inputs, counted, strict=False)}
        for call in network.wiring.calls:
            if call.layer in passed.numbers:
                self.first[passed.results[call.name]] = counted[len(passed.inputs) + passed.numbers[call.layer] - 1][1]

    def weights(self, element: Element) -> list[tuple[Element, set[int]]]:
        """The weights in what a number is computed from, each with the units whose signals it is multiplied by; 0 of one that is added."""
        found: list[tuple[Element, set[int]]] = []

        def visit(node: Expression) -> None:
            if self.scalars.has(node):
                inner = self.scalars.element(node)
                if inner.quantity in self.parameters and len(inner.quantity.shape) < 2:
                    found.append((inner, {0}))
                return
            for place, argument in enumerate(node.arguments):
                multiplied = node.primitive.name == "multiply" and self.scalars.has(argument)
                if multiplied and self.scalars.element(argument).quantity in self.parameters:
                    found.append((self.scalars.element(argument), self._units(node.arguments[1 - place])))
                else:
                    visit(argument)

        visit(self.scalars(definition(element.quantity), element.index))
        return found

    def _units(self, signal: Expression) -> set[int]:
        """The units whose signals a formula is made of."""
        found: set[int] = set()
        pending, seen = [signal], set[Expression]()
        while pending:
            node = pending.pop()
            if node in seen:
                continue
            seen.add(node)
            if not self.scalars.has(node):
                pending += node.arguments
                continue
            inner = self.scalars.element(node)
            if inner.quantity in self.first:
                found.add(self.first[inner.quantity] + inner.index[-1])
            elif inner.quantity not in self.parameters and inner.quantity.name is not None and inner.quantity.name.layer is None:
                pending.append(self.scalars(definition(inner.quantity), inner.index))
        return found
