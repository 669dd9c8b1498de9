"""Options in the words of whoever reads about them.

Texts name an option as it is typed, `--impute mean`, `--drop-missing`. That is what the command line says; whoever called from Python
reads the argument, `impute="mean"`, `drop_missing=True`.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as of `typing`, which takes longer to import than everything else that --help needs; nor does this need `re`
if TYPE_CHECKING:
    import re

SWITCHES = {"all", "average-weights", "bias", "brief", "drop-missing", "exact", "force", "header", "mistakes", "resume", "shuffle"}
"""Options that take no value: what is on is True; with no- before it, it is off."""

OTHERWISE = {"day-first": "month_first=False", "month-first": "month_first=True", "as": "stated=", "definitions": "chainrule.load_file("}
"""Options that Python knows by other words."""

TEXTS = {"missing", "weight"}
"""Options whose value is text, also where a catalogue has its place only, {weight}."""

PROSE = {
    "and", "asks", "can", "chooses", "does", "for", "gives", "if", "is", "it", "makes", "may", "names", "needs", "nothing", "or", "says",
    "takes", "to", "und", "with", "works", "would", "writes", "Eingänge", "setzt", "statt",
}  # fmt: skip
"""Words that stand after the name of an option and are not its value."""

_TEXT = r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\""

_VALUE = (
    rf"{_TEXT}|{{\w+}}|[.,;'](?=[ ,]|$)|(?!(?:{'|'.join(sorted(PROSE))})\b)[^\s`()'\"{{}}|—-][^\s`()]*(?<![.,:;])|-(?:\d[\d.]*(?<!\.)|inf)"
)

_OPTION = rf"""
    (?<![\w-]) --(?P<name>[a-z]+(?:-[a-z]+)*) (?![\w-])
    (?P<values> [ ](?:{_VALUE}) (?:[ ]--(?P=name)[ ](?:{_VALUE}))* )?
    (?P<more> [ ](?=-))?
  | (?<![\w-]) -o [ ] (?P<file>step\.json)
  | (?<!\w)(?:{_TEXT})
"""
"""An option with its values, and whether another one follows; a file that is written; or what stands in quotes, which is somebody's own."""

_COMMANDS: list[bool] = []
"""The command lines that run in this process: none, or one within another."""


def asked_for(text: str) -> str:
    r"""A text of ours with its options as this process is asked for them: as arguments, or unchanged within `as_typed`.

    >>> print(asked_for("ask for --impute mean, or say --drop-missing and --ignore 'last name'; not '--impute mean'."))
    ask for impute="mean", or say drop_missing=True and ignore='last name'; not '--impute mean'.
    """
    if _COMMANDS or "-" not in text:
        return text
    import re

    return re.sub(_OPTION, _argument, text, flags=re.VERBOSE)


class as_typed:
    """While this lasts, options are called as they are typed."""

    def __enter__(self) -> None:
        _COMMANDS.append(True)

    def __exit__(self, *_: object) -> None:
        _COMMANDS.pop()


def _argument(found: re.Match[str]) -> str:
    import re

    name = found["name"]
    if name is None:
        return found[0] if found["file"] is None else f'step.save("{found["file"]}")'
    values = [_quoted(name, value) for value in re.findall(rf"(?:^|--{name})[ ]({_VALUE})", found["values"] or "")]
    value = values[0] if len(values) == 1 else f"[{', '.join(values)}]" if values else ""
    known, off = OTHERWISE.get(name), name.removeprefix("no-")
    if known is not None:
        said = known + value + ")" * known.endswith("(")
    elif off in SWITCHES:
        said = f"{off.replace('-', '_')}={off == name}{found['values'] or ''}"
    else:
        said = f"{name.replace('-', '_')}={value}"
    return f"{said}, " if found["more"] else said


def _quoted(name: str, value: str) -> str:
    """A value as Python has it: a word in quotes."""
    import re

    number = re.fullmatch(r"[-+]?\d[\d_]*(?:\.\d+)?(?:e[-+]?\d+)?", value)
    place = value.startswith("{") and name not in TEXTS
    return value if number or place or (value[:1] in "'\"" and len(value) > 1) or re.fullmatch(r"[A-Z]+", value) else f'"{value}"'
