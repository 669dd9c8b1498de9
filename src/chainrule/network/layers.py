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
from operator import is_
from typing import TYPE_CHECKING, Any, overload

from chainrule.base.display import Displayed
from chainrule.base.errors import ChainruleError, DescriptionError, ShapeError, UnknownNameError, quoted
from chainrule.base.frozen import Frozen, replace
from chainrule.formula import primitives as p
from chainrule.formula.expression import Dimension, Expression, Name, named, order, substitute, variable
from chainrule.network.definitions import Bound, find, is_built_in, run_definitions

if TYPE_CHECKING:
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

KINDS: dict[str, Kind] = {}
"""Every kind of layer by name, the built-in ones first."""

BUILT_IN = ("spatial", "normalization", "recurrence", "attention", "graphs")
"""The modules in which further kinds stand; those of this one are there at once."""


class Kind(Displayed, Frozen):
    """What a layer of some name computes: `function(own, *inputs, **options)` gives an expression. Called with options, it is a `Layer`.

    fewest  signals that it takes, where it takes any number
    scoped  whether its quantities are called by the name of the layer, as W_encoder, in place of its number
    """

    name: str
    function: Callable[..., Expression]
    fewest: int = 2
    scoped: bool = False

    def __post_init__(self) -> None:
        """What it says of itself is what its function says."""
        if self.function.__doc__:
            vars(self)["__doc__"] = self.function.__doc__

    def _call_signature(self) -> inspect.Signature:
        """Its options, and those of every kind."""
        both, own = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.signature(self.function).parameters.values()
        options = [one.replace(kind=both) for one in own if one.kind is one.KEYWORD_ONLY]
        return inspect.Signature(
            [*options, *(one for one in inspect.signature(Kind.__call__).parameters.values() if one.kind is one.KEYWORD_ONLY)]
        )

    @cached_property
    def options(self) -> dict[str, Any]:
        """The keyword-only parameters and their defaults, in order; one without a default has to be given."""
        parameters = inspect.signature(self.function).parameters.values()
        return {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}

    @cached_property
    def signals(self) -> tuple[int, float]:
        """How many signals it takes, at least and at most."""
        parameters = list(inspect.signature(self.function).parameters.values())[1:]
        if any(one.kind is one.VAR_POSITIONAL for one in parameters):
            return self.fewest, math.inf
        given = [one for one in parameters if one.kind is not one.KEYWORD_ONLY]
        return sum(one.default is one.empty for one in given), len(given)

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

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
        given = {**dict(zip(self.options, values, strict=False)), **options}
        for option in given:
            if option not in self.options:
                raise UnknownNameError(f"option of the layer {self.name}", option, self.options or {"(it has none)": None})
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

    def apply(self, own: Owner, *signals: Expression, **options: Any) -> Expression:
        """What a layer of this kind makes of signals. Raises DescriptionError where a person's own function fails, or gives no formula."""
        result = result_of(f"the layer {self.name}", partial(self.function, own, *signals, **options))
        if not isinstance(result, Expression):
            raise DescriptionError(f"the layer {self.name} returns {quoted(result)}, not a formula of its inputs.")
        return result

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied by its name; a person's own also by its file, which is run where it is not known yet."""
        return _kind_called, (self.name, self.function.__module__, self.function.__code__.co_filename)

    def __repr__(self) -> str:
        return f"chainrule.{self.name}"


def _are_signals(values: Sequence[Any]) -> bool:
    """Is one of them what an input, or another layer, gives?"""
    from chainrule.network.wiring import Signal

    return any(isinstance(value, Signal) for value in values)


def _kind_called(name: str, module: str, path: str) -> Kind:
    load_built_in()
    if name not in KINDS:
        run_definitions(module, path)
    if name not in KINDS:
        raise UnknownNameError("kind of layer", name, KINDS)
    return KINDS[name]


def result_of(what: str, function: Callable[[], Any]) -> Any:
    """What a person's own function gives. Raises DescriptionError where it raises an error that is not ours."""
    try:
        return function()
    except ChainruleError:
        raise
    except Exception as error:  # a person's own function may raise anything
        raise DescriptionError(f"{what}: {type(error).__name__}: {error}.") from error


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
    if isinstance(names, str) or not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise DescriptionError(f"{where} must be a list of names, not {quoted(names)}.")
    return tuple(names)


def checked_size(size: object, what: str) -> int:
    """A whole number from 1 to `MOST_UNITS`. Raises DescriptionError."""
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
    name = function.__name__
    if not is_built_in(function):
        load_built_in()
    before = KINDS.get(name)
    if before is not None and before.function.__module__ != function.__module__:
        raise DescriptionError(f"there is already a layer called '{name}'; choose another name.")
    kind = Kind(name, function, **facts)
    for option in kind.options:
        if option in (*WIRING_KEYS, *NUMBER_KEYS):
            raise DescriptionError(f"an option of {name} cannot be called '{option}': descriptions say something else with it.")
    KINDS[name] = kind
    return kind


@cache
def load_built_in() -> None:
    """Registers the kinds that stand in modules of their own."""
    from importlib import import_module

    for module in BUILT_IN:
        import_module(f"chainrule.network.{module}")


def kind_of_layer(name: Any) -> Kind:
    """The kind of layer of that name. Raises UnknownNameError."""
    if not isinstance(name, str) or name not in KINDS:
        load_built_in()
    if not isinstance(name, str) or name not in KINDS:
        raise UnknownNameError("kind of layer", str(name), KINDS, "If it is your own, name its file with --definitions FILE.py.")
    return KINDS[name]


class Parameter(Frozen):
    """What a layer learns.

    variable  W1, with its shape
    start     what draws it where no numbers are given; None starts at zero
    layer     the layer that owns it
    moving    what it is after a step, where no gradient moves it: a running mean
    """

    variable: Expression
    start: Bound | None
    layer: Layer
    moving: Expression | None = None


class Mask(Frozen):
    """What is drawn anew for every step of a training: 1 / share where a unit stays, 0 where it is dropped.

    variable  (batch, …)
    share     how many stay
    """

    variable: Expression
    share: float


class Owner:
    """What a layer's function declares its parameters and names its quantities with, in one call of the layer.

    number    which of the layers it is, from 1
    time      which of its calls this is, from 1, where it is called several times
    declared  the parameters that layers have declared so far, by symbol
    declares  whether it has declared or named anything: only such layers are counted
    suffix    what is added to its symbols: of a part of a layer that has several alike, as the two directions of one
    alone     whether the layer is called on nothing, so that it can be no more than its parameter
    masks     those that it has drawn
    made      the quantities that it has named, in their order
    """

    def __init__(
        self,
        layer: Layer,
        number: int,
        time: int | None,
        declared: dict[Layer, dict[str, Parameter]],
        *,
        training: bool = True,
        suffix: str = "",
        alone: bool = False,
    ) -> None:
        self.alone = alone
        self.layer, self.number, self.time, self.declared = layer, number, time, declared
        self.scope = layer.name if layer.kind.scoped else ""
        self.declares, self.asked, self._training, self.suffix = False, False, training, suffix
        self.masks: list[Mask] = []
        self.made: list[Expression] = []
        self.outer: Owner | None = None

    @property
    def training(self) -> bool:
        """Is this what is trained, or what predicts? A layer that asks is two functions, of one set of parameters."""
        self.asked = True
        return self._training if self.outer is None else self.outer.training

    def inner(self, suffix: str) -> Owner:
        """An owner of the same layer whose symbols end so."""
        self.declares = True
        made = Owner(self.layer, self.number, self.time, self.declared, training=self._training, suffix=self.suffix + suffix)
        made.masks, made.made, made.outer = self.masks, self.made, self
        return made

    def running(self, symbol: str, value: Expression, share: float, start: float) -> Expression:
        """A number that follows a value from step to step: r ← (1 − share) r + share · value. No gradient moves it.

        start  what it is before the first step
        """
        self.parameter(symbol, *map(_whole, value.shape), start=find("initializer", {"name": "constant", "value": start}), fixed=True)
        own = self.declared[self.layer]
        found = own[symbol + self.suffix]
        if self.training:
            own[symbol + self.suffix] = replace(found, moving=(1 - share) * found.variable + share * value)
        return found.variable

    def mask(self, symbol: str, like: Expression, share: float) -> Expression:
        """Numbers of the shape of a signal, drawn for every step: 1 / share with probability `share`, otherwise 0."""
        self.declares = True
        drawn = variable(self._name(symbol), like.shape)
        self.masks.append(Mask(drawn, share))
        return drawn

    def _name(self, symbol: str, time: int | None = None) -> Name:
        """The name of a quantity; where a layer with times of its own is called several times, it says which call, too."""
        call = None if time is None else self.time
        return Name(symbol + self.suffix, self.number, time=self.time if time is None else time, scope=self.scope, call=call)

    def parameter(self, symbol: str, *shape: int, start: Any = None, fixed: bool = False) -> Expression:
        """A parameter: the same one in every call of the layer.

        start  what draws it, as "glorot_uniform"; None: zeros. The layer's own initialiser replaces a start, not zeros
        fixed  the start is replaced by nothing

        Raises DescriptionError, ShapeError.
        """
        self.declares = True
        own, symbol = self.declared.setdefault(self.layer, {}), symbol + self.suffix
        if symbol not in own:
            chosen = None if fixed else self.layer.initializer
            drawn = None if start is None else chosen or find("initializer", start)
            own[symbol] = Parameter(variable(self._name_of(symbol), shape), drawn, self.layer)
        found = own[symbol].variable
        if found.shape != shape:
            raise ShapeError(f"{found} has the shape {found.shape}, but is called for {shape}: a shared layer needs inputs of one size.")
        return found

    def _name_of(self, symbol: str) -> Name:
        """A layer that is called as its parameter, decoder.mask, is that parameter: mask of decoder."""
        parent, _, last = self.scope.rpartition(".")
        return Name(symbol, scope=parent) if self.alone and last == symbol else Name(symbol, self.number, scope=self.scope)

    def of(self, layer: Layer, symbol: str) -> Expression:
        """A parameter of another layer that was called before. Raises DescriptionError."""
        if not isinstance(layer, Layer):
            raise DescriptionError(f"{self.layer.kind.name} needs the {symbol} of a layer, not of {quoted(layer)}.")
        if symbol not in self.declared.get(layer, {}):
            raise DescriptionError(f"{self.layer!r} uses {symbol} of {layer!r}, which is not called before it or has no {symbol}.")
        self.declares = True
        return self.declared[layer][symbol].variable

    def named(self, symbol: str, expression: Expression, time: int | None = None) -> Expression:
        """A quantity of its own: formulas write its name, and chains of derivatives stop at it.

        time  which step through a sequence it belongs to, from 1
        """
        self.declares = True
        self.made.append(named(self._name(symbol, time), expression))
        return self.made[-1]

    def linear(self, x: Expression, units: int, weights: str = "W", bias: str | None = "b", *, start: Any = "glorot_uniform") -> Expression:
        """z = x W + b.

        weights, bias  the symbols of the parameters; without a bias, None

        Raises ShapeError in the words of the layer if x and W do not fit.
        """
        z = x @ self.parameter(weights, _columns(x), units, start=start)
        return z if bias is None else z + self.parameter(bias, units)

    def activated(self, activation: Any, z: Expression, symbol: str = "", time: int | None = None) -> Expression:
        """f(z), where z becomes a quantity of its own unless f leaves it as it is.

        symbol  names the result, too; that of a layer as a whole is named by the network
        time    as of `named`
        """
        rule = find("activation", activation)
        own = self.named("z" if not symbol or time is not None else f"z_{symbol}", z, time)
        h = rule.apply(own)
        if h.shape != own.shape:
            raise ShapeError(
                f"the activation {rule.name} must give as many numbers as it is given, {own.shape}, but gives {h.shape}"
                f"{'; a sum keeps its shape with keepdims=True.' if len(h.shape) < len(own.shape) else '.'}"
            )
        h = z if h is own else numbered(h, own, self.number, self.time if time is None else time)
        return self.named(symbol, h, time) if symbol else h


def numbered(formula: Expression, operand: Expression, layer: int | None, time: int | None = None) -> Expression:
    """The formula of a definition for one layer: what it names for itself (q) belongs to this layer (q1), as every layer has its own."""
    renamed = {operand: operand}
    for node in order(formula, wall=partial(is_, operand)):
        if node.primitive.name == "named" and node.name is not None and node is not operand:
            renamed[node] = named(replace(node.name, layer=layer, time=time), substitute(node.arguments[0], renamed))
    return substitute(formula, renamed)


def _columns(x: Expression) -> int:
    return _whole(x.shape[-1])


def _whole(size: Dimension) -> int:
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
        return z + own.parameter("b", _columns(z))
    if bias == SHARED:
        return z + own.parameter("b")
    return z - own.parameter("theta", _columns(z)) if bias == THRESHOLD else z


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
