r"""Programs in any language: a probe goes to their standard input as a line of JSON, their answer comes back as another.

    → {"sizes":[5,7,3],"rows":4,"rate":0.1,"x":[…],"t":[…],"W1":[…],"b1":[…],"W2":[…],"b2":[…]}
    ← {"dW1":[…],"db1":[…],"dW2":[…],"db2":[…]}

Arrays are lists of numbers, row by row: x is rows × sizes[0], W1 is sizes[0] × sizes[1] (inputs × units). An answer may have nested lists,
and besides y, E, z1, h1, delta1 … and "activations" and "loss" by chainrule's names, where --as does not say them.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError, quoted
from chainrule.checking.evidence import Architecture, Fault, Observation, Place, Saying, Submission
from chainrule.learners.header import HeaderError, read_header
from chainrule.learners.layout import Probe, trial
from chainrule.learners.sandbox import THREADS, Limits, Refusal
from chainrule.learners.submission import plain_problem
from chainrule.steps.problem import Problem

LONGEST = 1 << 24
"""Bytes of an answer; what is longer is refused."""


class CommandSubmission:
    """A program that is asked by lines. Keeps to `chainrule.checking.evidence.Submission`.

    with CommandSubmission("./mynet", "activations tanh, identity; loss half_squared") as submission:
        observations = submission.observe(problems)

    Raises InputError where it cannot be started, Refusal where it gives no answer.
    """

    def __init__(self, command: str, stated: str = "", *, loss: str = "", limits: Limits | None = None) -> None:
        self.name, self.limits = command, limits or Limits()
        self.columns = self.units_first = False
        self.conventions: Sequence[Saying] = ()
        self.trainings: Sequence[Submission] = ()
        self.names: Mapping[str, str] = {}
        try:
            header = read_header(stated)
        except HeaderError as error:
            raise InputError(
                f"'{error}' says nothing that is known of a program; write: activations tanh, identity; loss half_squared"
            ) from None
        self._start()
        try:
            self.architecture = self._asked(header.activations, loss or header.loss)
        except BaseException:
            self.close()
            raise
        self.understood: Sequence[Saying] = (
            Saying("learners.understood.command", {"entry": command}),
            Saying("learners.understood.network", {"sizes": "5-7-3", "activations": ", ".join(self.architecture.activations)}),
            Saying("learners.understood.loss.stated", {"loss": self.architecture.loss}),
        )

    def _start(self) -> None:
        """Start the program. Raises InputError."""
        command = self.name
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        try:
            words = shlex.split(command)
            environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
            self._process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, env=environment, start_new_session=True
            )
        except (OSError, ValueError, IndexError) as error:
            self._errors.close()
            raise InputError(f"the command {quoted(command)} cannot be started: {getattr(error, 'strerror', None) or error}.") from None

    def __enter__(self) -> CommandSubmission:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the program."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            _end(self._process)
        self._errors.close()

    def observe(self, problems: Sequence[Problem]) -> Sequence[Observation]:
        """What it answers to each problem, in their order; it is started anew if it has ended. Raises Refusal where it answers no more."""
        if self._process.poll() is not None:
            self.close()
            self._start()
        observations = []
        for problem in problems:
            probe = Probe.from_dict(plain_problem(problem))
            answer = self._answer(probe)
            if "error" in answer:
                observations.append(Observation(problem, failure=str(answer["error"])))
                continue
            observations.append(Observation(problem, _quantities(answer, probe)))
        return observations

    def locate(self, fault: Fault, observation: Observation) -> Place | None:
        """None: its source is not read."""
        del fault, observation
        return None

    def _asked(self, activations: tuple[str, ...], loss: str) -> Architecture:
        """The network that it computes, by what is stated, or by what it says itself."""
        depth = len(activations) or 2
        answer = self._answer(trial((5, *(7, 4, 6)[: depth - 1], 3), 4, kind="classes"))
        activations = activations or tuple(str(name) for name in answer.get("activations", ()))
        if not activations:
            raise InputError(
                'nothing says the activations of the program: answer {"activations": ["tanh", "identity"], …}, or say it with '
                "«--as 'activations tanh, identity'»."
            )
        said = loss or str(answer.get("loss", ""))
        return Architecture(
            activations, said or ("cross_entropy" if activations[-1] == "softmax" else "half_squared"), loss_said=bool(said)
        )

    def _answer(self, probe: Probe) -> dict[str, Any]:
        line = self._line((json.dumps(_request(probe), separators=(",", ":")) + "\n").encode())
        try:
            answer = json.loads(NO_NUMBER.sub(_as_json, line))
        except (ValueError, RecursionError):
            raise Refusal("learners.refused.forms", problem=line[:60].decode(errors="replace").strip()) from None
        if not isinstance(answer, dict):
            raise Refusal("learners.refused.forms", problem=type(answer).__name__)
        return answer

    def _line(self, request: bytes) -> bytes:
        """Its next line. Raises Refusal where there is none in time."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        timer = threading.Timer(self.limits.seconds, _end, [process])
        began = time.monotonic()
        timer.start()
        try:
            with contextlib.suppress(OSError):
                process.stdin.write(request)
                process.stdin.flush()
            line = process.stdout.readline(LONGEST)
        finally:
            timer.cancel()
        if line.endswith(b"\n") or (line and process.poll() is not None):
            return line
        if time.monotonic() - began >= self.limits.seconds:
            raise Refusal("learners.refused.endless", seconds=f"{self.limits.seconds:g}")
        if line:
            raise Refusal("learners.refused.forms", problem=f"more than {LONGEST:,} bytes in a line")
        raise Refusal("learners.refused.not_understood", problem=self._complaint())

    def _complaint(self) -> str:
        """The last line that it wrote to standard error."""
        self._errors.seek(0)
        lines = self._errors.read(100_000).decode(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else f"it ended with exit code {self._process.wait()}"


NO_NUMBER = re.compile(rb'(?<![\w"])(-?)(nan|inf(?:inity)?)(?:\(\w*\))?(?![\w"])', re.IGNORECASE)
"""What is no number, as printf of C, Rust and others write it."""


def _as_json(found: re.Match[bytes]) -> bytes:
    return b"NaN" if found[2].lower() == b"nan" else found[1] + b"Infinity"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and what it has started."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1)


def _request(probe: Probe) -> dict[str, Any]:
    request: dict[str, Any] = {
        "sizes": list(probe.sizes),
        "rows": probe.rows,
        "rate": probe.rate,
        "x": probe.x.ravel().tolist(),
        "t": probe.t.ravel().tolist(),
    }
    for number, (w, b) in enumerate(zip(probe.weights, probe.biases, strict=True), start=1):
        request[f"W{number}"] = w.ravel().tolist()
        if b is not None:
            request[f"b{number}"] = b.tolist()
    return request


def _quantities(answer: Mapping[str, Any], probe: Probe) -> dict[str, Array]:
    """The quantities in an answer; lists that are not nested get the shape that they should have, if they have so many elements."""
    shapes: dict[str, tuple[int, ...]] = {"y": probe.t.shape, "E": (), "dy": probe.t.shape}
    for number, w in enumerate(probe.weights, start=1):
        shapes[f"dW{number}"], shapes[f"db{number}"] = w.shape, w.shape[1:]
        for key in ("delta", "z", "h", "dh"):
            shapes[f"{key}{number}"] = (probe.rows, w.shape[1])
    result: dict[str, Array] = {}
    for key, shape in shapes.items():
        if answer.get(key) is None:
            continue
        try:
            value = np.array(answer[key], dtype=float)
        except (ValueError, TypeError):
            raise Refusal("learners.refused.forms", problem=f"{key} = {str(answer[key])[:40]}") from None
        result[key] = value.reshape(shape) if value.ndim <= 1 and value.size == int(np.prod(shape)) else value
    return result
