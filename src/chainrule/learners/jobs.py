"""What is done in a learner's process: understand a program, answer probes, say where a value is computed."""

from __future__ import annotations

import ast
import contextlib
import importlib
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.learners.biases import fixed_biases
from chainrule.learners.calling import Unbound
from chainrule.learners.differences import network_checks, own_checks
from chainrule.learners.functions import FunctionProgram
from chainrule.learners.graphs import graph_answers
from chainrule.learners.header import Header, read_header
from chainrule.learners.layer_functions import layer_answers
from chainrule.learners.layer_slips import layer_slip
from chainrule.learners.layout import Layout, Probe, Unreadable
from chainrule.learners.limits import Guard, Stopped, line_of_error
from chainrule.learners.loading import Loaded, draw_anew, said
from chainrule.learners.locating import Search, spot_of
from chainrule.learners.measured import shrunk
from chainrule.learners.names import BACKWARD, UPDATE, meaning, use_stated_names
from chainrule.learners.own_backward import OwnBackward, own_backward_names
from chainrule.learners.programs import Answer, LearnerProgram
from chainrule.learners.reading import ProgramReading, Trials, read_again, trainings, understand
from chainrule.learners.recognition import SeenValues, error_seen, output_seen, passed, total_seen
from chainrule.learners.syntax import called_name, factors_of, names_in, slopes_in
from chainrule.learners.training_answers import loss_answers, measured_answers, steps_against

STEPS = 3
"""Update steps of a probe."""


def prepare(code: str) -> None:
    """Packages that a program imports and that take long are imported before it gets its process, once for all."""
    for module in ("scipy.special", "scipy.stats", "scipy.optimize"):
        if module.partition(".")[0] in code and module.rpartition(".")[2] in code and module not in sys.modules:
            with contextlib.suppress(ImportError):
                importlib.import_module(module)
    if "torch" in code and "torch" not in sys.modules:
        with contextlib.suppress(ImportError):
            importlib.import_module("torch").set_num_threads(1)  # what is forked has one thread
    if "torch" in code and "optim" in code and "torch._dynamo" not in sys.modules:
        with contextlib.suppress(ImportError):
            importlib.import_module("torch._dynamo")  # which an optimizer asks for
    if "jax" in code and "jax" not in sys.modules:
        with contextlib.suppress(ImportError):
            importlib.import_module("jax.numpy")


def done(job: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    """The record of a job."""
    try:
        with guard:
            draw_anew()
            record = _JOBS[job["work"]](job, guard)
    except Stopped as stopped:
        return stopped.record()
    except MemoryError as error:
        return Stopped("learners.refused.memory", line_of_error(error)).record()
    except Exception as error:  # noqa: BLE001  # whatever a learner's objects do where they are looked at, there is a verdict
        return Stopped("learners.refused.not_understood", line_of_error(error), problem=said(error)).record()
    if guard.stopped is not None:
        return guard.stopped.record()
    return record


def _loaded(job: Mapping[str, Any], guard: Guard, *, names: bool = False) -> tuple[Loaded, Header]:
    header = read_header(job.get("stated", ""))
    use_stated_names(header.arguments, slopes_in(ast.parse(job["code"])))
    loaded = Loaded(job["code"], guard, names=names)
    loaded.load()
    return loaded, header


def _understand(job: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    loaded, header = _loaded(job, guard)
    trials = Trials()
    with _in_order():
        reading = understand(loaded, header, guard, trials)
    if guard.stopped is not None:
        raise guard.stopped
    if reading is None:
        raise _not_understood(loaded, trials)
    equal = trials.failed[0] if len({*reading.probe.sizes}) == 1 and reading.free == "own" and trials.failed else None
    with _in_order():
        trained = [_told(one, header) for one in trainings(loaded, header, guard, reading)]
    return {**_told(reading, header), "trials": trials.count[0], "equal": equal, "trainings": trained}


@contextlib.contextmanager
def _in_order() -> Iterator[None]:
    """Samples stay in their order while a program is read: whether they are shuffled, and rightly, shows when it is asked."""
    kept = np.random.permutation, np.random.shuffle  # what learners' programs shuffle with
    np.random.permutation, np.random.shuffle = lambda n: np.array(np.arange(n) if np.ndim(n) == 0 else n), lambda x: None
    try:
        yield
    finally:
        np.random.permutation, np.random.shuffle = kept


def _not_understood(loaded: Loaded, trials: Trials) -> Stopped:
    """Why a file was not understood: what Python said where a trial came furthest, else that nothing was found."""
    line: int | None
    if (line := _recurrence(loaded)) is not None:
        return Stopped("learners.refused.recurrent", line)
    if trials.signs:
        line, name = trials.signs[0]
        return Stopped("learners.refused.signs", line, name=name)
    if trials.forward:
        line, problem = trials.forward[0]
        return Stopped("learners.refused.forms", line, problem=problem)
    if trials.failed and trials.ran[0] < len(trials.failed):
        line, problem = trials.failed[0]
        return Stopped("learners.refused.not_understood", line, problem=problem)
    if trials.count[0]:
        return Stopped("learners.refused.not_seen")
    if trials.errors:
        _, line, name = trials.errors[0]
        return Stopped("learners.refused.argument", line, name=name)
    if (line := _differentiated_by_torch(loaded)) is not None:
        return Stopped("learners.refused.torch", line)
    if loaded.refusals:
        line, problem, given = loaded.refusals[0]
        return Stopped("learners.refused.given", line, problem=problem, given=given)
    if loaded.failures:
        line, problem = loaded.failures[0]
        return Stopped("learners.refused.begins", line, problem=problem)
    return Stopped("learners.refused.nothing")


def _recurrence(loaded: Loaded) -> int | None:
    """The first line in which what a loop gave a turn before is multiplied by weights that are the same in every turn, as those of the
    layers of a deep network are not; None where there is none.
    """
    for loop in (node for node in ast.walk(loaded.tree) if isinstance(node, ast.For)):
        turn = names_in(loop.target)
        for node in ast.walk(loop):
            sides = factors_of(node)
            before = [
                one for one in sides if isinstance(one, ast.Subscript) and isinstance(one.slice, ast.BinOp) and turn & names_in(one.slice)
            ]
            others = [one for one in sides if one not in before]
            if before and others and not any(turn & names_in(one) for one in others):
                return before[0].lineno
    return None


def _differentiated_by_torch(loaded: Loaded) -> int | None:
    """The line where PyTorch is asked for the gradients, in a program that has no backward pass of its own; None of any other."""
    nodes = list(ast.walk(loaded.tree))
    own = any(isinstance(node, ast.FunctionDef) and BACKWARD.search(node.name) for node in nodes)
    asked = (node.lineno for node in nodes if isinstance(node, ast.Call) and called_name(node, method=True) == "backward")
    return next(asked, None) if loaded.library == "torch" and not own else None


def _told(reading: ProgramReading, header: Header) -> dict[str, Any]:
    """A reading as plain data."""
    program, probe, forward = reading.program, reading.probe, reading.answer.forward
    return {
        "number": reading.number,
        "entry": program.entry,
        "line": program.line,
        "rate": header.rate if header.rate is not None else program.rate if reading.answer.from_update else None,
        "layout": probe.layout.to_dict(),
        "activations": list(forward.activations),
        "loss": forward.loss,
        "outputs": forward.outputs,
        "batch": forward.batch,
        "biases": list(probe.has),
        "sizes": list(probe.sizes),
        "logarithm": bool(re.search(r"\blog\w*\(", reading.program.loaded.code)) or _plain_error(reading),
        "free": reading.free,
        "rows": reading.rows,
        "names": dict(reading.answer.names),
        "updates": bool(reading.answer.after),
        "penalized": program.penalized(),
        "ours": isinstance(program, OwnBackward),
        "unread": [name for name in own_backward_names(program.loaded) if name not in program.entry]
        if isinstance(program, OwnBackward)
        else [],
    }


def _plain_error(reading: ProgramReading) -> bool:
    """Is the gradient of the last W that of y − t by itself, as with cross-entropy, and not of (y − t) y (1 − y)?"""
    probe, y = reading.probe, reading.answer.forward.y
    depth = len(probe.weights)
    gradient = reading.answer.gradients.get(f"dW{depth}")
    if y is None or gradient is None or gradient.shape != probe.weights[-1].shape:
        return False
    _, hs = passed(probe.x, probe.weights[:-1], probe.biases[:-1], reading.answer.forward.activations)
    h = hs[-1]
    plain, squared = h.T @ (y - probe.t), h.T @ ((y - probe.t) * y * (1 - y))
    alike = (
        [abs(float(np.corrcoef(one.ravel(), gradient.ravel())[0, 1])) > 1 - 1e-9 for one in (plain, squared)] if gradient.size > 1 else []
    )
    return alike == [True, False]


def _observe(job: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    loaded, header = _loaded(job, guard)
    program = read_again(loaded, header, job["number"])
    program.momentum = job["momentum"]
    probes = _probes(job)
    answers, met = list[dict[str, Any]](), dict[str, int]()
    for probe in probes:
        try:
            answers.append(_observed(loaded, program, program.answer(probe, STEPS), probe, job, met))
        except (Unreadable, Unbound) as error:
            answers.append({"failure": str(error)})
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a learner's program raises
            answers.append({"failure": said(error), "line": line_of_error(error)})
    shared = _kept_elsewhere(loaded, header, program, probes[0])
    for answer in answers:
        if shared and "failure" not in answer:
            answer["shared"] = answer["shared"] or shared
    checks = [*own_checks(loaded)]
    checks += network_checks(loaded, program, probes[0], job["activations"], tuple(job["loss"]))
    return {"answers": answers, "checks": checks}


def _probes(job: Mapping[str, Any]) -> list[Probe]:
    layout = Layout(**job["layout"])
    return [Probe.from_dict(plain, layout) for plain in job["probes"]]


def _kept_elsewhere(loaded: Loaded, header: Header, program: LearnerProgram, probe: Probe) -> list[str]:
    """What another function keeps of a parameter, where the one that was read gives gradients only, and that one trains by them."""
    if not isinstance(program, FunctionProgram) or program.update:
        return []
    trains = [
        name
        for name, node in loaded.functions.items()
        if name != program.backward and UPDATE.search(name) and any(isinstance(part, (ast.For, ast.While)) for part in node.body)
    ]
    # What some call the learning rate and others the momentum.
    use_stated_names({"gamma": "rate", **header.arguments}, slopes_in(loaded.tree))
    for name in trains[:3]:
        with contextlib.suppress(Exception):  # whatever a learner's program raises: nothing hangs on this
            other = FunctionProgram(loaded, name)
            other.answer(probe, 1)
            return list(other.shared)
    return []


def _observed(
    loaded: Loaded, program: LearnerProgram, answer: Answer, probe: Probe, job: Mapping[str, Any], met: dict[str, int]
) -> dict[str, Any]:
    """What the program gave. `met` says at which spot y and E were seen before: there they are found again where they are no numbers."""
    quantities: dict[str, Any] = {key: value.tolist() for key, value in answer.gradients.items()}
    values = answer.values
    with np.errstate(all="ignore"):
        y = output_seen(values, probe.x, probe.weights, probe.biases, job["activations"])
        error = None if y is None else error_seen(values, y, probe.t, tuple(job["loss"]))
    error = None if error is None else total_seen(values, error, probe.penalty, probe.weights, probe.rows)
    for key, value in (("y", y), ("E", error)):
        place = None if value is None else values.find(np.asarray(value))
        if place is not None:
            met.setdefault(key, values.kept[place][0])
        broken_there = values.not_finite(met.get(key))
        found = value if broken_there is None else broken_there
        if found is not None:
            quantities[key] = np.asarray(found).tolist()
    broken = _first_not_finite(loaded, values, y if np.isfinite(quantities.get("y", np.nan)).all() else None)
    return {
        "broken": None if broken is None else spot_of(loaded, answer, broken),
        "integers": list(program.integers),
        "quantities": quantities,
        "after": [{key: value.tolist() for key, value in state.items()} for state in answer.after],
        "from_update": answer.from_update,
        "altered": list(answer.altered),
        "shared": list(answer.shared),
        "biases": "learned" if _speaks_of_bias_gradients(loaded, answer) else "fixed" if fixed_biases(loaded.tree, loaded.code) else "left",
    }


def _speaks_of_bias_gradients(loaded: Loaded, answer: Answer) -> bool:
    """Is something called as the gradient of a bias is: a variable, an attribute, a key; or as a bias of the program behind a g or d?"""
    names = [spot.target for spot in loaded.spots if spot.target]
    names += [node.value for node in ast.walk(loaded.tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    own = {re.sub(r"\W.*", "", path.rpartition(".")[2]) for key, path in answer.names.items() if re.fullmatch(r"b\d+", key)}
    texts = {re.sub(r"\[.*", "", name.rpartition(".")[2]) for name in names}
    return any(meaning(name).kind == "db" for name in names) or any(f"{sign}{name}" in texts for sign in ("g", "d") for name in own)


def _first_not_finite(loaded: Loaded, values: SeenValues, y: Array | None) -> int | None:
    """The place of the first value that is no number.

    Where y is one, it is a logarithm or a quotient: a sigmoid of −1000 may well take e to the power of 1000.
    """
    places = [place for place, (_, value) in enumerate(values.kept) if not np.isfinite(value).all()]
    if y is not None:
        texts = {place: loaded.spots[values.kept[place][0]].text(loaded.code) for place in places}
        places = [place for place in places if re.search(r"log|/", texts[place]) and not re.fullmatch(r"[\w.]*exp\([^()]*\)", texts[place])]
    return places[0] if places else None


def _locate(job: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    """The first expression whose value is the wrong one."""
    loaded, header = _loaded(job, guard)
    program = read_again(loaded, header, job["number"])
    program.momentum = job["momentum"]
    (probe,) = _probes(job)
    return Search(loaded, program, probe, job["activations"]).place(job)


def _graph(job: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    loaded, _ = _loaded(job, guard)
    return graph_answers(loaded)


def _layers(job: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    loaded, _ = _loaded(job, guard)
    return layer_answers(loaded, job["kinds"])


def _layer_slip(job: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    loaded, _ = _loaded(job, guard, names=True)
    wanted = {symbol: np.array(value, dtype=float) for symbol, value in job["wanted"].items()}
    return layer_slip(loaded, job["name"], job["kind"], wanted)


def _measured(job: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    for code in dict.fromkeys((*(() if job["whole"] else (shrunk(job["code"]),)), job["code"])):
        loaded, _ = _loaded({**job, "code": code}, guard, names=True)
        if found := measured_answers(loaded):
            return found
    return {}


def _losses(job: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    loaded, _ = _loaded({**job, "code": shrunk(job["code"])}, guard, names=True)
    return {"answers": loss_answers(loaded, job["names"])}


def _steps(job: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    loaded, _ = _loaded(job, guard)
    wrong = [] if fixed_biases(loaded.tree, loaded.code) else steps_against(loaded, job["function"])
    return {"wrong": wrong}


_JOBS = {
    "understand": _understand,
    "observe": _observe,
    "locate": _locate,
    "graph": _graph,
    "layers": _layers,
    "layer_slip": _layer_slip,
    "measured": _measured,
    "losses": _losses,
    "steps": _steps,
}
