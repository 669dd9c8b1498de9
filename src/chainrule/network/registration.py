"""How a definition is registered: the decorators `activation`, `loss`, `optimizer` …, what each may declare, and the check of it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, TypedDict, Unpack, get_args, overload

from chainrule.base.errors import DescriptionError, UnknownNameError
from chainrule.network.definitions import (
    REGISTRY,
    Definition,
    DefinitionFunction,
    DefinitionLike,
    Targets,
    ValueKind,
    checked_name,
    is_built_in,
    load_built_in,
)
from chainrule.network.registered import check_free

OPERANDS: dict[str, tuple[int, int, str]] = {
    "activation": (1, 1, "z"),
    "loss": (1, 2, "y, t"),
    "regularizer": (1, 1, "W"),
    "initializer": (2, 2, "inputs, units"),
    "optimizer": (2, sys.maxsize, "w, g"),
    "schedule": (1, 1, "k"),
}
"""How many operands the function of a kind takes, at least and at most, and what they are called."""


def _registered(kind: str, function: DefinitionFunction, **facts: Any) -> Definition:
    name = function.__name__
    if not is_built_in(function):
        load_built_in(kind)  # so that a name that is taken is refused here, and not where the built-in one is first wanted
    check_free(kind, REGISTRY[kind], function)
    if not isinstance(facts.get("also", {}), Mapping):
        facts["also"] = {other: {} for other in facts["also"]}
    definition = Definition(kind, name, function, **facts)
    if not is_built_in(function):  # a test checks those; here it would be paid at every start
        check_definition(definition)
    REGISTRY[kind][name] = definition
    return definition


def check_definition(definition: Definition) -> None:
    """Raises DescriptionError or UnknownNameError where what is declared is not known, or a function is not written as its kind is."""
    kind, name, function = definition.kind, definition.name, definition.function
    for word, what, known in (
        (definition.targets, "kind of targets", get_args(Targets)),
        (definition.gives, "kind of values", get_args(ValueKind)),
    ):
        if word not in known:
            raise UnknownNameError(what, str(word), known)
    least, most, operands = OPERANDS[kind]
    bare = [option for option, default in definition.options.items() if default is inspect.Parameter.empty]
    if not least <= len(definition.operands) <= most or bare:
        options = [*definition.operands[most:], *bare]
        example = ", ".join([operands, *(["*"] if options else []), *(f"{option}=1.0" for option in options)])
        raise DescriptionError(
            f"{definition.place} is written with ({', '.join(inspect.signature(function).parameters)}); it takes {operands}, "
            f"and options after a *, each with its default: {name}({example})."
        )
    if kind == "optimizer":  # its options stand as letters in formulas and programs; those of other kinds as numbers
        for option in definition.options:
            checked_name(option)


def _declared(kind: str, function: DefinitionFunction | None, **facts: Any) -> Any:
    """The definition of a function, or what makes one of it where the decorator was called with facts alone."""
    return partial(_registered, kind, **facts) if function is None else _registered(kind, function, **facts)


class OtherNames(TypedDict, total=False):
    """Other names of a definition, of whatever kind.

    also     names of exactly this function: ("logistic",); of a loss perhaps with the way of counting that they imply
    meant    names that perhaps mean it, each with what is to be known: they are answered with it
    spelled  other names of options, each with the option, or with what is to be known
    """

    also: Collection[str] | Mapping[str, Mapping[str, str]]
    meant: Mapping[str, str]
    spelled: Mapping[str, str]


def _checked_names(names: OtherNames) -> dict[str, Any]:
    """The names that a definition declares, and nothing else. Raises TypeError, as Python does for a keyword that is not known."""
    for key in names:
        if key not in OtherNames.__annotations__:
            raise TypeError(f"a definition of this kind declares no {key}")
    return dict(names)


class Registrar:
    """The decorator of a kind of definition that declares names alone: `OtherNames`."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    @overload
    def __call__(self, function: DefinitionFunction) -> Definition: ...
    @overload
    def __call__(self, **names: Unpack[OtherNames]) -> Callable[[DefinitionFunction], Definition]: ...
    def __call__(self, function: DefinitionFunction | None = None, **names: Unpack[OtherNames]) -> Any:
        """The definition of a function, or what makes one of it."""
        return _declared(self._kind, function, **_checked_names(names))


@overload
def activation(function: DefinitionFunction) -> Definition: ...
@overload
def activation(
    *, start: DefinitionLike = ..., gives: ValueKind = ..., **names: Unpack[OtherNames]
) -> Callable[[DefinitionFunction], Definition]: ...
def activation(
    function: DefinitionFunction | None = None,
    *,
    start: DefinitionLike = "glorot_uniform",
    gives: ValueKind = "numbers",
    **names: Unpack[OtherNames],
) -> Any:
    """Register h = f(z): `f(z, *, options)`.

    start  the initialiser that fits the weights of a layer with this activation, where none is said
    gives  what its values are: "numbers" (any), "probabilities" (each from 0 to 1), "distribution" (from 0 to 1, and 1 in sum over the
           units), "signs" (from −1 to 1). Where a loss takes any numbers, targets are drawn among these.
    names  other names, `OtherNames`: also=("logistic",)

    Whether it works element by element follows from its formula. Raises DescriptionError, UnknownNameError.
    """
    return _declared("activation", function, start=start, gives=gives, **_checked_names(names))


@overload
def loss(function: DefinitionFunction) -> Definition: ...
@overload
def loss(
    *, output: DefinitionLike = ..., targets: Targets = ..., logits: bool = ..., **names: Unpack[OtherNames]
) -> Callable[[DefinitionFunction], Definition]: ...
def loss(
    function: DefinitionFunction | None = None,
    *,
    output: DefinitionLike = "identity",
    targets: Targets = "numbers",
    logits: bool = False,
    **names: Unpack[OtherNames],
) -> Any:
    """Register a loss: `f(y, t, *, options)`, element by element (then summed over the outputs, or averaged) or one number per example.
    A function of y alone needs no targets: the output is its own error.

    output   the activation that fits the last layer, where none is said
    targets  what it compares with: "numbers" (any), "probabilities" (each from 0 to 1), "distribution" (from 0 to 1, and 1 in sum over
             the outputs), "signs" (−1 or 1). So targets are drawn and checked, classes become numbers (0 and 1; one output each; −1 and
             1), and outputs become classes (from ½ upward; the largest; from 0 upward) and probabilities, which signs have none of.
             "steps": as "distribution", of each step of a sequence, or all 0 for a step that does not count. "pairs": 0 or 1, whether two
             examples differ; the output is their distance, which tells no classes apart.
             "gradient": no targets but a given ∂E/∂y, written u; such a loss is one number for the whole batch
    logits   True where y are net inputs, of which the loss takes the sigmoid or the softmax itself: classes part at 0
    names    other names, `OtherNames`: also={"mse": {"outputs": "mean"}}

    Raises DescriptionError, UnknownNameError.
    """
    return _declared("loss", function, output=output, targets=targets, logits=logits, **_checked_names(names))


@overload
def optimizer(function: DefinitionFunction) -> Definition: ...
@overload
def optimizer(*, largest_rate: float = ..., **names: Unpack[OtherNames]) -> Callable[[DefinitionFunction], Definition]: ...
def optimizer(function: DefinitionFunction | None = None, *, largest_rate: float = 0.1, **names: Unpack[OtherNames]) -> Any:
    """Register an update rule: `f(w, g, states …, k, *, learning_rate, …)` gives the new w and the new states, in their order.

    g is ∂E/∂w; every further operand is a state that starts at zero; k, where it is asked for, is the number of the step, from 1.

    largest_rate  the largest learning rate that is ever recommended with this rule
    names         other names, `OtherNames`: also=("gd",)
    """
    return _declared("optimizer", function, largest_rate=largest_rate, **_checked_names(names))


regularizer = Registrar("regularizer")
"""Register a penalty on a matrix of weights: `f(W, *, options)`, a scalar that is added to the error."""

initializer = Registrar("initializer")
"""Register a start of the weights: `f(inputs, units, *, options)` gives a distribution."""

schedule = Registrar("schedule")
"""Register a learning rate that changes: `f(k, *, rate, …)` gives the rate at step k, from 1."""
