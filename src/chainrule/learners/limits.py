"""What a learner's process may not do, and what is said of one that tries: each with the line at which it happened."""

from __future__ import annotations

import builtins
import io
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, NoReturn

RESERVED = 8 << 30
"""Bytes of addresses, not of memory, that JAX takes for itself when it begins."""

PATIENCE = 3
"""So many seconds of the clock for each of the processor; more on a busy machine, as long as the processor gets on."""

WORKED = 0.05
"""Seconds of the processor from which on a process is at work, and does not wait for something that never comes."""

FILE = "<learner>"
"""The name under which a learner's program is compiled; frames of it are the learner's lines."""


class Stopped(BaseException):
    """Ends a learner's program from within: not an Exception, so that `except Exception` lets it pass."""

    def __init__(self, reason: str, line: int | None = None, **values: str | int) -> None:
        super().__init__(reason)
        self.reason, self.line, self.values = reason, line, values

    def record(self) -> dict[str, Any]:
        """As it leaves the process."""
        return {"refused": self.reason, "line": self.line, "values": self.values}


def silent() -> None:
    """Nothing to read, and nobody to write to."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)


def limited(limits: Mapping[str, Any]) -> None:
    """Limits of the system: processor time, memory, size of files. Nothing where there are none, as on Windows."""
    try:
        import resource
    except ImportError:
        return
    seconds = math.ceil(limits["seconds"] + 0.5)  # after the guard's own, which says at which line it stopped
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["file"], limits["file"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, ValueError, IndexError):  # macOS has no such count, and no such limit
        with open("/proc/self/statm", "rb") as file:
            taken = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        room = RESERVED if "jax" in sys.modules else 0
        resource.setrlimit(resource.RLIMIT_AS, (taken + limits["memory"] + room,) * 2)


class Guard:
    """Stands between a learner's program and the system while it runs.

    stopped   the first thing for which the program was stopped; it counts even where the program went on
    printed   what it printed, as far as it is kept
    """

    leave: Callable[[int], NoReturn] = staticmethod(os._exit)
    _current: Guard | None = None
    _hooked = False

    def __init__(self, limits: Mapping[str, Any], mark: Callable[[int], None] | None = None) -> None:
        self.stopped: Stopped | None = None
        self.limits = limits
        self.mark = mark or (lambda line: None)
        self.output = _Cut(limits["output"])
        self.folder = os.path.realpath(".") + os.sep
        self.active = False
        self._spent = 0.0

    def __enter__(self) -> Guard:
        Guard._current = self
        if not Guard._hooked:
            sys.addaudithook(_audited)
            Guard._hooked = True
        sys.stdin, sys.stdout, sys.stderr = _Keyboard(), self.output, self.output
        builtins.input = lambda *_: self.stop("learners.refused.keyboard")
        os._exit = _exited
        os.system = lambda command: 0  # clearing the screen is what learners do with it
        time.sleep = lambda *_: None  # what waits for a person to look has nobody to wait for
        if hasattr(signal, "setitimer"):
            for number, timer, seconds in self._timers():
                signal.signal(number, self._alarmed)
                signal.setitimer(timer, seconds, 0.2)  # it rings again, for programs that catch everything
        self.active = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.active = False
        if hasattr(signal, "setitimer"):
            for _, timer, _ in self._timers():
                signal.setitimer(timer, 0)

    def stop(self, reason: str, line: int | None = None, **values: str | int) -> NoReturn:
        """Stop the learner's program. Raises Stopped."""
        stopped = Stopped(reason, line or line_now(), **values)
        self.stopped = self.stopped or stopped
        raise stopped

    def _timers(self) -> list[tuple[int, int, float]]:
        """One counts the processor's seconds, the other those of the clock, of which a busy machine needs more."""
        return [
            (signal.SIGVTALRM, signal.ITIMER_VIRTUAL, self.limits["seconds"]),
            (signal.SIGALRM, signal.ITIMER_REAL, self.limits["seconds"] * PATIENCE),
        ]

    def _alarmed(self, number: int, frame: FrameType | None) -> None:
        if not self.active:
            return
        spent, self._spent = self._spent, time.process_time()
        if number == signal.SIGALRM and self.stopped is None and self._spent - spent > WORKED:
            signal.setitimer(signal.ITIMER_REAL, self.limits["seconds"], 0.2)  # others have had the processor
        else:
            self.stop("learners.refused.endless", _line_of(frame), seconds=f"{self.limits['seconds']:g}")


def line_now() -> int | None:
    """The line at which the learner's program is."""
    return _line_of(sys._getframe())


def _line_of(frame: FrameType | None) -> int | None:
    while frame is not None:
        if frame.f_code.co_filename == FILE:
            return frame.f_lineno
        frame = frame.f_back
    return None


def line_of_error(error: BaseException) -> int | None:
    """The line of the learner's program at which an error arose: the innermost of its own."""
    if isinstance(error, SyntaxError) and error.filename == FILE:
        return error.lineno
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _exited(status: int) -> NoReturn:
    guard = Guard._current
    if guard is not None and guard.active:
        guard.stop("learners.refused.ended")
    Guard.leave(status)


_FORBIDDEN = {"os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen", "os.startfile", "pty.spawn"}
_REMOVING = {
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink", "os.truncate", "shutil.rmtree",
}  # fmt: skip


def _audited(event: str, arguments: tuple[Any, ...]) -> None:
    """What Python tells before it does something."""
    guard = Guard._current
    if guard is None or not guard.active:
        return
    if event in _FORBIDDEN:
        guard.stop("learners.refused.starts")
    elif event in {"os.kill", "os.killpg"}:
        guard.stop("learners.refused.kills")
    elif event.startswith("socket.") and event not in ("socket.gethostname",):
        raise OSError("a program that is checked has no network")
    elif event == "open" and arguments[0] == "/dev/tty":
        guard.stop("learners.refused.keyboard")
    elif event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        mode, flags = arguments[1], arguments[2]
        writes = any(letter in (mode or "") for letter in "wax+") or bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        if writes and not _inside(arguments[0], guard.folder):
            guard.stop("learners.refused.writes")
    elif event in _REMOVING and not _inside(arguments[0], guard.folder):
        guard.stop("learners.refused.writes")


def _inside(path: Any, folder: str) -> bool:
    """Is it in the process's own folder, wherever the program has gone?"""
    try:
        path = os.path.realpath(os.fsdecode(path))
    except (TypeError, ValueError):
        return False
    return str(path).startswith(folder) or path == os.path.realpath(os.devnull)


class _Keyboard(io.TextIOBase):
    """Standard input, where nobody types."""

    def readable(self) -> bool:
        return True

    def read(self, *_: Any) -> str:
        return self._asked()

    def readline(self, *_: Any) -> str:  # type: ignore[override]  # whatever is asked for, nobody types it
        return self._asked()

    def __next__(self) -> str:  # type: ignore[override]  # whatever is asked for, nobody types it
        return self._asked()

    def _asked(self) -> NoReturn:
        assert Guard._current is not None
        Guard._current.stop("learners.refused.keyboard")


class _Cut(io.TextIOBase):
    """Keeps so many characters of what is printed, and counts the rest."""

    def __init__(self, most: int) -> None:
        self.most, self.length, self.parts = most, 0, []  # type: ignore[var-annotated]  # texts

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError("write() argument must be str")
        if self.length < self.most:
            self.parts.append(text[: self.most - self.length])
        self.length += len(text)
        return len(text)

    @property
    def buffer(self) -> Any:
        return io.BytesIO()

    def fileno(self) -> int:
        return 1

    def text(self) -> str:
        return "".join(self.parts)
