"""Messages about a training and about its model: texts of the catalogue, numbers with the language's decimal sign."""

from __future__ import annotations

import math
import shutil
import statistics
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from chainrule.api.train import Run
from chainrule.api.watching import Watch
from chainrule.base.printing import command_line
from chainrule.cli.options import DEFINED
from chainrule.cli.output import complain, say
from chainrule.cli.progress import Progress, fitting_progress, main_score
from chainrule.document.words import Words

if TYPE_CHECKING:
    from chainrule.diagnosis.divergence import Diverged
    from chainrule.network.network import Network
    from chainrule.preparation.preparation import Preparation
    from chainrule.training.history import Outcome, Report
    from chainrule.training.loop import Training
    from chainrule.training.metrics import Scores
    from chainrule.training.model import Model
    from chainrule.training.plan import Plan

MOST_CAUTIONS = 3
"""More lines than this nobody reads."""

NAMED = 12
"""So many names a line lists before it says how many more there are."""

REASONS = ("as asked", "constant", "dates", "numbers the rows", "all different", "nearly all different")
"""Why a column was left out, where the catalogue has words for it."""


MOST_SCALES = 24
"""Columns whose mean and standard deviation `chainrule info` lists."""


def message(words: Words, key: str, **values: object) -> str:
    """A text of the catalogue; numbers in it are rounded to six digits and have the language's decimal sign."""
    return words.plain(key, **{name: number_text(words, value) if isinstance(value, float) else value for name, value in values.items()})


def number_text(words: Words, value: float, digits: int = 6) -> str:
    """A number with so many significant digits at most."""
    return words.decimal(f"{value:.{digits}g}")


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
        self.say(_filled(text))

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
        table, subsets = run.rows.first, (run.train, run.validation, run.test)
        notes = "".join(f", {note}" for note in table.notes)
        self.say(message(self.words, "train.data", source=table.source, rows=sum(map(len, subsets)), columns=len(table.names), notes=notes))
        for line in lines_of_preparation(self.words, run.preparation):
            self.item(line)
        key = "train.split" if len(run.validation) else "train.split_folds" if training.fold_networks else "train.split_without"
        sizes = {"train": len(run.train), "validation": len(run.validation), "test": len(run.test)}
        self.item(message(self.words, key, **sizes, folds=run.plan.validation_folds))
        if run.plan.group is not None:
            self.item(message(self.words, "train.group", name=run.plan.group))
        self.item(line_of_network(self.words, run.network))
        self.item(line_of_plan(self.words, run.plan, training.batch_size))
        self.item(self.words.plain("train.precision", precision=run.plan.precision))
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

        found = [f"{sentence(self.words, one)} {advice(self.words, one)}" for one in before(run)]
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
        self._ended(model)
        self._scores(model)
        self._verdict(model)
        say(message(self.words, "wrote", path=self.output))
        if outcome.reason == "interrupted":
            say(message(self.words, "train.resume", command=self._command()))
        else:
            self._next(model)

    def _ended(self, model: Model) -> None:
        """Why it ended, and which weights are kept."""
        ended, plan = model.outcome, model.plan
        last = model.history[-1].error if model.history else float("nan")
        values = {"epoch": ended["epochs"], "until": plan.until or 0.0, "error": last, "patience": plan.patience}
        self.prose(message(self.words, f"train.ended.{ended['reason']}", **values))
        held_out = plan.until is None and ("validation" in model.scores or plan.validation_folds)
        part = self.words.plain("train.validation" if held_out else "train.training")
        key, error = "train.best" if ended["best_epoch"] else "train.best_start", ended["best_error"]
        if error is not None:
            self.prose(message(self.words, key, epoch=ended["best_epoch"], part=part, error=float(error)))

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
    return _filled(text, "  ", "    ")


def _filled(text: str, first: str = "", others: str = "") -> str:
    """The text in lines as wide as the terminal; what blanks hold together that do not break stays together, with plain blanks."""
    columns = min(80, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 80
    return textwrap.fill(text, columns, initial_indent=first, subsequent_indent=others, break_on_hyphens=False).replace(
        "\N{NO-BREAK SPACE}", " "
    )


def lines_of_preparation(words: Words, preparation: Preparation) -> Iterator[str]:
    """What was decided about the columns."""
    for target in preparation.targets:
        kind = f"decided.target.{target.kind}"
        yield words.plain(kind, name=target.name, count=len(target.classes), classes=joined_names(words, target.classes))
        if preparation.open_values:
            yield words.plain(f"decided.open.{target.kind}", name=target.name, count=preparation.open_values)
    for kind in ("number", "boolean", "category"):
        features = [feature for feature in preparation.features if feature.kind == kind]
        names = [
            words.plain("decided.values", name=feature.name, count=len(feature.categories)) if kind == "category" else feature.name
            for feature in features
        ]
        if names:
            yield words.plain(f"decided.{kind}", names=joined_names(words, names))
    for feature in preparation.features:
        if feature.parts:
            parts = [words.plain(f"decided.part.{part.name.removeprefix(f'{feature.name} ')}") for part in feature.parts]
            yield words.plain("decided.date", name=feature.name, parts=", ".join(parts))
    forms = {target.name: target.written for target in preparation.targets} | {one.name: one.written for one in preparation.features}
    written = [(name, form) for name, form in forms.items() if form]
    shown = [f"{name} {form.example}".replace(" ", "\N{NO-BREAK SPACE}") for name, form in written if form.thousands or form.unit]
    if shown:
        yield words.plain("decided.written", names=joined_names(words, shown))
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


def joined_names(words: Words, names: Sequence[str]) -> str:
    """Names with commas between, the first few of many."""
    rest = [words.plain("decided.more", count=len(names) - NAMED)] if len(names) > NAMED + 1 else []
    return ", ".join([*(names[:NAMED] if rest else names), *rest])


def line_of_network(words: Words, network: Network) -> str:
    """Sizes, functions and how many parameters there are."""
    key = "train.network" if len(network.layers) > 1 else "train.network_flat"
    inner = network.layers[0].activation
    names = {"activation": "" if inner is None else words.called("activation", inner.name)}
    results = {call.name: call.layer.activation for call in network.wiring.calls}
    ends = [results[call] for call in network.wiring.outputs.values()]
    names["output"] = ", ".join("–" if end is None else words.called("activation", end.name) for end in ends)
    losses = {name: words.called("loss", goal.loss.name) for name, goal in network.goals.items()}
    names["loss"] = ", ".join(f"{name}: {loss}" if len(losses) > 1 else loss for name, loss in losses.items())
    return words.plain(key, sizes=network.summary, parameters=network.size, **names)


def line_of_plan(words: Words, plan: Plan, batch_size: int) -> str:
    """Optimiser, rate, batches, epochs and seed."""
    rate = plan.optimizer.options.get("learning_rate")
    shown = number_text(words, rate) if isinstance(rate, (int, float)) else str(rate)
    return words.plain("train.plan", optimizer=plan.optimizer.name, rate=shown, batch_size=batch_size, epochs=plan.epochs, seed=plan.seed)


def lines_of_scores(words: Words, scores: Scores) -> Iterator[str]:
    """The scores, a line each, classes as a table; no prose is wider than a terminal."""
    for line in scores.lines(words):
        margin = line[: len(line) - len(line.lstrip())]
        yield from [line] if "│" in line or len(line) <= 76 else textwrap.wrap(line, 76, subsequent_indent=margin)


def line_of_folds(words: Words, name: str, values: Sequence[float | None]) -> str:
    """Mean and spread of the folds' scores."""
    from chainrule.training.metrics import score_text

    known = [value for value in values if value is not None] or [math.nan]
    mean = words.plain(f"score.{name}.short", value=words.decimal(score_text(statistics.fmean(known))))
    return words.plain("train.folds", count=len(values), score=mean, spread=words.decimal(score_text(statistics.pstdev(known))))


def lines_of_model(words: Words, path: str, model: Model) -> Iterator[str]:
    """What a model is and how it was made."""
    from chainrule.training.plan import batch_size_for

    yield message(words, "model.trained", path=path, source=model.source.get("name", "–"), version=model.made_with)
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
    """The errors of the epochs as a terminal draws them, in colour; empty where it cannot, or there are too few."""
    from chainrule.pictures import curves
    from chainrule.training.outputs import curves_of

    if not curves.can_draw() or len(model.history) < 2:
        return ""
    drawn = curves.terminal_curves(curves_of(model.history, words.plain("train.training"), words.plain("train.validation")), 79, 10)
    return f"\n{words.plain('model.history')}\n{drawn}"
