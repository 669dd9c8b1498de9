"""Scores, against scikit-learn's functions; of one table, and of its parts together."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as reference

from chainrule.base.errors import InputError, ShapeError
from chainrule.document.words import Words
from chainrule.training.metrics import Scores, baseline_prediction, of_classes, of_numbers

NAMES = ("no", "perhaps", "yes")


def answers(rows, seed=0, classes=3):
    random = np.random.default_rng(seed)
    y = random.dirichlet(np.ones(classes), rows)
    return y, random.integers(classes, size=rows)


@pytest.mark.parametrize("seed", range(5))
def test_classes_like_scikit_learn(seed):
    y, labels = answers(200, seed)
    scores, said = of_classes(NAMES, y, labels, baseline_prediction("classify", labels)), y.argmax(axis=1)
    assert scores.accuracy == pytest.approx(reference.accuracy_score(labels, said))
    assert np.array_equal(scores.confusion, reference.confusion_matrix(labels, said))
    assert scores.loss == pytest.approx(reference.log_loss(labels, y))
    table = reference.precision_recall_fscore_support(labels, said)
    for found, wanted in zip(scores.per_class, zip(*table, strict=True), strict=True):
        assert (found.precision, found.recall, found.f1, found.rows) == pytest.approx(wanted)
    assert scores.baseline == pytest.approx(np.bincount(labels).max() / 200)
    assert scores.main == ("accuracy", scores.accuracy)


def test_two_classes_from_one_output():
    y, labels = np.array([[0.2], [0.7], [0.5], [0.9]]), np.array([0, 1, 1, 0])
    scores = of_classes(("no", "yes"), y, labels)
    assert scores.confusion.tolist() == [[1, 1], [0, 2]]
    assert scores.loss == pytest.approx(reference.log_loss(labels, y[:, 0]))
    assert scores.baseline is None


def test_a_class_that_nobody_names_scores_nought():
    scores = of_classes(NAMES, np.eye(3)[[0, 0, 0]], np.array([0, 0, 2]))
    assert [(part.precision, part.recall, part.f1, part.rows) for part in scores.per_class] == [
        (pytest.approx(2 / 3), 1, pytest.approx(0.8), 2),
        (0, 0, 0, 0),
        (0, 0, 0, 1),
    ]
    assert np.isfinite(scores.loss)


@pytest.mark.parametrize("targets", [1, 3])
def test_numbers_like_scikit_learn(targets):
    random = np.random.default_rng(targets)
    t = random.normal(50, 3, (80, targets))
    y = t + random.normal(0, 2, (80, targets))
    scores = of_numbers(NAMES[:targets], y, t, baseline_prediction("regress", t[:40]))
    assert scores.r2 == pytest.approx(reference.r2_score(t, y))
    assert scores.mean_absolute_error == pytest.approx(reference.mean_absolute_error(t, y))
    assert scores.root_mean_squared_error == pytest.approx(reference.root_mean_squared_error(t, y))
    assert scores.baseline == pytest.approx(reference.r2_score(t, np.broadcast_to(t[:40].mean(axis=0), t.shape)))
    assert scores.main == ("r2", scores.r2)


def test_r2_where_it_means_little():
    same = np.full((3, 1), 7.0)
    assert of_numbers(("a",), same, same).r2 == reference.r2_score(same, same) == 1
    assert of_numbers(("a",), same + 1, same).r2 == reference.r2_score(same, same + 1) == 0
    assert of_numbers(("a",), same[:1], same[:1]).r2 is None


@given(
    arrays(float, (12, 2), elements=st.floats(-1e6, 1e6)),
    arrays(float, (12, 2), elements=st.floats(-1e6, 1e6)),
    st.integers(1, 11),
)
def test_parts_add_up_to_the_whole(y, t, cut):
    guess = t[:3].mean(axis=0)
    whole = of_numbers(("a", "b"), y, t, guess)
    both = of_numbers(("a", "b"), y[:cut], t[:cut], guess) + of_numbers(("a", "b"), y[cut:], t[cut:], guess)
    assert both.rows == whole.rows
    for key in ("absolute", "squared", "mean", "spread"):
        np.testing.assert_allclose(getattr(both, key), getattr(whole, key), rtol=1e-9, atol=1e-3)


def test_parts_of_classes_add_up_too():
    y, labels = answers(100)
    whole = of_classes(NAMES, y, labels, np.asarray(1))
    parts = [of_classes(NAMES, y[i : i + 30], labels[i : i + 30], np.asarray(1)) for i in range(0, 100, 30)]
    both = parts[0] + parts[1] + parts[2] + parts[3]
    assert both.rows == 100
    assert np.array_equal(both.confusion, whole.confusion)
    assert both.loss == pytest.approx(whole.loss)
    assert both.baseline == whole.baseline


def test_scores_of_large_numbers_that_hardly_differ():
    t = 1e9 + np.arange(100.0).reshape(-1, 1) / 100
    parts = [of_numbers(("a",), t[i : i + 7] + 0.01, t[i : i + 7]) for i in range(0, 100, 7)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    assert total.r2 == pytest.approx(reference.r2_score(t, t + 0.01), abs=1e-6)


def test_scores_go_to_plain_data_and_back():
    y, labels = answers(50)
    for scores in (
        of_classes(NAMES, y, labels, baseline_prediction("classify", labels)),
        of_numbers(("a",), y[:, :1], y[:, 1:2], np.array([0.5])),
    ):
        plain = json.loads(json.dumps(scores.to_dict()))
        assert Scores.from_dict(plain).to_dict() == plain
        assert plain[scores.main[0]] == scores.main[1]


@pytest.mark.parametrize(
    "change", [{"names": ["a"]}, {"confusion": None}, {"rows": 0}, {"rows": "many"}, {"confusion": [[1e999] * 3] * 3}, {"logarithms": []}]
)
def test_scores_that_are_none(change):
    plain = {**of_classes(NAMES, *answers(50)).to_dict(), **change}
    with pytest.raises(InputError, match="scores are incomplete"):
        Scores.from_dict(plain)


def test_what_does_not_add_up():
    y, labels = answers(10)
    with pytest.raises(InputError):
        of_classes(NAMES, y, labels) + of_numbers(("a",), y[:, :1], y[:, :1])
    with pytest.raises(ShapeError):
        of_numbers(("a",), y, labels)


@pytest.mark.parametrize("language", ["en", "de"])
def test_scores_in_words(language):
    y, labels = answers(50)
    lines = of_classes(NAMES, y, labels, baseline_prediction("classify", labels)).lines(Words(language))
    assert lines[0].count(Words(language).decimal("0.")) == 2
    assert [line.split()[0] for line in lines[2:5]] == list(NAMES)
    many = of_classes(tuple(map(str, range(20))), *answers(50, classes=20)).lines(Words(language))
    assert len(many) == 3  # the accuracy, the perplexity, and that the classes are too many
    assert "R²" in of_numbers(("a",), y[:, :1], y[:, 1:2]).lines(Words(language))[0]


def test_a_class_that_the_model_does_not_know_counts_as_wrong():
    y, labels = answers(60)
    known = of_classes(NAMES, y, labels)
    scores = of_classes(NAMES, np.vstack([y, y[:9]]), np.concatenate([labels, [-1] * 9]))
    assert scores.rows == 69
    assert scores.accuracy == pytest.approx(known.accuracy * 60 / 69)
    assert scores.strange.tolist() == np.bincount(y[:9].argmax(axis=1), minlength=3).tolist()
    assert [one.recall for one in scores.per_class] == [one.recall for one in known.per_class]
    said = np.bincount(np.concatenate([y, y[:9]]).argmax(axis=1), minlength=3)
    assert [one.precision for one in scores.per_class] == pytest.approx((np.diag(known.confusion) / said).tolist())
    assert Scores.from_dict(json.loads(json.dumps(scores.to_dict()))).strange.tolist() == scores.strange.tolist()
    assert (scores + known).strange.tolist() == (known + scores).strange.tolist() == scores.strange.tolist()
    assert "9 rows are of classes that the model does not know; they count as wrong." in scores.lines(Words("en"))
    assert of_classes(("no", "yes"), np.array([[0.2], [0.9]]), np.array([-1, 1])).accuracy == 0.5
