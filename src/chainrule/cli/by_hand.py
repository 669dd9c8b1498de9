"""Paper, quantity by quantity: what is typed is compared with what follows from what was typed before it."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from chainrule.api.check import check_observed
from chainrule.api.typed_numbers import number, with_plain_signs, with_points
from chainrule.base.arrays import Array
from chainrule.base.errors import InputError
from chainrule.checking.evidence import Observation
from chainrule.checking.marks import Paper, digits_of
from chainrule.checking.report import paper_name
from chainrule.cli.check import WRONG, print_check
from chainrule.cli.output import prose_width, say
from chainrule.document.words import Words

BACK = ("<", "undo", "back", "zurück", "zurueck")
"""What takes the last quantity back."""


def by_hand(problem: Any, words: Words) -> int:
    """Walks through a calculation on paper, and gives the exit code. Raises InputError where there are no rows to compute with.

    Interrupted, or at the end of the input, it says what was wrong so far.
    """
    if problem.x is None or problem.t is None:
        raise InputError("paper needs rows to compute with: name a network with a batch, or give --input and --target.")
    paper, given, wrong, rounded = Paper(problem), dict[str, Array](), list[str](), dict[str, float]()
    for line in textwrap.wrap(words.plain("check.hand.title", network=problem.network.summary), prose_width() - 2, break_on_hyphens=False):
        say(line)
    with suppress(KeyboardInterrupt):  # also while what was typed is being compared
        _walk(words, paper, given, wrong, rounded)
    wrong = [one for one in wrong if one in given]
    if not given:
        return 0
    if wrong and any(key[:2] in ("dW", "db") for key in given):
        observation = Observation(problem, given, rounded_to=max(rounded.values(), default=0.0))
        print_check(words, check_observed(problem.network.summary, [observation]))
    say(words.plain("check.hand.end", wrong=len(wrong), all=len(given)))
    return WRONG if wrong else 0


def _walk(words: Words, paper: Paper, given: dict[str, Array], wrong: list[str], rounded: dict[str, float]) -> None:
    """Asks for one quantity after the other, to the last or to the end of the input: what was given, how far it was rounded, and what of it
    was wrong. Where Ctrl-C ends this, something that is not in `given` may be among what was wrong.
    """
    quantities, place = paper.quantities, 0
    while place < len(quantities):
        key = str(quantities[place].name)
        wanted = paper.value(quantities[place], given)
        say(words.plain("check.hand.ask", quantity=paper_name(key), shape=" × ".join(map(str, wanted.shape)) or "1"))
        try:
            typed = _typed(words, wanted.shape)
        except KeyboardInterrupt:
            say()
            return
        if typed is None:
            return
        if typed in BACK:
            place = max(place - 1, 0)
            for forgotten in quantities[place:]:  # what was typed for it counts no more
                given.pop(str(forgotten.name), None)
                rounded.pop(str(forgotten.name), None)
            wrong[:] = [one for one in wrong if one in given]
            continue
        if typed:
            values = np.array([number(part) for part in typed.split()]).reshape(wanted.shape)
            places = max(digits_of(re.sub(r"\S+/\S+", "0", typed)))
            rounded[key] = places if places < 0.5 else 0.0
            mark = paper.mark(quantities[place], values, given, rounded[key])
            right = mark.right or mark.follows
            if not right:
                wrong.append(key)
            given[key] = values
            key_of_text = "check.hand.right" if mark.right else "check.hand.follows" if right else "check.hand.wrong"
            say("  " + words.plain(key_of_text, quantity=paper_name(key)))
        place += 1


def _typed(words: Words, shape: tuple[int, ...]) -> str | None:
    """A line of numbers of the right count, with points and blanks; nothing where the quantity is left out, what takes the last one back,
    None at the end of the input.
    """
    count = int(np.prod(shape, dtype=int))
    while True:
        line = sys.stdin.readline()
        if not line:
            return None
        text = line.strip()
        if not text or text.lower() in BACK:
            return text.lower()
        for parts in _readings(text):
            if len(parts) == count and all(number(part) is not None for part in parts):
                return " ".join(parts)
        say("  " + words.plain("check.hand.numbers", count=count))


def _readings(text: str) -> Sequence[list[str]]:
    """A line as numbers: a comma parts them, or stands for the point, as in 0,593; the count tells which."""
    text = re.sub(r"[\[\]()]", " ", with_plain_signs(text))
    return [one.replace(",", " ").replace(";", " ").split() for one in (text, with_points(text))]
