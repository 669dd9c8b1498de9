"""What the files of a version say when they are opened: plain numbers and text, through nothing but the public names and the command line.

`write.py` keeps what the version that wrote the files says, and `test_stored.py` compares it with what is said today.

python tests/stored/opened.py FOLDER prints it of a folder with `definitions.py`, which it runs, in a process of its own.
"""

from __future__ import annotations

import contextlib
import csv
import inspect
import io
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.cli import main

STEPS = 3
"""So many steps are taken of each description."""

REPLAYED = 5
"""This step of each training is computed again."""

ROWS = 10
"""So many rows are compared where all of them would say the same."""

EXPLAINED = ("exact.json", "german.json", "overflow.json")
"""The records whose explanation is compared: no digit of it depends on the processor."""


def facts(folder: Path) -> dict[str, Callable[[Path], Any]]:
    """What there is to say of a version's folder, each told by a function of a folder to work in."""
    described_files, records = sorted((folder / "descriptions").iterdir()), sorted((folder / "records").iterdir())
    models, runs = sorted((folder / "models").glob("*.safetensors")), sorted((folder / "models").glob("*.checkpoint"))
    return {
        **{f"descriptions/{path.name}": partial(described, path) for path in described_files},
        **{f"records/{path.name}": partial(recorded, path) for path in records},
        **{f"models/{path.name}": partial(used, path) for path in models},
        **{f"models/{path.name}": partial(trained, path) for path in runs},
        **{f"models/{path.name}, resumed": partial(resumed, path) for path in runs},
        "own": partial(own_in_a_process, folder / "own"),
        "drawn": drawn,
    }


def plain(value: Any) -> Any:
    """Arrays as nested lists."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return {key: plain(inner) for key, inner in value.items()} if hasattr(value, "items") else value


def command(*arguments: Any, folder: Path, code: int = 0) -> str:
    """What a command prints when it is run in a folder; it must end with this code."""
    printed, said = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        ended = main(list(map(str, arguments)))
    assert ended == code, said.getvalue()
    return printed.getvalue()


# Descriptions, records


def described(path: Path, _: Path | None = None) -> dict[str, Any]:
    """A description: what it is called, its numbers at the start, and those of some steps."""
    problem = cr.problem_from(cr.read_description(path))  # what is drawn to be read is round today
    assert cr.problem_from(cr.described_problem(problem)).network == problem.network
    first, *_, last = islice(problem.steps(), STEPS)
    return {
        "title": problem.title,
        "features": problem.features,
        "targets": problem.targets,
        "notation": problem.network.notation.to_dict(),
        "start": plain(problem.network.parameters),
        "predicted": plain(problem.network.predict(problem.x)),
        "error": first.error,
        "gradients": {key: plain(first.gradients[key]) for key in problem.network.parameters},
        "states": plain(last.new_states),
        "parameters": plain(last.new_parameters),
    }


def recorded(path: Path, scratch: Path) -> dict[str, Any]:
    """A recorded step: its replay, which must not differ from it, the step after it, and how one weight of it is explained."""
    step = cr.Step.load(path)
    assert step.to_dict() == json.loads(path.read_text(encoding="utf-8"))
    following, code = dict[str, Any](), 0 if math.isfinite(float(step.error)) else 3
    if not code:  # no step follows numbers that have left all bounds
        command("explain", path, "--step", step.number + 1, "-o", scratch / "next.json", folder=scratch)
        following = {"next": computed(cr.Step.load(scratch / "next.json"))}
    explained = command("explain", path, "--weight", "w1", folder=scratch, code=code).splitlines() if path.name in EXPLAINED else []
    return {
        "replayed": computed(step.replay()),
        "differences": step.replay().differences(step, 0 if step.exact else 1e-9),
        **following,
        "explained": explained,
    }


def computed(step: cr.Step) -> dict[str, Any]:
    """The numbers that a step comes to, as its record has them."""
    record = step.to_dict()
    gradients = {key: record["gradients"][key] for key in step.parameters}
    return {
        "number": step.number,
        "error": record["values"]["E"],
        "y": record["values"]["y"],
        "gradients": gradients,
        "after": record["parameters"]["after"],
    }


# Models, checkpoints


def trained(path: Path, _: Path | None = None) -> dict[str, Any]:
    """A model: its numbers and its past, and, where it was trained on a table, its answers and how good they are."""
    model = cr.Model.load(path)
    return {
        "start": plain(model.start.parameters),
        "parameters": plain(model.network.parameters),
        "plan": model.plan.to_dict(),
        "history": [[now.epoch, now.step, now.error, now.validation_error, now.rate] for now in model.history],
        "scores": {part: measured(scores) for part, scores in model.scores.items()},
        "source": plain(model.source),
        "guess": plain(model.guess),
        "outcome": plain(model.outcome),
        **(on_numbers(path, model) if model.preparation is None else on_rows(path, model, model.preparation)),
    }


def on_numbers(path: Path, model: cr.Model) -> dict[str, Any]:
    """The predictions of a model of numbers, which stand beside it, and a step of its training."""
    x, t, weights = (np.array(numbers) for numbers in json.loads(path.with_suffix(".json").read_text(encoding="utf-8")).values())
    return {"y": plain(model.outputs(x)), "step": computed(model.step_at(x, t, REPLAYED, weights=weights))}


def on_rows(path: Path, model: cr.Model, preparation: cr.Preparation) -> dict[str, Any]:
    """What a model makes of the table beside it."""
    rows = cr.read(path.parent / model.source["name"], kinds=preparation.kinds, **model.source["form"])
    y = model.outputs(rows)
    return {
        "preparation": preparation.to_dict(),
        "x": plain(preparation.x(rows)[:ROWS]),
        "y": plain(y),
        "answers": plain(preparation.answers(y)),
        "evaluated": measured(model.evaluate(rows)),
    }


def measured(scores: cr.Scores) -> dict[str, Any]:
    """Every measure of these scores."""
    measures = ("main", "rows", "baseline", "accuracy", "loss", "r2", "mean_absolute_error", "root_mean_squared_error", "confusion")
    classes = {one.name: [one.precision, one.recall, one.f1, one.rows] for one in scores.per_class}
    return {**{name: plain(getattr(scores, name)) for name in measures}, "classes": classes}


def used(path: Path, scratch: Path) -> dict[str, Any]:
    """A model, and what the command line says of it: how it was made, its predictions, and a step of its training."""
    model, folder, name = cr.Model.load(path), path.parent, path.name
    said = {**trained(path), "info": command("info", name, folder=folder).splitlines()}
    if model.preparation is None:
        return said
    table, chances = model.source["name"], [] if model.preparation.task == "regress" else ["--probabilities"]
    rows = csv.reader(io.StringIO(command("predict", name, table, *chances, "--digits", "17", folder=folder)))
    command("explain", name, "--data", table, "--step", REPLAYED, "-o", scratch / "step.json", folder=folder)
    return {
        **said,
        "printed": command("evaluate", name, table, folder=folder).splitlines(),
        "predicted": [[number(cell) for cell in row] for row in islice(rows, ROWS)],
        "step": computed(cr.Step.load(scratch / "step.json")),
    }


def number(cell: str) -> float | str:
    """A cell that holds a number, as that number."""
    try:
        return float(cell)
    except ValueError:
        return cell


def resumed(path: Path, scratch: Path, *options: str) -> dict[str, Any]:
    """The model of a run that goes on from its checkpoint."""
    model, output = cr.Model.load(path), path.stem
    assert model.preparation is not None
    table, target = model.source["name"], model.preparation.targets[0].name
    for name in (table, path.name):
        (scratch / name).write_bytes((path.parent / name).read_bytes())
    command("train", table, "--target", target, "--resume", "--quiet", "-o", output, *options, folder=scratch)
    return trained(scratch / output)


# Own definitions


def own_in_a_process(folder: Path, _: Path) -> dict[str, Any]:
    """What was made with own definitions, told by a process of its own, so that this one does not have them from then on."""
    ended = subprocess.run([sys.executable, __file__, folder], capture_output=True, encoding="utf-8", timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    said: dict[str, Any] = json.loads(ended.stdout)
    return said


def own(folder: Path) -> dict[str, Any]:
    """What was made with own definitions."""
    cr.load_file(str(folder / "definitions.py"))
    return {"description": described(folder / "own.toml"), "model": trained(folder / "own.safetensors")}


# Weights that are drawn


def drawn(_: Path) -> dict[str, Any]:
    """The weights of a small network by initialiser, activation and seed."""
    starts = [(name, seed, {"initializer": name}) for name in defined("initializer") for seed in (0, 7)]
    fitting = [(name, 0, {"activation": name}) for name in defined("activation")]
    return {
        f"{name}, seed {seed}": plain(cr.Network(3, cr.dense(2, **layer), cr.dense(4, **layer), seed=seed).parameters)
        for name, seed, layer in (*starts, *fitting)
    }


def defined(kind: str) -> list[str]:
    """The names of the public definitions of a kind."""
    return [name for name in cr.__all__ if getattr(getattr(cr, name), "kind", None) == kind]


# Names


def taken(value: Any) -> dict[str, Any]:
    """What a public value takes: the options of a definition; the arguments of a function, or of a class and its methods."""
    if hasattr(value, "options"):
        return {"kind": value.kind, "operands": list(value.operands), "options": value.options}
    if not inspect.isclass(value):
        return {"arguments": arguments(value)}
    if issubclass(value, cr.ChainruleError):
        return {"bases": [base.__name__ for base in value.__mro__[1:-1]]}
    members = {name: inspect.getattr_static(value, name) for name in dir(value) if name[0] != "_"}
    properties = [name for name, member in members.items() if inspect.isdatadescriptor(member) or isinstance(member, cached_property)]
    methods = {name: arguments(getattr(value, name)) for name in members if callable(getattr(value, name))}
    return {"arguments": arguments(value), "methods": methods, "properties": properties}


def arguments(function: Any) -> list[list[Any]]:
    """Name and kind of every argument, and its default, if it has one; of a default that JSON cannot hold, that there is one."""
    return [
        [a.name, a.kind.name, *([] if a.default is a.empty else [a.default if is_plain(a.default) else "…"])]
        for a in inspect.signature(function).parameters.values()
    ]


def is_plain(value: Any) -> bool:
    """Can JSON hold it?"""
    return value is None or isinstance(value, bool | int | float | str) or (isinstance(value, tuple) and all(map(is_plain, value)))


def options() -> dict[str, Sequence[str]]:
    """The options of every command."""
    here = Path(__file__).parent
    commands = re.findall(r"^  ([a-z]+) ", command("--help", folder=here).partition("Commands:")[2].partition("Start with")[0], re.M)
    lines = {name: re.findall(r"^  -.*", command(name, "--help", folder=here), re.M) for name in commands}
    return {name: re.findall(r"--[a-z-]+", " ".join(found)) for name, found in lines.items()}


if __name__ == "__main__":
    print(json.dumps(own(Path(sys.argv[1]))))
