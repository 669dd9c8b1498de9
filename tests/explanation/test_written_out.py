"""Updates and predictions are written out for every network, as far as that can be read; each sample's error is worked out."""

from __future__ import annotations

import re

import numpy as np
import pytest

from chainrule.api.problems import problem
from chainrule.document.document import Document, TableBlock
from chainrule.explanation.explain import contexts, whole_sections


def section(asked, key: str, extent: str = "usual") -> str:
    """One section, made without what takes longest."""
    (context,) = contexts(asked, detail="scalar", extent=extent)
    (found,) = (one for one in whole_sections(context, without=("outcome", "second_pass", "repeat")) if one.key == key)
    return str(Document("", (found,), context.notation.language, context.notation.decimal))


def test_several_ways_are_gathered_in_the_derivatives_of_units() -> None:
    text = section(problem("mazur"), "formulas")
    assert "∂E/∂h1 = δ1⁽²⁾ · w5 + δ2⁽²⁾ · w7" in text
    assert "w1 ← w1 − η · x1 · δ1⁽¹⁾" in text


def test_of_several_samples_they_are_written_in_matrices() -> None:
    text = section(problem("xor"), "formulas")
    assert "δ⁽¹⁾ = ∂E/∂h ⊙ (1 − h^2)" in text
    assert "W1 ← W1 − η · xᵀ · δ⁽¹⁾" in text


def test_a_rule_with_states_has_its_gradients_written_out() -> None:
    text = section(problem("2-1", optimizer="adam", seed=1), "formulas")
    assert re.search(r"∂E/∂w1 = .*x1", text)
    assert "←" not in text


def test_one_way_is_a_product_as_before() -> None:
    assert "w1 ← w1 − η · (y − t) · w5 · x1" in section(problem("seed"), "formulas")


def test_26_gradients_are_worked_out() -> None:
    text = section(problem("3-4-2", seed=1, input="1 2 3", target="1 0"), "chain")
    assert len(set(re.findall(r"^ +(∂E/∂[wb]\S+) ", text, re.MULTILINE))) == 26


def test_a_long_prediction_is_written_out_by_layers() -> None:
    text = section(problem("3-4-4-1", seed=1, input="1 2 3", target="1"), "expanded")
    assert "layer by layer" in text
    assert "y = " in text
    assert "h4⁽²⁾ = " in text or "z4⁽²⁾ = " in text or "h4⁽¹⁾ = " in text


def test_one_that_is_too_long_for_that_by_layers_in_matrices() -> None:
    asked = problem("3-12-12-2", seed=1, input="1 2 3", target="1 0")
    text = section(asked, "expanded")
    assert "y = " in text
    assert "W1" in text
    assert "in single weights" in text
    whole = section(asked, "expanded", extent="all")
    assert "W1" not in whole
    assert {f"{unit}⁽¹⁾" for unit in range(1, 13)} <= set(re.findall(r"^ +[hz](\S+) = ", whole, re.MULTILINE))


@pytest.mark.parametrize(
    ("options", "counted"),
    [
        ({"loss": "squared"}, "mean"),
        ({"loss": "huber"}, "mean"),
        ({"loss": "squared", "regularizer": "l2:rate=0.1"}, "mean plus the penalty"),
    ],
)
def test_the_error_of_each_sample_is_a_column(options: dict[str, str], counted: str) -> None:
    asked = problem("2-2", seed=1, input="1 2; 0 1; -1 1", target="1 0; 0 1; 2 2", **options)
    step = next(asked.steps())
    document = asked.explain()
    section = document.section("error")
    table = next(block for block in section.blocks if isinstance(block, TableBlock))
    own = [float(row[-1][0].value) for row in table.rows]
    alone = step.network.replaced(regularizer=None)
    errors = [alone.step(step.x[n : n + 1], step.t[n : n + 1]).error for n in range(3)]
    np.testing.assert_allclose(own, errors, rtol=1e-5)
    assert f"E is their {counted}." in " ".join(str(document).split())
