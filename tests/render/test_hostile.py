"""What people write (columns, classes, titles) comes out as itself in every format, and is nowhere a command, markup or mathematics."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from dataclasses import replace
from xml.etree import ElementTree

import markdown_it
import nbformat
import pypdf
import pytest
import typst as compiler
from tests.samples import some

import chainrule
from chainrule.api.problems import problem
from chainrule.document.document import Document, Picture
from chainrule.pictures.diagram import network_diagram
from chainrule.render.formats import FORMATS, LAID_OUT, LAYOUTS, rendered
from chainrule.render.svg import svg

COLUMN = "<script>alert(1)</script> $x$ \\input{a} \"q\" 'p' & | `c` *b* _e_ [l](m) # %"
FOREIGN = "שלום 🙂"
STEERING = "\u202eabc\x1b[31m"
CLASSES = ("<b>x</b> $1$", "y_z \\end{document}")
TITLE = f"{COLUMN} {FOREIGN} {STEERING}"


@pytest.fixture(scope="module")
def document(tmp_path_factory) -> Document:
    """A step of a model on a row of a table whose every word is hostile, with a title of the same kind."""
    folder = tmp_path_factory.mktemp("hostile")
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([COLUMN, FOREIGN, "kind"])
        table.writerows([i * 0.7 % 3.1, i * 1.3 % 5.3, CLASSES[i % 2]] for i in range(20))
    chainrule.train(str(folder / "table.csv"), target="kind", hidden=2, epochs=2, seed=1).save(folder / "model.safetensors")
    asked = problem(str(folder / "model.safetensors"), data=str(folder / "table.csv"), row=3)
    return replace(asked, title=TITLE).explain()


def squeezed(text: str) -> str:
    """Without blanks, which setting moves."""
    return re.sub(r"[\s\u00a0]+", "", text)


def assert_itself(shown: str) -> None:
    """Every word of theirs is in what a reader sees."""
    for text in (COLUMN, FOREIGN, *CLASSES):
        assert squeezed(text) in squeezed(shown), text
    assert not re.search("[\u202a-\u202e\x1b]", shown)


def test_as_plain_text(document):
    assert_itself(rendered(document, ".txt"))


@pytest.mark.parametrize("suffix", [".md", ".ipynb"])
def test_in_markdown_and_in_notebooks(document, suffix):
    """As GitHub's and Jupyter's own rules of Markdown read it: no markup but what the explanation has; dollars are signs."""
    written = rendered(document, suffix)
    if suffix == ".ipynb":
        book = nbformat.reads(written, as_version=4)
        assert not [cell for cell in book.cells if cell.cell_type == "code" and "alert" in cell.source]
        written = "\n\n".join(cell.source.replace("<span>$</span>", "\\$") for cell in book.cells if cell.cell_type == "markdown")
        written, pictures = re.subn(r'^<img alt="[\w ,.-]+" src="data:image/svg\+xml;base64,[\w+/=]+" />$', "", written, flags=re.MULTILINE)
        assert pictures >= 1
    prose = re.sub(
        r"```.*?```|\$`.*?`\$|\$\$.*?\$\$|(?<![\\$])\$[^$\n]+\$", "", written, flags=re.DOTALL
    )  # what GitHub and Jupyter take out
    tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(prose)
    inner = [child for token in tokens if token.type == "inline" for child in token.children]
    assert {token.type for token in [*tokens, *inner]} & {"html_inline", "html_block", "link_open", "em_open", "image"} == set()
    typed = {child.content for child in inner if child.type == "code_inline"}
    assert all(re.fullmatch(r'(\w+=("[\w.,\[\]]+"|[\w.]+)(, |$))+', one) for one in typed), typed
    assert not re.search(r"(?<!\\)\$", prose)
    assert_itself("".join(child.content for child in inner))


def test_in_a_page(document):
    page = rendered(document, ".html")
    assert page.count("<script>") == 1
    root = ElementTree.fromstring(re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL).removeprefix("<!DOCTYPE html>"))
    assert_itself("".join(root.itertext()))


@pytest.mark.parametrize("layout", some(LAYOUTS, 3))
def test_in_pdf(document, layout):
    pages = pypdf.PdfReader(io.BytesIO(rendered(document, ".pdf", layout=layout))).pages
    shown = "".join(page.extract_text() for page in pages)
    assert squeezed(COLUMN) in squeezed(shown)
    assert squeezed(CLASSES[1]) in squeezed(shown)


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="there is no LaTeX here")
@pytest.mark.parametrize("layout", some(LAYOUTS, 3))
def test_in_latex(document, layout, tmp_path):
    (tmp_path / "x.tex").write_text(rendered(document, ".tex", layout=layout), "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "x.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    shown = "".join(page.extract_text() for page in pypdf.PdfReader(tmp_path / "x.pdf").pages)
    assert squeezed("<script>alert(1)</script> $x$ \\input{a}") in squeezed(shown)
    assert squeezed(CLASSES[1]) in squeezed(shown)


def test_typst_source_compiles_and_reads_no_file(document):
    assert compiler.compile(rendered(document, ".typ").encode(), format="svg")


def test_in_pictures(document):
    (picture,) = (block for section in document.sections for block in section.blocks if isinstance(block, Picture))
    ElementTree.fromstring(svg(network_diagram(replace(picture, alt=TITLE))))


def test_every_format_is_here():
    assert set(FORMATS) == {".txt", ".md", ".ipynb", ".html", *LAID_OUT}
