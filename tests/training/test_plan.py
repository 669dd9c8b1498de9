"""Plans as data, and how rows are split."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.api.resuming import FREE, Begun
from chainrule.api.train import patient_plan, stopping_plan
from chainrule.base.errors import DescriptionError, InputError, UnknownNameError
from chainrule.document.words import Words
from chainrule.reports.lines import line_of_plan
from chainrule.training.loop import Training
from chainrule.training.model import load_checkpoint, save_checkpoint
from chainrule.training.plan import (
    Plan,
    batch_size_for,
    even_batch_size,
    example_weights,
    fewest_epochs_for,
    fold_places,
    patience_for,
    split_rows,
)

# The plan


def test_a_plan_goes_to_plain_data_and_back():
    plan = Plan(epochs=7, until=1e-3, class_weights={"a": 2.0}, optimizer=cr.adam(learning_rate=cr.cosine(rate=0.1, steps=50)))
    plain = json.loads(json.dumps(plan.to_dict()))
    assert Plan.from_dict(plain).to_dict() == plain == plan.to_dict()
    assert Plan.from_dict(Plan().to_dict()) == Plan()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number from 1"),
        ({"batch_size": 2.5}, "batch_size must be a whole number"),
        ({"validation": 0.6, "test": 0.5}, "leave no rows to train on"),
        ({"validation": -0.1}, "from 0 to less than 1"),
        ({"until": 0}, "greater than 0"),
        ({"until": math.nan}, "greater than 0"),
        ({"engine": "wrtten"}, "Did you mean 'written'"),
        ({"optimizer": "adm"}, "Did you mean 'adam'"),
        ({"class_weights": {"a": -1}}, "weight of class 'a'"),
        ({"class_weights": "blanced"}, '"balanced"'),
        ({"shuffle": "yes"}, "true or false"),
        ({"seed": 1.5}, "seed must be a whole number"),
    ],
)
def test_a_plan_that_cannot_be(settings, message):
    with pytest.raises(InputError, match=message):
        Plan(**settings)


def test_a_setting_that_no_plan_has():
    with pytest.raises(UnknownNameError, match="Did you mean 'epochs'"):
        Plan.from_dict({"epoch": 3})
    with pytest.raises(DescriptionError):
        Plan.from_dict([1])


def test_batches_grow_with_the_rows():
    assert [batch_size_for(rows) for rows in (1, 150, 16_000, 32_000, 60_000, 10**7)] == [32, 32, 32, 64, 64, 256]


@pytest.mark.parametrize("folds", [0, 2, 3, 5])
def test_no_step_follows_the_few_rows_that_are_left_over(folds):
    for rows in (*range(folds + 1, 700), 1121, 16_001, 100_001):
        size = even_batch_size(rows, folds)
        assert batch_size_for(rows) <= size < 2 * batch_size_for(rows)
        for part in {rows, *(len(others) for others, _ in fold_places(rows, folds))} if folds and rows < 200 else {rows}:
            steps = [len(batch) for batch in np.split(np.arange(part), range(size, part, size))]
            assert len(steps) == 1 or 8 * steps[-1] >= size, (rows, part, size)
    assert (even_batch_size(128), even_batch_size(161, 5), even_batch_size(1121, 5)) == (32, 33, 33)


@pytest.mark.parametrize("engine", ["written", "compiled"])
def test_even_batches_are_replayed_and_resumed(engine, tmp_path):
    """65 rows: two steps an epoch, of 33 and 32 rows, in place of three, of 32, 32 and one."""
    numbers = np.random.default_rng(0).normal(size=(65, 3))
    asked = {"target": "column3", "hidden": 2, "test": 0, "validation_folds": 0, "validation": 0, "engine": engine, "precision": "float64"}
    path, whole = tmp_path / "model.safetensors", cr.train(numbers, epochs=4, **asked)
    assert (whole.plan.batch_size, whole.history[-1].step) == (33, 8)
    x, t = whole.preparation.x(cr.read(numbers)), whole.preparation.t(cr.read(numbers))
    assert [len(whole.step_at(x, t, number).x) for number in (7, 8)] == [33, 32]
    run = whole.replay(x, t)
    run.epoch()
    save_checkpoint(path, whole, run)
    model, arrays, record = load_checkpoint(path)
    again = Training.resumed(model.start, x, t, model.plan, arrays, record)
    again.run()
    assert {key: array.tolist() for key, array in again.best_network.parameters.items()} == {
        key: array.tolist() for key, array in whole.network.parameters.items()
    }


def test_a_run_of_an_older_version_goes_on_in_its_folds(tmp_path, monkeypatch):
    """It left the size of batches to the training: 32 of 65 rows."""
    path, numbers = tmp_path / "model.safetensors", np.random.default_rng(0).normal(size=(130, 3))
    asked = {"target": "column3", "hidden": 2, "test": 0, "folds": 2, "validation_folds": 0, "epochs": 3, "output": path}
    usual = Training.epoch

    def cut_short(training):
        if training.epochs == 1:
            raise KeyboardInterrupt
        return usual(training)

    with monkeypatch.context() as older:
        older.setattr("chainrule.api.train._decided", lambda plan, *_: plan)
        older.setattr(Training, "epoch", cut_short)
        with pytest.raises(KeyboardInterrupt):
            cr.train(numbers, **asked)
    model = cr.train(numbers, resume=True, **asked)
    assert (model.plan.batch_size, model.outcome["epochs"]) == (None, 3)
    assert {"fold 1", "fold 2"} <= set(model.scores)


# Splits


@given(
    st.lists(st.integers(0, 4), min_size=5, max_size=300), st.integers(0, 5), st.sampled_from([(0.15, 0.15), (0.2, 0), (0, 0.3), (0, 0)])
)
def test_every_row_is_in_one_part_and_every_class_is_trained_on(labels, seed, parts):
    labels = np.array(labels)
    plan = Plan(seed=seed, validation=parts[0], test=parts[1])
    train, validation, test = split_rows(labels, plan)
    assert sorted([*train, *validation, *test]) == list(range(len(labels)))
    assert set(labels[train]) == set(labels)
    assert all(np.all(np.diff(part) > 0) for part in (train, validation, test))
    for label in set(labels.tolist()):
        rows = np.count_nonzero(labels == label)
        assert np.count_nonzero(labels[test] == label) <= rows * parts[1] + 1
    assert all(np.array_equal(a, b) for a, b in zip(split_rows(labels, plan), (train, validation, test), strict=True))


def test_parts_have_their_size_and_their_classes():
    labels = np.repeat([0, 1, 2], [700, 250, 50])
    train, validation, test = split_rows(labels, Plan(validation=0.15))
    assert (len(train), len(validation), len(test)) == (700, 150, 150)
    for part, size in ((train, 0.7), (validation, 0.15), (test, 0.15)):
        assert np.abs(np.bincount(labels[part]) - size * np.array([700, 250, 50])).max() <= 1
    assert not np.array_equal(test, split_rows(labels, Plan(seed=1, validation=0.15))[2])
    by_count = split_rows(1000, Plan(validation=0.15))
    assert [len(part) for part in by_count] == [700, 150, 150]
    assert [len(part) for part in split_rows(np.linspace(0, 1, 1000), Plan(validation=0.15))] == [700, 150, 150]


def test_too_few_rows_to_split():
    with pytest.raises(InputError, match="3 rows cannot be split; give more rows, or say validation=0 and test=0"):
        split_rows(3, Plan())
    assert len(split_rows(3, Plan(validation=0, test=0))[0]) == 3


def test_folds_test_every_row_once():
    labels = np.repeat([0, 1], [40, 20])
    parts = fold_places(labels, 5, seed=3)
    assert sorted(row for _, test in parts for row in test) == list(range(60))
    for train, test in parts:
        assert sorted([*train, *test]) == list(range(60))
        assert np.bincount(labels[test]).tolist() == [8, 4]
    with pytest.raises(InputError, match="at most 4"):
        fold_places(4, 5)
    with pytest.raises(InputError, match="whole number from 2"):
        fold_places(4, 1)


def test_weights_of_classes_like_scikit_learn():
    from sklearn.utils.class_weight import compute_sample_weight

    labels = np.array([0, 0, 0, 1, 2, 2])
    np.testing.assert_allclose(example_weights(labels, "balanced", "abc"), compute_sample_weight("balanced", labels))
    np.testing.assert_allclose(example_weights(labels, {"b": 5.0}, "abc"), [1, 1, 1, 5, 1, 1])
    assert example_weights(labels, None, "abc") is None
    with pytest.raises(UnknownNameError, match="Did you mean 'setosa'"):
        example_weights(labels, {"setos": 1.0}, ["setosa", "virginica", "versicolor"])


# Groups


@given(st.lists(st.integers(0, 11), min_size=12, max_size=150), st.floats(0.05, 0.4), st.floats(0.05, 0.4), st.integers(0, 5))
def test_groups_stay_together(groups, test, validation, seed):
    groups = np.array([*range(12), *groups])
    plan = Plan(test=test, validation=validation, seed=seed, group="g")
    parts = split_rows(len(groups), plan, groups)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(groups)))
    assert sum(len(set(groups[part].tolist())) for part in parts) == 12
    assert all(len(part) for part in parts)
    largest = np.bincount(groups).max()
    assert abs(len(parts[2]) - test * len(groups)) <= largest
    for k in (2, 5):
        folds = fold_places(len(groups), k, seed, groups)
        assert sorted(np.concatenate([fold for _, fold in folds]).tolist()) == list(range(len(groups)))
        assert all(not {*groups[others].tolist()} & {*groups[fold].tolist()} for others, fold in folds)


def test_a_class_that_only_one_group_has_is_trained_on():
    groups, labels = np.repeat(np.arange(8), 10), np.repeat([0, 1, 0, 1, 0, 1, 0, 2], 10)
    for seed in range(20):
        train, _, _ = split_rows(labels, Plan(test=0.3, validation=0.2, seed=seed, group="g"), groups)
        assert {*labels[train].tolist()} == {0, 1, 2}


def test_too_few_groups():
    with pytest.raises(
        InputError, match="column 'g' has 2 different values, too few for rows to train on and rows for validation and test"
    ):
        split_rows(10, Plan(group="g"), np.arange(10) % 2)
    with pytest.raises(InputError, match="2 groups cannot be tested in 3 folds"):
        fold_places(10, 3, 0, np.arange(10) % 2)
    with pytest.raises(InputError, match="leave out one of them"):
        Plan(group="g", test_last=True)


@pytest.mark.parametrize(
    ("rows", "size", "epochs"), [(3, 32, 1000), (100, 32, 250), (1500, 32, 100), (8000, 32, 100), (50_000, 64, 32), (10**7, 256, 30)]
)
def test_patience_is_so_many_steps_within_bounds(rows, size, epochs):
    assert patience_for(rows, size) == epochs


@pytest.mark.parametrize(("rows", "size", "epochs"), [(3, 32, 300), (1280, 32, 300), (3200, 32, 120), (200_000, 256, 16)])
def test_patience_ends_no_run_before_so_many_epochs_or_steps(rows, size, epochs):
    assert fewest_epochs_for(rows, size) == epochs


@pytest.mark.parametrize("language", ["en", "de"])
def test_how_long_a_run_lasts_at_least_is_said_where_patience_ends_it(language):
    def line(**settings):
        return line_of_plan(Words(language), Plan(fewest_epochs=300, **settings), 32)

    between = {"en": "300 to 1000 epochs", "de": "300 bis 1000 Epochen"}[language]
    assert between in line(validation_folds=5)
    for endless in ({"validation": 0.0}, {"patience": None}, {"until": 0.1}):
        assert "300" not in line(**endless)
    assert between[:3] not in line_of_plan(Words(language), Plan(), 32)


def test_who_says_a_patience_is_not_kept_waiting():
    assert patient_plan(Plan(patience=7), 100, 5, {"patience": 7}) == Plan(patience=7)
    assert patient_plan(Plan(), 100, 5, {"patience": None}) == Plan(patience=250, fewest_epochs=300)
    assert patient_plan(Plan(), 100, 1001, {"patience": None}) == Plan(patience=250)
    begun = Begun(SimpleNamespace(plan=Plan(fewest_epochs=300)), {}, {})
    settings = dict.fromkeys(FREE) | {"epochs": 2000}
    assert (begun.plan(settings).fewest_epochs, begun.plan(settings | {"patience": 5}).fewest_epochs) == (300, 0)
    assert patient_plan(Plan(batch_size=100), 3000, 5, {"patience": None}) == Plan(batch_size=100, patience=100, fewest_epochs=300)


@pytest.mark.parametrize(("rows", "inputs", "folds"), [
    (19, 1, 0), (20, 1, 5), (1999, 1, 5), (2000, 1, 3), (7999, 1, 3),
    (30, 300, 5), (30, 301, 3), (2000, 2000, 3), (1999, 2001, 5),
])  # fmt: skip
def test_folds_decide_when_to_stop_where_rows_are_few(rows, inputs, folds):
    said = dict.fromkeys(("validation", "validation_folds", "patience"))
    plan = stopping_plan(Plan(), rows, inputs, said)
    assert (plan.validation_folds, plan.validation) == (folds, 0.0)


@pytest.mark.parametrize(("rows", "inputs"), [(8000, 1), (2000, 2001)])
def test_of_more_rows_a_part_is_set_aside(rows, inputs):
    said = dict.fromkeys(("validation", "validation_folds", "patience"))
    plan = stopping_plan(Plan(), rows, inputs, said)
    assert (plan.validation_folds, plan.validation) == (0, 0.1)


@pytest.mark.parametrize(("said", "validation"), [({"validation_folds": 0}, 0.1), ({"until": 0.1}, 0.1), ({"validation_folds": 4}, 0.0)])
def test_who_says_how_to_stop_gets_it(said, validation):
    plan = stopping_plan(Plan(**said), 3000, 1, dict.fromkeys(("validation", "validation_folds", "patience")) | said)
    assert (plan.validation_folds, plan.validation) == (said.get("validation_folds", 0), validation)


def test_train_counts_the_rows_to_train_on_and_their_inputs():
    numbers = np.random.default_rng(0).normal(size=(33, 332))
    for columns, folds, epochs in ((332, 3, 0), (331, 5, 300)):
        model = cr.train(numbers[:, :columns], target="column1", epochs=1, hidden=1, test=0, engine="written")
        assert (model.plan.validation_folds, model.plan.batch_size, model.plan.fewest_epochs) == (folds, 33, epochs)
    said = cr.train(numbers, target="column1", epochs=1, hidden=1, test=0, engine="written", batch_size=32, patience=3)
    assert (said.plan.batch_size, said.plan.patience, said.plan.fewest_epochs) == (32, 3, 0)
