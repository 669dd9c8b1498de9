"""Somebody's back-propagation, checked: `cr.check(…)`, and what `chainrule check` is made of."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import FileError, InputError, UnknownNameError, quoted
from chainrule.base.files import check_readable
from chainrule.base.frozen import replace
from chainrule.checking.evidence import SIGN, Architecture, Fault, Observation, Place, Saying, Submission, Verdict, probes
from chainrule.checking.extremes import NO_ANSWERS, extremes
from chainrule.checking.given import SUFFIXES, architecture_of, observation_of, read_numbers
from chainrule.checking.judgement import judge
from chainrule.checking.marks import QuantityMark, marked
from chainrule.checking.report import Assessment, completed
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
        if not isinstance(file, (str, os.PathLike)):
            raise InputError(f"what is checked is a file of somebody's program or numbers, and not {quoted(type(file).__name__)}.")
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
            return check_program(file, sandbox, stated, observe=observe, loss=loss, seed=seed)
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
            return check_submission(submission, seed)
    except Refusal as refusal:
        return _refused(command, refusal)


def check_program(
    file: str | os.PathLike[str], sandbox: Sandbox, stated: str = "", *, observe: bool = False, loss: str = "", seed: int = 0
) -> Assessment:
    """A program, checked in a place where programs run. Raises InputError, FileError."""
    from chainrule.learners.sandbox import Refusal
    from chainrule.learners.submission import read_submission

    path = Path(file)
    _check_there(path)
    if path.suffix.lower() not in PROGRAMS:
        raise InputError(f"{quoted(str(path))} is no program that can be read: give a file of Python, a notebook, or one of numbers.")
    if not (stated or observe or loss) and (found := _layers_checked(path, sandbox, seed, surely=True)) is not None:
        return found.beside(_losses_checked(path, sandbox))
    try:
        submission = read_submission(path, sandbox, stated, observe=observe, loss=loss)
        network = _with_own_steps(check_submission(submission, seed), path, sandbox, submission.function)
    except Refusal as refusal:
        found = _otherwise_checked(path, sandbox, seed)
        return found if found is not None and found.understood else _refused(path.name, refusal).beside(found)
    if network.verdict.faults and not submission.loss_seen:  # by its own loss, and not by one that was assumed
        if (found := _training_checked(path, sandbox)) is not None:
            return found
        if (found := _losses_checked(path, sandbox)) is not None and found.kind != "refused":
            return found
    if network.kind == "refused" and (found := _otherwise_checked(path, sandbox, seed)) is not None and found.kind != "refused":
        return found
    judged = submission.entry if submission.loss_seen else ""
    return network.beside(_layers_checked(path, sandbox, seed, beside=True)).beside(_losses_checked(path, sandbox, judged, trained=True))


def _otherwise_checked(path: Path, sandbox: Sandbox, seed: int) -> Assessment | None:
    """A file that holds no network of dense layers: an engine, single layers, or a training of any network; None where it has none."""
    if found := _graph_checked(path, sandbox):
        return found
    layers = _layers_checked(path, sandbox, seed)
    if layers is not None and layers.kind != "refused":
        return layers.beside(_losses_checked(path, sandbox))
    training = _training_checked(path, sandbox)
    if training is not None and training.kind != "refused":
        return training.beside(_losses_checked(path, sandbox, trained=True))
    return _losses_checked(path, sandbox) or training or layers


def _training_checked(path: Path, sandbox: Sandbox) -> Assessment | None:
    """A training of any network, by its own loss; None where a file has none."""
    from chainrule.checking.measured import judge_measured, measured_understood
    from chainrule.learners.sandbox import Refusal
    from chainrule.learners.submission import measured_of

    with contextlib.suppress(Refusal):
        if measured := measured_of(path, sandbox):
            return Assessment(path.name, judge_measured(measured), measured_understood(measured))
    return None


def _losses_checked(path: Path, sandbox: Sandbox, judged: str = "", *, trained: bool = False) -> Assessment | None:
    """Functions that give a loss and its gradients; None where a file has none, or none that could be called.

    judged   what was judged already, as it is shown
    trained  whether what its loops call was
    """
    from chainrule.checking.measured import judge_losses, measured_understood
    from chainrule.learners.sandbox import Refusal
    from chainrule.learners.submission import own_losses_of

    with contextlib.suppress(Refusal):
        found, unread = own_losses_of(path, sandbox, judged, trained=trained or bool(judged))
        if found or unread:
            understood = tuple(saying for one in found for saying in measured_understood(one, called=True))
            return Assessment(path.name, judge_losses(found, unread), understood)
    return None


def _graph_checked(path: Path, sandbox: Sandbox) -> Assessment | None:
    """An engine of one number a node, where a file has one in place of a network; None where it has none."""
    from chainrule.checking.graphs import judge_graphs
    from chainrule.learners.sandbox import Refusal
    from chainrule.learners.submission import graphs_of

    try:
        found = graphs_of(path, sandbox)
    except Refusal:
        return None
    if not found:
        return None
    place = next((Place(line, text, file) for line, file, text in found["places"]), None)
    again = None if found["again"] is None else Place(found["again"][0], found["again"][2], found["again"][1])
    said = Saying("learners.understood.graph", {"name": found["class"], "line": found["line"], "count": len(found["answers"])})
    return Assessment(path.name, judge_graphs(found["answers"], place, found["steps"], again), (said,))


def _layers_checked(path: Path, sandbox: Sandbox, seed: int, *, surely: bool = False, beside: bool = False) -> Assessment | None:
    """Single layers with a backward pass; None where a file has none.

    surely  None, too, where it may hold a network as well, or no layer that is known
    beside  those beside a network alone: dense layers and their activations are parts of it
    """
    from chainrule.checking.layer_judgement import (
        PARTS,
        LayerReading,
        judge_layers,
        layer_question,
        layer_questions,
        paper_gradient,
        read_layers,
    )
    from chainrule.learners.sandbox import Refusal
    from chainrule.learners.submission import layer_slip_of, layers_of

    try:
        found = layers_of(path, sandbox, lambda code: layer_questions(code, seed), surely=surely, beside=beside)
    except Refusal:
        return None
    if not found:
        return None
    readings = [one for one in read_layers(found["answers"], seed) if not (beside and one.kind.called in PARTS)]
    if beside and not readings and not found["unread"]:
        return None
    names = dict[str, set[str]]()
    for reading in readings:
        for symbol, name in reading.names.items():
            names.setdefault(paper_gradient(symbol), set()).add(name)

    def locate(reading: LayerReading, wanted: Mapping[str, Array]) -> Place | None:
        plain = {symbol: value.tolist() for symbol, value in wanted.items()}
        return layer_slip_of(path, sandbox, reading.name, layer_question(reading, seed), plain)

    single = {quantity: next(iter(several)) for quantity, several in names.items() if len(several) == 1}  # others are of several layers
    understood = tuple(saying for reading in readings for saying in reading.understood)
    return Assessment(path.name, judge_layers(readings, found["unread"], locate), understood, single)


def check_submission(submission: Submission, seed: int = 0) -> Assessment:
    """What is wrong with a program that has been read."""
    from chainrule.learners.sandbox import Refusal

    architecture = submission.architecture
    ordinary, further = probes(architecture, seed), extremes(architecture, seed)
    try:
        observations = submission.observe([*ordinary, *further.problems])
        answers = further.answered(observations[len(ordinary) :])
    except Refusal:  # what a program does where numbers are extreme is no reason not to judge it
        observations, answers = submission.observe(ordinary), NO_ANSWERS
    verdict = completed(judge(observations[: len(ordinary)], architecture, answers), submission)
    if verdict.passed:
        verdict = _with_steps(verdict, submission.trainings, seed)
    said, conventions = tuple(submission.understood), tuple(submission.conventions)
    return Assessment(submission.name, verdict, said, submission.names, submission.columns, conventions)


def _with_steps(verdict: Verdict, trainings: Sequence[Submission], seed: int) -> Verdict:
    """With what is wrong with the steps that a program takes, whose gradients are right."""
    from chainrule.learners.sandbox import Refusal

    for training in trainings:
        with contextlib.suppress(Refusal):
            judged = judge(training.observe(probes(training.architecture, seed)), training.architecture)
            if not judged.faults:
                continue
            slips = tuple(fault for fault in judged.faults if fault.quantity.endswith("_next"))
            if judged.faults[0].number == SIGN:  # what else is wrong with its steps may follow from that
                judged = replace(judged, faults=judged.faults[:1], kind="mistakes")
            elif slips != judged.faults or not any(one.adaptive for one in judged.observations):
                continue  # of a rule that nothing speaks of, no more is known
            found = completed(judged, training)
            return replace(found, conventions=verdict.conventions, cautions=verdict.cautions)
    return verdict


def _with_own_steps(network: Assessment, path: Path, sandbox: Sandbox, stepped: str) -> Assessment:
    """With what is wrong with the steps that a program takes by the very gradients that a function of its gives, which are right."""
    from chainrule.checking.measured import judge_steps
    from chainrule.learners.sandbox import Refusal
    from chainrule.learners.submission import steps_of

    added = any(one.key == "check.convention.added" for one in network.verdict.conventions)
    if network.verdict.passed and not added and stepped:
        with contextlib.suppress(Refusal):
            if wrong := steps_of(path, sandbox, stepped):
                return replace(network, verdict=judge_steps(wrong, network.verdict))
    return network


def _refused(name: str, refusal: Refusal) -> Assessment:
    from chainrule.learners.submission import refused

    return Assessment(name, refused(refusal))


def check_function(
    function: Gradients,
    activations: Sequence[str],
    loss: str = "half_squared",
    *,
    only: Collection[str] = (),
    seed: int = 0,
    **known: Any,
) -> Assessment:
    """What is wrong with a function of x (batch, inputs), t (batch, outputs) and {"W1": …, "b1": …}, which gives {"dW1": …, "db1": …}.

    activations  of its layers, the output's last
    only         the gradients that are asked for, as ["dW2", "db2"]: of others it may give none, and is not judged by them; () for all
    known        more about its network, as of `Architecture`: bias=False, last=1, outputs="mean" …

    It runs in this process. What it raises is why there is no answer.
    """
    if not activations:
        raise InputError('a network has a layer at least; name its activations, as ["tanh", "identity"].')
    architecture = Architecture(tuple(activations), loss, **known)
    further = extremes(architecture, seed)
    ordinary = list(probes(architecture, seed))
    unknown = sorted({*only} - {f"d{key}" for key in ordinary[0].network.parameters})
    if unknown:
        raise UnknownNameError("gradient", unknown[0], [f"d{key}" for key in ordinary[0].network.parameters])
    observations = [_answer(function, problem, only) for problem in ordinary]
    answers = further.answered([_answer(function, problem, only, whole=problem is further.whole) for problem in further.problems])
    return Assessment(getattr(function, "__name__", "function"), completed(judge(observations, architecture, answers)))


def _answer(function: Gradients, problem: Problem, only: Collection[str], *, whole: bool = False) -> Observation:
    assert problem.x is not None
    assert problem.t is not None
    parameters = {key: value.copy() for key, value in problem.network.parameters.items()}
    try:
        kind = int if whole else float
        with np.errstate(all="ignore"):
            given: Any = function(problem.x.astype(kind), problem.t.astype(kind), parameters)
        if not isinstance(given, Mapping):
            return Observation(problem, failure=f'it gives {quoted(type(given).__name__)} in place of a dict, {{"dW1": …, "db1": …}}')
        found = {f"d{key}" if key in parameters else key: np.asarray(value) for key, value in given.items()}
        gradients = [f"d{key}" for key in parameters]
        if lacking := [key for key in only or gradients if key not in found]:
            return Observation(problem, failure=f"what it gives lacks {', '.join(lacking)}")
        found = {key: value for key, value in found.items() if not only or key in only or key not in gradients}
        coarse = any(value.dtype in (np.float32, np.float16) for value in found.values())
        return Observation(problem, {key: value.astype(float) for key, value in found.items()}, exact_to=1e-6 if coarse else 1e-9)
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


def unnamed_of_class(checks: Sequence[Assessment]) -> dict[str, list[str]]:
    """Files that are wrong by no mistake that is known ("unknown"), and those of which nothing could be judged ("refused")."""
    kinds = {kind: [one.name for one in checks if one.kind == kind] for kind in ("unknown", "refused")}
    return {kind: names for kind, names in kinds.items() if names}


def _wrong_by_itself(fault: Fault) -> set[str]:
    """The gradients at which a mistake is made: at each of its layers, but for one in the error, from which all else follows."""
    if fault.quantity == "dy" or not re.fullmatch(r"(?:dW|db|dh|delta)\d+", fault.quantity):
        return {fault.shown}
    kind = fault.quantity[:2] if fault.quantity[:2] in ("dW", "db") else "dW"
    return {fault.shown, *(f"{kind}{layer}" for layer in fault.layers)}


def gradescope_results(one: Assessment, most: float = 10.0) -> dict[str, Any]:
    """A check in Gradescope's format of results: a test for each gradient, with errors carried forward.

    most  the points of work without a mistake; each quantity has an equal share of them, and what only follows from a mistake keeps its own
    """
    from chainrule.checking.report import hinted
    from chainrule.document.words import Words

    words, faults = Words(), one.verdict.faults
    said = "\n".join(line for _, line in one.lines(words, hint=2))
    given = next((observed.quantities for observed in one.verdict.observations if not observed.failure), {})
    keys = sorted((key for key in given if key[:2] in ("dW", "db")), key=lambda key: (-int(key[2:]), key))
    keys += [fault.shown for fault in faults if fault.shown not in keys]
    if not keys or one.kind == "refused":
        return {"score": most if one.passed else 0.0, "output": said, "tests": []}
    follows = {key for fault in faults for key in fault.follows}
    tests = []
    for key in dict.fromkeys(keys):
        own = [hinted(words, fault, 3) for fault in faults if key in _wrong_by_itself(fault)]
        word = words.plain(f"check.marks.{'follows' if key in follows else 'right'}")
        points = round(most / len(set(keys)), 4)
        tests.append({"name": one.called(key), "score": 0.0 if own else points, "max_score": points, "output": "\n".join(own) or word})
    reached = most * sum(bool(test["score"]) for test in tests) / len(tests)
    return {"score": round(reached, 2), "output": said, "tests": tests}
