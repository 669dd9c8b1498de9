"""The commands, from their arguments to what they print and write."""

import inspect
import json
import os
import subprocess
import sys
import tomllib

import click
import pytest
from click.shell_completion import BashComplete
from tests.samples import some

from chainrule.api.problems import problem
from chainrule.cli import main
from chainrule.cli.commands import chainrule
from chainrule.network.description import to_toml
from chainrule.network.examples import EXAMPLES
from chainrule.steps.step import Step


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(arguments, capsys):
    """What a command prints that ends well."""
    assert main(arguments) == 0, capsys.readouterr().err
    out, err = capsys.readouterr()
    assert err == ""
    return out


def recorded(arguments, capsys):
    """The step that `explain -o` records."""
    assert printed(["explain", *arguments, "-o", "step.json"], capsys) == "wrote step.json\n"
    return Step.load("step.json")


def test_examples_are_listed_with_what_they_show(capsys):
    lines = printed(["examples"], capsys).splitlines()
    assert [line.split()[0] for line in lines] == list(EXAMPLES)
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_printed_as_a_description(name, capsys):
    assert tomllib.loads(printed(["examples", name], capsys)) == EXAMPLES[name]


def test_an_example_becomes_a_file_to_start_from(folder, capsys):
    printed(["examples", "xor", "-o", "mine.toml"], capsys)
    assert recorded(["mine.toml"], capsys).error == problem("xor").step().error


def test_the_seed_is_recorded(folder, capsys):
    step = recorded([], capsys)
    assert step.error == pytest.approx(1.59561248, rel=1e-12)
    assert step.origin["source"] == "seed"
    assert json.loads((folder / "step.json").read_text())["values"]["E"] == step.error


def test_a_later_step_is_recorded(folder, capsys):
    step = recorded(["mazur", "--step", "3"], capsys)
    assert step.number == 3
    assert step.error < problem("mazur").step().after.error


def test_fractions_are_recorded(folder, capsys):
    step = recorded(["--exact"], capsys)
    assert str(step.gradients["W2"][1, 0]) == "-49126/15625"


def test_what_is_drawn_is_recorded(folder, capsys):
    step = recorded(["2-2-1", "--seed", "3", "--no-bias"], capsys)
    assert step.origin == {"source": "2-2-1", "drawn": ["W1", "W2", "x", "t"], "seed": 3}


def explained(arguments, capsys):
    assert main(["explain", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["mazur", "--step", "3", "--optimizer", "adam"],
        ["2-2-1", "--no-bias", "--weights", "1 2 3 4 5 6", "--seed", "4"],
        ["--exact", "--step", "2"],
        ["--exact", "--notation", "ng"],
    ],
)
def test_a_recorded_step_is_explained_as_it_was(arguments, folder, capsys):
    recorded(arguments, capsys)
    before = explained(arguments, capsys)
    assert explained(["step.json"], capsys) == before
    assert main(["explain", "step.json", "-o", "again.json"]) == 0
    assert (folder / "again.json").read_bytes() == (folder / "step.json").read_bytes()
    assert main(["figure", "network", "step.json", "-o", "x.svg"]) == 0


def test_a_recorded_step_is_told_in_other_letters_and_goes_on(folder, capsys):
    recorded(["mazur", "--step", "3", "--optimizer", "adam"], capsys)
    german = ["--notation", "german", "--language", "de"]
    same = explained(["mazur", "--step", "3", "--optimizer", "adam", *german], capsys)
    assert explained(["step.json", *german], capsys) == same
    assert explained(["mazur", "--step", "4", "--optimizer", "adam"], capsys) == explained(["step.json", "--step", "2"], capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain", "step.json", "--learning-rate", "1", "--seed", "0"], "leave out --seed, --learning-rate"),
        (["explain", "step.json", "--input", "1 2"], "leave out --input"),
        (["explain", "step.json", "--row", "1"], "leave out --row"),
        (["explain", "step.json", "--exact"], "recorded in floating point; leave out --exact"),
        (["code", "step.json"], "this file records step 2 of one: give the network"),
        (["train", "data:iris", "--target", "species", "step.json"], "no column of"),
    ],
)
def test_a_recorded_step_is_what_it_is(arguments, message, folder, capsys):
    recorded(["mazur", "--step", "2"], capsys)
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def test_a_recorded_first_step_is_a_program(folder, capsys):
    recorded(["mazur"], capsys)
    programs = [main(["code", source]) or capsys.readouterr().out for source in ("mazur", "step.json")]
    assert programs[0] == programs[1]


@pytest.mark.parametrize(
    ("content", "arguments", "x", "t", "features"),
    [
        ("1,2,3\n4,5,6\n", [], [[1, 2], [4, 5]], [[3], [6]], ()),
        ("a,b,c\n1,2,3\n4,5,6\n", ["--row", "2"], [[4, 5]], [[6]], ("a", "b")),
        ("a,b,c\n1,2,3\n4,5,6\n", ["--row", "2", "--row", "1"], [[4, 5], [1, 2]], [[6], [3]], ("a", "b")),
        ("a;b;c\n1,5;2;3\n", [], [[1.5, 2]], [[3]], ("a", "b")),
        ("a\tb\tc\r\n1.5\t2\t3\r\n", [], [[1.5, 2]], [[3]], ("a", "b")),
        ("1 2 3\n4 5 6\n7 8 9\n", ["--row", "1,3"], [[1, 2], [7, 8]], [[3], [9]], ()),
        ("1,2,3\n", ["--target-columns", "column1"], [[2, 3]], [[1]], ()),
        ("c,a,b\n3,1,2\n", ["--target-columns", "c"], [[1, 2]], [[3]], ("a", "b")),
        ('\ufeff"a","b","c"\n"1","2","3"\n\n', [], [[1, 2]], [[3]], ("a", "b")),
    ],
)
def test_tables(content, arguments, x, t, features, folder, capsys):
    (folder / "rows.csv").write_bytes(content.encode())
    step = recorded(["--data", "rows.csv", *arguments], capsys)
    assert (step.x.tolist(), step.t.tolist()) == (x, t)
    assert step.origin["data"] == "rows.csv"
    asked = {"target_columns": arguments[1]} if "--target-columns" in arguments else {}
    assert problem(data="rows.csv", **asked).features == features


def test_a_description_on_standard_input():
    for text in (json.dumps(EXAMPLES["seed"]), to_toml(EXAMPLES["mazur"])):
        ended = subprocess.run([sys.executable, "-m", "chainrule", "code", "-"], input=text, capture_output=True, text=True, check=True)
        assert ended.stdout.startswith("import numpy as np")


@pytest.mark.parametrize("name", some(EXAMPLES, 3))
def test_the_printed_program_runs_and_says_the_same(name, folder, capsys):
    (folder / "program.py").write_text(printed(["code", name, "--steps", "3"], capsys))
    ended = subprocess.run([sys.executable, "program.py"], capture_output=True, text=True, check=True, timeout=600)
    errors = [float(line.split()[-1]) for line in ended.stdout.splitlines()]
    steps = problem(name).steps()
    assert errors == pytest.approx([next(steps).error for _ in range(3)], rel=1e-12)


def test_a_large_program_is_printed_without_its_numbers(folder, capsys):
    printed(["code", "20-30-10", "--loss", "cross_entropy", "--optimizer", "adam", "-o", "large.py"], capsys)
    text = (folder / "large.py").read_text()
    assert "def step(" in text
    assert "np.array" not in text


def test_own_definitions_are_used(folder, capsys):
    (folder / "own.py").write_text("import chainrule as cr\n\n@cr.activation\ndef bent(z, *, bend=0.5):\n    return z + bend * cr.sin(z)\n")
    from chainrule.network.definitions import REGISTRY

    try:
        step = recorded(["2-2-1", "--definitions", "own.py", "--activation", "bent:bend=2"], capsys)
        assert step.network.layers[0].activation.described() == {"name": "bent", "bend": 2}
    finally:
        REGISTRY["activation"].pop("bent", None)


CONTEXT = click.Context(chainrule)
COMMANDS = {name: chainrule.get_command(CONTEXT, name) for name in chainrule.list_commands(CONTEXT)}


def options_of(command):
    return {parameter.name for parameter in COMMANDS[command].params}


def test_every_option_has_a_python_twin():
    from chainrule.api.formulas import explain_formula
    from chainrule.document.document import Document
    from chainrule.engines.compiled.pseudocode import annotated_code
    from chainrule.explanation.explain import explain

    functions = (problem, explain, explain_formula, Document.save, annotated_code)
    ours = {name for function in functions for name in inspect.signature(function).parameters}
    only_here = {"network", "definitions", "interactive", "output"}  # `source`, `load_file`, and ways to show a document
    assert options_of("explain") - only_here <= ours
    assert options_of("code") - only_here <= ours


def test_every_option_says_what_it_does():
    for command in COMMANDS.values():
        assert command.help
        for parameter in command.params:
            assert isinstance(parameter, click.Argument) or parameter.help.rstrip("]").rstrip()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_80_columns(command, capsys):
    chainrule.main([command, "--help"], prog_name="chainrule", terminal_width=80, standalone_mode=False)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(shell, capsys):
    assert f"_CHAINRULE_COMPLETE={shell}_complete" in printed(["completion", shell], capsys)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("chainrule ex", {"explain", "examples"}),
        ("chainrule explain ma", {"mazur"}),
        ("chainrule explain --loss hi", {"hinge"}),
        ("chainrule explain --notation ni", {"nielsen"}),
        ("chainrule explain --learning-rate co", {"constant", "cosine"}),
        ("chainrule explain mazur --weight w", {"w1", "w8"}),
        ("chainrule explain --layout s", {"slides"}),
        ("chainrule explain --weights-as by-source,b", {"by-source,bias-first", "by-source,bias-last"}),
        ("chainrule check --template c", {"class"}),
        ("chainrule train t.csv --dates month,", {"month,weekday", "month,hour"}),
        ("chainrule train t.csv --test l", {"last"}),
        ("chainrule train data:i", {"data:iris"}),
        ("chainrule train data:iris --target s", {"species", "sepal_width"}),
        ("chainrule predict model.safetensors t.csv --keep s", {"species", "sepal_width"}),
    ],
)
def test_names_are_completed(words, offered, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("species,sepal_width,petal_width\nsetosa,3.5,0.2\n")
    _, *before, begun = words.split()
    found = BashComplete(chainrule, {}, "chainrule", "_CHAINRULE_COMPLETE").get_completions(before, begun)
    assert offered <= {one.value for one in found}


def test_words_that_help_offers_are_completed():
    """Of every option whose value is said to be one of several words, or one word."""
    seen = 0
    for name in chainrule.list_commands(click.Context(chainrule)):
        command = chainrule.get_command(click.Context(chainrule), name)
        for option in command.params:
            words = [word for word in (option.metavar or "").split("|") if word.islower()]
            if isinstance(option, click.Option) and words and " " not in option.metavar:
                found = option.shell_complete(click.Context(command), "")
                assert {one.value for one in found} >= set(words), (name, option.name)
                seen += 1
    assert seen > 20


def test_a_shell_gets_completions():
    asked = {"COMP_WORDS": "chainrule explain ma", "COMP_CWORD": "2", "_CHAINRULE_COMPLETE": "bash_complete"}
    ended = subprocess.run([sys.executable, "-m", "chainrule"], capture_output=True, text=True, env=os.environ | asked, check=False)
    assert "plain,mazur" in ended.stdout.splitlines()


def test_help_has_sections_and_exit_codes(capsys):
    for command, sections in (("explain", ("The network:", "Which steps:", "Where to:")), ("train", ("The columns:", "The training:"))):
        text = printed([command, "--help"], capsys)
        assert all(f"\n{title}\n" in text for title in sections)
        assert "Exit codes: 0 done; 1 a negative verdict; 2 bad input; 3 training diverged" in text


# What is explained


def test_explain_prints_plain_text_when_piped():
    ended = subprocess.run([sys.executable, "-m", "chainrule", "explain"], capture_output=True, text=True, check=True, timeout=600)
    assert "\x1b" not in ended.stdout
    assert "2.2136" in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_rich_is_not_imported_when_piped():
    asked = "print('rich' in sys.modules, 'click' in sys.modules)"
    program = f"import sys; from chainrule.cli import main; main(['explain', '--brief']); {asked}"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=600)
    assert ended.stdout.splitlines()[-1] == "False True"


@pytest.mark.parametrize(("name", "sign"), [("x.md", "#"), ("x.txt", "2.2136")])
def test_explanations_are_written(name, sign, folder, capsys):
    (folder / name).write_text("old")
    assert printed(["explain", "-o", name], capsys).startswith(f"wrote {name}\n")
    assert sign in (folder / name).read_text()
    assert (folder / name).read_text() != "old"


@pytest.mark.parametrize(
    "arguments",
    [
        ["mazur", "--weight", "w1"],
        ["--detail", "overview"],
        ["--detail", "matrix", "--digits", "4"],
        ["xor", "--row", "2-3", "--steps", "2", "--optimizer", "adam"],
        ["2-3-2", "--loss", "cross_entropy", "--language", "de", "--notation", "nielsen"],
        ["--exact", "--step", "2"],
    ],
)
def test_explain_takes_all_its_options(arguments, capsys):
    assert len(printed(["explain", *arguments], capsys)) > 500


FORMULA = ["--formula", "c = a + b; d = a*b + b^3; f = c*d", "--at", "a=-4 b=3"]


@pytest.mark.parametrize("more", [[], ["--weight", "b"], ["--detail", "overview"], ["--exact"], ["--notation", "german"]], ids=str)
def test_a_formula_is_explained(more, capsys):
    said = printed(["explain", *FORMULA, *more], capsys)
    assert "d = a · b + b^3" in said
    assert "−8" in said


@pytest.mark.parametrize("suffix", ["html", "md", "tex", "typ", "txt", "ipynb"])
def test_a_formula_is_explained_in_every_format(suffix, folder, capsys):
    assert printed(["explain", *FORMULA, "-o", f"x.{suffix}"], capsys).startswith(f"wrote x.{suffix}\n")
    assert (folder / f"x.{suffix}").stat().st_size > 1000


def test_a_formula_is_printed_as_a_program(folder, capsys):
    assert printed(["code", *FORMULA, "-o", "x.py"], capsys) == "wrote x.py\n"
    ended = subprocess.run([sys.executable, "x.py"], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines() == ["f = -15.0", "∂f/∂a = 12.0", "∂f/∂b = -8.0"]


def test_an_activation_of_ones_own_is_a_function_of_formulas(folder, capsys):
    (folder / "own.py").write_text("import chainrule as cr\n\n@cr.activation\ndef wavy(z, *, bend=0.5):\n    return z + bend * cr.sin(z)\n")
    from chainrule.network.definitions import REGISTRY

    try:
        said = printed(["explain", "--formula", "wavy(a)*2", "--at", "a=1", "--definitions", "own.py"], capsys)
        assert "∂f/∂a = 2 · (1 + 0.5 · cos(a))" in said
    finally:
        REGISTRY["activation"].pop("wavy", None)
