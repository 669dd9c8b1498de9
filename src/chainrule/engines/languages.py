"""The languages of programs beside NumPy: PyTorch and JAX, what each calls the functions of the table, and how it does what has no name.

A program is derived once, and written by `chainrule.engines.written`; only words differ. So its numbers are the same in every language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.base.errors import InputError
from chainrule.engines.plain import PlainSource
from chainrule.engines.source import (
    ATOM,
    COMPARISON,
    SUM,
    Fragment,
    Source,
    Windows,
    code_of,
    number_like,
    parenthesized,
    sizes,
    source_text,
    wrapped_items,
)

NUMBERS = PlainSource()
"""Functions of Python's own numbers, which PyTorch's do not take."""


SAME_PRECISION = (
    "def in_its_precision(function):",
    '    """Numbers that PyTorch makes within the function have the precision of its first argument; outside, what they had before."""',
    "",
    "    @functools.wraps(function)",
    "    def inner(first, *others, **options):",
    "        before = torch.get_default_dtype()",
    "        torch.set_default_dtype(first.dtype if first.is_floating_point() else before)",
    "        try:",
    "            return function(first, *others, **options)",
    "        finally:",
    "            torch.set_default_dtype(before)",
    "",
    "    return inner",
)

GATE = re.compile(r"(?<=\w \* )\(\w+ > \w+\)|(?<=torch\.where\()\w+ > \w+")
"""Truth values that choose among the numbers of an array, and take their precision."""

NEW_NUMBERS = re.compile(r" > | == |torch\.(?:isin|full)\(|torch\.where\((?:[^(),]|\([^()]*\))*, [-\d.e]+, |torch\.arange\(\d+\.0\)")
"""Where PyTorch may make numbers of truth values, or of plain numbers, in a precision that no tensor tells it."""


def _makes_numbers(lines: Sequence[str]) -> bool:
    return any(NEW_NUMBERS.search(GATE.sub("", line)) for line in lines)


class TorchSource(Source):
    """PyTorch's functions, on tensors. What is a number of Python's own stays one."""

    library, axis, kept = "torch", "dim", "keepdim"
    functions: Mapping[str, str] = {"concatenate": "cat", "max": "amax", "transpose": "permute"}
    native: Mapping[str, str] = {
        "sigmoid": "torch.sigmoid",
        "relu": "torch.relu",
        "softmax": "torch.softmax",
        "logsumexp": "torch.logsumexp",
    }
    imports = ("import torch",)
    strict = True
    array, kind, shown_error, quiet = "torch.tensor", ", dtype=torch.float64", "E.item()", ""

    def helpers(self, lines: Sequence[str]) -> list[str]:
        """What says how precise numbers are that a function makes, where that follows from no tensor."""
        return list(SAME_PRECISION) if _makes_numbers(lines) else []

    def decorators(self, lines: Sequence[str]) -> list[str]:
        """That above such a function."""
        return ["@in_its_precision"] if _makes_numbers(lines) else []

    def _call(self, name: str, *arguments: Any, options: str = "") -> Fragment:
        pieces = [code_of(argument) for argument in arguments]
        if all(piece.single for piece in pieces):
            result: Fragment = getattr(NUMBERS, name)(*pieces)
            return result
        bound = {"maximum": "min", "minimum": "max"}.get(name)
        if bound is not None and any(piece.single for piece in pieces):
            x, number = sorted(pieces, key=lambda piece: piece.single)
            return Fragment(["torch.clamp(", x, f", {bound}=", number, ")"], word=name)
        return super()._call(name, *pieces, options=options)

    def _special(self, name: str, x: Any) -> Fragment:
        """The error function, which PyTorch has."""
        return self._call(name, x)

    def where(self, condition: Fragment, a: Any, b: Any) -> Fragment:
        """A choice, element by element."""
        if not condition.truth and not condition.single:
            condition = Fragment([parenthesized(condition, SUM), " != 0"], COMPARISON, truth=True)
        return NUMBERS.where(condition, a, b) if condition.single else super().where(condition, a, b)

    def broadcast(self, x: Fragment, shape: Sequence[Any]) -> Fragment:
        """x repeated until it has that shape."""
        if x.single:
            number = f"{source_text(x)}.0" if source_text(x).isdecimal() else x
            return Fragment([f"torch.full({sizes(shape)}, ", number, ")"], word="spread", single=False)
        wide = super().broadcast(x, shape)
        return Fragment(wide.parts, word=wide.word, truth=x.truth)

    def permute_dims(self, x: Any, axes: Sequence[int]) -> Fragment:
        """The axes in another order."""
        return super().permute_dims(number_like(code_of(x)), axes)

    def reshape(self, x: Any, shape: Sequence[Any]) -> Fragment:
        """The same elements in another shape."""
        return super().reshape(number_like(code_of(x)), shape)

    def listed(self, numbers: Sequence[int]) -> str:
        """Whole numbers as a tensor."""
        return f"torch.tensor({list(numbers)})"

    def whole(self, x: Fragment) -> Fragment:
        """Places as whole numbers."""
        return Fragment([parenthesized(x, ATOM), ".long()"])

    def windows(self, x: str, cut: Windows) -> Fragment:
        """Every window of a tensor."""
        cuts = (f".unfold({axis}, {reach}, {step})" for axis, reach, step in zip(cut.axes, cut.reaches, cut.steps, strict=True))
        view = f"{x}{''.join(cuts)}{cut.every(steps=False)}"
        return Fragment([f"{view}.permute{cut.order}" if cut.rest else view], word="windows")

    def zeros(self, shape: Sequence[Any], like: str) -> str:
        """A tensor of zeros, in the precision of the tensor of that name."""
        return f"torch.zeros({sizes(shape)}, dtype={like}.dtype)"

    def added_rows(self, table: str, index: Fragment, rows: str) -> str:
        """The line that adds rows to a table, each at its place."""
        return source_text(Fragment([f"{table}.index_put_((", self.whole(index), f",), {rows}, accumulate=True)"]))

    def pad(self, x: Any, margins: Sequence[tuple[Any, Any]]) -> Fragment:
        """x with so many zeros before and after it along each axis; PyTorch begins with the last axis."""
        flat = ", ".join(str(extent) for pair in reversed(margins) for extent in pair)
        return Fragment(["torch.nn.functional.pad(", number_like(code_of(x)), f", ({flat}))"], word="pad")


class JaxSource(Source):
    """JAX's functions, on arrays that never change."""

    library, scans = "jnp", True
    native: Mapping[str, str] = {
        "sigmoid": "jax.nn.sigmoid",
        "relu": "jax.nn.relu",
        "softmax": "jax.nn.softmax",
        "logsumexp": "jax.nn.logsumexp",
        "softplus": "jax.nn.softplus",
    }
    imports = ("import jax", "import jax.numpy as jnp")
    start = ('jax.config.update("jax_enable_x64", True)',)
    array, decorator, quiet = "jnp.array", "@jax.jit", ""

    def _special(self, name: str, x: Any) -> Fragment:
        """The error function, which JAX has."""
        return Fragment([f"jax.lax.{name}(", code_of(x), ")"], word=name)

    def listed(self, numbers: Sequence[int]) -> str:
        """Whole numbers as an array."""
        return f"jnp.array({list(numbers)})"

    def windows(self, x: str, cut: Windows) -> Fragment:
        """Every window of an array: one cut for each place within a window, side by side."""
        letters = ["i", "j", "k"][: len(cut.axes)] if len(cut.axes) <= len("ijk") else [f"i{place}" for place in range(len(cut.axes))]
        slices = list[str]()
        for letter, step, gap, count in zip(letters, cut.steps, cut.gaps, cut.places, strict=True):
            first = letter if gap == 1 else f"{gap} * {letter}"
            slices.append(f"{first}:{first} + {(count - 1) * step + 1}{f':{step}' if step > 1 else ''}")
        each = " ".join(f"for {letter} in range({length})" for letter, length in zip(letters, cut.lengths, strict=True))
        behind = cut.axis + len(cut.axes)
        stacked = f"jnp.stack([{x}[{', '.join([':'] * cut.axis + slices)}] {each}], axis={behind})"
        if len(cut.axes) == 1:
            return Fragment([stacked], word="windows")
        name = f"{x}.shape"
        lead = ", ".join(f"{name}[{axis}]" for axis in range(cut.axis))
        rest = ", ".join(f"{name}[{behind + axis}]" for axis in range(cut.rest))
        shape = ", ".join(filter(None, (lead, ", ".join(map(str, (*cut.places, *cut.lengths))), rest)))
        return Fragment([f"{stacked}.reshape({shape})"], word="windows")

    def added(self, array: str, places: str, more: str) -> str:
        """The line that adds to some places of an array."""
        return f"{array} = {array}.at[{places}].add({more})"

    def added_rows(self, table: str, index: Fragment, rows: str) -> str:
        """The line that adds rows to a table, each at its place."""
        return source_text(Fragment([f"{table} = {table}.at[", self.whole(index), f"].add({rows})"]))

    def epoch(self, data: Sequence[str], drawn: Sequence[str], state: Sequence[str], options: Sequence[str], *, counted: bool) -> list[str]:
        """The lines of a function that takes a step for each of many batches, which lie one behind the other."""
        names = [*(["k"] if counted else []), *state]
        carried = f"({', '.join(names)}{',' * (len(names) == 1)})"
        batches = [*data, *drawn]
        together = f"({', '.join(batches)}{',' * (len(batches) == 1)})"
        named = [f"{name}={name}" for name in (option.partition("=")[0] for option in options)]
        body = [
            f"{together} = batch",
            *([f"{carried} = state"] if names else []),
            *(["k = k + 1"] if counted else []),
            *wrapped_items(f"{', '.join(['E', *state])} = step(", [*batches, *state, *(["k"] if counted else []), *named], ")"),
            f"return {carried}, E",
        ]
        return [
            self.decorator,
            *wrapped_items("def epoch(", [*batches, *(["k"] if counted else []), *state, *options], "):"),
            '    """A step for each of many batches, one behind the other: what is carried on, and E before each step."""',
            "",
            "    def one(state, batch):",
            *(f"        {line}" for line in body),
            "",
            f"    return jax.lax.scan(one, {carried}, {together})",
        ]


LANGUAGES: dict[str, Source] = {"numpy": Source(), "torch": TorchSource(), "jax": JaxSource()}
"""Languages by name."""


def language_of(name: str) -> Source:
    """The language of that name. Raises InputError."""
    if name not in LANGUAGES:
        raise InputError(f"programs are written in {', '.join(LANGUAGES)}, not in {name}.")
    return LANGUAGES[name]
