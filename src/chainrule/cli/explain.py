"""The command explain: a training step, or a formula, on the screen or in files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from chainrule.base.errors import InputError
from chainrule.cli.document import check_defined, give_document
from chainrule.cli.options import (
    BATCH_OPTIONS,
    DIGITS,
    FORMULA_OPTIONS,
    NETWORK_OPTIONS,
    WORDS_LANGUAGE,
    Sectioned,
    check_formula_alone,
    complete_weights,
    complete_words,
    file_option,
    problem_from_options,
    titled,
    with_options,
)
from chainrule.cli.output import say

if TYPE_CHECKING:
    from chainrule.explanation.explain import Detail

EXPLAIN_EXAMPLES = """\b
Examples
  chainrule explain
  chainrule explain mazur --weight w1
  chainrule explain 2-2-1 --no-bias --input "8 12" --target 4
  chainrule explain 4-8-1 --data flowers.csv --row 3-7 -o flowers.md
  chainrule explain --layout slides -o seed.pdf
  chainrule explain model.safetensors --data flowers.csv --row 3
  chainrule explain --formula "c = a + b; f = c*a" --at "a=-4 b=2"
"""


STEP_OPTIONS = (
    click.option("--step", type=click.IntRange(1, 100_000), metavar="N", help="Explain the N-th step on the batch.  [default: 1]"),
    click.option(
        "--steps",
        type=click.IntRange(1, 1000),
        default=1,
        metavar="N",
        help="Explain N steps, the first ones or from --step on.  [default: 1]",
    ),
    click.option(
        "--order", metavar="ROWS", help='A step for each group of rows: "1; 2; 3", or "1 2; 3 4"; then all of them stand in a table.'
    ),
    click.option("--epochs", type=click.IntRange(1), metavar="N", help="Go through the order so many times.  [default: 1]"),
)

EXTENT_OPTIONS = (
    click.option("--detail", type=click.Choice(["overview", "matrix", "scalar"]), help="How far to zoom in.  [default: by the size]"),
    click.option("--brief", is_flag=True, help="Work out one of each kind; the others stand in tables.  [default: beyond 450 lines]"),
    click.option("--all", is_flag=True, help="Leave nothing out: every weight, every sample."),
    click.option("--mistakes", is_flag=True, help="Add which common mistakes would change a number here, and to what."),
    click.option(
        "--weight",
        metavar="NAME",
        shell_complete=complete_weights,
        help="Explain one weight only: w1, b1[2], or hidden1.W[2,3]; or one letter of a formula.",
    ),
    click.option("--exact", is_flag=True, help="Count in fractions, without rounding."),
    DIGITS,
)

PAGE_OPTIONS = (
    WORDS_LANGUAGE,
    click.option(
        "--layout",
        metavar="article|slides|handout",
        shell_complete=complete_words("article", "slides", "handout"),
        default="article",
        help="Of a file with pages.  [default: article]",
    ),
    click.option(
        "--paper",
        metavar="a4|letter",
        shell_complete=complete_words("a4", "letter"),
        default="a4",
        help="Of a file with pages.  [default: a4]",
    ),
    click.option("--interactive", is_flag=True, help="Step through it with the arrow keys."),
    file_option("-o", "--output", help="Write to a file: .html, .pdf, .tex, .typ, .ipynb, .md, .txt, or .json (the recorded step)."),
)


@click.command(cls=Sectioned, epilog=EXPLAIN_EXAMPLES, short_help="Explain a training step, number by number.")
@with_options(
    *titled("The network", *NETWORK_OPTIONS), *titled("The samples", *BATCH_OPTIONS), *titled("In place of a network", *FORMULA_OPTIONS),
    *titled("Which steps", *STEP_OPTIONS), *titled("How much is shown", *EXTENT_OPTIONS), *titled("Where to", *PAGE_OPTIONS),
)  # fmt: skip
def explain(
    detail: Detail | None, brief: bool, all: bool, mistakes: bool, weight: str | None, step: int | None, steps: int, order: str | None,
    epochs: int | None, exact: bool, digits: int | None, layout: str, paper: str, interactive: bool, output: str | None,
    formula: str | None, at: str | None, **options: Any,
) -> None:  # fmt: skip
    """Explain a training step: forward pass, error, chain rule, update, and what it did.

    NETWORK is nothing (the seed's network), a built-in example (see `chainrule examples`), a short form such as 2-2-1,
    a description in a .toml or .json file, - for one on standard input, a model in a .safetensors file, or a PyTorch program in a .pt2
    file. Of a model, --data FILE --row 3 shows what a step on that row would do, and --step 500 the very step of its training. A step that
    -o step.json has recorded is explained as it was. With --formula it is a formula that is explained, without a network.
    """
    from chainrule.render.formats import check_format

    check_formula_alone(formula, at)
    suffix = None if output is None else check_format(output, ".json")
    if brief and all:
        raise InputError("--brief leaves out what goes alike, and --all leaves nothing out; choose one of them.")
    if interactive and not (output is None and sys.stdout.isatty() and sys.stdin.isatty()):
        raise InputError("--interactive needs a terminal; leave it out to get everything at once.")
    shape: dict[str, Any] = {"detail": detail, "weight": weight, "digits": digits, "exact": exact}
    if formula is not None:
        from chainrule.api.formulas import explain_formula

        if suffix == ".json":
            raise InputError("a .json file records a training step, and a formula has none; write .html, .md or another kind of document.")
        document = explain_formula(formula, at, notation=options["notation"], language=options["language"], **shape)
        give_document(document, output, layout, paper, interactive=interactive)
        return
    step = step_of_batch(step, options) if order is None else step
    problem = problem_from_options(**options)
    if output is not None and suffix == ".json":
        _record(problem, output, step, steps, exact, order, epochs)
    else:
        document = problem.explain(step=step, steps=steps, order=order, epochs=epochs, brief=brief, all=all, mistakes=mistakes, **shape)
        give_document(document, output, layout, paper, interactive=interactive)
    check_defined(problem)


def step_of_batch(step: int | None, options: dict[str, Any]) -> int | None:
    """Which step on a batch is asked for. One of a model without rows is a step of the training that made it: then the options say so."""
    if step is None:
        return None
    from chainrule.api.models import is_model

    if not is_model(options["network"]) or options["row"] or options["input"] is not None:
        return step
    options["step"] = step
    return None


def _record(problem: Any, output: str, step: int | None, steps: int, exact: bool, order: str | None, epochs: int | None) -> None:
    """Write the recorded step as JSON."""
    from chainrule.steps.step import steps_after

    if steps > 1:
        raise InputError("a .json file holds one step; name it, as --step 3.")
    run = problem.steps(exact=exact, order=order, epochs=epochs)
    recorded = next(steps_after(run, (step or 1) - 1, one_batch=order is None), None)
    if recorded is None:
        raise InputError(f"the run ends before step {step}; with more --epochs it goes on.")
    recorded.save(output)
    say(f"wrote {output}")


COMMANDS: tuple[click.Command, ...] = (explain,)
"""What `chainrule.cli.commands` adds to the group."""
