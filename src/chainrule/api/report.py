"""The report of a training: one file that shows what was read, how it went, what it is worth, and steps of it, explained."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.api.batches import with_sample
from chainrule.api.doctor import case_of_rows, first_cure, options_of, training_command, verdict
from chainrule.api.models import scales, trained_model
from chainrule.api.settings import chosen_notation
from chainrule.base.errors import InputError, quoted
from chainrule.base.frozen import replace
from chainrule.diagnosis.criteria import sentence
from chainrule.diagnosis.divergence import Diverged
from chainrule.diagnosis.examination import examined
from chainrule.document.document import Block, Document, LivePages, Note
from chainrule.document.words import Words
from chainrule.explanation.context import Context
from chainrule.notation.conventions import Notation
from chainrule.pages.content import MOST_NUMBERS, MOST_UNITS, page_content, page_start
from chainrule.pages.file import json_in_markup, page_module, page_style
from chainrule.preparation.cautions import cautions
from chainrule.render.formats import check_format, save
from chainrule.reports.replay import replayed_steps, steps_to_open
from chainrule.reports.sections import RunFacts, run_document
from chainrule.steps.step import record
from chainrule.training.model import Model, own_data
from chainrule.training.rows import Rows, is_here, subsets_of, used_rows

if TYPE_CHECKING:
    from chainrule.engines.epoch import State
    from chainrule.steps.step import Step
    from chainrule.training.loop import Training

SOMEWHERE = "model.safetensors"
"""What a model is called in commands whose file is not known."""


LIVE_ROWS = 4
"""Rows of a step that is opened live: each of them makes the file larger."""

LONGEST_LINE = 1000
"""Letters of the line of Python that makes a run again."""


DECIMALS = {"de": "comma"}
"""The decimal sign of a language in which it is not that of the notation: what a training says has it, too."""


def report(model: str | Path | Model, path: str | Path | None = None, *, data: Any = None, language: str = "en") -> Document:
    """The report of the training of a model: its data, its network, how the error fell, what it is worth, how large gradients were,
    what the doctor says, three steps explained, and how to make the run again.

    model     or its file
    path      where it is written: .html (one file that asks nothing of anybody), .pdf, .md, .ipynb, .tex, .typ or .txt; or nowhere
    data      the rows that it was trained on, where they are not in the file whose name the model keeps
    language  "en" or "de"

    Its steps are replayed from the rows, in as much time as the training took without its folds, and at most a fifth of that where it would
    be long. Where the rows are not to be found, what needs them is left out, and the report says why.

    Raises FileError, InputError; InputError where `data` is given and holds other rows.
    """
    if path is not None:
        check_report(path, language)
    if not isinstance(model, (str, os.PathLike, Model)):
        raise InputError(f"a report is of a trained model, or of its file, and not of {quoted(type(model).__name__)}.")
    found = model if isinstance(model, Model) else Model.load(model)
    rows, lacking = _rows(found, data)
    document = report_of(found, SOMEWHERE if isinstance(model, Model) else str(model), rows, lacking=lacking, language=language)
    if path is not None:
        save(document, path)
    return document


def check_report(path: str | Path, language: str) -> None:
    """Can a report be written with this name, in this language? Asked before a training, not after it. Raises FileError, InputError."""
    chosen_notation(Notation(), None, language)
    if check_format(path) == ".pdf":
        from chainrule.render.pdf import check_typst

        check_typst("pdf")


def _rows(model: Model, data: Any) -> tuple[Rows | None, str]:
    """The rows of the model's data, or why they are not here. Raises InputError where they were given."""
    try:
        return used_rows(model, data), ""
    except InputError as error:
        if data is not None:
            raise
        return None, str(error)


def report_of(
    model: Model,
    path: str,
    rows: Rows | None = None,
    *,
    lacking: str = "",
    language: str = "en",
    training: Training | None = None,
    states: Mapping[int, State] | None = None,
    diverged: Diverged | None = None,
) -> Document:
    """The report of a model with the rows that it was trained on.

    path      what its file is called in commands
    lacking   why there are no rows
    training, states   the run that made it, and what `Landmarks` kept of it, if it has just ended
    diverged  how it ended, if it did so

    Raises InputError where the rows are not those that it was trained on.
    """
    subsets = None if rows is None else subsets_of(model, rows, "float64")
    context = _context(model, language)
    known: dict[str, Any] = {
        "diverged": diverged,
        "lacking": lacking,
        "options": _data_options(model, rows),
        "speaking": _speaking(language),
        "again": _again(model),
    }
    if rows is None or subsets is None:
        finding = verdict(model)
        known["verdict"] = "" if finding is None else sentence(Words(language), finding)
        return run_document(RunFacts(model, context, path, **known))
    if training is None:
        training = model.replay(subsets[0].x, subsets[0].t, weights=subsets[0].weights)
    each, best = training.steps_per_epoch, int(model.outcome.get("best_epoch") or 0)
    steps = model.history[-1].step if model.history else 1
    if diverged is not None:  # to the last step whose numbers are some
        steps = max(1, diverged.step - 1)
    looked = steps_to_open(steps, each, best * each if best and diverged is None else steps)
    found = {step.number: step for step in replayed_steps(training, looked.all, steps, states or {})}
    ended: dict[str, Any] = {"trained": model.network, "history": model.history, "outcome": model.outcome, "scores": model.scores}
    diagnosis = examined(case_of_rows(model.start, model.plan, model.preparation, *subsets, **ended), path)
    cure = first_cure(diagnosis)
    known |= {"table": rows.first, "cautions": _cautions(model, rows), "looked": looked, "diagnosis": diagnosis}
    known["subsets"] = dict(zip(("train", "validation", "test"), subsets, strict=True))
    known["steps"] = {number: _told(step, model, path, rows, context) for number, step in found.items()}
    known["advised"] = (training_command(model, cure) or "") if cure else ""
    return _with_live(run_document(RunFacts(model, context, path, **known)), looked.explained, known["steps"])


def _with_live(document: Document, explained: Sequence[int], steps: Mapping[int, Step]) -> Document:
    """The report with its explained steps as live pages, where the network is small enough to be seen; else it says why there are none."""
    chosen = [steps[number] for number in explained if number in steps]
    words, pages, notes = Words(document.language), dict[str, str](), dict[str, Block]()
    alike: dict[int, str] = {}  # by their number of rows: the last batch of an epoch may be shorter
    for step in chosen:
        key, seen = f"step{step.number}", _first_rows(step)
        try:
            content = page_start(seen) | {"like": alike[len(seen.x)]} if len(seen.x) in alike else page_content(seen)
        except InputError:
            notes[key] = Note("more", (words.plain("report.step.large", weights=MOST_NUMBERS, units=MOST_UNITS),))
        else:
            pages[key] = json_in_markup(content)
            alike.setdefault(len(seen.x), key)
            if seen is not step:
                notes[key] = Note("more", (words.plain("report.step.live", rows=len(seen.x), samples=len(step.x)),))
    sections = tuple(
        replace(one, blocks=(*one.blocks[:2], notes[one.key], *one.blocks[2:])) if one.key in notes else one for one in document.sections
    )
    return replace(document, sections=sections, live=LivePages(page_style(), page_module(), pages) if pages else None)


def _first_rows(step: Step) -> Step:
    """The step on as many of its rows as a page shows, from the same parameters and states."""
    if len(step.x) <= LIVE_ROWS:
        return step
    weights = None if step.weights is None else step.weights[:LIVE_ROWS]
    rows = step.x[:LIVE_ROWS], step.t[:LIVE_ROWS]
    return record(step.network, *rows, step.update, step.number, step.states, origin=step.origin, weights=weights)


def _context(model: Model, language: str) -> Context:
    """The network before the first step, with the names of its columns."""
    problem = trained_model(model)
    notation = chosen_notation(model.start.notation, {"decimal": DECIMALS[language]} if language in DECIMALS else None, language)
    known = {**problem.origin, **scales(model.preparation), "features": list(problem.features), "targets": list(problem.targets)}
    start = with_sample(replace(problem, network=model.start.replaced(notation=notation), origin=known))
    return Context(start.step(), "overview", notation)


def _told(step: Step, model: Model, path: str, rows: Rows, context: Context) -> Step:
    """A step of the training with the names of its columns, in the letters and the language of the report."""
    origin = {**step.origin, "source": path, "data": rows.called, **{key: context.step.origin[key] for key in ("features", "targets")}}
    network = step.network.replaced(notation=context.notation).continued(step.parameters)
    return replace(step, network=network, origin=origin | scales(model.preparation))


def _cautions(model: Model, rows: Rows) -> Any:
    """What about the rows is worth a line."""
    preparation = model.preparation
    assert preparation is not None
    return cautions(rows.first, preparation, rows.labels(preparation), split_at_random=model.plan.tests_drawn)


def _is_file(model: Model) -> bool:
    """Is the data of a model in files that a command can name?"""
    own = own_data(model.source)
    return own is not None and is_here(own)


def _data_options(model: Model, rows: Rows | None) -> list[str]:
    """What a command says about the data of a model, where that is one file."""
    if rows is None:
        return []
    named = [name for name in (rows.called, own_data(model.source)) if isinstance(name, str) and is_here(name)]
    return ["--data", named[0]] if named else []


def _speaking(language: str) -> tuple[list[str], list[str]]:
    """What `doctor` and `explain` are told to speak as the report does."""
    spoken = [] if language == "en" else ["--language", language]
    return spoken, spoken + (["--notation", f"decimal={DECIMALS[language]}"] if language in DECIMALS else [])


def _again(model: Model) -> tuple[str, str]:
    """The command and the line of Python that make a run again; nothing where they cannot be typed."""
    if model.preparation is None:
        return "", ""
    own, said = own_data(model.source), options_of(model)
    targets = said.get("target")
    if isinstance(targets, list) and len(targets) == 1:
        said["target"] = targets[0]
    typed = training_command(model, [], output=SOMEWHERE)
    data = repr(own) if _is_file(model) else "data"
    line = f"cr.train({', '.join([data, *(f'{name}={value!r}' for name, value in said.items())])})"
    return typed or "", line if len(line) <= LONGEST_LINE else ""
