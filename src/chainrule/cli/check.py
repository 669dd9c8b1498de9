"""The command check: what is wrong with somebody's back-propagation, as sentences or as JSON; and paper, quantity by quantity."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from chainrule.api.check import check_command_line, check_each, gradescope_results, marks, mistakes_of_class, unnamed_of_class
from chainrule.base.errors import InputError
from chainrule.base.files import json_text
from chainrule.checking.evidence import Observation
from chainrule.checking.marks import Paper, digits_of
from chainrule.checking.report import Assessment, paper_name
from chainrule.cli.output import give, say
from chainrule.document.words import Words

WIDE = 78

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
            say(click.style(text, fg=colour, bold=heading) if sys.stdout.isatty() and (colour or heading) else text)


def _wrapped(line: str, indent: int) -> list[str]:
    import textwrap

    start = " " * indent
    if "  " in line.strip():  # numbers in columns stay as they are
        return [start + line]
    return textwrap.wrap(line, WIDE, initial_indent=start, subsequent_indent=start + "  ", break_on_hyphens=False) or [start]


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


# By hand


def by_hand(problem: Any, words: Words) -> int:
    """Walks through a calculation on paper: each quantity that is typed is compared with what follows from those before it."""
    from chainrule.api.check import check_observed

    paper, given, wrong, rounded = Paper(problem), dict[str, Any](), 0, list[float]()
    if problem.x is None or problem.t is None:
        raise InputError("paper needs rows to compute with: name a network with a batch, or give --input and --target.")
    say(words.plain("check.hand.title", network=problem.network.summary))
    for quantity in paper.quantities:
        key = str(quantity.name)
        wanted = paper.value(quantity, given)
        say(words.plain("check.hand.ask", quantity=paper_name(key), shape=" × ".join(map(str, wanted.shape)) or "1"))
        typed = _typed(words, wanted.shape)
        if typed is None:
            break
        if typed == "":
            continue
        values = np.array([float(number) for number in typed.replace(",", " ").replace(";", " ").split()]).reshape(wanted.shape)
        places = max(digits_of(typed))
        mark = paper.mark(quantity, values, given, places if places < 0.5 else 0.0)
        given[key] = values
        rounded.append(places if places < 0.5 else 0.0)
        if mark.right or mark.follows:
            say("  " + words.plain("check.hand.right" if mark.right else "check.hand.follows"))
            continue
        wrong += 1
        say("  " + words.plain("check.hand.wrong", quantity=paper_name(key)))
    if not given:
        return 0
    observation = Observation(problem, given, rounded_to=max(rounded, default=0.0))
    if wrong and any(key[:2] in ("dW", "db") for key in given):
        print_check(words, check_observed(problem.network.summary, [observation]))
    say(words.plain("check.hand.end", wrong=wrong, all=len(given)))
    return WRONG if wrong else 0


def _typed(words: Words, shape: tuple[int, ...]) -> str | None:
    """A line of numbers of the right count; nothing where the quantity is left out, None at the end of the input."""
    count = int(np.prod(shape, dtype=int))
    while True:
        line = sys.stdin.readline()
        if not line:
            return None
        text = line.strip()
        if not text:
            return ""
        try:
            numbers = [float(number) for number in text.replace(",", " ").replace(";", " ").split()]
        except ValueError:
            say("  " + words.plain("check.hand.numbers", count=count))
            continue
        if len(numbers) == count:
            return text
        say("  " + words.plain("check.hand.numbers", count=count))
