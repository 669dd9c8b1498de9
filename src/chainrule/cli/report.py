"""Messages about a training and about its model: texts of the catalogue, numbers with the language's decimal sign."""

from __future__ import annotations

import math
import statistics
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from chainrule.api.run import Run
from chainrule.api.watching import Watch
from chainrule.base.printing import command_line
from chainrule.cli.options import DEFINED
from chainrule.cli.output import coloured, complain, prose_width, say
from chainrule.cli.progress import Progress, fitting_progress, main_score
from chainrule.document.words import Words
from chainrule.preparation.cautions import MOST_CAUTIONS
from chainrule.preparation.remarks import message, number_text
from chainrule.reports.lines import (
    line_of_network,
    line_of_plan,
    line_of_table,
    lines_of_ending,
    lines_of_kept,
    lines_of_preparation,
    lines_of_split,
)
from chainrule.training.plan import BLOCKS_AT_ONCE

if TYPE_CHECKING:
    from chainrule.diagnosis.divergence import Diverged
    from chainrule.preparation.preparation import Preparation
    from chainrule.training.history import Outcome, Report
    from chainrule.training.loop import Training
    from chainrule.training.metrics import Scores
    from chainrule.training.model import Model

MOST_SCALES = 24
"""Columns whose mean and standard deviation `chainrule info` lists."""


class TerminalReporter(Watch):
    """Prints what is decided, the progress of the epochs, how the run ended and what can be done next."""

    def __init__(self, language: str, data: str | list[str], output: str, *, quiet: bool, asked: Sequence[str]) -> None:
        self.words, self.data, self.output, self.quiet, self.asked = Words(language), data, output, quiet, asked
        self.watcher: Progress | None = None
        self.folds: list[float | None] = []
        self.ended = False

    def __enter__(self) -> TerminalReporter:
        return self

    def __exit__(self, *_: object) -> None:
        """However it ends, a terminal gets its cursor back."""
        self._stop_watching()

    def _stop_watching(self) -> None:
        watcher, self.watcher = self.watcher, None
        if watcher is not None:
            watcher.__exit__(None, None, None)

    def say(self, text: str = "") -> None:
        """A line on standard output, unless nothing is to be said."""
        if not self.quiet:
            say(text)

    def prose(self, text: str) -> None:
        """A sentence, wrapped where it is wider than a terminal."""
        self.say(filled(text))

    def item(self, text: str) -> None:
        """A line of a list."""
        self.say(list_item(text))

    def fold(self, number: int, count: int, scores: Scores) -> None:
        """The score of a fold; after the last one, their mean and spread."""
        self.folds.append(scores.main[1])
        self.say(message(self.words, "train.fold", number=number, count=count, score=main_score(self.words, scores)))
        if number == count:
            self.say(line_of_folds(self.words, scores.main[0], self.folds))
            self.say()

    def cut_short(self) -> None:
        """How to go on; what `--force` may replace is still there."""
        say(message(self.words, "train.resume", command=self._command(force="--force" in self.asked)))

    def begins(self, run: Run, training: Training) -> None:
        """Data, columns, subsets, network and plan; then the progress of the epochs."""
        subsets = run.train, run.validation, run.test
        self.say(line_of_table(self.words, run.rows.first, sum(map(len, subsets))))
        for line in lines_of_preparation(self.words, run.preparation):
            self.item(line)
        for line in lines_of_split(self.words, run.plan, *map(len, subsets)):
            self.item(line)
        self.item(line_of_network(self.words, run.network))
        self.item(line_of_plan(self.words, run.plan, training.batch_size))
        self.item(self.words.plain("train.precision", precision=run.plan.precision))
        if run.plan.shuffle_block is not None:
            self.item(message(self.words, "train.blocks", rows=run.plan.shuffle_block, count=BLOCKS_AT_ONCE))
        if run.processes is not None:
            self.item(message(self.words, "train.processes", count=run.processes.count, backend=run.processes.backend))
            if run.plan.reduce_every > 1:
                self.item(message(self.words, "train.reduce_every", count=run.plan.reduce_every))
            elif run.costs is not None and run.costs[1] > (run.processes.count - 1) * run.costs[0]:
                part, reduction = (number_text(self.words, 1000 * seconds, 2) for seconds in run.costs)
                self.item(self.words.plain("train.too_small", part=part, reduction=reduction, parameters=f"{run.network.size:,}"))
        for text in self._cautions(run):
            self.item(self.words.plain("train.caution", text=text))
        if training.chosen.written:
            self.item(message(self.words, "train.written", reason=training.chosen.written))
        if training.epochs:
            self.item(message(self.words, "train.resumed", epoch=training.epochs))
        self.say()
        self.watcher = fitting_progress(self.words, run.plan.epochs, quiet=self.quiet, before=training.history)
        self.watcher.__enter__()

    def _cautions(self, run: Run) -> list[str]:
        """What about the rows is worth a line: at most three."""
        if self.quiet:
            return []
        from chainrule.api.doctor import before
        from chainrule.diagnosis.criteria import sentence
        from chainrule.diagnosis.examination import advice

        findings = before(run) if run.processes is None else run.findings
        found = [f"{sentence(self.words, one)} {advice(self.words, one)}" for one in findings]
        return [*found, *(message(self.words, f"caution.{one.key}", **one.values) for one in run.cautions)][:MOST_CAUTIONS]

    def epoch(self, report: Report, measure: Callable[[], Scores | None]) -> None:
        """One epoch more."""
        if self.watcher is not None:
            self.watcher(report, measure)

    def ends(self, model: Model, outcome: Outcome | Diverged) -> None:
        """How it ended, how good it is, where it is, and what next; or what went wrong, and what to do about it."""
        from chainrule.diagnosis.divergence import Diverged

        self.ended = True
        self._stop_watching()
        if isinstance(outcome, Diverged):
            self._diverged(outcome)
            return
        self.say()
        for line in lines_of_ending(self.words, model):
            self.prose(line)
        self._scores(model)
        self._verdict(model)
        say(message(self.words, "wrote", path=self.output))
        if outcome.reason == "interrupted":
            say(message(self.words, "train.resume", command=self._command()))
        else:
            self._next(model)

    def _scores(self, model: Model) -> None:
        part = next((name for name in ("test", "validation", "train") if name in model.scores), None)
        if part is not None:
            self.say()
            self.prose(message(self.words, f"train.scores.{part}", rows=model.scores[part].rows))
            for line in lines_of_scores(self.words, model.scores[part]):
                self.say(f"  {line}".rstrip())
            self.say()

    def _verdict(self, model: Model) -> None:
        if said := verdict_line(self.words, model, self.output):
            self.prose(said)
            self.say()

    def _next(self, model: Model) -> None:
        """Commands that can be typed as they stand, but for a file of other rows."""
        model_file, others = command_line(self.output), self.words.plain("train.others")
        data = f" --data {command_line(self.data)}" if isinstance(self.data, str) else ""  # several files the model knows by itself
        step = max(1, model.history[-1].step // 2) if model.history else 1
        own = "".join(f" --definitions {command_line(path)}" for path in click.get_current_context().meta.get(DEFINED, ()))
        commands = {
            "train.next.step": f"chainrule explain {model_file}{data} --step {step}{own}",
            "train.next.row": f"chainrule explain {model_file}{data} --row 3{own}",
            "train.next.evaluate": f"chainrule evaluate {model_file} {others}{own}",
            "train.next.predict": f"chainrule predict {model_file} {others}{own}",
        }
        self.say()
        self.say(self.words.plain("train.next"))
        for key, command in commands.items():
            self.say(f"  {command}")
            self.say(f"      {self.words.plain(key)}")

    def reported(self, path: str | None) -> None:
        """Where the report is, if one was asked for, and this process has made it."""
        if path is not None and self.ended:
            say(message(self.words, "wrote", path=path))

    def _diverged(self, outcome: Diverged) -> None:
        said = [self.words.plain("train.diverged", step=outcome.step, quantity=outcome.quantity, cause=outcome.cause(self.words))]
        if outcome.rate_that_works is not None:
            said.append(self.words.plain("train.rate_that_works", rate=f"{outcome.rate_that_works:g}"))
        complain(f"{' '.join(said)}\n{message(self.words, 'train.kept', path=self.output)}")

    def _command(self, *, force: bool = False) -> str:
        """The same command, to go on with it."""
        asked = [argument for argument in self.asked if argument not in ("--resume", "--force")]
        return command_line("chainrule", *asked, "--resume", *(["--force"] if force else []))


# Lines


def list_item(text: str) -> str:
    """A line of a list, wrapped where it is wider than a terminal."""
    return filled(text, "  ", "    ")


def filled(text: str, first: str = "", others: str = "") -> str:
    """The text in lines as wide as the terminal; what blanks hold together that do not break stays together, with plain blanks."""
    return textwrap.fill(text, prose_width(), initial_indent=first, subsequent_indent=others, break_on_hyphens=False).replace(
        "\N{NO-BREAK SPACE}", " "
    )


def lines_of_scores(words: Words, scores: Scores) -> Iterator[str]:
    """The scores, a line each, classes as a table; no prose is wider than a terminal."""
    for line in scores.lines(words):
        margin = line[: len(line) - len(line.lstrip())]
        wide = prose_width() - 4  # there may be a margin before them
        yield from [line] if "│" in line or len(line) <= wide else textwrap.wrap(line, wide, subsequent_indent=margin)


def line_of_folds(words: Words, name: str, values: Sequence[float | None]) -> str:
    """Mean and spread of the folds' scores."""
    from chainrule.training.metrics import score_text

    known = [value for value in values if value is not None] or [math.nan]
    mean = words.plain(f"score.{name}.short", value=words.decimal(score_text(statistics.fmean(known))))
    return words.plain("train.folds", count=len(values), score=mean, spread=words.decimal(score_text(statistics.pstdev(known))))


def lines_of_model(words: Words, path: str, model: Model) -> Iterator[str]:
    """What a model is and how it was made."""
    from chainrule.training.plan import batch_size_for

    yield filled(message(words, "model.trained", path=path, source=model.source.get("name", "–"), version=model.made_with))
    if model.preparation is None:
        yield "  " + words.plain("model.numbers_only")
    else:
        yield from map(list_item, lines_of_preparation(words, model.preparation))
        yield from lines_of_scales(words, model.preparation)
    yield list_item(line_of_network(words, model.network))
    yield list_item(line_of_plan(words, model.plan, model.plan.batch_size or batch_size_for(model.source.get("rows", 0))))
    yield list_item(words.plain("train.precision", precision=model.plan.precision))
    if model.history:
        yield "  " + message(
            words, "model.ended", epochs=model.outcome.get("epochs", model.history[-1].epoch), steps=model.history[-1].step
        )
        if "best_error" in model.outcome:
            yield from map(list_item, lines_of_kept(words, model))
    yield ""
    parts = [part for part in ("train", "validation", "test") if part in model.scores]
    for part in parts:
        yield message(words, f"model.scores.{part}", rows=model.scores[part].rows, score=main_score(words, model.scores[part]))
    folds = [scores.main[1] for name, scores in model.scores.items() if name.startswith("fold ")]
    if folds:
        yield line_of_folds(words, next(iter(model.scores.values())).main[0], folds)
    if parts:
        yield ""
        yield from (f"  {line}".rstrip() for line in lines_of_scores(words, model.scores[parts[-1]]))


def verdict_line(words: Words, model: Model, path: str) -> str:
    """One sentence where something is wrong with what the training came to, and what to type; else nothing."""
    from chainrule.api.doctor import verdict
    from chainrule.diagnosis.criteria import sentence

    finding = verdict(model)
    command = f"chainrule doctor {command_line(path)}"
    return "" if finding is None else f"{sentence(words, finding)} {words.plain('train.doctor', command=command)}"


def lines_of_scales(words: Words, preparation: Preparation) -> Iterator[str]:
    """Mean and standard deviation of every column that is standardised."""
    names, scales = (*preparation.feature_names, *preparation.output_names), (*preparation.input_scales, *preparation.output_scales)
    sides = zip(names, scales, strict=True)
    scaled = [(name, mean, deviation) for name, (mean, deviation) in sides if (mean, deviation) != (0, 1)]
    if scaled:
        yield "  " + message(words, "model.scales")
    for name, mean, deviation in scaled[:MOST_SCALES]:
        yield "  " + list_item(message(words, "model.scale", name=name, mean=mean, deviation=deviation))
    if len(scaled) > MOST_SCALES:
        yield "  " + list_item(message(words, "decided.more", count=len(scaled) - MOST_SCALES))


def curve_of_model(words: Words, model: Model) -> str:
    """The errors of the epochs as a terminal draws them; empty where it cannot, or there are too few."""
    from chainrule.pictures import curves
    from chainrule.training.outputs import curves_of

    if not curves.can_draw() or len(model.history) < 2:
        return ""
    errors = curves_of(model.history, words.plain("train.training"), words.plain("train.validation"))
    drawn = curves.terminal_curves(errors, prose_width() - 1, 10, colour=coloured())
    return f"\n{words.plain('model.history')}\n{drawn}"
