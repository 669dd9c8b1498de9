"""Frozen data that costs next to nothing to define.

For every class, `dataclasses` writes and compiles up to eight methods in 0.5 ms; for the 120 classes of an explanation that would be more
time than the explanation takes. These share theirs, and are made dataclasses when somebody asks (`fields`, `replace`, `asdict`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

if TYPE_CHECKING:
    from dataclasses import replace as replace  # noqa: PLC0414  # exported: others import it from here
    from inspect import Signature

LONGEST = 240
"""Letters of what stands for such an object at Python's prompt: the whole of a formula, and the beginning of a picture."""


class _WhenAsked:
    """What makes a dataclass of a class, when its fields are asked for."""

    def __get__(self, instance: object, owner: type[Frozen]) -> Any:
        for name in owner._specified.keys() & vars(owner).get("__annotations__", {}).keys():
            setattr(owner, name, owner._specified[name])
        dataclass(init=False, repr=False, eq=False)(owner)
        return vars(owner)["__dataclass_fields__"]


_WHEN_ASKED = _WhenAsked()


class _Signature:
    """What such a class, or one of its objects that can be called, takes: for `help`, and for editors that complete arguments."""

    def __get__(self, instance: Frozen | None, owner: type[Frozen]) -> Any:
        from inspect import Parameter, Signature

        if instance is not None:
            called = instance._call_signature()
            if called is None:
                raise AttributeError("__signature__")  # its method __call__ says it
            return called
        notes = {name: note for base in reversed(owner.__mro__) for name, note in vars(base).get("__annotations__", {}).items()}
        parameters: list[Parameter] = []
        for name in owner.__match_args__:
            given = owner._blank[name]
            if given is MISSING:
                made = owner._made[name]
                given = Parameter.empty if made is MISSING else made()
            last = given is Parameter.empty and any(one.default is not Parameter.empty for one in parameters)
            last = last or (bool(parameters) and parameters[-1].kind is Parameter.KEYWORD_ONLY)
            kind = Parameter.KEYWORD_ONLY if last else Parameter.POSITIONAL_OR_KEYWORD
            parameters.append(Parameter(name, kind, default=given, annotation=notes.get(name, Parameter.empty)))
        return Signature(parameters)


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
class Frozen:
    """A subclass has annotated fields, as a dataclass has them, which never change; it equals itself alone.

    >>> class Row(Frozen):
    ...     number: int
    ...     note: str = ""
    >>> Row(3), Row(3) == Row(3)
    (Row(number=3, note=''), False)
    """

    __dataclass_fields__: ClassVar[Any]
    __match_args__: tuple[str, ...] = ()
    _specified: ClassVar[Mapping[str, Field[Any]]] = {}
    _blank: ClassVar[Mapping[str, Any]] = {}
    _made: ClassVar[Mapping[str, Any]] = {}
    _checks: ClassVar[bool]
    _count: ClassVar[int]
    _needed: ClassVar[float]
    _compared: ClassVar[Any]
    __signature__: ClassVar[Any] = _Signature()

    def __init_subclass__(cls) -> None:
        names, blank, made, specified = list(cls.__match_args__), dict(cls._blank), dict(cls._made), dict(cls._specified)
        for name, kind in vars(cls).get("__annotations__", {}).items():
            given = vars(cls).get(name, MISSING)
            if str(kind).startswith("ClassVar"):
                continue
            if isinstance(given, Field):
                specified[name] = item = given
                delattr(cls, name)
                made[name], given = item.default_factory, item.default
                if given is not MISSING:
                    setattr(cls, name, given)
            elif given is MISSING:
                made[name] = MISSING
            blank[name] = given
            if name not in specified or specified[name].init:
                names.append(name)
            elif made[name] is MISSING:
                del blank[name], made[name]
        setattr(cls, "__match_args__", tuple(names))  # noqa: B010  # mypy holds that nobody sets it
        cls._blank, cls._specified, cls.__dataclass_fields__ = blank, specified, _WHEN_ASKED
        cls._made = {name: make for name, make in made.items() if blank[name] is MISSING}
        cls._checks = cls.__post_init__ is not Frozen.__post_init__
        cls._count = len(names) if len(names) == len(blank) else -1  # of values that are all there is to know
        cls._needed = max(
            (names.index(name) + 1 if name in names else math.inf for name in cls._made), default=0
        )  # with so many, nothing else has to be

    def __init__(self, *values: Any, **named: Any) -> None:
        # A tenth of an explanation's time is spent here: the commonest case, every field by its place, comes first.
        if len(values) == self._count and not named:
            self.__dict__.update(zip(self.__match_args__, values))  # noqa: B905  # they are as many
        elif named or not self._needed <= len(values) <= len(self.__match_args__):
            self._filled(values, named)
        else:
            state = self.__dict__
            state.update(self._blank)
            state.update(zip(self.__match_args__, values))  # noqa: B905  # what is not given has its default
        if self._checks:
            self.__post_init__()

    def _filled(self, values: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Takes the values, and of what is not given its default. Raises TypeError where they do not fit the fields."""
        names, state = self.__match_args__, self.__dict__
        state.update(self._blank)
        state.update(named)
        if len(values) > len(names) or len(state) > len(self._blank) or not named.keys().isdisjoint(names[: len(values)]):
            odd = next((f", and no {name}" for name in named if name not in self._blank), "")
            raise TypeError(f"{type(self).__name__} takes each of {', '.join(names) or 'nothing'} once at most{odd}")
        state.update(zip(names, values, strict=False))
        for name, make in self._made.items():
            if state[name] is MISSING:
                if make is MISSING:
                    raise TypeError(f"{type(self).__name__} lacks {name}")
                state[name] = make()

    def __post_init__(self) -> None:
        """What a class checks, or works out, once its fields are there."""

    def _call_signature(self) -> Signature | None:
        """What an object takes when it is called, where that depends on it."""
        return None

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __repr__(self) -> str:
        shown = [f"{item.name}={getattr(self, item.name)!r}" for item in fields(self) if item.repr]
        text = f"{type(self).__qualname__}({', '.join(shown)})"
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


if not TYPE_CHECKING:

    def replace(item: Any, /, **changes: Any) -> Any:
        """Another with some of its fields changed: `dataclasses.replace`, which would make a dataclass of its class first.

        >>> class Row(Frozen):
        ...     number: int
        ...     note: str = ""
        >>> replace(Row(3, "x"), number=4)
        Row(number=4, note='x')
        """
        state = vars(item)
        values = [changes.pop(name) if name in changes else state[name] for name in item.__match_args__]
        return type(item)(*values, **changes)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class FrozenValue(Frozen):
    """As `Frozen`, but equal to another of its class that has equal fields, and hashable if they are.

    >>> class Letter(FrozenValue):
    ...     name: str
    ...     bold: bool = False
    >>> Letter("W", bold=True), Letter("w") == Letter("w", False)
    (Letter(name='W', bold=True), True)
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        matched: tuple[str, ...] = cls.__match_args__
        names = [name for name in matched if name not in cls._specified or cls._specified[name].compare]
        cls._compared = attrgetter(*(names or ["__class__"]))

    def __eq__(self, other: object) -> bool:
        return self._compared(self) == self._compared(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), self._compared(self)))
