"""From a table to a model that predicts: reading, preparing, splitting, training, measuring and keeping, in one call.

    model = cr.train("flowers.csv", target="species")

What is said while it runs, and where, is a `Watch`'s business.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from chainrule.api.described import described_targets, description_of, fitted_network, places_of, tasks_of
from chainrule.api.figures import check_drawing, training_curve
from chainrule.api.settings import chosen_optimizer, setting, typed
from chainrule.api.watching import Watch, watching
from chainrule.base.errors import FileError, InputError, quoted
from chainrule.base.frozen import Frozen, FrozenValue, replace
from chainrule.base.interruption import CTRL_C, asked_to_end, interrupt_by_hand
from chainrule.base.printing import command_line
from chainrule.diagnosis.divergence import Diverged, diverged
from chainrule.engines.choice import Predictor
from chainrule.network.definitions import Bound, Wanted, find
from chainrule.network.layers import dense
from chainrule.network.network import Array, Network
from chainrule.preparation.cautions import Caution, cautions
from chainrule.preparation.preparation import Preparation
from chainrule.processes.launch import restarted, several
from chainrule.processes.together import Processes
from chainrule.reports.replay import Landmarks
from chainrule.training.agreement import alike, check_data, check_options, check_versions, readable_here, scores_of_all
from chainrule.training.cross_validation import fold_predictions
from chainrule.training.history import Outcome, Report
from chainrule.training.loop import Overflowed, Training
from chainrule.training.metrics import Scores, baseline_of, score
from chainrule.training.model import Model, checkpoint_path, load_checkpoint, save_checkpoint
from chainrule.training.outputs import Log, Outputs, reserved, resumable
from chainrule.training.plan import BLOCK_BYTES, Plan, batch_size_for, fold_places, last_rows, patience_for, split
from chainrule.training.rows import Rows, Subset, weights_of

if TYPE_CHECKING:
    from chainrule.diagnosis.criteria import Finding

HIDDEN = (32,)
"""Units of the hidden layers where none are said: enough for most tables, and still quick."""

FOLDS, FEWER_FOLDS, VERY_WIDE = 5, 3, 10
"""Folds of the cross-validation that decides when to stop, where nothing is said about it, and where a table has more inputs than so many
times its rows, as a network of thousands of inputs takes its time …"""

Precision: TypeAlias = Literal["float32", "float64"]

PRECISION: Precision = "float32"
"""In which numbers a run computes where nothing is said about it. Scores are the same, in less time and memory (docs/training.md)."""

FEWEST_TO_FOLD, FEWEST_TO_VALIDATE = 20, 2000
"""… and there are so many rows to train on. Of more, validation rows are set aside: enough for a good estimate, and not missed."""


SCORED_AT_ONCE = 1 << 17
"""Rows whose predictions are in memory at a time."""

SEARCHED = 1 << 28
"""Bytes of numbers that processes show each other at most, to find rows that both train and test."""


class Run(Frozen):
    """What is about to be trained, when everything is decided.

    rows     the data
    network  before the first step
    train, validation, test   the subsets of the data, as numbers
    form     what was said about how to read the data
    cautions what about the data is worth a line
    asked    what was asked for, by the names of `train`'s arguments, as plain data
    processes, costs, findings   where several share it: they, the seconds of a part and of a reduction, what is wrong with all their rows
    """

    rows: Rows
    network: Network
    preparation: Preparation
    plan: Plan
    train: Subset
    validation: Subset
    test: Subset
    form: Mapping[str, Any] = field(default_factory=dict)
    cautions: tuple[Caution, ...] = ()
    asked: Mapping[str, Any] = field(default_factory=dict)
    processes: Processes | None = None
    costs: tuple[float, float] | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def guess(self) -> Array:
        """What someone guesses who knows the training targets alone."""
        return baseline_of(self.preparation, self.train.labels)

    def training(self) -> Training:
        """The run at its start."""
        return Training(self.network, self.train.x, self.train.t, self.plan, **self._held_out())

    def resumed(self, arrays: Mapping[str, Array], record: Mapping[str, Any]) -> Training:
        """The run where it was cut short. Raises InputError where the data is not the same."""
        return Training.resumed(self.network, self.train.x, self.train.t, self.plan, arrays, record, **self._held_out())

    def _held_out(self) -> dict[str, Any]:
        decide = self.validation
        held_out = (decide.x, decide.t, self._weights(decide)) if len(decide) else None
        shards = {"shard": self.train.shard, "validation_shard": decide.shard}
        return {"weights": self._weights(self.train), "validation": held_out, "groups": self.train.groups, **shards}

    def _weights(self, subset: Subset) -> Array | None:
        return subset.here(weights_of(subset, self.train, self.preparation, self.plan))

    def measured(self, network: Network, part: Subset) -> Scores:
        """How good the network is on a part; where several processes hold its rows, all of them ask."""
        labels = part.here(part.labels)
        assert labels is not None
        predict = Predictor(network, self.plan.engine, self.plan.precision)
        blocks = [slice(start, start + SCORED_AT_ONCE) for start in range(0, len(labels), SCORED_AT_ONCE)]
        some = (score(self.preparation, predict(part.x[block]), labels[block], guess=self.guess) for block in blocks)
        first = next(some, None)
        return scores_of_all(None if first is None else sum(some, first), self.processes)


def train(
    data: Any,
    *,
    target: str | int | Sequence[str | int] = (),
    network: str | Path | Mapping[str, Any] | Network | None = None,
    task: Literal["classify", "regress"] | None = None,
    hidden: str | int | Sequence[int] = HIDDEN,
    activation: Wanted = "tanh",
    loss: Wanted | None = None,
    regularizer: Wanted | None = None,
    optimizer: Wanted | None = None,
    learning_rate: float | Wanted | None = None,
    multipliers: str | Mapping[str, float] | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    until: float | None = None,
    patience: int | None = None,
    validation: float | str | None = None,
    validation_folds: int | None = None,
    test: float | str | None = None,
    group: str | int | None = None,
    folds: int | None = None,
    class_weights: Literal["balanced"] | Mapping[str, float] | None = None,
    shuffle: bool = True,
    seed: int = 0,
    engine: Literal["auto", "compiled", "written", "jax"] | None = None,
    precision: Precision = PRECISION,
    ignore: str | int | Sequence[str | int] = (),
    categories: str | int | Sequence[str | int] = (),
    numbers: str | int | Sequence[str | int] = (),
    impute: Literal["mean", "median", "most_frequent"] | None = None,
    drop_missing: bool = False,
    dates: str | Sequence[str] = (),
    month_first: bool | None = None,
    separator: str | None = None,
    decimal: Literal[".", ","] | None = None,
    thousands: str | None = None,
    units: str | Sequence[str] = (),
    missing: str | float | Sequence[str | float] = (),
    encoding: str | None = None,
    header: bool | None = None,
    characters: int | None = None,
    output: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
    log: str | Path | None = None,
    curve: str | Path | None = None,
    report: str | Path | None = None,
    language: str = "en",
    watch: Watch | Callable[[Report], object] | None = None,
    processes: Processes | None = None,
    reduce_every: int | None = None,
) -> Model:
    """Train a network on a table; the model that comes out predicts from raw rows.

    data           a file, several, a folder of them or a pattern such as data/*.csv, a data frame, a dict of columns, an array, "data:iris"
    target         the column, or columns, to predict; those that the outputs of `network` name, if none is said
    network        a description (a file or plain data), a short form, or a network: in place of hidden, activation, loss, regularizer;
                   `chainrule.api.described` says how it names columns
    task           "classify" or "regress"; by the target's values if none is said
    hidden         units of the hidden layers: "16-16", [16, 16] or 16; 0 or [] for none
    activation     of the hidden layers
    loss           what fits the task, if none is said; regularizer: a penalty on the weights
    optimizer, learning_rate   Adam, if none is said; the rate is a number or a schedule
    multipliers    what the learning rates of layers or parameters are multiplied by: "hidden1=0.1 b2=2" or {"hidden1": 0.1, "b2": 2}
    epochs, batch_size, until, patience, validation, validation_folds, test, class_weights, shuffle, seed, engine, precision   as in
                   `Plan`; of fewer
                   than 2000 rows none are set aside for validation unless `validation` asks for it: 5 validation folds decide
                   test and validation may be "last", or "last:0.2": the last rows, for what runs in time; group: a column whose value rows
                   of one part share, as patient: they train together, or test together. It is no input
    folds          cross-validate first, in so many folds; their scores are kept with the model, as "fold 1" …
    ignore         columns to leave out; categories: columns of numbers that are names of categories; numbers: columns to take as
                   numbers that would be left out otherwise
    impute         "mean", "median" or "most_frequent" in place of missing values, which are refused otherwise; drop_missing: leave out rows
                   without a target, and those without an input if these are not filled
    dates          what becomes an input of columns of dates: "year,month,weekday,hour", "day", or "days", which counts them;
                   month_first: whether the month stands before the day in 03/04/2024, where the column does not tell
    separator, decimal, thousands, encoding, header   the form of a text file, where it is not to be found out
    characters     of a text that is no table: so many are a row, and `next` is the column of the one that follows
    units, missing   units that are taken off numbers; words, or numbers as -999, that mean that there is no value
    output         where the model is written; resume: go on from the checkpoint beside it; force: replace a model that is there
    log            every epoch, as .jsonl or .csv; curve: the errors, as .svg, .png or .pdf
    report         the whole run in one file, as .html, .pdf, .md …: as of `chainrule.report`; language: of the report, "en" or "de"
    watch          a function that is called with the `Report` of every epoch, or a `Watch`, which has more callbacks; in Jupyter, the
                   errors are drawn while it runs, if none is said
    processes      that train together, if not those that torchrun or mpirun started, which are found by themselves. All of them call
                   `train` alike, each gets the model, and the first one writes and watches
    reduce_every   as in `Plan`: so many steps each of them takes by itself before their weights are averaged

    At Ctrl-C, or where a notebook interrupts it, the model with the best weights so far is returned: outcome["reason"] is "interrupted".

    Raises InputError; LostProcessError where another process has ended, or stands still; Diverged and, where the process is asked to end
    otherwise, KeyboardInterrupt, after which the model with the best weights so far is in `output`.
    """
    asked = asked_options(locals())
    group = None if group is None else str(group)
    together = (group,) if group is not None and group not in _names(ignore) else ()
    columns: dict[str, Any] = {"ignore": (*_names(ignore), *together), "categories": _names(categories), "numbers": _names(numbers)}
    parts_of_dates = [part.strip() for part in dates.split(",")] if isinstance(dates, str) and dates else list(dates)
    columns |= {"task": task, "impute": impute, "drop_missing": drop_missing, "month_first": month_first, "dates": parts_of_dates}
    form: dict[str, Any] = {"separator": separator, "decimal": decimal, "thousands": thousands, "encoding": encoding, "header": header}
    form |= {"characters": characters, "units": units if isinstance(units, str) else list(units), "missing": list(_names(missing))}
    said = {name: value for name, value in form.items() if value not in (None, "", [])}
    plan_settings = {
        "epochs": epochs, "batch_size": batch_size, "until": until, "patience": patience, "validation": validation,
        "validation_folds": validation_folds, "test": test, "class_weights": class_weights, "shuffle": shuffle, "seed": seed,
        "engine": engine, "precision": precision, "reduce_every": reduce_every,
    }  # fmt: skip
    plan_settings |= last_rows("validation", validation) | last_rows("test", test) | {"group": group}
    plan, shape = _plan(plan_settings, optimizer, learning_rate, multipliers), (hidden, activation, loss, regularizer)
    path, description = _output(output, curve, report, language), None if network is None else _description(network, shape)
    targets, columns["places"] = _names(target) or described_targets(description or {}), places_of(description)
    processes = several(processes)
    watch = watching(watch) if processes is None or processes.writes else Watch()
    with ExitStack() as stack:
        free = {name: plan_settings[name] for name in FREE} | {"resume": resume}
        outputs, begun = _begins(stack, processes, asked, free, path, log, curve, report, force=force)
        rows = _rows(data, said, processes)
        if begun is not None and not begun.in_folds:
            return _resumed(rows, plan_settings, begun, outputs, watch, stack, language, processes)
        tasks, columns["of_each"] = tasks_of(description, targets, task), rows.of_each
        whole = alike(processes, lambda: Preparation.fit(rows.tables, targets, **(columns | {"task": tasks})))
        rows = rows.complete(whole)
        labels = _labels(rows, whole, processes)
        columns["task"] = _decided_tasks(whole, tasks)
        plan = _stopping(plan, round(len(labels) * (1 - plan.test)), whole.inputs, plan_settings)
        groups = alike(processes, lambda: rows.groups(plan.group))
        parts = split(labels, plan, groups)
        plan = begun.plan(plan_settings) if begun else plan if groups is None else _folding_groups(plan, groups[parts[0]])

        def prepared(*places: Array) -> Run:
            """The run that trains on the first of these places; means and spreads are of them alone."""
            preparation = whole
            if len(places[0]) < len(labels):
                preparation = _with_all_names(alike(processes, lambda: Preparation.fit(rows.only(places[0]), targets, **columns)), whole)
            if description is None:
                made = fitting_network(preparation, seed, *shape)
            else:
                made, preparation = fitted_network(description, preparation, seed)
                _check_losses(made, preparation)
            known: dict[str, Any] = {"dropped": whole.dropped, "open_values": whole.open_values}
            preparation = replace(preparation, signs=made.loss.definition.targets == "signs", **known)
            subsets = _subsets(rows, preparation, places, labels, stack, groups, plan, processes)
            decided = _shuffled(plan, subsets["train"], processes)
            return Run(rows, made, preparation, decided, **subsets, form=said, asked=asked, processes=processes)

        in_folds = None if folds is None else CrossValidation(folds, plan, groups, begun)
        scores = {} if in_folds is None else _cross_validated(prepared, labels, in_folds, outputs, watch)
        run = prepared(*parts)
        drawn = len(run.test) > 0 and not plan.test_last
        run = replace(run, cautions=cautions(rows.first, whole, labels, split_at_random=drawn))
        return _trained(run, run.training(), scores, outputs, watch, language)


def _with_all_names(preparation: Preparation, whole: Preparation) -> Preparation:
    """The preparation of some rows, with the tokens of all rows, and the classes of all where there are several targets."""
    features = tuple(
        replace(one, categories=known.categories) if one.kind == "token" else one
        for known, one in zip(whole.features, preparation.features, strict=False)
    )
    targets = preparation.targets
    if whole.task == "mixed":
        targets = tuple(known if known.classes else one for known, one in zip(whole.targets, targets, strict=True))
    tokens = any(one.kind == "token" for one in features)
    return replace(preparation, features=features if tokens else preparation.features, targets=targets, task=whole.task)


# What was asked for

FREE = ("epochs", "until", "patience", "engine")
"""What a run that is resumed may be asked anew."""

OUTSIDE = ("data", "output", "resume", "force", "log", "curve", "report", "language", "watch", "processes")
"""Arguments that say nothing about the run itself."""


def asked_options(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for, out of the arguments of `train`, where it is not the default: plain data, by name."""
    from inspect import signature

    defaults = {name: parameter.default for name, parameter in signature(train).parameters.items() if name not in (*OUTSIDE, *FREE)}
    plain = {name: _plain_option(name, arguments[name]) for name in defaults if name in arguments}
    return {name: value for name, value in plain.items() if value != _plain_option(name, defaults[name])}


def _plain_option(name: str, value: Any) -> Any:
    """An option as plain data, the same however it was written."""
    if value is None or value == "" or (isinstance(value, (list, tuple)) and not value):
        return None
    if name == "hidden":
        return _sizes(value)
    if name == "network":
        return description_of(value)
    if name in ("activation", "loss", "regularizer", "optimizer"):
        return find(name, setting(value)).described()
    if name in ("dates", "units"):
        return [part.strip() for part in (value.split(",") if isinstance(value, str) else _names(value))]
    if name in ("target", "ignore", "categories", "numbers", "missing"):
        return [part.strip() for part in _names(value)]
    if isinstance(value, Bound):
        return value.described()
    return dict(value) if isinstance(value, Mapping) else value if isinstance(value, (bool, int, float)) else str(value)


def check_resumed_options(output: str | Path, said: Mapping[str, Any]) -> None:
    """The same for arguments of `train` that were said, defaults among them; nothing where no run was cut short. Raises InputError."""
    path = checkpoint_path(output)
    if path.exists():
        names = [name for name in said if name not in (*OUTSIDE, *FREE)]
        check_resumed(load_checkpoint(path)[0], {name: _plain_option(name, said[name]) for name in names})


def check_resumed(began: Model, asked: Mapping[str, Any]) -> None:
    """Raises InputError where what is asked for contradicts the run that is to go on, by name.

    asked  as of `asked_options`
    """
    from inspect import signature

    known = began.source.get("options")
    if known is None:
        return  # a run of an older version does not say
    for name, value in asked.items():
        default = signature(train).parameters[name].default
        was = known.get(name, _plain_option(name, default))
        if value == was:
            continue
        began_with = f"with {_option(name, was)}{'' if name in known else ', the default'}"
        if was is None or (was is False and name not in known):
            began_with = "without it"
        raise InputError(f"{_option(name, value)} contradicts the run, which began {began_with}; leave it out, or begin anew with --force.")


def _option(name: str, value: Any) -> str:
    """An option as it is typed."""
    return command_line(*typed(name, value))


# What is decided before


def _description(network: Any, shape: Sequence[Any]) -> dict[str, Any]:
    """The description of a network that is given whole. Raises InputError where other options say what it is made of, too."""
    for name, value, default in zip(("hidden", "activation", "loss", "regularizer"), shape, (HIDDEN, "tanh", None, None), strict=True):
        if value != default and value != "-".join(map(str, HIDDEN)):
            raise InputError(f"a network that is described whole says its {name} itself; leave out --{name}, or --network.")
    return description_of(network)


def _output(output: str | Path | None, curve: str | Path | None, report: str | Path | None, language: str) -> Path | None:
    """Where the model is written. Raises InputError where the curve could not be drawn, or the report not be made."""
    if curve is not None:
        check_drawing(curve)
    if report is not None:
        from chainrule.api.report import check_report

        check_report(report, language)
    return None if output is None else Path(output)


def _names(wanted: Any) -> tuple[str, ...]:
    """One name or several; data frames may have numbers as names."""
    return tuple(map(str, wanted)) if isinstance(wanted, Iterable) and not isinstance(wanted, str) else (str(wanted),)


def _plan(
    settings: Mapping[str, Any],
    optimizer: Wanted | None,
    learning_rate: float | Wanted | None,
    multipliers: str | Mapping[str, float] | None,
) -> Plan:
    """The plan with these settings where they are said; the rate is that of the plan's own optimiser if no other one is wanted."""
    plan = Plan(**{name: value for name, value in settings.items() if value is not None})
    if optimizer is None and learning_rate is None and multipliers is None:
        return plan
    return replace(plan, optimizer=chosen_optimizer(plan.optimizer, optimizer, learning_rate, multipliers))


def _stopping(plan: Plan, rows: int, inputs: int, said: Mapping[str, Any]) -> Plan:
    """The plan with what decides when to stop, and with its patience, where these were not said; for so many rows to train on."""
    if said["validation"] is None:
        if said["validation_folds"] is None and rows < FEWEST_TO_VALIDATE:
            folds = FEWER_FOLDS if inputs > VERY_WIDE * rows else FOLDS
            plan = replace(plan, validation_folds=0 if rows < FEWEST_TO_FOLD or plan.until is not None else folds)
        if plan.validation_folds or rows < FEWEST_TO_VALIDATE:
            plan = replace(plan, validation=0.0)
    if said["patience"] is None:
        plan = replace(plan, patience=patience_for(rows, plan.batch_size or batch_size_for(rows)))
    return plan


def _folding_groups(plan: Plan, groups: Array) -> Plan:
    """The plan with no more validation folds than there are groups of training rows; with none where there is one group."""
    most = len(set(groups.tolist()))
    return replace(plan, validation_folds=min(plan.validation_folds, most) if most > 1 else 0)


def fitting_network(
    preparation: Preparation,
    seed: int,
    hidden: str | int | Sequence[int],
    activation: Wanted,
    loss: Wanted | None,
    regularizer: Wanted | None,
) -> Network:
    """The network that fits a preparation: dense layers, and what its task asks for where nothing else is said. Raises InputError."""
    inner, wanted = find("activation", setting(activation)), find("loss", preparation.loss if loss is None else setting(loss))
    _check_loss(wanted, preparation)
    layers = [dense(units, inner) for units in _sizes(hidden)]
    penalty = None if regularizer is None else setting(regularizer)
    output = preparation.output_activation if wanted.definition.targets == "numbers" else wanted.output
    return Network(preparation.inputs, *layers, dense(preparation.outputs, output), loss=wanted, regularizer=penalty, seed=seed)


def _sizes(hidden: str | int | Sequence[int]) -> list[int]:
    """Units of the hidden layers. Raises InputError."""
    if isinstance(hidden, int):
        return [hidden] if hidden else []
    if not isinstance(hidden, str):
        return list(hidden)
    sizes = hidden.strip().split("-")
    if not all(size.isdecimal() and len(size) < 12 for size in sizes):
        raise InputError(f"the hidden layers are written as their units with - between, as 16-16, or 0 for none, not {quoted(hidden)}.")
    return [] if sizes == ["0"] else [int(size) for size in sizes]


def _check_loss(loss: Bound, preparation: Preparation) -> None:
    """Does the loss fit targets as the table gives them, classes or numbers, and outputs that predict them? Raises InputError."""
    if not loss.definition.measures:
        raise InputError(f"{loss.name} measures no distance from a target, so that a table cannot teach it; {preparation.loss} does.")
    fitting = {"classify": ("numbers", "distribution"), "binary": ("numbers", "probabilities", "signs"), "regress": ("numbers",)}
    if loss.definition.targets not in fitting[preparation.task] or loss.definition.logits:
        raise InputError(f"the loss {loss.name} does not fit this task; {preparation.loss} does.")


def _check_losses(network: Network, preparation: Preparation) -> None:
    """The same for every output of a network that is described whole. Raises InputError."""
    goals = [network.goals[name] for name in network.derivation.compared]
    for part, goal in zip(preparation.parts, goals, strict=False):
        _check_loss(goal.loss, part)
        if preparation.task == "mixed" and goal.loss.definition.targets == "signs":
            raise InputError(f"{goal.loss.name} compares signs, for which there must be one target; {part.loss} fits.")


# The run


class Begun(FrozenValue):
    """A run that was cut short: its model so far, and what `Training.resumed` takes."""

    model: Model
    arrays: Mapping[str, Array]
    record: Mapping[str, Any]

    @property
    def in_folds(self) -> bool:
        """Was that in a cross-validation, before the run itself?"""
        return bool(self.record.get("in_folds"))

    def plan(self, settings: Mapping[str, Any]) -> Plan:
        """Its plan, but for how long it goes on, where that is said anew."""
        return replace(self.model.plan, **{name: settings[name] for name in FREE if settings[name] is not None})

    def training(self, run: Run) -> Training:
        """The training of the fold at hand, where it was cut short."""
        return replace(run, network=self.model.start).resumed(self.arrays, self.record)


class CrossValidation(FrozenValue):
    """A cross-validation in so many folds; `begun` is the one that goes on."""

    count: int
    plan: Plan
    groups: Array | None = None
    begun: Begun | None = None


def _cross_validated(
    prepared: Callable[..., Run], labels: Array, validation: CrossValidation, outputs: Outputs, watch: Watch
) -> dict[str, Scores]:
    """The scores of each fold, trained on the others; a validation subset of these decides when to stop."""
    plan, groups, begun = validation.plan, validation.groups, validation.begun
    scores: dict[str, Scores] = {} if begun is None else dict(begun.model.scores)
    for number, (others, fold) in enumerate(fold_places(labels, validation.count, plan.seed, groups), start=1):
        name = f"fold {number}"
        if name not in scores:
            inner, decide, _ = split(labels[others], replace(plan, test=0.0), None if groups is None else groups[others])
            run = prepared(others[inner], others[decide], fold)
            training, begun = run.training() if begun is None else begun.training(run), None
            scores[name] = run.measured(_fold_network(run, training, dict(scores), outputs, watch), run.test)
        watch.fold(number, validation.count, scores[name])
    return scores


def _fold_network(run: Run, training: Training, scores: Mapping[str, Scores], outputs: Outputs, watch: Watch) -> Network:
    """The network of a fold, trained to its end. What is finished, and this one so far, is in the checkpoint."""

    def checkpoint(training: Training) -> None:
        if outputs.model is not None:
            save_checkpoint(checkpoint_path(outputs.model), _model(run, training, scores), training, in_folds=True)

    checkpoint(training)
    with resumable(outputs):
        try:
            outcome = training.run(checkpoint=checkpoint)
        except Overflowed as error:
            _remove_checkpoint(outputs)
            raise diverged(training.whole(), error.step) from None
    if outcome.reason == "interrupted":
        if outputs.model is not None:
            watch.cut_short()
        raise KeyboardInterrupt
    return outcome.network


def _begins(
    stack: ExitStack,
    processes: Processes | None,
    asked: Mapping[str, Any],
    free: Mapping[str, Any],
    output: Path | None,
    *others: Any,
    force: bool,
) -> tuple[Outputs, Begun | None]:
    """The outputs of the run, and the run that goes on, if one does: as asked, or because torchrun has started the processes anew.

    asked   what the run that goes on must agree with; free: what else was asked for, "resume" among it
    others  log, curve and report

    Raises InputError.
    """
    from chainrule import __version__

    resume = bool(free["resume"])
    if processes is None and asked.get("reduce_every", 1) != 1:
        raise InputError("reduce_every says how often several processes average their weights, but there is one; leave it out.")
    if processes is not None:
        check_versions(processes, __version__)
        check_options(processes, {**asked, **free})
        found = output is not None and restarted() and checkpoint_path(output).exists()
        resume = bool(processes.numbers(float(resume or found))[0])
    outputs = alike(processes, lambda: _reserved(stack, processes, output, *others, resume=resume, force=force))
    if not resume:
        if processes is not None:  # what an earlier run has left must not be taken for this one's, if this one is killed
            _remove_checkpoint(outputs)
        return outputs, None
    begun = _begun(output, asked, processes)
    return alike(processes, lambda: outputs.going_on(begun.model)), begun


def _rows(data: Any, form: Mapping[str, Any], processes: Processes | None) -> Rows:
    """The rows of the data; each of several processes reads its own part."""
    return Rows.of(data, **form) if processes is None else processes.agreed(lambda: Rows.shared(data, processes, **form))


def _decided_tasks(preparation: Preparation, asked: Any) -> Any:
    """The task of each target, as it was decided on all rows, in the form in which it was asked for."""
    decided = {target.name: "classify" if target.classes else "regress" for target in preparation.targets}
    return decided if isinstance(asked, Mapping) else decided[preparation.targets[0].name]


def _labels(rows: Rows, preparation: Preparation, processes: Processes | None) -> Array:
    """The label of every row. Raises AgreedError where a process has read other data."""
    labels = alike(processes, lambda: rows.labels(preparation))
    if processes is not None:
        check_data(processes, preparation, labels)
    return labels


def _reserved(stack: ExitStack, processes: Processes | None, *files: Any, resume: bool, force: bool) -> Outputs:
    """The outputs of the run; none in a process that does not write. Raises InputError."""
    if processes is not None and not processes.writes:
        return Outputs()
    return stack.enter_context(reserved(*files, resume=resume, force=force))


def _begun(output: Path | None, asked: Mapping[str, Any], processes: Processes | None) -> Begun:
    """The run of a checkpoint. Raises FileError where there is none, InputError where something else is asked for now."""
    assert output is not None
    path = checkpoint_path(output)

    def check() -> None:
        if (processes is None or processes.writes) and not path.exists():
            raise FileError(f"there is no {path} to resume from: no run was cut short there.")

    alike(processes, check)
    return alike(processes, partial(_checked_begun, readable_here(processes, path), path, asked))


def _checked_begun(here: Path, path: Path, asked: Mapping[str, Any]) -> Begun:
    """The run of a checkpoint, which can be read `here`. Raises FileError, InputError."""
    begun = Begun(*load_checkpoint(here))
    if here != path:
        here.unlink()
    if begun.model.preparation is None:
        raise InputError(f"{path} was not made by `train`, so it does not say how its rows were prepared.")
    check_resumed(begun.model, asked)
    lacking = [_option(name, value) for name, value in begun.model.source.get("options", {}).items() if name not in asked]
    if begun.in_folds and lacking:
        raise InputError(f"a cross-validation goes on with the options that it began with: add {' '.join(lacking)}.")
    return begun


def _resumed(
    rows: Rows,
    settings: Mapping[str, Any],
    begun: Begun,
    outputs: Outputs,
    watch: Watch,
    stack: ExitStack,
    language: str,
    processes: Processes | None,
) -> Model:
    """The run of a checkpoint, to its end. Everything is as it was when it began, but for how long it goes on, where that is said anew."""
    began = begun.model
    preparation = began.preparation
    assert preparation is not None
    rows = rows.complete(preparation)
    plan, labels = begun.plan(settings), _labels(rows, preparation, processes)
    groups = alike(processes, lambda: rows.groups(plan.group))
    subsets = _subsets(rows, preparation, split(labels, plan, groups), labels, stack, groups, plan, processes)
    form, options = began.source.get("form", {}), began.source.get("options", {})
    run = Run(rows, began.start, preparation, plan, **subsets, form=form, asked=options, processes=processes)
    return _trained(run, run.resumed(begun.arrays, begun.record), began.scores, outputs, watch, language)


def _subsets(
    rows: Rows,
    preparation: Preparation,
    places: Sequence[Array],
    labels: Array,
    stack: ExitStack,
    groups: Array | None,
    plan: Plan,
    processes: Processes | None,
) -> dict[str, Any]:
    """The rows to train on, to validate with and to test with, as numbers; in each process those of its part of the source."""
    known: dict[str, Any] = {"precision": plan.precision, "processes": processes}
    parts = alike(processes, lambda: [rows.subset(preparation, some, labels, stack, groups, **known) for some in places])
    return dict(zip(("train", "validation", "test"), parts, strict=True))


def _shuffled(plan: Plan, rows: Subset, processes: Processes | None) -> Plan:
    """The plan with the way in which its rows are shuffled: block by block where they lie on a disk, in any of the processes."""
    on_disk = isinstance(rows.x, np.memmap)
    if processes is not None:
        on_disk = any(processes.numbers(float(on_disk)))
    if not (plan.shuffle and on_disk):
        return plan
    bytes_of_row = rows.x.itemsize * (rows.x.shape[1] + rows.t.shape[1])
    return replace(plan, shuffle_block=max(1, BLOCK_BYTES // bytes_of_row))


def _trained(run: Run, training: Training, scores: Mapping[str, Scores], outputs: Outputs, watch: Watch, language: str) -> Model:
    """The model at the end of the run, written if it was to be; whatever the end is, the best weights so far are not lost."""
    ended: Outcome | Overflowed
    if run.processes is not None:
        run = replace(run, costs=training.costs(), findings=_findings(run))
    asked = Asked(run.processes, lambda: _held_out_scores(run, training))
    watch.begins(run, training)
    landmarks = None if outputs.report is None else Landmarks(training)
    with Log(outputs.log, training.history) as log:

        def report(now: Report) -> None:
            log.add(now)
            if landmarks is not None:
                landmarks.keep(training)
            with asked:
                watch.epoch(now, asked.scores)

        def checkpoint(training: Training) -> None:
            if outputs.model is not None:
                save_checkpoint(checkpoint_path(outputs.model), _model(run, training, scores), training)

        checkpoint(training)
        with resumable(outputs):
            try:
                ended = training.run(report, checkpoint)
            except Overflowed as error:
                ended = error
            reason = ended.reason if isinstance(ended, Outcome) else "diverged"
            with asked_to_end(interrupt_by_hand):
                model = _model(run, training, {**scores, **_measured(run, training.best_network)}, reason)
                outputs.write(model)
    if reason != "interrupted":
        _remove_checkpoint(outputs)
    if isinstance(ended, Overflowed) and run.plan.reduce_every > 1:
        raise ended  # of steps that no process takes a second time, nobody can say more
    outcome = ended if isinstance(ended, Outcome) else diverged(training.whole(), ended.step)
    with asked:
        watch.ends(model, outcome)
    if outputs.curve is not None and any(math.isfinite(report.error) for report in model.history):
        training_curve(model.history, model.network, language).save(outputs.curve)
    if landmarks is not None and outputs.report is not None and (reason != "interrupted" or training.stopped_by == CTRL_C):
        from chainrule.api.report import SOMEWHERE, report_of

        ways: dict[str, Any] = {"states": landmarks.states, "language": language}
        ways |= {"training": training} if run.processes is None else {}
        diverging = outcome if isinstance(outcome, Diverged) else None
        report_of(model, str(outputs.model or SOMEWHERE), run.rows, diverged=diverging, **ways).save(outputs.report)
    if isinstance(outcome, Diverged):
        raise outcome
    if reason == "interrupted" and training.stopped_by != CTRL_C:
        raise KeyboardInterrupt
    return model


def _findings(run: Run) -> tuple[Finding, ...]:
    """What is wrong with the rows of all processes; in the one that says it."""
    from chainrule.api.doctor import before

    assert run.processes is not None
    run.rows.first  # noqa: B018  # which all find together
    if sum(run.processes.numbers(sum(part.x.nbytes + part.t.nbytes for part in (run.train, run.validation, run.test)))) <= SEARCHED:
        run = replace(run, train=run.train.whole(), validation=run.validation.whole(), test=run.test.whole())
    else:
        run = replace(run, validation=run.validation.none(), test=run.test.none())
    return tuple(before(run)) if run.processes is not None and run.processes.writes else ()


def _remove_checkpoint(outputs: Outputs) -> None:
    if outputs.model is not None:
        checkpoint_path(outputs.model).unlink(missing_ok=True)


def _held_out_scores(run: Run, training: Training) -> Scores | None:
    """The scores of this moment on rows that were not trained on; None if there are no such rows."""
    if training.fold_networks:
        y = fold_predictions(training.fold_networks, training.network, training.keys)
        return score(run.preparation, y, run.train.labels, guess=run.guess)
    return run.measured(_now(training), run.validation) if len(run.validation) else None


class Asked:
    """Scores that the process that writes may ask for while this is open, as often as it likes: all measure them whenever it does."""

    def __init__(self, processes: Processes | None, measure: Callable[[], Scores | None]) -> None:
        self.processes, self.measure, self.open = processes, measure, processes is None

    def scores(self) -> Scores | None:
        """Of this moment; None where the others do not listen, as after a process was lost."""
        if not self.open:
            return None
        if self.processes is not None:
            self.processes.numbers(1.0)
        return self.measure()

    def __enter__(self) -> None:
        self.open = self.processes is None or self.processes.writes

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.processes is not None:
            self.open = False
            while kind is None and self.processes.numbers(0.0)[0]:
                self.measure()


def _now(training: Training) -> Network:
    """The network with the weights that it has now."""
    return training.network.continued(training.parameters_of(training.state))


def _model(run: Run, training: Training, scores: Mapping[str, Scores], reason: str = "") -> Model:
    """The model with the best weights so far."""
    from chainrule import __version__

    best = training.best_error if math.isfinite(training.best_error) else None
    ended: dict[str, Any] = {"best_epoch": training.best_epoch, "best_error": best, "epochs": training.epochs}
    if reason:
        ended["reason"] = reason
    first = run.rows.first
    source = {"name": first.source, "rows": len(run.train), "form": dict(run.form), "columns": list(first.names)}
    source |= {"files": list(run.rows.files)} if run.rows.files else {}
    source |= {"options": dict(run.asked)} if run.asked else {}
    known = {"preparation": run.preparation, "scores": scores, "source": source, "guess": run.guess, "outcome": ended}
    return Model.of(training, made_with=__version__, **known)


def _measured(run: Run, network: Network) -> dict[str, Scores]:
    """The scores on every subset that has rows."""
    subsets = {"train": run.train, "validation": run.validation, "test": run.test}
    return {name: run.measured(network, subset) for name, subset in subsets.items() if len(subset)}
