"""Documents on paper: PDF by Typst, and LaTeX."""

import io
import itertools
import json
import random
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pypdf
import pytest
import typst as compiler
from tests.golden.regenerate import PRINTED, document_of
from tests.notation.test_printers import FORMULAS
from tests.samples import some

from chainrule.api.problems import problem
from chainrule.base.errors import InputError, UnknownNameError
from chainrule.document.document import Document, Equations, Note, Paragraph, Picture, Section, Subheading, TableBlock
from chainrule.notation.formula import Prose, Symbol
from chainrule.notation.latex import formula_latex
from chainrule.notation.numbers import number_formula
from chainrule.notation.text import formula_text
from chainrule.notation.typst import formula_typst
from chainrule.pictures.diagram import network_diagram
from chainrule.pictures.shapes import PENS, Circle, Diagram, Label, Line, Path, TextRun, still_shapes
from chainrule.render.canvas import canvas
from chainrule.render.formats import rendered
from chainrule.render.latex import latex
from chainrule.render.pdf import pdf
from chainrule.render.slides import slide_pieces
from chainrule.render.svg import svg
from chainrule.render.tikz import tikz
from chainrule.render.typst import typst

LAYOUTS = ("article", "slides", "handout")
LATEX = shutil.which("pdflatex")
HOSTILE = r"""<script> $x$ \input{/etc/passwd} #read("x") % & _ ^ ~ "quoted" 'it' `code *b* //c @a [l] a--b ?` {} שלום Ünï ŵ Ж 日 😀"""


@cache
def set_pages(name: str, layout: str) -> bytes:
    """A document of those that are kept, as a PDF, set once for all tests that read it."""
    return pdf(document_of(name), layout)


def pages(written: bytes) -> list[str]:
    """The text of every page, without the spaces that setting puts between signs."""
    return [re.sub(r"\s", "", page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(written)).pages]


def hostile() -> Document:
    """A document in which a person's text stands everywhere it can."""
    formula = Symbol(HOSTILE, "1")
    table = TableBlock(((HOSTILE,), (formula,)), (((HOSTILE,), (Prose(HOSTILE),)),))
    blocks = (Paragraph((HOSTILE, formula)), Subheading((HOSTILE,)), Equations((formula, Prose(HOSTILE))), table)
    return Document(HOSTILE, (Section("s", HOSTILE, blocks),))


# Formulas.


def test_every_formula_compiles_in_typst():
    lines = "\n".join(f"$ {formula_typst(formula, paint=lambda key: 'c')} $" for formula, *_ in FORMULAS)
    compiler.compile(f"#let c(x) = text(fill: red, x)\n{lines}".encode(), format="svg")


def test_symbols_are_painted_in_both():
    symbol = Symbol("w", "1", key="w1")
    assert formula_typst(symbol, paint={"w1": "c1"}.__getitem__) == 'c1(attach(w, b: "1"))'
    assert formula_latex(symbol, paint={"w1": "c1"}.__getitem__) == r"\textcolor{c1}{w_{1}}"


# PDF.


SET = [("seed", "slides"), ("seed", "article"), ("formula", "handout")]
"""Those of which little has to be set."""


@pytest.mark.parametrize(("name", "layout"), some(itertools.product([*PRINTED, "matrix"], LAYOUTS), SET.__contains__))
def test_every_document_is_set_as_an_accessible_pdf_and_nothing_runs_off_a_page(name, layout):
    document = document_of(name)
    written = set_pages(name, layout)  # Typst refuses what is not PDF/UA-1
    reader = pypdf.PdfReader(io.BytesIO(written))
    assert "pdfuaid" in reader.xmp_metadata.stream.get_data().decode()
    assert reader.metadata.title == document.title
    assert reader.trailer["/Root"]["/Lang"] == document.language
    assert any(key.startswith("/FontFile") for key in font_keys(reader))
    printed = ""
    for page in reader.pages:
        places = []
        found = page.extract_text(
            visitor_text=lambda sign, cm, tm, *_, places=places: places.append(tm[4] * cm[0] + cm[4]) if sign.strip() else None
        )
        assert all(20 < x < float(page.mediabox.width) - 20 for x in places)
        printed += re.sub(r"\s", "", found)
    assert [section.title for section in document.sections if re.sub(r"\s", "", section.title) not in printed] == []


def font_keys(reader: pypdf.PdfReader) -> list[str]:
    """What the descriptors of the first page's fonts hold."""
    fonts = reader.pages[0]["/Resources"]["/Font"].values()
    return [key for font in fonts for key in font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_numbers_of_the_step_are_on_the_pages(layout):
    step = next(iter(problem("seed").steps()))
    printed = "".join(pages(set_pages("seed", layout)))
    arrays = [*step.values.values(), *step.new_parameters.values()]
    numbers = {formula_text(number_formula(float(value), step.network.notation)) for array in arrays for value in np.asarray(array).flat}
    assert len(numbers) > 15
    assert [number for number in numbers if number not in printed] == []


def test_papers_and_layouts_have_their_sizes():
    document = Document("Short", (Section("one", "One", (Paragraph(("A sentence.",)),)),))
    sizes = {
        (layout, paper): tuple(
            round(float(side)) for side in pypdf.PdfReader(io.BytesIO(pdf(document, layout, paper))).pages[0].mediabox[2:]
        )
        for layout in LAYOUTS
        for paper in ("a4", "letter")
    }
    assert sizes["article", "a4"] == sizes["handout", "a4"] == (595, 842)
    assert sizes["article", "letter"] == sizes["handout", "letter"] == (612, 792)
    assert sizes["slides", "a4"] == sizes["slides", "letter"] == (720, 405)


def slides_of(document: Document) -> list[dict[str, Any]]:
    """Of each slide, the size of its type in points, and how full it is."""
    return [found["value"] for found in json.loads(compiler.query(typst(document, "slides").encode(), "<slide>"))]


@cache
def kept_slides(name: str) -> list[dict[str, Any]]:
    return slides_of(document_of(name))


@pytest.mark.parametrize("name", some(PRINTED, lambda name: name == "iris"))
def test_each_slide_is_a_page_under_its_title(name):
    document = document_of(name)
    _, *printed = pages(set_pages(name, "slides"))
    assert len(printed) == len(kept_slides(name)), "nothing runs over onto a further page"
    titles = [re.sub(r"\s", "", f"{number}. {section.title}") for number, section in enumerate(document.sections, start=1)]
    begun = [next(place for place, title in enumerate(titles) if page.startswith(title)) for page in printed]
    assert begun == sorted(begun)
    assert [title for title in titles if not any(title in page for page in printed)] == []


def slide_asked(seed: int) -> dict[str, Any]:
    """What is asked of one to three layers of up to 12 units."""
    choose = random.Random(seed)
    sizes = [choose.choice((1, 2, 3, 4, 6, 12)) for _ in range(choose.randint(2, 4))]
    asked: dict[str, Any] = {"source": "-".join(map(str, sizes)), "optimizer": choose.choice(("sgd", "momentum", "adam"))}
    asked |= {"regularizer": "l2:rate=0.1"} if choose.random() < 0.3 else {}
    return asked | ({"notation": "german"} if choose.random() < 0.3 else {})


DECKS = [*["seed", "mazur", "xor", "residual", "iris", "two-inputs"], *range(60)]


@pytest.mark.parametrize("name", some(DECKS, lambda name: name == "iris"))
def test_letters_of_slides_can_be_read_and_slides_are_full(name):
    """Nor does all of it stand in the upper half: what is little stands in the middle."""
    document = document_of(name) if isinstance(name, str) else problem(**slide_asked(name)).explain()
    found = kept_slides(name) if isinstance(name, str) else slides_of(document)
    written = set_pages(name, "slides") if isinstance(name, str) else pdf(document, "slides")
    assert [slide for slide in found if slide["size"] < 14] == []
    assert sum(slide["filled"] for slide in found) / len(found) > 0.65
    _, *printed = pypdf.PdfReader(io.BytesIO(written)).pages
    for number, page in enumerate(printed, start=2):
        heights = []
        page.extract_text(visitor_text=lambda sign, cm, tm, *_, at=heights: at.append(tm[5] * cm[3] + cm[5]) if sign.strip() else None)
        *above, _ = sorted(heights, reverse=True)  # the last one is the page's number
        assert above[-1] < 0.56 * float(page.mediabox.height), f"slide {number}"


def test_short_sections_share_a_slide_and_long_ones_are_parted():
    line = Paragraph(("a line of a paragraph",))
    for lines, expected in ((1, 1), (30, 6)):
        sections = tuple(Section(f"s{number}", f"title {number}", (line,) * lines) for number in range(2))
        assert len(slides_of(Document("t", sections))) == expected


@pytest.mark.parametrize("name", ["seed", "mazur"])
def test_each_chain_stands_beside_its_lit_network(name):
    """In Typst and in LaTeX, whichever has room beside it."""
    document = document_of(name)
    lit = [piece for section in document.staged.sections for piece in slide_pieces(section) if piece.picture is not None]
    assert len(lit) == {"seed": 7, "mazur": 11}[name]  # one of them is the sample, beside its table
    assert typst(document, "slides").count("picture: high =>") == len(lit)
    assert 4 <= latex(document, "slides").count(r"\noindent\fitted{\begin{minipage}") <= len(lit)


def test_slides_leave_nothing_out():
    document = document_of("iris")
    shown = [piece.block for section in document.sections for piece in slide_pieces(section)]
    equations = [equation for block in shown if isinstance(block, Equations) for equation in block.equations]
    assert equations == [e for s in document.sections for block in s.blocks if isinstance(block, Equations) for e in block.equations]
    others = [block for block in shown if isinstance(block, Paragraph | Note | Subheading | TableBlock)]
    assert others == [b for s in document.sections for b in s.blocks if isinstance(b, Paragraph | Note | Subheading | TableBlock)]


def test_a_persons_text_is_data_in_typst():
    printed = "".join(pages(pdf(hostile())))
    for part in ("<script>$x$", r"\input{/etc/passwd}#read(\"x\")".replace('\\"', '"'), "%&_^~", "Ünï", "*b*//c@a[l]a--b?`{}", "Ж"):
        assert part in printed
    assert "a–b" not in printed
    assert "[U+65E5]" in printed  # a font of the machine may have it


def test_many_signs_without_a_glyph_are_shown_by_their_numbers():
    signs = "".join(chr(0x20000 + i) for i in range(40))
    printed = "".join(pages(pdf(Document(signs, (Section("s", "T", (Paragraph((signs,)),)),)))))
    assert "[U+20027]" in printed


def test_without_typst_a_kind_message(monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(InputError, match=r'pip install "chainrule\[pdf\]"'):
        pdf(document_of("seed"))


def test_files_are_written_by_their_suffix(tmp_path):
    document = document_of("seed")
    for suffix, start in ((".pdf", b"%PDF"), (".typ", b"#set document"), (".tex", b"\\documentclass")):
        document.save(tmp_path / f"x{suffix}", layout="slides", paper="letter")
        assert (tmp_path / f"x{suffix}").read_bytes().startswith(start)
    with pytest.raises(UnknownNameError, match="Known: article, handout, slides"):
        rendered(document, ".pdf", layout="poster")


# LaTeX.


def compiled(source: str, folder, engine: str = "pdflatex") -> str:
    """The log of a compilation that went without errors, and wrote a PDF."""
    (folder / "x.tex").write_text(source, "utf-8")
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "x.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=600, check=False)
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-2000:]
    return log


@pytest.mark.skipif(not LATEX, reason="there is no LaTeX here; what is written is read by the next tests")
@pytest.mark.parametrize(("name", "layout"), some(itertools.product(["seed", "seed-german", "mazur", "xor"], LAYOUTS), 7))
def test_latex_compiles(name, layout, tmp_path):
    log = compiled(latex(document_of(name), layout), tmp_path)
    wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert [points for points in wide if points > 15] == []
    assert (tmp_path / "x.pdf").stat().st_size > 10_000


@pytest.mark.skipif(not LATEX, reason="there is no LaTeX here")
@pytest.mark.parametrize("engine", ["pdflatex", "lualatex"])
def test_a_persons_text_is_data_in_latex(engine, tmp_path):
    if not shutil.which(engine):
        pytest.skip(f"there is no {engine}")
    for layout in LAYOUTS if engine == "pdflatex" else LAYOUTS[-1:]:
        compiled(latex(hostile(), layout), tmp_path, engine)
    printed = "".join(pages((tmp_path / "x.pdf").read_bytes()))
    assert r"\input{/etc/passwd}" in printed
    assert "<script>$x$" in printed
    assert "U+1F600" in printed or "😀" in printed


@pytest.mark.parametrize(("name", "layout"), some(itertools.product(PRINTED, LAYOUTS), 13))
def test_latex_is_well_formed(name, layout):
    assert_well_formed(latex(document_of(name), layout))


def test_what_begins_a_frame_is_no_subtitle():
    document = Document("t", (Section("s", "T", (Paragraph(("- in braces",)),)),))
    assert "{1. T}\\relax\n{-} in braces" in latex(document, "slides")


def test_a_persons_text_leaves_latex_well_formed():
    for layout in LAYOUTS:
        assert_well_formed(latex(hostile(), layout))


def assert_well_formed(source: str) -> None:
    """Braces and environments close in order, every $ has its other, and no sign stands that an engine may lack."""
    bare = re.sub(r"\\[\\{}$%#&_]", "", source.split(r"\begin{document}")[1])
    open_ones: list[str] = []
    for found in re.finditer(r"\\(begin|end)\{(\w+)\}|([{}])", bare):
        mark = found[2] or "{"
        if found[1] == "begin" or found[3] == "{":
            open_ones.append(mark)
        else:
            assert (open_ones and open_ones.pop() == mark) or mark == "document"
    assert open_ones == []
    assert bare.count("$") % 2 == 0
    assert [sign for sign in bare if ord(sign) > 0x17F and sign not in "„“”‚‘’–—"] == []


def test_a_sign_that_would_break_latex_is_noticed():
    source = latex(document_of("seed"))
    with pytest.raises(AssertionError):
        assert_well_formed(source.replace(r"\end{aligned}", "", 1))
    with pytest.raises(AssertionError):
        assert_well_formed(source.replace("Conventions", "$Conventions"))


@pytest.mark.skipif(not LATEX, reason="there is no LaTeX here")
def test_german_words_part_where_german_words_do(tmp_path):
    if not subprocess.run(["kpsewhich", "loadhyph-de-1996.tex"], capture_output=True, check=False).stdout:
        pytest.skip("there are no German patterns here")
    prose = " ".join("x" * (i % 9) + " Fehlerrückführung" for i in range(80))
    words = Document("W", (Section("s", "W", (Paragraph((prose,)),)),), "de")
    compiled(latex(words), tmp_path)
    lines = "".join(page.extract_text() for page in pypdf.PdfReader(tmp_path / "x.pdf").pages).splitlines()
    ends = {re.sub(r"\W+$", "", line).rpartition(" ")[2] for line in lines}
    assert ends & {"Feh", "Fehler", "Fehlerrück", "Fehlerrückfüh"}


def test_a_document_in_another_language_says_so():
    german = document_of("seed-german")
    assert 'lang: "de"' in typst(german)
    assert r"{german}" in latex(german)
    assert r"{english}" in latex(replace(german, language="en"))


# Pictures.


def places(lines, wanted: str) -> list[tuple[float, float, str]]:
    """Where the labels of a picture stand, and their letters, from lines of which a pattern names x, y and what is written."""
    found = [re.search(wanted, line) for line in lines]
    return [(float(one["x"]), float(one["y"]), one["written"]) for one in found if one]


def plain_tex(written: str) -> str:
    """What a label of TikZ says."""
    written = re.sub(r"\\raised\{[^{}]*\}\{[^{}]*\}|\\textcolor\{\w+\}|\\(?:mathbf|ensuremath|hat)\b", "", written)
    return re.sub(r"[${}]", "", written.replace(r"\vdots", "⋮").replace("~", " ").replace("{-}", "-").replace("{=}", "="))


@pytest.mark.parametrize("name", ["seed", "mazur", "xor", "iris", "large", "vanishing"])
def test_every_format_has_the_same_labels_at_the_same_places(name):
    document = document_of(name)
    (picture,) = (block for section in document.sections for block in section.blocks if isinstance(block, Picture))
    drawn = network_diagram(picture)
    meant = [
        (label.x, label.y + 0.33 * label.size, "".join(run.letters for run in label.runs))
        for label in still_shapes(drawn.shapes)
        if isinstance(label, Label)
    ]
    assert len(meant) > 5

    root = ElementTree.fromstring(svg(drawn, document.colours))
    in_svg = [(float(one.get("x")), float(one.get("y")), "".join(one.itertext())) for one in root.iter("{http://www.w3.org/2000/svg}text")]
    typst_lines = places(
        canvas(drawn, lambda key: "c1").splitlines(), r"lettering\((?P<x>[\d.]+)pt, (?P<y>[\d.]+)pt, [\d.]+, (?P<written>.*)\)"
    )
    in_typst = [(x / 0.75, y / 0.75, "".join(re.findall(r'"([^"#]+)"\)', written))) for x, y, written in typst_lines]
    tikz_lines = places(
        tikz(drawn, lambda key: "c1").splitlines(), r"\\node\[.*?\] at \((?P<x>[\d.]+),(?P<y>[\d.]+)\) \{(?P<written>.*)\};"
    )
    in_tikz = [(x, y, plain_tex(written)) for x, y, written in tikz_lines]
    for found in (in_svg, in_typst, in_tikz):
        assert len(found) == len(meant)
        for (x, y, letters), (right, down, wanted) in zip(found, meant, strict=True):
            assert abs(x - right) <= 0.06
            assert abs(y - down) <= 0.06
            assert letters.replace("\u00a0", " ").replace("-", "−") == wanted.replace("-", "−")


def test_every_shape_of_a_diagram_can_be_printed(tmp_path):
    """Not only what networks are made of."""
    label = Label(
        (TextRun("a", italic=True, key="k"), TextRun("1", -1), TextRun("(2)", 1), TextRun("_$&", bold=True)),
        50,
        50,
        side=1,
        quiet=True,
        covering=True,
    )
    loop = ((10.0, 10.0), (30.0, 10.0), (20.0, 30.0))
    shapes = [
        label,
        Circle(5, 5, 3, kind="ring", colour=2),
        Line(1, 2, 3, 4, kind="dashed"),
        *(Path((loop,), kind, closed=True) for kind in PENS),
    ]
    drawn = tikz(Diagram(100, 100, tuple(shapes), "all"), lambda key: "c3")
    head = latex(document_of("seed")).split(r"\begin{document}")[0]
    assert_well_formed(r"\begin{document}" + drawn)
    if LATEX:
        compiled(rf"{head}\begin{{document}}{drawn}\end{{document}}", tmp_path)


# Networks of every kind.


WIDE = TableBlock((("layer",), ("parameters",)), ((("hidden",), ("W 4 × 4, " * 40,)), (("output",), ("b",))))
NARROW = TableBlock((("layer",), ("parameters",)), ((("hidden",), ("W 4 × 4",)), (("output",), ("b",))))


def test_words_of_a_wide_table_go_on_in_the_next_line():
    """They are not made smaller: so the table is wider than high, and higher than one whose words have room."""
    heights = []
    for table in (NARROW, WIDE):
        source = typst(Document("t", (Section("s", "s", (table,)),)), "figure")
        drawn = ElementTree.fromstring(compiler.compile(source.encode(), format="svg"))
        heights.append(float(drawn.attrib["height"].removesuffix("pt")))
    assert heights[1] > heights[0] + 30
    assert "p{" in latex(Document("t", (Section("s", "s", (WIDE,)),)))
    assert "p{" not in latex(Document("t", (Section("s", "s", (NARROW,)),)))


def test_steps_of_a_sequence_are_signs_that_every_font_has():
    document = problem({"inputs": [2, 1], "layers": [{"kind": "gru", "units": 1}, {"units": 1}]}).step().explain(detail="matrix")
    source = latex(document)
    assert r"\langle 1\rangle" in source
    assert r"\sign{" not in source.partition(r"\begin{document}")[2]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_letters_of_a_graph_can_be_read_in_every_layout(layout):
    """No letter of it is smaller than half of those of the text, or two thirds on slides."""
    document = problem("residual").step().explain(detail="matrix")
    (widest,) = {max(float(size) for size in re.findall(r"#canvas\((?:high: high, )?([\d.]+)pt", typst(document, layout)))}
    room = {"article": 459.0, "handout": 249.0, "slides": 635.0}[layout]
    assert room / widest >= {"article": 0.7, "handout": 0.6, "slides": 0.7}[layout]


def test_a_long_table_is_in_parts_between_which_a_page_may_end():
    rows = tuple(((f"quantity {number}",), (Prose(str(number)),)) for number in range(50))
    document = Document("t", (Section("s", "s", (TableBlock((("name",), ("number",)), rows),)),))
    for layout, most in (("article", 20), ("slides", 8)):
        parts = latex(document, layout).split(r"\datatable{")[1:]
        found = [[int(number) for number in re.findall(r"quantity (\d+)", part)] for part in parts]
        assert list(itertools.chain(*found)) == list(range(50))
        assert 1 < max(map(len, found)) <= most
