"""From an expression to its layout: one case for each form in the table of primitives."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction as ExactNumber
from typing import TypeAlias

from chainrule.base.frozen import FrozenValue, replace
from chainrule.formula import forms
from chainrule.formula.expression import Expression, PlainNumber, substitute, variable, written_nodes
from chainrule.formula.primitives import spread, swapped, transpose
from chainrule.formula.tidy import tidy
from chainrule.notation import formula as f
from chainrule.notation.labels import DEFAULT, Labels

Write: TypeAlias = "Callable[[Expression], f.Formula | None]"

FOLDED = 8
"""A sum of more terms is written as its first three and its last."""


def formula(expression: Expression, labels: Labels = DEFAULT, write: Write | None = None, *, fold: int = FOLDED) -> f.Formula:
    """The layout of an expression; named quantities inside it are written by their names.

    write  what stands for a variable or a named quantity in place of its letter, a number say; None keeps the letter
    fold   sums of more terms than this are shortened

    Where the notation has vectors as columns, arrays are written as the transposed products that they are then.
    """
    if labels.notation.vectors == "columns" and len(expression.shape) == 2:
        expression, columns = as_columns(expression)
        inner = write

        def write(node: Expression) -> f.Formula | None:
            return inner(columns.get(node, node)) if inner else None

    return _Builder(labels, write or (lambda node: None), fold).piece(expression).formula


def as_columns(expression: Expression) -> tuple[Expression, dict[Expression, Expression]]:
    """The transpose of a matrix expression, written in the transposes of its letters: x W + b becomes W x + b.

    Also returns which quantity each new letter (of the same name) stands for.
    """
    letters: dict[Expression, Expression] = {}
    for node in written_nodes(expression):
        if node.name is not None and len(node.shape) == 2:
            letters[node] = variable(node.name, node.shape[::-1])
    turned = substitute(expression, {node: swapped(letter) for node, letter in letters.items()})
    return _outward(swapped(turned)), {letter: node for node, letter in letters.items()}


def _outward(expression: Expression) -> Expression:
    """A transpose of a product as the product of the transposes: (A B)ᵀ = Bᵀ Aᵀ, (A + B)ᵀ = Aᵀ + Bᵀ."""
    if isinstance(expression.primitive.form, forms.Total) and len(expression.arguments[0].shape) == 2:  # Σ over the other axis of Aᵀ
        (inner,) = expression.arguments
        return expression.primitive(_outward(swapped(inner)), axes=tuple(1 - axis for axis in expression.parameters["axes"]))
    if expression.primitive is not transpose or expression.parameters["axes"] != (1, 0):
        arguments = [_outward(argument) for argument in expression.arguments]
        return expression.rebuilt(*arguments) if arguments else expression
    (inner,) = expression.arguments
    if inner.primitive is transpose:
        return _outward(tidy(expression))
    if inner.primitive.name == "matmul":
        a, b = inner.arguments
        return _outward(swapped(b)) @ _outward(swapped(a))
    if inner.primitive.elementwise:
        return inner.rebuilt(*(_outward(swapped(a)) if len(a.shape) == 2 else a for a in inner.arguments))
    if inner.primitive is spread and len(inner.parameters["axes"]) == 1:
        (axis,) = inner.parameters["axes"]
        return spread(_outward(inner.arguments[0]), axes=(1 - axis,), sizes=inner.parameters["sizes"])
    if inner.primitive is spread:
        return spread(_outward(inner.arguments[0]), axes=inner.parameters["axes"], sizes=inner.parameters["sizes"][::-1])
    if "axis" in inner.parameters:
        turned = {**inner.parameters, "axis": 1 - inner.parameters["axis"]}
        return inner.primitive(*(_outward(swapped(argument)) for argument in inner.arguments), **turned)
    return expression


class _Piece(FrozenValue):
    """A layout and how tightly it holds together."""

    formula: f.Formula
    level: int = forms.ATOM

    def within(self, level: int) -> f.Formula:
        """In parentheses where it holds together less tightly than `level`."""
        return self.formula if self.level >= level else f.Fenced(self.formula)


class _Builder(FrozenValue):
    labels: Labels
    write: Write
    fold: int
    summed: bool = False
    axis: str = "j"

    def piece(self, node: Expression) -> _Piece:
        """The layout of one node."""
        if node.name is not None:
            given = self.write(node)
            return _Piece(self.labels.label(node.name)) if given is None else _Piece(given, _level_of(given))
        arguments = node.arguments
        match node.primitive.form:
            case forms.Leaf():
                return self._leaf(node)
            case forms.Infix():
                return self._sum(node)
            case forms.Prefix(sign):
                return _Piece(f.row(f.Operator(sign, prefix=True), self._in(arguments[0], forms.SIGN + 1, product=True)), forms.SIGN)
            case forms.Times() if (sides := equal_sides(node)) is not None:
                a, b = (self.piece(side).formula for side in sides)
                return _Piece(f.Fenced(f.row(a, f.Operator("="), b), "[", "]"))
            case forms.Times() if (factors := _of_one_window(node)) is not None:
                return self._times(factors, "⊙")
            case forms.Times():
                return self._times(arguments, "·" if _is_number(arguments[0]) or _is_number(arguments[1]) else "⊙")
            case forms.MatrixTimes():
                return self._times(arguments, "⋆" if any(_has_windows(argument) for argument in arguments) else "·")
            case forms.Ratio():
                return _Piece(f.Fraction(*(self.piece(argument).formula for argument in arguments)), forms.PRODUCT)
            case forms.Raised(base) if base in self.labels.taken:
                return _Piece(f.Call(node.primitive.name, (self.piece(arguments[0]).formula,)))
            case forms.Raised(base) if base:
                return _Piece(f.Power(f.Symbol(base, key=""), self.piece(arguments[0]).formula), forms.POWER)
            case forms.Raised():
                return _Piece(f.Power(self._in(arguments[0], forms.ATOM), self.piece(arguments[1]).formula), forms.POWER)
            case forms.Radical():
                return _Piece(f.Root(self.piece(arguments[0]).formula))
            case forms.Named(name):
                return _Piece(f.Call(name, tuple(self.piece(argument).formula for argument in self._operands(node))))
            case forms.Stated():
                return self._stated(node)
            case forms.Fence(left, right):
                return _Piece(f.Fenced(self.piece(arguments[0]).formula, left, right))
            case forms.Bracket():
                return _Piece(f.Fenced(self._comparison(node), "[", "]"))
            case forms.Piecewise():
                return _Piece(self._cases(node))
            case forms.Total(average):
                return self._total(node, average)
            case forms.Part():
                start, stop = (_whole(node.parameters[end] + first) for end, first in (("start", 1), ("stop", 0)))
                places = (start,) if start == stop else (start, f.Ellipsis(), stop)
                return _Piece(f.row(self._in(arguments[0], forms.ATOM), f.Fenced(f.row(*places), "[", "]")), forms.POWER)
            case forms.Taken():
                inside = f.Fenced(self.piece(arguments[1]).formula, "[", "]")
                return _Piece(f.row(self._in(arguments[0], forms.ATOM), inside), forms.POWER)
            case forms.AmongZeros():
                before = node.parameters["start"]
                extents = (arguments[0].shape[node.parameters["axis"]], node.shape[node.parameters["axis"]])
                after = extents[0] != extents[1] and (isinstance(extents[1], str) or int(extents[1]) > before + int(extents[0]))
                nought = (f.Number("0", value=ExactNumber(0)),)
                return _Piece(f.Call("", (*nought * bool(before), self.piece(arguments[0]).formula, *nought * bool(after))))
            case forms.Laid():
                inner = _moved(arguments[0])
                if isinstance(inner.primitive.form, forms.MatrixTimes):
                    return self._times(inner.arguments, "∗")
                return _Piece(f.Sum(self._in(arguments[0], forms.PRODUCT), ""), forms.SUM)
            case forms.Gathered():
                return _Piece(
                    f.row(f.Transposed(self._at_each(node)), f.Operator("·"), self._in(arguments[0], forms.PRODUCT)), forms.PRODUCT
                )
            case forms.IsLargest():
                largest = self.piece(arguments[0]).formula
                return _Piece(f.Fenced(f.row(largest, f.Operator("="), f.Call("max", (largest,))), "[", "]"))
            case forms.Transpose() if _has_windows(arguments[0]):
                return self.piece(arguments[0])
            case forms.Transpose() if isinstance(arguments[0].primitive.form, forms.Gathered):  # where vectors are columns
                rows = f.Transposed(self._in(arguments[0].arguments[0], forms.ATOM))
                return _Piece(f.row(rows, f.Operator("·"), self._at_each(arguments[0])), forms.PRODUCT)
            case forms.Transpose() if not _turns_matrices(node):
                return self.piece(arguments[0])
            case forms.Transpose():
                return _Piece(f.Transposed(self._in(arguments[0], forms.ATOM)), forms.POWER)
            case forms.Numbered():
                return _Piece(f.Symbol(self.axis, key=""))
            case forms.Quiet():
                return self._quiet(node)
            case forms.Spelled():
                assert node.primitive.paper is not None
                return self.piece(node.primitive.paper(*arguments))

    def _quiet(self, node: Expression) -> _Piece:
        (inner,) = node.arguments
        if node.primitive is spread and len(inner.shape) == 1:
            (own,) = {*range(len(node.shape))} - {*node.parameters["axes"]}
            return replace(self, axis=_axis_letter(len(node.shape) - own - 1)).piece(inner)
        return self.piece(_moved(inner, zeros=True) if node.primitive.name == "window" else inner)

    def _in(self, node: Expression, level: int, product: bool = False) -> f.Formula:
        piece = self.piece(node)
        if product and isinstance(piece.formula, f.Sum):
            return piece.formula
        return _behind_sign(piece.formula) if product and piece.level == forms.PRODUCT else piece.within(level)

    def _leaf(self, node: Expression) -> _Piece:
        if node.primitive.name == "size":
            dimension = node.parameters["dimension"]
            return _Piece(f.Symbol(self.labels.notation.letter(str(dimension)), key=str(dimension)))
        written = constant_formula(node.parameters["number"], self.labels.notation.decimal)
        return _Piece(written, _level_of(written))

    def _sum(self, node: Expression) -> _Piece:
        terms = _terms(node)
        if (parts := _parts_of_one_axis(terms)) is not None:
            nought = f.Number("0", value=ExactNumber(0))
            return _Piece(f.Call("", tuple(nought if part is None else self.piece(part).formula for part in parts)))
        if len(terms) > self.fold:
            left_out = f.row(f.Operator("+"), f.Ellipsis())
            return _Piece(f.row(*self._joined(terms[:3]), left_out, self._term(terms[-1])), forms.SUM)
        return _Piece(f.row(*self._joined(terms)), forms.SUM)

    def _joined(self, terms: list[tuple[str, Expression]]) -> list[f.Formula]:
        (_, first), *others = terms
        return [self.piece(first).formula, *(self._term(term) for term in others)]

    def _term(self, term: tuple[str, Expression]) -> f.Formula:
        sign, node = term
        piece = self.piece(node)
        inside = f.Fenced(piece.formula) if _starts_with_sign(piece.formula) else piece.within(forms.PRODUCT)
        return f.row(f.Operator(sign), inside)

    def _operands(self, node: Expression) -> list[Expression]:
        """The arguments; the largest of several that are largest themselves is the largest of all: max(a, b, c) for max(max(a, b), c)."""
        if node.primitive.name not in ("maximum", "minimum", "largest"):
            return list(node.arguments)
        nested = (one.name is None and one.primitive is node.primitive and self.write(one) is None for one in node.arguments)
        return [inner for one, own in zip(node.arguments, nested, strict=True) for inner in (self._operands(one) if own else [one])]

    def _at_each(self, node: Expression) -> f.Formula:
        """[x = 0 … 4]: a column for each row of a table, with 1 where x names it."""
        where = _moved(node.arguments[1])
        rows = (_whole(0), f.Ellipsis(), _whole(int(node.parameters["extent"]) - 1))
        return f.Fenced(f.row(self.piece(where).formula, f.Operator("="), *rows), "[", "]")

    def _stated(self, node: Expression) -> _Piece:
        """f(x), f′(g, x) for its gradient, f(x1, x2, …)[1, 2] for an element."""
        from chainrule.formula.stated import function_name

        operands = [self.piece(argument).formula for argument in node.arguments]
        if len(operands) > self.fold:
            operands = [*operands[:3], f.Ellipsis(), operands[-1]]
        name = function_name(node.parameters["operation"]) + "′" * (node.parameters.get("by") is not None)
        call = f.Call(name, tuple(operands))
        at = node.parameters.get("at")
        if not at:
            return _Piece(call)
        places = [part for place in at for part in (f.Operator(","), _whole(place + 1))][1:]
        return _Piece(f.row(call, f.Fenced(f.row(*places), "[", "]")), forms.POWER)

    def _times(self, factors: Sequence[Expression], sign: str) -> _Piece:
        left, right = map(self.piece, factors)
        apart = right.level in (forms.SUM, forms.SIGN) or _starts_with_sign(right.formula) or (sign == "⊙" and _is_dotted(right.formula))
        second = f.Fenced(right.formula) if apart else right.formula
        return _Piece(f.row(left.within(forms.PRODUCT), f.Operator(sign), second), forms.PRODUCT)

    def _comparison(self, node: Expression) -> f.Formula:
        a, b = (self.piece(argument).formula for argument in node.arguments)
        return f.row(a, f.Operator(">"), b)

    def _cases(self, node: Expression) -> f.Formula:
        condition, first, second = node.arguments
        is_comparison = isinstance(condition.primitive.form, forms.Bracket)
        written = self._comparison(condition) if is_comparison else self.piece(condition).formula
        return f.Cases(written, self.piece(first).formula, self.piece(second).formula)

    def _total(self, node: Expression, average: bool) -> _Piece:
        (inside,) = node.arguments
        axes = [axis for axis in node.parameters["axes"] if inside.shape[axis] != 1]
        over_samples = [inside.shape[axis] for axis in axes] == ["batch"]
        written = replace(self, summed=self.summed or over_samples or not axes).piece(inside)
        if not axes:
            return written
        index = "n" if over_samples else "j" if node.shape and not self.summed else ""  # j: of each sample by itself
        total = f.Sum(written.within(forms.PRODUCT), index)
        if not average:
            return _Piece(total, forms.SUM)
        from chainrule.formula.primitives import count

        number = self.piece(count(inside.shape, tuple(axes))).formula
        return _Piece(f.row(f.Fraction(f.Number("1", value=ExactNumber(1)), number), total), forms.SUM)


def _axis_letter(behind: int) -> str:
    """By which letter the places along an axis are counted that has so many others behind it: j along the last, i along that before."""
    return "jik"[behind] if behind < len("jik") else "k"


def _of_one_window(node: Expression) -> tuple[Expression, Expression] | None:
    """g and [x = max(x)] of g ⊙ [max(x) = max(max(x))] ⊙ [x = max(x)], where a window's maximum is taken axis by axis; None of all else."""
    outer, own = node.arguments
    inner = outer
    while inner.name is None and isinstance(inner.primitive.form, forms.Quiet):
        (inner,) = inner.arguments
    if not isinstance(own.primitive.form, forms.IsLargest) or inner.name is not None or not isinstance(inner.primitive.form, forms.Times):
        return None
    g, above = inner.arguments
    (x,) = own.arguments
    if not isinstance(above.primitive.form, forms.IsLargest) or above.arguments[0].name is not None or above.arguments[0].arguments != (x,):
        return None
    return g, own


def _parts_of_one_axis(terms: list[tuple[str, Expression]]) -> list[Expression | None] | None:
    """Terms that fill an axis part by part, each among zeros: the parts in their order, None where nothing stands; else None."""
    placed = [term for sign, term in terms if sign != "−" and term.name is None and isinstance(term.primitive.form, forms.AmongZeros)]
    if len(placed) < max(2, len(terms)) or len({term.parameters["axis"] for term in placed}) > 1:
        return None
    axis, parts, end = placed[0].parameters["axis"], list[Expression | None](), 0
    for term in sorted(placed, key=lambda term: int(term.parameters["start"])):
        (inner,), start = term.arguments, term.parameters["start"]
        if start < end or not isinstance(inner.shape[axis], int):
            return None
        joined = inner.name is None and inner.primitive.name == "join" and inner.parameters["axis"] == axis
        parts += [*([None] if start > end else []), *(inner.arguments if joined else (inner,))]
        end = start + int(inner.shape[axis])
    return parts if end == placed[0].shape[axis] else [*parts, None]


def _moved(node: Expression, *, zeros: bool = False) -> Expression:
    """What is in another shape, or order, or, if that is asked for, among zeros."""
    while node.name is None and (
        node.primitive.name in ("reshape", "transpose") or (zeros and isinstance(node.primitive.form, forms.AmongZeros))
    ):
        (node,) = node.arguments
    return node


def _has_windows(node: Expression) -> bool:
    """Does a product with it lay a window of numbers on each place?"""
    return _moved(node).primitive.name == "window"


def _turns_matrices(node: Expression) -> bool:
    """Are the last two axes exchanged, and nothing else? Another order of axes is seen by the indices alone. Where features were parted
    into heads, the heads stand before both.
    """
    axes, last = tuple(node.parameters["axes"]), len(node.parameters["axes"]) - 1
    return axes == (*range(last - 1), last, last - 1) or (axes == (0, 2, 3, 1) and node.arguments[0].primitive.name == "reshape")


def _terms(node: Expression) -> list[tuple[str, Expression]]:
    """The terms of a sum with their signs; a + (b + c) is read as a + b + c."""
    terms: list[tuple[str, Expression]] = []
    while node.name is None and isinstance(node.primitive.form, forms.Infix):
        sign = node.primitive.form.sign
        node, right = node.arguments
        terms = [*(_terms(right) if sign == "+" else [(sign, right)]), *terms]
    return [("+", node), *terms]


def equal_sides(node: Expression) -> tuple[Expression, Expression] | None:
    """The sides a and b of (1 − [a > b]) · (1 − [b > a]), which is 1 where they are equal; None of anything else."""
    if not isinstance(node.primitive.form, forms.Times):
        return None
    left, right = (_not_above(factor) for factor in node.arguments)
    if (
        left is None
        or right is None
        or not all(a is b or a.constant == b.constant is not None for a, b in zip(left, right[::-1], strict=True))
    ):
        return None
    return left


def _not_above(factor: Expression) -> tuple[Expression, Expression] | None:
    """a and b of 1 − [a > b]."""
    if factor.primitive.name != "subtract" or factor.arguments[0].constant != 1:
        return None
    second = factor.arguments[1]
    return (second.arguments[0], second.arguments[1]) if isinstance(second.primitive.form, forms.Bracket) else None


def _is_number(node: Expression) -> bool:
    """A single number, stretched or not, or what counts along an axis: its product needs no ⊙."""
    inner = node.arguments[0] if node.primitive is spread else node
    return not inner.shape or isinstance(inner.primitive.form, forms.Numbered)


def _level_of(written: f.Formula) -> int:
    match written:
        case f.Number(digits, power):
            return forms.SIGN if digits.startswith("−") else forms.PRODUCT if power is not None else forms.ATOM
        case f.Fraction():
            return forms.PRODUCT
        case f.Row():
            return forms.SIGN if _starts_with_sign(written) else forms.PRODUCT
        case _:
            return forms.ATOM


def _is_dotted(written: f.Formula) -> bool:
    """A product with ·, which after ⊙ would look like one of matrices: a ⊙ (2 · b)."""
    return isinstance(written, f.Row) and f.Operator("·") in written.items


def _starts_with_sign(written: f.Formula) -> bool:
    match written:
        case f.Row(items):
            return _starts_with_sign(items[0])
        case f.Operator(_, prefix):
            return prefix
        case f.Number(digits):
            return digits.startswith("−")
        case _:
            return False


def _behind_sign(written: f.Formula) -> f.Formula:
    """A product behind a sign: −a · b, but −(−2) · b."""
    match written:
        case f.Row((f.Number() as first, *others)) if _starts_with_sign(first):
            return f.row(f.Fenced(first), *others)
        case _:
            return f.Fenced(written) if _starts_with_sign(written) else written


def constant_formula(number: PlainNumber, decimal: str = "point") -> f.Formula:
    """A number of the formula itself, exactly as it was written: ½, 2, 0.01, π."""
    if number == math.pi:
        return f.Symbol("π")
    exact = ExactNumber(str(number)) if isinstance(number, float) else ExactNumber(number)
    sign = "−" if exact < 0 else ""
    if isinstance(number, ExactNumber) and number.denominator != 1:
        fraction = f.Fraction(_whole(abs(number.numerator)), _whole(number.denominator))
        return f.row(f.Operator("−", prefix=True), fraction) if sign else fraction
    if exact.denominator == 1 and abs(exact) < 10**15:
        return f.Number(f"{sign}{abs(exact.numerator)}", value=exact)
    digits, _, power = repr(abs(float(number))).partition("e")
    digits = digits.removesuffix(".0").replace(".", "," if decimal == "comma" else ".")
    return f.Number(f"{sign}{digits}", int(power) if power else None, exact)


def _whole(number: int) -> f.Number:
    return f.Number(str(number), value=ExactNumber(number))
