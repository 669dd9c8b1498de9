"""Control characters, marks that reorder lines and formulas of spreadsheets, in names of files and columns and in classes, through every
command: nothing reaches a terminal that steers it, and nothing is altered on its way to a pipe or a file.
"""

import csv
import io
import os
import pty
import re
import subprocess
import sys

import pytest
from tests.flowers import printed
from tests.samples import some

import chainrule as cr
from chainrule.base.printing import clean
from chainrule.cli import main

pytestmark = pytest.mark.usefixtures("shorter_runs")

STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What no line that is said may hold."""

WORDS = [
    ("\x1b]0;title\x07", "=cmd|' /C calc'!A0", "\u202eeman"),
    ("\x1b[1m", "\x1b[2J", "\x9b31m"),
    ("\u202eeman", "\u2066wide\u2069", "\u202ddloc"),
    ("a\nb", "c\r\nd", "e\tf"),
    ("=cmd|' /C calc'!A0", "@SUM(1)", "+1+1|x"),
    ("שלום", "عرض", "\u200fx"),
    ("{0}", "%s%n", "[bold]x[/bold]"),
]
"""The names of a column of numbers, of one of categories and of the target; they are the classes, too."""


@pytest.fixture(scope="module", params=some([(words,) for words in WORDS], len(WORDS), ids=lambda words: ascii(words[0][0])))
def words(request):
    return request.param


@pytest.fixture
def table(words, tmp_path, monkeypatch):
    """A table of such columns, in a file whose name is of the same kind."""
    monkeypatch.chdir(tmp_path)
    name = f"{words[0].replace('/', '').replace(chr(0), '')}.csv"
    with open(name, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(words)
        rows.writerows([i * 0.7 % 3.1, words[i % 2], words[1 + (i % 5 < 2)]] for i in range(30))
    return name


@pytest.fixture
def model(table, words):
    cr.train(table, target=words[2], hidden=2, epochs=2, engine="written", output="m.safetensors")
    return "m.safetensors"


def said(arguments, capsys, code=0):
    """What a command says, on both streams: nothing that steers."""
    out, err = printed(arguments, capsys, code)
    assert not STEERING.search(out)
    assert not STEERING.search(err)
    return out + err


def test_training_and_its_model(table, words, model, capsys):
    text = said(["train", table, "--target", words[2], "--epochs", "2", "--folds", "2", "--force", "--language", "de"], capsys)
    assert all(clean(word) in text for word in words)
    for language in ("en", "de"):
        assert clean(words[0]) in said(["info", model, "--language", language], capsys)
        assert clean(words[1]) in said(["evaluate", model, table, "--language", language], capsys)


def test_a_diagnosis(words, tmp_path, monkeypatch, capsys):
    """Of a column that gives the target away and a slip of the pen, which are named, and the classes with them."""
    monkeypatch.chdir(tmp_path)
    x, t = [i * 0.7 % 3.1 for i in range(60)], [words[1 + (i % 5 < 2)] for i in range(60)]
    columns = {words[0]: [1e6, *x[1:]], words[1]: [float(one == words[2]) for one in t], words[2]: t}
    cr.train(columns, target=words[2], hidden=2, epochs=2, optimizer=cr.adam(1000.0), engine="written", output="m.safetensors")
    with open("d.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([words, *zip(*columns.values(), strict=True)])
    for language in ("en", "de"):
        text = said(["doctor", "m.safetensors", "--data", "d.csv", "--language", language], capsys, 1)
        assert all(clean(word) in text for word in words)


def test_predictions_are_the_same_in_a_pipe_in_a_file_and_in_the_table(table, words, model, capfdbinary):
    for options in ([], ["--probabilities"]):
        assert main(["predict", model, table, *options]) == 0
        out, err = capfdbinary.readouterr()
        assert not STEERING.search(err.decode())
        assert main(["predict", model, table, *options, "-o", "out.csv", "--force"]) == 0
        with open("out.csv", "rb") as file:
            assert file.read() == out
        capfdbinary.readouterr()
        head, *rows = csv.reader(io.StringIO(out.decode(), newline=""))
        known = cr.Model.load(model).preparation
        assert head[0] == known.targets[0].name
        assert {row[0] for row in rows} <= set(known.classes)


def test_an_explanation_on_the_screen_and_a_figure(table, words, model, capsys):
    assert clean(words[0]) in said(["explain", model, "--data", table, "--row", "3"], capsys)
    said(["figure", "network", model, "--data", table, "--row", "3", "-o", f"{table}.svg"], capsys)


@pytest.mark.parametrize("suffix", some(["html", "txt", "json", "md", "tex", "typ", "ipynb"], lambda suffix: suffix == "html"))
def test_explanations_in_every_format(suffix, table, words, model, capsys, tmp_path):
    said(["explain", model, "--data", table, "--row", "3", "-o", f"x.{suffix}"], capsys)
    if suffix != "json":  # which writes what steers as \u001b
        assert not STEERING.search((tmp_path / f"x.{suffix}").read_text("utf-8"))


@pytest.mark.proof
@pytest.mark.parametrize("layout", ["article", "slides", "handout"])
def test_explanations_on_paper(layout, table, words, model, capsys):
    said(["explain", model, "--data", table, "--row", "3", "--layout", layout, "-o", f"{table}.pdf"], capsys)


def test_refusals(table, words, model, capsys):
    first, second, third = words
    for arguments in (
        ["explain", first],
        ["explain", f"{first}.toml"],
        ["explain", "2-1", "--weights", second],
        ["explain", "--formula", f"c = {second}", "--at", "a=1"],
        ["explain", "--loss", third],
        ["train", table, "--target", f"{third}?"],
        ["train", f"{third}.csv", "--target", "t"],
        ["predict", f"{second}.safetensors", table],
        ["figure", first, "-o", "x.svg"],
        ["examples", third],
        ["code", first],
        [first],
        ["explain", f"--{first}"],
    ):
        assert said(arguments, capsys, 2).startswith("chainrule: ")


def test_a_cell_that_a_spreadsheet_would_run_can_be_guarded(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    classes = ("=1+1|x", "-2")
    a, quick = [i % 7 for i in range(30)], {"hidden": 0, "epochs": 2, "engine": "written"}
    cr.train({"a": a, "@t": [classes[i % 2] for i in range(30)]}, target="@t", output="m.safetensors", **quick)
    (tmp_path / "new.csv").write_text("a\n1\n2\n")
    out, err = printed(["predict", "m.safetensors", "new.csv", "--probabilities"], capsys)
    assert out.startswith("@t,@t=-2,@t==1+1|x\n")
    assert err == "chainrule: a spreadsheet would run the cell @t as a formula; --guard-formulas writes ' before such cells.\n"
    out, err = printed(["predict", "m.safetensors", "new.csv", "--probabilities", "--guard-formulas"], capsys)
    rows = list(csv.reader(out.splitlines()))
    assert rows[0] == ["'@t", "'@t=-2", "'@t==1+1|x"]
    assert {row[0] for row in rows[1:]} <= {"'=1+1|x", "-2"}  # a number is no formula
    assert "have ' before them" in err
    cr.train({"a": a, "t": [i % 3 for i in range(30)]}, target="t", output="plain.safetensors", **quick)
    assert printed(["predict", "plain.safetensors", "new.csv"], capsys)[1] == ""


def test_on_a_terminal_data_cannot_steer_it(words, table, model):
    """The predictions of such classes, printed where a terminal reads them."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-m", "chainrule", "predict", model, table], stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        read = bytearray()
        try:
            while part := os.read(ours, 4096):
                read += part
        except OSError:  # how a terminal says that nobody writes to it any more
            pass
        os.close(ours)
    assert process.returncode == 0
    assert not STEERING.search(read.decode().replace("\r\n", "\n"))
