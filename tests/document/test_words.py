"""The catalogues of words: the same keys and places in every language, nothing missing, nothing left over, no English in German."""

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from string import Formatter

import pytest

from chainrule.api.problems import problem
from chainrule.base.options import as_typed
from chainrule.base.printing import Code
from chainrule.document.document import Document, Paragraph, Section, TableBlock
from chainrule.document.words import Words
from chainrule.explanation.explain import explain
from chainrule.network.examples import EXAMPLES
from chainrule.notation.conventions import CHOICES
from chainrule.render.formats import rendered
from chainrule.render.markdown import markdown
from chainrule.render.plain import plain

SOURCE = Path(__file__).parents[2] / "src/chainrule"  # of a checkout: what is installed lacks the front end of the page
CATALOGUES = {language: import_module(f"chainrule.document.languages.{language}").WORDS for language in CHOICES["language"]}
ENGLISH, GERMAN = CATALOGUES["en"], CATALOGUES["de"]

COUNTED = re.compile(r"\.\w+=[01]$")
"""The end of the key of a text that is taken where there is one of something, or none."""


@cache
def nodes() -> list[ast.AST]:
    """The source, but for the catalogues: the calls in it, and the strings."""
    modules = [path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.py")) if path.parent.name != "languages"]
    return [node for text in modules for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Call, ast.Constant, ast.JoinedStr))]


def places(text: str) -> list[str]:
    """What is filled in; the words of a language agree with a number more or less often."""
    return sorted({place for _, place, _, _ in Formatter().parse(text) if place is not None})


def texts_asked_for() -> set[str]:
    """The keys that stand in a call such as context.text("data.one"), and those of the heads of tables."""
    calls = [node for node in nodes() if isinstance(node, ast.Call) and node.args]
    wanted = [call.args[0] for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in ("text", "plain", "words")]
    chosen = [part for key in wanted for part in ([key.body, key.orelse] if isinstance(key, ast.IfExp) else [key])]
    return {key.value for key in chosen if isinstance(key, ast.Constant) and isinstance(key.value, str)} | {
        f"{family}.{column}" for family, columns in heads() for column in strings_in(columns)
    }


def heads() -> list[tuple[str, list[ast.expr]]]:
    """The family and the columns of every call such as words.heads("chain", "gradient", "formula")."""
    calls = [node for node in nodes() if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "heads"]
    return [(family.value, columns) for family, *columns in (call.args for call in calls) if isinstance(family, ast.Constant)]


def strings_in(columns: list[ast.expr]) -> set[str]:
    """Every string in the columns, as "epoch" in `*(["epoch"] if several else [])`."""
    parts = [node for column in columns for node in ast.walk(column)]
    return {node.value for node in parts if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def strings() -> set[str]:
    """Every string of the source."""
    return {node.value for node in nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def patterns() -> list[str]:
    """Every f-string of the source as a pattern, in which a place matches anything; heads that are in a variable; those of the page."""
    joined = [node.values for node in nodes() if isinstance(node, ast.JoinedStr)]
    written = ["".join(re.escape(str(p.value)) if isinstance(p, ast.Constant) else "[^.]+" for p in parts) for parts in joined]
    variable = [rf"{re.escape(family)}\..+" for family, columns in heads() if any(map(is_variable, columns))]
    return [*written, *variable, *patterns_of_the_page()]


def is_variable(column: ast.expr) -> bool:
    """Is it `first`, or `*columns`?"""
    return isinstance(column.value if isinstance(column, ast.Starred) else column, ast.Name)


def patterns_of_the_page() -> list[str]:
    """The same of the live page's front end, which asks for what begins with "live.", and where Python is with "served."."""
    own = (path for path in (SOURCE / "pages/front").rglob("*.ts") if "node_modules" not in path.parts)
    sources = "".join(path.read_text("utf-8") for path in own)
    plain = [re.escape(text) for text in re.findall(r'"([\w.]+)"', sources)]
    filled = [
        "[^.]+".join(map(re.escape, re.split(r"\$\{[^}]*\}", text))) for text in re.findall(r"`([\w.]+\.\$\{[^`]*\}[\w.]*)`", sources)
    ]
    return [rf"(live|served)\.{text}" for text in (*plain, *filled)]


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_language_has_the_same_keys_in_the_same_order(language):
    assert list(CATALOGUES[language]) == list(ENGLISH)


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_language_fills_in_the_same(language):
    assert {key: places(text) for key, text in CATALOGUES[language].items()} == {key: places(text) for key, text in ENGLISH.items()}


def test_every_text_that_is_asked_for_exists():
    assert texts_asked_for() <= set(ENGLISH)
    assert len(texts_asked_for()) > 50


def test_every_text_is_asked_for():
    known = re.compile("|".join(f"(?:{pattern})" for pattern in set(patterns()) if re.search("[a-z]", pattern)))
    whole = strings() | texts_asked_for()
    assert [key for key in ENGLISH if (asked := COUNTED.sub("", key)) not in whole and not known.fullmatch(asked)] == []


def test_none_and_one_of_something_are_told_as_such():
    assert all(COUNTED.sub("", key) in ENGLISH for key in ENGLISH)
    words = Words("en")
    assert words.plain("repeat.reached", steps=1) == "After one step the error is below 10⁻¹²."
    assert words.plain("repeat.reached", steps=2) == "After 2 steps the error is below 10⁻¹²."
    uses = {"weight": "w", "gradient": "g", "count": 9, "bringing": 8, "shown": 3}
    assert "carry 0" not in words.plain("uses", nothing=0, **uses)
    assert "One of its uses carries 0 and is left out" in words.plain("uses", nothing=1, **uses)
    assert "2 of its uses carry 0 and are left out" in words.plain("uses", nothing=2, **uses)
    assert [words.plain("model.ended", epochs="1", steps=n) for n in (1, 2)] == ["1 epoch, 1 step", "1 epoch, 2 steps"]
    assert words("graph.units", count=1) == ("1", " unit")


def test_the_names_of_definitions_are_those_of_definitions():
    from chainrule.network.definitions import REGISTRY

    for kind, names in REGISTRY.items():
        here = {key.removeprefix(f"name.{kind}.") for key in ENGLISH if key.startswith(f"name.{kind}.")}
        assert here <= set(names), kind


def test_the_titles_of_the_examples_are_their_titles():
    assert {name: ENGLISH[f"example.{name}"] for name in EXAMPLES} == {name: example["title"] for name, example in EXAMPLES.items()}


def in_german(source, **options):
    asked = {key: options.pop(key) for key in ("detail", "weight", "steps") if key in options}
    return explain(problem(source, notation="german", **options), **asked)


DOCUMENTS = {
    "seed": lambda: in_german("seed", steps=2),
    "xor": lambda: in_german("xor"),
    "iris": lambda: in_german("iris"),
    "overview": lambda: in_german("20-50-10", loss="cross_entropy", regularizer="l1"),
    "weight": lambda: in_german("20-50-10", weight="hidden1.W[2,3]"),
    "bias": lambda: in_german("2-2-1", weight="b1", optimizer="adam"),
    "cases": lambda: in_german("2-2-1", activation="leaky_relu:slope=0.25", loss="huber", initializer="uniform", detail="scalar"),
    "diverging": lambda: in_german("seed", learning_rate=1e6, weights="1e9 1 1 1 1e200 1"),
}


@pytest.fixture(scope="module", params=DOCUMENTS)
def german(request):
    """A German document in one long line, and its Markdown."""
    document = DOCUMENTS[request.param]()
    return " ".join(plain(document).split()), markdown(document)


def test_a_german_document_holds_no_english_phrase(german):
    fragments = {part.strip(" ,.:;") for phrase in ENGLISH.values() for part in re.split(r"\{[^}]*\}", phrase)}
    english = [(fragment, text) for fragment in fragments if " " in fragment for text in german if fragment in text]
    assert [fragment for fragment, text in english if re.search(rf"(?<!\w){re.escape(fragment)}(?!\w)", text)] == []


def test_a_german_document_holds_no_english_word(german):
    words = re.sub(r"`[^`]*`", "", german[0])
    assert re.findall(r"\b(?:the|of|and|with|from|which|is|are|that|this|by|each|if|otherwise|inputs|units)\b", words) == []


def test_a_german_document_has_decimal_commas(german):
    text, written = (re.sub(r"`[^`]*`", "", one) for one in german)  # what is typed has points in every language
    assert re.findall(r"\d\.\d", text) == []
    assert re.findall(r"\d\.\d", written) == []
    assert re.search(r"\d,\d", text)


def test_only_the_catalogue_has_code():
    """`code` of ours is code in every format; the ticks of somebody's words are signs, shown as they are."""
    with as_typed():
        ours = Words("en")("left_out.overview", weight="hidden1.W[2,3]", parameters=7)
    assert [part for part in ours if isinstance(part, Code)] == ["`--weight hidden1.W[2,3]`", "`--detail matrix`", "`-o step.json`"]
    theirs = Words("en")("weight.place", weight="`w`", source="`a`", unit="b", layer="c")
    assert not any(isinstance(part, Code) for part in theirs)
    document = Document("`t`", (Section("one", "`s`", (Paragraph((*ours, *theirs)), TableBlock((("`h`",),), ((("`c` | d",)),)))),))
    written = {suffix: str(rendered(document, suffix)) for suffix in (".txt", ".md", ".html", ".typ", ".tex")}
    said = ["--weight hidden1.W[2,3]", "--detail matrix", "-o step.json"]
    assert all(f"`{letter}`" in written[".txt"] for letter in "tswahc")
    assert r"# \`t\`" in written[".md"]
    assert r"\`c\` \\| d" in written[".md"]
    assert re.findall(r"(?<!\\)`([^`]*[^\\`])`", written[".md"]) == said
    assert re.findall("<code>(.*?)</code>", written[".html"]) == said
    assert all(f"`{letter}`" in written[".html"] for letter in "tswahc")
    assert re.findall(r'#raw\("(.*?)"\)', written[".typ"]) == said
    assert re.findall(r"\\texttt\{(.*?)\}(?= |\.|,)", written[".tex"].replace("{-}", "-")) == said
