"""Single weights by the names that people give them: w3, b2⁽¹⁾, W1[2,3], hidden1.W[2,3]."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chainrule.base.errors import InputError
from chainrule.formula.expression import Expression
from chainrule.formula.scalar import Element
from chainrule.notation.labels import Labels

if TYPE_CHECKING:
    from chainrule.network.network import Network


Index = tuple[int, ...]


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


def find_element(network: Network, wanted: str) -> Element:
    """The weight that a person means: as it is printed (w1, b2⁽¹⁾), W1[2,3], hidden1.W[2,3], output.b[1], or b3, counted through.

    Raises InputError.
    """
    plain = _plain(wanted)
    printed = _as_printed(network, plain)
    if printed is not None:
        return printed
    counted = re.fullmatch(r"([wb])(\d{1,9})", plain)
    if counted:
        return _by_number(network, counted[1], int(counted[2]))
    full = re.fullmatch(r"(?:(\w+)\.)?([A-Za-z_]+?)(\d*)(?:\[(\d+)(?:,\s*(\d+))?\])?", wanted.strip())
    if not full:
        raise InputError(f"'{wanted[:40]}' names no weight. Write w1 (numbered), b1[2] (unit 2 of layer 1) or W1[2,3] (input 2 to unit 3).")
    layer_word, kind, number, *index = full.groups()
    return _by_place(network, wanted, kind, _layer(network, wanted, layer_word, number), [int(i) for i in index if i])


def _as_printed(network: Network, plain: str) -> Element | None:
    """The element that is written so in an explanation."""
    numbers = [int(number) for number in re.findall(r"\d{1,9}", plain)[:3]]
    numbered = _counted(network, _of_kind(network, "w"), numbers[0]) if numbers else None
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
    """The matrices, for w, or the biases, for b."""
    return [parameter for parameter in parameters(network) if (len(parameter.shape) > 1) is (kind == "w")]


def _counted(network: Network, alike: Sequence[Expression], number: int) -> Element | None:
    """The element of that number where they are counted through: unit by unit, in the order of the inputs."""
    for parameter in alike:
        shape = _shape(parameter)
        if 1 <= number <= math.prod(shape):
            index = []
            rest = number - 1
            for extent in shape:
                rest, place = divmod(rest, extent)
                index.append(place)
            return Element(parameter, tuple(index))
        number -= math.prod(shape)
    return None


def _by_number(network: Network, kind: str, number: int) -> Element:
    """The weight, or the bias, of that number. Raises InputError where there is none, or where the vector of another layer is called so."""
    alike = _of_kind(network, kind)
    found = _counted(network, alike, number)
    vector = next((parameter for parameter in alike if parameter.key == f"b{number}" and parameter.shape), None)
    if vector is None or (found is not None and found.quantity is vector):
        if found is None:
            raise InputError(f"there is no {kind}{number}: {_known(network, kind, alike)}.")
        return found
    own = [Element(vector, (unit,)) for unit in range(*_shape(vector))]
    if found is None and len(own) == 1:
        return own[0]
    parts = own[0].name.key + (f" to {own[-1].name.key}" if len(own) > 1 else "")
    counted = f", and the bias number {number} of all, {_called(found)}" if found is not None else ""
    raise InputError(f"b{number} is the vector of layer {number}, {parts}{counted}: write which one you mean, as {own[0].name.key}.")


def _known(network: Network, kind: str, alike: Sequence[Expression]) -> str:
    if not alike:
        return "this network has none"
    last = Element(alike[-1], tuple(extent - 1 for extent in _shape(alike[-1])))
    count = sum(math.prod(_shape(parameter)) for parameter in alike)
    return f"this network has {kind}1 to {kind}{count}" + (f", the last of which is {_called(last)}" if kind == "b" else "")


def _called(element: Element) -> str:
    """As it can be typed: b1[2]; one that is alone in its parameter by that."""
    return element.name.key if element.index else element.key


def _layer(network: Network, wanted: str, word: str | None, number: str) -> int:
    names = {name: number for number, name in enumerate(network.layer_names, start=1)}
    if word is not None:
        if word not in names:
            raise InputError(f"'{wanted}': there is no layer {word}; this network has {', '.join(names)}.")
        return names[word]
    layer = int(number) if number else 0
    if not 1 <= layer <= len(network.layers):
        raise InputError(f"'{wanted}': say which layer, W1 to W{len(network.layers)} or {', '.join(names)}.")
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
