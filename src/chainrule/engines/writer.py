"""From expressions to lines: what is used more than once, or has a name, gets a variable; what repeats is taken together."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from chainrule.base.frozen import replace
from chainrule.engines.loops import LEAST
from chainrule.engines.source import ATOM, PRODUCT, Fragment, Source, Windows, number_like, parenthesized, source_text
from chainrule.formula.expression import Expression, Name, consumers, order
from chainrule.formula.stated import call_name
from chainrule.network.derivation import BATCH


def _stretches(user: Expression) -> bool:
    """Will NumPy stretch an argument of this operation, because another one has the full shape already?"""
    return user.primitive.elementwise and any(a.shape and a.primitive.name != "spread" for a in user.arguments)


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
                name = self._fresh(word_for(piece.word or node.primitive.name))
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
            return self._placed(node)
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
        if (summed := self._sum_of_rows(node)) is not None:
            return summed
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

    def _placed(self, node: Expression) -> Fragment:
        """An array among zeros: along several axes at once, where nobody else reads what lies between."""
        (inner,), margins, axes = node.arguments, _margins(node), {node.parameters["axis"]}
        while inner.primitive.name == "place" and inner.parameters["axis"] not in axes and len(self.users[inner]) == 1:
            axis = inner.parameters["axis"]
            axes.add(axis)
            margins[axis] = _margins(inner)[axis]
            (inner,) = inner.arguments
        return self.source.pad(self.pieces[inner], margins)

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
            return self.source.softmax_along_last(self.pieces[inner])
        if node.primitive.name not in ("total", "mean"):
            return None
        factors = _factors(inner) if len(self.users[inner]) == 1 else ()
        pieces = [self.pieces[factor] for factor in factors or (inner,)]
        if factors and any(piece.level < ATOM for piece in pieces):
            pieces = [self.pieces[inner]]
        summed = self.source.reduced_along_last(node.primitive.name, pieces, int(inner.shape[last]))
        if summed is None or not self._kept_axis(node):
            return summed
        return parenthesized(summed, ATOM)[(*[slice(None)] * last, None)]

    def _sum_of_rows(self, node: Expression) -> Fragment | None:
        """A sum along all axes but the last, of three or more, where the language has something quicker."""
        (inner,) = node.arguments if node.primitive.name == "total" else (node,)
        last = len(inner.shape) - 1
        summed = inner is not node and last > 1 and node.parameters["axes"] == tuple(range(last))
        return self.source.sum_of_rows(self.pieces[inner]) if summed else None

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
                    name = self._fresh(word_for(code.word or "value"))
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


RESERVED = (
    *("N", "math", "np", "torch", "jax", "jnp", "functools", "in_its_precision"),
    *("erf", "erfc", "softmax", "sum_of_rows", "first_largest", "among_zeros"),
)
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


def word_for(name: str) -> str:
    """What a variable is called whose value an operation of that name gives."""
    return _WORDS.get(name, name)


def identifier(node: Expression) -> str:
    """The variable of a named quantity: W1, m_W1, learning_rate."""
    assert node.name is not None
    return node.name.key
