"""Estimators as scikit-learn knows them: `fit`, `predict`, `score`; they stand in pipelines, searches and cross-validations.

    model = cr.ChainruleClassifier(hidden=[16], max_iter=500).fit(X, y)
    model.explain(X[0], y[0])  # what the network computes for this row, in numbers and formulas

Inputs, and targets that are numbers, are standardised inside, with the mean and the deviation of the rows of the first fit.
"""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

from chainrule.api.batches import with_table
from chainrule.api.described import description_alone, fitted_network, places_of_image
from chainrule.api.models import trained_model
from chainrule.api.networks import ACTIVATION, HIDDEN, check_losses, fitting_network
from chainrule.api.settings import chosen_optimizer
from chainrule.base.arrays import Array
from chainrule.base.errors import InputError, quoted
from chainrule.base.frozen import replace
from chainrule.data.cells import ColumnKind
from chainrule.data.table import Column, Table
from chainrule.diagnosis.divergence import diverged
from chainrule.network.definitions import DefinitionLike
from chainrule.network.network import Network
from chainrule.network.targets import class_probabilities, predicted_classes
from chainrule.preparation.columns import Feature, Target, Task, labels_of
from chainrule.preparation.fitting import Places
from chainrule.preparation.preparation import Preparation
from chainrule.training.history import Report
from chainrule.training.loop import Overflowed, Training
from chainrule.training.model import Model
from chainrule.training.plan import Plan, check_count, even_batch_size, split_rows

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import accuracy_score, r2_score
    from sklearn.utils import check_random_state
    from sklearn.utils.class_weight import compute_sample_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data
except ImportError:
    raise ImportError("the estimators need scikit-learn 1.6 or later: pip install 'chainrule[data]'") from None

if TYPE_CHECKING:
    from chainrule.document.document import Document
    from chainrule.explanation.explain import Detail

Labelled: TypeAlias = "tuple[Array, Array, Array | None]"
"""X; labels: (rows,) the places of classes or (rows, targets) numbers; (rows,) what each row counts, None where all count the same."""

SEEDS = 2**31 - 1
"""Seeds are drawn below this where `random_state` is no whole number."""

READ_AS: dict[str, ColumnKind] = {"b": "boolean", "i": "number", "u": "number", "f": "number"}
"""What a model reads labels as, by their type in NumPy; all others as text."""


class Estimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What a classifier and a regressor have in common.

    hidden               units of each hidden layer: 16, [16, 16]; [] for none
    network              a network, its description or short form, in place of hidden, activation and regularizer: as in `chainrule.train`
    activation           of the hidden layers
    regularizer          a penalty on the weights: "l2:strength=0.001"; None for none
    optimizer            the update rule, by name, or with its options: "adam", chainrule.momentum(0.1)
    learning_rate        a number or a schedule; None: the optimiser's own
    batch_size           rows of one step; None: about 32, up to 256 of many rows. A weight of 2 is the same as a row that stands there
                         twice where one batch holds all rows
    max_iter             passes over the rows, at most
    tol                  the error must fall by more than this …
    n_iter_no_change     … within so many passes, for training to go on
    early_stopping       set rows aside, whose error decides when to stop and which weights are kept; else the training error does
    validation_fraction  the part of the rows that is set aside for it
    random_state         draws the first weights, the order of the rows, and those set aside; a whole number repeats the same fit
    engine               "compiled", "written", "jax" or "auto", as in `chainrule.train`
    precision            of the numbers that the training computes with: "float32" or "float64"; None: that of X, as scikit-learn's own

    Fitted, with the weights that are kept: those after the pass with the lowest error.
    coefs_, intercepts_  of each dense layer: (inputs, units), of inputs that are standardised, and (units,), 0 where it has no bias
    loss_curve_          of each pass, the mean error per example, of standardised targets, while the weights are stepped
    loss_, best_loss_    the last and the lowest of these; best_loss_ is None with early_stopping
    validation_scores_   with early_stopping, after each pass, `score` of the rows that are set aside, by their weights; else None
    best_validation_score_  the highest of these, or None
    n_iter_, t_          passes, and examples seen in all of them; n_features_in_, n_outputs_; feature_names_in_, where X has names
    n_layers_            of the network, counting the inputs as one
    out_activation_      of the last layer: "softmax", "sigmoid" (which scikit-learn calls logistic), "identity"
    model_               a `chainrule.Model`

    Raises InputError (a ValueError), Diverged.
    """

    _training: Training | None = None
    """Where calls of `partial_fit` left the training."""

    _preparation: Preparation
    """How the rows of the first fit are prepared; of the model, too."""

    _names: list[str]
    """What the columns of X are called, in their order."""

    loss_curve_: list[float]
    validation_scores_: list[float] | None

    _given = "float64"
    """The precision of the rows of the first fit."""

    def __init__(
        self,
        hidden: int | Sequence[int] = HIDDEN,
        *,
        network: str | Path | Mapping[str, Any] | Network | None = None,
        activation: DefinitionLike = ACTIVATION,
        regularizer: DefinitionLike | None = None,
        optimizer: DefinitionLike = "adam",
        learning_rate: float | DefinitionLike | None = None,
        batch_size: int | None = None,
        max_iter: int = 200,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        random_state: Any = None,
        engine: str = "auto",
        precision: str | None = None,
    ) -> None:
        self.hidden = hidden
        self.network = network
        self.activation = activation
        self.regularizer = regularizer
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.engine = engine
        self.precision = precision

    def explain(
        self,
        x: Any,
        t: Any = None,
        *,
        detail: Detail | None = None,
        brief: bool = False,
        all: bool = False,
        weight: str | None = None,
        digits: int | None = None,
    ) -> Document:
        """A training step on one row, in numbers and formulas: how the prediction comes about, and what would change it.

        x        a row of inputs, (inputs,) or (1, inputs), as they come
        t        its target: a class, a number, or a row of numbers; without it, there is the way to the answer alone
        detail, brief, all, weight, digits   as of `chainrule.explain`

        Raises InputError.
        """
        from chainrule.explanation.explain import explain

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "X does not have valid feature names")  # a row alone has none
            row = self._rows([x] if np.ndim(x) == 1 else x)
        rows = self._table(row, None if t is None else self._labels(np.atleast_1d(t)))
        return explain(with_table(trained_model(self.model_), rows), detail=detail, brief=brief, all=all, weight=weight, digits=digits)

    # Fitting

    def _fitted(self, rows: Labelled, targets: tuple[Target, ...]) -> Self:
        """Trained from the start. A row of weight 0 is as one that is not there: it is not set aside either."""
        x, y, weights = rows
        if weights is not None:
            counted = np.flatnonzero(weights)
            rows = x[counted], y[counted], _of_mean_one(weights[counted])
        seed = self._seed()
        network, self._preparation = self._shaped(rows, targets, seed)
        labels = rows[1] if self._preparation.classes else len(rows[1])
        train, decide, _ = split_rows(labels, self._plan(seed, self.validation_fraction * self.early_stopping))
        deciding = _some(rows, decide) if len(decide) else None
        training = self._started(network, seed, _some(rows, train), deciding)
        self.loss_curve_, self.t_ = [], 0
        return self._kept(training, self._trained(training, deciding))

    def _partly_fitted(self, rows: Labelled, targets: tuple[Target, ...]) -> Self:
        """One pass over these rows, from where the fit stands; the optimiser's states go on."""
        before = self._training
        seed = self._seed() if before is None else before.plan.seed
        if before is None:
            network, self._preparation = self._shaped(rows, targets, seed)
            self.loss_curve_, self.validation_scores_, self.t_ = [], None, 0
        training = self._started(network if before is None else before.start, seed, rows)
        if before is not None:
            training.go_on_from(before)
        try:
            self._passed(training)
        except Overflowed as error:
            raise diverged(training, error.step) from None
        self._kept(training, "epochs")
        self._training = training
        return self

    def _shaped(self, rows: Labelled, targets: tuple[Target, ...], seed: int) -> tuple[Network, Preparation]:
        """The network for these rows, and how they are prepared for it. Raises InputError."""
        self._names = [str(name) for name in getattr(self, "feature_names_in_", [f"x{place + 1}" for place in range(rows[0].shape[1])])]
        if self.network is None:
            preparation = _prepared(self._names, rows, targets, None)
            return fitting_network(preparation, seed, self.hidden, self.activation, None, self.regularizer), preparation
        description = description_alone(self.network, self.hidden, self.activation, None, self.regularizer)
        network, preparation = fitted_network(description, _prepared(self._names, rows, targets, places_of_image(description)), seed)
        check_losses(network, preparation)
        return network, replace(preparation, signs=network.loss.definition.targets == "signs")

    def _started(self, network: Network, seed: int, rows: Labelled, deciding: Labelled | None = None) -> Training:
        """A training on these rows; the error of `deciding` says when to stop."""
        (x, t, weights), held_out = self._numbers(rows), None if deciding is None else self._numbers(deciding)
        validation = None if held_out is None else [array for array in held_out if array is not None]
        plan = self._plan(seed)
        if plan.batch_size is None:
            plan = replace(plan, batch_size=even_batch_size(len(x)))
        return Training(network, x, t, plan, weights=weights, validation=validation)

    def _passed(self, training: Training) -> Report:
        """One pass over the rows of the training."""
        report = training.epoch()
        self.loss_curve_.append(report.error)
        self.t_ += len(training.data[0])
        return report

    def _trained(self, training: Training, deciding: Labelled | None) -> str:
        """Pass after pass, until the error no longer falls; why it ended."""
        lowest, since, scores = np.inf, 0, list[float]()
        self.validation_scores_ = None if deciding is None else scores
        try:
            while training.epochs < self.max_iter:
                report = self._passed(training)
                error = report.error if report.validation_error is None else report.validation_error
                if deciding is not None and training.validation is not None:
                    now = training.network.continued(training.parameters_of(training.evaluated))
                    scores.append(self._scored(now.predict(training.validation[0]), deciding))
                since = since + 1 if error > lowest - self.tol else 0
                lowest = min(lowest, error)
                if since >= self.n_iter_no_change:
                    return "patience"
        except Overflowed as error:
            raise diverged(training, error.step) from None
        except KeyboardInterrupt:
            warnings.warn("training was interrupted; the best weights so far are kept.", stacklevel=4)
            return "interrupted"
        said = f"training ended after max_iter={self.max_iter} passes, while the error still fell."
        warnings.warn(said, ConvergenceWarning, stacklevel=4)
        return "epochs"

    def _kept(self, training: Training, reason: str) -> Self:
        outcome = {"reason": reason, "best_epoch": training.best_epoch, "epochs": training.epochs}
        self.model_ = Model.of(training, preparation=self._preparation, outcome=outcome)
        self._training = None
        self.n_iter_ = training.epochs
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else training.start_error
        self.best_loss_ = min(self.loss_curve_, default=self.loss_) if self.validation_scores_ is None else None
        self.best_validation_score_ = max(self.validation_scores_, default=None) if self.validation_scores_ is not None else None
        network = self.model_.network
        given = [layer.given for layer in network.numbered_layers if np.ndim(layer.given.get("W", 0)) == 2]
        self.coefs_ = [np.array(one["W"]) for one in given]
        self.intercepts_ = [np.array(one["b"]) if "b" in one else np.zeros(len(one["W"][0])) for one in given]
        self.n_layers_, self.n_outputs_ = len(network.layers) + 1, network.outputs
        results = {call.name: call.layer.activation for call in network.wiring.calls}
        last = results[[*network.wiring.outputs.values()][-1]]
        self.out_activation_ = "identity" if last is None else last.name
        return self

    # What the parameters mean

    def _seed(self) -> int:
        given = self.random_state
        whole = isinstance(given, numbers.Integral) and not isinstance(given, bool)
        return int(given) if whole else int(check_random_state(given).randint(SEEDS))

    def _rows_to_learn(self, X: Any, y: Any, reset: bool, **checks: Any) -> tuple[Array, Array]:
        """X in float64, and y; in which precision X came is remembered."""
        X, y = validate_data(self, X, y, reset=reset, dtype=[np.float64, np.float32], **checks)
        if reset:
            self._given = X.dtype.name
        return X.astype(np.float64, copy=False), y

    def _plan(self, seed: int, validation: float = 0.0) -> Plan:
        tol: Any = self.tol
        if not isinstance(tol, numbers.Real):
            raise InputError(f"tol must be a number, by how much the error falls, not {quoted(tol)}.")
        check_count("max_iter", self.max_iter, 1)
        check_count("n_iter_no_change", self.n_iter_no_change, 1)
        return Plan(
            epochs=self.max_iter,
            batch_size=self.batch_size,
            seed=seed,
            patience=None,
            validation=validation,
            test=0.0,
            optimizer=chosen_optimizer(None, self.optimizer, self.learning_rate),
            engine=self.engine,
            precision=self.precision or self._given,
        )

    # What came out

    def _rows(self, X: Any) -> Array:
        """Rows to predict, checked."""
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, reset=False, dtype=np.float64))

    def _outputs(self, X: Any) -> Array:
        rows = self._rows(X)
        return self.model_.outputs(self._table(rows))

    def _answered(self, y: Array) -> Array:
        """(rows,) the places of the likeliest classes, or (rows, targets) numbers in the units of y, by the outputs of the network."""
        if self._preparation.classes:
            return predicted_classes(y, self._preparation.decision)
        return np.column_stack(list(self._preparation.answers(y).values()))

    def _scored(self, y: Array, rows: Labelled) -> float:
        """What `score` says of these rows, by the outputs of the network."""
        _, labels, weights = rows
        return float((accuracy_score if self._preparation.classes else r2_score)(labels, self._answered(y), sample_weight=weights))

    def _table(self, x: Array, labels: Array | None = None) -> Table:
        """Rows of inputs, and their labels where they are known, under the names that the preparation has for them."""
        columns, preparation = [Column(name, x[:, place], "number") for place, name in enumerate(self._names)], self._preparation
        if labels is not None and preparation.classes:
            columns.append(Column(preparation.targets[0].name, np.array(preparation.classes, dtype=object)[labels], "text"))
        elif labels is not None:
            columns += [Column(target.name, labels[:, place], "number") for place, target in enumerate(preparation.targets)]
        return Table("X", tuple(columns))

    def _numbers(self, rows: Labelled) -> Labelled:
        """x, t and the weights."""
        x, labels, weights = rows
        table = self._table(x, labels)
        return self._preparation.x(table), self._preparation.t(table), weights

    def _labels(self, y: Array) -> Array:
        """Targets as the preparation labels them."""
        return y


class ChainruleClassifier(ClassifierMixin, Estimator):  # type: ignore[misc]  # scikit-learn has no types
    """A network that tells classes apart: sigmoid and binary cross-entropy for two, softmax and cross-entropy for more.

    class_weight         None, "balanced", or a weight for each class by its label: what an example counts in the error
    classes_             fitted: the classes in the order of `predict_proba`
    """

    def __init__(
        self,
        hidden: int | Sequence[int] = HIDDEN,
        *,
        network: str | Path | Mapping[str, Any] | Network | None = None,
        activation: DefinitionLike = ACTIVATION,
        regularizer: DefinitionLike | None = None,
        optimizer: DefinitionLike = "adam",
        learning_rate: float | DefinitionLike | None = None,
        batch_size: int | None = None,
        max_iter: int = 200,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        class_weight: Any = None,
        random_state: Any = None,
        engine: str = "auto",
        precision: str | None = None,
    ) -> None:
        super().__init__(
            hidden, network=network, activation=activation, regularizer=regularizer, optimizer=optimizer, learning_rate=learning_rate,
            batch_size=batch_size, max_iter=max_iter, tol=tol, n_iter_no_change=n_iter_no_change, early_stopping=early_stopping,
            validation_fraction=validation_fraction, random_state=random_state, engine=engine, precision=precision,
        )  # fmt: skip
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train from the start. X: (rows, inputs); y: (rows,) of any labels; sample_weight: (rows,), what each row counts."""
        return self._fitted(*self._checked(X, y, sample_weight, None, reset=True))

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """One pass over these rows, on top of what was learned before. The first call names all classes that there will be, or has them."""
        first = self._training is None
        known = np.unique(y if first else self.classes_) if classes is None else np.unique(classes)
        if not first and not np.array_equal(known, self.classes_):
            raise ValueError(f"classes={classes!r} is not the same as on the first call to partial_fit, {self.classes_!r}.")
        return self._partly_fitted(*self._checked(X, y, sample_weight, known, reset=first))

    def predict(self, X: Any) -> Array:
        """(rows,): the likeliest class of each row."""
        y = self._outputs(X)
        return np.asarray(self.classes_[self._answered(y)])

    def predict_proba(self, X: Any) -> Array:
        """(rows, classes): the probability of each class, in the order of `classes_`. Raises InputError where the loss compares signs."""
        y = self._outputs(X)
        self._preparation.check_probabilities(of_one=True)
        return class_probabilities(y)

    def predict_log_proba(self, X: Any) -> Array:
        """(rows, classes): the logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def _checked(self, X: Any, y: Any, sample_weight: Any, classes: Array | None, reset: bool) -> tuple[Labelled, tuple[Target, ...]]:
        X, y = self._rows_to_learn(X, y, reset, ensure_min_samples=2 if classes is None else 1)
        check_classification_targets(y)
        self.classes_ = np.unique(y) if classes is None else classes
        if len(self.classes_) < 2:
            raise ValueError(f"{type(self).__name__} tells classes apart, but the data have 1 class: {self.classes_.tolist()[0]!r}.")
        by_class = None if self.class_weight is None else compute_sample_weight(self.class_weight, y)
        return (X, self._labels(y), _weights(X, sample_weight, by_class)), (_target_of_classes(self.classes_),)

    def _labels(self, y: Array) -> Array:
        """(rows,): the place of each class. Raises ValueError."""
        places = np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        strange = self.classes_[places] != y
        if strange.any():
            raise ValueError(f"y holds {y[strange].tolist()[0]!r}, which is none of the classes {self.classes_.tolist()}.")
        return np.asarray(places)


class ChainruleRegressor(RegressorMixin, Estimator):  # type: ignore[misc]  # scikit-learn has no types
    """A network that predicts numbers, one or several: identity outputs, and half the squared error of standardised targets."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train from the start. X: (rows, inputs); y: (rows,) or (rows, targets); sample_weight: (rows,), what each row counts."""
        return self._fitted(*self._checked(X, y, sample_weight, reset=True))

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One pass over these rows, on top of what was learned before; the rows of the first call decide about means and deviations."""
        return self._partly_fitted(*self._checked(X, y, sample_weight, reset=self._training is None))

    def predict(self, X: Any) -> Array:
        """(rows,) or (rows, targets): the predicted numbers, in the units of y."""
        y = self._answered(self._outputs(X))
        return y[:, 0] if self._flat else y

    def _checked(self, X: Any, y: Any, sample_weight: Any, reset: bool) -> tuple[Labelled, tuple[Target, ...]]:
        least = 2 if reset else 1
        X, y = self._rows_to_learn(X, y, reset, multi_output=True, y_numeric=True, ensure_min_samples=least)
        y = np.asarray(column_or_1d(y, warn=True) if np.ndim(y) == 2 and len(y[0]) == 1 else y, dtype=np.float64)
        self._flat = y.ndim == 1
        labels = y[:, None] if self._flat else y
        names = ["y"] if self._flat else [f"y{place + 1}" for place in range(labels.shape[1])]
        return (X, labels, _weights(X, sample_weight, None)), tuple(Target(name, "number", "number") for name in names)

    def _labels(self, y: Array) -> Array:
        """(1, targets)."""
        return np.asarray(y, dtype=np.float64).reshape(1, -1)


for kind in (ChainruleClassifier, ChainruleRegressor):  # help shows everything in one place
    kind.__doc__ = f"{(kind.__doc__ or '').rstrip()}\n\n{(Estimator.__doc__ or '').partition('.')[2].lstrip(chr(10))}"


# Rows as a preparation takes them


def _target_of_classes(classes: Array) -> Target:
    """The target of these classes, whose labels are those that a table would have; their places where several have one label."""
    exact = classes.dtype.kind not in "iu" or (classes.astype(np.float64).astype(classes.dtype) == classes).all()
    read_as = READ_AS.get(classes.dtype.kind, "text") if exact else "text"
    values = np.array([*map(str, classes)], dtype=object) if read_as == "text" else classes.astype(np.float64)
    labels = tuple(labels_of(Column("y", values, read_as)))
    if len(set(labels)) < len(labels):
        read_as, labels = "text", tuple(map(str, range(len(labels))))
    return Target("y", "class", read_as, classes=labels)


def _weights(X: Array, sample_weight: Any, by_class: Array | None) -> Array | None:
    """(rows,), 1 in the mean: what each row counts; None where all count the same. Raises ValueError."""
    if sample_weight is None and by_class is None:
        return None
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True) * (1.0 if by_class is None else by_class)
    return _of_mean_one(weights)


def _of_mean_one(weights: Array) -> Array:
    """So that an error by weights is of the size of one without."""
    return np.asarray(weights * (len(weights) / weights.sum()))


def _some(rows: Labelled, places: Array) -> Labelled:
    x, labels, weights = rows
    return x[places], labels[places], None if weights is None else weights[places]


def _prepared(names: Sequence[str], rows: Labelled, targets: tuple[Target, ...], places: Places | None) -> Preparation:
    """Means and deviations of these rows, each counted as often as its weight says; of all inputs together where they are one image."""
    x, labels, weights = rows
    if places == "tokens":
        raise InputError("an estimator standardises its inputs, which tokens cannot be: train this network by `chainrule.train`.")
    if places == "alike":
        scales = _scales(x.reshape(-1, 1), None if weights is None else weights.repeat(x.shape[1])) * x.shape[1]
    else:
        scales = _scales(x, weights)
    features = tuple(Feature(name, "number", "number", *scale) for name, scale in zip(names, scales, strict=True))
    task: Task = "regress" if not targets[0].classes else "binary" if len(targets[0].classes) == 2 else "classify"
    if task == "regress":
        of_targets = zip(targets, _scales(labels, weights), strict=True)
        targets = tuple(Target(target.name, "number", "number", *scale) for target, scale in of_targets)
    return Preparation(features, targets, task, left_out=(), rows=len(x), impute=None, decisions=())


def _scales(columns: Array, weights: Array | None) -> list[tuple[float, float]]:
    """Mean and deviation of each column; the deviation 1 where all its values are the same."""
    means = np.average(columns, axis=0, weights=weights)
    deviations = np.sqrt(np.average((columns - means) ** 2, axis=0, weights=weights))
    rounding = np.finfo(float).eps * len(columns) * np.abs(columns).max(axis=0)
    return [(float(m), float(s) if s > r else 1.0) for m, s, r in zip(means, deviations, rounding, strict=True)]
