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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from keyword import iskeyword
from typing import Any

from chainrule.base.display import Displayed
from chainrule.base.errors import ChainruleError, DescriptionError, UnknownNameError, shown
from chainrule.formula.expression import Expression

KINDS = ("activation", "loss", "regularizer", "initializer", "optimizer", "schedule")

TAKEN = re.compile(r"[xtyEsNk]|[Wbzh]\d*|d[Wbxyzh]\d*|delta\d+|np|math")
"""Names that quantities of a network have."""

REGISTRY: dict[str, dict[str, Definition]] = {kind: {} for kind in KINDS}
"""Every definition by kind and name."""

COMMON_OPTIONS: dict[str, dict[str, Any]] = {"optimizer": {"clip_value": None, "clip_norm": None}}
"""Options that every definition of a kind takes beside its own; `chainrule.network.update` heeds them."""

LARGEST_RATE = 1e6
"""Nobody means a larger rate than this."""

RATES = {
    ("optimizer", "learning_rate"),
    ("optimizer", "clip_value"),
    ("optimizer", "clip_norm"),
    ("schedule", "rate"),
    ("regularizer", "rate"),
}
"""Options that must be greater than 0 and at most `LARGEST_RATE`."""

FRACTIONS = {("optimizer", "momentum"), ("optimizer", "beta1"), ("optimizer", "beta2"), ("optimizer", "decay")}
"""Options from 0 to less than 1."""


@dataclass(frozen=True, eq=False)
class Definition(Displayed):
    """One named function of some kind.

    Called with expressions, it is applied (`tanh(z)`); called with options alone, it is bound to them (`leaky_relu(slope=0.2)`,
    `sgd(0.05)`).
    """

    kind: str
    name: str
    function: Callable[..., Any]

    @cached_property
    def options(self) -> dict[str, Any]:
        """The keyword-only parameters and their defaults, in order; then those common to the kind."""
        parameters = inspect.signature(self.function).parameters.values()
        own = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        return {**own, **COMMON_OPTIONS.get(self.kind, {})}

    @cached_property
    def operands(self) -> tuple[str, ...]:
        """The other parameters: z of an activation; w, g and the states of an optimiser."""
        parameters = inspect.signature(self.function).parameters.values()
        return tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Applied to expressions, or bound to options; positional options are taken in their order."""
        if any(isinstance(argument, Expression) for argument in arguments):
            return self.bind(**options).apply(*arguments)
        if len(arguments) > len(self.options):
            raise DescriptionError(f"{self.name} takes {len(self.options)} options ({', '.join(self.options)}), not {len(arguments)}.")
        return self.bind(**dict(zip(self.options, arguments, strict=False)), **options)

    def bind(self, **options: Any) -> Bound:
        """With these options; the others keep their defaults. Raises UnknownNameError or DescriptionError."""
        for name, value in options.items():
            if name not in self.options:
                known = self.options or {"(it has none)": None}
                raise UnknownNameError(f"option of {self.name}", name, known)
            if not (
                isinstance(value, Bound) and value.definition.kind == "schedule" and (self.kind, name) == ("optimizer", "learning_rate")
            ):
                _check_option(self, name, value)
        return Bound(self, dict(options))

    def __repr__(self) -> str:
        return f"chainrule.{self.name}"


def _check_option(definition: Definition, name: str, value: Any) -> None:
    """Is the value of the kind and in the range that the option needs? Raises DescriptionError."""
    default, asked = definition.options[name], f"{definition.name} got {name} = {shown(value)}"
    kind: Any = bool if isinstance(default, bool) else str if isinstance(default, str) else (int, float)
    if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
        raise DescriptionError(f"{asked}, which is no {'truth value' if kind is bool else 'text' if kind is str else 'number'}.")
    if kind in (bool, str):
        return
    if not abs(value) < 1e300:  # nor is NaN
        raise DescriptionError(f"{asked}, which is no number to compute with.")
    if (definition.kind, name) in RATES and not 0 < value <= LARGEST_RATE:
        raise DescriptionError(f"{asked}; it must be greater than 0 and at most {LARGEST_RATE:,.0f}.")
    if (definition.kind, name) in FRACTIONS and not 0 <= value < 1:
        raise DescriptionError(f"{asked}; it must be at least 0 and less than 1.")


@dataclass(frozen=True)
class Bound(Displayed):
    """A definition with its options: what a network or an optimiser is described with."""

    definition: Definition
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The definition's name."""
        return self.definition.name

    @property
    def options(self) -> dict[str, Any]:
        """All options, given or default."""
        return {**self.definition.options, **self.given}

    def apply(self, *operands: Any, **replaced: Any) -> Any:
        """Run the definition's function; `replaced` stands in for options (letters in place of numbers)."""
        common = COMMON_OPTIONS.get(self.definition.kind, {})
        options = {name: value for name, value in self.options.items() if name not in common}
        try:
            result = self.definition.function(*operands, **{**options, **replaced})
        except ChainruleError:
            raise
        except Exception as error:  # a person's own function may raise anything
            raise DescriptionError(f"{self._place}: {type(error).__name__}: {error}.") from error
        if self.definition.kind in ("activation", "loss", "regularizer") and not isinstance(result, Expression):
            raise DescriptionError(f"{self._place} returns {shown(result)}, not a formula of its operands.")
        return result

    @property
    def _place(self) -> str:
        """Which definition, and where it stands: activation f (mine.py, line 5)."""
        code = self.definition.function.__code__
        return f"{self.definition.kind} {self.name} ({code.co_filename.rpartition('/')[2]}, line {code.co_firstlineno})"

    def __call__(self, *operands: Any) -> Any:
        """The same as apply."""
        return self.apply(*operands)

    def described(self) -> str | dict[str, Any]:
        """As in a description: the name alone, or a table with the given options."""
        if not self.given:
            return self.name
        return {"name": self.name, **{key: value.described() if isinstance(value, Bound) else value for key, value in self.given.items()}}

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in self.given.items())})"


def checked_name(name: str) -> str:
    """A name that a rule gives a quantity or an option. Raises DescriptionError where a program could not have a variable of that name."""
    if not name.isidentifier() or iskeyword(name) or TAKEN.fullmatch(name):
        raise DescriptionError(f"a quantity cannot be called {shown(name)}: it must be a Python name that nothing else has, as q.")
    return name


def _register(kind: str) -> Callable[[Callable[..., Any]], Definition]:
    def register(function: Callable[..., Any]) -> Definition:
        name = function.__name__
        before = REGISTRY[kind].get(name)
        if before is not None and before.function.__module__ != function.__module__:
            raise DescriptionError(f"there is already {'an' if kind[0] in 'aeio' else 'a'} {kind} called '{name}'; choose another name.")
        REGISTRY[kind][name] = Definition(kind, name, function)
        if kind == "optimizer":  # its options stand as letters in formulas and programs; those of other kinds as numbers
            for option in REGISTRY[kind][name].options:
                checked_name(option)
        return REGISTRY[kind][name]

    return register


activation = _register("activation")
"""Register h = f(z): `f(z, *, options)`."""

loss = _register("loss")
"""Register a loss: `f(y, t, *, options)`, element by element (then summed over the outputs, or averaged) or one number per example."""

regularizer = _register("regularizer")
"""Register a penalty on a matrix of weights: `f(W, *, options)`, a scalar that is added to the error."""

initializer = _register("initializer")
"""Register a start of the weights: `f(inputs, units, *, options)` gives a distribution."""

optimizer = _register("optimizer")
"""Register an update rule: `f(w, g, states …, k, *, learning_rate, …)` gives the new w and the new states, in their order.

g is ∂E/∂w; every further operand is a state that starts at zero; k, where it is asked for, is the number of the step, from 1."""

schedule = _register("schedule")
"""Register a learning rate that changes: `f(k, *, rate, …)` gives the rate at step k, from 1."""


def find(kind: str, wanted: str | Mapping[str, Any] | Definition | Bound) -> Bound:
    """The definition that a name, a table {name = …, options}, or a definition means. Raises UnknownNameError, DescriptionError."""
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
        raise DescriptionError(f'{kind} wants a name, as "…", or a table with a name, but was given {shown(wanted)}.')
    _load_built_in()
    if wanted not in REGISTRY[kind]:
        own = "If it is your own, name its file with --definitions FILE.py."
        raise UnknownNameError(kind, wanted, REGISTRY[kind], own)
    return REGISTRY[kind][wanted].bind(**{key: _option(kind, key, value) for key, value in options.items()})


def _option(kind: str, name: str, value: Any) -> Any:
    """An option's value as a description gives it; in place of a learning rate, a name or a table is a schedule."""
    return find("schedule", value) if (kind, name) == ("optimizer", "learning_rate") and isinstance(value, (str, Mapping)) else value


def definitions(kind: str) -> dict[str, Definition]:
    """Every definition of a kind by name, the built-in ones first."""
    _load_built_in()
    return REGISTRY[kind]


def _load_built_in() -> None:
    import importlib

    for module in ("activations", "losses", "regularizers", "initializers", "optimizers", "schedules"):
        importlib.import_module(f"chainrule.network.{module}")


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
    return [definition for table in REGISTRY.values() for definition in table.values() if id(definition) not in before]
