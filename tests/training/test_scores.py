"""Test scores on real tables, beside scikit-learn's multilayer perceptron with the same layers on the same rows."""

import importlib.util
import sys
from pathlib import Path

import pytest
from tests.samples import some

ROOT = Path(__file__).parent.parent.parent
SEEDS = range(20, 26)
LARGE = {"digits": range(20, 24), "weather": range(20, 24)}
"""A part of the seeds of the page; fewer where one takes seconds."""


def script():
    spec = importlib.util.spec_from_file_location("scores", ROOT / "benchmarks" / "scores.py")
    module = sys.modules["scores"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


scores = script()


@pytest.mark.parametrize("name", some(scores.SETS, lambda name: name == "iris"))
def test_scores_are_no_worse_than_those_of_scikit_learn(name):
    found = scores.compared(name, LARGE.get(name, SEEDS))
    assert found.no_worse, (found.difference, found.error)
    assert sum(found.ours) / len(found.ours) > found.guessing + 0.1


def test_there_are_eight_real_tables():
    assert len({name.partition(",")[0] for name in scores.SETS}) >= 8


def test_the_seeds_are_not_those_that_the_rules_were_chosen_with():
    assert not {*SEEDS, *scores.SEEDS} & set(range(12))
    assert {*SEEDS, *LARGE["digits"]} <= set(scores.SEEDS)


def test_a_worse_score_would_be_noticed():
    found = scores.Comparison("accuracy", 100, (0.90, 0.91, 0.89, 0.90), (0.93, 0.94, 0.93, 0.94), 0.3)
    assert not found.no_worse


def test_the_page_shows_every_table():
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    table = page.partition(scores.START)[2].partition(scores.END)[0]
    assert all(f"| {name} |" in table for name in scores.SETS)
