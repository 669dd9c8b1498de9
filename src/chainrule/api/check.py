"""Somebody's back-propagation, checked: `cr.check(…)`, and what `chainrule check` is made of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from chainrule.base.errors import FileError, InputError, quoted
from chainrule.base.files import check_readable
from chainrule.checking.evidence import Architecture, Observation, Submission, probes
from chainrule.checking.extremes import extremes
from chainrule.checking.given import SUFFIXES, architecture_of, observation_of, read_numbers
from chainrule.checking.judgement import judge
from chainrule.checking.marks import QuantityMark, marked
from chainrule.checking.report import Assessment, completed
from chainrule.network.network import Array
from chainrule.steps.problem import Problem

if TYPE_CHECKING:
    from chainrule.learners.sandbox import Refusal, Sandbox

Gradients: TypeAlias = "Callable[[Array, Array, Mapping[str, Array]], Mapping[str, Any]]"

PROGRAMS = (".py", ".ipynb", ".md", ".txt")
"""Files that are run: programs, notebooks, documents with programs in them."""


def check(file: str | os.PathLike[str], stated: str = "", *, observe: bool = False, loss: str = "", seed: int = 0) -> Assessment:
    """What is wrong with the back-propagation of a program, by name; or that it is right, and by which conventions.

    file     a program of Python or a notebook; or a file of numbers: .json, .csv, .npz, a recorded step, a PyTorch state
    stated   what is said of it: of a program what its entry, its layout, its loss are, as in a header "# chainrule: …"; of numbers the
             network and its batch, as `problem` takes them: "2-2-1", "mazur", "mine.toml"
    observe  watch the loop that trains, whatever functions there are
    loss     the loss, by chainrule's name
    seed     of the probes

    A program runs in a process of its own with limits of time, memory and output; those of strangers belong into a container.
    Raises InputError, FileError.
    """
    return next(check_each([file], stated, observe=observe, loss=loss, seed=seed))


def check_each(
    files: Sequence[str | os.PathLike[str]],
    stated: str = "",
    *,
    observe: bool = False,
    loss: str = "",
    seed: int = 0,
    workers: int | None = None,
) -> Iterator[Assessment]:
    """The same of several files, in their order; what one of them does harms no other.

    workers  how many run at the same time; one for each core if nothing is said
    """
    from concurrent.futures import ThreadPoolExecutor

    for file in files:  # a name that is wrong is told before anybody's program runs
        _check_there(Path(file))
    several = min(len(files), workers or os.cpu_count() or 1)
    with Sandboxes(several) as sandboxes, ThreadPoolExecutor(several) as pool:
        yield from pool.map(lambda file: sandboxes.checked(file, stated, observe, loss, seed), files)


class Sandboxes:
    """So many places in which programs run, each for one at a time."""

    def __init__(self, count: int) -> None:
        from queue import SimpleQueue

        from chainrule.learners.sandbox import Sandbox

        self._all = [Sandbox() for _ in range(count)]
        self._free: SimpleQueue[Sandbox] = SimpleQueue()
        for one in self._all:
            self._free.put(one)

    def __enter__(self) -> Sandboxes:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._all:
            one.close()

    def checked(self, file: str | os.PathLike[str], stated: str, observe: bool, loss: str, seed: int) -> Assessment:
        """A file, checked in the first place that is free."""
        if Path(file).suffix.lower() in SUFFIXES:
            return check_numbers(file, stated, loss=loss)
        sandbox = self._free.get()
        try:
            return _check_program(file, sandbox, stated, observe=observe, loss=loss, seed=seed)
        finally:
            self._free.put(sandbox)


def check_command_line(command: str, stated: str = "", *, loss: str = "", seed: int = 0) -> Assessment:
    """What is wrong with a program in any language, which is asked by lines of JSON on its standard input. Raises InputError.

    stated  what it computes: "activations tanh, identity; loss half_squared"
    """
    from chainrule.learners.command import CommandSubmission
    from chainrule.learners.sandbox import Refusal

    try:
        with CommandSubmission(command, stated, loss=loss) as submission:
            return _checked(submission, seed)
    except Refusal as refusal:
        return _refused(command, refusal)


def _check_program(file: str | os.PathLike[str], sandbox: Sandbox, stated: str, *, observe: bool, loss: str, seed: int) -> Assessment:
    from chainrule.learners.sandbox import Refusal
    from chainrule.learners.submission import read_submission

    path = Path(file)
    _check_there(path)
    if path.suffix.lower() not in PROGRAMS:
        raise InputError(f"{quoted(str(path))} is no program that can be read: give a file of Python, a notebook, or one of numbers.")
    try:
        return _checked(read_submission(path, sandbox, stated, observe=observe, loss=loss), seed)
    except Refusal as refusal:
        return _refused(path.name, refusal)


def _checked(submission: Submission, seed: int) -> Assessment:
    architecture = submission.architecture
    ordinary, further = probes(architecture, seed), extremes(architecture, seed)
    observations = submission.observe([*ordinary, *further.problems])
    answers = further.answered(observations[len(ordinary) :])
    verdict = completed(judge(observations[: len(ordinary)], architecture, answers), submission)
    said, conventions = tuple(submission.understood), tuple(submission.conventions)
    return Assessment(submission.name, verdict, said, submission.names, submission.columns, conventions)


def _refused(name: str, refusal: Refusal) -> Assessment:
    from chainrule.learners.submission import refused

    return Assessment(name, refused(refusal))


def check_function(
    function: Gradients, activations: Sequence[str], loss: str = "half_squared", *, seed: int = 0, **known: Any
) -> Assessment:
    """What is wrong with a function of x (batch, inputs), t (batch, outputs) and {"W1": …, "b1": …}, which gives {"dW1": …, "db1": …}.

    activations  of its layers, the output's last
    known        more about its network, as of `Architecture`: bias=False, last=1, outputs="mean" …

    It runs in this process. What it raises is why there is no answer.
    """
    architecture = Architecture(tuple(activations), loss, **known)
    further = extremes(architecture, seed)
    observations = [_answer(function, problem) for problem in probes(architecture, seed)]
    answers = further.answered([_answer(function, problem, whole=problem is further.whole) for problem in further.problems])
    return Assessment(getattr(function, "__name__", "function"), completed(judge(observations, architecture, answers)))


def _answer(function: Gradients, problem: Problem, *, whole: bool = False) -> Observation:
    assert problem.x is not None
    assert problem.t is not None
    parameters = {key: value.copy() for key, value in problem.network.parameters.items()}
    try:
        kind = int if whole else float
        with np.errstate(all="ignore"):
            given = function(problem.x.astype(kind), problem.t.astype(kind), parameters)
        return Observation(problem, {key: np.asarray(value, dtype=float) for key, value in given.items()})
    except Exception as error:  # noqa: BLE001  # a person's own function may raise anything
        return Observation(problem, failure=f"{type(error).__name__}: {error}")


def check_numbers(file: str | os.PathLike[str], network: str = "", *, loss: str = "") -> Assessment:
    """What is wrong with numbers that somebody computed for a network and its batch. Raises InputError, FileError."""
    observation = numbers_observed(file, network, loss=loss)
    return check_observed(str(Path(file).name), [observation])


def numbers_observed(file: str | os.PathLike[str], network: str = "", *, loss: str = "") -> Observation:
    """The numbers of a file as an answer to one probe. Raises InputError, FileError."""
    path = Path(file)
    _check_there(path)
    plain, rounded_to = read_numbers(path)
    return observation_of(plain, _stated_problem(plain, network, loss), rounded_to)


def _stated_problem(plain: Any, network: str, loss: str) -> Problem | None:
    from chainrule.api.problems import problem

    if plain.get("format"):
        return None
    described = plain.get("network") if isinstance(plain, dict) else None
    if described is not None and not network:
        plain.pop("network")
    if not network and described is None:
        return None
    options: dict[str, Any] = {"loss": loss} if loss else {}
    return problem(network or described, **options)


def check_observed(name: str, observations: Sequence[Observation]) -> Assessment:
    """What is wrong with what somebody's program, or paper, gave for one or more problems of one network."""
    first = observations[0].problem
    architecture = architecture_of(first.network)
    verdict = completed(judge(observations, architecture))
    return Assessment(name, verdict)


def marks(file: str | os.PathLike[str], network: str = "", *, loss: str = "") -> list[QuantityMark]:
    """A mark for each quantity in a file of numbers, with errors carried forward. Raises InputError, FileError."""
    return marked(numbers_observed(file, network, loss=loss))


def _check_there(path: Path) -> None:
    try:
        check_readable(path)
    except FileNotFoundError:
        raise FileError(f"there is no file {path}.") from None


def mistakes_of_class(checks: Sequence[Assessment]) -> list[tuple[int, list[str]]]:
    """Which mistakes a class makes, the commonest first, and in which files."""
    found: dict[int, list[str]] = {}
    for one in checks:
        for number in dict.fromkeys(one.mistakes):
            found.setdefault(number, []).append(one.name)
    return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))


def gradescope_results(one: Assessment, most: float = 10.0) -> dict[str, Any]:
    """A check in Gradescope's format of results: a test for each quantity that was wrong, or one that is passed.

    most  the points of work without a mistake; each mistake costs a share of them
    """
    from chainrule.checking.report import hinted
    from chainrule.document.words import Words

    words, faults = Words(), one.verdict.faults
    reached = most if one.passed else 0.0 if one.kind == "refused" or not faults else most * max(0.0, 1 - len(faults) / 4)
    tests = [{"name": one.called(fault.quantity), "score": 0, "max_score": 0, "output": hinted(words, fault, 3)} for fault in faults]
    return {"score": round(reached, 2), "output": "\n".join(line for _, line in one.lines(words, hint=2)), "tests": tests}
