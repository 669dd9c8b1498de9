"""The process from which learners' processes come: it has imported NumPy, forks for each job, and ends what does not end itself."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import select
import shutil
import signal
import struct
import tempfile
import time
from typing import Any

from chainrule.learners import jobs
from chainrule.learners.limits import PATIENCE, WORKED, Guard, limited, silent

HEAD = struct.Struct("<q")
GRACE = 2.0
"""Seconds that a process has to end after it was told that its time is over."""


def answer_jobs() -> None:
    """Answer jobs, a line of JSON each, until there are no more. The command of this process."""
    lines, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    silent()
    for line in lines:
        job = json.loads(line)
        jobs.prepare(job.get("code", ""))
        answer = _forked(job) if hasattr(os, "fork") else _alone(job)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _alone(job: dict[str, Any]) -> dict[str, Any]:
    """Where there is no fork, this process is the learner's, and gets no other job."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chdir(folder)
        try:
            return jobs.done(job, Guard(job["limits"]))
        finally:
            os.chdir(os.path.dirname(folder))


def _forked(job: dict[str, Any]) -> dict[str, Any]:
    """One job in a process group of its own, with a folder of its own that is gone afterwards."""
    folder = tempfile.mkdtemp(prefix="chainrule-")
    mark = mmap.mmap(-1, HEAD.size)  # where the process says which line it is at, so that this is known of one that died
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _child(job, folder, mark, writing)
    os.close(writing)
    try:
        record = _record(reading, process, job["limits"]["seconds"])
        if record is None:
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(OSError):
                    kill(process, signal.SIGKILL)
        elif not record:
            record = None
        _, status = os.waitpid(process, 0) if record is None else _ended(process)
        with contextlib.suppress(OSError):
            os.killpg(process, signal.SIGKILL)  # what it started
        if record is not None:
            answer: dict[str, Any] = json.loads(record)
            return answer
        return _died(status, HEAD.unpack(mark[: HEAD.size])[0], job["limits"]["seconds"])
    finally:
        os.close(reading)
        mark.close()
        shutil.rmtree(folder, ignore_errors=True)


def _ended(process: int) -> tuple[int, int]:
    """Wait a moment for one that has given its record, and end it then."""
    for _ in range(100):
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return ended, status
        time.sleep(0.002)
    os.kill(process, signal.SIGKILL)
    return os.waitpid(process, 0)


def _died(status: int, line: int, seconds: float) -> dict[str, Any]:
    """What is said of a process that gave no record."""
    where = {"line": line} if line else {}
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number in (signal.SIGXCPU, signal.SIGKILL):
            return {"refused": "learners.refused.endless", "values": {"seconds": f"{seconds:g}"}, **where}
        return {"refused": "learners.refused.crashed", "values": {"signal": signal.Signals(number).name}, **where}
    return {"refused": "learners.refused.ended", **where}


def _spent(process: int) -> float:
    """Seconds of the processor that a process has taken so far; 0 where the system does not tell."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return sum(map(int, file.read().rpartition(b")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


def _record(pipe: int, process: int, seconds: float) -> bytes | None:
    """What the process wrote: its length, then so many bytes. Empty where it ended without; None where its time is over.

    The system ends it when it has had its seconds of the processor; the clock counts where it does nothing.
    """
    content, spent, deadline = b"", 0.0, time.monotonic() + seconds * PATIENCE + GRACE
    while len(content) < HEAD.size or len(content) < HEAD.size + HEAD.unpack(content[: HEAD.size])[0]:
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            before, spent = spent, _spent(process)
            if spent - before <= WORKED:
                return None
            deadline = time.monotonic() + seconds + GRACE
            continue
        part = os.read(pipe, 1 << 16)
        if not part:
            return b""
        content += part
    return content[HEAD.size :]


def _child(job: dict[str, Any], folder: str, mark: mmap.mmap, pipe: int) -> None:
    """The learner's process; it never returns."""
    try:
        os.setsid()
        os.chdir(folder)
        silent()
        limits = job["limits"]
        limited(limits)
        guard = Guard(limits, lambda line: HEAD.pack_into(mark, 0, line))
        record = json.dumps(jobs.done(job, guard)).encode()
        content = memoryview(HEAD.pack(len(record)) + record)
        while content:
            content = content[os.write(pipe, content) :]
    finally:
        Guard.leave(0)
