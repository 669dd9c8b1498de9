"""Layers: short functions from expressions to expressions, which declare the parameters that they own.

    import chainrule as cr

    @cr.layer
    def bypass(own, x, *, activation="tanh"):
        \"\"\"T ⊙ f(x W + b) + (1 − T) ⊙ x.   Source: Srivastava, Greff & Schmidhuber (2015), Highway networks, eq. 3.\"\"\"
        n = x.shape[-1]
        T = own.activated("sigmoid", own.linear(x, n, "U", "c"), "T")
        return T * own.activated(activation, own.linear(x, n)) + (1 - T) * x

`bypass()` is a layer of a chain, `cr.Network(4, bypass(), cr.dense(1))`, and can be called on what other layers give. From then on it is
derived, explained and trained like the others, in Python, in descriptions (`kind = "bypass"`) and in a file of one's own.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_origin, overload

from chainrule.base.arrays import python_value
from chainrule.base.display import Displayed
from chainrule.base.errors import DescriptionError, ShapeError, UnknownNameError, quoted
from chainrule.base.frozen import Frozen, replace
from chainrule.formula import primitives as p
from chainrule.formula.expression import Dimension, Expression
from chainrule.network.definitions import OWN_FILE, Bound, find, is_built_in, run_definitions
from chainrule.network.registered import Registered, check_free, result_of

if TYPE_CHECKING:
    from chainrule.network.owner import Owner
    from chainrule.network.wiring import Signal

MOST_UNITS = 10**7
"""Nobody means more units than this; refused before memory is taken."""

EVERY = "*"
"""In place of the symbol of a parameter: every parameter of a layer."""

SHARED = "shared"
"""The bias of a layer whose units have one b together."""

THRESHOLD = "threshold"
"""The bias of a layer whose units have thresholds θ, which are taken away: z = x W − θ."""

WIRING_KEYS = ("kind", "name", "from", "share")
"""What descriptions say of a layer: what it is, what it is called, what it is called on, and the layer whose parameters it has, too."""

NUMBER_KEYS = ("weights", "numbers", "initializer", "frozen")
"""And of its parameters, whatever its kind."""

OTHER_NAMES = {
    **dict.fromkeys(("out_features", "out_channels", "filters", "hidden_size", "embedding_dim", "output_dim", "dim_feedforward"), "units"),
    **dict.fromkeys(("kernel_size", "pool_size"), "size"),
    **dict.fromkeys(("dilation", "dilation_rate"), "gap"),
    **dict.fromkeys(("num_embeddings", "input_dim", "vocab_size"), "vocabulary"),
    **dict.fromkeys(("num_heads", "nhead", "n_heads"), "heads"),
    **dict.fromkeys(("affine", "elementwise_affine"), "scale"),
    **dict.fromkeys(("p", "dropout"), "rate"),
    "strides": "stride", "output_padding": "extra", "num_groups": "groups", "eps": "epsilon", "use_bias": "bias", "is_causal": "causal",
    "return_sequences": "states", "go_backwards": "reverse", "norm_first": "first",
}  # fmt: skip
"""What PyTorch and Keras call options of layers, and what they are here."""

KINDS: dict[str, Kind] = {}
"""Every kind of layer by name, the built-in ones first."""

BUILT_IN = ("spatial", "normalization", "recurrence", "attention", "graphs")
"""The modules in which further kinds stand; those of this one are there at once."""


class Kind(Registered, Frozen):
    """What a layer of some name computes: `function(own, *inputs, **options)` gives an expression. Called with options, it is a `Layer`.

    fewest  signals that it takes, where it takes any number
    scoped  whether its quantities are called by the name of the layer, as W_encoder, in place of its number
    """

    name: str
    function: Callable[..., Expression]
    fewest: int = 2
    scoped: bool = False

    def _call_signature(self) -> inspect.Signature:
        """Its options, and those of every kind."""
        own = [one.replace(kind=one.POSITIONAL_OR_KEYWORD) for one in self.parameters if one.kind is one.KEYWORD_ONLY]
        of_every_kind = inspect.signature(Kind.__call__).parameters.values()
        return inspect.Signature([*own, *(one for one in of_every_kind if one.kind is one.KEYWORD_ONLY)])

    @cached_property
    def ranges(self) -> set[str]:
        """The options whose types say which numbers or words they may be."""
        return {name for name, kind in self.types.items() if get_origin(kind) in (Annotated, Literal)}

    @cached_property
    def signals(self) -> tuple[int, float]:
        """How many signals it takes, at least and at most."""
        parameters = self.parameters[1:]  # behind the owner
        if any(one.kind is one.VAR_POSITIONAL for one in parameters):
            return self.fewest, math.inf
        given = [one for one in parameters if one.kind is not one.KEYWORD_ONLY]
        return sum(one.default is one.empty for one in given), len(given)

    @overload
    def __call__(self, *values: *tuple[Signal, *tuple[Signal, ...]], **options: Any) -> Signal: ...
    @overload
    def __call__(self, *values: Any, **options: Any) -> Layer: ...
    def __call__(
        self,
        *values: Any,
        weights: Any = None,
        initializer: Any = None,
        frozen: Sequence[str] | bool = (),
        numbers: Mapping[str, Any] | None = None,
        name: str = "",
        **options: Any,
    ) -> Any:
        """A layer of this kind. Positional values are options in their order; or else signals, on which the layer is called at once.

        weights      numbers of W, in place of an initialiser; `numbers` those of any parameter, by its symbol
        initializer  how its matrices start where no numbers are given
        frozen       symbols of the parameters that the update leaves alone: ("b",) keeps b as it is; True: all of them
        name         what descriptions call it, and explanations in place of "hidden layer 1"

        Raises DescriptionError, UnknownNameError.
        """
        if values and _are_signals(values):
            made: Layer = self(weights=weights, initializer=initializer, frozen=frozen, numbers=numbers, name=name, **options)
            return made(*values)
        if len(values) > len(self.options):
            names = f"{', '.join(self.options)} as options" if self.options else "no options"
            raise DescriptionError(f"{self.name} takes {names}, not {quoted([*values])}; a layer is made first: {self.name}()(x).")
        given = self.given_options(values, options)
        for option in given.keys() & self.ranges:
            self.checked(option, given[option])
        for option, default in self.options.items():
            if default is inspect.Parameter.empty and option not in given:
                raise DescriptionError(f"{self.name} does not say its {option}, as {self.name}({option}=…).")
        own = dict(numbers or {})
        if weights is not None:
            own["W"] = weights
        return Layer(
            self,
            {option: value for option, value in _checked(given, own).items() if value != self.options[option]},
            initializer=None if initializer is None else find("initializer", initializer),
            given=own,
            # A bias that is not there stays as it is.
            frozen=tuple(symbol for symbol in _frozen(frozen) if symbol != "b" or given.get("bias", True) is not False),
            name=name,
        )

    def option_called(self, wanted: str) -> str:
        """The option that a name means: its own name, or PyTorch's or Keras's. Raises UnknownNameError."""
        name = wanted if wanted in self.options else OTHER_NAMES.get(wanted, "")
        if name not in self.options:
            raise UnknownNameError(f"option of the layer {self.name}", wanted, self.options or {"(it has none)": None})
        return name

    def apply(self, own: Owner, *signals: Expression, **options: Any) -> Expression:
        """What a layer of this kind makes of signals. Raises DescriptionError where a person's own function fails, or gives no formula."""
        result = result_of(f"the layer {self.name}", partial(self.function, own, *signals, **options))
        if not isinstance(result, Expression):
            raise DescriptionError(f"the layer {self.name} returns {quoted(result)}, not a formula of its inputs.")
        return result

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied by its name; a person's own also by its file, which is run where it is not known yet."""
        return _kind_called, (self.name, self.function.__module__, self.function.__code__.co_filename)


def _are_signals(values: Sequence[Any]) -> bool:
    """Is one of them what an input, or another layer, gives?"""
    from chainrule.network.wiring import Signal

    return any(isinstance(value, Signal) for value in values)


def _kind_called(name: str, module: str, path: str) -> Kind:
    load_layer_kinds()
    if name not in KINDS:
        run_definitions(module, path)
    return kind_of_layer(name)


def _checked(options: Mapping[str, Any], numbers: dict[str, Any]) -> dict[str, Any]:
    """Options as a layer keeps them: definitions in place of their names; the numbers of b go to the other numbers."""
    found = dict(options)
    if "units" in found:
        found["units"] = checked_size(found["units"], "units of a layer")
    if found.get("activation") is not None:
        found["activation"] = find("activation", found["activation"])
    bias = found.get("bias", True)
    if not isinstance(bias, bool) and not (isinstance(bias, str) and bias in (SHARED, THRESHOLD)):
        numbers["b"], found["bias"] = bias, True
    return found


def _frozen(frozen: object) -> tuple[str, ...]:
    if isinstance(frozen, bool):
        return (EVERY,) if frozen else ()
    return checked_names(frozen, "frozen")


def checked_names(names: object, where: str) -> tuple[str, ...]:
    """A list of names. Raises DescriptionError."""
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise DescriptionError(f"{where} must be a list of names, not {quoted(names)}.")
    return tuple(names)


def checked_size(size: object, what: str) -> int:
    """A whole number from 1 to `MOST_UNITS`. Raises DescriptionError."""
    size = python_value(size)
    if isinstance(size, bool) or not isinstance(size, int):
        raise DescriptionError(f"the number of {what} must be a whole number, not {quoted(size)}.")
    if size < 1:
        raise DescriptionError(f"the number of {what} must be at least 1, not {quoted(size)}.")
    if size > MOST_UNITS:
        raise DescriptionError(f"{quoted(size)} {what} are more than this can hold; the limit is {MOST_UNITS:,}.")
    return size


class Layer(Displayed, Frozen):
    """A kind of layer with its options: `dense(3, "relu")`. The same object called twice has the same parameters in both places.

    given        numbers of its parameters, by symbol
    initializer  how its matrices start where no numbers are given
    frozen       symbols of the parameters that the update leaves alone; `EVERY` for all of them
    name         what descriptions call it
    """

    kind: Kind
    chosen: Mapping[str, Any] = field(default_factory=dict)
    initializer: Bound | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    frozen: tuple[str, ...] = ()
    name: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """All options, given or default."""
        return {**self.kind.options, **self.chosen}

    def option(self, name: str) -> Any:
        """An option, given or default; None if the kind has none of this name."""
        return self.options.get(name)

    @property
    def activation(self) -> Bound | None:
        """f, where the kind has one and it is decided."""
        activation = self.option("activation")
        return find("activation", activation) if activation is not None else None

    @property
    def called(self) -> str:
        """What kind of layer it is to people."""
        return str(self.option("called") or self.kind.name.replace("_", " "))

    @property
    def undecided(self) -> bool:
        """Is there an activation to decide? A network does: identity inside, what fits the loss at the end."""
        return "activation" in self.kind.options and self.option("activation") is None

    def with_options(self, **options: Any) -> Layer:
        """The same layer with other options."""
        return replace(self, chosen={**self.chosen, **options})

    def without_numbers(self, symbol: str) -> Layer:
        """The layer without numbers for a parameter, which is then no longer frozen."""
        given = {key: numbers for key, numbers in self.given.items() if key != symbol}
        return replace(self, given=given, frozen=tuple(name for name in self.frozen if name != symbol))

    def with_numbers(self, symbol: str, numbers: Any) -> Layer:
        """The same layer with numbers for a parameter."""
        return replace(self, given={**self.given, symbol: numbers})

    def with_frozen(self, symbol: str) -> Layer:
        """The same layer, of which the update leaves this parameter alone, too."""
        return replace(self, frozen=(*self.frozen, symbol))

    def __call__(self, *signals: Any) -> Any:
        """What this layer makes of signals, inside the function of a network. Raises DescriptionError."""
        from chainrule.network.wiring import apply_layer

        return apply_layer(self, signals)

    def __repr__(self) -> str:
        options = [f"{value!r}" if key == "units" else f"{key}={quoted(value)}" for key, value in self.chosen.items()]
        return f"{self.kind.name}({', '.join(options)})"


@overload
def layer(function: Callable[..., Expression]) -> Kind: ...
@overload
def layer(*, fewest: int = 2, scoped: bool = False) -> Callable[[Callable[..., Expression]], Kind]: ...
def layer(function: Callable[..., Expression] | None = None, **facts: Any) -> Kind | Callable[[Callable[..., Expression]], Kind]:
    """Register a kind of layer: `f(own, x, …, *, options)`, where `own` is an `Owner`; facts as of `Kind`.

    Raises DescriptionError for a name that is taken.
    """
    return partial(_registered, **facts) if function is None else _registered(function, **facts)


def _registered(function: Callable[..., Expression], **facts: Any) -> Kind:
    if not is_built_in(function):
        load_layer_kinds()
    check_free("layer", KINDS, function)
    kind = Kind(function.__name__, function, **facts)
    for option in kind.options:
        if option in (*WIRING_KEYS, *NUMBER_KEYS):
            raise DescriptionError(f"an option of {kind.name} cannot be called '{option}': descriptions say something else with it.")
    KINDS[kind.name] = kind
    return kind


@cache
def load_layer_kinds() -> None:
    """Registers the kinds that stand in modules of their own."""
    from importlib import import_module

    for module in BUILT_IN:
        import_module(f"chainrule.network.{module}")


def kind_of_layer(name: Any) -> Kind:
    """The kind of layer of that name. Raises UnknownNameError."""
    if not isinstance(name, str) or name not in KINDS:
        load_layer_kinds()
    if not isinstance(name, str) or name not in KINDS:
        raise UnknownNameError("kind of layer", str(name), KINDS, OWN_FILE)
    return KINDS[name]


def columns(x: Expression) -> int:
    """How many numbers stand along the last axis. Raises ShapeError where that differs from batch to batch."""
    return whole_size(x.shape[-1])


def whole_size(size: Dimension) -> int:
    """A size that is the same for every batch. Raises ShapeError."""
    if not isinstance(size, int):
        raise ShapeError(f"there is no fixed number of places along the axis of the {size}.")
    return size


# The built-in kinds


@layer
def dense(own: Owner, x: Expression, *, units: int, activation: Any = None, bias: Any = True) -> Expression:
    """A layer of `units` neurons, each of which sees every input: z = x W + b, h = f(z); with thresholds z = x W − θ.

    x : (batch, inputs)    W : (inputs, units)    b : (units,)    z, h : (batch, units)

    activation  f, or a list of one for each unit; None until a network decides: identity inside, what fits the loss at the end
    bias        True; False for none; "shared" for one number b for all units; "threshold" for θ (units,); or its numbers

    Raises DescriptionError, UnknownNameError, ShapeError.
    Source: Rumelhart, Hinton & Williams (1986), eq. 1.
    """
    z = own.linear(x, units, bias=None, start=find("activation", activation).definition.start)
    return own.activated(activation, _biased(own, z, bias))


@layer
def tied(own: Owner, x: Expression, *, to: Layer, activation: Any = None, bias: Any = True) -> Expression:
    """The way back through another layer: z = x W⊤ + b, h = f(z), where W is the matrix of the layer `to`.

    x : (batch, units of `to`)    W : (inputs of `to`, units of `to`)    b : (inputs of `to`,)    h : (batch, inputs of `to`)

    Its gradient is the sum of what both uses bring.
    Source: Vincent, Larochelle, Bengio & Manzagol (2008), Denoising autoencoders, section 2.
    """
    W = own.of(to, "W")
    return own.activated(activation, _biased(own, x @ p.swapped(W), bias))


def _biased(own: Owner, z: Expression, bias: Any) -> Expression:
    """z with what its layer adds to it, or takes away."""
    if bias is True:
        return z + own.parameter("b", columns(z))
    if bias == SHARED:
        return z + own.parameter("b")
    return z - own.parameter("theta", columns(z)) if bias == THRESHOLD else z


@layer
def add(own: Owner, *signals: Expression) -> Expression:
    """The sum of signals of one shape: a skip connection is `add()(x, f(x))`, or x + f(x) in a function.

    Source: He, Zhang, Ren & Sun (2016), Deep residual learning for image recognition, eq. 1.
    """
    return _folded("add", signals, lambda a, b: a + b)


@layer
def multiply(own: Owner, *signals: Expression) -> Expression:
    """The product of signals of one shape, element by element: a gate is `multiply()(g, h)`, or g * h in a function."""
    return _folded("multiply", signals, lambda a, b: a * b)


@layer
def subtract(own: Owner, x: Expression, y: Expression) -> Expression:
    """The difference of two signals of one shape: x − y.

    Raises ShapeError.
    """
    return _folded("subtract", (x, y), lambda a, b: a - b)


@layer
def distance(own: Owner, x: Expression, y: Expression, *, squared: bool = False) -> Expression:
    """How far two signals of one shape are apart: D = √Σ (x − y)², one number for each example; D² with squared = true.

    x, y : (batch, columns)    D : (batch, 1)

    A distance below 10⁻¹² is taken as 10⁻¹², and has the derivative 0: in one point it has no direction.
    Raises ShapeError.
    Source: Hadsell, Chopra & LeCun (2006), Dimensionality reduction by learning an invariant mapping, eq. 1.
    """
    between = _folded("distance", (x, y), lambda a, b: a - b)
    axes = tuple(range(1, len(between.shape)))
    total = p.total(between**2, axes=axes)
    found = total if squared else p.sqrt(p.maximum(total, 1e-24))
    return own.named("D", p.spread(found, axes=(1,), sizes=(1,)))


@layer
def join(own: Owner, *signals: Expression) -> Expression:
    """Signals side by side: (batch, 2) and (batch, 3) give (batch, 5)."""
    _several("join", signals)
    return p.join(*signals, axis=len(signals[0].shape) - 1)


def _folded(what: str, signals: Sequence[Expression], operation: Callable[[Expression, Expression], Expression]) -> Expression:
    _several(what, signals)
    first, *others = signals
    for other in others:
        if other.shape != first.shape:
            raise ShapeError(f"{what} needs signals with as many numbers each.")
        first = operation(first, other)
    return first


def _several(what: str, signals: Sequence[Expression]) -> None:
    if len(signals) < 2:
        raise DescriptionError(f"{what} takes two signals or more, not {len(signals)}.")
