"""Being asked to end: by Ctrl-C, by the system (SIGTERM), or because the terminal is gone (SIGHUP)."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CTRL_C = signal.SIGINT

ASKING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals by which a process is asked to end; Windows has no SIGHUP."""


@contextmanager
def asked_to_end(answer: Callable[[int], None]) -> Iterator[None]:
    """While this lasts, the signals that ask a process to end call `answer` with their numbers; those that nohup ignores stay ignored.

    Outside of the main thread, which alone gets signals, nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in ASKING}
    taken = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for number in taken:
        signal.signal(number, lambda number, _: answer(number))
    try:
        yield
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)


def interrupt(number: int) -> None:
    """Ends what is being done, as Python does at Ctrl-C. Raises KeyboardInterrupt."""
    raise KeyboardInterrupt


def interrupt_by_hand(number: int) -> None:
    """The same at Ctrl-C alone: for what ends by itself in a moment, and would lose something."""
    if number == CTRL_C:
        raise KeyboardInterrupt


def ignore_ctrl_c() -> None:
    """Leaves Ctrl-C to the process that started this one, and ends it."""
    signal.signal(CTRL_C, signal.SIG_IGN)


@contextmanager
def ctrl_c_held() -> Iterator[None]:
    """While this lasts, Ctrl-C waits, and processes that are started do not hear it before they say otherwise.

    A process that is still starting would answer Ctrl-C, which a terminal sends to all, with its traceback. Windows can hold no signal.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()  # whoever starts processes starts it before them, and then SIGINT is heard again, whether it was before or not
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [CTRL_C])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
