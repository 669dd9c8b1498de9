"""What activations, losses, optimisers … and kinds of layers have in common: functions with options, registered under their names."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import Any, get_type_hints

from chainrule.base.arrays import python_value
from chainrule.base.display import Displayed
from chainrule.base.errors import ChainruleError, DescriptionError, quoted
from chainrule.network.options import checked_option


class Registered(Displayed):
    """A function under its name. Its options are its keyword-only parameters; what it says of itself is what the function says."""

    name: str
    function: Callable[..., Any]

    def __post_init__(self) -> None:
        """Its docstring is that of its function."""
        if self.function.__doc__:
            vars(self)["__doc__"] = self.function.__doc__

    @cached_property
    def parameters(self) -> tuple[inspect.Parameter, ...]:
        """The parameters of the function."""
        return tuple(inspect.signature(self.function).parameters.values())

    @cached_property
    def options(self) -> dict[str, Any]:
        """The keyword-only parameters and their defaults, in order; one without a default has to be given."""
        return {one.name: one.default for one in self.parameters if one.kind is one.KEYWORD_ONLY}

    @cached_property
    def types(self) -> Mapping[str, Any]:
        """The type that the function gives each of its options; None where it is not known."""
        written = {name: kind for name, kind in self.function.__annotations__.items() if name in self.options}
        try:
            known = get_type_hints(SimpleNamespace(__annotations__=written), self.function.__globals__, include_extras=True)
        except (NameError, AttributeError, TypeError, SyntaxError):  # what is there for type checkers alone
            known = {}
        return {name: known.get(name) for name in self.options}

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    def given_options(self, values: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """Options by their own names: values in the order of the options, and what was given under any of their names.

        Raises UnknownNameError; DescriptionError for what is given twice.
        """
        given = dict(zip(self.options, map(python_value, values), strict=False))
        for spelled, value in named.items():
            option = self.option_called(spelled)
            if option in given:
                once = f", once as {spelled}" if spelled != option else ""
                raise DescriptionError(f"{self.name} got its {option} twice{once}; leave one of them out.")
            given[option] = python_value(value)
        return given

    def checked(self, name: str, value: Any) -> Any:
        """The value of an option, if its type allows it. Raises DescriptionError."""
        return checked_option(f"{self.name} got {name} = {quoted(value)}", value, self.options[name], self.types[name])

    @abstractmethod
    def option_called(self, wanted: str) -> str:
        """The option that a name means: its own name, or another one of the field. Raises UnknownNameError."""

    def __repr__(self) -> str:
        return f"chainrule.{self.name}"


def check_free(what: str, table: Mapping[str, Registered], function: Callable[..., Any]) -> None:
    """Raises DescriptionError where another module has registered a function under this name."""
    before = table.get(function.__name__)
    if before is not None and before.function.__module__ != function.__module__:
        article = "an" if what[0] in "aeio" else "a"
        raise DescriptionError(f"there is already {article} {what} called '{function.__name__}'; choose another name.")


def result_of(what: str, function: Callable[[], Any]) -> Any:
    """What a person's own function gives. Raises DescriptionError where it raises an error that is not ours."""
    try:
        return function()
    except ChainruleError:
        raise
    except Exception as error:  # a person's own function may raise anything
        raise DescriptionError(f"{what}: {type(error).__name__}: {error}.") from error
