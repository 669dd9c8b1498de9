"""The options by which people say which network, which batch and which optimiser they mean: the same for every command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

Command = TypeVar("Command", bound=Callable[..., Any])
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _networks(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Built-in examples, then files."""
    from chainrule.network.examples import EXAMPLES

    found = [CompletionItem(name, help=example["title"]) for name, example in EXAMPLES.items() if name.startswith(incomplete)]
    return [*found, CompletionItem(incomplete, type="file")]


def complete_files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files."""
    return [CompletionItem(incomplete, type="file")]


def complete_definitions(kind: str) -> Complete:
    """The names of one kind: activations, losses …"""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from chainrule.network.definitions import definitions

        return [CompletionItem(name, help=found.summary) for name, found in definitions(kind).items() if name.startswith(incomplete)]

    return complete


def _presets(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from chainrule.notation.conventions import PRESETS

    return [CompletionItem(name) for name in PRESETS if name.startswith(incomplete)]


NETWORK_OPTIONS = (
    click.argument("network", required=False, shell_complete=_networks),
    click.option("--bias/--no-bias", default=None, help="A bias for all layers, or for none.  [default: as described; short form: yes]"),
    click.option(
        "--activation", metavar="NAME", shell_complete=complete_definitions("activation"),
        help="Activation of the hidden layers, as relu or leaky_relu:slope=0.2.  [default: as described; tanh in a short form]",
    ),
    click.option(
        "--output-activation", metavar="NAME", shell_complete=complete_definitions("activation"),
        help="Activation of the last layer.  [default: what fits the loss]",
    ),
    click.option(
        "--loss", metavar="NAME", shell_complete=complete_definitions("loss"),
        help="Loss, as cross_entropy or huber:delta=2.  [default: as described; half_squared in a short form]",
    ),
    click.option("--weights", metavar="NUMBERS", help='w1, w2 … unit by unit, then perhaps the biases: "0.21 0.56 …".  [default: drawn]'),
    click.option("--seed", type=int, metavar="N", help="Draws the weights, and the sample, where no numbers are given.  [default: 0]"),
    click.option(
        "--initializer", metavar="NAME", shell_complete=complete_definitions("initializer"),
        help="How weights are drawn, as uniform:low=-1,high=1.  [default: what fits the activation]",
    ),
    click.option(
        "--regularizer", metavar="NAME", shell_complete=complete_definitions("regularizer"), help="Penalty on weights, as l2:rate=0.1."
    ),
    click.option("--outputs", metavar="sum|mean", help="How the loss is counted over the outputs.  [default: sum]"),
    click.option("--batch", metavar="sum|mean", help="How the error is counted over the samples.  [default: mean]"),
    click.option(
        "--optimizer", metavar="NAME", shell_complete=complete_definitions("optimizer"),
        help="Update rule, as momentum or adam:beta1=0.8,clip_norm=1.  [default: as described, or sgd]",
    ),
    click.option(
        "--learning-rate", metavar="RATE", shell_complete=complete_definitions("schedule"),
        help="A number, or a schedule as cosine:rate=0.1,steps=50.  [default: as described, or the optimiser's own]",
    ),
    click.option(
        "--definitions", metavar="FILE.py", multiple=True, shell_complete=complete_files,
        help="Your own activations, losses … in Python; the file is run.",
    ),
    click.option(
        "--notation", metavar="PRESET", shell_complete=_presets,
        help='Letters and conventions: seed, nielsen, ng, bishop, german, or as "learning_rate=α,vectors=columns".',
    ),
)  # fmt: skip

BATCH_OPTIONS = (
    click.option("--input", metavar="NUMBERS", help='Inputs, "8 12"; several samples as "0 1; 1 1".  [default: as described, else drawn]'),
    click.option("--target", metavar="NUMBERS", help='Targets, "4"; one row a sample.  [default: as described, else drawn]'),
    click.option(
        "--data", metavar="FILE", shell_complete=complete_files, help="A table of numbers (CSV), in place of --input and --target."
    ),
    click.option("--row", metavar="N", multiple=True, help="Rows of the data or of the batch, from 1: 3, 3-7 or 3,5.  [default: all]"),
    click.option("--encoding", metavar="NAME", help="Encoding of the data, as cp1252.  [default: utf-8]"),
    click.option("--target-columns", metavar="NAMES", help="Columns of the data that are targets: a,b.  [default: the last ones]"),
)


def with_options(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """A command with these options, shown in this order."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def asked(network: str | None, definitions: tuple[str, ...], row: tuple[str, ...] = (), **options: Any) -> Any:
    """The problem that the options of a command line ask for. Raises InputError."""
    from chainrule.api.problems import problem
    from chainrule.network.definitions import load_file

    for path in definitions:
        load_file(path)
    return problem(network, row=row or None, **options)
