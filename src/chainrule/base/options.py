"""Options in the words of whoever reads about them.

A text marks the options that it names: «--impute mean», «--detail scalar --all». A command line says them as they are typed; whoever called
from Python reads the arguments, `impute="mean"`, `detail="scalar", all=True`. Where the value is somebody's own, `option` says it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as of `typing`, which takes longer to import than everything else that --help needs; nor does this need `re`
if TYPE_CHECKING:
    import re

SWITCHES = {
    "all", "average-weights", "bias", "brief", "calibrate", "drop-missing", "exact", "force", "header", "mistakes", "resume", "shuffle",
}  # fmt: skip
"""Options that take no value: what is on is True; with no- before it, it is off."""

OTHERWISE = {"day-first": "month_first=False", "month-first": "month_first=True", "as": "stated=", "definitions": "chainrule.load_file("}
"""Options that Python knows by other words."""

MARKED = "«(--?[a-z][^»]*)»"
"""Options as a text marks them."""

_VALUE = r"'[^']*'|\"[^\"]*\"|(?!--[a-z]|-o )[^ ]+"
_OPTION = rf"(--?[a-z]+(?:-[a-z]+)*)((?: (?:{_VALUE}))*)(?: |$)"

_COMMANDS: list[bool] = []
"""The command lines that run in this process: none, or one within another."""


def asked_for(text: str) -> str:
    """A text of ours with its options as this process is asked for them: as arguments, or as they are typed within `as_typed`.

    >>> print(asked_for("ask for «--impute mean», or «--detail scalar --all»; not '--impute mean'."))
    ask for impute="mean", or detail="scalar", all=True; not '--impute mean'.
    """
    if "«-" not in text:
        return text
    import re

    return re.sub(MARKED, r"\1" if _COMMANDS else _arguments, text)


def option(name: str, *values: object) -> str:
    """An option with values that somebody gave, one or several, as it is typed or as an argument; of a long text its beginning.

    >>> print(option("ignore", "age", "last name"))
    ignore=["age", "last name"]
    >>> with as_typed():
    ...     print(option("ignore", "age", "last name"))
    --ignore age --ignore 'last name'
    """
    from chainrule.base.errors import quoted
    from chainrule.base.printing import command_line

    if not _COMMANDS:
        return _argument(name, [str(one) if isinstance(one, (int, float)) else _text(quoted(one)) for one in values])
    bare = [quoted(one) if len(repr(one)) > 60 or not str(one).isprintable() else command_line(str(one)) for one in values]
    return " ".join(f"--{name} {one}" for one in bare) or f"--{name}"


class as_typed:
    """While this lasts, options are called as they are typed."""

    def __enter__(self) -> None:
        _COMMANDS.append(True)

    def __exit__(self, *_: object) -> None:
        _COMMANDS.pop()


def _arguments(found: re.Match[str]) -> str:
    """The marked options as arguments, one after the other."""
    import re

    given: dict[str, list[str]] = {}
    for name, values in re.findall(_OPTION, found[1]):
        given.setdefault(name.lstrip("-"), []).extend(map(_literal, re.findall(_VALUE, values)))
    return ", ".join(_argument(name, values) for name, values in given.items())


def _argument(name: str, values: list[str]) -> str:
    value = values[0] if len(values) == 1 else f"[{', '.join(values)}]" if values else ""
    if name == "o":
        return f"step.save({value})"
    if name in OTHERWISE:
        return OTHERWISE[name] + value + ")" * OTHERWISE[name].endswith("(")
    on = name.removeprefix("no-")
    return f"{on.replace('-', '_')}={name == on}" if on in SWITCHES else f"{name.replace('-', '_')}={value}"


def _literal(value: str) -> str:
    """A value as Python has it: a word in quotes, but not a number nor what stands for a value, as FILE."""
    import re

    number = re.fullmatch(r"[-+]?\d[\d_]*(?:\.\d+)?(?:e[-+]?\d+)?", value)
    return _text(value) if value[:1] == "'" else value if number or value.isupper() or value[:1] == '"' else f'"{value}"'


def _text(shown: str) -> str:
    """A quoted text in double quotes where it holds none."""
    return f'"{shown[1:-1]}"' if shown[:1] == shown[-1:] == "'" and '"' not in shown else shown
