"""The commands beside explain and those of training: figure, page, doctor, check, code, examples, completion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chainrule.base.errors import InputError
from chainrule.cli.document import check_defined
from chainrule.cli.explain import step_of_batch
from chainrule.cli.options import (
    BATCH_OPTIONS,
    DEFINITIONS,
    DIGITS,
    FORMULA_OPTIONS,
    NETWORK_OPTIONS,
    WORDS_LANGUAGE,
    Sectioned,
    check_formula_alone,
    complete_definitions,
    complete_examples,
    complete_files,
    complete_weights,
    complete_words,
    file_option,
    problem_from_options,
    with_options,
)
from chainrule.cli.output import give, say

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from chainrule.explanation.explain import Detail

LARGEST_PROGRAM = 200
"""Numbers; a program with more of them, in batch and parameters, is printed as functions alone."""

FIGURE_EXAMPLES = """\b
Examples
  chainrule figure network -o network.svg
  chainrule figure chain mazur --weight w1 -o chain.png
  chainrule figure step -o step.svg
  chainrule figure boundary xor -o boundary.png
  chainrule figure forward 2-3-1 --input "1 2" -o forward.pdf
"""

LIVE_EXAMPLES = """\b
Examples
  chainrule page -o seed.html
  chainrule page mazur --notation ng -o mazur.html
  chainrule page 2-2-1 --input "1 0; 0 1" --target "1; 0" -o mine.html
"""

OPEN_EXAMPLES = """\b
Examples
  chainrule open
  chainrule open 2-3-1 --activation relu --notation ng
  chainrule open flowers.csv
  chainrule open model.safetensors
"""

CODE_EXAMPLES = """\b
Examples
  chainrule code
  chainrule code 784-128-10 --loss cross_entropy --optimizer adam -o digits.py
  chainrule code mazur --language torch
  chainrule code iris -o iris.onnx
  chainrule code 2-16-1 --engine compiled
  chainrule code --formula "c = a + b; f = c*a" --at "a=-4 b=2"
"""

DESCRIPTION_EXAMPLES = """\b
Examples
  chainrule examples
  chainrule examples xor -o mine.toml
"""

DOCTOR_EXAMPLES = """\b
Examples
  chainrule doctor
  chainrule doctor 3-8-1 --data houses.csv --learning-rate 0.01
  chainrule doctor mine.toml --apply cured.toml
  chainrule doctor model.safetensors --data houses.csv
"""

CHECK_EXAMPLES = """\b
Examples
  chainrule check mine.py
  chainrule check mine.py --as "X columns; loss cross_entropy"
  chainrule check --command ./mynet --as "activations tanh, identity"
  chainrule check submissions/*.py
  chainrule check step.json
  chainrule check numbers.csv --as mazur --marks
  chainrule check --by-hand mazur
"""

COMPLETION_EXAMPLES = """\b
Put it where your shell finds it:
  bash   chainrule completion bash >> ~/.bashrc
  zsh    chainrule completion zsh >> ~/.zshrc
  fish   chainrule completion fish > ~/.config/fish/completions/chainrule.fish
"""


def _figures(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of figures."""
    from click.shell_completion import CompletionItem

    from chainrule.api.figures import FIGURES

    return [CompletionItem(name, help=summary) for name, (_, summary) in FIGURES.items() if name.startswith(incomplete)]


@click.command("figure", cls=Sectioned, epilog=FIGURE_EXAMPLES, short_help="Draw a part of the explanation as a picture.")
@click.argument("name", required=False, shell_complete=_figures)
@with_options(*NETWORK_OPTIONS, *BATCH_OPTIONS)
@click.option("--detail", type=click.Choice(["overview", "matrix", "scalar"]), help="How far to zoom in.  [default: by the size]")
@click.option(
    "--weight",
    metavar="NAME",
    shell_complete=complete_weights,
    help="Of chain, update and descent: w1, b1[2], or hidden1.W[2,3].  [default: w1]",
)
@click.option("--step", type=click.IntRange(1, 100_000), metavar="N", help="Of the N-th step on the batch.  [default: 1]")
@click.option(
    "--steps", type=click.IntRange(1, 100_000), metavar="N", help="Of curve: so many steps.  [default: as many as are of interest]"
)
@click.option("--exact", is_flag=True, help="Count in fractions, without rounding.")
@DIGITS
@WORDS_LANGUAGE
@file_option("-o", "--output", help="Write to this .svg, .png or .pdf file.")
def draw(
    name: str | None, detail: Detail | None, weight: str | None, step: int | None, steps: int | None, exact: bool, digits: int | None,
    output: str | None, **options: Any,
) -> None:  # fmt: skip
    """Draw a part of the explanation as a picture, for slides, papers and pages.

    Without a NAME, the figures are listed. NETWORK as in `chainrule explain`. Networks and curves as .svg need nothing else; formulas, .png
    and .pdf are set by Typst: pip install "chainrule[pdf]".
    """
    from chainrule.api.figures import FIGURES, check_figure, figure, training_curve
    from chainrule.api.models import is_model, training_data_name
    from chainrule.base.errors import UnknownNameError
    from chainrule.training.model import Model

    if name is None:
        for known, (_, summary) in FIGURES.items():
            say(f"{known:<13}  {summary}")
        return
    if name not in FIGURES:
        raise UnknownNameError("figure", name, FIGURES)
    if output is None:
        raise InputError(f"say where to draw it, as chainrule figure {name} -o {name}.svg.")
    check_figure(output)
    of_its_training = name == "curve" and steps is None and is_model(options["network"])
    step = None if of_its_training else step_of_batch(step, options)
    if name == "boundary" and is_model(options["network"]) and not any(map(options.get, ("data", "input", "target", "row", "step"))):
        options["data"] = training_data_name(options["network"])
    if of_its_training:
        model = Model.load(options["network"])
        training_curve(model.history, model.network, options["language"]).save(output)
        say(f"wrote {output}")
        return
    subject = problem_from_options(**options)
    figure(subject, name, weight=weight, step=step, steps=steps, detail=detail, digits=digits, exact=exact).save(output)
    say(f"wrote {output}")
    check_defined(subject)


@click.command("page", cls=Sectioned, epilog=LIVE_EXAMPLES, short_help="Write a training step as a page that can be touched.")
@with_options(*NETWORK_OPTIONS, *BATCH_OPTIONS)
@click.option("--detail", type=click.Choice(["matrix", "scalar"]), help="How far its formulas zoom in.  [default: by the size]")
@click.option("--exact", is_flag=True, help="Begin with fractions in place of rounded numbers.")
@DIGITS
@WORDS_LANGUAGE
@file_option("-o", "--output", help="Write to this .html file.")
def write_page(detail: Detail | None, exact: bool, digits: int | None, output: str | None, **options: Any) -> None:
    """Write a training step as a page in which every number can be changed, and everything follows at once.

    One file that a browser opens from disk, without network access: weights, inputs, targets and the learning rate are dragged or typed,
    the step is walked through number by number, and training goes on as long as one likes. NETWORK as in `chainrule explain`.
    """
    from chainrule.api.page import page

    if output is None:
        raise InputError("say where the page is to be written: chainrule page -o page.html.")
    page(problem_from_options(**options), output, detail=detail, exact=exact, digits=digits)
    say(f"wrote {output}")


@click.command(
    "open", cls=Sectioned, epilog=OPEN_EXAMPLES, short_help="Open a page in the browser: change the network, train, look into it."
)
@with_options(*NETWORK_OPTIONS, *BATCH_OPTIONS)
@click.option("--detail", type=click.Choice(["matrix", "scalar"]), help="How far its formulas zoom in.  [default: by the size]")
@click.option("--exact", is_flag=True, help="Begin with fractions in place of rounded numbers.")
@DIGITS
@WORDS_LANGUAGE
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="Where the server listens.  [default: 8365, or one that is free]")
@click.option("--browser/--no-browser", default=True, help="Open it in the browser, or only print its address.")
def open_page(detail: str | None, exact: bool, digits: int | None, port: int | None, browser: bool, **options: Any) -> int:
    """Open a page in the browser, where the network itself can be changed, too, and trained on your own data.

    NETWORK as in `chainrule explain`; a trained model, as model.safetensors; a table, as flowers.csv or data:iris; or the link that "Copy
    a link" in a page gave, in quotes. Layers, activations, loss, optimiser, letters and language are chosen in the page; files are dropped
    on it; a training is watched, and any of its steps opened. The server answers this machine alone, and only who has the printed address.
    Ctrl-C ends it.
    """
    from chainrule.cli.open import open_command

    return open_command(port, browser, {"detail": detail, "exact": exact, "digits": digits}, options)


@click.command(cls=Sectioned, epilog=DOCTOR_EXAMPLES, short_help="Say why training fails, with a cure that was tried.")
@with_options(*NETWORK_OPTIONS, *BATCH_OPTIONS)
@click.option("--json", "as_json", is_flag=True, help="Print the diagnosis as JSON.")
@click.option(
    "--apply", metavar="OUT.toml", shell_complete=complete_files, help="Write the description with the cures to this .toml or .json file."
)
@WORDS_LANGUAGE
def doctor(network: str | None, as_json: bool, apply: str | None, **options: Any) -> int:
    """Say why training fails, or would fail: what is wrong, where it shows first, and a cure that was tried out.

    NETWORK as in `chainrule explain`; a model in a .safetensors file, which is examined on the rows that it was trained on or on those of
    --data FILE; or the .checkpoint of a run. The exit code is 0 where nothing was found, and 1 otherwise.
    """
    from chainrule.cli.doctor import doctor_command

    return doctor_command(network, as_json, apply, options)


@click.command("check", cls=Sectioned, epilog=CHECK_EXAMPLES, short_help="Name the mistake in somebody's back-propagation.")
@click.argument("files", nargs=-1, metavar="FILE …", shell_complete=complete_files)
@click.option("--as", "stated", default="", metavar="TEXT", help="What the program is, as in a header; of numbers, which network.")
@click.option("--command", metavar="COMMAND", help="A program in any language, which is asked by lines of JSON.")
@click.option(
    "--template",
    metavar="STYLE",
    shell_complete=complete_words("functions", "dictionaries", "class", "script", "layers"),
    help="Print a file to fill in: functions, dictionaries, class, script, layers.",
)
@click.option("--observe", is_flag=True, help="Watch the loop that trains, whatever functions there are.")
@click.option(
    "--loss", default="", metavar="NAME", shell_complete=complete_definitions("loss"), help="The loss.  [default: as the program has it]"
)
@DEFINITIONS
@click.option(
    "--hint",
    type=click.IntRange(1, 3),
    metavar="1|2|3",
    shell_complete=complete_words("1", "2", "3"),
    help="Lead to the mistake in place of naming it; 3 is plainest.",
)
@click.option("--marks", "form", flag_value="marks", help="Of numbers: a mark for each quantity, with errors carried forward.")
@click.option("--gradescope", "form", flag_value="gradescope", help="Print the result in Gradescope's format.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@click.option("--by-hand", "paper", is_flag=True, help="FILE is a network; its quantities are typed in, one by one.")
@click.option("--language", type=click.Choice(["en", "de"]), default="en", help="Language of the words.  [default: en]")
def check(
    files: tuple[str, ...], command: str | None, template: str | None, stated: str, observe: bool, loss: str, hint: int | None,
    form: str | None, as_json: bool, paper: bool, language: str,
) -> int:  # fmt: skip
    """Name the mistake in a back-propagation that was written by hand: what is wrong first, why, on which line, what should stand there.

    FILE is a program of Python or a notebook, which runs in a process of its own with limits (that of a stranger belongs into a container);
    or numbers: .json, .csv, .npz, a recorded step, a PyTorch state. The exit code is 0 where all is right, by whatever conventions, and 1
    where something is wrong or nothing could be judged.
    """
    from chainrule.cli.by_hand import by_hand
    from chainrule.cli.check import check_command

    if template is not None:
        from chainrule.learners.templates import template as template_of

        give(template_of(template))
        return 0
    if paper:
        from chainrule.document.words import Words

        if len(files) > 1:
            raise InputError("one network at a time is computed by hand; name one.")
        return by_hand(problem_from_options(files[0] if files else None), Words(language))
    return check_command(files, command, stated, observe, loss, as_json, hint, form or "", language)


@click.command(cls=Sectioned, epilog=CODE_EXAMPLES, short_help="Print the step as a program.")
@with_options(*NETWORK_OPTIONS, *BATCH_OPTIONS, *FORMULA_OPTIONS)
@click.option("--steps", type=click.IntRange(1, 1_000_000), default=2, metavar="N", help="Steps that the program takes.  [default: 2]")
@click.option(
    "--language", type=click.Choice(["numpy", "torch", "jax"]), default="numpy", help="Language of the program.  [default: numpy]"
)
@click.option(
    "--engine",
    type=click.Choice(["written", "compiled"]),
    default="written",
    help="The program, or the machine code that trains.  [default: written]",
)
@click.option("--assembly", is_flag=True, help="The machine code in the processor's language, in place of LLVM's.")
@file_option("-o", "--output", help="Write to this file instead.")
def code(
    language: str, steps: int, engine: str, assembly: bool, output: str | None, formula: str | None, at: str | None, **options: Any
) -> None:
    """Print the training step as the short program that a careful student would write.

    NETWORK as in `chainrule explain`. The program of a small network holds its numbers and runs as it stands; of a large one, the
    functions are printed. It is written for NumPy, PyTorch or JAX, and computes the same in each. With --engine compiled it is the machine
    code by which `chainrule train` computes, as pseudo-code and as LLVM's intermediate representation. With --formula it is plain Python
    for a formula and its derivatives. With -o FILE.onnx the network that predicts is written for other programs.
    """
    check_formula_alone(formula, at)
    if formula is not None:
        if language != "numpy":
            raise InputError(f"a formula is printed as plain Python; leave out --language {language}.")
        from chainrule.api.formulas import formula_code

        _give_source(formula_code(formula, at), output)
        return
    problem = _at_the_start(problem_from_options(**options))
    if engine == "compiled":
        if language != "numpy":
            raise InputError(f"machine code is in no other language; leave out --language {language}, or --engine compiled.")
        _machine_code(problem, assembly, output)
        return
    if output is not None and output.lower().endswith(".onnx"):
        _onnx(problem, language, output)
        return
    if assembly:
        raise InputError("--assembly is of machine code; add --engine compiled.")
    from chainrule.engines.languages import language_of
    from chainrule.engines.written import written_program
    from chainrule.formula.stated import refuse_stated

    network, batch = problem.network, {"x": problem.x, "t": problem.t}
    refuse_stated([network.derivation.error], "program")
    small = network.size + sum(numbers.size for numbers in batch.values()) <= LARGEST_PROGRAM
    example = {**batch, "steps": steps} if small else None
    _give_source(written_program(network, problem.optimizer, example, language_of(language)).source, output)


def _give_source(source: str, output: str | None) -> None:
    """On the screen, or in a file."""
    if output is None:
        give(source if source.endswith("\n") else f"{source}\n")
    else:
        write_text(output, source)


def _at_the_start(problem: Any) -> Any:
    """The problem, if a program that starts a run can start with it. Raises InputError."""
    from chainrule.api.models import Replayed

    record = problem.record if isinstance(problem, Replayed) else None
    if record is not None and (record.number > 1 or record.weights is not None):
        what = f"step {record.number} of one" if record.number > 1 else "a step whose samples have weights"
        raise InputError(f"the program begins a run, but this file records {what}: give the network that the run began with.")
    return problem


def _onnx(problem: Any, language: str, output: str) -> None:
    """The network that predicts, as a file for other programs."""
    from chainrule.api.modules import write_onnx

    if language != "numpy":
        raise InputError(f"an ONNX file is in no other language; leave out --language {language}.")
    write_onnx(problem.network, output)
    say(f"wrote {output}")


def _machine_code(problem: Any, assembly: bool, output: str | None) -> None:
    try:
        from chainrule.engines.compiled.engine import Compiled
        from chainrule.engines.compiled.pseudocode import annotated_code
    except ImportError as error:
        from chainrule.engines.choice import why_none

        raise InputError(f"there is no machine code here: {why_none(error)}") from None
    _give_source(annotated_code(Compiled(problem.network, problem.optimizer), len(problem.x), assembly=assembly), output)


def write_text(output: str, text: str) -> None:
    """Write a text file whole, and say so."""
    from chainrule.base.files import write_whole

    write_whole(output, text)
    say(f"wrote {output}")


@click.command(cls=Sectioned, epilog=DESCRIPTION_EXAMPLES, short_help="List the built-in examples, or print one.")
@click.argument("name", required=False, shell_complete=complete_examples)
@file_option("-o", "--output", help="Write the description to a .toml or .json file, to be changed.")
def examples(name: str | None, output: str | None) -> None:
    """List the built-in examples, or print the description of one, as a start for your own."""
    from chainrule.network.description import network_of_description
    from chainrule.network.examples import EXAMPLES, example

    if name is not None:
        _give(example(name), output)
    elif output is not None:
        raise InputError(f"say which example to write to {output}, as chainrule examples seed -o {output}.")
    else:
        for key, description in EXAMPLES.items():
            network = network_of_description(description)
            say(f"{key:<10}  {network.summary:<17}  {description['title']}")


def _give(description: dict[str, Any], output: str | None) -> None:
    from chainrule.network.description import to_toml, write_description

    if output is None:
        give(to_toml(description))
    else:
        write_description(output, description)
        say(f"wrote {output}")


@click.command(cls=Sectioned, epilog=COMPLETION_EXAMPLES, short_help="Print what lets a shell complete names.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete commands, options and names with the Tab key."""
    from click.shell_completion import get_completion_class

    from chainrule.cli.commands import chainrule

    known = get_completion_class(shell)
    assert known is not None
    give(known(chainrule, {}, "chainrule", "_CHAINRULE_COMPLETE").source() + "\n")


COMMANDS: tuple[click.Command, ...] = (draw, write_page, open_page, doctor, check, code, examples, completion)
"""What `chainrule.cli.commands` adds to the group."""
