"""The table of other libraries' operations: each is declared once, with what PyTorch and JAX call it, and is a formula of our own table.

The formula is a function of the operands as PyTorch declares them: formulas, numbers, or tensors that depend on nothing. It gives a
formula, or a tuple of them. Where JAX has the same operation with other parameters, a second short function says which they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, TypeVar

from chainrule.base.frozen import Frozen
from chainrule.formula.expression import Shape

Declared = TypeVar("Declared", bound=Callable[..., Any])

Together = Literal["", "elements", "product", "axis", "shape", "order"]


class UnreadableOperation(Exception):
    """An operation that is no formula of ours, and why: whoever reads the program says where it stands."""


class Entry(Frozen):
    """An operation of another library.

    formula   what it computes
    quiet     whether what it gives has no name of its own: "always", as where elements are only moved; "by a number", where it has one
              operand that is computed; "" if it has a name
    by_shape  it is told by the shape of its result, which the formula is given as `shape` in place of everything but the first operand; of
              several results, as `shapes` beside the operands
    whole     an array of equal numbers is not that number to it
    places    operands that depend on nothing are places in an array, and no numbers
    together  how it treats an axis along which examples are counted together with something else: "elements", one by one; "product", in a
              product of matrices; "axis", it goes along another one; "shape" and "order" lay axes out; "" if it cannot
    letter    of what it gives in the midst of a layer, where it is worth a name; "" where it is not
    """

    formula: Callable[..., Any]
    quiet: Literal["", "always", "by a number"] = ""
    by_shape: bool = False
    whole: bool = False
    places: bool = False
    together: Together = ""
    letter: str = ""


class JaxCall(Frozen):
    """How JAX applies an operation.

    parameters  by JAX's names
    shape       of the first result
    count       the number of examples that the program was traced with
    """

    parameters: Mapping[str, Any]
    shape: Shape
    count: int

    def __getitem__(self, name: str) -> Any:
        """A parameter."""
        return self.parameters[name]


PYTORCH: dict[str, Entry] = {}
"""By PyTorch's name without a namespace: "linear", "add" …"""

JAX: dict[str, Entry] = {}
"""By JAX's name: "dot_general", "add" …; their formulas take the operands and a `JaxCall`."""


def operation(*pytorch: str, jax: str | tuple[str, ...] = (), **facts: Any) -> Callable[[Declared], Declared]:
    """Declares a function as PyTorch's operation of these names, and as JAX's where it is the same there. Facts are those of `Entry`."""

    def declared(formula: Declared) -> Declared:
        PYTORCH.update(dict.fromkeys(pytorch, Entry(formula, **facts)))
        same = partial(_in_jax, formula, bool(facts.get("by_shape")))
        JAX.update(dict.fromkeys((jax,) if isinstance(jax, str) else jax, Entry(same, **facts)))
        return formula

    return declared


def jax_operation(*names: str, **facts: Any) -> Callable[[Declared], Declared]:
    """Declares a function of operands and a `JaxCall` as JAX's operation of these names."""

    def declared(formula: Declared) -> Declared:
        JAX.update(dict.fromkeys(names, Entry(formula, **facts)))
        return formula

    return declared


def in_jax(name: str, formula: Callable[..., Any], *parameters: str, **facts: Any) -> None:
    """Declares a formula as JAX's operation of this name, whose parameters, by JAX's names, are its last operands."""
    JAX[name] = Entry(lambda *given: formula(*given[:-1], *(given[-1][one] for one in parameters)), **facts)


def _in_jax(formula: Callable[..., Any], by_shape: bool, *operands: Any) -> Any:
    *own, call = operands
    return formula(own[0], shape=call.shape) if by_shape else formula(*own)
