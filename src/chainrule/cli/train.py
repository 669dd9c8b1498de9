"""The commands of training: train, sweep, evaluate, predict, info. They print; what is computed is computed in `chainrule.api`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from chainrule.cli import DIVERGED, INTERRUPTED
from chainrule.cli.options import (
    DEFINITIONS,
    Sectioned,
    columns_option,
    complete_columns,
    complete_files,
    complete_lists,
    complete_sources,
    complete_words,
    definition_option,
    file_option,
    titled,
    with_options,
)
from chainrule.cli.output import complain, give, say

if TYPE_CHECKING:
    from chainrule.data.table import Table
    from chainrule.document.words import Words
    from chainrule.training.model import Model

STDIN = "/dev/stdin"
"""What is piped in, where the system has a name for it."""

DEFAULT_OUTPUT, BEST = "model.safetensors", "best.safetensors"

TRAIN_EXAMPLES = """\b
Examples
  chainrule train flowers.csv --target species
  chainrule train houses.csv --target price --hidden 32-32 --activation relu
  chainrule train data:iris --target species --report iris.html
  chainrule train flowers.csv --target species --resume
"""

EVALUATE_EXAMPLES = """\b
Example
  chainrule evaluate model.safetensors new.csv
"""

PREDICT_EXAMPLES = """\b
Examples
  chainrule predict model.safetensors new.csv
  chainrule predict model.safetensors new.csv --probabilities -o out.csv
"""

INFO_EXAMPLES = """\b
Example
  chainrule info model.safetensors
"""

DATA = click.argument("data", nargs=-1, required=True, shell_complete=complete_sources)
MODEL = click.argument("model", shell_complete=complete_files)
LAST = complete_words("last")

LANGUAGE = click.option(
    "--language", type=click.Choice(["en", "de"]), default="en", help="Language of what is printed; errors are in English.  [default: en]"
)
FORCE = click.option("--force", is_flag=True, help="Replace a file that is there.")

FORM_OPTIONS = (
    click.option("--separator", metavar="SIGN", help="Between the cells of a text file, as ; or tab.  [default: found out]"),
    click.option("--decimal", type=click.Choice([".", ","]), help="The decimal sign of a text file.  [default: found out, by column]"),
    click.option("--thousands", metavar="SIGN", help="The sign between thousands, as , or '.  [default: found out, by column]"),
    click.option("--units", metavar="NAMES", help='Units that are taken off numbers although not all have them, as "%,kg".'),
    click.option(
        "--missing",
        metavar="TEXT",
        multiple=True,
        help="A word or number for a missing value, as -999, besides the usual ones.",
    ),
    click.option("--encoding", metavar="NAME", help="Encoding of a text file, as cp1252.  [default: utf-8]"),
    click.option("--header/--no-header", default=None, help="Does the first row name the columns?  [default: found out]"),
    click.option(
        "--characters", type=click.IntRange(1), metavar="N", help="Take a text that is no table as rows of N characters and the next one."
    ),
)

COLUMN_OPTIONS = (
    columns_option("--target", help="What is to be predicted; several for several numbers."),
    click.option("--task", type=click.Choice(["classify", "regress"]), help="Classes or numbers?  [default: by the target's values]"),
    columns_option("--ignore", help="Leave a column out."),
    columns_option("--categories", help="Take a column of numbers as names of categories."),
    columns_option("--numbers", help="Take a column as numbers that would be left out, as one that counts the rows."),
    click.option(
        "--impute",
        metavar="HOW",
        shell_complete=complete_words("mean", "median", "most_frequent"),
        help="Fill missing values: mean, median or most_frequent.  [default: they are refused]",
    ),
    click.option(
        "--dates",
        metavar="PARTS",
        shell_complete=complete_lists("year", "month", "day", "weekday", "hour", "days"),
        help="Make inputs of dates: year, month, day, weekday, hour, days.  [default: left out]",
    ),
    click.option("--month-first/--day-first", default=None, help="Which comes first in 03/04/2024?  [default: found out, by column]"),
    click.option("--drop-missing", is_flag=True, help="Leave out rows without a target, or without an input that is not filled."),
)

NETWORK_OPTIONS = (
    click.option(
        "--network", metavar="NETWORK", shell_complete=complete_files,
        help="A description in TOML or JSON, or a short form, in place of the options below; it may say which columns go where.",
    ),
    click.option("--hidden", metavar="SIZES", default="32", help="Units of the hidden layers, as 16-16; 0 for none.  [default: 32]"),
    definition_option("activation", "Activation of the hidden layers.  [default: tanh]", default="tanh"),
    definition_option("loss", "Loss, as huber:delta=2.  [default: what fits the task]"),
    definition_option("regularizer", "Penalty on weights, as l2:rate=0.001."),
    DEFINITIONS,
)  # fmt: skip

PLAN_OPTIONS = (
    click.option("--epochs", type=click.IntRange(1), metavar="N", help="How often every row is used, at most.  [default: 1000]"),
    click.option("--batch-size", type=click.IntRange(1), metavar="N", help="Rows of one step.  [default: by the number of rows]"),
    definition_option("optimizer", "Update rule, as momentum.  [default: adam]"),
    definition_option(
        "schedule", "A number, or a schedule as cosine:rate=0.01,steps=900.  [default: 0.001]", "--learning-rate", "--lr", metavar="RATE"
    ),
    click.option(
        "--multipliers", metavar="NUMBERS",
        help='What the rates of layers or parameters are multiplied by: "hidden1=0.1 b2=2".  [default: 1 each]',
    ),
    click.option("--until", type=float, metavar="ERROR", help="Stop as soon as the training error is below this, as 1e-6."),
    click.option(
        "--patience", type=click.IntRange(1), metavar="N",
        help="Stop after N epochs that taught less than a thousandth of all so far.  [default: by their steps, none before 300]",
    ),
    click.option(
        "--validation", metavar="PART|last", shell_complete=LAST,
        help="Part of the rows, kept out of training, that tells when to stop.  [default: 0.1 of 8000 rows or more]",
    ),
    click.option(
        "--validation-folds", type=click.IntRange(0), metavar="K",
        help="K networks trained beside, each without a K-th of the rows, tell when to stop.  [default: 5 below 2000 rows, 3 below 8000]",
    ),
    click.option(
        "--test", metavar="PART|last", shell_complete=LAST,
        help="Part of the rows that says how good it is; last, last:0.2: the last ones.  [default: 0.15]",
    ),
    click.option(
        "--group", metavar="COLUMN", shell_complete=complete_columns,
        help="Rows with the same value here stay in one part, as of a patient; no input.",
    ),
    click.option("--folds", type=click.IntRange(2), metavar="K", help="Cross-validate first, in K folds."),
    click.option(
        "--class-weights", metavar="balanced", shell_complete=complete_words("balanced"),
        help="Let rare classes count as much as frequent ones.",
    ),
    click.option(
        "--reduce-every", type=click.IntRange(1), metavar="N",
        help="Of several processes: average weights every N steps, in place of gradients in each: another algorithm.",
    ),
    click.option("--shuffle/--no-shuffle", default=True, help="A new order of the rows in every epoch, or always theirs."),
    click.option(
        "--average-weights/--no-average-weights", default=None,
        help="Keep the moving average of the weights over the epochs, or those after one epoch.  [default: the average, if an epoch "
        "has several steps and validation rows or folds decide]",
    ),
    click.option(
        "--calibrate/--no-calibrate", default=None,
        help="Let weights be kept with the last layer divided by a temperature, where their validation error is clearly lower, or not.  "
        "[default: do, for classes, if validation rows or folds decide]",
    ),
    click.option("--seed", type=click.IntRange(0), metavar="N", default=0, help="Draws weights, parts and orders.  [default: 0]"),
    click.option(
        "--precision", type=click.Choice(["float32", "float64"]), default="float32",
        help="Numbers of 7 digits, twice as many at a time, or of 16.  [default: float32]",
    ),
    click.option(
        "--engine", type=click.Choice(["auto", "compiled", "written", "jax"]),
        help="Compute by machine code, by the NumPy program or by the one in JAX.  [default: machine code where there is some]",
    ),
)  # fmt: skip

OUTPUT_OPTIONS = (
    file_option("-o", "--output", default=DEFAULT_OUTPUT, help=f"The model.  [default: {DEFAULT_OUTPUT}]"),
    click.option("--resume", is_flag=True, help="Go on with the run that was cut short while it made this model."),
    FORCE,
    file_option("--log", help="Write every epoch to a .jsonl or .csv file."),
    file_option("--curve", help="Draw the errors to a .svg, .png or .pdf file."),
    file_option("--report", help="Report the run in one file: .html, .pdf, .md, .ipynb, .tex, .typ or .txt."),
    click.option("--quiet", is_flag=True, help="Say only where the model is."),
)


@click.command(cls=Sectioned, epilog=TRAIN_EXAMPLES, short_help="Train a network on your own data.")
@DATA
@with_options(
    *titled("The columns", *COLUMN_OPTIONS), *titled("The network", *NETWORK_OPTIONS), *titled("The training", *PLAN_OPTIONS),
    *titled("The file", *FORM_OPTIONS), *titled("What is written and said", *OUTPUT_OPTIONS, LANGUAGE),
)  # fmt: skip
def train(data: tuple[str, ...], output: str, quiet: bool, language: str, **options: Any) -> int:
    """Train a network on a table, and keep it as a model that predicts from raw rows.

    DATA is a CSV, TSV, Parquet, Feather, JSON lines, NumPy or IDX file, several of them, a folder or a pattern such as 'data/*.csv', a
    folder of images with a folder for each class, a text (--characters), or a set that ships with scikit-learn, as data:iris. Kinds
    of columns, task, loss and network follow from the table; what was decided is printed and kept with the model.
    """
    from chainrule.api import train as training
    from chainrule.api.resuming import check_resumed_options
    from chainrule.cli.report import TerminalReporter
    from chainrule.diagnosis.divergence import Diverged

    if options["resume"]:
        context = click.get_current_context()
        given = [name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
        check_resumed_options(output, {name: value for name, value in _whole(dict(options)).items() if name in given})
    reporter = TerminalReporter(language, _source(data), output, quiet=quiet, asked=click.get_current_context().obj or ())
    try:
        with reporter:
            model = training.train(_source(data), output=output, watch=reporter, language=language, **_whole(options))
    except Diverged:
        reporter.reported(options["report"])
        return DIVERGED
    except KeyboardInterrupt:
        if not reporter.ended:
            raise
        return INTERRUPTED
    reporter.reported(options["report"])
    return INTERRUPTED if model.outcome["reason"] == "interrupted" else 0


def _source(data: tuple[str, ...]) -> str | list[str]:
    """One file, or several; - is what is piped in, where the system has a name for it."""
    named = [STDIN if name == "-" and Path(STDIN).exists() else name for name in data]
    return named[0] if len(named) == 1 else named


def _whole(options: dict[str, Any]) -> dict[str, Any]:
    """The options as Python has them: a separator may be called tab, and nothing is said where it is empty."""
    if "dates" in options:
        options["dates"] = options["dates"] or ()
    separator = {"tab": "\t", "\\t": "\t"}.get(options["separator"], options["separator"])
    return {**options, "separator": separator, "units": options["units"] or ()}


@click.command(cls=Sectioned, epilog=EVALUATE_EXAMPLES, short_help="Measure a model on rows with known targets.")
@MODEL
@DATA
@with_options(*FORM_OPTIONS, DEFINITIONS, LANGUAGE)
def evaluate(model: str, data: tuple[str, ...], language: str, **form: Any) -> None:
    """Measure a model on raw rows with known targets, which it prepares as it did its own.

    Columns are found by their names, in any order. One that lacks is an error; further ones are ignored. A category that the model has
    never seen counts as none of the known ones; rows of a class that it has never seen count as wrong.
    """
    from chainrule.cli.report import lines_of_scores
    from chainrule.document.words import Words
    from chainrule.preparation.remarks import message
    from chainrule.training.model import Model

    words, found = Words(language), Model.load(model)
    scores = found.evaluate(_streamed(words, found, data, form, targets=True))
    say(message(words, "model.rows", rows=scores.rows, source=", ".join(data)))
    for line in lines_of_scores(words, scores):
        say(f"  {line}".rstrip())


@click.command(cls=Sectioned, epilog=PREDICT_EXAMPLES, short_help="Predict rows with a model.")
@MODEL
@DATA
@click.option("--probabilities", is_flag=True, help="Add the probability of every class.")
@with_options(*FORM_OPTIONS, DEFINITIONS)
@columns_option("--keep", help="Write this column of the data before the predictions, as an identifier.")
@click.option("--digits", type=click.IntRange(1, 17), metavar="N", help="Significant digits.  [default: as many as mean something]")
@click.option("--guard-formulas", is_flag=True, help="Write ' before a cell that a spreadsheet would run as a formula.")
@file_option("-o", "--output", help="Write to a .csv file instead.")
@FORCE
@LANGUAGE
def predict(
    model: str,
    data: tuple[str, ...],
    probabilities: bool,
    keep: tuple[str, ...],
    digits: int | None,
    guard_formulas: bool,
    output: str | None,
    force: bool,
    language: str,
    **form: Any,
) -> None:
    """Predict raw rows, which the model prepares as it did its own; the predictions are printed as CSV, a line a row.

    Numbers have the digits that mean something, down to a thousandth of the error that the model usually makes.

    Columns are found by their names, in any order. One that lacks is an error; targets and further ones are ignored. A category that the
    model has never seen counts as none of the known ones, and that is said; so is what the doctor finds wrong with the model's scores.
    """
    from chainrule.api.predictions import formula_cells, predictions
    from chainrule.cli.report import verdict_line
    from chainrule.document.words import Words
    from chainrule.preparation.remarks import message
    from chainrule.training.model import Model

    words, found = Words(language), Model.load(model)
    shown: dict[str, Any] = {"probabilities": probabilities, "keep": keep, "digits": digits, "guard_formulas": guard_formulas}
    lines = predictions(found, _streamed(words, found, data, form, keep=keep), **shown)
    if output is None:
        for line in lines:
            give(line)
    else:
        _write_lines(output, lines, force=force)
        say(message(words, "wrote", path=output))
    if cells := formula_cells(found):
        complain(message(words, "predict.guarded" if guard_formulas else "predict.formulas", cell=cells[0]))
    if said := verdict_line(words, found, model):
        complain(said)


def _write_lines(output: str, lines: Iterator[str], *, force: bool) -> None:
    from chainrule.base.files import writing_whole

    with writing_whole(output, replacing=force) as file:
        for line in lines:
            file.write(line.encode())


def _streamed(
    words: Words, model: Model, data: tuple[str, ...], form: dict[str, Any], *, targets: bool = False, keep: Sequence[str] = ()
) -> Iterator[Table]:
    """The tables of a file, a part at a time, with the kinds of columns that the model knows; remarks go to standard error at the end."""
    from collections import Counter

    from chainrule.base.errors import InputError
    from chainrule.base.frozen import replace
    from chainrule.data.reading import chunks
    from chainrule.preparation.remarks import joined_names, lines_of_remarks
    from chainrule.training.model import form_for

    preparation = model.preparation
    if preparation is None:
        raise InputError("this model was trained on numbers without a table, so it cannot prepare rows; use it from Python.")
    kinds = preparation.forms if targets else {**dict.fromkeys(keep, "text"), **preparation.input_forms}  # what is kept stays as it is
    unseen: Counter[tuple[str, str]] = Counter()
    far: dict[str, tuple[int, float]] = {}
    table, dropped = None, 0
    said = {name: value for name, value in _whole(form).items() if value not in (None, ())}
    source = _source(data)
    for table in chunks(source, kinds=kinds, names=model.column_orders, **form_for(model.source, source, said)):
        whole, table = table, preparation.complete(table) if targets else table
        dropped += len(whole) - len(table)
        if len(table):
            yield table
        unseen += preparation.unseen(table, targets=targets)
        far = preparation.far(table) | far
    if dropped:
        complain(words.plain("remark.dropped", count=dropped))
    if table is not None:
        if not table.has_header and table.names in model.column_orders:
            complain(words.plain("remark.no_header", source=table.source, names=joined_names(words, table.names)))
        strange = replace(table, columns=tuple(column for column in table.columns if column.name not in {*keep} - {*preparation.kinds}))
        for remark in lines_of_remarks(words, preparation, strange, unseen, far, targets=targets):
            complain(remark)


@click.command(cls=Sectioned, epilog=INFO_EXAMPLES, short_help="Show what a model is and how it was made.")
@MODEL
@DEFINITIONS
@LANGUAGE
def info(model: str, language: str) -> None:
    """Show what a model is: its network, what was decided about columns, how it was trained and how good it is."""
    from chainrule.cli.report import curve_of_model, lines_of_model
    from chainrule.document.words import Words
    from chainrule.training.model import Model

    words, found = Words(language), Model.load(model)
    for line in lines_of_model(words, model, found):
        say(line)
    if sys.stdout.isatty() and (curve := curve_of_model(words, found)):
        print(curve)


SWEEP_EXAMPLES = """\b
Examples
  chainrule sweep houses.csv --target price --grid "hidden=8,16 seed=0,1"
  chainrule sweep data:iris --target species --grid "hidden=4..64" --trials 9
  chainrule sweep houses.csv --target price --grid "hidden=8,16" --resume
"""

GRID_OPTIONS = (
    click.option(
        "--grid", metavar="SETTINGS", required=True,
        help='What trials differ in: "hidden=8,16 learning_rate=1e-3..1e-1". a..b are 5 values, a..b:9 are 9; in equal ratios where b is '
        "10 a or more.",
    ),
    click.option("--trials", type=click.IntRange(1), metavar="N", help="Draw N combinations, anywhere in the ranges.  [default: all]"),
    click.option("--processes", type=click.IntRange(1), metavar="N", help="Trials side by side.  [default: one for each processor]"),
    click.option(
        "--cluster", metavar="NAME", shell_complete=complete_words("dask:", "ray:auto"),
        help="Where they run instead: dask:tcp://host:8786, or ray:auto.",
    ),
)  # fmt: skip

SWEEP_OUTPUT_OPTIONS = (
    file_option("-o", "--output", default=BEST, help=f"The best model.  [default: {BEST}]"),
    click.option("--resume", is_flag=True, help="Go on with the sweep that was cut short: what ended is not trained again."),
    FORCE,
    click.option("--quiet", is_flag=True, help="Say only where the model is."),
)


@click.command(cls=Sectioned, epilog=SWEEP_EXAMPLES, short_help="Train with many settings, and keep the best.")
@DATA
@with_options(
    *titled("The trials", *GRID_OPTIONS), *titled("The columns", *COLUMN_OPTIONS), *titled("The network", *NETWORK_OPTIONS),
    *titled("The training", *PLAN_OPTIONS), *titled("The file", *FORM_OPTIONS),
    *titled("What is written and said", *SWEEP_OUTPUT_OPTIONS, LANGUAGE),
)  # fmt: skip
def sweep(data: tuple[str, ...], output: str, quiet: bool, language: str, **options: Any) -> int:
    """Train a network on a table with every combination of some settings, and keep the best model.

    Each trial is a training as `chainrule train` does it. They are compared on rows that did not train them: the validation rows, or all,
    each by the network of the fold without it. The rows that are kept for the test choose nothing. Trials run side by side; each one that
    ends is written at once, so that --resume goes on after whatever cut the sweep short.
    """
    from chainrule.cli.sweep import sweep_command

    context = click.get_current_context()
    own = [parameter.name for parameter in context.command.params if parameter.name in options]
    said = {name: options[name] for name in own if name is not None and context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    return sweep_command(_source(data), output, language, quiet, context.obj or (), **_said(said))


def _said(options: dict[str, Any]) -> dict[str, Any]:
    """What was said, as Python has it."""
    whole = _whole({"separator": None, "units": None, **options})
    return {name: whole[name] for name in options}


COMMANDS: tuple[click.Command, ...] = (train, sweep, evaluate, predict, info)
"""What `chainrule.cli.commands` adds to the group."""
