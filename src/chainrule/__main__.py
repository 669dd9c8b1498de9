"""`python -m chainrule` is `chainrule`: the command line as a process of its own, which ends with 130 whenever it is interrupted."""

import os
import sys

INTERRUPTED = 130
"""As in `chainrule.cli`, which is not imported yet when this is needed."""


def process() -> int:
    """Runs the command line of this process, and ends it; returns its exit code where Python has to end it."""
    code = _answered()
    _ended(code)
    return code


def _answered() -> int:
    code = INTERRUPTED
    try:
        from signal import SIGINT, default_int_handler, getsignal, signal

        if getsignal(SIGINT) is default_int_handler:
            signal(SIGINT, _gone)  # while it starts and when all is done; in between, the command answers
        sys.unraisablehook = _unraisable
        from chainrule.cli import main as answer

        code = answer()
    except KeyboardInterrupt:
        pass
    if code == INTERRUPTED:
        _gone()
    return code


def _ended(code: int) -> None:
    """Ends the process without taking every object apart first, which is a tenth of the time of an explanation.

    What asked to be called at the end is called, and what was written is written. Threads that still run, other processes that were begun,
    and whoever traces or measures what happens here, are left to Python.
    """
    from threading import active_count

    watched = sys.gettrace() or sys.getprofile() or sys.flags.interactive
    if sys.version_info >= (3, 12):
        watched = watched or any(sys.monitoring.get_tool(tool) for tool in range(6))
    others = active_count() > 1 or "multiprocessing" in sys.modules
    if "mpi4py" in sys.modules:
        others = not code  # MPI is told of a good end; of any other one its launcher tells the processes that wait for this one
    if watched or others:
        return
    import atexit

    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (OSError, ValueError, AttributeError):  # closed, or their reader has gone: Python says so
        return
    os._exit(code)


def _gone(*_: object) -> None:
    """Ends the process at once: `sys.exit` would end it by the signal, and not with a code, where that came while text was run as code."""
    from contextlib import suppress

    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError, RuntimeError):  # closed, or written to at this very moment
            stream.flush()
    os._exit(INTERRUPTED)


def _unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """Python goes on after what is raised while an object is removed; whoever asked for the end would have to ask again."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        _gone()
    sys.__unraisablehook__(unraisable)


if __name__ == "__main__":
    sys.exit(process())
