"""Where each mistake shows: the table of docs/check.md, made by the mutants. `python -m tests.checking.table` stores it."""

import re
from pathlib import Path

from tests.checking.mutants import FAMILIES, SLIPS
from tests.checking.test_judgement import given, shows

from chainrule.document.words import Words

PAGE = Path(__file__).parent.parent.parent / "docs" / "check.md"
TABLE = re.compile(r"(?<=<!-- mistakes: made by tests/checking/table.py -->\n\n).*?(?=\n<!-- end of mistakes -->)", re.DOTALL)


def sign(family, slip):
    """● where the mistake changes a number, ○ where it changes none, – where the program fails or there is nothing to be mistaken in."""
    _, made = given(family, slip)
    return "–" if all(one.failure for one in made) else "●" if shows(family, slip) else "○"


def lines():
    words = Words()
    yield "| | mistake | " + " | ".join(FAMILIES) + " |"
    yield "| --- " * (len(FAMILIES) + 2) + "|"
    numbers = sorted(set(SLIPS.values()))
    for number in numbers:
        slips = [slip for slip, of in SLIPS.items() if of == number]
        signs = [max((sign(family, slip) for slip in slips), key="–○●".index) for family in FAMILIES]
        yield f"| {number} | {words.plain(f'mistake.{number}')} | " + " | ".join(signs) + " |"


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(TABLE.sub(lambda _: "\n".join(lines()), page), encoding="utf-8")
