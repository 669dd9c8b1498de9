"""Figures: parts of explanations as pictures."""

from __future__ import annotations

import io
import re
import sys
from xml.etree import ElementTree

import pypdf
import pytest

from chainrule.cli import main
from chainrule.document import Picture
from chainrule.errors import FileError, InputError, UnknownNameError
from chainrule.figures import FIGURES, figure, save_figure
from chainrule.sources import problem


@pytest.fixture(scope="module")
def seed():
    return problem("seed").explain()


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_the_seed_is_drawn_in_every_format(name, seed, tmp_path):
    for suffix in (".svg", ".png", ".pdf"):
        save_figure(seed, name, tmp_path / f"x{suffix}")
    root = ElementTree.fromstring((tmp_path / "x.svg").read_text("utf-8"))
    assert root.get("role") == "img"
    assert root.find("{http://www.w3.org/2000/svg}title") is not None
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    assert len(pypdf.PdfReader(io.BytesIO((tmp_path / "x.pdf").read_bytes())).pages) == 1


def test_the_numbers_are_those_of_the_step(seed, tmp_path):
    save_figure(seed, "new-weights", tmp_path / "x.pdf")
    text = pypdf.PdfReader(tmp_path / "x.pdf").pages[0].extract_text().replace("−", "-")
    for number in ("0.3743488", "0.8065232", "0.3043296", "0.1914944", "0.980288", "0.3172032"):
        assert re.sub(r"\s", "", number) in re.sub(r"\s", "", text)


@pytest.mark.parametrize("source", ["mazur", "xor", "iris", "784-128-10", "2-8-8-8-1"])
def test_other_networks_have_the_figures_that_their_explanation_has(source, tmp_path):
    document = problem(source).explain()
    drawn = 0
    for name, (key, _) in FIGURES.items():
        if any(section.key == key for section in document.sections):
            save_figure(document, name, tmp_path / "x.svg")
            drawn += 1
        else:
            with pytest.raises(InputError, match=f"has no {name}; it has network, data"):
                figure(document, name)
    assert drawn >= 7


def test_the_network_is_its_picture_alone(seed):
    (section,) = figure(seed, "network").sections
    assert [type(block) for block in section.blocks] == [Picture]


def test_one_weight(tmp_path, capsys):
    path = tmp_path / "chain.svg"
    assert main(["figure", "chain", "mazur", "--weight", "w1", "-o", str(path)]) == 0
    assert capsys.readouterr().out == f"wrote {path}\n"
    assert "<title>" in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["figure", "netwrok", "-o", "x.svg"], "no figure is called 'netwrok'. Did you mean 'network'?"),
        (["figure", "network"], "say where to draw it, as chainrule figure network -o network.svg."),
        (["figure", "network", "-o", "x.gif"], ".gif is unknown. Known: .svg, .png, .pdf"),
        (["figure", "network", "-o", "missing/x.svg"], "missing/x.svg cannot be written"),
        (["figure", "expanded", "784-128-10", "-o", "x.svg"], "this explanation has no expanded; it has network"),
        (["figure", "chain", "--weight", "w9", "-o", "x.svg"], "there is no w9"),
    ],
)
def test_bad_input(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_list_of_figures(capsys):
    assert main(["figure"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(FIGURES)


def test_without_typst_the_network_is_drawn_all_the_same(seed, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    save_figure(seed, "network", tmp_path / "x.svg")
    with pytest.raises(InputError, match=r'PNG is set by the package typst, which is not installed: pip install "chainrule\[pdf\]"'):
        save_figure(seed, "network", tmp_path / "x.png")


def test_errors_have_their_kinds(seed):
    with pytest.raises(UnknownNameError):
        figure(seed, "nothing")
    with pytest.raises(FileError):
        save_figure(seed, "network", "x.doc")
