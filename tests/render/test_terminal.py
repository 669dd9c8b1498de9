"""The terminal: one colour a symbol, and screens that hold every line."""

import importlib
import io
import sys
from types import SimpleNamespace

import pytest
from click import _termui_impl
from rich.color import Color
from rich.console import Console
from tests.samples import some

from chainrule.api.problems import problem
from chainrule.explanation.explain import explain
from chainrule.render.lines import document_lines, section_lines
from chainrule.render.terminal import COLOURS, renderable, step_through

NETWORKS = ("seed", "mazur", "xor", "iris", "2-8-8-8-1", "20-50-10")


@pytest.fixture(scope="module", params=some(NETWORKS, 3))
def document(request):
    return explain(problem(request.param, optimizer="adam"))


def test_a_symbol_has_one_colour_everywhere(document):
    colours: dict[str, set[int | None]] = {}
    for line in document_lines(document, 80):
        for part, key in line.segments:
            if key:
                colours.setdefault(part.strip(), set()).add(document.colours.get(key))
    assert {symbol: found for symbol, found in colours.items() if len(found) > 1} == {}
    assert set(document.colours.values()) <= set(range(len(COLOURS)))


def test_every_colour_can_be_read_on_light_and_on_dark():
    """At least 3 : 1, as WCAG 2.2 asks of what is not text alone; the letters say the same."""

    def lightness(red: int, green: int, blue: int) -> float:
        shares = [value / 3294.6 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in (red, green, blue)]
        return 0.2126 * shares[0] + 0.7152 * shares[1] + 0.0722 * shares[2]

    for name in COLOURS:
        own = lightness(*Color.parse(name).get_truecolor())
        assert 1.05 / (own + 0.05) >= 3, name
        assert (own + 0.05) / (lightness(0x1E, 0x1E, 0x1E) + 0.05) >= 3, name


def test_weights_inputs_and_the_error_are_coloured(document):
    coloured = {key[0] for key in document.colours}
    assert {"W", "x", "y", "E"} <= coloured


def test_what_is_printed_is_what_the_lines_say(document):
    console = Console(file=io.StringIO(), width=80, force_terminal=False, highlight=False)
    console.print(renderable(document), soft_wrap=True)
    printed = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert printed == [line.text for line in document_lines(document, 80)]


def shown_screens(document, keys, monkeypatch):
    """What stands on the screen after each key."""
    pressed = iter(keys)
    return read_screens(document, lambda: next(pressed, "q"), monkeypatch)


def read_screens(document, pressed, monkeypatch):
    """What stands on the screen whenever a key is asked for."""
    console = Console(file=io.StringIO(), width=80, height=30, force_terminal=True, highlight=False, color_system=None)
    screens = []

    def key():
        screens.append(console.file.getvalue())
        console.file.seek(0)
        console.file.truncate()
        return pressed()

    monkeypatch.setattr("click.getchar", key)
    step_through(document, console)
    return [[line.rstrip() for line in screen.replace("\x1b[2J", "").replace("\x1b[H", "").splitlines()] for screen in screens]


def test_arrow_keys_turn_every_screen(document, monkeypatch):
    screens = shown_screens(document, ["\x1b[C"] * 400, monkeypatch)
    assert max(map(len, screens)) <= 30
    seen = {line for screen in screens for line in screen}
    lines = {line.text for number, section in enumerate(document.sections, 1) for line in section_lines(document, section, number, 80)}
    assert lines <= seen
    assert screens[-1] == screens[-2], "the last screen stays"


def test_arrow_keys_as_windows_sends_them_turn_screens(monkeypatch):
    """One sign after the other, the first of which is \\xe0, through the code that reads them on Windows."""
    sent = iter("\xe0M\xe0P\xe0H\xe0K\xe0O\xe0Gq")
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(getwch=lambda: next(sent)))
    with monkeypatch.context() as windows:
        windows.setattr(sys, "platform", "win32")
        importlib.reload(_termui_impl)
        reads = _termui_impl.getchar
    importlib.reload(_termui_impl)
    first, second, third, back, again, last, home = read_screens(explain(problem("mazur")), lambda: reads(False), monkeypatch)
    assert first == again == home
    assert second == back
    assert len({*map(tuple, (first, second, third, last))}) == 4


@pytest.mark.parametrize(
    "keys", [("\x1b[F", "\x1b[H", "\x1b[B", "\x1b[A"), ("\xe0O", "\xe0G", "\xe0P", "\xe0H"), ("\0O", "\0G", "\0M", "\0K")]
)
def test_home_end_and_back(keys, monkeypatch):
    """As Unix sends them, and as Windows does."""
    document = explain(problem("mazur"))
    first, last, again, second, back = shown_screens(document, keys, monkeypatch)
    assert first == again == back
    assert first != last != second
    count = len(document.sections)
    assert any(line.startswith(f"section {count} of {count}") for line in last)


def test_no_space_stands_at_the_end_of_a_line(document):
    """Behind the last column of a table it could be too much for the terminal, which would go on in the next line."""
    assert all(line.plain == line.plain.rstrip() for line in renderable(document, 60).renderables)
