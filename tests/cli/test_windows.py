"""As on Windows, by simulation: what it lacks is gone, the console writes cp1252, lines end in CR LF, files have drive letters."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from chainrule.base import printing
from chainrule.cli.output import in_signs_of

WINDOWS = """
import os, signal, sys
import asyncio, concurrent.futures, ctypes, multiprocessing, pathlib, shutil, subprocess, tempfile, types
import click, llvmlite.binding, numpy, numpy.random, rich.console, safetensors.numpy  # ask the system what it is while they are imported

held = set()

def locking(handle, how, count):
    lock = os.fstat(handle).st_ino
    if how == 2 and lock in held:
        raise OSError(13, "held")
    (held.add if how == 2 else held.discard)(lock)

sys.modules["msvcrt"] = types.SimpleNamespace(locking=locking, LK_NBLCK=2, LK_UNLCK=0)
for name in ("fcntl", "termios", "tty", "pty", "resource", "pwd", "grp", "readline"):
    sys.modules[name] = None
for name in ("SIGHUP", "SIGKILL", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGWINCH", "pthread_sigmask", "setitimer", "siginterrupt"):
    if hasattr(signal, name):
        delattr(signal, name)
for name in (
    "sysconf", "fork", "sched_getaffinity", "getuid", "geteuid", "getgid", "fchmod", "chown", "mkfifo", "uname", "O_NOFOLLOW", "O_NONBLOCK",
    "O_CLOEXEC", "O_TMPFILE", "posix_fallocate", "openpty", "killpg",
):
    if hasattr(os, name):
        delattr(os, name)
sys.platform = "win32"
sys.stdout, sys.stderr = (open(number, "w", encoding="cp1252", newline="\\r\\n", closefd=False) for number in (1, 2))

from chainrule.cli import main

for command in COMMANDS:
    code = main(command)
    if code:
        sys.exit(code)
"""

FILES = ("C:\\Daten\\Häuser.csv", "C:\\Daten\\m.safetensors", "D:\\netz.toml")
COMMANDS = [
    ["train", FILES[0], "--target", "preis", "--encoding", "cp1252", "--epochs", "3", "-o", FILES[1], "--log", "D:\\l.csv",
     "--curve", "D:\\c.svg"],
    ["predict", FILES[1], FILES[0], "--encoding", "cp1252", "-o", "D:\\p.csv"],
    ["explain", FILES[1], "--step", "2", "--brief"],
    ["explain", FILES[2], "-o", "D:\\schritt.html"],
    ["doctor", FILES[2]],
    ["train", FILES[0], "--target", "preis"],
]  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="this is Windows")
def test_the_commands_do_without_what_windows_lacks(tmp_path):
    rows = "".join(f"{place % 9},5;{'weiß' if place % 2 else 'blau'};1.{place + 100},5\r\n" for place in range(60))
    (tmp_path / FILES[0]).write_bytes(f"fläche;farbe;preis\r\n{rows}".encode("cp1252"))
    (tmp_path / FILES[2]).write_bytes(
        b'inputs = 2\r\n\r\n[[layers]]\r\nunits = 3\r\nactivation = "tanh"\r\n\r\n[[layers]]\r\nunits = 1\r\n'
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONIOENCODING"}
    program = f"import sys; sys.path[:] = {sys.path}; COMMANDS = {COMMANDS}\n{WINDOWS}"
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, timeout=600, check=False)
    said, complained = ended.stdout.decode("utf-8"), ended.stderr.decode("utf-8")
    assert (ended.returncode, complained.count("Traceback")) == (2, 0), complained
    assert complained.endswith("cp1252 fits and would read 'fläche': give --encoding cp1252, or save it as UTF-8.\r\n"), complained
    assert "60 rows, 3 columns, separator: semicolon, decimal sign: comma, encoding: cp1252" in said
    assert "−" in said  # the sign of mathematics, which cp1252 does not have
    assert "\r\n" in said
    assert len((tmp_path / "D:\\p.csv").read_text(encoding="utf-8").splitlines()) == 61
    assert {path.name for path in tmp_path.iterdir()} == {*FILES, "D:\\l.csv", "D:\\c.svg", "D:\\p.csv", "D:\\schritt.html"}


def test_commands_are_quoted_for_the_shell_at_hand(monkeypatch):
    words = ("chainrule", "explain", "C:\\my data\\m.safetensors", "C:\\m.safetensors", "--name", 'a "b"')
    assert printing.command_line(*words).startswith("chainrule explain 'C:\\my data\\m.safetensors' ")
    monkeypatch.setattr(printing, "os", SimpleNamespace(name="nt"))
    quoted = 'chainrule explain "C:\\my data\\m.safetensors" C:\\m.safetensors --name "a \\"b\\""'
    assert printing.command_line(*words) == quoted


COLUMNS = """\
  x1      h1      y1
  x2  →   h2  →   y2

  δ¹ ≈ xᵀ · ⎡1⎤ · ⎡20  −3⎤
            ⎣2⎦   ⎣ 4  50⎦

  rate  10⁻³ → 10⁻²  end
  E     12           4"""


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437", "latin-1"])
def test_what_stands_in_columns_stays_in_them_in_other_signs(encoding):
    drawn, matrices, table = (block.split("\n") for block in in_signs_of(encoding, COLUMNS).split("\n\n"))
    assert [drawn[0].index(name) for name in ("h1", "y1")] == [drawn[1].index(name) for name in ("h2", "y2")]
    places = [[place for place, sign in enumerate(line) if sign in "[]⎡⎤⎣⎦⌈⌉⌊⌋"] for line in matrices]
    assert len(places[0]) == 4
    assert places[0] == places[1]
    assert table[0].index("end") == table[1].index("4")
    assert "?" not in in_signs_of(encoding, COLUMNS)
    assert in_signs_of("utf-8", COLUMNS) == COLUMNS
