"""The page: it is well-formed, holds every number of its document, refers to nothing outside, and shows a person's text as it is."""

import re
from ast import literal_eval
from collections import Counter
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.golden.regenerate import DOCUMENTS, ONLY, document_of
from tests.render.test_golden import known
from tests.samples import some

from chainrule.api.problems import problem
from chainrule.base.frozen import FrozenValue
from chainrule.document.document import Document, Equations, Note, Paragraph, Section, TableBlock, Visual
from chainrule.notation.formula import Equation, Number, Prose, Symbol
from chainrule.notation.parts import before_power
from chainrule.render.html import html, plain_value
from chainrule.steps.step import Step

MATH = "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture(scope="module", params=[*ONLY[".html"], "seed-exact", "xor-german", "large", "adam"])
def made(request) -> tuple[Document, str]:
    document = document_of(request.param)
    return document, html(document)


def tree(page: str) -> ElementTree.Element:
    """The page read strictly, without what HTML does not write as XML."""
    page = re.sub(r"<(style|script)\b[^>]*>.*?</\1>", "", page, flags=re.DOTALL)
    return ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>"))


def numbers(node: Any) -> Iterator[Number]:
    """Every number that stands in formulas, in the order in which it is read."""
    if isinstance(node, Number):
        yield node
    elif isinstance(node, tuple | FrozenValue):
        for item in node if isinstance(node, tuple) else vars(node).values():
            yield from numbers(item)


def test_it_is_well_formed_and_its_names_are_unique(made):
    root = tree(made[1])
    names = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(names) == len(set(names))
    assert {link.get("href") for link in root.iter("a")} <= {f"#{name}" for name in names}


def test_every_number_is_the_documents(made):
    document, page = made
    shown = Counter(element.text for element in tree(page).iter(f"{MATH}mn"))
    blocks = [block for section in document.sections for block in section.blocks if not isinstance(block, Visual)]
    found = [number for block in blocks for number in numbers(block)]
    powers = [f"{number.power}" for number in found if number.power is not None]
    printed = (number.digits for number in found if number.power is None or before_power(number)[1])
    meant = Counter(digits.replace("-", "−") for digits in [*printed, *powers])
    assert sum(meant.values()) > 20
    assert meant - shown == Counter()
    assert all(number.isdecimal() for number in shown - meant), "only the whole numbers of subscripts may come besides"


def test_the_values_to_copy_are_the_steps():
    step = problem("seed").step()
    page = html(step.explain())
    copied = [float(value) for value in re.findall(r'data-copy="(-?[\d.]+)"', page)]
    step_gradients = [-15.00576, -3.144064, -3.286976, -4.930464, -2.286592, -3.429888]
    for expected in (8.4, 1.76, 2.2136, 1.59561248, *step_gradients):
        assert expected in copied


COPIED = re.compile(r'<section id="(\w+)">|data-copy="([^"]*)" aria-label="Copy the value of ([^"]*)"')


def copied(page: str) -> Iterator[tuple[str, str, object]]:
    """The section, the name and the value of every quantity that a button copies."""
    section = ""
    for found in COPIED.finditer(page):
        section = found[1] or section
        if found[2]:
            yield section, unescape(found[3]), literal_eval(found[2])


@pytest.mark.parametrize("name", some(["seed", "article", "mazur", "xor", "iris", "vanishing", "penalty", "adam", "cases"], 3))
def test_the_values_to_copy_are_the_steps_of_any_network(name):
    """Of matrices and of single numbers, of one sample and of a batch."""
    looked, wrong = compared(html(document_of(name)), DOCUMENTS[name].step())
    assert wrong == []
    assert looked > 10


def test_values_of_another_step_are_noticed():
    assert len(compared(html(document_of("seed")), DOCUMENTS["article"].step())[1]) > 10


def compared(page: str, step: Step) -> tuple[int, list[tuple[str, str, object]]]:
    """How many values to copy are named in the step, and those that differ from it, as far as they are printed."""
    (before, after), looked, wrong = known(step), 0, []
    for section, symbol, value in copied(page):
        tables = after if section in ("second", "weights") else before
        meant = [np.asarray(table[symbol], float).ravel() for table in tables if symbol in table]
        if section not in ("functions", "outcome", "repeat", "descent") and meant:
            looked += 1
            if not any(np.size(value) == one.size and np.allclose(np.ravel(value), one, rtol=6e-6, atol=0) for one in meant):
                wrong.append((section, symbol, value))
    return looked, wrong


def test_nothing_is_asked_of_anybody(made):
    page = made[1].replace("http://www.w3.org/1998/Math/MathML", "").replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"https?:|//[\w.]+\.\w|\bsrc=|@import|<(?:iframe|object|embed|base|form)\b", page) == []
    assert set(re.findall(r'url\("?(\w+):', page)) == {"data"}
    assert set(re.findall(r'href="([^#])', page)) == {"d"}
    assert "default-src 'none'" in page


@pytest.mark.parametrize("name", some(DOCUMENTS, lambda name: name in ("seed", "vanishing", "iris", "adam")))
def test_it_is_small(name):
    """A page holds 80 kB of font and style, and formulas: that of vanishing's ten layers, with every weight's chain, is the largest."""
    assert len(html(document_of(name)).encode()) < (250_000 if name == "seed" else 450_000)


PERSONS = "<script>alert(1)</script> $x$ \\input{a} \"quotes\" 'single' & שלום 🙂 ]]> -->"


def test_a_persons_text_is_data():
    formula = Equation((Symbol("x", key=PERSONS), Prose(PERSONS), Number("2")), ("=", "="))
    blocks = (Paragraph((PERSONS,)), Note("insight", (PERSONS,)), TableBlock(((PERSONS,),), (((PERSONS,),),)), Equations((formula,)))
    page = html(Document(PERSONS, (Section("a", PERSONS, blocks),)))
    assert page.count("<script>") == 1
    root = tree(page)
    for tag in ("title", "h1", "h2", "p", "th", "td", f"{MATH}mtext"):
        found = ["".join(element.itertext()) for element in root.iter(tag)]
        assert any(PERSONS in text.replace("\u00a0", " ") for text in found) or tag == "td", tag
    started: list[str] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attributes: started.append(tag)  # as browsers read it
    reader.feed(page)
    assert started.count("script") == 1


def test_a_networks_own_names_come_out_as_themselves():
    description = {"title": PERSONS, "inputs": 1, "layers": [{"units": 1}]}
    page = html(problem(description, seed=1, input="1", target="0").step().explain())
    assert PERSONS in "".join(tree(page).find("body/header/h1").itertext())
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize(
    ("formula", "value"), [(Number("−7.4", 3), "-7.4e3"), (Symbol("x"), ""), (Number("49126/15625"), "49126/15625"), (Number("2,5"), "2.5")]
)
def test_values_are_copied_as_programs_read_them(formula, value):
    assert plain_value(formula) == value


def test_no_line_begins_with_the_comma_behind_a_formula():
    listed = (Symbol("U", "3"), ", ", Symbol("d", "3"), "; rest (", Symbol("x"), ") end")
    page = html(Document("title", (Section("s", "heading", (Paragraph(listed),)),)))
    held = re.findall(r'<span class="whole"><math.*?</math>(.)</span>(.)', page)
    assert held == [(",", " "), (";", " "), (")", " ")]
