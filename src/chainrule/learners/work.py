"""What is done in a learner's process: understand a program, answer probes, say where a value is computed."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.learners.calling import Unbound
from chainrule.learners.header import Header, read_header
from chainrule.learners.layout import Layout, Probe
from chainrule.learners.limits import Guard, Stopped, line_of_error
from chainrule.learners.loading import Loaded, said
from chainrule.learners.names import stated
from chainrule.learners.programs import Answer, Unreadable
from chainrule.learners.reading import Reading, Trials, read_again, understand
from chainrule.learners.seen import error_seen, output_seen

STEPS = 3
"""Update steps of a probe."""


def prepare() -> None:
    """What every job needs is imported once, before the first."""
    np.random.default_rng(0).normal(size=(2, 2)) @ np.eye(2)


def done(job: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    """The record of a job."""
    try:
        with guard:
            np.random.seed(1)  # noqa: NPY002  # what learners' programs draw from
            random.seed(1)
            record = _JOBS[job["work"]](job, guard)
    except Stopped as stopped:
        return stopped.record()
    except MemoryError as error:
        return Stopped("learners.refused.memory", line_of_error(error)).record()
    if guard.stopped is not None:
        return guard.stopped.record()
    return record


def _loaded(job: Mapping[str, Any], guard: Guard) -> tuple[Loaded, Header]:
    header = read_header(job.get("stated", ""))
    stated(header.arguments)
    loaded = Loaded(job["code"], guard)
    loaded.load()
    return loaded, header


def _understand(job: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    loaded, header = _loaded(job, guard)
    trials = Trials()
    reading = understand(loaded, header, guard, trials)
    if guard.stopped is not None:
        raise guard.stopped
    if reading is None:
        raise _not_understood(loaded, trials)
    return {**_told(reading, header), "trials": trials.count[0]}


def _not_understood(loaded: Loaded, trials: Trials) -> Stopped:
    """Why a file was not understood: what Python said where a trial came furthest, else that nothing was found."""
    errors = [error for error in trials.errors if error[0] >= 0]
    if errors:
        _, line, problem = errors[0]
        return Stopped("learners.refused.not_understood", line, problem=problem)
    if trials.count[0]:
        return Stopped("learners.refused.not_seen")
    if trials.errors:
        _, line, name = trials.errors[0]
        return Stopped("learners.refused.argument", line, name=name)
    if loaded.failures:
        line, problem = loaded.failures[0]
        return Stopped("learners.refused.not_understood", line, problem=problem)
    return Stopped("learners.refused.nothing")


def _told(reading: Reading, header: Header) -> dict[str, Any]:
    """A reading as plain data."""
    program, probe, forward = reading.program, reading.probe, reading.answer.forward
    return {
        "number": reading.number,
        "entry": program.entry,
        "line": program.line,
        "rate": header.rate if header.rate is not None else program.rate if reading.answer.from_update else None,
        "layout": reading.layout.to_dict(),
        "activations": list(forward.activations),
        "loss": forward.loss,
        "outputs": forward.outputs,
        "batch": forward.batch,
        "biases": [b is not None for b in probe.biases],
        "sizes": list(probe.sizes),
        "logarithm": bool(re.search(r"\blog\w*\(", reading.program.loaded.code)),
        "free": reading.free,
        "rows": reading.rows,
        "names": dict(reading.answer.names),
        "updates": bool(reading.answer.after),
    }


def _observe(job: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    loaded, header = _loaded(job, guard)
    program = read_again(loaded, header, job["number"])
    layout = Layout(**job["layout"])
    answers = []
    for plain in job["probes"]:
        probe = Probe.from_dict(plain)
        try:
            answers.append(_observed(program.answer(probe, layout, STEPS), probe, job))
        except (Unreadable, Unbound) as error:
            answers.append({"failure": str(error)})
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a learner's program raises
            answers.append({"failure": said(error), "line": line_of_error(error)})
    return {"answers": answers}


def _observed(answer: Answer, probe: Probe, job: Mapping[str, Any]) -> dict[str, Any]:
    quantities: dict[str, Any] = {key: value.tolist() for key, value in answer.gradients.items()}
    y = output_seen(answer.values, probe.x, probe.weights, probe.biases, job["activations"])
    if y is not None:
        quantities["y"] = y.tolist()
        error = error_seen(answer.values, y, probe.t, tuple(job["loss"]))
        if error is not None:
            quantities["E"] = error
    return {
        "quantities": quantities,
        "after": [{key: value.tolist() for key, value in state.items()} for state in answer.after],
        "from_update": answer.from_update,
        "altered": list(answer.altered),
    }


def _locate(job: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    """The first expression that has a value that is wrong: as it is, else up to a factor."""
    loaded, header = _loaded(job, guard)
    program = read_again(loaded, header, job["number"])
    answer = program.answer(Probe.from_dict(job["probes"][0]), Layout(**job["layout"]), 1)
    for wanted in job["wanted"]:
        value = np.array(wanted["value"], dtype=float)
        place = answer.values.find(value, 1e-7)
        place = answer.values.proportional(value) if place is None else place
        if place is not None:
            spot = loaded.spots[answer.values.kept[place][0]]
            return {"line": spot.line, "expression": spot.text(loaded.code), "key": wanted["key"]}
    return {}


_JOBS = {"understand": _understand, "observe": _observe, "locate": _locate}
