"""The assignment for nbgrader: its solution gets all points, a wrong one those of the cells that it passes, and a hint for the others."""

import re
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")

NOTEBOOK = Path(__file__).parents[2] / "docs" / "check" / "assignment.ipynb"


def graded(edit=lambda source: source):
    """Points reached, and what the cells that fail say, as nbgrader finds them: each cell runs, whatever the others do."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    names, points, said = {}, 0, []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        marked = cell.metadata.get("nbgrader", {})
        source = edit(cell.source) if marked.get("solution") else cell.source
        try:
            exec(compile(source, "cell", "exec"), names)  # noqa: S102  # the cells of our own notebook
        except AssertionError as error:
            said.append(str(error))
        else:
            points += marked.get("points", 0) if marked.get("grade") else 0
    return points, said


def test_the_solution_gets_all_points():
    assert graded() == (5, [])


def test_what_students_get_holds_no_solution():
    source = next(cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.metadata.get("nbgrader", {}).get("solution"))
    begin, end = source.index("### BEGIN SOLUTION"), source.index("### END SOLUTION")
    assert "return" not in source[:begin] + source[end:]


def test_a_mistake_in_the_hidden_layer_leaves_the_points_of_the_last_and_gives_a_hint():
    points, said = graded(lambda source: source.replace(" * (1 - h**2)", ""))
    assert points == 2
    assert len(said) == 1
    assert "δ1" in said[0]
    assert not re.search(r"f′ is missing", said[0])  # a hint names no mistake
