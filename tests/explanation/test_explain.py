"""What an explanation says where something is unusual: a penalty beside samples, no error at all, numbers out of range."""

from __future__ import annotations

import itertools
import re

import pytest
from tests.equations import check, equations_in_text

import chainrule as cr
from chainrule.api.problems import problem
from chainrule.base.errors import DescriptionError, DivergenceError, UnknownNameError
from chainrule.cli import main
from chainrule.document.document import TableBlock
from chainrule.explanation.explain import explain
from chainrule.notation.numbers import number_formula
from chainrule.notation.text import formula_text
from chainrule.render.plain import plain


def test_a_share_of_a_sample_is_without_the_penalty():
    asked = problem("2-1", input="0 1; 1 0", target="1; 2", regularizer="l2:rate=0.1", weights="0.5 0.25 0.1")
    text = plain(explain(asked, detail="scalar"))
    shares = re.findall(r"∂E/∂(w\d)ˢ¹ = .*?= (−?[\d.]+)\n\n", text, re.DOTALL)
    assert shares == [("w1", "0"), ("w2", "−0.325")]
    assert "∂R" not in "".join(re.findall(r"∂E/∂w\dˢ¹ = [^\n]*", text))
    assert re.search(r"∂E/∂w2 +−0\.325 +0 +0\.025 +−0\.3", text)
    verdicts = [check(line) for line in equations_in_text(text)]
    assert not [false for verdict in verdicts for false in verdict.false]
    assert sum(verdict.checked for verdict in verdicts) > 10


def test_where_there_is_no_error_there_is_nothing_to_learn():
    document = explain(problem("seed", target="2.2136"))
    assert "nothing to learn" in plain(document)
    assert "repeat" not in [section.key for section in document.sections]


def test_an_error_next_to_0_is_told_as_it_is_printed():
    text = " ".join(plain(explain(problem("seed", target="2.213600001"))).split())
    assert re.search(r"E = 1/2 · \(y − t\)\^2 [^E]* 5 · 10\^−19 ", text)
    assert "The error is 5 · 10^−19, and what is below 10^−12 counts as 0 here" in text
    assert "The error is 0" in plain(explain(problem("seed", target="2.2136")))


def test_a_step_beyond_floating_point_is_told_not_explained(capsys):
    with pytest.raises(DivergenceError, match="earlier step="):
        explain(problem("seed"), step=10)
    assert main(["explain", "--step", "10"]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_later_steps_count_on():
    text = plain(explain(problem("article"), step=3))
    table = text[text.index("Repeating until") :]
    assert re.search(r"step +y +E\n +3 ", table) or re.search(r"step +E\n +3 ", table)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("z if z > 0 else 0", "neither true nor false"),
        ("missing", "NameError: name 'missing' is not defined"),
        ("3", "returns 3, not a formula"),
        ("None", "returns None, not a formula"),
    ],
)
def test_a_wrong_definition_of_ones_own_is_told_in_a_line(body, message, tmp_path, capsys, monkeypatch):
    from chainrule.network.definitions import REGISTRY

    monkeypatch.setitem(REGISTRY, "activation", dict(REGISTRY["activation"]))
    file = tmp_path / "mine.py"
    file.write_text(f"import chainrule as cr\n\n@cr.activation\ndef own(z):\n    return {body}\n")
    assert main(["explain", "2-2-1", "--definitions", str(file), "--activation", "own"]) == 2
    text = capsys.readouterr().err
    assert message in text
    assert "activation own (mine.py, line 3)" in text
    assert "Traceback" not in text


def test_a_weight_is_placed_by_what_it_joins():
    assert "w6 leads from h2 to y1, in the output layer" in plain(explain(problem("mazur"), weight="w6"))
    assert "The bias b1⁽²⁾" in plain(explain(problem("2-2-2"), weight="b3"))


def test_a_bias_that_a_layer_has_once_is_told_as_the_sum_over_its_units():
    text = " ".join(plain(explain(problem("mazur"), weight="b1")).split())
    assert "b1 is the bias of every unit of the hidden layer; the gradient by it is the sum over these units" in text
    assert "Ways from the error to it: 4" in text
    assert "≈ 0.0187256" in text
    whole = " ".join(plain(explain(problem("mazur"))).split())
    assert "b1, b2: one bias for all units of a layer; the gradient by it is the sum over them." in whole
    assert "∂E/∂b1 = Σ δ⁽¹⁾ ≈ Σ [0.00877135, 0.00995425] = 0.0187256" in whole
    assert "numbered layer by layer" not in whole


def test_an_unknown_detail_offers_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'scalar'"):
        explain(problem("seed"), detail="scaler")
    with pytest.raises(DescriptionError, match="steps must be a whole number"):
        explain(problem("seed"), steps=0)


def test_training_on_from_a_later_step_goes_on_with_its_states_and_schedule():
    for options in ({"optimizer": "adam"}, {"optimizer": "momentum"}, {"learning_rate": "cosine:rate=0.1"}):
        found = problem("2-2-1", seed=3, **options)
        steps = list(itertools.islice(found.steps(), 6))
        section = found.explain(step=3).section("repeat")
        table = next(block for block in section.blocks if isinstance(block, TableBlock))
        errors = {int(row[0][0]): formula_text(row[-1][0]) for row in table.rows}
        for number, printed in errors.items():
            if number <= 6:
                assert printed == formula_text(number_formula(steps[number - 1].error, found.network.notation)), (options, number)
        assert 4 in errors


def test_a_factor_that_nobody_could_read_is_a_power_of_ten():
    text = " ".join(str(cr.explain("seed", learning_rate=1.5)).split())
    assert "It became about 3.9 · 10^6 times larger" in text


def test_running_means_have_no_gradient_in_the_table_of_weights():
    layers = [{"units": 2}, {"kind": "batch_norm"}, {"units": 1}]
    text = str(cr.explain({"inputs": 2, "layers": layers, "data": {"x": [[1, 2], [3, 1]], "t": [[1], [0]]}}, brief=True))
    rows = [line.split() for line in text.splitlines() if line.strip().startswith(("parameter", "m1⁽²⁾ ", "w1 "))]
    table = {row[0]: row for row in rows if len(row) >= 4}
    assert table["parameter"] == ["parameter", "before", "gradient", "after"]
    assert table["m1⁽²⁾"][2] == "–"
