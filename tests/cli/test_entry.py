"""The entry of the command line: what is answered without click, and how every kind of end becomes an exit code."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.samples import some

import chainrule
from chainrule.cli import main

# A stand-in for the commands, so that these tests say something about the entry alone.
STAND_IN = """
import sys, types, click
from chainrule.base.errors import *

@click.group()
def chainrule(): ...

@chainrule.command()
@click.option("--detail", type=click.Choice(["matrix", "scalar"]))
@click.pass_context
def work(context, detail):
    {body}

sys.modules["chainrule.cli.commands"] = types.SimpleNamespace(chainrule=chainrule)
from chainrule.__main__ import process
sys.argv[1:] = {arguments}
sys.exit(process())
"""


def work(body: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", STAND_IN.format(body=body, arguments=["work", *arguments])]


def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL, timeout=600, check=False, **options)


def chainrule_command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "-m", "chainrule", *arguments], env=os.environ | environment)


def help_text() -> str:
    return (Path(chainrule.__file__).parent / "cli" / "help.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_is_the_stored_text(arguments):
    ended = chainrule_command(*arguments)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, help_text(), "")


def test_no_line_of_a_help_ends_inside_a_word():
    """What is to be typed, as by-target, stands as it is typed; and a help keeps to a terminal's width."""
    from chainrule.cli.commands import chainrule as commands

    for name in commands.list_commands(None):
        command = commands.get_command(None, name)
        text = command.get_help(command.make_context(name, [], resilient_parsing=True, terminal_width=80))
        assert not [line for line in text.splitlines() if re.search(r"\w-$", line) or len(line) > 80]
        assert "\N{NON-BREAKING HYPHEN}" not in text


def test_click_knows_the_same_options_as_the_quick_answers(capsys):
    from chainrule.cli import commands

    commands.chainrule.main(["-h"], prog_name="chainrule", terminal_width=80, standalone_mode=False)
    assert capsys.readouterr().out == help_text(), "run scripts/help"
    commands.chainrule.main(["--version"], prog_name="chainrule", standalone_mode=False)
    assert capsys.readouterr().out == f"chainrule {chainrule.__version__}\n"


def test_version():
    assert chainrule_command("--version").stdout == f"chainrule {chainrule.__version__}\n"


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_the_quick_answers_import_nothing_heavy(argument):
    quick = f"from chainrule.cli import main; main(['{argument}'])"
    ended = run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:] = {sys.path}; {quick}; print(*sys.modules)"])
    assert ended.returncode == 0
    assert not {"click", "numpy", "re", "rich", "typing"} & set(ended.stdout.splitlines()[-1].split())


def test_an_explanation_imports_nothing_that_it_does_not_need():
    seed = "from chainrule.cli import main; main(['explain'])"
    ended = run([sys.executable, "-c", f"import sys; sys.path[:] = {sys.path}; {seed}; print(*sys.modules)"])
    assert ended.returncode == 0
    heavy = {"click", "string", "numpy.ma", "numpy.random", "scipy", "llvmlite", "rich", "typst", "json", "csv", "pathlib", "tomllib"}
    later = {"chainrule.cli.train", "chainrule.training.plan", "chainrule.training.loop", "chainrule.engines.compiled", "chainrule.data"}
    later |= {"chainrule.network.short_form", "chainrule.network.attention", "chainrule.network.schedules"}
    assert not (heavy | later) & set(ended.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("network", ["1-1-1", "no-such", "nothing.toml"])
def test_what_is_explained_without_click_is_what_click_explains(network, capsys):
    at_once = main(["explain", network]), capsys.readouterr()
    assert at_once == (main(["explain", network, "--steps", "1"]), capsys.readouterr())


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("pass", 0, ""),
        ("return 1", 1, ""),
        ("context.exit(1)", 1, ""),
        ("raise InputError('no')", 2, "chainrule: no\n"),
        ("raise ShapeError('no')", 2, "chainrule: no\n"),
        ("raise InexactError('no')", 2, "chainrule: no\n"),
        ("raise DivergenceError('too large')", 3, "chainrule: too large\n"),
        ("raise click.UsageError('no')", 2, "chainrule: no See chainrule work --help.\n"),
        ("raise click.ClickException('no')", 2, "chainrule: no\n"),
        ("open('/missing')", 2, "chainrule: /missing: No such file or directory\n"),
        ("open('/')", 2, "chainrule: /: Is a directory\n"),
        ("raise MemoryError", 2, "chainrule: this needs more memory than there is; a smaller network or batch needs less\n"),
        ("raise KeyboardInterrupt", 130, "chainrule: interrupted\n"),
        ("raise click.Abort", 130, "chainrule: interrupted\n"),
    ],
)
def test_every_end_has_its_exit_code_and_at_most_a_line(body, code, message):
    ended = run(work(body))
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", message)


def test_ctrl_c_while_an_object_is_removed_is_not_lost():
    ended = run(work("gone = type('Gone', (), {'__del__': lambda self: __import__('signal').raise_signal(2)})(); del gone"))
    assert (ended.returncode, ended.stderr) == (130, "")


def test_endless_recursion_is_told_in_a_line():
    ended = run(work("f = lambda: f(); f()"))
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1


def test_a_wrong_option_is_told_in_a_line():
    ended = run(work("pass", "--detail", "scaler"))
    assert ended.returncode == 2
    assert ended.stderr.startswith("chainrule: Invalid value for '--detail': 'scaler'")
    assert ended.stderr.endswith("See chainrule work --help.\n")


def test_a_mistake_of_our_own_keeps_its_traceback():
    assert "ZeroDivisionError" in run(work("1 / 0")).stderr


@pytest.mark.parametrize(
    "body",
    [
        "print(1)",
        "[print(n) for n in range(10**6)]",
        "from rich.console import Console; [Console().print('x' * 1000) for n in range(10**3)]",
    ],
)
def test_a_reader_that_has_seen_enough_is_no_error(body):
    with subprocess.Popen(work(body), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert (process.stderr.read(), process.wait(600)) == (b"", 0)


def test_a_short_verdict_stands_though_nobody_reads_it():
    buffered = os.environ | {"PYTHONUNBUFFERED": ""}
    with subprocess.Popen(work("print(1); return 1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=buffered) as process:
        process.stdout.close()
        assert (process.stderr.read(), process.wait(600)) == (b"", 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("body", ["print(1)", "[print(n) for n in range(10**5)]"])
def test_a_full_disk_is_told(body):
    with open("/dev/full", "w") as full:
        ended = subprocess.run(work(body), stdout=full, stderr=subprocess.PIPE, encoding="utf-8", check=False, timeout=600)
    assert (ended.returncode, ended.stderr) == (2, "chainrule: output: No space left on device\n")


def test_a_terminal_without_mathematics_gets_letters_or_question_marks():
    ended = run(work("print('∂E 猫')"), env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (ended.returncode, ended.stdout) == (0, "dE ?\n")


INTERRUPTED_EARLY = """
import os, signal, sys
import chainrule
from chainrule.cli import main
calls, most = 0, int(sys.argv.pop())
def seen(frame, event, argument):
    global calls
    calls += 1
    if calls == most:
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGINT)
sys.setprofile(seen)
from chainrule.__main__ import process
sys.exit(process())
"""


@pytest.mark.parametrize("calls", some([1500, 4000, 10_000, 40_000, 90_000], 2))
def test_ctrl_c_while_it_starts_shows_no_traceback(calls):
    done = subprocess.run([sys.executable, "-c", INTERRUPTED_EARLY, "explain", str(calls)], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr in ("", "chainrule: interrupted\n")


def redirected(monkeypatch, asked: str, *arguments: str) -> bytes:
    """What goes to a file from a console that writes cp1252."""
    monkeypatch.setenv("PYTHONIOENCODING", asked)
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=asked.partition(":")[0] or "cp1252", newline=""))
    assert main([*arguments]) in (0, 1)
    sys.stdout.flush()
    return written.getvalue()


@pytest.mark.parametrize("arguments", [("explain", "seed", "--weight", "w1"), ("doctor", "seed"), ("explain", "--help"), ("examples",)])
def test_redirected_text_is_utf_8_whatever_the_console_writes_or_as_is_asked(monkeypatch, arguments):
    text = redirected(monkeypatch, "", *arguments)
    assert text == redirected(monkeypatch, ":strict", *arguments)
    assert not text.isascii()
    assert redirected(monkeypatch, "utf-16-le", *arguments) == text.decode("utf-8").encode("utf-16-le")
    console, signs = redirected(monkeypatch, "cp1252", *arguments).decode("cp1252"), text.decode("utf-8")
    assert len(console.splitlines()) == len(signs.splitlines())
    assert console.count("-") >= signs.count("-") + signs.count("−")


def test_a_number_keeps_its_minus_where_the_console_lacks_the_sign(monkeypatch):
    redirected(monkeypatch, "cp1252", "--version")
    assert "R² −1.15 ≈ 2 · 10⁻¹² ≤ 10⁷ σ".encode("cp1252", errors="signs").decode("cp1252") == "R² -1.15 ~ 2 · 10^-¹² <= 10^7 sigma"
    assert "−".encode("ascii", errors="signs") == b"-"


@pytest.mark.parametrize("arguments", [("code", "seed"), ("doctor", "seed", "--json"), ("examples", "seed")])
def test_redirected_data_are_utf_8_in_any_case(monkeypatch, arguments):
    assert redirected(monkeypatch, "utf-16-le", *arguments) == redirected(monkeypatch, "", *arguments)


def test_ctrl_c_while_a_class_is_made_is_an_interrupt_too():
    """Which Python before 3.12 wraps in a RuntimeError."""
    ended = run(work("raise RuntimeError('Error calling __set_name__') from KeyboardInterrupt()"))
    assert (ended.returncode, ended.stderr) == (130, "chainrule: interrupted\n")
    assert run(work("raise RuntimeError('a mistake')")).returncode == 1


def test_streams_of_text_alone_are_read_and_written(monkeypatch):
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"inputs": 2, "layers": [{"units": 1}]}'))
    assert main(["examples", "xor"]) == 0
    assert written.getvalue().startswith('title = "Exclusive or')
    assert main(["explain", "-", "--brief"]) == 0
    assert "a 2-1 network" in written.getvalue()


def test_what_asked_to_be_called_at_the_end_is_called_and_what_was_written_is_written():
    ended = run(work("import atexit; atexit.register(lambda: print('last')); sys.stdout.write('first, ')"))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "first, last\n", "")


def test_threads_that_still_run_are_waited_for():
    ended = run(work("import threading, time; threading.Thread(target=lambda: (time.sleep(0.2), print('late'))).start()"))
    assert (ended.returncode, ended.stdout) == (0, "late\n")


def test_every_command_is_where_it_is_said_to_be():
    from importlib import import_module

    from chainrule.cli.commands import HOMES

    for home, names in HOMES.items():
        assert tuple(command.name for command in import_module(f"chainrule.cli.{home}").COMMANDS) == names


@pytest.mark.parametrize(("said", "then"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_one_step_is_explained_with_one_thread_unless_somebody_wants_more(said, then):
    program = "import os; from chainrule.cli import main; main(['explain']); print(os.environ['OPENBLAS_NUM_THREADS'])"
    others = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, encoding="utf-8", env={**others, **said}, check=True
    )
    assert ran.stdout.splitlines()[-1] == then
