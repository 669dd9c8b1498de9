"""The options by which people say which network, which batch and which optimiser they mean: the same for every command."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from chainrule.base.errors import InputError, quoted

if TYPE_CHECKING:
    from click.decorators import FC
    from click.shell_completion import CompletionItem

Command = TypeVar("Command", bound=Callable[..., Any])


def _offered(words: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """Those that begin as what is typed."""
    return [_item(word) for word in words if word.startswith(incomplete)]


def _item(word: str, **settings: Any) -> CompletionItem:
    """What a shell is offered; nobody else waits for what completes."""
    from click.shell_completion import CompletionItem

    return CompletionItem(word, **settings)


def complete_examples(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Built-in examples."""
    from chainrule.network.examples import EXAMPLES

    return [_item(name, help=example["title"]) for name, example in EXAMPLES.items() if name.startswith(incomplete)]


def _networks(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Built-in examples, then files."""
    return [*complete_examples(context, parameter, incomplete), *complete_files(context, parameter, incomplete)]


def complete_files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files."""
    return [_item(incomplete, type="file")]


EXIT_CODES = "Exit codes: 0 done; 1 a negative verdict; 2 bad input; 3 training diverged; 130 interrupted."


HELD = "\N{NON-BREAKING HYPHEN}"


class _Formatter(click.HelpFormatter):
    """No line of a help ends after a hyphen inside a word: what is to be typed stands as it is typed."""

    def write_text(self, text: str) -> None:
        """A paragraph."""
        super().write_text(text.replace("-", HELD))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Options, or commands, and what they are."""
        super().write_dl([(term, text.replace("-", HELD)) for term, text in rows], col_max, col_spacing)

    def getvalue(self) -> str:
        """The whole help."""
        return super().getvalue().replace(HELD, "-")


class _Context(click.Context):
    formatter_class = _Formatter


class Ending(click.Command):
    """A command whose help says what it may end with."""

    context_class = _Context

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples, then the exit codes."""
        super().format_epilog(ctx, formatter)
        formatter.write_paragraph()
        formatter.write_text(EXIT_CODES)


class Sectioned(Ending):
    """A command whose help shows its options in sections."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, section by section."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Option) and (line := parameter.get_help_record(ctx)) is not None:
                sections.setdefault(getattr(parameter, "section", "Options"), []).append(line)
        for title, lines in sections.items():
            with formatter.section(title):
                formatter.write_dl(lines)


def titled(title: str, *options: Callable[[Any], Any]) -> tuple[Callable[[Any], Any], ...]:
    """The same options, shown under a title of their own."""

    def marked(option: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def add(command: Any) -> Any:
            command = option(command)
            command.__click_params__[-1].section = title
            return command

        return add

    return tuple(map(marked, options))


def complete_sources(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Sets that ship with scikit-learn, then files."""
    from chainrule.data.shipped import PREFIX, SHIPPED

    found = _offered((f"{PREFIX}{name}" for name in SHIPPED), incomplete)
    return [*found, _item(incomplete, type="file")]


def complete_columns(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Columns of the data that stand on the line."""
    from chainrule.data.reading import chunks

    files = _words_for(context, "data")
    with suppress(InputError, OSError):
        table = next(iter(chunks(files[0] if len(files) == 1 else files, rows=1)))
        return _offered(table.names, incomplete)
    return []


def _words_for(context: click.Context, name: str) -> list[str]:
    """What stands on a line, whose last option lacks its value still, for an argument: click leaves such words where they are."""
    if said := context.params.get(name):
        return [said] if isinstance(said, str) else list(said)
    arguments = [parameter.name for parameter in context.command.params if isinstance(parameter, click.Argument)]
    return context.args[arguments.index(name) :]  # those before it are one word each


def complete_weights(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Weights of the network that stands on the line, by their numbers."""
    with suppress(InputError, OSError):
        parameters = problem_from_options(next(iter(_words_for(context, "network")), None)).network.shapes
        count = sum(math.prod(shape) for shape in parameters.values() if len(shape) == 2)
        names = [f"w{number}" for number in range(1, min(count, MOST_OFFERED) + 1)]
        return _offered(names, incomplete)
    return []


MOST_OFFERED = 200
"""Weights that a shell is offered."""


def complete_words(*words: str) -> Callable[..., list[CompletionItem]]:
    """These words."""
    return lambda context, parameter, incomplete: _offered(words, incomplete)


WORDS_LANGUAGE = click.option(
    "--language", metavar="en|de", shell_complete=complete_words("en", "de"), help="Language of the words.  [default: as described, or en]"
)

DIGITS = click.option("--digits", type=click.IntRange(1, 17), metavar="N", help="Significant digits of rounded numbers.  [default: 6]")

SUM_OR_MEAN = complete_words("sum", "mean")


def complete_lists(*words: str) -> Callable[..., list[CompletionItem]]:
    """These words, several of them with commas between."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        before, comma, _ = incomplete.rpartition(",")
        return _offered([f"{before}{comma}{word}" for word in words if word not in before.split(",")], incomplete)

    return complete


def complete_definitions(kind: str) -> Callable[..., list[CompletionItem]]:
    """Definitions of a kind, activations, losses …, each with what it is."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from chainrule.network.definitions import definitions

        return [_item(name, help=found.summary) for name, found in definitions(kind).items() if name.startswith(incomplete)]

    return complete


def file_option(*names: str, help: str, **settings: Any) -> Callable[[FC], FC]:
    """An option that takes a file."""
    return click.option(*names, metavar="FILE", shell_complete=complete_files, help=help, **settings)


def columns_option(name: str, *, help: str) -> Callable[[FC], FC]:
    """An option that takes a column of the data, and may stand several times."""
    return click.option(name, metavar="COLUMN", shell_complete=complete_columns, multiple=True, help=help)


def definition_option(kind: str, help: str, *names: str, **settings: Any) -> Any:
    """An option that takes the name of one kind of definition, an activation, a loss …, which a shell completes."""
    known = {"metavar": "NAME", "shell_complete": complete_definitions(kind), "help": help}
    return click.option(*(names or [f"--{kind}"]), **{**known, **settings})


def _layouts(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Words that say how weights are written."""
    from chainrule.network.weights import WORDS

    return complete_lists(*WORDS)(context, parameter, incomplete)


def _presets(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from chainrule.notation.conventions import PRESETS

    return _offered(PRESETS, incomplete)


DEFINED = "chainrule.definitions"
"""Under this name the context of a command knows the files of definitions that were run."""


def _run(context: click.Context, parameter: click.Parameter, files: tuple[str, ...]) -> None:
    """Runs a person's own definitions."""
    from chainrule.network.definitions import load_file

    context.meta[DEFINED] = files
    for path in files:
        load_file(path)


DEFINITIONS = click.option(
    "--definitions", metavar="FILE.py", multiple=True, shell_complete=complete_files, expose_value=False, is_eager=True, callback=_run,
    help="Your own activations, losses … in Python; the file is run.",
)  # fmt: skip


NETWORK_OPTIONS = (
    click.argument("network", required=False, shell_complete=_networks),
    click.option("--bias/--no-bias", default=None, help="A bias for all layers, or for none.  [default: as described; short form: yes]"),
    definition_option(
        "activation", "Activation of the hidden layers, as relu or leaky_relu:slope=0.2.  [default: as described; tanh in a short form]"
    ),
    definition_option("activation", "Activation of the last layer.  [default: what fits the loss]", "--output-activation"),
    definition_option("loss", "Loss, as cross_entropy or huber:delta=2.  [default: as described; half_squared in a short form]"),
    click.option(
        "--weights", metavar="NUMBERS", multiple=True,
        help='w1, w2 … unit by unit, then perhaps the biases: "0.21 0.56 …"; by matrix: \'W1="0.3 -0.1; 0.2 0.4" b1="0 0"\'; '
        'by name: "w14=0.2 w1,4=0.3", where w1,4 leads from unit 1 to unit 4; or a file of tensors, state.pt.  [default: drawn]',
    ),
    click.option(
        "--weights-as", metavar="WORDS",
        shell_complete=_layouts,
        help="How they are written, where a course does it otherwise: units-inputs or inputs-units, by-target or by-source, bias-first or "
        "bias-last, thresholds; several with commas.",
    ),
    click.option("--seed", type=int, metavar="N", help="Draws the weights, and the sample, where no numbers are given.  [default: 0]"),
    definition_option("initializer", "How weights are drawn, as uniform:low=-1,high=1.  [default: what fits the activation]"),
    definition_option("regularizer", "Penalty on weights, as l2:rate=0.1."),
    click.option(
        "--outputs", metavar="sum|mean", shell_complete=SUM_OR_MEAN, help="How the loss is counted over the outputs.  [default: sum]"
    ),
    click.option(
        "--batch", metavar="sum|mean", shell_complete=SUM_OR_MEAN, help="How the error is counted over the samples.  [default: mean]"
    ),
    definition_option("optimizer", "Update rule, as momentum or adam:beta1=0.8,clip_norm=1.  [default: as described, or sgd]"),
    definition_option(
        "schedule", "A number, or a schedule as cosine:rate=0.1,steps=50.  [default: as described, or the optimiser's own]",
        "--learning-rate", "--lr", metavar="RATE",
    ),
    click.option(
        "--multipliers", metavar="NUMBERS",
        help='What the rates of layers or parameters are multiplied by: "hidden1=0.1 b2=2".  [default: 1 each]',
    ),
    DEFINITIONS,
    click.option(
        "--notation", metavar="PRESET", shell_complete=_presets,
        help='Letters and conventions: seed, nielsen, ng, bishop, german, or as "learning_rate=α,vectors=columns".',
    ),
)  # fmt: skip

BATCH_OPTIONS = (
    click.option("--input", metavar="NUMBERS", help='Inputs, "8 12"; several samples as "0 1; 1 1".  [default: as described, else drawn]'),
    click.option("--target", metavar="NUMBERS", help='Targets, "4"; one row a sample.  [default: as described, else drawn]'),
    click.option(
        "--upstream",
        metavar="NUMBERS",
        help='A given ∂E/∂y, "-3 1", in place of targets and loss: back-propagation starts from it, and goes on to ∂E/∂x.',
    ),
    click.option(
        "--data", metavar="FILE", shell_complete=complete_sources, help="A table of numbers (CSV), in place of --input and --target."
    ),
    click.option("--row", metavar="N", multiple=True, help="Rows of the data or of the batch, from 1: 3, 3-7 or 3,5.  [default: all]"),
    click.option("--encoding", metavar="NAME", help="Encoding of the data, as cp1252.  [default: utf-8]"),
    click.option(
        "--target-columns",
        metavar="NAMES",
        shell_complete=complete_columns,
        help="Columns of the data that are targets: a,b.  [default: the last ones]",
    ),
)

FORMULA_OPTIONS = (
    click.option(
        "--formula", metavar="TEXT", help='A formula in place of a network: "c = a + b; d = a*b; f = c*d". The last line is the result.'
    ),
    click.option("--at", metavar="NUMBERS", help='The numbers of the letters of the formula: "a=-4 b=2".'),
)

OF_FORMULAS = {"notation", "language", "detail", "weight", "exact", "digits", "layout", "paper", "interactive", "output", "formula", "at"}
"""The options that go with --formula, besides those that every command has."""


def check_formula_alone(formula: str | None, at: str | None) -> None:
    """Raises InputError where an option of networks was given with a formula, or one of formulas without."""
    if formula is None and at is not None:
        raise InputError('--at gives the numbers of a formula; add --formula "…", or give a network its inputs with --input.')
    if formula is None:
        return
    context = click.get_current_context()
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        if given and parameter.expose_value and parameter.name not in OF_FORMULAS:
            what = f"the network {quoted(context.params['network'])}" if parameter.name == "network" else parameter.opts[0]
            raise InputError(f"a formula is explained without a network and data; leave out {what}, or --formula.")


def with_options(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """A command with these options, shown in this order."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def problem_from_options(network: str | None, row: tuple[str, ...] = (), weights: tuple[str, ...] = (), **options: Any) -> Any:
    """The problem that the options of a command line ask for. Raises InputError."""
    from chainrule.api.problems import problem

    return problem(network, row=row or None, weights=" ".join(weights) or None, **options)
