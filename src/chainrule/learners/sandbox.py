"""Where a learner's program runs: in a process of its own, which has limits and from which nothing comes back but a record.

This keeps an accident from harming anything: a program that loops for ever, takes all memory, prints without end, starts others, ends
its process or waits for somebody to type. It keeps out nobody who means harm: programs of strangers belong into a container.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import IO, Any

from chainrule.base.frozen import FrozenValue

FORKS = hasattr(os, "fork")
"""Whether a process that has imported NumPy can be the parent of others; elsewhere, as on Windows, each is started anew."""

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS")


class Limits(FrozenValue):
    """What one run of a learner's program may take.

    seconds   of the processor's time; the clock may show three times as many
    memory    bytes beyond what NumPy takes itself
    file      bytes of a file that it writes, in its own folder
    output    characters of what it prints that are kept; the rest is thrown away
    """

    seconds: float = 10.0
    memory: int = 1 << 30
    file: int = 1 << 24
    output: int = 20_000


class Refusal(Exception):
    """A program that gave nothing to judge.

    reason   the key of a text in the catalogues: "learners.refused.endless"
    values   what stands in its places
    line     of the program where that happened; None where no line is known
    """

    def __init__(self, reason: str, line: int | None = None, **values: str | int) -> None:
        super().__init__(reason)
        self.reason, self.line, self.values = reason, line, values


class Sandbox:
    """Runs jobs, one after the other, each in a process of its own. Several threads may each have one of these.

    with Sandbox() as sandbox:
        record = sandbox.run({"work": "understand", "code": …})
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._server: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process from which the others come. The next job starts another."""
        server, self._server = self._server, None
        if server is not None:
            for pipe in (server.stdin, server.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            try:
                server.wait(2)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    def run(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """What the job gave. Raises Refusal where the program gave nothing."""
        limits = {name: getattr(self.limits, name) for name in self.limits.__match_args__}
        line = json.dumps({**job, "limits": limits}).encode() + b"\n"
        with self._lock:
            answer = self._asked(line)
        record: dict[str, Any] = json.loads(answer)
        if "refused" in record:
            raise Refusal(record["refused"], record.get("line"), **record.get("values", {}))
        return record

    def _asked(self, line: bytes) -> bytes:
        for _ in range(2):  # a server that was killed by somebody, as for want of memory, is started once more
            server = self._server = self._server if self._server is not None and self._server.poll() is None else _started()
            assert server.stdin is not None
            assert server.stdout is not None
            with contextlib.suppress(OSError):
                server.stdin.write(line)
                server.stdin.flush()
                if not FORKS:
                    server.stdin.close()
                if answer := _line(server.stdout, None if FORKS else server, self.limits.seconds):
                    if not FORKS:
                        self.close()
                    return answer
            self.close()
        return json.dumps({"refused": "learners.refused.died", "values": {}}).encode()


def _started() -> subprocess.Popen[bytes]:
    """The process from which the others come: Python with NumPy, that waits for jobs."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    environment = {name: value for name, value in os.environ.items() if name == "PYTHONPATH" or not name.startswith("PYTHON")}
    environment.update(dict.fromkeys(THREADS, "1"), PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1", MPLBACKEND="Agg")
    start = f"import sys; sys.path.insert(0, {root!r}); from chainrule.learners.fork_server import answer_jobs; answer_jobs()"
    return subprocess.Popen(
        [sys.executable, "-c", start],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=FORKS,  # so that Ctrl-C reaches chainrule alone, which ends the server
    )


def _line(stream: IO[bytes], alone: subprocess.Popen[bytes] | None, seconds: float) -> bytes:
    """The next line. Where no server looks after the time, `alone` is killed when it is over."""
    if alone is None:
        return stream.readline()
    timer = threading.Timer(3 * seconds + 5, alone.kill)
    timer.start()
    try:
        return stream.readline() or json.dumps({"refused": "learners.refused.died", "values": {}}).encode()
    finally:
        timer.cancel()
