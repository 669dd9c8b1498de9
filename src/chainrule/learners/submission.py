"""A learner's file as what a check asks: what was understood of it, what it answers to probes, and where it computes a value."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.base.errors import InputError
from chainrule.base.frozen import replace
from chainrule.checking.declared import strength
from chainrule.checking.evidence import SIGN, Architecture, Fault, Observation, OwnCheck, Place, Saying, Verdict
from chainrule.learners.header import HeaderError, read_header
from chainrule.learners.layer_functions import BACKWARD, FORWARD
from chainrule.learners.layout import SHARED, Layout
from chainrule.learners.loss_functions import loss_functions
from chainrule.learners.measured import shrunk
from chainrule.learners.pairing import shuffled_apart
from chainrule.learners.sandbox import Refusal, Sandbox
from chainrule.learners.source import ProgramSource, read_source
from chainrule.learners.syntax import called_name, calls_in
from chainrule.network.definitions import find
from chainrule.steps.problem import Problem


class FileSubmission:
    """A file of Python, read. Keeps to `chainrule.checking.evidence.Submission`."""

    def __init__(self, source: ProgramSource, sandbox: Sandbox, stated: str, understood: Mapping[str, Any]) -> None:
        self.source, self.name, self._sandbox, self._stated = source, source.name, sandbox, stated
        self._read = dict(understood)
        self._layout = Layout(**understood["layout"])
        self.columns, self.units_first = self._layout.columns, self._layout.units_first
        self.names: Mapping[str, str] = understood["names"]
        header = read_header(stated)
        self.architecture = _architecture(understood, header.loss)
        self.understood: Sequence[Saying] = tuple(_understood(understood, self._layout, self.architecture, source, bool(header.loss)))
        self.conventions: Sequence[Saying] = tuple(_conventions(self._layout, self.architecture))
        further = [{**one, "momentum": MOMENTUM} for one in understood.get("trainings", ())]
        self.trainings: Sequence[FileSubmission] = [FileSubmission(source, sandbox, stated, one) for one in further]

    @property
    def loss_seen(self) -> bool:
        """Is its loss one that is known here, or stated? Else it was assumed."""
        return bool(self._read["loss"]) or self.architecture.loss_said

    @property
    def entry(self) -> str:
        """How it is called, as it is shown."""
        return str(self._read["entry"])

    @property
    def function(self) -> str:
        """The function that gives its gradients and takes no step; empty where something else does."""
        return "" if self._read["updates"] else (re.match(r"(\w+)\(", self.entry) or [""] * 2)[1]

    def observe(self, problems: Sequence[Problem]) -> Sequence[Observation]:
        """What it answers to each problem, in their order. Raises Refusal where its process gave nothing."""
        problems = [self._classed(problem) for problem in problems]
        job = {**self._job("observe"), "probes": [plain_problem(problem) for problem in problems]}
        record = self._sandbox.run(job)
        found = [self._observation(problem, answer) for problem, answer in zip(problems, record["answers"], strict=True)]
        checks = tuple(self._own_check(plain) for plain in record.get("checks", ()))
        return [replace(one, checks=checks, apart=self._apart()) for one in found]

    def _apart(self) -> tuple[Place, Place] | None:
        found = shuffled_apart(self.source.code)
        if found is None:
            return None
        first, second = (self._place(one.lineno, ast.unparse(one)) for one in found)
        return first, second

    def _place(self, line: int, expression: str) -> Place:
        number, file = self.source.place(line)
        return Place(number, expression, file)

    def _own_check(self, plain: Mapping[str, Any]) -> OwnCheck:
        expected, found = (np.array(plain[key], dtype=float) for key in ("expected", "found"))
        place = self._place(plain["line"], plain.get("expression", plain["name"]))
        facts = {"of_output": plain.get("output", False), "at_kink": plain.get("kink", False)}
        return OwnCheck(plain["name"], expected, found, bool(plain["altered"]), place, **facts)

    def _observation(self, problem: Problem, answer: Mapping[str, Any]) -> Observation:
        found, broken = _observation(problem, answer), answer.get("broken")
        return replace(found, broken=self._place(broken["line"], broken["expression"])) if broken else found

    def _classed(self, problem: Problem) -> Problem:
        """The problem with one class for each sample, where the program takes numbers of classes."""
        t = np.asarray(problem.t, dtype=float)
        if (
            self._layout.targets not in ("classes", "column")
            or t.shape[1] == 1
            or (np.all((t == 0) | (t == 1)) and np.all(t.sum(axis=1) == 1))
        ):
            return problem
        return replace(problem, t=np.eye(t.shape[1])[np.arange(len(t))[::-1] % t.shape[1]])

    def locate(self, fault: Fault, observation: Observation) -> Place | None:
        """Where in the file the quantity that is wrong is computed; None where that is not known."""
        written = {34: observation.integers[:1], 42: tuple(one.rpartition(": ")[2] for one in observation.shared[:1])}
        if place := self._written(re.split(r"[\[,]", name)[0] for name in written.get(fault.number or 0, ())):
            return place
        values = [value for value in (fault.found, observation.quantities.get(fault.shown)) if value is not None and np.size(value)]
        if fault.quantity.endswith("_next") and observation.after:  # one step is taken where the place is looked for
            first = observation.after[0].get(fault.quantity.removesuffix("_next"))
            values = [*([] if first is None else [first]), *values]
        job = {
            **self._job("locate"),
            "probes": [{**plain_problem(observation.problem), **({} if fault.quantity[:2] in ("dW", "db") else {"penalty": 0.0})}],
            "quantity": fault.quantity,
            "divided": fault.number in DIVIDED,
            "turned": fault.number == SIGN and observation.from_update,
            "shown": fault.shown,
            "name": self.names.get(fault.shown, fault.shown),
            "begins": [np.asarray(value, dtype=float).tolist() for value in fault.begins],
            "values": [np.nan_to_num(np.asarray(value, dtype=float)).tolist() for value in values],
        }
        try:
            found = self._sandbox.run(job)
        except Refusal:
            return None
        place = self._place(found["line"], found["expression"]) if found.get("line") else None
        return replace(place, quantity=found["quantity"]) if place and "quantity" in found else place

    def _written(self, names: Iterable[str]) -> Place | None:
        """Where a variable gets its value, or a list one more."""
        name = next(iter(names), "")
        found: list[tuple[bool, int, str]] = []
        for node in ast.walk(ast.parse(self.source.code)) if name else ():
            text = " ".join((ast.get_source_segment(self.source.code, node) or "").split())
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
                if ast.unparse(node.func.value).endswith(name):
                    found.append((True, node.lineno, text))
            elif isinstance(node, ast.Assign) and any(ast.unparse(target).endswith(name) for target in node.targets):
                found.append((False, node.lineno, text))
        return self._place(*max(found)[1:]) if found else None

    def _job(self, work: str) -> dict[str, Any]:
        architecture = self.architecture
        return {
            "work": work,
            "code": self.source.code,
            "stated": self._stated,
            "number": self._read["number"],
            "momentum": self._read.get("momentum", 0.0),
            "layout": self._read["layout"],
            "activations": self._read["activations"],
            "loss": [self._read["loss"], self._read["outputs"], self._read["batch"]]
            if self._read["loss"]
            else [architecture.loss, "sum", "mean"],
        }


def read_submission(path: str | Path, sandbox: Sandbox, stated: str = "", *, observe: bool = False, loss: str = "") -> FileSubmission:
    """Read and understand a learner's file.

    stated   what its owner says of it, as in a header; what is said here counts more
    observe  whether the loop that trains is watched, whatever functions there are
    loss     by chainrule's name

    Raises Refusal where it cannot be understood or did what it may not, FileError where it cannot be read, InputError where `stated`
    says nothing that is known.
    """
    return understood(read_source(path), sandbox, stated, observe=observe, loss=loss)


def understood(source: ProgramSource, sandbox: Sandbox, stated: str = "", *, observe: bool = False, loss: str = "") -> FileSubmission:
    """The same of a text that was read already."""
    whole = " ; ".join(part for part in (source.stated, stated, "watch" if observe else "", f"loss {loss}" if loss else "") if part)
    try:
        said = read_header(whole)
    except HeaderError as error:
        raise InputError(
            f"'{error}' says nothing that is known of a program. A header reads as this one:\n"
            "# chainrule: back_prop(Z1, A1, W1, W2, X, Y); X columns; Y classes; loss cross_entropy; rate 0.1; watch"
        ) from None
    if said.loss:
        find("loss", said.loss)
    record = sandbox.run({"work": "understand", "code": source.code, "stated": whole})
    return FileSubmission(source, sandbox, whole, record)


def graphs_of(path: str | Path, sandbox: Sandbox) -> dict[str, Any]:
    """What a file's engine of one number a node gives for small graphs; nothing where it has none. Raises Refusal."""
    source = read_source(path)
    found = sandbox.run({"work": "graph", "code": source.code, "stated": ""})
    if not found:
        return {}
    return {
        **found,
        "line": source.place(found["line"])[0],
        "again": None if found["steps"] is None else (*source.place(found["steps"]["line"]), source.line(found["steps"]["line"])),
        "places": [(*source.place(line), text) for line, text in found["places"]],
        "answers": [_placed_answer(one, source) for one in found["answers"]],
    }


def _placed_answer(answer: Mapping[str, Any], source: ProgramSource) -> dict[str, Any]:
    """The answer to a small graph, with the place of its operation in the file."""
    line, text = answer.get("place") or (0, "")
    return {**answer, "place": (*source.place(line), text) if line else None}


LAYER_WORDS = re.compile(r"conv|pool|norm|rnn|lstm|gru|embed|dropout|drop_out|attention|attn|heads|glu", re.IGNORECASE)
"""What is in the names of layers that are no parts of a network of dense ones."""


def _only_layers(code: str) -> bool:
    """Are all functions that go backward called as layers are, which no network of dense layers has?"""
    backward = re.findall(r"^def (\w*(?:backward|bwd|backprop)\w*)", code, re.MULTILINE | re.IGNORECASE)
    return bool(backward) and all(LAYER_WORDS.search(name) for name in backward) and not re.search(r"^class ", code, re.MULTILINE)


def names_layers(code: str) -> bool:
    """Is a function or a class called as layers are, which no network of dense layers has?"""
    return any(LAYER_WORDS.search(name) for name in re.findall(r"^(?:def|class) (\w+)", code, re.MULTILINE))


def layers_of(
    path: str | Path,
    sandbox: Sandbox,
    kinds: Callable[[str], Sequence[Mapping[str, Any]]],
    *,
    surely: bool = False,
    beside: bool = False,
) -> dict[str, Any]:
    """What the single layers of a file give, as those of `kinds`, and which of its passes are none of them; nothing without any.


    kinds   layers with what they are tried with, as plain data, from the text of the program
    surely  nothing, too, where the names do not say that the file holds layers and no network, or none of them is known
    beside  nothing, too, where no name is that of a layer which is no part of a network of dense ones; of others, nothing is said

    Raises Refusal.
    """
    source = read_source(path)
    if not (FORWARD.search(source.code) and BACKWARD.search(source.code)):
        return {}
    if (surely and not _only_layers(source.code)) or (beside and not names_layers(source.code)):
        return {}
    found = sandbox.run({"work": "layers", "code": source.code, "stated": "", "kinds": kinds(source.code)})

    def placed(line: int, text: str) -> tuple[int, str, str]:
        number, file = source.place(line)
        return number, text, file

    for one in found["answers"]:
        one["places"] = {symbol: placed(*place) for symbol, place in one["places"].items()}
        one["line"], one["backward"] = source.place(one["line"])[0], placed(one["backward"], source.line(one["backward"]))
    if beside or not found["answers"]:
        found["unread"] = [name for name in found["unread"] if LAYER_WORDS.search(name)]
    return found if found["answers"] or (found["unread"] and not surely) else {}


def steps_of(path: str | Path, sandbox: Sandbox, function: str) -> list[dict[str, Any]]:
    """Steps of a training that go the wrong way, or not at all, by the gradients of a function that is right. Raises Refusal."""
    source = read_source(path)
    found = sandbox.run({"work": "steps", "code": source.code, "stated": "", "function": function})["wrong"]
    for one in found:
        number, file = source.place(one["line"])
        one["place"] = Place(number, one["expression"], file)
    return list(found)


def measured_of(path: str | Path, sandbox: Sandbox) -> dict[str, Any]:
    """What the gradients of a training are beside how its own loss changes; nothing where it has none. Raises Refusal."""
    source = read_source(path)
    job = {"work": "measured", "code": source.code, "stated": "", "whole": False}
    found = sandbox.run(job)
    if found and (found["faults"] or found["conventions"]) and shrunk(source.code) != source.code:
        with contextlib.suppress(Refusal):  # with numbers of its own, of which one may be twice another
            whole = sandbox.run({**job, "whole": True})
            found = whole if whole and not whole["faults"] else found
    return _placed(found, source)


def own_losses_of(path: str | Path, sandbox: Sandbox, judged: str = "", *, trained: bool = False) -> tuple[list[dict[str, Any]], list[str]]:
    """The same of the functions of a file that give a loss and its gradients, and the names of those that could not be called.

    judged   what was judged already, as it is shown; trained: whether what is called in loops was

    What other functions call is a part of these. Raises Refusal.
    """
    source = read_source(path)
    with contextlib.suppress(SyntaxError):
        tree = ast.parse(source.code)
        within = (ast.FunctionDef, ast.For, ast.While) if trained else (ast.FunctionDef,)
        called = {called_name(call) for node in ast.walk(tree) if isinstance(node, within) for call in calls_in(node)}
        names = [
            one.name for one in loss_functions(tree, stepping=not trained) if f"{one.name}(" not in judged and one.node.name not in called
        ]
        found = sandbox.run({"work": "losses", "code": source.code, "stated": "", "names": names})["answers"] if names else []
        return [_placed(one, source) for one in found], [one for one in names if one not in {each["function"] for each in found}]
    return [], []


def _placed(found: dict[str, Any], source: ProgramSource) -> dict[str, Any]:
    for one in (found, *found.get("faults", ())):
        for key in ("line", "loss_line", "of_line", "mean_line"):
            if one.get(key):
                one[key], one["file"] = source.place(one[key])
    for one in found.get("faults", ()):
        one["place"] = Place(one["line"], one["expression"], one["file"])
    return found


def layer_slip_of(path: str | Path, sandbox: Sandbox, name: str, kind: Mapping[str, Any], wanted: Mapping[str, Any]) -> Place | None:
    """Where in a file the backward pass of a layer goes wrong; None where that is at no single place.

    name    of the pair
    kind    the layer as which it was read, as plain data
    wanted  the right gradients on the first of its probes, in the program's writing
    """
    source = read_source(path)
    try:
        found = sandbox.run({"work": "layer_slip", "code": source.code, "stated": "", "name": name, "kind": kind, "wanted": wanted})
    except Refusal:
        return None
    number, file = source.place(found["line"]) if found else (0, "")
    return Place(number, found["expression"], file) if found else None


DIVIDED = (12, 13)
"""Mistakes in the division by the number of samples."""

MOMENTUM = 0.9
"""What a program is given for a momentum, where its steps are looked at; while its gradients are, it has none."""

OWN_LOSS = "half_squared"
"""What stands behind functions with a backward pass, in the network in which they are tried."""

PENALTY = 0.1
"""λ of the probes, where a program takes one."""

UNREAD = ("nothing", "argument", "not_understood", "not_seen", "forms")
"""Reasons for which a header helps."""


def refused(refusal: Refusal) -> Verdict:
    """The verdict on a program that gave nothing to judge: why, at which line, and what to write."""
    remarks = [Saying(refusal.reason, refusal.values)]
    if refusal.line is not None:
        remarks.append(Saying("learners.refused.line", {"line": refusal.line}))
    if refusal.reason.rpartition(".")[2] in UNREAD:
        remarks.append(Saying("learners.refused.header"))
    return Verdict("refused", remarks=tuple(remarks))


def _architecture(read: Mapping[str, Any], stated: str) -> Architecture:
    activations = tuple(read["activations"])
    assumed = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy" if read["logarithm"] else "half_squared"}
    loss = stated or (OWN_LOSS if read.get("ours") else read["loss"]) or assumed.get(activations[-1], "half_squared")
    sizes = tuple(read["sizes"])
    biases = tuple(read["biases"])
    return Architecture(
        activations,
        loss,
        read["outputs"] if read["loss"] == loss and not read.get("ours") else "sum",
        read["batch"] if read["loss"] == loss and not read.get("ours") else "mean",
        biases if len(set(biases)) > 1 else biases[0],
        sizes if read["free"] == "own" else None,
        1 if read["free"] == "last" else None,
        read["rows"],
        penalty=PENALTY if read.get("penalized") else 0.0,
        rate=read["rate"],
        loss_said=bool(stated) or bool(read.get("ours")),
    )


def _understood(read: Mapping[str, Any], layout: Layout, architecture: Architecture, source: ProgramSource, stated: bool) -> list[Saying]:
    """In sentences: entry, layout, activation, loss, convention."""
    line, file = source.place(read["line"])
    watched = re.search(r"(?:^|: )(?:for|while|call) in line ", read["entry"])
    key = "loop" if watched else "entry"
    says = [Saying(f"learners.understood.{key}", {"entry": read["entry"], "line": f"{file}:{line}" if file else line})]
    samples = "vectors" if layout.vectors else "columns" if layout.columns else "rows"
    weights = "units_first" if layout.units_first else "inputs_first"
    x, w = read["names"].get("x", "x"), read["names"].get("W1", "W1")
    says.append(Saying(f"learners.understood.layout.{samples}.{weights}", {"x": x, "w": w}))
    network = {"sizes": "-".join(map(str, read["sizes"])), "activations": ", ".join(architecture.activations)}
    says.append(Saying("learners.understood.network", network))
    if read.get("equal") and (failing := read["equal"][0]) is not None:
        says.append(Saying("learners.understood.equal", {"line": source.place(failing)[0], "problem": read["equal"][1]}))
    where = "ours" if read.get("ours") else "stated" if stated else "seen" if read["loss"] else "assumed"
    says.append(Saying(f"learners.understood.loss.{where}", {"loss": architecture.loss}))
    if unread := read.get("unread"):
        says.append(Saying("check.layers.unread", {"names": "; ".join(unread)}))
    says.extend(Saying(note) for note in source.notes)
    return says


def _conventions(layout: Layout, architecture: Architecture) -> list[Saying]:
    """What is done otherwise than by default, and is right all the same."""
    keys = [
        ("columns", layout.columns),
        ("units_first", layout.units_first),
        ("inside", bool(layout.inside)),
        ("shared", SHARED in architecture.biases),
        ("classes", layout.targets in ("classes", "column")),
    ]
    return [Saying(f"learners.convention.{key}") for key, holds in keys if holds]


def plain_problem(problem: Problem) -> dict[str, Any]:
    """A problem as a learner's process gets it."""
    network = problem.network
    assert problem.x is not None
    assert problem.t is not None
    depth = sum(1 for key in network.parameters if key.startswith("W"))
    parameters = network.parameters
    rate = 1.0 if problem.optimizer is None else problem.optimizer.options.get("learning_rate", 1.0)
    return {
        "x": np.asarray(problem.x, dtype=float).tolist(),
        "t": np.asarray(problem.t, dtype=float).tolist(),
        "weights": [np.asarray(parameters[f"W{number}"]).tolist() for number in range(1, depth + 1)],
        "biases": [np.asarray(parameters[f"b{number}"]).tolist() if f"b{number}" in parameters else None for number in range(1, depth + 1)],
        "rate": float(rate),
        "penalty": strength(network.regularizer),
        "whole": all(np.array_equal(value, np.rint(value)) for value in (problem.x, problem.t, *parameters.values())),
    }


def _observation(problem: Problem, answer: Mapping[str, Any]) -> Observation:
    if "failure" in answer:
        return Observation(problem, failure=str(answer["failure"]))
    return Observation(
        problem,
        {key: np.array(value, dtype=float) for key, value in answer["quantities"].items()},
        [{key: np.array(value, dtype=float) for key, value in state.items()} for state in answer["after"]],
        answer["from_update"],
        bool(answer["after"]) and not answer["from_update"],
        shared=tuple(answer.get("shared", ())),
        biases=answer.get("biases", "learned"),
        altered=tuple(answer["altered"]),
        integers=tuple(answer.get("integers", ())),
    )
