"""Expressions: a primitive applied to expressions.

A network, its loss, its gradients and its update rule are all graphs of these. A graph never changes once made, a value used
twice is one node with two readers, and every node knows its shape. A size that is known only when numbers arrive (how many
samples a batch holds) stays a symbol: "batch".

    >>> import chainrule.formula.primitives as p
    >>> x, W = variable(Name("x"), ("batch", 2)), variable(Name("W", layer=1), (2, 3))
    >>> p.matmul(x, W).shape
    ('batch', 3)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from chainrule.base.display import Displayed, OneLine
from chainrule.base.frozen import Frozen, FrozenValue, replace
from chainrule.base.operators import Operators

if TYPE_CHECKING:
    from chainrule.formula.forms import Form

Dimension: TypeAlias = int | str
Shape: TypeAlias = tuple[Dimension, ...]
PlainNumber: TypeAlias = int | float | Fraction
ExpressionLike: TypeAlias = "Expression | int | float | Fraction"
T = TypeVar("T")


class Name(FrozenValue):
    """What a quantity is called, in parts, so that every notation can write it its own way.

    symbol    the letter or word of the code: x, W, b, z, h, y, t, E, learning_rate
    layer     1 for the first layer of weights; None where the quantity belongs to no layer
    index     of one element: (input, unit) of a W, (unit,) of a b, (sample, unit) of an activation
    gradient  True for ∂E/∂ the quantity
    mark      what else tells it apart: "next" for the value after the update, a moment's letter …
    scope     what it is a part of: the output "price" of y, t and E where a network has several; the layer "encoder.0", where layers have
              names in place of numbers
    time      which call of its layer it belongs to, from 1, where a layer is called several times; or which step of a sequence
    call      which call, where a layer that goes through a sequence is called several times
    """

    symbol: str
    layer: int | None = None
    index: tuple[int, ...] | None = None
    gradient: bool = False
    mark: str = ""
    scope: str = ""
    time: int | None = None
    call: int | None = None

    @property
    def key(self) -> str:
        """The identifier in programs and records: W1, dW1, delta1 (which is ∂E/∂z1), learning_rate."""
        plain = f"{self.symbol}{'' if self.layer is None or self.scope else self.layer}"
        if self.gradient:
            plain = f"delta{plain[1:]}" if self.symbol == "z" else f"d{plain}"
        if self.time is not None:
            plain = f"{plain}_t{self.time}"
        if self.call is not None:
            plain = f"{plain}_call{self.call}"
        if self.scope:
            scope = re.sub(r"\W", "_", self.scope)
            plain = f"{plain}_{scope}" if self.layer is not None or scope[0].isdecimal() else f"{scope}_{plain}"
        if self.mark:
            plain = f"{plain}_{self.mark}"
        if self.index is not None:
            plain = f"{plain}[{','.join(str(i + 1) for i in self.index)}]"
        return plain

    def __str__(self) -> str:
        return self.key

    def at(self, *index: int) -> Name:
        """The name of one element, counted from 0."""
        return replace(self, index=index)

    @property
    def whole(self) -> Name:
        """The name of the array of which this names an element."""
        return self if self.index is None else replace(self, index=None)

    @property
    def of_gradient(self) -> Name:
        """The name of ∂E/∂ this."""
        return replace(self, gradient=True)


class Primitive(Frozen):
    """One row of the table of primitives: what an operation is, in every reading.

    name      as in the table
    value     value(xp, *arrays, **parameters): its number, in any namespace `xp` of array functions
    shape     shape(*arguments, **parameters): the shape of the result; raises ShapeError in words
    form      how it is written on paper
    slope     elementwise only: slope(*arguments, node) gives ∂node/∂argument for each argument
    pullback  the others: pullback(g, *arguments, node, **parameters) carries g = ∂E/∂node back to each argument
    element   the others: element(at, index, *arguments, **parameters), the index notation; at(argument, index) is an element
    paper     what the name of a function stands for, in simpler primitives, where its value is computed in a safer way
    """

    name: str
    value: Callable[..., Any]
    shape: Callable[..., Shape]
    form: Form
    slope: Callable[..., tuple[ExpressionLike | None, ...]] | None = None
    pullback: Callable[..., tuple[Expression | None, ...]] | None = None
    element: Callable[..., Expression] | None = None
    paper: Callable[..., Expression] | None = None

    @property
    def elementwise(self) -> bool:
        """True if each element of the result depends on the same element of the arguments alone."""
        return self.slope is not None

    def __call__(self, *arguments: ExpressionLike, **parameters: Any) -> Expression:
        """Apply to expressions; plain numbers become constants, and elementwise operands get one shape."""
        operands = tuple(as_expression(a) for a in arguments)
        if self.elementwise:
            self._check_count(operands)
            operands = broadcast(*operands, operation=self.name)
        return Expression(self, operands, parameters, self.shape(*operands, **parameters))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied by its name."""
        return row_of, (self.name,)

    def _check_count(self, operands: tuple[Expression, ...]) -> None:
        """Raises ShapeError where an operation is given too few or too many operands."""
        code = self.value.__code__
        if len(operands) != code.co_argcount - 1:
            from chainrule.base.errors import ShapeError

            wanted = code.co_varnames[1 : code.co_argcount]
            raise ShapeError(f"{self.name} takes {len(wanted)} operands ({', '.join(wanted)}), but was given {len(operands)}.")

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


def row_of(name: str) -> Primitive:
    """The row of that name in the table; or what is none, as its gradient is stated. Raises KeyError."""
    import chainrule.formula.primitives  # noqa: F401  # fills the table

    if name not in PRIMITIVES:
        from chainrule.formula.stated import STATED  # needed by few

        return STATED[name]
    return PRIMITIVES[name]


class Expression(Operators, OneLine, Displayed, Frozen):
    """A primitive applied to expressions. Equal only to itself: two nodes that look alike are two nodes."""

    primitive: Primitive
    arguments: tuple[Expression, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    shape: Shape = ()

    @property
    def name(self) -> Name | None:
        """The name, if this is a variable or a named quantity."""
        name: Name | None = self.parameters.get("name")
        return name

    @property
    def own_name(self) -> Name:
        """The name of a variable or a named quantity. Raises ValueError for what has none."""
        if self.name is None:
            raise ValueError(f"{self.primitive.name} has no name")
        return self.name

    @property
    def key(self) -> str:
        """The key of its name. Raises ValueError for what has none."""
        return self.own_name.key

    @property
    def symbol(self) -> str:
        """The letter of its name, W of W1; "" for what has no name."""
        return "" if self.name is None else self.name.symbol

    @property
    def constant(self) -> PlainNumber | None:
        """The number, if this is a plain constant."""
        return self.parameters["number"] if self.primitive.name == "constant" else None

    def rebuilt(self, *arguments: Expression) -> Expression:
        """The same operation on other arguments; itself if they are the same."""
        return self if arguments == self.arguments else self.primitive(*arguments, **self.parameters)

    def applied(self, operation: str, *operands: ExpressionLike) -> Expression:
        """The row of the table of that name, applied."""
        return PRIMITIVES[operation](*operands)

    def __matmul__(self, other: Expression) -> Expression:
        return PRIMITIVES["matmul"](self, other)

    def __abs__(self) -> Expression:
        return PRIMITIVES["absolute"](self)

    def __bool__(self) -> bool:
        raise TypeError("a formula is neither true nor false; write select(condition, value, otherwise) in place of if")


PRIMITIVES: dict[str, Primitive] = {}
"""The table, filled by `chainrule.formula.primitives`."""


def as_expression(operand: ExpressionLike) -> Expression:
    """An expression as it is; a number as a constant."""
    return operand if isinstance(operand, Expression) else PRIMITIVES["constant"](number=operand)


def variable(name: Name, shape: Shape = ()) -> Expression:
    """A quantity whose numbers come from outside."""
    return PRIMITIVES["variable"](name=name, shape=tuple(shape))


def named(name: Name, expression: Expression) -> Expression:
    """A quantity of its own: formulas that use it write its name, and chains of derivatives stop at it."""
    return PRIMITIVES["named"](expression, name=name)


def written_nodes(*roots: Expression) -> list[Expression]:
    """What stands in formulas as they are written, operands first: a name, and nothing of what it stands for."""
    return order(*roots, wall=lambda node: node.name is not None)


def definition(expression: Expression) -> Expression:
    """What a named quantity stands for, which may be another one: h = z; anything else is itself."""
    return expression.arguments[0] if expression.primitive.name == "named" else expression


def is_scalar(expression: Expression) -> bool:
    """True for a number that needs no spreading: a constant, a size, a rate."""
    return expression.shape == ()


def broadcast(*operands: Expression, operation: str) -> tuple[Expression, ...]:
    """Give elementwise operands one shape; every stretch that a gradient could pass becomes a visible `spread`.

    Raises ShapeError if the shapes do not fit as NumPy's would.
    """
    shapes = {operand.shape for operand in operands if operand.shape}
    if not shapes:
        return operands
    if len(shapes) <= 1 and all(operand.shape or not depends_on_variable(operand) for operand in operands):
        return operands
    full = max(shapes, key=len)
    for shape in shapes:
        if shape != full[len(full) - len(shape) :]:
            from chainrule.base.errors import ShapeError

            listed = " and ".join(str(operand.shape) for operand in operands)
            hint = "; a sum keeps its shape with keepdims=True" if shape == full[: len(shape)] else ""
            raise ShapeError(f"{operation} needs operands of one shape, but was given {listed}{hint}.")
    return tuple(
        operand
        if operand.shape == full or (not operand.shape and not depends_on_variable(operand))
        else PRIMITIVES["spread"](operand, axes=tuple(range(len(full) - len(operand.shape))), sizes=full[: len(full) - len(operand.shape)])
        for operand in operands
    )


def depends_on_variable(expression: Expression) -> bool:
    """True unless the expression is made of constants and sizes alone; a named quantity counts as one, whatever stands behind it."""
    pending, seen = [expression], set[Expression]()
    while pending:
        node = pending.pop()
        if node.name is not None:
            return True
        if node not in seen:
            seen.add(node)
            pending += node.arguments
    return False


def order(*roots: Expression, wall: Callable[[Expression], bool] | None = None) -> list[Expression]:
    """All nodes below `roots`, arguments before the nodes that use them; nothing below a node for which `wall` is true."""
    done: dict[Expression, None] = {}
    begun: set[Expression] = set()
    pending = [*reversed(roots)]
    while pending:
        node = pending.pop()
        if node in done:
            continue
        if node in begun or not node.arguments or (wall is not None and wall(node)):  # its arguments are done, or do not matter
            done[node] = None
        else:
            begun.add(node)
            pending.append(node)
            pending += node.arguments[::-1]
    return list(done)


def consumers(nodes: Iterable[Expression]) -> dict[Expression, list[Expression]]:
    """Which of `nodes` use each of `nodes`."""
    nodes = list(nodes)
    users: dict[Expression, list[Expression]] = {node: [] for node in nodes}
    for node in nodes:
        for argument in node.arguments:
            if argument in users:
                users[argument].append(node)
    return users


def neighbours(expression: Expression) -> Iterator[Expression]:
    """The named quantities and variables in which a definition is written, each once."""
    for node in written_nodes(definition(expression)):
        if node.name is not None and node is not expression:
            yield node


def folded(roots: Iterable[Expression], known: dict[Expression, T], value: Callable[[Expression, list[T]], T]) -> dict[Expression, T]:
    """`known` with what every node below `roots` comes to: value(node, what its arguments came to). Below what is known nothing is done."""
    for node in order(*roots, wall=known.__contains__):
        if node not in known:
            known[node] = value(node, [known[argument] for argument in node.arguments])
    return known


def substitute(expression: Expression, replacements: Mapping[Expression, Expression]) -> Expression:
    """The same graph with some nodes replaced; what does not contain them stays the same node."""
    return folded([expression], dict(replacements), lambda node, arguments: node.rebuilt(*arguments))[expression]
