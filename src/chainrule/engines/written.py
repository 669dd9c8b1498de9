"""The engine `written`: the plain NumPy program that a careful student would have written, printed and run.

It is not a template. Every line is the value column of the table of primitives, run on pieces of source text in place of numbers:
`1 / (1 + xp.exp(-z))` on the text `z1` gives the text `1 / (1 + np.exp(-z1))`. A value that is used twice gets a variable.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.base.frozen import FrozenValue, replace
from chainrule.engines.brief import brief, with_functions_of_whole_arrays
from chainrule.engines.loops import LEAST, rolled
from chainrule.engines.source import ATOM, PRODUCT, Fragment, Source, Windows, number_like, parenthesized, sizes, source_text, wrapped_items
from chainrule.formula.expression import Expression, Name, consumers, order
from chainrule.formula.stated import call_name, stated_functions
from chainrule.network.definitions import Bound, find
from chainrule.network.derivation import BATCH, Derivation
from chainrule.network.network import Network
from chainrule.network.update import STEP_NUMBER, Update, network_update


class Program(FrozenValue):
    """A printed program and the functions in it.

    inputs, outputs, options  the names of what `step` takes and returns, and of what it takes with a default

    source   Python text, complete with its imports
    stated   functions that its text calls and does not hold: those whose values PyTorch states
    step     step(x, t, parameters …, states …, options …) → (E, new parameters …, new states …); runs the very text
    predict  predict(x, parameters …) → y
    """

    source: str = field(repr=False)
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    options: tuple[str, ...] = ()
    stated: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    @cached_property
    def functions(self) -> dict[str, Any]:
        """The functions that the text defines. The text is ours: names and numbers of a description enter it as such only."""
        space: dict[str, Any] = dict(self.stated)
        with np.errstate():  # the text may quieten NumPy, which is its own affair
            exec(compile(self.source, "<written by chainrule>", "exec"), space)  # noqa: S102  # our own text
        return space

    @property
    def step(self) -> Callable[..., tuple[Any, ...]]:
        """One training step; as in `keep`, nothing warns where numbers overflow."""
        return np.errstate(all="ignore")(self.functions["step"])  # type: ignore[no-any-return]  # what was executed has no types

    @property
    def predict(self) -> Callable[..., Any]:
        """The forward pass alone; nothing warns."""
        return np.errstate(all="ignore")(self.functions["predict"])  # type: ignore[no-any-return]  # as above


def _stretches(user: Expression) -> bool:
    """Will NumPy stretch an argument of this operation, because another one has the full shape already?"""
    return user.primitive.elementwise and any(a.shape and a.primitive.name != "spread" for a in user.arguments)


class _QuickSource(Source):
    """As `Source`, but for functions that NumPy lacks: these stand at the head of the program, for all elements at once.

    And functions of plain numbers are Python's own: np.sqrt(2) is of 16 digits, and would make as many of all that it meets.
    """

    def _call(self, name: str, *arguments: Any, options: str = "") -> Fragment:
        if not options and hasattr(math, name) and all(NUMBER.fullmatch(source_text(_piece(one))) for one in arguments):
            return Fragment([f"math.{name}({', '.join(source_text(_piece(one)) for one in arguments)})"], word=name)
        if name in ("maximum", "minimum") and all(COUNT.fullmatch(source_text(_piece(one))) for one in arguments):
            first, second = map(_piece, arguments)
            return Fragment([f"{name[:3]}(", first, ", ", second, ")"], word=name, single=True)
        return super()._call(name, *arguments, options=options)

    def erf(self, x: Any) -> Fragment:
        """The error function."""
        return Fragment(["erf(", _piece(x), ")"], word="errors")

    def erfc(self, x: Any) -> Fragment:
        """1 − erf x."""
        return Fragment(["erfc(", _piece(x), ")"], word="rest")

    def along_last(self, row: str, arguments: Sequence[Fragment], extent: int) -> Fragment | None:
        """NumPy reduces short rows one by one; a scalar product, or einsum, does so in a third of the time."""
        if row == "softmax":
            return Fragment(["softmax(", *arguments, ")"], word="softmax")
        arrays = map(number_like, arguments)
        sums = self._call("vecdot", *arrays) if len(arguments) > 1 else self._call("einsum", Fragment(['"...i->..."']), *arrays)
        return sums if row == "total" else sums / extent

    def added_table(self, extent: int, index: Fragment, rows: str, width: int) -> Fragment | None:
        """A product with ones and zeros takes a fifth of the time of np.add.at, as long as the table is short."""
        if extent > SHORT_TABLE:
            return None
        places = self.reshape(self.whole(index), (-1,))
        ones = Fragment(["(", places, f" == np.arange({extent})[:, None]).astype({rows}.dtype)"])
        return ones @ self.reshape(Fragment([rows]), (-1, width))


SHORT_TABLE = 256
"""Up to so many rows a table's gradient is a product."""

COUNT = re.compile(r"[N\d. +*/()-]+")
"""What is made of numbers, and of how many rows there are."""

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def _piece(x: Any) -> Fragment:
    return x if isinstance(x, Fragment) else Fragment([repr(x)])


class Writer:
    """Writes the lines of one function: `write` each quantity, then take `lines`.

    taken    names that no variable may have, beside those of the quantities
    numbers  variables that are numbers of Python's own, as a learning rate is
    """

    def __init__(
        self, roots: Sequence[Expression], source: Source | None = None, taken: Iterable[str] = (), numbers: Iterable[Expression] = ()
    ) -> None:
        self.nodes = order(*roots)
        self.users = consumers(self.nodes)
        self.roots = set(roots)
        self.pieces: dict[Expression, Fragment] = {}
        self.lines: list[str] = []
        self.taken = {*RESERVED, *taken, *(str(node.name) for node in self.nodes if node.name is not None)}
        self.source, self.numbers = source or Source(), set(numbers)
        self.steps = _steps(self.nodes)
        self.step: Name | None = None
        self.words: dict[tuple[str, str, int], str] = {}
        self.by_step: dict[Expression, list[Expression]] = {}
        """Sequences whose rows lie one step behind the other, where nobody reads them but as rows, and their steps."""

    def write(self, node: Expression, target: str | None = None) -> None:
        """A line for a named quantity and for everything below it that is used more than once."""
        for below in order(node, wall=lambda inner: inner in self.pieces):
            if below not in self.pieces:
                self._one(below, target if below is node else None)

    def _one(self, node: Expression, target: str | None) -> None:
        self.step = self.steps.get(node)
        if node.primitive.name == "variable":
            self.pieces[node] = Fragment([identifier(node)], single=node in self.numbers)
        elif node.primitive.name == "size":
            size = "N" if node.parameters["dimension"] == BATCH else str(node.parameters["dimension"])
            self.pieces[node] = Fragment([size], single=True)
        elif node.primitive.name == "named":
            piece = self.pieces[node.arguments[0]]
            name = target or identifier(node)
            self._assign(name, piece)
            self.pieces[node] = self._held_in(name, piece)
        else:
            piece = self._piece(node)
            if len(self._readers(node)) > 1 and (piece.level < ATOM or piece.word) and not self._is_read_flat(node):
                name = self._fresh(_word(piece.word or node.primitive.name))
                self._assign(name, piece)
                piece = self._held_in(name, piece)
            self.pieces[node] = piece

    def _held_in(self, name: str, piece: Fragment) -> Fragment:
        """The variable that holds a piece."""
        return Fragment([name], single=piece.single, truth=self.source.strict and piece.truth)

    def _is_read_flat(self, node: Expression) -> bool:
        """Is it a transpose that stands in products over all places alone? These are written without it."""
        products = [product for product in self.users[node] if self.users[product]]
        return node.primitive.name == "transpose" and all(
            any(inner is node.arguments[0] for inner in _product_of_rows(user) or ())
            for product in products
            for user in self.users[product]
        )

    def _readers(self, node: Expression) -> list[Expression]:
        return [] if node.primitive.name == "constant" else self.users[node]

    def _piece(self, node: Expression) -> Fragment:
        arguments = [self.pieces[argument] for argument in node.arguments]
        if node.primitive.name == "spread":
            return self._spread(node, arguments[0])
        if node.primitive.name == "place":
            return self.source.pad(arguments[0], _margins(node))
        if (own := self.source.applied(node.primitive.name, arguments, node.parameters)) is not None:
            return own
        if node.primitive.name == "stated":
            return self._stated(node, arguments)
        if (of_steps := self._of_steps(node, arguments)) is not None:
            return of_steps
        if node.primitive.name in _LAID_OUT:
            return getattr(self, f"_{node.primitive.name}")(node, *arguments)  # type: ignore[no-any-return]  # one of the methods below
        if (rows := _product_of_rows(node)) is not None:
            return self._flat_product(node, *rows)
        if (flat := self._flat_layer(node)) is not None:
            return flat
        if (along := self._along_last(node)) is not None:
            return along
        if node.primitive.name == "total" and node.arguments[0] in self.by_step:
            return self.source.sum(arguments[0], 0)
        if node.primitive.name in ("total", "mean") and self._kept_axis(node):
            reduction = self.source.sum if node.primitive.name == "total" else self.source.mean
            return reduction(arguments[0], node.parameters["axes"], keepdims=True)
        if node.primitive.name in ("total", "mean") and len(node.parameters["axes"]) == len(node.arguments[0].shape):
            return node.primitive.value(self.source, *arguments, axes=None)  # type: ignore[no-any-return]  # every axis: none is named
        piece = node.primitive.value(self.source, *arguments, **node.parameters)
        assert isinstance(piece, Fragment)
        return self._without_repeats(piece)

    def _of_steps(self, node: Expression, arguments: list[Fragment]) -> Fragment | None:
        """What a recurrence is full of: one step of a sequence, steps one behind the other, and the sum of their products."""
        inner = node.arguments[0] if node.arguments else node
        if node.primitive.name == "reshape" and inner.primitive.name == "part":
            axis, start, stop = (inner.parameters[key] for key in ("axis", "start", "stop"))
            if stop == start + 1 and node.shape == (*inner.shape[:axis], *inner.shape[axis + 1 :]):
                return self.pieces[inner.arguments[0]][(*[slice(None)] * axis, start)]
        if node.primitive.name == "join" and len(node.arguments) > 1:
            axis = node.parameters["axis"]
            shape = (*node.shape[:axis], *node.shape[axis + 1 :])
            if all(one.primitive.name == "reshape" and one.arguments[0].shape == shape and one.shape[axis] == 1 for one in node.arguments):
                steps = [one.arguments[0] for one in node.arguments]
                if axis == 1 and len(shape) == 2 and self._is_read_as_rows(node):
                    self.by_step[node] = steps
                    return Fragment([self.source.concat([self.pieces[one] for one in steps], 0)], word="rows")
                return self.source.stack([self.pieces[one] for one in steps], axis)
        if (
            node.primitive.name == "add"
            and len(placed := _side_by_side(node)) > 1
            and self._like()
            and all(len(self.users[one]) == 1 for one in placed)
        ):
            return self._among_zeros(placed)
        if node.primitive.name == "add" and len(terms := _summed_products(node)) >= LEAST:
            # One product of all rows, those of the first step first, is a fraction of the work of one for each step.
            a, b = zip(*reversed(terms), strict=True)
            return self.source.permute_dims(self._rows_of_steps(a), (1, 0)) @ self._rows_of_steps(b)
        return None

    def _rows_of_steps(self, steps: Sequence[Expression]) -> Fragment:
        """All rows of some matrices; a part of those that are there already, if the steps are the last of theirs."""
        for rows, own in self.by_step.items():
            first = len(own) - len(steps)
            if own[first:] == [*steps] and rows.shape[0] == BATCH and self.pieces[rows].level == ATOM and not self.pieces[rows].word:
                return self.pieces[rows][(slice(f"{first} * N" if first > 1 else "N", None),)] if first else self.pieces[rows]
        return self.source.concat([self.pieces[step] for step in steps], 0)

    def _is_read_as_rows(self, node: Expression) -> bool:
        """Do all who read it want its rows alone, in whatever order: products of rows, and the sum of all?"""
        return all(
            (user.primitive.name == "total" and user.parameters["axes"] == (0, 1))
            or (_product_of_rows(user) or (None,))[0] is node
            or (user.primitive.name == "matmul" and all((_product_of_rows(sum_) or (None, None))[1] is node for sum_ in self.users[user]))
            for user in self.users[node]
        )

    def _among_zeros(self, placed: Sequence[Expression]) -> Fragment:
        """Parts of an axis with zeros between them, in one array."""
        (like,), axis, pieces, end = self._like(), placed[0].parameters["axis"], list[Fragment](), 0
        for node in [*placed, None]:
            start = placed[0].shape[axis] if node is None else node.parameters["start"]
            if start > end:
                shape = (*placed[0].shape[:axis], start - end, *placed[0].shape[axis + 1 :])
                pieces.append(Fragment([self.source.zeros(shape, like)]))
            if node is not None:
                (inner,) = node.arguments
                flat = inner.primitive.name == "join" and inner.parameters["axis"] == axis and len(self.users[inner]) == 1
                pieces += [number_like(self.pieces[one]) for one in (inner.arguments if flat else [inner])]
                end = start + inner.shape[axis]
        return self.source.concat(pieces, axis)

    def _stated(self, node: Expression, arguments: list[Fragment]) -> Fragment:
        """A call of what is given to the program when it runs; such a program is not printed."""
        return Fragment([f"{call_name(node)}(", *[part for argument in arguments for part in (", ", argument)][1:], ")"], word="stated")

    def _kept_axis(self, node: Expression) -> bool:
        """Is this sum only made to be spread along the same axes again? Then it keeps them."""
        axes = node.parameters["axes"]
        again = [user.primitive.name == "spread" and user.parameters["axes"] == axes for user in self.users[node]]
        return axes != tuple(range(len(axes))) and bool(again) and all(again)

    def _spread(self, node: Expression, piece: Fragment) -> Fragment:
        (inner,), axes = node.arguments, node.parameters["axes"]
        kept = inner.primitive.name in ("total", "mean") and self._kept_axis(inner)
        if kept or axes == tuple(range(len(axes))):
            light = piece
        else:
            light = parenthesized(piece, ATOM)[tuple(None if axis in axes else slice(None) for axis in range(len(node.shape)))]
        if not self.users[node] or not all(_stretches(user) for user in self.users[node]):
            return self.source.broadcast(light, node.shape)
        return light

    def _flat_product(self, node: Expression, a: Expression, b: Expression) -> Fragment:
        """A product over all places at once, which takes half the time of one product after the other."""
        if node.primitive.name != "total":
            return self._laid_out(self._rows(a) @ self.pieces[b], node, a)
        by_step = {a, b} & {*self.by_step}
        return Fragment([parenthesized(self._rows(a, bool(by_step)), ATOM), ".T @ ", self._rows(b, bool(by_step))], PRODUCT)

    def _rows(self, node: Expression, by_step: bool = False) -> Fragment:
        """All rows of an array, one example behind the other, or one step."""
        piece = self.pieces[node]
        if node in self.by_step:
            return piece
        if by_step:
            piece = self.source.permute_dims(piece, (1, 0, *range(2, len(node.shape))))
        return self.source.reshape(piece, (-1, node.shape[-1]))

    def _laid_out(self, rows: Fragment, node: Expression, like: Expression) -> Fragment:
        """Rows as the array that they are of, in the order in which those of another array are."""
        if like not in self.by_step:
            return self.source.reshape(rows, node.shape)
        size, steps, *rest = node.shape
        return self.source.permute_dims(self.source.reshape(rows, (steps, size, *rest)), (1, 0, *range(2, len(node.shape))))

    def _flat_layer(self, node: Expression) -> Fragment | None:
        """A product over all places and a bias, which is added while the rows are flat: NumPy adds it to the product in place."""
        if node.primitive.name != "add":
            return None
        product, bias = node.arguments
        rows = _product_of_rows(product) if product.primitive.name == "matmul" and len(self.users[product]) == 1 else None
        if rows is None or bias.primitive.name != "spread" or len(bias.arguments[0].shape) != 1 or bias.shape != node.shape:
            return None
        if bias.parameters["axes"] != tuple(range(len(node.shape) - 1)):
            return None
        a, b = rows
        return self._laid_out(self._rows(a) @ self.pieces[b] + self.pieces[bias.arguments[0]], node, a)

    def _along_last(self, node: Expression) -> Fragment | None:
        """A softmax, or a sum, along the last of three axes or more, where the language has something quicker."""
        inner = node.arguments[0] if node.arguments else node
        last = len(inner.shape) - 1
        if (
            last < 2
            or not isinstance(inner.shape[last], int)
            or (node.parameters.get("axis"), node.parameters.get("axes")) not in ((last, None), (None, (last,)))
        ):
            return None
        if node.primitive.name == "softmax":
            return self.source.along_last("softmax", [self.pieces[inner]], 0)
        if node.primitive.name not in ("total", "mean"):
            return None
        factors = _factors(inner) if len(self.users[inner]) == 1 else ()
        pieces = [self.pieces[factor] for factor in factors or (inner,)]
        if factors and any(piece.level < ATOM for piece in pieces):
            pieces = [self.pieces[inner]]
        summed = self.source.along_last(node.primitive.name, pieces, int(inner.shape[last]))
        if summed is None or not self._kept_axis(node):
            return summed
        return parenthesized(summed, ATOM)[(*[slice(None)] * last, None)]

    def _position(self, node: Expression) -> Fragment:
        """In the precision of the first array that comes from outside."""
        return self.source.position(node.parameters["extent"], *self._like())

    def _like(self) -> list[str]:
        """The first array that comes from outside, of whose precision all are; none where there is none."""
        given = (identifier(node) for node in self.nodes if node.primitive.name == "variable" and node.shape)
        return [*itertools.islice(given, 1)]

    def _at_largest(self, node: Expression, x: Fragment) -> Fragment:
        return self.source.at_largest(x, node.parameters["axis"], node.shape)

    def _window(self, node: Expression, x: Fragment) -> Fragment:
        axis, lengths, steps, gaps = (node.parameters[key] for key in ("axis", "lengths", "steps", "gaps"))
        places = tuple(int(extent) for extent in node.shape[axis : axis + len(lengths)])
        cut = Windows(axis, lengths, steps, gaps, places, len(node.shape) - axis - 2 * len(lengths))
        return self.source.windows(self._array(x, "array"), cut)

    def _overlap(self, node: Expression, x: Fragment) -> Fragment:
        (inner,) = node.arguments
        axis, steps, gaps, extents = (node.parameters[key] for key in ("axis", "steps", "gaps", "extents"))
        several = len(extents)
        places, lengths = inner.shape[axis : axis + several], inner.shape[axis + several : axis + 2 * several]
        name, result = self._array(x, "windows"), self._fresh("overlap")
        letters = ["i", "j", "k"][:several] if several <= len("ijk") else [f"i{place}" for place in range(several)]
        self.lines.append(f"{result} = {self.source.zeros(node.shape, name)}")
        cuts = list[str]()
        for depth, letter in enumerate(letters):
            self.lines.append(f"{'    ' * depth}for {letter} in range({lengths[depth]}):")
            first = letter if gaps[depth] == 1 else f"{gaps[depth]} * {letter}"
            by = f":{steps[depth]}" if steps[depth] > 1 else ""
            cuts.append(f"{first}:{first} + {(int(places[depth]) - 1) * steps[depth] + 1}{by}")
        laid, within = ", ".join([":"] * axis + cuts), ", ".join([":"] * (axis + several) + letters)
        self.lines.append(f"{'    ' * several}{self.source.added(result, laid, f'{name}[{within}]')}")
        return Fragment([result])

    def _lookup(self, node: Expression, table: Fragment, index: Fragment) -> Fragment:
        return Fragment([parenthesized(table, ATOM), "[", self.source.whole(index), "]"], word="rows")

    def _added_at(self, node: Expression, x: Fragment, index: Fragment) -> Fragment:
        name = self._array(x, "rows")
        if len(node.arguments[1].shape) + 1 == len(node.arguments[0].shape):
            table = self.source.added_table(node.parameters["extent"], index, name, int(node.shape[-1]))
            if table is not None:
                return table
        result = self._fresh("table")
        self.lines += [f"{result} = {self.source.zeros(node.shape, name)}", self.source.added_rows(result, index, name)]
        return Fragment([result])

    def _array(self, piece: Fragment, word: str) -> str:
        """The variable of a piece; a new one, unless it is one already."""
        text = source_text(piece)
        if text.isidentifier() and not piece.truth:
            return text
        name = self._fresh(word)
        self._assign(name, number_like(piece))
        return name

    def _without_repeats(self, piece: Fragment) -> Fragment:
        """A piece that a value uses twice (e of a softmax) is computed once, on a line of its own."""
        counts: dict[int, int] = {}
        pieces: dict[int, Fragment] = {}

        def count(code: Fragment) -> None:
            counts[id(code)] = counts.get(id(code), 0) + 1
            pieces[id(code)] = code
            if counts[id(code)] == 1:
                for part in code.parts:
                    if isinstance(part, Fragment):
                        count(part)

        count(piece)
        done: dict[int, Fragment] = {}

        def rewritten(code: Fragment) -> Fragment:
            if id(code) not in done:
                parts = [rewritten(part) if isinstance(part, Fragment) else part for part in code.parts]
                result = Fragment(parts, code.level, code.word, code.truth, code.single)
                if counts[id(code)] > 1 and any(isinstance(part, Fragment) for part in code.parts):
                    name = self._fresh(_word(code.word or "value"))
                    self._assign(name, result)
                    result = Fragment([name], single=result.single)
                done[id(code)] = result
            return done[id(code)]

        return rewritten(piece)

    def _fresh(self, word: str) -> str:
        """A new name."""
        if self.step is not None:
            return self._fresh_of_step(word, self.step)
        name, number = word, 1
        while name in self.taken:
            number += 1
            name = f"{word}{number}"
        self.taken.add(name)
        return name

    def _fresh_of_step(self, word: str, step: Name) -> str:
        """A new name with the number of a step, tanh_t3; what has the same part in another step is called by the same word there."""
        owner = replace(step, time=None).key

        def called(place: int) -> str:
            stem = self.words.setdefault((word, owner, place), f"{word}{self._number_of(word) or ''}")
            return f"{stem}_t{step.time}"

        name = next(name for name in map(called, itertools.count()) if name not in self.taken)
        self.taken.add(name)
        return name

    def _number_of(self, word: str) -> int:
        """By which number, from 2, a word is told from those before; 0 for the first."""
        used = {*self.words.values()}
        return next(number for number in itertools.chain([0], itertools.count(2)) if f"{word}{number or ''}" not in used)

    def _assign(self, name: str, piece: Fragment) -> None:
        self.lines.append(f"{name} = {source_text(piece)}")


RESERVED = ("N", "math", "erf", "erfc", "softmax", "np", "torch", "jax", "jnp", "functools", "in_its_precision")
"""The number of rows, functions and libraries: names that no variable may have."""

_LAID_OUT = ("position", "at_largest", "window", "overlap", "lookup", "added_at")
"""Rows whose text depends on shapes, or on what else is there."""


def _steps(nodes: Iterable[Expression]) -> dict[Expression, Name]:
    """To which quantity of a step of a sequence each node belongs: the first that is made of it, unless those of many steps are."""
    owners: dict[Expression, dict[int, Name]] = {}
    for node in nodes:
        if node.primitive.name == "named" and node.name is not None and node.name.time is not None:
            for inner in order(node.arguments[0], wall=lambda inner: inner.name is not None):
                owners.setdefault(inner, {}).setdefault(node.name.time, node.name)
    return {node: next(iter(steps.values())) for node, steps in owners.items() if len(steps) <= NEIGHBOURS}


NEIGHBOURS = 2
"""What more steps than this one and the next are made of belongs to none of them."""


def _product_of_rows(node: Expression) -> tuple[Expression, Expression] | None:
    """A and B, if the node is A B with the rows of A along several axes, or Σ over all places of Aᵀ B."""
    inner = node.arguments[0] if node.primitive.name == "total" else node
    if inner.primitive.name != "matmul" or len(inner.arguments[0].shape) < 3:
        return None
    a, b = inner.arguments
    if node is inner:
        return (a, b) if len(b.shape) == 2 else None
    lead = len(a.shape) - 2
    summed = node.parameters["axes"] == tuple(range(lead)) and len(b.shape) == len(a.shape)
    turned = a.primitive.name == "transpose" and a.parameters["axes"] == (*range(lead), lead + 1, lead)
    return (a.arguments[0], b) if summed and turned else None


def _factors(node: Expression) -> tuple[Expression, ...]:
    """a and b of a b, or of a², if none of them is stretched; otherwise nothing."""
    a, b = node.arguments if node.primitive.name in ("multiply", "power") else (node, node)
    if node.primitive.name == "power":
        return (a, a) if b.constant == 2 else ()
    return (a, b) if a is not b and "spread" not in (a.primitive.name, b.primitive.name) and a.shape == b.shape == node.shape else ()


def _margins(node: Expression) -> list[tuple[Any, Any]]:
    """How many zeros a `place` puts before and after along each axis."""
    (x,), axis, start = node.arguments, node.parameters["axis"], node.parameters["start"]
    margins: list[tuple[Any, Any]] = [(0, 0)] * len(x.shape)
    inner, outer = x.shape[axis], node.shape[axis]
    if inner != outer:
        margins[axis] = (start, f"N - {start + inner}" if outer == BATCH else outer - start - inner)
    return margins


def _side_by_side(node: Expression) -> list[Expression]:
    """The terms in their order, if the node is a sum of parts of one axis, each among zeros, that do not overlap; otherwise nothing."""
    terms = list[Expression]()
    while node.primitive.name == "add":
        terms.append(node.arguments[1])
        node = node.arguments[0]
    terms.append(node)
    axis = int(terms[0].parameters.get("axis", 0))
    if any(term.primitive.name != "place" or term.parameters["axis"] != axis or term.shape[axis] == BATCH for term in terms):
        return []
    terms.sort(key=lambda term: int(term.parameters["start"]))
    apart = (a.parameters["start"] + a.arguments[0].shape[axis] <= b.parameters["start"] for a, b in itertools.pairwise(terms))
    return terms if all(apart) else []


def _summed_products(node: Expression) -> list[tuple[Expression, Expression]]:
    """A and B of each term, if the node is a sum of products Aᵀ B of matrices alone; otherwise nothing."""
    terms: list[tuple[Expression, Expression]] = []
    while True:
        last = node.arguments[1] if node.primitive.name == "add" else node
        if last.primitive.name != "matmul" or len(last.shape) != 2 or last.arguments[0].primitive.name != "transpose":
            return []
        terms.append((last.arguments[0].arguments[0], last.arguments[1]))
        if last is node:
            return terms[::-1]
        node = node.arguments[0]


_WORDS = {
    "add": "together",
    "subtract": "difference",
    "multiply": "product",
    "divide": "ratio",
    "negative": "opposite",
    "exp": "exponentials",
    "log": "logarithms",
    "max": "largest",
    "sum": "sums",
    "abs": "magnitudes",
    "greater": "above",
    "spread": "full",
    "sqrt": "roots",
    "reshape": "arranged",
    "transpose": "turned",
    "stack": "windows",
    "rows": "rows",
}
"""What a variable for such a value is called; others are called after the function."""


def _word(name: str) -> str:
    return _WORDS.get(name, name)


def identifier(node: Expression) -> str:
    """The variable of a named quantity: W1, m_W1, learning_rate."""
    assert node.name is not None
    return node.name.key


def written_program(
    network: Network, optimizer: Bound | None = None, example: Mapping[str, Any] | None = None, language: Source | None = None
) -> Program:
    """The program of a network's training step.

    optimizer  whose update rule; gradient descent if none is said
    example    a batch {"x": …, "t": …} (and "s", where examples are weighted) and a number of "steps" to close the program with,
               so that it runs as it stands
    language   NumPy's if none is said; `chainrule.engines.languages` has others
    """
    short, language = brief(network), language or NUMPY
    derivation = with_functions_of_whole_arrays(short.derivation)
    rule = network_update(network, optimizer or find("optimizer", "sgd"), derivation)
    step, inputs, outputs, options = _step_function(derivation, rule, language, short.remarks)
    quiet = any(node.primitive.name in ("exp", "sigmoid") for node in order(derivation.error, *derivation.gradients, *rule.roots))
    functions = [*_predict_function(with_functions_of_whole_arrays(network.inference), language), "", "", *step]
    lines = [*_header(functions, quiet, language), *functions]
    if example is not None:
        lines += ["", "", *_main(network, rule, example, inputs, outputs, language)]
    outside = stated_functions(*network.inference.predictions, derivation.error, *derivation.gradients, *derivation.asked, *rule.roots)
    return Program("\n".join(lines) + "\n", tuple(inputs), tuple(outputs), tuple(options), outside)


NUMPY = _QuickSource()


def _header(functions: list[str], quiet: bool, language: Source) -> list[str]:
    lines, helpers = list(language.imports), language.helpers(functions)
    if any("functools." in line for line in helpers):
        lines = ["import functools", "", *lines]
    if any("math." in line for line in functions):
        lines = ["import math", "", *lines]
    if quiet and language.quiet:
        lines += ["", language.quiet]
    if helpers:
        lines += ["", "", *helpers]
    if any(re.search(r"(?<![.\w])erfc?\(", line) for line in functions):
        lines += ["", "", *_error_functions()]
    if any(re.search(r"(?<![.\w])softmax\(", line) for line in functions):
        lines += ["", "", *SOFTMAX]
    return [*lines, "", ""]


SOFTMAX = (
    "def softmax(z):",
    '    """e^z over its sum along the last axis, where the largest z is made 0, so that nothing overflows."""',
    "    largest = np.max(np.ascontiguousarray(np.moveaxis(z, -1, 0)), axis=0)  # along rows it takes four times as long",
    "    e = np.exp(z - largest[..., None])",
    '    return e / np.einsum("...i->...", e)[..., None]  # as does np.sum',
)
"""What NumPy does not have, along short rows."""

BLOCK = 2**15
"""Numbers at a time of a function that goes through them dozens of times."""


def _error_functions() -> list[str]:
    """erf and erfc of arrays, with the coefficients of machine code; float32 stays float32, and takes half as many of them.

    From 0 on (1 + 2x) e^x² erfc x is a polynomial in (x − m) / (x + m): Shepherd & Laframboise (1981).
    """
    from chainrule.engines.compiled.llvm.approximations import DOUBLE, SINGLE

    tables = list[str]()
    for digits, known in ((4, SINGLE), (8, DOUBLE)):
        near, far = ([repr(one) for one in reversed(row)] for row in (known.erf_near, known.erfc))
        tables += [*wrapped_items(f"_NEAR[{digits}] = (", near, ")"), *wrapped_items(f"_FAR[{digits}] = (", far, ")")]
        tables.append(f"_BOUNDS[{digits}] = {known.erfc_middle}, {known.erfc_zero}")
    return [
        "_NEAR, _FAR, _BOUNDS = {}, {}, {}  # by the bytes of a number",
        *tables,
        "",
        "",
        "def _polynomial(coefficients, x):",
        "    value = coefficients[0] * x + coefficients[1]",
        "    for coefficient in coefficients[2:]:  # in place, which takes half the time",
        "        value *= x",
        "        value += coefficient",
        "    return value",
        "",
        "",
        "def erf(x):",
        '    """The error function: x times a polynomial in x², where 1 - erfc(x) would lose digits."""',
        "    x = np.asarray(x)",
        "    return np.where(np.abs(x) <= 1, x * _polynomial(_NEAR[x.itemsize], np.minimum(x * x, 1)), 1 - erfc(x))",
        "",
        "",
        "def erfc(x):",
        '    """1 − erf x, to 15 digits; in float32 to 6, and to 5 where it is below 1e-10."""',
        "    x = np.asarray(x)",
        f"    if x.size > {2 * BLOCK}:  # in blocks that stay in the cache, from one pass to the next",
        f"        blocks = np.array_split(x.reshape(-1), x.size // {BLOCK})",
        "        return np.concatenate([erfc(block) for block in blocks]).reshape(x.shape)",
        "    middle, zero = _BOUNDS[x.itemsize]",
        "    size = np.abs(np.clip(x, -zero, zero))",
        "    if x.itemsize == 8:",
        "        rough = np.round(16 * size) / 16  # of so few digits that its square is exact",
        "        tail = np.exp(-rough * rough) * np.exp((rough - size) * (rough + size))",
        "    else:",
        "        tail = np.exp(-size * size)",
        "    tail *= _polynomial(_FAR[x.itemsize], (size - middle) / (size + middle))",
        "    tail /= 1 + 2 * size",
        "    return tail + (x < 0).astype(x.dtype) * (2 - 2 * tail)  # below 0 it is 2 - tail; np.where takes five times as long",
    ]


def _predict_function(derivation: Derivation, language: Source) -> list[str]:
    writer = Writer(derivation.predictions, language)
    for quantity in derivation.quantities:
        if quantity in writer.users:
            writer.write(quantity)
    inputs, outputs = ([identifier(node) for node in side] for side in (derivation.inputs, derivation.predictions))
    said = ["The prediction y (batch, outputs) for inputs x (batch, inputs)."] if len(inputs) == len(outputs) == 1 else ["The predictions."]
    arguments = [*inputs, *(str(parameter.name) for parameter in derivation.parameters)]
    lines = [
        f'"""{said[0]}"""',
        *with_size(rolled(writer.lines, arguments, scans=language.scans), inputs[0]),
        f"return {', '.join(outputs)}",
    ]
    head = wrapped_items("def predict(", arguments, "):", width=10**9 if len(inputs) == 1 else 100)
    return [*language.decorators(lines), *head, *_indented(lines)]


def written_error(network: Network, language: Source = NUMPY) -> Program:
    """The forward pass up to E alone, as the function error(x, t, parameters …): what measuring a network takes."""
    derivation = with_functions_of_whole_arrays(network.inference)
    writer = Writer([derivation.error], language)
    writer.write(derivation.error)
    inputs = [identifier(node) for node in (*derivation.data, *derivation.parameters)]
    docstring = '"""The error E of the batch (x, t)."""'
    body = _indented([docstring, *with_size(rolled(writer.lines, inputs, scans=language.scans), inputs[0]), "return E"])
    lines = [*_header(writer.lines, False, language), *language.decorators(body), *wrapped_items("def error(", inputs, "):"), *body]
    return Program("\n".join(lines) + "\n", tuple(inputs), ("E",), stated=stated_functions(derivation.error))


def program_of(lines: Sequence[str]) -> Program:
    """A program of functions that are called by their names."""
    return Program("\n".join([*_header(list(lines), False, NUMPY), *lines]) + "\n", (), ())


def with_size(lines: list[str], first: str = "x") -> list[str]:
    """The lines of a function, behind one that counts the rows of its first argument where they need it."""
    return [f"N = len({first})", *lines] if any(re.search(r"\bN\b", line) for line in lines) else lines


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]


class StepLines(FrozenValue):
    """The lines of a training step, by part: "forward pass", "error", "backward pass", "update".

    targets  which variable holds each new value: that of the old one, unless an old one is still needed later ("m_W1_next")
    options  the optimiser's letters that the lines read, and k, the number of the step, if they read it
    """

    parts: dict[str, list[str]]
    targets: dict[Expression, str]
    options: list[Expression]


def step_lines(derivation: Derivation, rule: Update, source: Source | None = None, remarks: Mapping[str, str] = {}) -> StepLines:
    """A training step line by line, in the order in which a careful student computes it.

    remarks  comments above the lines of quantities, by their keys
    """
    # Of a parameter that no gradient moves, as a running mean, there is none to compute.
    gradients = [
        gradient
        for gradient, parameter in zip(derivation.gradients, derivation.parameters, strict=True)
        if parameter not in derivation.moving
    ]
    roots = [*derivation.predictions, derivation.error, *gradients, *derivation.asked, *rule.roots]
    writer = Writer(roots, source, numbers=(*rule.options, STEP_NUMBER))
    parts: dict[str, list[str]] = {}

    def part(title: str, quantities: Iterable[Expression], targets: Mapping[Expression, str] = {}) -> None:
        start = len(writer.lines)
        for quantity in quantities:
            if quantity.key in remarks:
                writer.lines.append(f"# {quantity.key} {remarks[quantity.key]}")
            writer.write(quantity, targets.get(quantity))
        parts[title] = writer.lines[start:]

    part("forward pass", derivation.quantities)
    part("error", [derivation.error])
    part("backward pass", [quantity for quantity in derivation.backward if quantity in writer.users])
    targets = in_place(rule)
    part("update", [root for root in rule.roots if root.primitive.name == "named"], targets)
    return StepLines(parts, targets, [letter for letter in (*rule.options, STEP_NUMBER) if letter in writer.pieces])


def _step_function(
    derivation: Derivation, rule: Update, language: Source, remarks: Mapping[str, str]
) -> tuple[list[str], list[str], list[str], list[str]]:
    """The lines of the function, the names of its arguments and results, and those of its options, which have defaults."""
    lines = step_lines(derivation, rule, language, remarks)
    targets = lines.targets
    states = [state for part in rule.parameters for state in part.states]
    options = [letter for letter in lines.options if letter is not STEP_NUMBER]
    used_k = [letter for letter in lines.options if letter is STEP_NUMBER]
    leading = [*derivation.data, *derivation.parameters, *states, *used_k]
    inputs = [identifier(node) for node in leading]
    defaults = [f"{identifier(letter)}={rule.options[letter]!r}" for letter in options]
    trained = {part.parameter: targets[part.new] for part in rule.parameters}
    outputs = [trained.get(parameter, identifier(parameter)) for parameter in derivation.parameters]
    outputs += [targets[new] for part in rule.parameters for new in part.new_states]
    body = rolled([line for title, own in lines.parts.items() if own for line in (f"# {title}", *own)], inputs, scans=language.scans)
    batch = ", ".join(map(identifier, derivation.data))
    source = [
        *language.decorators(body),
        *wrapped_items("def step(", [*inputs, *defaults], "):"),
        f'    """One training step on the batch ({batch}): E before it, and the new parameters."""',
        *_indented(with_size(body, inputs[0])),
        *_indented(wrapped_items("return ", ["E", *outputs], "")),
    ]
    drawn = [identifier(mask.variable) for mask in derivation.masks]
    data = [identifier(node) for node in derivation.data if identifier(node) not in drawn]
    state = [identifier(node) for node in (*derivation.parameters, *states)]
    if epoch := language.epoch(data, drawn, state, defaults, counted=bool(used_k)):
        source += ["", "", *epoch]
    return source, inputs, ["E", *outputs], [identifier(letter) for letter in options]


def in_place(rule: Update) -> dict[Expression, str]:
    """New values take the names of the old ones, unless an old one is still needed later."""
    targets: dict[Expression, str] = {}
    for part in rule.parameters:
        for old, new in zip((*part.states, part.parameter), (*part.new_states, part.new), strict=True):
            later = [root for root in (*part.new_states, part.new) if root is not new and _reads(root, old, past=new)]
            targets[new] = f"{identifier(old)}_next" if later and new is not part.new else identifier(old)
    return targets


def _reads(root: Expression, old: Expression, past: Expression) -> bool:
    return old in order(root, wall=lambda node: node is past)


def _main(network: Network, rule: Update, example: Mapping[str, Any], inputs: list[str], outputs: list[str], language: Source) -> list[str]:
    x, t = (None if example[key] is None else np.asarray(example[key], dtype=float) for key in ("x", "t"))
    batch = network.split(x, t)
    lines = [*language.start, *([""] if language.start else [])]
    lines += [f"{identifier(node)} = {language.array}({literal(part)}{language.kind})" for node, part in batch.items()]
    if network.derivation.weights is not None:
        weights = f"{language.array}({literal(example['s'])}{language.kind})" if example.get("s") is not None else None
        lines.append(f"s = {weights or f'{language.library}.ones(len({inputs[0]}){language.kind})'}")
    lines += [f"{key} = {language.array}({literal(value)}{language.kind})" for key, value in network.parameters.items()]
    for part in rule.parameters:
        lines += [f"{identifier(state)} = {language.library}.zeros({sizes(state.shape)}{language.kind})" for state in part.states]
    steps = int(example.get("steps", 2))
    results = wrapped_items("", [name.removesuffix("_next") for name in outputs], "")
    call = wrapped_items("step(", inputs, ")")
    loop = [f"for k in range(1, {steps + 1}):"]
    body = [*results[:-1], f"{results[-1]} = {call[0]}", *call[1:], f"print(k, {language.shown_error})"]
    return [*lines, "", *loop, *_indented(body)]


def literal(values: Any) -> str:
    """Numbers as nested lists, at full precision."""
    nested = np.asarray(values, dtype=float).tolist()
    return _shown(nested)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_shown(inner) for inner in value)}]"
    return repr(value) if math.isfinite(value) else f'float("{value}")'
