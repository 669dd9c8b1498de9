"""From a table to a model that predicts: reading, preparing, splitting, training, measuring and keeping, in one call.

    model = cr.train("flowers.csv", target="species")

What is said while it runs, and where, is a `Watch`'s business.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from chainrule.api.described import described_targets, description_alone, fitted_network, places_of_image, tasks_of
from chainrule.api.figures import check_drawing
from chainrule.api.networks import ACTIVATION, HIDDEN, check_losses, check_target_needed, fitting_network
from chainrule.api.resuming import FREE, Begun, asked_options, begins
from chainrule.api.run import CrossValidation, Run, cross_validated, finished_model
from chainrule.api.settings import chosen_optimizer, one_or_several
from chainrule.api.watching import Watch, watching
from chainrule.base.arrays import Array
from chainrule.base.errors import InputError, quoted
from chainrule.base.frozen import replace
from chainrule.data.arrays import declared_categories
from chainrule.document.words import Words
from chainrule.network.definitions import DefinitionLike
from chainrule.network.network import Network
from chainrule.preparation.cautions import MOST_CAUTIONS, Caution, cautions, is_read_as_days
from chainrule.preparation.preparation import Preparation
from chainrule.preparation.remarks import message
from chainrule.processes.launch import several
from chainrule.processes.together import Processes
from chainrule.training.agreement import alike, check_data
from chainrule.training.calibration import calibrated_layer
from chainrule.training.history import Report
from chainrule.training.model import Model
from chainrule.training.outputs import Outputs
from chainrule.training.plan import (
    BLOCK_BYTES,
    Plan,
    even_batch_size,
    fewest_epochs_for,
    last_rows,
    patience_for,
    split_rows,
)
from chainrule.training.rows import Rows, Subset

FOLDS, FEWER_FOLDS, VERY_WIDE = 5, 3, 10
"""Folds of the cross-validation that decides when to stop, where nothing is said about it: the fewer where rows are many, and where a table
has more inputs than so many times its rows, as networks then take their time. Nor is there a least number of epochs for such a table."""

Precision: TypeAlias = Literal["float32", "float64"]

PRECISION: Precision = "float32"
"""In which numbers a run computes where nothing is said about it. Scores are the same, in less time and memory (docs/training.md)."""

FEWEST_TO_FOLD, MANY, MOST_TO_FOLD = 20, 2000, 8000
"""There are folds from the first number of rows to train on, fewer from the second. From the third on, or from the second if there are more
inputs than rows, validation rows are set aside: enough for a good estimate, and not missed. docs/training.md says how this was measured."""


def train(
    data: Any,
    target: str | int | Sequence[str | int] = (),
    *,
    network: str | Path | Mapping[str, Any] | Network | None = None,
    task: Literal["classify", "regress"] | None = None,
    hidden: str | int | Sequence[int] = HIDDEN,
    activation: DefinitionLike = ACTIVATION,
    loss: DefinitionLike | None = None,
    regularizer: DefinitionLike | None = None,
    optimizer: DefinitionLike | None = None,
    learning_rate: float | DefinitionLike | None = None,
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
    average_weights: bool | None = None,
    calibrate: bool | None = None,
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
    epochs, batch_size, until, patience, validation, validation_folds, test, class_weights, shuffle, average_weights, calibrate,
    seed, engine, precision   as in `Plan`; of fewer than 8000 rows none are set aside for validation unless `validation` asks for it:
                   5 validation folds decide, 3 from 2000 rows on. Where no `batch_size` is said, no few rows are left over for the last
                   step of an epoch; where no `patience` is, it ends no run before 300 epochs, or 12,000 steps; where no `average_weights`
                   is, averages are kept if an epoch has several batches; where no `calibrate` is, a network that tells classes by a
                   softmax or one sigmoid is calibrated if validation rows or folds decide
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
    group = None if group is None else one_or_several(group)[0]
    parts_of_dates = [part.strip() for part in dates.split(",")] if isinstance(dates, str) and dates else list(dates)
    columns: dict[str, Any] = {
        "categories": one_or_several(categories), "numbers": one_or_several(numbers), "impute": impute, "drop_missing": drop_missing,
        "month_first": month_first, "dates": parts_of_dates,
    }  # fmt: skip
    form: dict[str, Any] = {
        "separator": separator, "decimal": decimal, "thousands": thousands, "encoding": encoding, "header": header,
        "characters": characters, "units": units if isinstance(units, str) else list(units), "missing": list(one_or_several(missing)),
    }  # fmt: skip
    said = {name: value for name, value in form.items() if value not in (None, "", [])}
    plan_settings = {
        "epochs": epochs, "batch_size": batch_size, "until": until, "patience": patience, "validation": validation,
        "validation_folds": validation_folds, "test": test, "class_weights": class_weights, "shuffle": shuffle, "seed": seed,
        "average_weights": average_weights, "calibrate": calibrate,
        "engine": engine, "precision": precision, "reduce_every": reduce_every,
    }  # fmt: skip
    plan_settings |= last_rows("validation", validation) | last_rows("test", test) | {"group": group}
    plan, shape = _plan(plan_settings, optimizer, learning_rate, multipliers), (hidden, activation, loss, regularizer)
    path, description = _output(output, curve, report, language), None if network is None else description_alone(network, *shape)
    targets, columns["places"] = _targets(target, description, loss), places_of_image(description)
    columns["ignore"] = _ignored_columns(one_or_several(ignore), group, targets)
    columns["categories"], task = _as_declared(data, targets, columns, task)
    processes = several(processes)
    by_itself, watch = isinstance(watch, Watch), watching(watch) if processes is None or processes.writes else Watch()
    with ExitStack() as stack:
        free = {name: plan_settings[name] for name in FREE} | {"resume": resume}
        outputs, begun = begins(stack, processes, asked, free, path, log, curve, report, force=force)
        rows = _with_days(_rows(data, said, processes), data, said, targets, begun, asked=bool(parts_of_dates))
        if begun is not None and not begun.in_folds:
            return _resumed(rows, plan_settings, begun, outputs, watch, stack, language, processes)
        tasks, columns["of_each"] = tasks_of(description, targets, task), rows.of_each
        whole = alike(processes, lambda: Preparation.fit(rows.tables, targets, **(columns | {"task": tasks})))
        rows = rows.complete(whole)
        labels = _labels(rows, whole, processes)
        columns["task"] = _decided_tasks(whole, tasks)
        plan = stopping_plan(plan, round(len(labels) * (1 - plan.test)), whole.inputs, plan_settings)
        groups = alike(processes, lambda: rows.groups(plan.group))
        parts = split_rows(labels, plan, groups)
        plan = (
            begun.plan(plan_settings)
            if begun
            else patient_plan(_folding_groups(plan, groups, parts[0]), len(parts[0]), whole.inputs, plan_settings)
        )

        def prepared(*places: Array) -> Run:
            """The run that trains on the first of these places; means and spreads are of them alone."""
            preparation = whole
            if len(places[0]) < len(labels):
                preparation = _with_allnames_of(
                    alike(processes, lambda: Preparation.fit(rows.only(places[0]), targets, **columns)),
                    whole,
                    described=description is not None,
                )
            if description is None:
                made = fitting_network(preparation, seed, *shape)
            else:
                made, preparation = fitted_network(description, preparation, seed)
                check_losses(made, preparation)
            known: dict[str, Any] = {"dropped": whole.dropped, "open_values": whole.open_values}
            preparation = replace(preparation, signs=made.loss.definition.targets == "signs", **known)
            subsets = _subsets(rows, preparation, places, labels, stack, groups, plan, processes)
            decided = _shuffled(_decided(plan, plan_settings, begun, made, preparation.task, *places), subsets["train"], processes)
            return Run(rows, made, preparation, decided, **subsets, form=said, asked=asked, processes=processes)

        in_folds = None if folds is None else CrossValidation(folds, plan, groups, begun)
        scores = {} if in_folds is None else cross_validated(prepared, labels, in_folds, outputs, watch)
        run = prepared(*parts)
        run = replace(run, cautions=cautions(rows.first, whole, labels, split_at_random=len(run.test) > 0 and plan.tests_drawn))
        if not by_itself and (processes is None or processes.writes):
            _warn(run.cautions, language)
        return finished_model(run, run.training(), scores, outputs, watch, language)


def _warn(found: Sequence[Caution], language: str) -> None:
    """Says the gravest to whoever called `train` without a `Watch`, which says them in its own way."""
    for one in found[:MOST_CAUTIONS]:
        warnings.warn(message(Words(language), f"caution.{one.key}", **one.values), stacklevel=3)


def _as_declared(
    data: Any, targets: Sequence[str], columns: Mapping[str, Any], task: Literal["classify", "regress"] | None
) -> tuple[tuple[str, ...], Literal["classify", "regress"] | None]:
    """The categories and the task, as asked, and where nothing else was, as the data declares its columns."""
    declared = declared_categories(data)
    elsewhere = {*targets, *columns["numbers"], *columns["ignore"], *columns["categories"]}
    found = "classify" if task is None and len(targets) == 1 and targets[0] in declared else task
    return columns["categories"] + tuple(name for name in declared if name not in elsewhere), found


def _ignored_columns(ignored: tuple[str, ...], group: str | None, targets: Sequence[str]) -> tuple[str, ...]:
    """The columns that are no inputs, as asked, and because the groups are told by one. Raises InputError where that is a target."""
    if group is not None and group in targets:
        raise InputError(f"rows are kept together by a column that is known of new rows, too, not by the target {quoted(group)}.")
    return ignored if group is None or group in ignored else (*ignored, group)


def _with_allnames_of(preparation: Preparation, whole: Preparation, *, described: bool) -> Preparation:
    """The preparation of some rows, with the tokens of all rows, and the classes of all where there are several targets.

    So are those of one target where the network is described: how many outputs it has was counted in all rows, and a rare class may lie
    in none of a fold's.
    """
    features = tuple(
        replace(one, categories=known.categories) if one.kind == "token" else one
        for known, one in zip(whole.features, preparation.features, strict=False)
    )
    targets = preparation.targets
    if whole.task == "mixed" or described:
        targets = tuple(known if known.classes else one for known, one in zip(whole.targets, targets, strict=True))
    tokens = any(one.kind == "token" for one in features)
    return replace(preparation, features=features if tokens else preparation.features, targets=targets, task=whole.task)


def _targets(target: Any, description: Mapping[str, Any] | None, loss: DefinitionLike | None) -> tuple[str, ...]:
    """The columns to predict. Raises InputError where none are said, and the loss would not take one."""
    _check_names(target)
    targets = one_or_several(target) or described_targets(description or {})
    if not targets:
        check_target_needed(loss if description is None else description.get("loss"))
    return targets


def _check_names(target: Any) -> None:
    """Raises InputError where the values of the target are given in place of its name, as in `fit(X, y)`."""
    names = [*target] if isinstance(target, Iterable) and not isinstance(target, str) else []
    of_values = hasattr(target, "columns") or any(isinstance(name, (float, np.ndarray, np.floating, np.bool_)) for name in names)
    if of_values or (len(names) > 2 and len({*map(str, names)}) < len(names)):
        raise InputError(
            'the target is a column of the data, said by its name: train(frame.assign(y=y), target="y"), or, of arrays, '
            'train({"a": X[:, 0], "b": X[:, 1], "y": y}, target="y"). As scikit-learn takes them apart, '
            "ChainruleClassifier().fit(X, y) and ChainruleRegressor().fit(X, y) do, too."
        )


def _output(output: str | Path | None, curve: str | Path | None, report: str | Path | None, language: str) -> Path | None:
    """Where the model is written. Raises InputError where the curve could not be drawn, or the report not be made."""
    if curve is not None:
        check_drawing(curve)
    if report is not None:
        from chainrule.api.report import check_report

        check_report(report, language)
    return None if output is None else Path(output)


def _plan(
    settings: Mapping[str, Any],
    optimizer: DefinitionLike | None,
    learning_rate: float | DefinitionLike | None,
    multipliers: str | Mapping[str, float] | None,
) -> Plan:
    """The plan with these settings where they are said; the rate is that of the plan's own optimiser if no other one is wanted."""
    plan = Plan(**{name: value for name, value in settings.items() if value is not None})
    if optimizer is None and learning_rate is None and multipliers is None:
        return plan
    return replace(plan, optimizer=chosen_optimizer(plan.optimizer, optimizer, learning_rate, multipliers))


def stopping_plan(plan: Plan, rows: int, inputs: int, said: Mapping[str, Any]) -> Plan:
    """The plan with what decides when to stop, where that was not said; for so many rows to train on."""
    if said["validation"] is None:
        if said["validation_folds"] is None and plan.until is None and FEWEST_TO_FOLD <= rows < (MANY if inputs > rows else MOST_TO_FOLD):
            plan = replace(plan, validation_folds=FEWER_FOLDS if rows >= MANY or inputs > VERY_WIDE * rows else FOLDS)
        if plan.validation_folds or rows < MANY:
            plan = replace(plan, validation=0.0)
    return plan


def patient_plan(plan: Plan, rows: int, inputs: int, said: Mapping[str, Any]) -> Plan:
    """The plan with how long it waits for the error to fall, where that was not said; for so many rows to train on."""
    if said["patience"] is not None:
        return plan
    size = plan.batch_size or even_batch_size(rows, 0 if plan.validation else plan.validation_folds)
    fewest = 0 if inputs > VERY_WIDE * rows else fewest_epochs_for(rows, size)
    return replace(plan, patience=patience_for(rows, size), fewest_epochs=fewest)


def _decided(
    plan: Plan, said: Mapping[str, Any], begun: Begun | None, network: Network, task: str, train: Array, validation: Array, *_: Array
) -> Plan:
    """The plan with what nobody said: batches of a size that leaves no few rows over of those that train, averages of the weights where an
    epoch has several batches, and a temperature where the network tells classes. Raises InputError where these are asked for in vain.
    """
    if begun is not None and begun.model.plan.batch_size is None:
        return plan  # of an older version, whose training chose the size
    size = said["batch_size"] or even_batch_size(len(train), 0 if len(validation) else plan.validation_folds)
    plan = replace(plan, batch_size=size)
    if begun is not None:
        return plan
    decides = plan.until is None and (len(validation) > 0 or plan.validation_folds > 0)
    if said["average_weights"] and not decides:
        raise InputError(
            "which average of the weights is kept, its validation error says, and none is measured here; leave out "
            "«--average-weights», or ask for validation rows or folds, without «--until»."
        )
    able = task in ("classify", "binary") and calibrated_layer(network) is not None
    if said["calibrate"] and not (decides and able):
        classes = "one softmax or one sigmoid, or its logits, behind a dense layer of its own, not frozen, without a penalty on weights"
        needed = "validation rows or folds that decide" if able else classes
        raise InputError(f"calibrating needs {needed}, and there is none here; leave out «--calibrate».")
    averages = size < len(train) if said["average_weights"] is None else said["average_weights"]
    return replace(plan, average_weights=decides and averages, calibrate=decides and able and said["calibrate"] is not False)


def _folding_groups(plan: Plan, groups: Array | None, train: Array) -> Plan:
    """The plan with no more validation folds than there are groups of training rows; with none where there is one group."""
    if groups is None:
        return plan
    most = len(set(groups[train].tolist()))
    return replace(plan, validation_folds=min(plan.validation_folds, most) if most > 1 else 0)


def _rows(data: Any, form: Mapping[str, Any], processes: Processes | None) -> Rows:
    """The rows of the data; each of several processes reads its own part."""
    return Rows.of(data, **form) if processes is None else processes.agreed(lambda: Rows.shared(data, processes, **form))


def _with_days(rows: Rows, data: Any, form: Mapping[str, Any], targets: Sequence[str], begun: Begun | None, *, asked: bool) -> Rows:
    """The rows, with dates where they are numbers, as 20240131, or 07.2024 in a text: dates are asked for, or a run that goes on began with
    them.
    """
    if rows.processes is not None or not (asked or begun):
        return rows
    known = {one.name for one in begun.model.preparation.features if one.kind == "date"} if begun and begun.model.preparation else set()
    numbers = [one for one in rows.first.columns if one.kind == "number" and one.name not in targets]
    days = [one.name for one in numbers if (one.name in known if begun else is_read_as_days(one))]
    return Rows.of(data, kinds=dict.fromkeys(days, "date"), **form) if days else rows


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
    subsets = _subsets(rows, preparation, split_rows(labels, plan, groups), labels, stack, groups, plan, processes)
    form, options = began.source.get("form", {}), began.source.get("options", {})
    run = Run(rows, began.start, preparation, plan, **subsets, form=form, asked=options, processes=processes)
    return finished_model(run, run.resumed(begun.arrays, begun.record), began.scores, outputs, watch, language)


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
