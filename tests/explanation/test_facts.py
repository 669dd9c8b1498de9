"""What is striking about a step is said where it is so, and nowhere else."""

from typing import Any

import numpy as np
import pytest

from chainrule.api.problems import problem
from chainrule.document.document import Note
from chainrule.explanation.context import Context
from chainrule.explanation.facts import MOST_FACTS, facts_blocks
from chainrule.network.examples import EXAMPLES
from chainrule.notation.text import formula_text


def facts(source: str, **options: Any) -> list[str]:
    step = problem(source, **options).step()
    notes = facts_blocks(Context(step, "overview", step.network.notation))
    assert all(isinstance(note, Note) for note in notes)
    return [
        "".join(part if isinstance(part, str) else formula_text(part) for part in note.text) for note in notes if isinstance(note, Note)
    ]


@pytest.mark.parametrize("name", EXAMPLES)
def test_of_the_examples_only_the_one_that_vanishes_is_striking(name: str) -> None:
    said = facts(name)
    assert len(said) == (name == "vanishing")
    assert all("The gradient vanishes: of δ, ≈2.45 · 10^−5 is left" in text for text in said)


def test_causes_come_before_their_effects() -> None:
    said = facts("2-2-1", bias=False, activation="relu", weights="-1 -1 -1 -1 1 1", input="1 2", target="1")
    assert [text.partition(":")[0] for text in said] == [
        "2 of 2 units of hidden1 are dead",
        "The gradient is exactly 0, though the error is 0.5",
        "Units 1 and 2 of hidden1 are equal and will stay equal",
    ]


def test_units_that_are_equal_stay_equal() -> None:
    network = problem("2-2-1", weights="1 2 1 2 3 3", input="1 2; 0 1", target="1; 2").network
    steps = network.steps(np.array([[1.0, 2], [0, 1]]), np.array([[1.0], [2]]), "adam")
    for _, step in zip(range(20), steps, strict=False):
        W = step.new_parameters["W1"]
        assert W[0, 0] == W[0, 1]
        assert W[1, 0] == W[1, 1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"input": "1 4000; 2 1; 3 9000", "target": "1; 2; 3"}, "The inputs are not scaled: x2 varies ≈4509 times as much as x1."),
        ({"output_activation": "sigmoid", "input": "1 0; 0 1", "target": "3; 4"}, "The output cannot give the targets"),
        ({"weights": "0 0 0 0 1 1 0 0 0", "input": "1 0; 0 1", "target": "1; 3"}, "Of 2 matrices of weights 1 is all 0"),
    ],
)
def test_what_is_said_of_a_step(options: dict[str, Any], said: str) -> None:
    found = facts("2-2-1", **options)
    assert len(found) <= MOST_FACTS
    assert said in found[0]
