"""Everything that can be wrong with what a person gave, in one hierarchy.

    ChainruleError
    ├── InputError                 what was asked, given or written cannot be used
    │   ├── UnknownNameError       a name that nothing has; the nearest one is offered
    │   ├── ShapeError             sizes that do not fit
    │   ├── DescriptionError       a description of a network that says something impossible
    │   ├── FileError              a file that is missing, unreadable or not what it should be
    │   ├── NotCompilable          a network without machine code
    │   └── AgreedError            what one of several processes that compute together found, and all of them know
    ├── LostProcessError           one of several processes that compute together has ended, or does not answer
    ├── InexactError               a value that no fraction equals was asked for as a fraction
    └── DivergenceError            numbers that grew beyond what floating point holds

A message says what was wrong and the smallest fix, in a line or two. Its options are marked, «--impute mean»;
`chainrule.base.options` says how they are read.
The command line turns InputError and InexactError into exit code 2 and DivergenceError into 3.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as of `typing`, which takes longer to import than everything else that --help needs
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MOST_NAMES = 40
"""So many names a message lists."""

LEAST_RUN = 12
"""Of so many names that differ in their numbers alone it lists two."""


class ChainruleError(Exception):
    """The root of all errors that chainrule raises on purpose. Pickled and copied with their message, whatever they were made from."""

    def __str__(self) -> str:
        from chainrule.base.options import asked_for

        return asked_for(super().__str__())

    def __reduce__(self) -> tuple[Any, ...]:
        return _with_message, (type(self), self.args), vars(self)


def _with_message(kind: type[ChainruleError], arguments: tuple[Any, ...]) -> ChainruleError:
    error = kind.__new__(kind)
    error.args = arguments
    return error


class InputError(ChainruleError, ValueError):
    """What was asked, given or written cannot be used."""


class UnknownNameError(InputError):
    """A name that nothing has. The message offers the nearest name and lists them all, or the first of very many.

    offer   a sentence in place of the nearest name
    cutoff  how near a name must be to be offered, from 0 to 1
    """

    def __init__(
        self, kind: str, name: object, known: Iterable[str], hint: str = "", *, offer: str | None = None, cutoff: float = 0.5
    ) -> None:
        from difflib import get_close_matches

        known = sorted(known, key=as_people_sort)
        near = get_close_matches(str(name)[:60].lower(), known, n=1, cutoff=cutoff)
        known = _without_runs(known)
        offer = f" {offer}" if offer is not None else f" Did you mean '{near[0]}'?" if near else ""
        more = f" and {len(known) - MOST_NAMES} more" if len(known) > MOST_NAMES else ""
        names = f"{', '.join(known[:MOST_NAMES])}{more}"
        super().__init__(f"no {kind} is called {quoted(name)}.{offer} Known: {names}.{hint and ' ' + hint}")


def _without_runs(names: list[str]) -> list[str]:
    """The names, where of many that differ in their numbers alone the first and the last stand: pixel_1_1 … pixel_28_28."""
    import re

    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(re.sub(r"\d+", "0", name), []).append(name)
    shown = list[str]()
    for run in alike.values():
        shown += run if len(run) < LEAST_RUN else [f"{run[0]} … {run[-1]}"]
    return shown


def as_people_sort(name: str) -> list[tuple[bool, int, str]]:
    """By what names are sorted as people do: p2 before p10.

    >>> sorted(["p10", "p2", "b", "p2a"], key=as_people_sort)
    ['b', 'p2', 'p2a', 'p10']
    """
    import re

    parts = [(part.isdecimal(), part.lstrip("0") if part.isdecimal() else part) for part in re.split(r"(\d+)", name)]
    return [(is_number, len(part) if is_number else 0, part) for is_number, part in parts]


class ShapeError(InputError):
    """Sizes that do not fit; the message names both shapes and the layer or the operation."""


class DescriptionError(InputError):
    """A description of a network that says something impossible."""


class FileError(InputError):
    """A file that is missing, unreadable, cut short or not what it should be."""


class NotCompilable(InputError):
    """There is no machine code for this network, or not on this machine; says why. The engine `written` computes the same."""


class AgreedError(InputError):
    """What one of several processes that compute together found to be wrong, raised in all of them.

    here  whether this is the process that says it
    """

    def __init__(self, message: str, *, here: bool) -> None:
        self.here = here
        super().__init__(message)


class LostProcessError(ChainruleError):
    """One of several processes that compute together has ended, or does not answer."""


class InexactError(ChainruleError, ArithmeticError):
    """A value that no fraction equals (as e^1) was asked for as a fraction."""


class DivergenceError(ChainruleError, ArithmeticError):
    """Numbers that grew beyond what floating point holds."""


def quoted(value: object) -> str:
    """A value as a message shows it: in one line of at most 60 characters."""
    try:
        text = " ".join(map(str.strip, repr(value).splitlines()))
    except (ValueError, RecursionError):  # more digits, or a deeper list, than Python prints
        return "something absurd"
    return text if len(text) <= 60 else text[:59] + "…"
