"""Paper is walked through in a terminal, as a person types: commas, fractions, rounding, a step back, and an end before the end."""

import io
import os
import sys

import pytest

from chainrule.checking.marks import Paper
from chainrule.cli import main

pty = pytest.importorskip("pty", reason="there is no pseudo-terminal on this system")


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, *arguments):
        start = "import sys; from chainrule.cli import main; sys.exit(main())"
        self.process, self.master = pty.fork()  # in a terminal of its own, so that Ctrl-C reaches it
        if self.process == 0:
            os.execv(sys.executable, [sys.executable, "-c", start, "check", "--by-hand", *arguments])
        self.read = ""

    def until(self, text):
        """What has been shown when this is shown. A program that ends before fails here."""
        seen = self.read
        while text not in self.read:
            try:
                part = os.read(self.master, 4096)
            except OSError:
                part = b""
            assert part, self.read
            self.read += part.decode()
        self.read = self.read.partition(text)[2]
        return seen

    def type(self, text):
        os.write(self.master, text.encode())

    def ended(self):
        """Everything else that it shows, and its exit code."""
        while True:
            try:
                part = os.read(self.master, 4096)
            except OSError:
                break
            if not part:
                break
            self.read += part.decode()
        os.close(self.master)
        return self.read, os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


def test_a_person_types_rounds_goes_back_and_stops():
    terminal = Terminal("mazur", "--language", "de")
    terminal.until("z1 (1 × 2):")
    terminal.type("0,3775 0,3925\n")  # commas as in German
    terminal.until("richtig")
    terminal.until("h1 (1 × 2):")
    terminal.type("hallo\n")
    terminal.until("Gebraucht werden 2 Zahlen")
    terminal.type("0.6; 0.6\n")  # rounded to one place
    terminal.until("richtig")
    terminal.until("z2 (1 × 2):")
    terminal.type("9 9\n")
    terminal.until("z2 folgt nicht")
    terminal.until("y (1 × 2):")
    terminal.type("<\n")
    terminal.until("z2 (1 × 2):")
    terminal.type("9 9\n")
    terminal.until("z2 folgt nicht")
    terminal.until("y (1 × 2):")
    terminal.type("0.99988 0.99988\n")  # right from the 9 that is wrong
    terminal.until("richtig aus dem, was vorher kam")
    terminal.type("\x03")
    shown, code = terminal.ended()
    assert "4 Größen, 1 davon falsch." in shown
    assert "Traceback" not in shown
    assert code == 1


def test_an_interruption_while_a_line_is_compared_ends_as_one_at_the_prompt(monkeypatch, capsys):
    mark = Paper.mark

    def interrupted(self, quantity, values, given, rounded):
        if str(quantity.name) == "y":
            raise KeyboardInterrupt
        return mark(self, quantity, values, given, rounded)

    monkeypatch.setattr(Paper, "mark", interrupted)
    monkeypatch.setattr("sys.stdin", io.StringIO("0.3775 0.3925\n0.6 0.6\n9 9\n1 1\n"))
    assert main(["check", "--by-hand", "mazur"]) == 1
    assert capsys.readouterr().out.endswith("3 quantities, 1 of them wrong.\n")


@pytest.mark.parametrize(
    ("typed", "count", "wanted"),
    [
        ("0,593 0,597", 2, [0.593, 0.597]),
        ("0.593, 0.597", 2, [0.593, 0.597]),
        ("1,2", 2, [1.0, 2.0]),
        ("1,2", 1, [1.2]),
        ("−0,5; 3/4", 2, [-0.5, 0.75]),
        ("[[1 2] [3 4]]", 4, [1.0, 2.0, 3.0, 4.0]),
    ],
)
def test_numbers_are_read_as_people_write_them(typed, count, wanted):
    from chainrule.api.typed_numbers import number
    from chainrule.cli.by_hand import _readings

    parts = next(parts for parts in _readings(typed) if len(parts) == count)
    assert [number(part) for part in parts] == wanted
