"""The sections of a report: data, network, errors, worth, gradients, what the doctor says, steps explained, and how to run it again."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import Any

import numpy as np

from chainrule.base.frozen import Frozen, replace
from chainrule.base.printing import Code, clean, listed
from chainrule.data.table import Table
from chainrule.diagnosis.criteria import BLANK
from chainrule.diagnosis.divergence import Diverged
from chainrule.diagnosis.examination import Diagnosis
from chainrule.document.document import NONE, Block, Cell, Document, Illustration, Note, Paragraph, Section, Subheading, TableBlock, table
from chainrule.document.words import Words
from chainrule.explanation.colours import colours
from chainrule.explanation.context import Context
from chainrule.explanation.explain import explain
from chainrule.explanation.lettering import shortened_name
from chainrule.explanation.pictures import network_picture
from chainrule.explanation.plots import history_plot
from chainrule.explanation.predictions import boundary_plot
from chainrule.explanation.setting import network_section
from chainrule.notation.conventions import Notation
from chainrule.notation.formula import Formula, Number
from chainrule.notation.numbers import number_formula
from chainrule.pictures.plot import plot_diagram
from chainrule.pictures.shapes import Diagram
from chainrule.preparation.cautions import Caution
from chainrule.preparation.columns import Feature, Target
from chainrule.preparation.remarks import joined_names, message
from chainrule.reports.lines import (
    line_of_network,
    line_of_plan,
    line_of_table,
    lines_of_cells,
    lines_of_ending,
    lines_of_open_targets,
    lines_of_split,
    parts_of_date,
)
from chainrule.reports.pictures import MOST_CLASSES, confusion_diagram, gradients_diagram, residuals_diagram
from chainrule.reports.replay import Looked
from chainrule.steps.problem import Problem
from chainrule.steps.step import Step
from chainrule.training.metrics import MOST_CLASSES as MOST_IN_TABLE
from chainrule.training.metrics import Scores, score_text
from chainrule.training.model import Model
from chainrule.training.plan import batch_size_for
from chainrule.training.rows import Subset

MOST_COLUMNS = 20
"""Columns of the data that are listed."""

LONGEST_NAMES = 36
"""Letters of the names of classes, or of categories, in a row of a table; no format breaks them nicely."""

MOST_RESIDUALS = 4
"""Targets whose residuals are drawn."""

MOST_REPORTS = 12
"""Epochs whose errors are listed."""

MOST_BATCH = 400
"""Rows on the picture of what is predicted for every input."""

PARTS = ("test", "validation", "train")
"""Parts of the rows: what the first one that there is says counts."""


class RunFacts(Frozen):
    """A training that is reported on, and what was found out about it.

    model      what came out of it
    context    the network before the first step, ready to be shown
    path       what the model's file is called in commands; options: what commands about it say besides, as --data FILE
    speaking   what the commands doctor and explain are told for this report's language
    table      the data that was read, or the beginning of it; None where it is not here, and `lacking` says why
    subsets    its rows as numbers, by the part: "train", "validation" and "test"
    cautions   what about the data is worth a line
    looked     which steps are looked at again, and steps: those of them that were, by their number
    diagnosis  what the doctor says; None where it could not look
    verdict    what the scores say by themselves, where there is no diagnosis; "" for nothing
    diverged   how the run diverged, if it did
    advised    the command that trains it with the first cure, if there is one
    again      the command, and the line of Python, that make the run again, as far as its data is in a file
    """

    model: Model
    context: Context
    path: str
    options: Sequence[str] = ()
    speaking: tuple[Sequence[str], Sequence[str]] = ((), ())
    table: Table | None = None
    lacking: str = ""
    subsets: Mapping[str, Subset] = field(default_factory=dict)
    cautions: Sequence[Caution] = ()
    looked: Looked = Looked((), ())
    steps: Mapping[int, Step] = field(default_factory=dict)
    diagnosis: Diagnosis | None = None
    verdict: str = ""
    diverged: Diverged | None = None
    advised: str = ""
    again: tuple[str, str] = ("", "")

    @property
    def words(self) -> Words:
        """Of the report's language."""
        return self.context.words

    @property
    def notation(self) -> Notation:
        """Of its numbers and letters."""
        return self.context.notation


def run_document(facts: RunFacts) -> Document:
    """The report of a training."""
    makers: tuple[Callable[[RunFacts], Section | None], ...]
    makers = (rows_section, architecture_section, curve_section, worth_section, gradients_section, alarms_section)
    found = [section for make in makers if (section := make(facts)) is not None]
    sections = (*found, *step_sections(facts), again_section(facts))
    words, notation = facts.words, facts.notation
    return Document(_title(facts), sections, words.language, notation.decimal, colours(sections))


def _title(facts: RunFacts) -> str:
    preparation, source = facts.model.preparation, str(facts.model.source.get("name", "–"))
    if preparation is None:
        return facts.words.plain("report.title.numbers", sizes=facts.model.network.summary)
    return facts.words.plain("report.title", targets=joined_names(facts.words, [one.name for one in preparation.targets]), source=source)


def _said(line: str, end: str = ".") -> Paragraph:
    """A line of a list as a sentence; what blanks hold together that do not break is held by plain ones."""
    text = clean(line).replace(BLANK, " ")
    return Paragraph((f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', ':', '!', '?')) else end}",))


def _code(command: str) -> Code:
    """A command as it is typed, in one line."""
    return Code(f"`{clean(command)}`")


# Data and network


def rows_section(facts: RunFacts) -> Section | None:
    """What was read, what became of its columns, and what about it is worth a line."""
    words, preparation = facts.words, facts.model.preparation
    if preparation is None:
        return Section("data", words.plain("report.data"), (_said(words.plain("model.numbers_only")),))
    blocks: list[Block] = []
    if facts.table is not None:
        sizes = [len(facts.subsets[part]) for part in ("train", "validation", "test")]
        blocks.append(Paragraph((line_of_table(words, facts.table, sum(sizes)),)))
        blocks += map(_said, lines_of_split(words, facts.model.plan, *sizes))
    blocks.append(_column_table(facts, preparation.targets, preparation.features))
    if (left := len(preparation.targets) + len(preparation.features) - MOST_COLUMNS) > 0:
        blocks.append(Note("more", (words.plain("report.columns.more", count=left),)))
    blocks += map(_said, (*lines_of_open_targets(words, preparation), *lines_of_cells(words, preparation)))
    blocks += [Note("warning", _said(message(words, f"caution.{one.key}", **one.values)).text) for one in facts.cautions]
    if facts.lacking:
        blocks.append(Note("more", (words.plain("report.lacking", why=facts.lacking),)))
    return Section("data", words.plain("report.data"), tuple(blocks))


def _column_table(facts: RunFacts, targets: Sequence[Target], features: Sequence[Feature]) -> TableBlock:
    """One row a column: what became of it, and by which mean and deviation it is standardised."""
    words, rows = facts.words, list[list[Cell]]()
    columns: list[Target | Feature] = [*targets, *features]
    for column in columns[:MOST_COLUMNS]:
        scaled = column.kind == "number" and (column.mean, column.deviation) != (0, 1)
        scales = [number_formula(value, facts.notation) if scaled else "" for value in (column.mean, column.deviation)]
        rows.append([clean(column.name), _became(words, column), *scales])
    return table(words.heads("report.columns", "column", "became", "mean", "deviation"), rows)


def _became(words: Words, column: Target | Feature) -> str:
    """What became of a column."""
    if isinstance(column, Target):
        kind, values, parts = f"report.became.target.{column.kind}", column.classes, ""
    else:
        kind, values, parts = f"report.became.{column.kind}", column.categories, parts_of_date(words, column)
    shown, named = [listed(shortened_name(clean(name))) for name in values], 0
    while named < len(shown) and sum(map(len, shown[: named + 1])) <= LONGEST_NAMES:
        named += 1
    names = ", ".join([*shown[: max(named, 1)], *["…"] * (named < len(shown))])
    return words.plain(kind, count=len(values), names=names, parts=parts)


def architecture_section(facts: RunFacts) -> Section:
    """The network as a picture, its sizes and its parameters, and how its weights were drawn."""
    whole = network_section(facts.context)
    picture = network_picture(facts.context)
    blocks = tuple(picture if type(block) is type(picture) else block for block in whole.blocks)
    return replace(whole, blocks=(_said(line_of_network(facts.words, facts.model.network)), *blocks[1:]))


# How it went


def curve_section(facts: RunFacts) -> Section:
    """The errors of the epochs, on a log scale and in a table, and why the training ended."""
    words, model = facts.words, facts.model
    blocks: list[Block] = []
    if facts.diverged is not None:
        blocks.append(Note("warning", _said(_diverged(words, facts.diverged)).text))
    elif "reason" in model.outcome:
        blocks += map(_said, lines_of_ending(words, model))
    if model.history:
        blocks.append(Illustration(partial(_curve, facts)))
        blocks.append(_error_table(facts))
    else:
        blocks.append(_said(words.plain("report.curve.none")))
    return Section("curve", words.plain("report.curve"), tuple(blocks))


def _curve(facts: RunFacts) -> Diagram:
    plot = history_plot(facts.model.history, facts.context.labels, facts.words.plain)
    return plot_diagram(plot, facts.notation)


def _error_table(facts: RunFacts) -> TableBlock:
    """The errors of some epochs, each about twice as late as the one before, and of the best one."""
    history, words = facts.model.history, facts.words
    by_epoch = {report.epoch: report for report in history}
    wanted = [digit * 10**power for power in range(len(str(history[-1].epoch))) for digit in (1, 2, 5)]
    best = facts.model.outcome.get("best_epoch")
    shown = sorted({epoch for epoch in (*wanted, best, history[-1].epoch) if epoch in by_epoch})[-MOST_REPORTS:]
    held_out = any(report.validation_error is not None for report in history)
    heads = ["train.epoch", "report.curve.training", *(["report.curve.validation"] if held_out else [])]
    rows = list[list[Cell]]()
    for epoch in shown:
        report = by_epoch[epoch]
        errors = (report.error, report.validation_error) if held_out else (report.error,)
        cells = [NONE if error is None else number_formula(error, facts.notation, 4) for error in errors]
        rows.append([f"{epoch} ({words.plain('report.curve.best')})" if epoch == best else str(epoch), *cells])
    return table(map(words.plain, heads), rows)


def _diverged(words: Words, diverged: Diverged) -> str:
    """In which step, by which quantity and why, and with which rate it does not."""
    said = [words.plain("train.diverged", step=diverged.step, quantity=diverged.quantity, cause=diverged.cause(words))]
    if diverged.rate_that_works is not None:
        said.append(words.plain("train.rate_that_works", rate=words.decimal(f"{diverged.rate_that_works:g}")))
    return " ".join(said)


# What it is worth


def worth_section(facts: RunFacts) -> Section | None:
    """The scores of each part of the rows, beside those of someone who always guesses the same; as pictures, too."""
    words, scores = facts.words, {name: scores for name, scores in facts.model.scores.items() if name in PARTS}
    if not scores:
        return None
    first = next(part for part in PARTS if part in scores)
    blocks: list[Block] = [_said(words.plain(f"train.scores.{first}", rows=scores[first].rows).rstrip(":"))]
    for place, name in enumerate(scores[first].names if scores[first].parts else ("",)):
        own = {part: one.parts[place] if one.parts else one for part, one in scores.items()}
        blocks += [Subheading((clean(name),))] if name else []
        blocks += _worth(facts, own, first)
    blocks += _residuals(facts, first)
    if facts.model.network.inputs <= 2 and "train" in facts.subsets:
        blocks.append(Illustration(partial(_boundary, facts)))
    return Section("worth", words.plain("report.worth"), tuple(blocks))


def _worth(facts: RunFacts, scores: Mapping[str, Scores], first: str) -> Iterator[Block]:
    """Of one target, or of all: the measures of each part, and of the part that counts which class was taken for which."""
    words, own = facts.words, scores[first]
    yield _measure_table(facts, scores)
    if own.confusion is None:
        return
    if own.strange is not None:
        yield _said(words.plain("score.strange", rows=int(own.strange.sum())))
    if len(own.names) <= MOST_CLASSES:
        yield Illustration(partial(confusion_diagram, words, own.names, own.confusion))
    if len(own.names) <= MOST_IN_TABLE:
        keys = ("precision", "recall", "f1")
        rows = ([clean(one.name), *(_measure(words, getattr(one, key)) for key in keys), Number(str(one.rows))] for one in own.per_class)
        yield table(["", *words.heads("score", *keys, "rows")], rows)
        yield _said(words.plain("report.worth.table"))
    else:
        yield _said(words.plain("score.many", classes=len(own.names)))


def _measure_table(facts: RunFacts, scores: Mapping[str, Scores]) -> TableBlock:
    """One row a part of the rows: its size, its measures, and the main one of someone who guesses."""
    words = facts.words
    of_classes = next(iter(scores.values())).confusion is not None
    keys = ("accuracy", "loss") if of_classes else ("r2", "mean_absolute_error", "root_mean_squared_error")
    rows = (
        [words.plain(f"report.worth.{part}"), Number(str(own.rows)), *(_measure(words, getattr(own, key)) for key in (*keys, "baseline"))]
        for part in reversed(PARTS)
        if (own := scores.get(part)) is not None
    )
    guess = "guess.classes" if of_classes else "guess"
    return table([*words.heads("report.worth", "part"), words.plain("score.rows"), *words.heads("report.worth", *keys, guess)], rows)


def _measure(words: Words, value: float | None) -> str | Formula:
    """A measure as the terminal has it."""
    written = words.decimal(score_text(value))
    return written if "e" in written or written == "–" else Number(written)


def _residuals(facts: RunFacts, part: str) -> Iterator[Block]:
    """How far each number was missed, target by target, where the rows are here."""
    preparation, subset = facts.model.preparation, facts.subsets.get(part)
    if preparation is None or subset is None or not len(subset):
        return
    answers = preparation.answers(facts.model.outputs(np.asarray(subset.x, dtype=float)))
    labels = np.asarray(subset.labels)
    labels = labels if labels.ndim > 1 else labels[:, None]
    numbers = [(place, target) for place, target in enumerate(preparation.targets) if target.kind == "number"]
    for place, target in numbers[:MOST_RESIDUALS]:
        predicted, true = (np.asarray(column, dtype=float) for column in (answers[target.name], labels[:, place]))
        yield Illustration(partial(residuals_diagram, facts.words, facts.notation, target.name, part, predicted, true))
    if len(numbers) > MOST_RESIDUALS:
        yield Note("more", (facts.words.plain("report.residuals.more", count=len(numbers) - MOST_RESIDUALS),))


def _boundary(facts: RunFacts) -> Diagram:
    """What the trained network predicts for every input, with rows of its training."""
    network, train, known = facts.model.network.replaced(notation=facts.notation), facts.subsets["train"], facts.context.step
    places = np.unique(np.linspace(0, len(train) - 1, min(len(train), MOST_BATCH)).astype(int))
    x, t = (np.asarray(side[places], dtype=float) for side in (train.x, train.t))
    step = Problem(network.continued(facts.model.network.parameters), x, t, known.optimizer, origin=known.origin).step()
    return plot_diagram(boundary_plot(Context(step, "overview", facts.notation)), facts.notation)


# How it learned


def gradients_section(facts: RunFacts) -> Section | None:
    """How large the gradient of each layer's weights was, from the first step to the last."""
    if not facts.steps:
        return None
    words, context = facts.words, facts.context
    weights = [parameter for parameter in context.derivation.parameters if len(parameter.shape) > 1]
    shown = [step for number, step in facts.steps.items() if number in facts.looked.over_time]
    norms: dict[Formula, list[tuple[int, float]]] = {
        context.symbol(W): [(step.number, _norm(step.gradients[W.key])) for step in shown if W.key in step.gradients] for W in weights
    }
    norms = {letter: points for letter, points in norms.items() if points}
    blocks: list[Block] = [Paragraph((words.plain("report.gradients.intro"),))]
    blocks.append(Illustration(partial(gradients_diagram, words, facts.notation, norms)))
    blocks.append(_gradient_table(facts, norms, [step.number for step in shown]))
    if len(shown) < len(facts.looked.over_time):
        blocks.append(Note("more", (words.plain("report.gradients.more", step=shown[-1].number),)))
    return Section("gradients", words.plain("report.gradients"), tuple(blocks))


MOST_LAYERS_IN_TABLE = 8
"""Layers with a column of their own."""


def _gradient_table(facts: RunFacts, norms: Mapping[Formula, Sequence[tuple[int, float]]], numbers: Sequence[int]) -> TableBlock:
    """One row a step, one column a layer; of many layers the first ones."""
    shown = {letter: dict(points) for letter, points in list(norms.items())[:MOST_LAYERS_IN_TABLE]}
    rows = (
        [str(number), *(number_formula(points[number], facts.notation, 3) if number in points else NONE for points in shown.values())]
        for number in numbers
    )
    return table([facts.words.plain("report.gradients.step"), *shown], rows)


def _norm(values: Any) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.linalg.norm(np.asarray(values, dtype=float)))


def alarms_section(facts: RunFacts) -> Section:
    """What the doctor says of the training, in its words."""
    words, diagnosis = facts.words, facts.diagnosis
    blocks: list[Block] = []
    for indent, line in diagnosis.lines(words) if diagnosis is not None else ():
        said = _said(line)
        healthy = diagnosis is not None and diagnosis.healthy
        blocks.append(Note("insight" if healthy else "warning", said.text) if not indent else said)
    if diagnosis is None and facts.verdict:
        blocks.append(Note("warning", _said(facts.verdict).text))
    if diagnosis is None:
        blocks.append(_said(words.plain("report.alarms.scores")))
    if facts.advised:
        blocks.append(_with_command(words.plain("report.alarms.advised"), facts.advised))
    command = shlex.join(["chainrule", "doctor", facts.path, *facts.options, *facts.speaking[0]])
    blocks.append(_with_command(words.plain("report.alarms.command"), command))
    return Section("alarms", words.plain("report.alarms"), tuple(blocks))


def _with_command(said: str, command: str) -> Paragraph:
    return Paragraph((f"{said} ", _code(command)))


# Steps explained


def step_sections(facts: RunFacts) -> Iterator[Section]:
    """Each chosen step, with the sections of its explanation, folded away."""
    words = facts.words
    chosen = [number for number in facts.looked.explained if number in facts.steps]
    for number in chosen:
        step = facts.steps[number]
        document = explain(step, brief=True)
        kept = "average" if facts.model.keeps_average else "best"
        end = "diverged" if facts.diverged is not None else kept if facts.model.outcome.get("best_epoch") else "last"
        which = "first" if number == 1 else end if number == facts.looked.explained[-1] else "middle"
        blocks: list[Block] = [Paragraph((words.plain(f"report.step.{which}"),))]
        command = shlex.join(["chainrule", "explain", facts.path, *facts.options, "--step", str(number), *facts.speaking[1]])
        blocks.append(_with_command(words.plain("report.step.command"), command))
        for section in document.sections:
            blocks += [Subheading((section.title,)), *section.blocks]
        yield Section(f"step{number}", words.plain("report.step", number=number), tuple(blocks), folded=True)


# The same again


def again_section(facts: RunFacts) -> Section:
    """The settings that make the run again, with the same numbers."""
    words, model = facts.words, facts.model
    blocks: list[Block] = []
    plan = model.plan
    blocks.append(_said(line_of_plan(words, plan, plan.batch_size or batch_size_for(int(model.source.get("rows", 0))))))
    blocks.append(Paragraph((words.plain("report.again.intro"),)))
    command, python = facts.again
    if command:
        blocks.append(_with_command(words.plain("report.again.command"), command))
    if python:
        blocks.append(_with_command(words.plain("report.again.python"), python))
    rows = ((words.plain(f"report.again.{key}"), clean(value)) for key, value in _settings(model))
    blocks.append(table(words.heads("report.again", "setting", "value"), rows))
    return Section("again", words.plain("report.again"), tuple(blocks))


def _settings(model: Model) -> Iterator[tuple[str, str]]:
    """What the numbers of a run depend on, each by the key of what it is called."""
    plan = model.plan
    yield "seed", str(plan.seed)
    yield "precision", plan.precision
    yield "engine", plan.engine
    yield "version", f"chainrule {model.made_with}"
    if digest := model.source.get("digest"):
        yield "digest", str(digest)
