"""What is said of a training and of its model, a line each: texts of the catalogue, with the decimal sign of their language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chainrule.document.words import Words
from chainrule.preparation.remarks import joined_names, message, number_text, read_so

if TYPE_CHECKING:
    from chainrule.data.table import Table
    from chainrule.network.network import Network
    from chainrule.preparation.columns import Feature
    from chainrule.preparation.preparation import Preparation
    from chainrule.training.model import Model
    from chainrule.training.plan import Plan

REASONS = ("as asked", "constant", "alike in 16 digits", "dates", "no values", "numbers the rows", "all different", "nearly all different")
"""Why a column was left out, where the catalogue has words for it."""


def line_of_table(words: Words, table: Table, rows: int) -> str:
    """Which data was read, how many rows and columns, and what was detected in it."""
    notes = "".join(f", {words.plain(note.key, **note.values)}" for note in table.notes)
    return message(words, "train.data", source=table.source, rows=rows, columns=len(table.names), notes=notes)


def lines_of_split(words: Words, plan: Plan, train: int, validation: int, test: int) -> Iterator[str]:
    """How many rows train the network, tell when to stop and test it."""
    key = "train.split" if validation else "train.split_folds" if plan.validation_folds else "train.split_without"
    yield message(words, key, train=train, validation=validation, test=test, folds=plan.validation_folds)
    if plan.group is not None:
        yield message(words, "train.group", name=plan.group)
    last = ["test"] * (plan.test_last and test > 0) + ["validation"] * (plan.validation_last and validation > 0)
    if last:
        yield words.plain(f"train.last.{'_and_'.join(last)}")


def lines_of_preparation(words: Words, preparation: Preparation) -> Iterator[str]:
    """What was decided about the columns."""
    for target in preparation.targets:
        kind = f"decided.target.{target.kind}"
        yield words.plain(kind, name=target.name, count=len(target.classes), classes=joined_names(words, target.classes))
    yield from lines_of_open_targets(words, preparation)
    for kind in ("number", "boolean", "category", "token"):
        features = [feature for feature in preparation.features if feature.kind == kind]
        names = [
            words.plain("decided.values", name=feature.name, count=len(feature.categories)) if kind == "category" else feature.name
            for feature in features
        ]
        if names:
            key = _key_of_numbers(features) if kind == "number" else f"decided.{kind}"
            yield words.plain(key, names=joined_names(words, names), count=len(features[0].categories))
    for feature in preparation.features:
        if feature.parts:
            yield words.plain("decided.date", name=feature.name, parts=parts_of_date(words, feature))
    yield from lines_of_cells(words, preparation)


def _key_of_numbers(features: Sequence[Feature]) -> str:
    """Are numbers standardised each by itself, all by one mean and deviation, as the places of an image, or not at all, as tokens?"""
    scales = {(feature.mean, feature.deviation) for feature in features}
    return (
        "decided.number.as_they_are"
        if scales == {(0, 1)}
        else "decided.number.alike"
        if len(scales) == 1 < len(features)
        else "decided.number"
    )


def lines_of_open_targets(words: Words, preparation: Preparation) -> Iterator[str]:
    """What whole numbers as targets were taken for, where they may be something else."""
    for target in preparation.targets if preparation.open_values else ():
        yield words.plain(f"decided.open.{target.kind}", name=target.name, count=preparation.open_values)


def parts_of_date(words: Words, feature: Feature) -> str:
    """What became an input of a column of dates."""
    return ", ".join(words.plain(f"decided.part.{part.name.removeprefix(f'{feature.name} ')}") for part in feature.parts)


def lines_of_cells(words: Words, preparation: Preparation) -> Iterator[str]:
    """How numbers were read, what was left out, and what stands in for missing values."""
    forms = {target.name: target.written for target in preparation.targets} | {one.name: one.written for one in preparation.features}
    if written := read_so(words, forms, "\N{NO-BREAK SPACE}"):
        yield words.plain("decided.written", names=written)
    for reason in dict.fromkeys(reason for _, reason in preparation.left_out):
        key = reason.replace(" ", "_") if reason in REASONS else "many"
        names = [name for name, why in preparation.left_out if why == reason]
        yield words.plain("decided.left_out", reason=words.plain(f"decided.reason.{key}"), names=joined_names(words, names))
    if preparation.impute is not None:
        yield words.plain(f"decided.impute.{preparation.impute}")
    for key, of_category in (("indicator", False), ("missing", True)):
        names = [feature.name for feature in preparation.features if feature.missing and (feature.kind == "category") == of_category]
        if names:
            yield words.plain(f"decided.{key}", names=joined_names(words, names))
    if preparation.dropped:
        yield words.plain("decided.dropped", count=preparation.dropped)


def line_of_network(words: Words, network: Network) -> str:
    """Sizes, functions and how many parameters there are."""
    results = {call.name: call.layer.activation for call in network.wiring.calls}
    ends = [results.pop(call, None) for call in network.wiring.outputs.values()]
    inner = dict.fromkeys(words.called("activation", one.name) for one in results.values() if one is not None)
    key = "train.network" if inner else "train.network_flat"
    names = {"activation": ", ".join(inner)}
    names["output"] = ", ".join("–" if end is None else words.called("activation", end.name) for end in ends)
    losses = {name: words.called("loss", goal.loss.name) for name, goal in network.goals.items()}
    names["loss"] = ", ".join(f"{name}: {loss}" if len(losses) > 1 else loss for name, loss in losses.items())
    return words.plain(key, sizes=network.summary, parameters=network.size, **names)


def line_of_plan(words: Words, plan: Plan, batch_size: int) -> str:
    """Optimiser, rate, batches, epochs and seed."""
    rate = plan.optimizer.options.get("learning_rate")
    shown = number_text(words, rate) if isinstance(rate, (int, float)) else str(rate)
    waits = plan.until is None and plan.patience is not None and (plan.validation_folds or plan.validation)
    values = {"optimizer": plan.optimizer.name, "rate": shown, "batch_size": batch_size, "epochs": plan.epochs, "seed": plan.seed}
    if waits and 0 < plan.fewest_epochs < plan.epochs:
        return words.plain("train.plan_fewest", fewest=plan.fewest_epochs, **values)
    return words.plain("train.plan", **values)


def lines_of_ending(words: Words, model: Model) -> Iterator[str]:
    """Why its training ended, and which weights are kept."""
    ended, plan = model.outcome, model.plan
    last = model.history[-1].error if model.history else float("nan")
    values = {"epoch": ended["epochs"], "until": plan.until or 0.0, "error": last, "patience": plan.patience}
    yield message(words, f"train.ended.{ended['reason']}", **values)
    yield from lines_of_kept(words, model)


def lines_of_kept(words: Words, model: Model) -> Iterator[str]:
    """Which weights are kept: those of the lowest error, or their average, calibrated or not; nothing where no error was finite."""
    ended, plan = model.outcome, model.plan
    held_out = plan.until is None and ("validation" in model.scores or plan.validation_folds)
    part = words.plain("train.validation" if held_out else "train.training")
    temperature, error = ended.get("temperature"), ended["best_error"]
    if model.keeps_average:
        key = "train.best_average" if temperature is None else "train.best_average_calibrated"
    else:
        key = "train.best" if temperature is None else "train.best_calibrated"
    key = key if ended["best_epoch"] else "train.best_start"
    if error is not None:
        values = {"epoch": ended["best_epoch"], "part": part, "error": float(error), "temperature": round(temperature or 1.0, 2)}
        yield message(words, key, **values)
