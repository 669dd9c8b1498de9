"""Markdown in files: its pictures stand beside it, and it refers to them."""

import re
from dataclasses import replace
from urllib.parse import unquote

import pytest

from chainrule.api.problems import problem
from chainrule.cli import main
from chainrule.document.document import Document, Picture, Section
from chainrule.render.formats import save
from chainrule.render.markdown import markdown


def test_markdown_refers_to_its_picture_and_the_command_names_both(tmp_path, capsys):
    path = tmp_path / "a step #1.md"
    assert main(["explain", "-o", str(path)]) == 0
    assert capsys.readouterr().out == f"wrote {path}\nwrote {tmp_path / 'a step #1-network.svg'}\n"
    (alt, target) = re.search(r"!\[(.*?)\]\((.*?)\)", path.read_text("utf-8")).groups()
    assert alt == "A network of 2-2-1 units, drawn layer by layer."
    assert (tmp_path / unquote(target)).read_text("utf-8").startswith("<svg")
    assert main(["explain", "mazur", "-o", str(path)]) == 0, "explanations overwrite what they wrote"
    assert "2-2-2" in (tmp_path / unquote(target)).read_text("utf-8")


def test_markdown_without_a_file_has_no_link():
    assert "![" not in markdown(problem("seed").explain())


def test_different_pictures_have_different_files(tmp_path):
    one, other = (
        block
        for name in ("seed", "mazur")
        for section in problem(name).explain().sections
        for block in section.blocks
        if isinstance(block, Picture)
    )
    twice = Document("T", (Section("a", "A", (one, other)), Section("b", "B", (one, replace(one, alt="C")))))
    assert [path.name for path in save(twice, tmp_path / "x.md")] == ["x.md", "x-a.svg", "x-a-2.svg", "x-b.svg"]
    assert (tmp_path / "x.md").read_text("utf-8").count("(x-a.svg)") == 2


@pytest.mark.parametrize("taken", ["x.md", "x-network.svg"])
def test_markdown_and_pictures_are_written_all_or_none(tmp_path, capsys, taken):
    (tmp_path / taken).mkdir()
    assert main(["explain", "-o", str(tmp_path / "x.md")]) == 2
    assert f"{taken} is a folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [taken]
