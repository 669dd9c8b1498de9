"""What an activation, a loss, an optimiser … is: one short function from expressions to expressions, registered under its name.

A definition stands in one place, the built-in ones in `activations`, `losses`, `optimizers` …, a person's own in any Python file:

    import chainrule as cr

    @cr.activation
    def bent(z, *, bend=0.5):
        \"\"\"A line and a wave.\"\"\"
        return z + bend * cr.sin(z)

From then on `bent` is derived, explained and tested like the others, in Python (`cr.dense(3, activation=bent)`), in descriptions
(`activation = "bent"`) and on the command line (`--definitions FILE.py --activation bent`).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cache, cached_property, partial
from keyword import iskeyword
from typing import Any, Literal, TypeAlias

from chainrule.base.display import Displayed
from chainrule.base.errors import DescriptionError, UnknownNameError, quoted
from chainrule.base.frozen import Frozen, FrozenValue
from chainrule.base.printing import counted
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression, Name, order, variable
from chainrule.network.options import Rate, checked_multipliers
from chainrule.network.registered import Registered, result_of

HOMES = {
    "activation": "activations",
    "loss": "losses",
    "regularizer": "regularizers",
    "initializer": "initializers",
    "optimizer": "optimizers",
    "schedule": "schedules",
}
"""In which module of `chainrule.network` the definitions of each kind stand."""

OWN_FILE = "If it is your own, name its file: «--definitions FILE.py»."
"""What is said where no definition has a name."""

KINDS = tuple(HOMES)

TAKEN = re.compile(r"[xtyEsNk]|[Wbzh]\d*|d[Wbxyzh]\d*|delta\d+|theta\d*|dtheta\d*|np|math")
"""Names that quantities of a network have."""

REGISTRY: dict[str, dict[str, Definition]] = {kind: {} for kind in KINDS}
"""Every definition by kind and name."""

COMMON_OPTIONS: dict[str, dict[str, Any]] = {"optimizer": {"clip_value": None, "clip_norm": None, "multipliers": None}}
"""Options that every definition of a kind takes beside its own; `chainrule.network.update` heeds them."""

OPTION_NAMES: dict[str, dict[str, str]] = {
    "optimizer": {"lr": "learning_rate", "eta": "learning_rate", "η": "learning_rate", "step_size": "learning_rate", "eps": "epsilon"},
    "schedule": {"lr": "rate", "learning_rate": "rate", "eta": "rate", "η": "rate"},
    "regularizer": {"lambda": "rate", "λ": "rate"},
    "initializer": {"std": "deviation", "stddev": "deviation", "sigma": "deviation"},
}
"""Other names of options that every definition of a kind may have."""

ABSENT: dict[str, frozenset[str]] = {
    "activation": frozenset([
        "arctan", "atan", "celu", "crelu", "geglu", "glu", "hard_shrink", "heaviside", "log_sigmoid", "log_softmax", "maxout",
        "mish", "prelu", "reglu", "relu2", "rrelu", "sign", "soft_shrink", "softmin", "sparsemax", "step", "swiglu",
        "tanh_shrink", "threshold",
    ]),
    "loss": frozenset([
        "ctc", "dice", "gaussian_nll", "info_nce", "iou", "jaccard", "mape", "margin_ranking", "msle", "perceptron", "pinball",
        "poisson", "poisson_nll", "quantile", "rmse", "tversky", "tweedie", "zero_one",
    ]),
    "optimizer": frozenset([
        "adabelief", "adabound", "adafactor", "adan", "amsgrad", "asgd", "ftrl", "lamb", "lars", "lbfgs", "newton", "prodigy",
        "rprop", "shampoo", "signum", "soap", "sophia", "swats", "yogi",
    ]),
}  # fmt: skip
"""Functions of the field that are not here: nothing of a similar spelling is offered in their place."""

DefinitionFunction: TypeAlias = Callable[..., Any]
DefinitionLike: TypeAlias = "str | Mapping[str, Any] | Definition | Bound | Sequence[Any]"
ValueKind: TypeAlias = Literal["numbers", "probabilities", "distribution", "signs"]
"""What targets and outputs are: any numbers; each from 0 to 1; from 0 to 1 and 1 in sum over an example; −1 or 1, outputs between them."""

Targets: TypeAlias = Literal[ValueKind, "steps", "pairs", "gradient"]
"""What a loss takes beside the outputs: targets as `ValueKind` says, or, for each step of a sequence, a distribution or all 0 where the
step does not count; whether two examples differ, 0 or 1; or a given gradient by the outputs.
"""


RATES = {("optimizer", "learning_rate"), ("optimizer", "clip_value"), ("optimizer", "clip_norm"), ("schedule", "rate")}
"""Options that every definition of a kind may have; they are rates, unless it says otherwise."""


class Definition(Registered, Frozen):
    """One named function of some kind, and what it declares; `loss` and `activation` say what that means.

    Called with expressions, it is applied (`tanh(z)`); called with options alone, it is bound to them (`leaky_relu(slope=0.2)`,
    `sgd(0.05)`).
    """

    kind: str
    name: str
    function: DefinitionFunction
    output: DefinitionLike = "identity"
    targets: Targets = "numbers"
    logits: bool = False
    start: DefinitionLike = "glorot_uniform"
    gives: ValueKind = "numbers"
    largest_rate: float = 0.1
    also: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    meant: Mapping[str, str] = field(default_factory=dict)
    spelled: Mapping[str, str] = field(default_factory=dict)

    def _call_signature(self) -> inspect.Signature:
        """Its options; expressions come before them."""
        both, notes = inspect.Parameter.POSITIONAL_OR_KEYWORD, self.function.__annotations__
        return inspect.Signature([
            inspect.Parameter(name, both, default=default, annotation=notes.get(name, inspect.Parameter.empty))
            for name, default in self.options.items()
        ])  # fmt: skip

    @cached_property
    def options(self) -> dict[str, Any]:
        """Those of the function; then those common to the kind."""
        return {**super().options, **COMMON_OPTIONS.get(self.kind, {})}

    @cached_property
    def operands(self) -> tuple[str, ...]:
        """The other parameters: z of an activation; w, g and the states of an optimiser."""
        return tuple(one.name for one in self.parameters if one.kind is not one.KEYWORD_ONLY)

    @property
    def has_target(self) -> bool:
        """Does a loss compare the output with something? One of y alone does not: the output is its own error."""
        return len(self.operands) > 1

    @property
    def measures(self) -> bool:
        """Does a loss say how far an output is from a target? Only then is 0 what training aims at."""
        return self.has_target and self.targets != "gradient"

    @cached_property
    def types(self) -> Mapping[str, Any]:
        """Those of the function; and of rates, where it says no more of them than that they are numbers."""
        rates = {name: Rate for name, kind in super().types.items() if (self.kind, name) in RATES and kind in (None, float)}
        return {**super().types, **rates}

    @property
    def decision(self) -> float | None:
        """Between which outputs two classes part, for this loss; None where it tells no two classes apart."""
        return 0.0 if self.logits else {"probabilities": 0.5, "signs": 0.0}.get(self.targets)

    @property
    def place(self) -> str:
        """Which one it is, and where it stands: activation f (mine.py, line 5)."""
        code = self.function.__code__
        return f"{self.kind} {self.name} ({code.co_filename.rpartition('/')[2]}, line {code.co_firstlineno})"

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Applied to expressions, or bound to options; positional options are taken in their order."""
        if any(isinstance(argument, Expression) for argument in arguments):
            return self.bind(**options).apply(*arguments)
        if len(arguments) > len(self.options):
            raise DescriptionError(f"{self.name} takes {len(self.options)} options ({', '.join(self.options)}), not {len(arguments)}.")
        return self._bound(self.given_options(arguments, options))

    def bind(self, **options: Any) -> Bound:
        """With these options; the others keep their defaults. Raises UnknownNameError or DescriptionError."""
        return self._bound(self.given_options((), options))

    def _bound(self, given: Mapping[str, Any]) -> Bound:
        return Bound(self, {name: self.checked(name, value) for name, value in given.items()})

    def checked(self, name: str, value: Any) -> Any:
        """The value of an option, or the schedule in place of a learning rate. Raises DescriptionError, UnknownNameError."""
        match self.kind, name:
            case "optimizer", "learning_rate" if isinstance(value, (str, Mapping, Definition, Bound)):
                return find("schedule", value)
            case "optimizer", "multipliers":
                if value is not None and "learning_rate" not in self.options:
                    raise DescriptionError(f"{self.name} has no learning rate that could be multiplied.")
                return checked_multipliers(self.name, value)
        return super().checked(name, value)

    def option_called(self, wanted: str) -> str:
        """The option that a name means: its own name, or another one of the field. Raises UnknownNameError."""
        names = {_compact(name): name for name in self.options}
        names |= {_compact(other): name for other, name in {**OPTION_NAMES.get(self.kind, {}), **self.spelled}.items()}
        name = wanted if wanted in self.options else names.get(_compact(wanted), "")
        if name in self.options:
            return name
        remark = name if wanted in self.spelled else ""
        raise UnknownNameError(f"option of {self.name}", wanted, self.options or ["(it has none)"], offer=remark or None)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied by its name; a person's own also by its file, which is run where it is not known yet."""
        return _registered_as, (self.kind, self.name, self.function.__module__, self.function.__code__.co_filename)


class Bound(Displayed, FrozenValue):
    """A definition with its options: what a network or an optimiser is described with.

    implied  what the name by which it was asked for says about how errors are counted: {"outputs": "mean"} of mse
    """

    definition: Definition
    given: Mapping[str, Any] = field(default_factory=dict)
    implied: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        """The definition's name."""
        return self.definition.name

    @property
    def options(self) -> dict[str, Any]:
        """All options, given or default."""
        return {**self.definition.options, **self.given}

    @property
    def output(self) -> Bound:
        """The output activation that fits this loss."""
        return find("activation", self.definition.output)

    def apply(self, *operands: Any, **replaced: Any) -> Any:
        """Run the definition's function; `replaced` stands in for options (letters in place of numbers)."""
        common = COMMON_OPTIONS.get(self.definition.kind, {})
        options = {name: value for name, value in self.options.items() if name not in common}
        result = result_of(self.definition.place, partial(self.definition.function, *operands, **{**options, **replaced}))
        if self.definition.kind in ("activation", "loss", "regularizer") and not isinstance(result, Expression):
            raise DescriptionError(f"{self.definition.place} returns {quoted(result)}, not a formula of its operands.")
        return result

    __call__ = apply

    @property
    def parts(self) -> tuple[Bound, ...]:
        """The activations that are in it: of a list of them, one for each unit, each once; otherwise itself."""
        return (self,)

    @cached_property
    def elementwise(self) -> bool:
        """Does each element of an activation depend on the same element of z alone? Of an optimiser: each new weight on its own numbers?"""
        if self.definition.kind == "optimizer":
            operands = [variable(Name(name), () if name == "k" else (2, 2)) for name in self.definition.operands]
            results = self.apply(*operands, **({"learning_rate": 1.0} if "learning_rate" in self.options else {}))
            results = results if isinstance(results, tuple) else (results,)
        else:
            operands = [variable(Name("z"), ("batch", 2))]
            results = (self.apply(*operands),)
        read = {operand for operand in operands if operand.shape}
        for node in order(*results):
            if node not in read and not read.isdisjoint(node.arguments):
                if not node.primitive.elementwise and node.primitive.name != "named":
                    return False
                read.add(node)
        return True

    def described(self) -> Any:
        """As in a description: the name alone, or a table with the given options; of a list, the list."""
        if not self.given:
            return self.name
        return {"name": self.name, **{key: value.described() if isinstance(value, Bound) else value for key, value in self.given.items()}}

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in self.given.items())})"


class EachUnit(Bound):
    """An activation for each unit of a layer: ["relu", "tanh", "identity"].

    units  the activations, unit by unit
    """

    units: tuple[Bound, ...] = ()

    @property
    def parts(self) -> tuple[Bound, ...]:
        """Each activation once."""
        return tuple({repr(unit): unit for unit in self.units}.values())

    def described(self) -> list[Any]:
        """The list."""
        return [unit.described() for unit in self.units]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied by its units."""
        return _each_unit, (self.units,)

    def __repr__(self) -> str:
        return f"[{', '.join(map(repr, self.units))}]"


def _each_unit(wanted: Sequence[Any]) -> Bound:
    """The activation of a layer whose units have activations of their own. Raises DescriptionError, UnknownNameError."""
    units = tuple(find("activation", one) for one in wanted)
    if not units:
        raise DescriptionError('a list of activations names one for each unit, as ["relu", "tanh"].')
    for unit in units:
        if not unit.elementwise:
            raise DescriptionError(f"{unit.name} takes all units of a layer together, so that no single unit can have it; give it a layer.")

    def each_unit(z: Expression) -> Expression:
        """f₁(z₁), f₂(z₂) …: neighbours with one activation are computed together."""
        axis = len(z.shape) - 1
        if z.shape[axis] != len(units):
            named = f"{counted(len(units), 'activation is', 'activations are')} named"
            raise DescriptionError(f"{named}, one for each unit, but the layer has {counted(int(z.shape[axis]), 'unit')}.")
        starts = [place for place in range(len(units)) if not place or repr(units[place]) != repr(units[place - 1])]
        pieces = [
            units[start].apply(p.part(z, axis=axis, start=start, stop=stop))
            for start, stop in zip(starts, [*starts[1:], len(units)], strict=True)
        ]
        return pieces[0] if len(pieces) == 1 else p.join(*pieces, axis=axis)

    starts, gives = ({getattr(unit.definition, fact) for unit in units} for fact in ("start", "gives"))
    facts = {"start": starts.pop()} if len(starts) == 1 else {}
    facts |= {"gives": gives.pop()} if len(gives) == 1 else {}
    return EachUnit(Definition("activation", ", ".join(unit.name for unit in units), each_unit, **facts), units=units)


def checked_name(name: str) -> str:
    """A name that a rule gives a quantity or an option. Raises DescriptionError where a program could not have a variable of that name."""
    if not name.isidentifier() or iskeyword(name):
        raise DescriptionError(f"a quantity cannot be called {quoted(name)}: it must be a name of Python, a word without spaces, as q.")
    if TAKEN.fullmatch(name):
        meaning, other = _MEANINGS[name.rstrip("0123456789")], quoted(f"my_{name}")
        raise DescriptionError(f"a quantity cannot be called {quoted(name)}, which stands for {meaning}; call it otherwise, as {other}.")
    return name


_MEANINGS = {
    "x": "the inputs of the network",
    "t": "the targets",
    "y": "the outputs",
    "E": "the error",
    "s": "a state of an update rule",
    "N": "the number of samples",
    "k": "the number of the step",
    "W": "weights",
    "b": "a bias",
    "z": "a net input",
    "h": "what a layer gives",
    **{f"d{letter}": f"the gradient ∂E/∂{letter}" for letter in "Wbxyzh"},
    "delta": "the gradient δ of a net input",
    "theta": "what a layer learns",
    "dtheta": "the gradient of what a layer learns",
    "np": "NumPy in programs",
    "math": "a library in programs",
}
"""What the names in `TAKEN` mean, without the numbers of layers."""


def is_built_in(function: DefinitionFunction) -> bool:
    """Is it one of ours, and not a person's own?"""
    return function.__module__.startswith("chainrule.")


def find(kind: str, wanted: DefinitionLike) -> Bound:
    """The definition that a name, a table {name = …, options}, or a definition means; a list has an activation for each unit.

    Raises UnknownNameError, DescriptionError.
    """
    if kind == "activation" and isinstance(wanted, (list, tuple)):
        return _each_unit(wanted)
    if isinstance(wanted, Definition):
        wanted = wanted.bind()
    if isinstance(wanted, Bound):
        if wanted.definition.kind != kind:
            raise DescriptionError(f"{wanted.name} is no {kind}: it is registered as {wanted.definition.kind}.")
        return wanted
    options: dict[str, Any] = {}
    if isinstance(wanted, Mapping):
        options = dict(wanted)
        wanted = options.pop("name", None)
    if not isinstance(wanted, str):
        raise DescriptionError(f'{kind} wants a name, as "…", or a table with a name, but was given {quoted(wanted)}.')
    load_built_in(kind)
    found, implied = _called(kind, wanted)
    return Bound(found, found.bind(**options).given, implied)


def _called(kind: str, wanted: str) -> tuple[Definition, Mapping[str, str]]:
    """The definition that a name means, and what the name implies; spaces, hyphens and capitals do not count. Raises UnknownNameError."""
    known = REGISTRY[kind]
    if wanted in known:
        return known[wanted], {}
    names = [(other, d, implied) for d in known.values() for other, implied in {**d.also, d.name: {}}.items()]
    spelled = _compact(wanted)
    for same in (wanted.__eq__, lambda other: _compact(other) == spelled):
        for other, definition, implied in names:
            if same(other):
                return definition, implied
    perhaps = {d.name: text for d in known.values() for other, text in d.meant.items() if _compact(other) == spelled}
    offer = None
    if perhaps:
        offer = "Here it is " + ", or ".join(f"'{name}' ({text})" for name, text in perhaps.items()) + "."
    elif spelled in map(_compact, ABSENT.get(kind, ())):
        offer = f"It is another function than those that are here; @{kind} defines one of your own."
    raise UnknownNameError(kind, wanted, known, "" if offer else OWN_FILE, offer=offer, cutoff=0.65)


def _compact(name: str) -> str:
    return name.strip().lower().replace("_", "").replace("-", "").replace(" ", "")


def _registered_as(kind: str, name: str, module: str, path: str) -> Definition:
    """The definition of that name; the module, or else the file, that registers it is run first if need be."""
    load_built_in(kind)
    if name not in REGISTRY[kind]:
        run_definitions(module, path)
    return find(kind, name).definition


def run_definitions(module: str, path: str) -> None:
    """Registers what a module that can be imported defines, or a file, as that of a script is: `__main__` is another one here.

    Raises FileError.
    """
    import importlib.util
    import os

    if module != "__main__" and module.isidentifier() and importlib.util.find_spec(module) is not None:
        importlib.import_module(module)
        return
    if not os.path.exists(path):
        from chainrule.base.errors import FileError

        raise FileError(
            f"definitions that stand in {path} are not known to other processes: where that is a notebook or a prompt, put them into a "
            "file of their own, and load it there by chainrule.load_file."
        )
    load_file(path)


def definitions(kind: str) -> dict[str, Definition]:
    """Every definition of a kind by name, the built-in ones first."""
    load_built_in(kind)
    return REGISTRY[kind]


@cache
def load_built_in(kind: str) -> None:
    """Registers the built-in definitions of a kind, the first time that it is asked to."""
    import importlib

    importlib.import_module(f"chainrule.network.{HOMES[kind]}")


def load_file(path: str) -> list[Definition]:
    """Run a person's own Python file and return what it registered. Raises FileError.

    Only a file that its owner names is run; a description never names one.
    """
    import runpy
    from pathlib import Path

    from chainrule.base.errors import FileError

    if not Path(path).is_file():
        raise FileError(f"there is no file {path} to take definitions from.")
    before = {id(definition) for table in REGISTRY.values() for definition in table.values()}
    try:
        runpy.run_path(path, run_name=f"chainrule definitions in {path}")
    except (DescriptionError, UnknownNameError):
        raise
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split())[:300]
        raise FileError(f"{path} could not be run: {type(error).__name__}{said and ': ' + said}") from error
    new = (definition for table in REGISTRY.values() for definition in table.values() if id(definition) not in before)
    return [definition for definition in new if not is_built_in(definition.function)]  # the file may have been the first to ask for those
