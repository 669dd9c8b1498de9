"""The command check: what is wrong with somebody's back-propagation, as sentences or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from chainrule.api.check import check_command_line, check_each, gradescope_results, marks, mistakes_of_class, unnamed_of_class
from chainrule.base.errors import InputError
from chainrule.base.files import json_text
from chainrule.checking.report import Assessment, paper_name
from chainrule.cli.output import coloured, give, prose_width, say
from chainrule.document.words import Words

WRONG = 1
"""The exit code where something is wrong, or nothing could be judged."""


def check_command(
    files: Sequence[str], command: str | None, stated: str, observe: bool, loss: str, as_json: bool, hint: int | None, form: str,
    language: str,
) -> int:  # fmt: skip
    """Checks, prints, and gives the exit code. Raises InputError."""
    words = Words(language)
    if files and command is not None:
        raise InputError("a command is a program by itself; leave out the files, or --command.")
    if not files and command is None:
        raise InputError("name a file to check, as chainrule check mine.py; or a network to compute by hand, with --by-hand.")
    if form == "marks":
        return _print_marks(words, files, stated, loss)
    checks = list[Assessment]()
    found = check_each(files, stated, observe=observe, loss=loss) if command is None else [check_command_line(command, stated, loss=loss)]
    for one in found:
        checks.append(one)
        if as_json or form == "gradescope":
            continue
        if len(files) > 1:
            say(f"{'—' * 2} {one.name}")
        print_check(words, one, hint)
    if as_json:
        give(json_text(checks[0].to_dict() if len(checks) == 1 else [one.to_dict() for one in checks], indent=1) + "\n")
    elif form == "gradescope":
        give(json_text(gradescope_results(checks[0]), indent=1) + "\n")
    elif len(checks) > 1:
        _print_class(words, checks)
    return 0 if all(one.passed for one in checks) else WRONG


def print_check(words: Words, one: Assessment, hint: int | None = None) -> None:
    """What a check came to; on a terminal in colours: what is wrong red, what should be green."""
    colours = {words.plain("check.found"): "red", words.plain("check.expected"): "green", words.plain("check.should"): "green"}
    for indent, line in one.lines(words, hint=hint):
        filled = _wrapped(line, indent)
        for text in filled:
            colour = next((value for start, value in colours.items() if text.strip().startswith(start)), None)
            heading = indent == 2 and line[:1].isdigit()
            seen = sys.stdout.isatty() and (colour or heading)
            say(click.style(text, fg=colour if coloured() else None, bold=heading) if seen else text)


def _wrapped(line: str, indent: int) -> list[str]:
    import textwrap

    start = " " * indent
    if "  " in line.strip():  # numbers in columns stay as they are
        return [start + line]
    return textwrap.wrap(line, prose_width() - 2, initial_indent=start, subsequent_indent=start + "  ", break_on_hyphens=False) or [start]


def _print_class(words: Words, checks: Sequence[Assessment]) -> None:
    """Which mistakes a class makes."""
    say()
    say(words.plain("check.class.title", files=len(checks), passed=sum(one.passed for one in checks)))
    for number, names in mistakes_of_class(checks):
        for text in _wrapped(f"{len(names)} × {number}. {words.plain(f'mistake.{number}')}: {', '.join(names)}", 2):
            say(text)
    for kind, names in unnamed_of_class(checks).items():
        for text in _wrapped(f"{len(names)} × {words.plain(f'check.class.{kind}')}: {', '.join(names)}", 2):
            say(text)


def _print_marks(words: Words, files: Sequence[str], network: str, loss: str) -> int:
    """A mark for each quantity, with errors carried forward."""
    whole = 0
    for file in files:
        given = marks(file, network, loss=loss)
        say(words.plain("check.marks.title", name=Path(file).name, reached=sum(one.mark for one in given), all=len(given)))
        for one in given:
            key = "check.marks.right" if one.right else "check.marks.follows" if one.follows else "check.marks.wrong"
            say(f"  {one.mark}  {paper_name(one.key)}: {words.plain(key)}")
        whole += sum(not one.mark for one in given)
    return WRONG if whole else 0
