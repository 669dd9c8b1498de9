"""Options in messages: a command line's to who typed one, arguments of Python to who called."""

import ast
import inspect
import re
import shlex
from pathlib import Path

import click
import pytest

import chainrule as cr
from chainrule.base.errors import InputError
from chainrule.base.options import MARKED, as_typed, asked_for, option
from chainrule.cli import main
from chainrule.cli.commands import chainrule
from chainrule.document.words import Words

SOURCES = Path(cr.__file__).parent

COMMANDS_ONLY = {"port", "guard_formulas"}
"""Options of which only a command line speaks."""


def texts():
    """Every text of the package, the command line's own aside, that names an option in a sentence; {x} where something is put in."""
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
            if re.search(r"(?<![\w-])--[a-z]", text) and not re.search(r"(var\(|\n|\{x\})\s*--|--\w+: |^--[a-z-]+( ?{x})?$", text):
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


def test_every_text_marks_its_options_and_both_faces_have_them():
    known, taken = options() | {"--help", "-o"}, arguments() | COMMANDS_ONLY
    found = dict(texts())
    assert len(found) > 100
    for place, text in found.items():
        marked = re.findall(MARKED, text)
        assert set(re.findall(r"(?<!\S)--?[a-z]+(?:-[a-z]+)*", " ".join(marked))) <= known, place
        assert not re.search(r"(?<![\w'\"-])--[a-z]", re.sub(MARKED, "", text)), (place, "an option without its mark")
        for one in marked:
            for name in re.findall(r"(?:^|, )([a-z_]+)=", asked_for(f"«{one}»")):
                assert name in taken, (place, one)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ask for «--impute mean», or «--drop-missing».", 'ask for impute="mean", or drop_missing=True.'),
        ("(«--ignore age --ignore 'last name'»)", '(ignore=["age", "last name"])'),
        ("«--detail scalar --all» shows it", 'detail="scalar", all=True shows it'),
        ("say «--decimal ,» or «--missing -999» or «--no-header»", 'say decimal="," or missing=-999 or header=False'),
        ("a column '--impute mean', and \"--all\"; «--at» says", "a column '--impute mean', and \"--all\"; at= says"),
        ("«--step 3 -o step.json»", 'step=3, step.save("step.json")'),
    ],
)
def test_an_option_is_read_as_an_argument_but_in_what_people_wrote(written, read):
    assert asked_for(written) == read
    with as_typed():
        assert asked_for(written) == re.sub("[«»]", "", written)


@pytest.mark.parametrize("value", ["it's", 'a "b"', "c d", "--all", "-999", "é", "a\nb", "x" * 200, "»", 7, 0.5])
def test_a_value_that_somebody_gave_is_said_whole_or_shortened_and_never_read(value):
    called, typed = option("missing", value), None
    with as_typed():
        typed = option("missing", value)
    assert called.isprintable()
    assert typed.isprintable()
    if len(str(value)) < 60 and str(value).isprintable():
        assert ast.literal_eval(called.removeprefix("missing=")) == value
        assert shlex.split(typed) == ["--missing", str(value)]


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
