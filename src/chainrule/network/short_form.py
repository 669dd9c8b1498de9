"""Networks in a word: 2-2-1; 3-4-ln-2; 8x8x1:c16k3p1-p2-c32k3-10; 20x16:lstm32-10; v7x20:e16-attn2-10.

8x8x1:      images of 8 × 8 places with one channel; 20x16: sequences of 20 steps with 16 features
v7x20:      20 tokens out of a vocabulary of 7
16          a dense layer of 16 units; what has places is flattened before it
c16k3       a convolution: 16 units, windows of 3; s2 for a stride, p1 for zeros on each side, d2 for gaps, g4 for groups
p2, a2      the largest, or the mean, of windows of 2, with s and p as above; g the mean of all places; f flat
rnn8, lstm8, gru8, bilstm8     a recurrence; its last state, or all of them where another layer of sequences follows
e16         an embedding; pos sinusoidal positions; attn2 attention with 2 heads; block2 a transformer block
ln, bn      layer and batch normalisation; drop0.5 dropout
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from chainrule.base.errors import DescriptionError, quoted
from chainrule.network.arguments import MOST_LAYERS
from chainrule.network.layers import Layer, checked_size, dense
from chainrule.network.network import Network
from chainrule.network.wiring import Extent, checked_extent

LONGEST_NUMBER = 12
"""Digits of a number in a short form; nobody means more."""

INPUT = re.compile(r"(?:v(?P<vocabulary>\d+)x(?P<length>\d+)|(?P<places>\d+(?:[x×]\d+)+)):(?P<layers>.*)", re.DOTALL)

OF_ROWS = re.compile(r"\d+|ln|bn|drop0\.\d+")
"""The layers that rows of numbers, which have no places, go through."""

PARTS = re.compile(r"(?P<word>[a-z]*)(?P<number>\d+(?:\.\d+)?)?(?P<options>(?:[a-z]\d+)*)")

SEQUENTIAL = ("rnn", "lstm", "gru", "birnn", "bilstm", "bigru", "pos", "attn", "block")
"""What takes a sequence: a recurrence before it gives all its states."""


class _Part(NamedTuple):
    """A layer as it is written.

    options  what its letters mean, and which of them it needs
    """

    make: Callable[..., Layer]
    number: bool
    options: Mapping[str, str] = MappingProxyType({})
    needed: str = ""


def _kinds() -> dict[str, _Part]:
    from chainrule.network.attention import multi_head_attention, sinusoidal_position, transformer_block
    from chainrule.network.normalization import batch_norm, dropout, layer_norm
    from chainrule.network.recurrence import bidirectional, embedding, gru, lstm, rnn
    from chainrule.network.spatial import average_pool, conv, flatten, global_pool, max_pool

    steps = {"s": "stride", "p": "padding"}

    def both_ways(cell: str) -> Callable[..., Layer]:
        def make(units: int, **options: Any) -> Layer:
            return bidirectional(units, cell=cell, **options)

        return make

    def convolution(units: int, **options: Any) -> Layer:
        return conv(units, activation="tanh", **options)

    recurrent: dict[str, Callable[..., Layer]] = {
        "rnn": rnn,
        "lstm": lstm,
        "gru": gru,
        **{f"bi{cell}": both_ways(cell) for cell in ("rnn", "lstm", "gru")},
    }
    return {
        "": _Part(dense, True),
        "c": _Part(convolution, True, {"k": "size", **steps, "d": "gap", "g": "groups"}, "k"),
        "p": _Part(max_pool, True, steps),
        "a": _Part(average_pool, True, steps),
        "g": _Part(global_pool, False),
        "f": _Part(flatten, False),
        **{word: _Part(kind, True) for word, kind in recurrent.items()},
        "e": _Part(embedding, True),
        "pos": _Part(sinusoidal_position, False),
        "attn": _Part(multi_head_attention, True),
        "block": _Part(transformer_block, True),
        "ln": _Part(layer_norm, False),
        "bn": _Part(batch_norm, False),
        "drop": _Part(dropout, True),
    }


def short_form(text: str) -> Network:
    """The network that a short form means: biases, tanh inside, at the end what fits the loss. Raises DescriptionError, ShapeError.

    >>> short_form("3-4-2").sizes
    (3, 4, 2)
    >>> short_form("8x8x1:c4k3p1-p2-10").summary
    '8×8×1-8×8×4-4×4×4-64-10'
    """
    found = INPUT.fullmatch(text.strip())
    if found is None:
        return _of_rows(text)
    if found["vocabulary"]:
        extent = checked_extent({"length": _whole(found["length"]), "vocabulary": _whole(found["vocabulary"])}, "the input")
    else:
        extent = checked_extent([_whole(size) for size in re.split("[x×]", found["places"])], "the input")
    words = found["layers"].split("-")
    _check_count(len(words))
    return Network(extent, *_layers(words, extent, text))


def _of_rows(text: str) -> Network:
    """Rows of numbers and dense layers: 2-2-1; with normalisation and dropout between them: 2-4-bn-1."""
    inputs, *words = text.strip().split("-")
    if not words or not inputs.isdecimal() or not all(OF_ROWS.fullmatch(word) for word in words):
        raise DescriptionError(
            f"{quoted(text)} is no short form: write the inputs and the units of each layer with - between, as 2-2-1; between layers may "
            "stand ln, bn and drop0.5. Other layers follow the shape of their input, as in 8x8x1:c4k3-10."
        )
    _check_count(len(words))
    for size in (inputs, *filter(str.isdecimal, words)):
        if len(size) > LONGEST_NUMBER:
            raise DescriptionError(f"a layer with a number of {len(size):,} digits is more than this can hold; try 2-2-1.")
    return Network(int(inputs), *_layers(words, int(inputs), text))


def _check_count(layers: int) -> None:
    if layers > MOST_LAYERS:
        raise DescriptionError(f"{layers:,} layers are more than this can hold; the limit is {MOST_LAYERS:,}.")


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise DescriptionError(f"a number of {len(digits):,} digits is more than a short form can hold; try 8x8x1:c4k3-10.")
    return int(digits)


def _layers(words: Sequence[str], extent: int, text: str) -> list[Layer]:
    kinds, flatten = _kinds(), _kinds()["f"].make
    axes, layers = len(extent.shape) if isinstance(extent, Extent) else 1, list[Layer]()
    for place, written in enumerate(words):
        found = PARTS.fullmatch(written)
        if found is None or found["word"] not in kinds:
            raise DescriptionError(
                f"{quoted(written)} in {quoted(text)} is no layer of a short form; these are 16 (dense), c16k3 (convolution), "
                "p2 and a2 (pools), g, f, rnn8, lstm8, gru8, bilstm8, e16, pos, attn2, block2, ln, bn and drop0.5."
            )
        word, part = found["word"], kinds[found["word"]]
        options = _options(written, part, re.findall(r"([a-z])(\d+)", found["options"]))
        if part.number != (found["number"] is not None):
            raise DescriptionError(f"{quoted(written)} in {quoted(text)} {'lacks its number' if part.number else 'takes no number'}.")
        values = [] if found["number"] is None else [float(found["number"]) if word == "drop" else _units(found["number"], written)]
        following = next((PARTS.fullmatch(later) for later in words[place + 1 :] if later not in ("ln", "bn")), None)
        if word == "e":
            options["vocabulary"], axes = getattr(extent, "vocabulary", None) or _no_tokens(written), 2
        if word in SEQUENTIAL[:6]:
            options["states"] = following is not None and following["word"] in SEQUENTIAL
            axes = 2 if options["states"] else 1
        if word == "" and axes > 1:
            layers.append(flatten())
        axes = 1 if word in ("", "f", "g") else axes
        inside = word == "" and place < len(words) - 1
        layers.append(part.make(*values, **options, **({"activation": "tanh"} if inside else {})))
    return layers


def _options(written: str, part: _Part, given: Sequence[tuple[str, str]]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for letter, digits in given:
        if letter not in part.options or part.options[letter] in options:
            known = ", ".join(f"{one} ({name})" for one, name in part.options.items()) or "no letters"
            raise DescriptionError(f"{quoted(written)}: after its number stand {known}, each once.")
        options[part.options[letter]] = _whole(digits)
    if part.needed and part.options[part.needed] not in options:
        raise DescriptionError(f"{quoted(written)} does not say its {part.options[part.needed]}, as {written}{part.needed}3.")
    return options


def _units(digits: str, written: str) -> int:
    if not digits.isdecimal():
        raise DescriptionError(f"{quoted(written)} needs a whole number.")
    return checked_size(_whole(digits), "units of a layer")


def _no_tokens(written: str) -> int:
    raise DescriptionError(f"{quoted(written)} is an embedding, which stands on tokens: write v7x20: before it, for 20 tokens out of 7.")
