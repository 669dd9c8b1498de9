"""The command sweep: how its trials are said while they run, and what they came to."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from chainrule.api.sweep import sweep
from chainrule.cli import INTERRUPTED
from chainrule.cli.output import complain, say
from chainrule.cli.progress import duration
from chainrule.cli.report import lines_of_scores
from chainrule.document.words import Words
from chainrule.preparation.remarks import message, number_text
from chainrule.training.metrics import score_text
from chainrule.training.trials import TRIALS, Sweep, Trial

MOST_SHOWN = 20
"""Trials in the table at the end; all of them stand in its file."""


def sweep_command(data: str | list[str], output: str, language: str, quiet: bool, asked: Sequence[str], **options: Any) -> int:
    """Runs the trials, says what each came to and which is the best; gives the exit code. Raises InputError."""
    words, last = Words(language), list[Sweep]()

    def report(found: Sweep, trial: Trial) -> None:
        last[:] = [found]
        if not quiet:
            say(line_of_trial(words, found, trial))

    try:
        found = sweep(data, output=output, watch=report, **options)
    except KeyboardInterrupt:
        ended = len(last[0].trials) if last else 0
        complain(message(words, "sweep.interrupted", ended=ended, command=_again(asked)))
        return INTERRUPTED
    if not quiet:
        for line in lines_of_sweep(words, found, output):
            say(line)
    say(message(words, "sweep.wrote", path=output, table=f"{output}{TRIALS}"))
    return 0


def _again(asked: Sequence[str]) -> str:
    """The same command, to go on with it."""
    kept = [argument for argument in asked if argument not in ("--resume", "--force")]
    return shlex.join(["chainrule", *kept, "--resume"])


def line_of_trial(words: Words, found: Sweep, trial: Trial) -> str:
    """3/12   hidden 16, learning_rate 0.01: R² 0.91   the best so far"""
    width = len(str(found.count))
    ended = f"{len(found.trials):>{width}}/{found.count}  {_settings_text(words, trial)}"
    if trial.failure:
        return message(words, "sweep.failed", trial=ended, reason=trial.failure)
    best = f"   {words.plain('sweep.best_so_far')}" if found.trials[0] is trial else ""
    return f"{ended}: {_score_text(words, found, trial)}{best}"


def _settings_text(words: Words, trial: Trial) -> str:
    return ", ".join(f"{name} {_setting_text(words, value)}" for name, value in trial.settings.items())


def _setting_text(words: Words, value: Any) -> str:
    if isinstance(value, float):
        return number_text(words, value)
    return "-".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _score_text(words: Words, found: Sweep, trial: Trial) -> str:
    return words.plain(f"score.{found.measure}.short", value=words.decimal(score_text(trial.score)))


def lines_of_sweep(words: Words, found: Sweep, output: str) -> Iterator[str]:
    """The trials as a table, the best first; then what the best one is worth on rows that chose nothing."""
    assert found.best is not None
    settings = list(found.trials[0].settings)
    heads = [
        *settings,
        words.plain(f"sweep.{found.measure}"),
        words.plain("sweep.error"),
        words.plain("sweep.epochs"),
        words.plain("sweep.time"),
    ]
    shown = [trial for trial in found.trials if not trial.failure][:MOST_SHOWN]
    rows = [
        [
            *(_setting_text(words, trial.settings[name]) for name in settings),
            words.decimal(score_text(trial.score)),
            "–" if trial.error is None else number_text(words, float(trial.error), 4),
            str(trial.epochs),
            duration(trial.seconds),
        ]
        for trial in shown
    ]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    yield ""
    for cells in (heads, *rows):
        yield "  " + "   ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    failed = sum(bool(trial.failure) for trial in found.trials)
    if len(found.trials) - failed > len(shown):
        yield "  " + words.plain("decided.more", count=len(found.trials) - failed - len(shown))
    if failed:
        yield "  " + message(words, "sweep.failures", count=failed)
    yield ""
    if "test" in found.best.scores:
        yield message(words, "sweep.test", rows=found.best.scores["test"].rows)
        yield from (f"  {line}".rstrip() for line in lines_of_scores(words, found.best.scores["test"]))
        yield ""
