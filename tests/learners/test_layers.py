"""Single layers, as people write them in courses: what is right is passed, what is wrong is named, and what has no name gets none."""

import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from tests.learners.layer_edits import EDITED
from tests.samples import some

from chainrule.api.check import check_program
from chainrule.checking.layer_judgement import NEAR, judge_layers, layer_cases, layer_questions, read_layers
from chainrule.checking.layer_kinds import layer_kinds
from chainrule.checking.layer_mistakes import EVERY_MISTAKE, LAYER_MISTAKES
from chainrule.checking.layer_probes import LayerCase
from chainrule.checking.report import Assessment
from chainrule.cli import main
from chainrule.document.words import Words
from chainrule.learners.submission import layers_of

LAYERS = Path(__file__).parent / "layers"
SCHEMA = json.loads((Path(__file__).parents[2] / "src/chainrule/checking/check.schema.json").read_text("utf-8"))

RIGHT = {
    "attention.py": ["attention", "softmax_layer"],
    "attention_class.py": ["attention_one"],
    "activations.py": ["sigmoid_layer", "tanh_layer"],
    "classes_conv.py": ["conv", "max_pool"],
    "classes_norm.py": ["batch_norm", "dropout", "layer_norm"],
    "classes_rnn.py": ["embedding", "rnn_step", "lstm_step"],
    "coursera_conv.py": ["conv", "max_pool", "average_pool"],
    "coursera_rnn.py": ["rnn_step"],
    "gru_class.py": ["gru_step"],
    "gru_functions.py": ["gru_step", "gru"],
    "gru_gates.py": ["gru_cell", "gru_cell"],
    "heads.py": ["multi_head", "multi_head", "self_attention_causal"],
    "heads_of_layers.py": ["dense", "multi_head"],
    "gru_parameters.py": ["gru_cell"],
    "gru_torch.py": ["gru_step"],
    "heads_across.py": ["multi_head"],
    "heads_joint.py": ["multi_head_causal"],
    "places.py": ["conv_line", "rms_norm", "layer_norm"],
    "linear_cell.py": ["dense"],
    "norms_and_gates.py": ["rms_norm", "glu", "instance_norm", "glu"],
    "own_steps.py": ["dense", "softmax_layer"],
    "sequences.py": ["conv_line", "conv_line", "conv_line"],
    "transposed.py": ["conv_transpose", "global_pool", "global_pool"],
    "time_layers.py": ["rnn_from_zero", "softmax_layer"],
    "classes_made.py": ["conv", "max_pool", "batch_norm", "dropout", "relu_layer"],
    "causal_and_average.py": ["attention_causal", "average_pool"],
    "coursera_sequence.py": ["rnn"],
    "coursera_lstm.py": ["lstm_cell"],
    "cs231n_dense.py": ["dense", "relu_layer"],
    "cs231n_conv.py": ["conv", "max_pool"],
    "cs231n_dropout.py": ["dropout"],
    "cs231n_norm.py": ["batch_norm", "batch_norm", "layer_norm"],
    "cs231n_rnn.py": ["rnn_step", "rnn", "embedding", "lstm_step", "lstm"],
    "cs231n_spatial.py": ["batch_norm_images", "group_norm"],
}
"""What each file holds, said by who wrote it."""

QUICK = {"cs231n_norm.py", "attention.py", "coursera_rnn.py", "cs231n_dropout.py"}
"""What the ordinary tests look at; of the wrong ones the first of every other number."""


def of_family(name):
    """The layers of which mistakes are said that have this name."""
    return [kind for kind in layer_kinds().values() if kind.called == name]


PAGE = Path(__file__).parents[2] / "docs" / "check.md"
TABLE = re.compile(
    r"(?<=<!-- mistakes of layers: made by tests/learners/test_layers.py -->\n\n).*?(?=\n<!-- end of mistakes of layers -->)", re.DOTALL
)


def table():
    """The table of the page."""
    words = Words()
    lines = ["| | mistake of a layer | seen in |", "| --- | --- | --- |"]
    rows = sorted(row.number for row in LAYER_MISTAKES if row.source)
    return "\n".join([*lines, *(f"| {number} | {words.plain(f'mistake.{number}')} | {EVERY_MISTAKE[number].source} |" for number in rows)])


@pytest.fixture(scope="module")
def judged(sandbox, tmp_path_factory):
    """What the layers of a text are read as, and the verdict."""
    folder = tmp_path_factory.mktemp("layers")

    def judge(text):
        path = folder / "mine.py"
        path.write_text(text, encoding="utf-8")
        found = layers_of(path, sandbox, layer_questions)
        readings = read_layers(found["answers"])
        return readings, judge_layers(readings, found["unread"])

    return judge


def with_edit(name, old, new):
    text = (LAYERS / name).read_text("utf-8")
    assert old in text
    return text.replace(old, new, 1)


def first_of_its_number(edit):
    """Of every other number."""
    return edit[3] % 2 == 0 and edit[0] in QUICK and edit == next(one for one in EDITED if one[3] == edit[3] and one[0] in QUICK)


def with_mask(case):
    """A dropout's case with some numbers dropped."""
    if case.kind.name != "dropout":
        return case
    mask = np.resize([1 / 0.6, 0, 1 / 0.6], case.numbers["x"].shape)
    return LayerCase(case.kind, case.probing, {**case.numbers, "mask": mask}, case.arrived)


def test_the_page_lists_every_mistake_of_a_layer():
    assert TABLE.search(PAGE.read_text("utf-8"))[0] == table(), "python -m tests.learners.test_layers"


def test_every_file_is_in_the_list():
    assert sorted(RIGHT) == sorted(path.name for path in LAYERS.iterdir())
    assert len(RIGHT) >= 12


@pytest.mark.parametrize("name", some(RIGHT, lambda name: name in QUICK))
def test_right_layers_are_read_and_passed(name, judged):
    readings, verdict = judged((LAYERS / name).read_text("utf-8"))
    assert [one.kind.called for one in readings] == RIGHT[name]
    assert verdict.kind == ("convention" if name in ("linear_cell.py", "own_steps.py") else "right")  # means; ∂E/∂z of cross-entropy
    assert [fault.number for fault in verdict.cautions] == ([116] if name in ("coursera_conv.py", "classes_made.py") else [])  # x == max(x)


@pytest.mark.parametrize(("name", "old", "new", "number"), some(EDITED, first_of_its_number, lambda edit: f"{edit[3]}-{edit[0]}"))
def test_a_mistake_in_a_right_layer_is_named(name, old, new, number, judged):
    _, verdict = judged(with_edit(name, old, new))
    assert [fault.number for fault in verdict.faults] == [number or None]
    assert not verdict.faults[0].others
    assert verdict.kind == ("mistakes" if number else "unknown")


def test_every_row_is_made_by_somebody_in_these_files():
    numbers = {number for *_, number in EDITED}
    assert {row.number for row in LAYER_MISTAKES if row.ways} <= numbers
    assert len([row for row in LAYER_MISTAKES if row.number > 100]) >= 30
    assert len({row.number for row in LAYER_MISTAKES}) == len(LAYER_MISTAKES)
    assert all(EVERY_MISTAKE[row.number].source for row in LAYER_MISTAKES)


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_row_and_every_layer_has_its_texts(language):
    words = Words(language)
    for row in LAYER_MISTAKES:
        assert all(words.plain(f"mistake.{row.number}{text}") for text in ("", ".sign", ".cure"))
    for kind in layer_kinds().values():
        assert words.plain(f"check.layers.{kind.called}", name="f", line=1)
        assert all(words.plain(writing.key) for writing in kind.writings if not writing.gates)


@pytest.mark.parametrize("kind", layer_kinds().values(), ids=lambda kind: kind.name)
def test_the_right_gradients_are_those_that_differences_give(kind):
    rng = np.random.default_rng(1)
    case = with_mask(layer_cases(kind)[0][0])
    for symbol, gradient in case.truth.items():
        index = tuple(int(rng.integers(extent)) for extent in gradient.shape)

        def error(step, symbol=symbol, index=index):
            moved = np.array(case.numbers[symbol], dtype=float)
            moved[index] += step
            results = LayerCase(kind, case.probing, {**case.numbers, symbol: moved}, case.arrived).results
            return sum((case.arrived[name] * one).sum() for name, one in zip(kind.results, results, strict=True))

        assert gradient[index] == pytest.approx((error(1e-6) - error(-1e-6)) / 2e-6, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("row", some(LAYER_MISTAKES, 7, lambda row: str(row.number)))
def test_a_carrier_changes_a_gradient_and_no_value(row):
    for way in row.ways:
        changed = False
        for kind in (kind for name in way.kinds for kind in of_family(name)):
            for case, *_ in map(list, layer_cases(kind)):
                case = with_mask(case)
                if way.carriers is not None:
                    mistaken = case.values(*case.kind.build(case.owner(way.carriers)))
                    assert all(one == pytest.approx(other, abs=1e-9) for one, other in zip(mistaken, case.results, strict=True))
                for symbol, values in way.gradients(case).items():
                    truth = case.truth.get(symbol, np.zeros(0))
                    changed |= any(one.shape != truth.shape or np.abs(one - truth).max() > NEAR * np.abs(truth).max() for one in values)
        assert changed, way.written


def test_two_mistakes_of_one_layer_are_both_named(judged):
    text = with_edit("cs231n_norm.py", "    dgamma = (dout * xhat).sum(axis=0)", "    dgamma = (dout * x).sum(axis=0)")
    text = text.replace("+ dvar * 2 * (x - mean) / N + dmean / N", "+ dmean / N", 1)
    _, verdict = judged(text)
    assert [fault.number for fault in verdict.faults] == [105, 102]
    text = with_edit("classes_rnn.py", "        dc_prev = ds * f", "        dc_prev = ds").replace("        dg *= 1 - g**2\n", "", 1)
    _, verdict = judged(text)
    assert sorted(fault.number for fault in verdict.faults) == [124, 125]


def test_two_mistakes_in_one_gradient_are_both_named(judged):
    text = with_edit("attention.py", "    dscores /= np.sqrt(d)\n", "").replace(
        "(dweights - (dweights * weights).sum(axis=-1, keepdims=True))", "dweights * (1 - weights)", 1
    )
    _, verdict = judged(text)
    assert sorted(fault.number for fault in verdict.faults) == [29, 128]


def test_means_over_the_samples_are_a_convention(judged):
    text = with_edit(
        "cs231n_norm.py",
        "    dbeta = dout.sum(0)\n    dgamma = (dout * z).sum(0)",
        "    dbeta = dout.mean(0)\n    dgamma = (dout * z).mean(0)",
    )
    _, verdict = judged(text)
    assert verdict.passed
    assert [saying.key for saying in verdict.conventions] == ["check.convention.mean"]


def test_gradients_that_are_clipped_on_purpose_are_a_convention(judged):
    clipped = "    for one in (dWx, dWh, db):\n        np.clip(one, -2, 2, out=one)\n    dh0 = dprev\n"
    _, verdict = judged(with_edit("cs231n_rnn.py", "    dh0 = dprev\n", clipped))
    assert verdict.passed
    assert [saying.values for saying in verdict.conventions] == [{"limit": "2"}]


def test_what_fails_at_some_sizes_alone_is_a_caution(judged):
    text = with_edit("cs231n_conv.py", "dxp[:, :, pad : pad + H, pad : pad + W]", "dxp[:, :, pad:-pad, pad:-pad]")
    _, verdict = judged(text)
    assert verdict.passed
    assert [fault.key for fault in verdict.cautions] == ["some_sizes"]


def test_a_backward_pass_that_fails_is_not_right(judged):
    _, verdict = judged(with_edit("cs231n_dropout.py", "        dx = dout * mask\n", "        dx = dout * masks\n"))
    assert verdict.kind == "unknown"
    assert "masks" in str(Assessment("mine.py", verdict))


def test_what_calls_a_wrong_step_is_judged_later(judged):
    _, verdict = judged(with_edit("cs231n_rnn.py", "    da = dnext_h * (1 - next_h**2)", "    da = dnext_h"))
    assert [fault.number for fault in verdict.faults] == [2]
    assert [one.values["name"] for one in verdict.remarks if one.key == "check.layers.below"] == ["rnn_backward"]


SQUARE_ONLY = """
class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W
"""


def test_what_is_returned_without_a_name_has_its_line_where_only_some_sizes_work(judged):
    readings, verdict = judged(SQUARE_ONLY)
    assert [fault.number for fault in verdict.faults] == [15]
    assert verdict.faults[0].place.expression == "dout @ self.W"
    assert "x" not in readings[0].names


def test_a_dense_layer_is_made_of_its_sizes_whatever_they_are_called(judged):
    own = "self.W, self.b = np.random.randn(i, o), np.zeros(o)"
    _, verdict = judged("import numpy as np\n" + SQUARE_ONLY.replace("(self, W, b)", "(self, i, o)").replace("self.W, self.b = W, b", own))
    assert [fault.number for fault in verdict.faults] == [15]


def test_what_is_no_layer_that_is_known_is_said(judged):
    text = "\n\ndef odd_forward(x):\n    return np.sin(x), x\n\n\ndef odd_backward(dout, cache):\n    return dout\n"
    _, verdict = judged((LAYERS / "cs231n_dropout.py").read_text("utf-8") + text)
    assert any(one.key == "check.layers.unread" and "odd_forward" in one.values["names"] for one in verdict.remarks)


ODD = """
import numpy as np


def odd_attention_forward(x):
    return np.sin(x) + 2, x


def odd_attention_backward(dout, cache):
    return dout * np.cos(cache)
"""

NETWORK = """
import numpy as np


def backward(X, Y, W1, b1, W2, b2):
    A1 = np.tanh(X @ W1 + b1)
    dZ2 = (A1 @ W2 + b2 - Y) / len(X)
    dW2 = A1.T @ dZ2
    dZ1 = dZ2 @ W2.T * (1 - A1**2)
    return X.T @ dZ1, dZ1.sum(axis=0), dW2, dZ2.sum(axis=0)
"""


def checked(text, sandbox, folder):
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    return check_program(path, sandbox)


def test_a_file_of_layers_that_are_not_known_is_not_judged(sandbox, tmp_path, capsys):
    found = checked(ODD, sandbox, tmp_path)
    assert found.kind == "refused"
    assert "odd_attention_forward" in str(found)
    assert main(["check", str(tmp_path / "mine.py")]) == 1
    assert "odd_attention_forward" in capsys.readouterr().out.replace("\n  ", " ")


def test_layers_beside_a_network_are_looked_at_too(sandbox, tmp_path):
    norm = (LAYERS / "cs231n_dropout.py").read_text("utf-8")
    found = checked(NETWORK + norm, sandbox, tmp_path)
    assert found.kind == "right"
    assert any("dropout" in one.key for one in found.understood)
    found = checked(NETWORK + norm.replace("        dx = dout * mask\n", "        dx = dout\n", 1), sandbox, tmp_path)
    assert (found.kind, found.mistakes) == ("mistakes", [41])
    found = checked(NETWORK.replace("dZ1.sum(axis=0)", "dZ1.sum()") + norm.replace("dout * mask\n", "dout\n", 1), sandbox, tmp_path)
    assert (found.kind, found.mistakes) == ("mistakes", [22, 41])


def test_of_what_is_not_read_beside_right_layers_nothing_is_said(sandbox, tmp_path):
    found = checked((LAYERS / "cs231n_dropout.py").read_text("utf-8") + ODD, sandbox, tmp_path)
    assert str(found).endswith(Words().plain("check.right.partly"))


def test_factors_have_the_decimal_sign_of_the_language(judged):
    _, verdict = judged(with_edit("cs231n_conv.py", "db[f] += dout[n, f].sum()", "db[f] += 3.25 * dout[n, f].sum()"))
    for language, factor in (("en", "3.25"), ("de", "3,25")):
        assert factor in "\n".join(line for _, line in Assessment("mine.py", verdict).lines(Words(language)))


@pytest.mark.parametrize("number", [101, 115])
def test_a_mistake_is_said_in_words_as_data_and_as_a_hint(number, sandbox, tmp_path):
    *where, _ = next(one for one in EDITED if one[3] == number)
    path = tmp_path / "mine.py"
    path.write_text(with_edit(*where), encoding="utf-8")
    found = check_program(path, sandbox)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(found.to_dict())))
    assert found.mistakes == [number]
    for language in ("en", "de"):
        words = Words(language)
        said = "\n".join(line for _, line in found.lines(words))
        assert f"{number}. {words.plain(f'mistake.{number}')}" in said
        assert words.plain(f"mistake.{number}.cure") in said
        assert all(any(line for _, line in found.lines(words, hint=hint)) for hint in (1, 2, 3))
    place = found.verdict.faults[0].place
    assert place.expression in path.read_text("utf-8").splitlines()[place.line - 1]


def test_exit_codes(tmp_path, capsys):
    assert main(["check", str(LAYERS / "cs231n_norm.py")]) == 0
    *where, _ = EDITED[0]
    (tmp_path / "mine.py").write_text(with_edit(*where), encoding="utf-8")
    capsys.readouterr()
    assert main(["check", str(tmp_path / "mine.py"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["number"] == 101


if __name__ == "__main__":
    PAGE.write_text(TABLE.sub(lambda _: table(), PAGE.read_text("utf-8")), encoding="utf-8")
