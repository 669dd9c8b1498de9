"""The live curve of a training: what stands at its axes is where it stands."""

from __future__ import annotations

import math
import re

import pytest

from chainrule.pictures.curves import terminal_curves


def numbered(text: str) -> tuple[list[str], list[str], str]:
    """The rows between the frame's lines, without the frame and the numbers beside it; these numbers; and the line below."""
    lines = text.split("\n")
    end = next(k for k, line in enumerate(lines) if line.startswith("╰"))
    rows = [line.split("│") for line in lines[1:end]]
    return [row[1] for row in rows], [row[2].strip() for row in rows], lines[end + 1]


@pytest.mark.parametrize("last", [2, 3, 7, 10, 11, 12, 13, 37, 150, 999, 4321])
@pytest.mark.parametrize("width", [40, 80, 100])
def test_epochs_stand_below_their_places_as_whole_numbers(last, width):
    points = [(k, 2.0**-k if k < 900 else 2.0**-900) for k in range(1, last + 1)]
    rows, _, below = numbered(terminal_curves({"training": points}, width, 10, colour=False))
    found = [(match.start() + (len(match[0]) - 1) // 2 - 1, int(match[0])) for match in re.finditer(r"\S+", below)]
    assert len(found) >= 2
    for column, epoch in found:
        assert column == pytest.approx(len(rows[0]) * (epoch - 1) / (last - 1), abs=1.5)


@pytest.mark.parametrize("factor", [0.999, 0.9, 0.5, 0.05, 1e-3, 1e-200])
def test_errors_stand_beside_their_rows(factor):
    points = [(k, 3 * factor ** (k / 100)) for k in range(101)]
    rows, beside, _ = numbered(terminal_curves({"training": points}, 80, 10, colour=False))
    found = [(row, float(number)) for row, number in enumerate(beside) if number]
    assert len(found) >= 2
    for row, error in found:
        expected = 100 * math.log(error / 3) / math.log(factor) / 100 * len(rows[0])
        columns = [column for column, sign in enumerate(rows[row]) if sign not in " ⠀"]
        assert min(columns) - 1.5 <= expected <= max(columns) + 1.5


def test_errors_that_do_not_change_stand_beside_their_row():
    rows, beside, _ = numbered(terminal_curves({"training": [(1, 1.0), (2, 1.0)]}, 80, 10, colour=False))
    assert rows[beside.index("1")].strip(" ⠀")


@pytest.mark.parametrize("errors", [(1e-300, 1e-300), (1e300, 1e300), (1e-300, 1e300), (1.0, 1.0000001)])
def test_errors_at_the_ends_of_what_is_shown_are_drawn(errors):
    rows, _, _ = numbered(terminal_curves({"training": list(enumerate(errors, start=1))}, 80, 10, colour=False))
    assert any(row.strip(" ⠀") for row in rows)
    assert terminal_curves({"training": [(1, 5e-324), (2, 0.0), (3, 1.7e308), (4, math.inf)]}, 80, 10) == ""


def test_a_legend_of_two_lines_stays_below():
    curves = {name: [(1, 1.0), (12, 0.1)] for name in ("the rows that are learned from", "the rows that say when to stop")}
    rows, beside, below = numbered(terminal_curves(curves, 40, 10, colour=False))
    assert len(rows) == len(beside) == 10
    assert below.split()[-1] == "12"


def test_numbers_are_written_in_the_language():
    _, beside, _ = numbered(
        terminal_curves({"training": [(1, 1.0), (9, 0.1)]}, 80, 10, colour=False, write=lambda text: text.replace(".", ","))
    )
    assert "0,5" in beside


def test_a_line_and_dots_tell_two_curves_apart_without_colours():
    """Alone, each draws other signs; in the legend its name follows one of them."""
    points = [(k, math.exp(-k / 9) + 0.1) for k in range(1, 31)]
    both = terminal_curves({"training": points, "validation": [(k, 2 * error) for k, error in points]}, 80, 12, colour=False)
    rows, _, _ = numbered(both)
    lower = [max(row for row in range(12) if rows[row][column] not in " ⠀") for column in range(len(rows[0]))]
    assert all(rows[row][column] not in " ⠀" for column, row in enumerate(lower))  # the line of the lower one has no gaps
    assert "⠒⠒ training" in both
    assert "⠂⠂ validation" in both
    above = sum(any(rows[row][column] not in " ⠀" for row in range(low - 1)) for column, low in enumerate(lower))
    assert 0.3 * len(lower) < above < 0.7 * len(lower)  # the dots of the upper one have
