"""Estimators by scikit-learn's own checks, and beside its network; models in Python; everything public pickled and copied."""

import copy
import functools
import pickle
import subprocess
import sys

import numpy as np
import pandas
import polars
import pyarrow
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.utils.estimator_checks import parametrize_with_checks

import chainrule as cr
from chainrule.network.definitions import run_definitions

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = load_iris(return_X_y=True)
SMALL = {"a": [1.0, 2.0, 3.0, 4.0, 5.0] * 8, "kind": ["low", "low", "high", "high", "high"] * 8, "size": [10.0, 20.0, 30.0, 40.0, 50.0] * 8}


@parametrize_with_checks(
    [kind(8, batch_size=256, learning_rate=0.05, max_iter=80, engine="written") for kind in (cr.ChainruleClassifier, cr.ChainruleRegressor)]
)
def test_it_is_an_estimator_by_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_it_stands_in_searches_and_in_cross_validation_with_several_processes():
    X, y = IRIS
    pipeline = make_pipeline(PolynomialFeatures(2, include_bias=False), cr.ChainruleClassifier(8, random_state=1))
    assert cross_val_score(pipeline, X, y, cv=3, n_jobs=2).min() > 0.85
    search = GridSearchCV(cr.ChainruleClassifier(random_state=1), {"hidden": [[4], [8]], "optimizer": ["adam", "momentum"]}, cv=2)
    assert search.fit(X, y).best_score_ > 0.85


def test_weights_say_how_often_a_row_counts():
    X, y = load_diabetes(return_X_y=True)
    X, y = X[:60], y[:60]
    times = np.arange(60) % 3
    weighed = cr.ChainruleRegressor(4, batch_size=200, max_iter=30, tol=0, random_state=0).fit(X, y, times)
    repeated = cr.ChainruleRegressor(4, batch_size=200, max_iter=30, tol=0, random_state=0).fit(X.repeat(times, 0), y.repeat(times))
    assert weighed.predict(X) == pytest.approx(repeated.predict(X), rel=1e-6)


def test_a_pass_of_partial_fit_goes_on_where_the_one_before_ended():
    X, y = IRIS
    model = cr.ChainruleClassifier(8, learning_rate=0.02, random_state=0)
    first = model.partial_fit(X[::2], y[::2], classes=[0, 1, 2]).loss_curve_[-1]
    for _ in range(60):
        model.partial_fit(X[::2], y[::2])
    assert model.n_iter_ == 61
    assert model.loss_curve_[-1] < first / 2
    with pytest.raises(ValueError, match="none of the classes"):
        model.partial_fit(X, y + 7)


def test_what_was_learned_is_called_as_in_scikit_learns_network():
    X, y = load_iris(return_X_y=True, as_frame=True)
    settings = {"max_iter": 20, "tol": 0, "n_iter_no_change": 99, "random_state": 0}
    names = ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_")
    for early in (False, True):
        ours = cr.ChainruleClassifier([8], early_stopping=early, **settings).fit(X, y)
        theirs = MLPClassifier([8], early_stopping=early, **settings).fit(X, y)
        assert [getattr(ours, name) for name in names] == [getattr(theirs, name) for name in names]
        assert ours.feature_names_in_.tolist() == list(X)
        assert len(ours.loss_curve_) == 20
        assert ours.loss_ == ours.loss_curve_[-1]
        assert (ours.validation_scores_ is None) == (theirs.validation_scores_ is None) == (not early)
    assert (ours.best_loss_, ours.best_validation_score_) == (None, max(ours.validation_scores_))
    assert all(score * 15 == pytest.approx(round(score * 15)) for score in ours.validation_scores_)  # right ones of 15 rows set aside
    whole = cr.ChainruleClassifier([8], **settings).fit(X, y)
    assert whole.best_loss_ == min(whole.loss_curve_)


def test_the_scores_that_are_watched_are_those_of_the_rows_set_aside():
    """Rows that repeat one another are set aside and learned alike: the score of all of them is that of the rows set aside."""
    X, y = load_diabetes(return_X_y=True)
    X, y = X[:2].repeat(50, 0), np.c_[y[:2], -3 * y[:2]].repeat(50, 0)
    for passes in (1, 30):
        model = cr.ChainruleRegressor([4], early_stopping=True, validation_fraction=0.5, max_iter=passes, tol=0, random_state=0).fit(X, y)
        assert model.validation_scores_[model.model_.outcome["best_epoch"] - 1] == pytest.approx(model.score(X, y), abs=0.02)


def test_rows_of_no_weight_are_not_set_aside():
    X, y = IRIS
    weights = np.arange(150) % 3 == 0
    model = cr.ChainruleClassifier(4, early_stopping=True, max_iter=20, random_state=0).fit(X, y, weights)
    fewer = cr.ChainruleClassifier(4, early_stopping=True, max_iter=20, random_state=0).fit(X[weights], y[weights])
    assert model.t_ == fewer.t_ == 20 * 45
    assert model.validation_scores_ == fewer.validation_scores_


def test_examples_are_counted_in_every_pass():
    X, y = IRIS
    model = cr.ChainruleClassifier(4).partial_fit(X[::2], y[::2]).partial_fit(X[:9], y[:9])
    assert (model.t_, model.n_iter_, len(model.loss_curve_), model.best_loss_) == (84, 2, 2, min(model.loss_curve_))


def test_labels_of_any_kind_come_back_as_they_were():
    X, y = IRIS
    for labels in (y, np.array(["b", "c", "a"])[y], np.array([True, False, True])[y], (y / 2).astype(str)):
        model = cr.ChainruleClassifier(4, learning_rate=0.02, random_state=0).fit(X, labels)
        assert model.score(X, labels) > 0.8
        assert model.predict_proba(X).sum(axis=1) == pytest.approx(1)


def test_a_row_is_explained_in_its_own_units():
    X, y = load_iris(return_X_y=True, as_frame=True)
    text = str(cr.ChainruleClassifier(3, random_state=0).fit(X, y).explain(X.iloc[[3]], y[3], detail="overview"))
    assert "petal width (cm)" in text
    numbers = cr.ChainruleRegressor(2, random_state=0).fit(X[["petal length (cm)"]], X["petal width (cm)"])
    assert "∂E/∂w1" in str(numbers.explain([1.4], 0.2, detail="scalar"))


IMAGE = {"inputs": [2, 2, 1], "layers": [{"kind": "conv", "units": 3, "size": 2}, {"kind": "flatten"}, {"units": 3}]}
BRANCHES = {
    "inputs": {"v": {"columns": ["petal width (cm)", "sepal width (cm)"]}, "x": {"columns": ["sepal length (cm)", "petal length (cm)"]}},
    "layers": [
        {"units": 3, "activation": "tanh", "from": "x", "name": "h"},
        {"kind": "join", "from": ["v", "h"], "name": "both"},
        {"units": 3, "from": "both", "name": "out"},
    ],
}


@pytest.mark.parametrize(
    "network", ["4-6-3", cr.Network(4, cr.dense(6, "relu", bias=False), cr.dense(3, "softmax"), loss="cross_entropy"), IMAGE]
)
def test_a_network_of_ones_own_is_trained(network):
    X, y = IRIS
    model = cr.ChainruleClassifier(network=network, learning_rate=0.02, random_state=0)
    again = clone(model).partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y)
    assert again.n_iter_ == 2
    fitted = model.fit(X, y)
    assert fitted.score(X, y) > 0.9
    assert pickle.loads(pickle.dumps(fitted)).predict(X).tolist() == fitted.predict(X).tolist()
    assert len(fitted.coefs_) == len(fitted.intercepts_)
    assert all(weights.shape[1] == len(bias) for weights, bias in zip(fitted.coefs_, fitted.intercepts_, strict=True))


def test_columns_go_where_a_network_of_ones_own_says():
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = cr.ChainruleClassifier(network=BRANCHES, learning_rate=0.02, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9
    assert model.predict(X).tolist() == np.argmax(model.model_.predict_proba(X), axis=1).tolist()


def test_signs_part_the_classes_of_a_hinge_at_0():
    X, y = IRIS
    model = cr.ChainruleClassifier(network={"inputs": 4, "layers": [{"units": 1}], "loss": "hinge"}, learning_rate=0.02, random_state=0)
    model.fit(X[:100], np.array(["b", "a"])[y[:100]])
    assert model.predict(X[:100]).tolist() == ["b"] * 50 + ["a"] * 50
    with pytest.raises(cr.InputError, match="no probabilities"):
        model.predict_proba(X)


def test_what_does_not_fit_a_network_of_ones_own_is_said():
    X, y = IRIS
    with pytest.raises(cr.InputError, match="says its activation itself"):
        cr.ChainruleClassifier(network="4-3-3", activation="relu").fit(X, y)
    with pytest.raises(cr.InputError, match="take 5 numbers, but the columns of the table become 4"):
        cr.ChainruleClassifier(network={"inputs": {"a": 5}, "layers": [{"units": 3, "from": "a"}]}).fit(X, y)
    with pytest.raises(cr.InputError, match="short form as 4-8-3"):
        cr.ChainruleClassifier(network=3).fit(X, y)
    with pytest.raises(cr.InputError, match="tokens cannot be"):
        cr.ChainruleClassifier(network="v7x4:e3-3").fit(X, y)


def test_what_is_wrong_is_said_in_words():
    X, y = IRIS
    with pytest.raises(ValueError, match=r"no activation is called 'rellu'\. Did you mean 'relu'"):
        cr.ChainruleClassifier(activation="rellu").fit(X, y)
    with pytest.raises(ValueError, match="the data have 1 class"):
        cr.ChainruleClassifier().fit(X[:10], y[:10])
    with pytest.raises(ValueError, match="tol must be a number"):
        cr.ChainruleClassifier(tol="small").fit(X, y)
    with pytest.raises(ValueError, match="non-zero"):
        cr.ChainruleClassifier().fit(X, y, np.zeros(150))


# Models in Python

FORMS = [
    dict, pandas.DataFrame, cr.read, polars.DataFrame, polars.LazyFrame, pyarrow.table, pyarrow.RecordBatch.from_pydict,
    lambda data: pandas.DataFrame(data).to_dict("records"), lambda data: pandas.DataFrame(data).to_records(index=False),
    lambda data: pyarrow.table(data).to_reader(), lambda data: np.array(data["a"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return cr.train(SMALL, target="kind", ignore=["size"], epochs=30, engine="written")


@pytest.mark.parametrize("form", [*FORMS, lambda data: np.array(data["a"])[:, None]])
def test_a_model_predicts_from_whatever_train_takes(model, form):
    answers = model.predict(form({"a": SMALL["a"]}))
    assert answers.tolist() == model.predict(SMALL).tolist()
    assert set(answers) == {"low", "high"}
    chances = model.predict_proba(form({"a": SMALL["a"]}))
    assert np.array(model.preparation.classes)[chances.argmax(axis=1)].tolist() == answers.tolist()


@pytest.mark.parametrize("names", [["a"], ["a", "size"], ["a", "kind", "size"]])
def test_an_array_has_the_inputs_or_all_columns_that_were_trained_on(model, names):
    array = np.array([SMALL[name] for name in names], dtype=object).T
    assert model.predict(array).tolist() == model.predict(array.tolist()).tolist() == model.predict(SMALL).tolist()
    if "kind" in names:
        assert model.evaluate(array).rows == 40


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (np.array([0.5, 1.5]), "said by its name"), (pandas.Series(["a", "b", "a"]), "said by its name"),
        (pandas.DataFrame({"y": [1]}), "said by its name"), ([0, 1, 1], "said by its name"), (["kid"], "Did you mean 'kind'"),
        (None, "no column"), (np.int64(7), "no column"), (["kind", "kind"], "cannot be a target and the same again"),
    ],
)  # fmt: skip
def test_a_target_is_named_and_may_be_the_second_argument(target, said):
    with pytest.raises(cr.InputError, match=said):
        cr.train(SMALL, target)
    assert cr.train(SMALL, "kind", epochs=1).preparation.targets[0].name == "kind"


@pytest.mark.parametrize("row", [[1.0, 2.0], np.array([1.0, 2.0])])
def test_a_row_alone_is_said_to_be_one_of_several(row):
    model = cr.train(SMALL, "kind", epochs=1)
    with pytest.raises(cr.InputError, match=r"given as \[row\], of the shape \(1, 2\)"):
        model.predict(row)
    assert model.predict([row]).shape == (1,)


def test_arrays_of_other_libraries_and_rows_of_another_width():
    model = cr.train(SMALL, "size", epochs=1)
    rows = [*zip(SMALL["a"], SMALL["kind"], strict=True)]
    assert model.predict(rows[:3]) == pytest.approx(model.predict(SMALL)[:3])
    with pytest.raises(cr.InputError, match=r"given as \[row\]"):
        model.predict([*rows[0]])
    with pytest.raises(cr.InputError, match="have 4 columns, but the model predicts from 2: a, kind"):
        model.predict(np.ones((3, 4)))
    alone = cr.train(SMALL, "size", ignore="kind", epochs=1)
    assert alone.predict(torch.tensor(SMALL["a"])).tolist() == alone.predict(SMALL).tolist()


def test_a_model_is_explained_on_rows_as_it_predicts_from_them(tmp_path):
    model = cr.train(SMALL, "kind", epochs=1)
    row = {name: values[:1] for name, values in SMALL.items()}
    pandas.DataFrame(row).to_csv(tmp_path / "row.csv", index=False)
    said = {str(cr.explain(model, rows)) for rows in (row, pandas.DataFrame(row), polars.DataFrame(row), tmp_path / "row.csv")}
    assert said == {str(cr.problem(model, data=row).explain())}
    assert "learning rate" not in str(cr.explain(model, {name: row[name] for name in ("a", "size")}))  # nothing is learned without a target
    with pytest.raises(cr.InputError, match="their targets beside their inputs, as kind"):
        cr.explain(model, row, [0])


def test_numbers_come_in_the_units_of_the_data():
    model = cr.train(SMALL, target=["size"], ignore=["kind"], epochs=300, engine="written")
    assert model.predict({"a": [1.0, 5.0]}) == pytest.approx([10, 50], abs=3)
    assert abs(model.outputs(cr.read({"a": [1.0, 5.0]}))).max() < 3
    with pytest.raises(cr.InputError, match="no probabilities"):
        model.predict_proba(SMALL)


# Pickled


@functools.cache
def kept():
    network = cr.Network(2, cr.dense(3, "relu"), cr.dense(1), regularizer=cr.l2(0.1))
    step = network.step(x=[[1, 2]], t=[[1]], optimizer=cr.adam(0.1))
    plan = cr.Plan(optimizer=cr.sgd(cr.cosine(rate=0.1, steps=10)))
    model = cr.train(SMALL, target="kind", ignore=["size"], epochs=2)
    return [
        network,
        cr.Network({"x": 2, "v": 2}, lambda x, v: cr.dense(1)(cr.join()(cr.dense(3)(x), cr.dense(2)(v)))),
        *(step, cr.problem("seed"), plan, model, model.preparation, model.scores["test"], cr.dense(3, "tanh"), cr.dense, cr.tanh),
        *(cr.leaky_relu(slope=0.3), cr.he_normal, step.explain(), cr.Notation(), cr.read(SMALL), network.derivation.gradients[0]),
        *(cr.Training(network, [[1, 2], [2, 3]], [[1], [2]], plan), cr.InputError("x"), cr.UnknownNameError("a", "b", ["c"])),
        *(
            cr.explain_formula("c = a * b", at="a=2 b=3"),
            cr.figure("seed", "network"),
            cr.ChainruleRegressor().fit([[1.0], [2.0]], [1.0, 2.0]),
        ),
        cr.doctor("2-3-1", input="1 2; 3 4; 5 9", target="1000; 2100; 2900", seed=0),
    ]


@pytest.mark.parametrize(
    "copied", [lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"]
)
def test_everything_that_people_hold_can_be_copied(copied):
    for one in kept():
        other = copied(one)
        assert repr(other) == repr(one)
        assert type(other) is type(one)


def test_a_run_that_was_pickled_goes_on_with_the_same_numbers():
    network, plan = cr.Network(2, cr.dense(3, "tanh"), cr.dense(1)), cr.Plan(epochs=6, batch_size=2)
    one = cr.Training(network, np.arange(12.0).reshape(6, 2) / 12, np.arange(6.0)[:, None] / 6, plan)
    one.epoch()
    other = pickle.loads(pickle.dumps(one))
    assert [one.epoch() for _ in range(3)] == [other.epoch() for _ in range(3)]


OWN = """
import chainrule as cr

@cr.activation
def bent(z, *, bend=0.5):
    return z + bend * cr.sin(z)
"""


def test_a_definition_of_ones_own_is_found_again_in_another_process(tmp_path):
    (tmp_path / "mine.py").write_text(OWN)
    write = (
        "import pickle, sys, chainrule as cr; cr.load_file('mine.py')\n"
        "sys.stdout.buffer.write(pickle.dumps(cr.Network(1, cr.dense(1, 'bent'))))"
    )
    made = subprocess.run([sys.executable, "-c", write], cwd=tmp_path, capture_output=True, check=True).stdout
    read = "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read()).predict([[1.0]]).shape)"
    found = subprocess.run([sys.executable, "-c", read], cwd=tmp_path, input=made, capture_output=True, check=True).stdout
    assert found.split() == [b"(1,", b"1)"]


def test_a_definition_of_a_script_is_found_again_by_its_file(tmp_path):
    """In another process the script is no longer `__main__`."""
    written = "import pickle, sys\n    sys.stdout.buffer.write(pickle.dumps(cr.Network(1, cr.dense(1, 'bent'))))"
    (tmp_path / "script.py").write_text(f"{OWN}\n\nif __name__ == '__main__':\n    {written}\n")
    made = subprocess.run([sys.executable, tmp_path / "script.py"], capture_output=True, check=True).stdout
    read = "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read()).predict([[1.0]]).shape)"
    found = subprocess.run([sys.executable, "-c", read], input=made, capture_output=True, check=True).stdout
    assert found.split() == [b"(1,", b"1)"]


def test_of_a_definition_in_a_notebook_it_is_said_that_it_needs_a_file():
    with pytest.raises(cr.FileError, match="put them into a file of their own"):
        run_definitions("__main__", "/tmp/ipykernel_1/2.py")


@pytest.mark.parametrize(("one", "other"), [(True, False), (4, -4), (2.0, 1.0), ("u", "v"), (2**60, 2**60 + 1)])
def test_the_model_answers_with_the_labels_of_the_estimator(one, other):
    x = np.random.default_rng(0).normal(size=(60, 2))
    y = np.where(x[:, 0] > 0, one, other)
    fitted = cr.ChainruleClassifier(max_iter=300, learning_rate=0.05, random_state=0).fit(x, y)
    predicted = fitted.model_.predict(x)
    assert np.array_equal(predicted, fitted.predict(x)) or set(predicted) == {str(one), str(other)}  # text, as no float64 tells them apart
    assert fitted.score(x, y) > 0.9
