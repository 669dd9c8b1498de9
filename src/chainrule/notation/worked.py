"""Worked equations: letters, then numbers, then the result; each line true as it is printed.

    ∂E/∂w1 = ∂E/∂y · ∂y/∂h1 · ∂h1/∂w1 = (y − t) · w5 · x1 = (2.2136 − 4) · 0.23 · 8 = −1.7864 · 0.23 · 8 = −3.286976

`=` stands where both sides are equal as printed, `≈` elsewhere: then the right side is right to half a unit of its last digit.
Numbers that had to be rounded carry guard digits inside a formula: as many more as the printed result needs to follow from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

from chainrule.base.frozen import FrozenValue, replace
from chainrule.formula.expression import Expression, Name, as_expression, order, substitute, variable
from chainrule.formula.forms import Fence, Infix, Named, Prefix, Radical, Raised, Ratio, Times
from chainrule.formula.primitives import add, multiply
from chainrule.formula.scalar import Element, Index, Scalars
from chainrule.notation.arithmetic import Real
from chainrule.notation.build import equal_sides, formula
from chainrule.notation.conventions import Notation
from chainrule.notation.formula import Ellipsis, Equation, Formula, Matrix, Number, Operator, Row, Symbol, row
from chainrule.notation.labels import Labels
from chainrule.notation.numbers import Printed, evaluated, printed, printed_as

MOST_CELLS = (8, 6)
"""Rows and columns up to which a matrix is printed in full."""

MOST_GUARDED = 30
"""More significant digits than any float has; what is known to fifty can need them where it cancels."""


def value_equation(left: Formula, value: Any, labels: Labels) -> Equation:
    """A quantity and its number: h1 = 8.4, y ≈ 0.751365."""
    number = printed(value, labels.notation)
    return Equation((left, number.formula), ("=" if number.exact else "≈",))


def worked(
    left: Formula,
    expression: Expression,
    values: Mapping[Expression, Any],
    labels: Labels,
    *,
    result: Any = None,
    symbols: bool = True,
) -> Equation:
    """A scalar expression in letters, in numbers and as a number; brackets are worked out in between.

    left     what stands before the first sign
    values   the true number of every letter of the expression
    result   the true value; computed from `values` where it is not given
    symbols  False leaves out the side in letters

    A line whose result was lost in rounding (cancellation) prints as many digits of it as follow from its numbers.
    """
    letters = formula(expression, labels)
    line = _Line(left)
    if symbols:
        line.add("=", letters)
    _numbers(line, expression, values, labels, result)
    return line.equation


def chain(
    factors: Sequence[Sequence[tuple[Formula, Expression]]],
    left: Formula,
    values: Mapping[Expression, Any],
    labels: Labels,
    result: Any = None,
) -> Equation:
    """A derivative as a sum of products of derivatives between neighbours, one product for each path.

    factors  for each path its factors: the derivative as it is named, ∂y/∂h1, and what it is, w5

    Factors of 1 are left out of the products.
    """
    named = _joined([_joined([derivative for derivative, _ in path], "·") for path in factors], "+")
    following = worked(named, summed_products(factors), values, labels, result=result)
    line = _Line(left)
    line.add("=", named)
    for relation, side in zip(following.relations, following.sides[1:], strict=True):
        line.add(relation, side)
    return line.equation


def summed_products(factors: Sequence[Sequence[tuple[Formula, Expression]]]) -> Expression:
    """What a chain is worth: the sum over its paths of the products of their factors, without factors of 1."""
    return reduce(add, [_product([factor for _, factor in path]) for path in factors])


def matrices(
    left: Formula,
    expression: Expression,
    arrays: Mapping[Expression, Any],
    result: Any,
    labels: Labels,
    *,
    most: tuple[int, int] = MOST_CELLS,
    worked: bool = True,
) -> Equation:
    """An expression of arrays in letters, in matrices of numbers and as a matrix.

        h = x · W1 = [8, 12] · [[0.21, 0.19], [0.56, 0.02]] = [8.4, 1.76]

    arrays  the true numbers of every letter, as nested lists; a single list is a row
    result  the true numbers of the result
    most    rows and columns up to which a matrix is printed in full; where one has more, the side in numbers is left out and the
            result is shortened
    worked  is there to be a side in numbers?
    """
    arrays = {letter: _lists(numbers) for letter, numbers in arrays.items()}
    result, turned = _lists(result), labels.notation.vectors == "columns"
    operands = {node: arrays[node] for node in order(expression, wall=_is_letter) if _is_letter(node)}
    line = _Line(left)
    line.add("=", formula(expression, labels))
    whole = all(fits(_shape(numbers), most, turned=turned) for numbers in (*operands.values(), result))
    if not (whole and worked and _matrix_numbers(line, expression, operands, result, labels)):
        shown, exact = _folded(result, most, labels.notation)
        line.add(_relation(exact), shown)
    return line.equation


# Lines.


class _Line:
    """An equation that grows to the right; a side that repeats the one before it is left out."""

    def __init__(self, left: Formula) -> None:
        self.sides, self.relations = [left], list[str]()

    def add(self, relation: str, side: Formula) -> None:
        if _unsigned(side) != _unsigned(self.sides[-1]):
            self.relations.append(relation)
            self.sides.append(side)

    @property
    def equation(self) -> Equation:
        return Equation(tuple(self.sides), tuple(self.relations))


def _unsigned(side: Formula) -> tuple[Formula, bool]:
    """A side without its minus, and whether there was one: −0.23 is the same as a minus before 0.23."""
    match side:
        case Number(digits) if digits.startswith("−"):
            return replace(side, digits=digits[1:], value=None if side.value is None else -side.value), True
        case Row((Operator("−", True), *others)):
            return row(*others), True
        case _:
            return side, False


def _joined(items: Sequence[Formula], sign: str) -> Formula:
    signs: list[Formula] = [part for item in items for part in (Operator(sign), item)]
    return row(*signs[1:])


def _product(factors: Sequence[Expression]) -> Expression:
    """The product without factors of 1."""
    return reduce(multiply, [factor for factor in factors if factor.constant != 1] or [as_expression(1)])


# Numbers in place of letters.


class _Settled(FrozenValue):
    """Numbers that fit each other: the operands with guard digits, what formulas are worth for them as printed, and the results."""

    operands: dict[Expression, Printed]
    worth: list[Real]
    results: list[Printed]

    @property
    def exact(self) -> bool:
        return all(operand.exact for operand in self.operands.values())

    @property
    def relation(self) -> str:
        return _relation(all(worth.exact and worth.value == result.value for worth, result in zip(self.worth, self.results, strict=True)))


def _relation(equal: bool) -> str:
    return "=" if equal else "≈"


def _is_letter(node: Expression) -> bool:
    return node.name is not None


def _numbers(line: _Line, expression: Expression, values: Mapping[Expression, Any], labels: Labels, result: Any) -> None:
    """The sides in numbers and the result."""
    letters = {node: values[node] for node in order(expression, wall=_is_letter) if _is_letter(node)}
    settled = _settled([expression], letters, [result], labels.notation)
    if settled is None:
        line.add("≈", printed(evaluated(expression, letters) if result is None else result, labels.notation).formula)
        return
    line.add(_relation(settled.exact), _written(expression, settled.operands, labels))
    shorter, operands = _brackets_worked_out(expression, settled.operands, labels.notation)
    if shorter is not expression:
        line.add("=", _written(shorter, operands, labels))
    line.add(settled.relation, settled.results[0].formula)


def _written(expression: Expression, operands: Mapping[Expression, Printed], labels: Labels) -> Formula:
    return formula(expression, labels, write=lambda node: operands[node].formula if node in operands else None)


def _settled(
    expressions: Sequence[Expression], values: Mapping[Expression, Any], results: Sequence[Any], notation: Notation
) -> _Settled | None:
    """The fewest digits of the operands from which the results follow as they are printed.

    Results of operands that are printed whole are what these give; others are the true results, correctly rounded. Where not even 30
    digits of the operands lead there, floats have fewer digits of them, and for numbers that are known to more it is None; so it is where
    the printed operands give no number but there is one.
    """
    own = [[node for node in order(one, wall=_is_letter) if _is_letter(node)] for one in expressions]
    true = {letter: printed_as(value) for letter, value in values.items()}
    targets = [
        evaluated(one, {letter: true[letter] for letter in letters}) if given is None else printed_as(given)
        for one, letters, given in zip(expressions, own, results, strict=True)
    ]
    for digits in range(notation.digits, MOST_GUARDED + 1):
        operands = {letter: printed(value, notation, digits) for letter, value in values.items()}
        worth = [
            evaluated(one, {letter: operands[letter].value for letter in letters}) for one, letters in zip(expressions, own, strict=True)
        ]
        if all(operand.exact for operand in operands.values()):
            targets = [_better(side, target) for side, target in zip(worth, targets, strict=True)]
        settled = _Settled(operands, worth, [printed(target, notation) for target in targets])
        if all(map(_follows, worth, settled.results)):
            return settled
    known = any(isinstance(value, Real) for value in values.values())
    lost = zip(worth, targets, settled.results, strict=True)
    if any(
        _is_number(target) and (not _is_number(side) or (known and target and not _follows(side, result))) for side, target, result in lost
    ):
        return None
    return replace(settled, results=[_shortened(side, target, notation) for side, target in zip(worth, targets, strict=True)])


def _is_number(number: Real) -> bool:
    return isinstance(number.value, Fraction)


def _better(side: Real, target: Real) -> Real:
    """What the printed operands give; the overflow that floats saw stays one."""
    return side if _is_number(side) and _is_number(target) else target


def _follows(side: Real, result: Printed) -> bool:
    """Is the printed result what the side is worth, to half a unit of its last digit?"""
    if not isinstance(result.value, Fraction):
        return True
    return isinstance(side.value, Fraction) and abs(side.value - result.value) <= result.unit / 2


def _shortened(side: Real, target: Real, notation: Notation) -> Printed:
    """The result with as many digits as follow from the printed operands."""
    for digits in range(notation.digits, 0, -1):
        if _follows(side, result := printed(target, notation, digits)):
            return result
    return printed(side.value, notation)


def _brackets_worked_out(
    expression: Expression, operands: Mapping[Expression, Printed], notation: Notation
) -> tuple[Expression, dict[Expression, Printed]]:
    """The expression with numbers in place of the brackets whose value is printed whole."""
    worth = {letter: operand.value for letter, operand in operands.items()}
    letters: dict[Expression, Expression] = {}
    numbers = dict(operands)
    for bracket in _brackets(expression):
        value = evaluated(bracket, worth)
        number = printed(value.value, notation)
        if value.exact and number.exact and _is_number(value):
            letters[bracket] = variable(Name(f"bracket{len(letters)}"))
            numbers[letters[bracket]] = number
    return substitute(expression, letters) if letters else expression, numbers


def _brackets(expression: Expression) -> Iterator[Expression]:
    """The outermost parts that a reader works out first: sums within products and powers, what stands inside a function."""
    for argument in () if _is_letter(expression) or equal_sides(expression) else expression.arguments:
        inner = None if _is_letter(argument) else argument.primitive.form
        is_sum, is_arithmetic = isinstance(inner, Infix), isinstance(inner, Infix | Times)
        match expression.primitive.form:
            case Times() | Prefix() | Ratio() if is_sum:
                yield argument
            case Raised() | Named() | Fence() | Radical() if is_arithmetic:
                yield argument
            case _:
                yield from _brackets(argument)


# Matrices.


def _lists(numbers: Any) -> Any:
    return numbers.tolist() if hasattr(numbers, "tolist") else numbers


def _shape(numbers: Any) -> tuple[int, ...]:
    return (len(numbers), *_shape(numbers[0])) if isinstance(numbers, list | tuple) else ()


def fits(shape: tuple[int, ...], most: tuple[int, int] = MOST_CELLS, *, turned: bool = False) -> bool:
    """Is an array of this shape printed whole?"""
    if len(shape) > 2:  # no sheet shows them as they are
        return False
    grid = _grid(shape, turned) if shape else [[()]]
    return len(grid) <= most[0] and len(grid[0]) <= most[1]


def _indices(shape: tuple[int, ...]) -> list[Index]:
    return reduce(lambda indices, size: [(*index, i) for index in indices for i in range(size)], shape, [()])


def _at(numbers: Any, index: Index) -> Any:
    return reduce(lambda part, i: part[i], index, numbers)


def _grid(shape: tuple[int, ...], turned: bool) -> list[list[Index]]:
    """The indices of a matrix as they are laid out: a single list is a row, or a column where vectors are columns; of more axes, the
    rows of all matrices below each other.
    """
    if len(shape) > 2:
        return [[(*place, j) for j in range(shape[-1])] for place in _indices(shape[:-1])]
    rows, columns = shape if len(shape) == 2 else (1, shape[0])
    grid = [[(i, j)[2 - len(shape) :] for j in range(columns)] for i in range(rows)]
    return [list(column) for column in zip(*grid, strict=True)] if turned else grid


def _laid_out(shape: tuple[int, ...], write: Callable[[Index], Formula], turned: bool) -> Formula:
    """The numbers at all indices: a matrix, or a single number."""
    return Matrix(tuple(tuple(write(index) for index in line) for line in _grid(shape, turned))) if shape else write(())


def _sizes(operands: Mapping[Expression, Any]) -> dict[str, int]:
    """The numbers behind the symbolic sizes."""
    pairs = ((dimension, size) for node, array in operands.items() for dimension, size in zip(node.shape, _shape(array), strict=True))
    return {dimension: size for dimension, size in pairs if isinstance(dimension, str)}


def _matrix_numbers(line: _Line, expression: Expression, operands: Mapping[Expression, Any], result: Any, labels: Labels) -> bool:
    """The side in numbers and the result; False where no numbers lead to the result."""
    sizes = _sizes({**operands, expression: result})
    shape, turned = _shape(result), labels.notation.vectors == "columns"
    scalars, indices = Scalars(sizes), _indices(shape)
    letters = {(node, index): scalars.variable(Element(node, index)) for node in operands for index in _indices(_shape(operands[node]))}
    values = {letter: _at(operands[node], index) for (node, index), letter in letters.items()}
    settled = _settled([scalars(expression, index) for index in indices], values, [_at(result, i) for i in indices], labels.notation)
    if settled is None:
        return False

    def write(node: Expression) -> Formula | None:
        sideways = turned if node.shape != ("batch",) else not turned  # one number an example: samples stand as in every array
        return _laid_out(_shape(operands[node]), lambda index: settled.operands[letters[node, index]].formula, sideways)

    numbers = dict(zip(indices, settled.results, strict=True))
    line.add(_relation(settled.exact), with_sizes(formula(expression, labels, write), sizes))
    line.add(settled.relation, _laid_out(shape, lambda index: numbers[index].formula, turned))
    return True


def with_sizes(part: Any, sizes: Mapping[str, int]) -> Any:
    """A layout with the numbers in place of the letters of sizes: N = 4."""
    if isinstance(part, Symbol) and part.key in sizes:
        return Number(str(sizes[part.key]), value=Fraction(sizes[part.key]))
    if isinstance(part, tuple):
        return tuple(with_sizes(item, sizes) for item in part)
    if isinstance(part, FrozenValue) and not isinstance(part, Number):
        names: tuple[str, ...] = part.__match_args__
        return type(part)(*[with_sizes(getattr(part, name), sizes) for name in names])
    return part


def _folded(numbers: Any, most: tuple[int, int], notation: Notation) -> tuple[Formula, bool]:
    """A matrix of numbers, shortened to its first three and its last rows and columns; is every number shown printed whole?"""
    shape = _shape(numbers)
    if not shape:
        number = printed(numbers, notation)
        return number.formula, number.exact
    grid = _grid(shape, notation.vectors == "columns")
    rows, columns = _kept(len(grid), most[0]), _kept(len(grid[0]), most[1])
    shown = [[None if i is None or j is None else printed(_at(numbers, grid[i][j]), notation) for j in columns] for i in rows]
    cells = [
        [_left_out(i, j) if cell is None else cell.formula for j, cell in zip(columns, line, strict=True)]
        for i, line in zip(rows, shown, strict=True)
    ]
    return Matrix(tuple(map(tuple, cells))), all(cell is None or cell.exact for line in shown for cell in line)


def _kept(count: int, most: int) -> list[int | None]:
    """Positions that are shown; None stands for those left out."""
    return list(range(count)) if count <= most else [0, 1, 2, None, count - 1]


def _left_out(row: int | None, column: int | None) -> Ellipsis:
    return Ellipsis("horizontal" if row is not None else "vertical" if column is not None else "diagonal")
