"""Options in messages: a command line's to who typed one, arguments of Python to who called."""

import ast
import inspect
import re
from pathlib import Path

import click
import pytest

import chainrule as cr
from chainrule.base.errors import InputError
from chainrule.base.options import as_typed, asked_for
from chainrule.cli import main
from chainrule.cli.commands import chainrule
from chainrule.document.words import Words

SOURCES = Path(cr.__file__).parent

COMMANDS_ONLY = {"port", "guard_formulas"}
"""Options of which only a command line speaks."""

VALUES = {
    "balanced", "classify", "float64", "last", "matrix", "mean", "overview", "regress", "scalar", "thresholds", "written",
    "l2:rate=0.01", "year,month,weekday", "year,month,weekday,hour",
}  # fmt: skip
"""The words that texts name as values; everything else that stands behind an option is prose, which `PROSE` knows."""


def texts():
    """Every text of the package, the command line's own aside, that names an option; {x} where something is put in."""
    for path in sorted(SOURCES.rglob("*.py")):
        source = path.read_text("utf-8")
        if "cli" in path.parts or not re.search(r"(?<![\w-])--[a-z]", source):
            continue
        nodes = list(ast.walk(ast.parse(source)))
        parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        parts |= {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # what only documents
        for node in nodes:
            if isinstance(node, ast.JoinedStr):
                text = "".join(part.value if isinstance(part, ast.Constant) else "{x}" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
                text = node.value
            else:
                continue
            if re.search(r"(?<![\w-])--[a-z]", text) and not re.search(r"(var\(|\n|\{x\})\s*--|--\w+: ", text):
                yield f"{path.relative_to(SOURCES)}:{node.lineno}", text


def arguments():
    """The names of all arguments of public functions and of methods of public classes."""
    found = [getattr(cr, name) for name in cr.__all__]
    found += [method for kind in found if inspect.isclass(kind) for method in vars(kind).values()]
    return {name for one in found if inspect.isfunction(one) for name in inspect.signature(one).parameters}


def options():
    """Every option of every command, as it is typed."""
    context = click.Context(chainrule)
    commands = [chainrule.get_command(context, name) for name in chainrule.list_commands(context)]
    return {word for command in commands for one in command.params for word in one.opts + one.secondary_opts}


def test_every_text_names_options_that_both_faces_have():
    known, taken = options() | {"--help"}, arguments() | COMMANDS_ONLY
    found = dict(texts())
    assert len(found) > 100
    for place, text in found.items():
        assert set(re.findall(r"(?<![\w'\"-])--[a-z]+(?:-[a-z]+)*", text)) <= known, place
        read = asked_for(text)
        assert not re.search(r"(?<![\w'\"-])--[a-z]", read), (place, read)
        for name, word in re.findall(r"\b([a-z_]+)=(?!=)(?:\"([^\"{…]*[a-z][^\"{…]*)\")?", read):
            if f"--{name.replace('_', '-')}" in text:
                assert name in taken, (place, read)
                assert not word or word in VALUES or f'"{word}"' in text, (place, read)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ask for --impute mean, or --drop-missing.", 'ask for impute="mean", or drop_missing=True.'),
        ("(--ignore age --ignore 'last name')", "(ignore=[\"age\", 'last name'])"),
        ("--detail scalar --all shows it", 'detail="scalar", all=True shows it'),
        ("say --decimal , or --missing -999 or --no-header", 'say decimal="," or missing=-999 or header=False'),
        ("a column '--impute mean', and \"--all\"; --at says", "a column '--impute mean', and \"--all\"; at= says"),
    ],
)
def test_an_option_is_read_as_an_argument_but_in_what_people_wrote(written, read):
    assert asked_for(written) == read
    with as_typed():
        assert asked_for(written) == written


def test_the_same_mistake_is_answered_to_each_in_their_words(tmp_path, capsys):
    (tmp_path / "gaps.csv").write_text("a,b,y\n1,,x\n" + "1,2,x\n2,3,z\n" * 9)
    assert main(["train", str(tmp_path / "gaps.csv"), "--target", "y", "-o", str(tmp_path / "m.safetensors")]) == 2
    assert "--impute mean" in capsys.readouterr().err
    with pytest.raises(InputError, match=r'impute="mean".*drop_missing=True.*ignore="b"'):
        cr.train(tmp_path / "gaps.csv", target="y")


def test_a_text_of_a_catalogue_too():
    assert 'task="regress"' in Words("de").plain("decided.open.class", name="--task", count=3)
    with as_typed():
        assert "--task regress" in Words().plain("decided.open.class", name="y", count=3)
