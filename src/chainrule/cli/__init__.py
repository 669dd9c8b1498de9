"""The command line: `main` answers what needs no work at once and hands everything else to the commands.

Exit codes: 0 done, 1 a negative verdict, 2 bad input, 3 numbers diverged, 130 interrupted.
A command's verdict is the whole number that it returns; one that returns nothing is done.
"""

from __future__ import annotations

import atexit
import codecs
import gc
import io
import os
import sys

from chainrule import __version__
from chainrule.base.errors import AgreedError, ChainruleError, DivergenceError
from chainrule.base.options import as_typed

DONE, BAD_INPUT, DIVERGED, INTERRUPTED = 0, 2, 3, 130


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line (of this process, unless `arguments` are given) and returns its exit code."""
    _open_closed_streams()
    _set_encoding()
    try:
        if arguments is None:
            gc.set_threshold(300_000)  # what follows makes many objects, and hardly a cycle for the collector to find
            atexit.register(gc.freeze)  # the process ends: nobody needs its last search for garbage, which takes a while
        with as_typed():
            return _guarded(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        return _failed("interrupted", INTERRUPTED)
    except RuntimeError as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # as what happens in `__set_name__` is raised before Python 3.12
            return _failed("interrupted", INTERRUPTED)
        raise


def _guarded(arguments: list[str]) -> int:
    """The answer's exit code; every foreseeable failure is reported in a line or two."""
    code = DONE
    try:
        code = _answer(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, as `head`, has seen enough
        _discard_output()
    except DivergenceError as error:
        return _failed(str(error), DIVERGED)
    except AgreedError as error:
        return _failed(str(error)) if error.here else BAD_INPUT
    except ChainruleError as error:
        return _failed(str(error))
    except OSError as error:
        return _failed_to_reach(error)
    except MemoryError:
        return _failed("this needs more memory than there is; a smaller network or batch needs less")
    except RecursionError:
        return _failed("this is nested too deeply to be worked through; fewer layers or steps go less deep")
    return code


def _answer(arguments: list[str]) -> int:
    """Answers --help and --version from the package itself: importing click would take three times as long as starting Python."""
    if "_CHAINRULE_COMPLETE" in os.environ:  # a shell asks how to complete a line; it gives no arguments
        return _command(arguments)
    if arguments in ([], ["--help"], ["-h"]):
        print(_help(), end="")
        return DONE
    if arguments == ["--version"]:
        print(f"chainrule {__version__}")
        return DONE
    return _command(arguments)


def _help() -> str:
    """What click prints for --help, as scripts/help has stored it."""
    with io.open(os.path.join(os.path.dirname(__file__), "help.txt"), encoding="utf-8") as file:  # noqa: UP020  # `open` is a command here
        return file.read()


def _command(arguments: list[str]) -> int:
    """Runs a command; whoever asks it to end gets the answer of Ctrl-C. What is explained without an option needs no click."""
    from chainrule.base.interruption import asked_to_end, interrupt

    with asked_to_end(interrupt):
        if arguments[:1] == ["explain"] and len(arguments) <= 2 and not "".join(arguments[1:]).startswith("-"):
            if "numpy" not in sys.modules:
                os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one step on a few samples needs none of the threads that it starts
            from chainrule.cli.document import explain_network

            explain_network(*arguments[1:])
            return DONE
        return _run(arguments)


def _run(arguments: list[str]) -> int:
    """Runs a command by click, but leaves errors and broken pipes to `_guarded`."""
    import click

    from chainrule.cli.commands import chainrule

    if "_CHAINRULE_COMPLETE" in os.environ:
        chainrule.main(arguments, "chainrule")
    try:
        with chainrule.make_context("chainrule", list(arguments), obj=tuple(arguments)) as context:
            verdict = chainrule.invoke(context)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.UsageError as error:
        see = f" See {error.ctx.command_path} --help." if error.ctx else ""  # the help that would have prevented it
        return _failed(" ".join(error.format_message().split()) + see)
    except click.ClickException as error:
        return _failed(error.format_message())
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):  # how rich ends when the reader has gone
            return DONE
        raise
    return verdict if isinstance(verdict, int) else DONE


def _failed(message: str, code: int = BAD_INPUT) -> int:
    from chainrule.cli.output import complain

    complain(message)
    return code


def _failed_to_reach(error: OSError) -> int:
    """A file, or else the output itself, as on a full disk."""
    if error.filename is None:
        _discard_output()
    return _failed(f"{error.filename or 'output'}: {error.strerror or error}")


def _discard_output() -> None:
    from chainrule.cli.output import discard_output

    discard_output()


def _in_other_signs(error: UnicodeError) -> tuple[str | bytes, int]:
    from chainrule.cli.output import in_other_signs

    return in_other_signs(error)


def _set_encoding() -> None:
    """Text that goes to a file or a pipe is UTF-8, whatever the console writes, unless PYTHONIOENCODING asks for something else.

    Data are UTF-8 in any case, byte for byte what `-o` writes: `output.give`.
    """
    codecs.register_error("signs", _in_other_signs)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            asked = stream.isatty() or os.environ.get("PYTHONIOENCODING", "").partition(":")[0] != ""
            stream.reconfigure(encoding=None if asked else "utf-8", errors="signs")


def _open_closed_streams() -> None:
    """A stream that was closed before the program began is an empty one, so that no file takes its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # open as long as the process
