"""Files that this version of chainrule writes, for later ones to open: descriptions, records, models, a checkpoint, names, and the numbers.

python -m tests.stored.write makes the folder of this version anew.
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from tests.stored import opened

import chainrule as cr

HERE = Path(__file__).parent / cr.__version__

README = f"""\
# What chainrule {cr.__version__} wrote

Version {cr.__version__} wrote these files, by `python -m tests.stored.write`, through nothing but its public names and its command line.
Later versions open them and find the same numbers: `tests/test_stored.py` compares them with `numbers.json`, the names with `names.json`.
Nothing here is changed when chainrule changes; a new version adds a folder of its own.
"""

# Descriptions

ACTIVATIONS: list[Any] = [
    "identity", "sigmoid", "tanh", "relu", {"name": "leaky_relu", "slope": 0.2}, {"name": "elu", "alpha": 0.5}, "selu", "gelu",
    {"name": "gelu", "approximate": "tanh"}, "silu", "softplus", "softsign", "softmax", "hard_sigmoid", "hard_tanh", "hard_swish", "relu6",
]  # fmt: skip

LOSSES: list[tuple[Any, str]] = [
    ("half_squared", "numbers"), ("squared", "numbers"), ("absolute", "numbers"), ({"name": "huber", "delta": 0.5}, "numbers"),
    ("huber", "numbers"), ("log_cosh", "numbers"), ("binary_cross_entropy", "binary"), ("binary_cross_entropy_from_logits", "binary"),
    ("cross_entropy", "classes"), ("cross_entropy_from_logits", "classes"), ("hinge", "signs"), ("squared_hinge", "signs"),
    ("kl", "shares"),
]  # fmt: skip
"""Each with the kind of targets that it takes."""

TARGETS = {
    "numbers": [[0.3, -1.2], [2, 0.5], [-0.7, 0.1]],
    "binary": [[0, 1], [1, 1], [1, 0]],
    "classes": [[0, 1], [1, 0], [0, 1]],
    "signs": [[-1, 1], [1, 1], [1, -1]],
    "shares": [[0.25, 0.75], [0.5, 0.5], [0.875, 0.125]],
}

REGULARIZERS: list[Any] = [None, "l1", {"name": "l2", "rate": 0.1}, {"name": "elastic_net", "l1": 0.02, "l2": 0.3}, "l2"]

INITIALIZERS: list[Any] = [
    "zeros", "constant", {"name": "constant", "value": 0.3}, "uniform", {"name": "uniform", "low": -1, "high": 2}, "normal",
    {"name": "normal", "mean": 0.2, "deviation": 0.5}, "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform",
    "lecun_normal", "orthogonal", {"name": "orthogonal", "gain": 1.5}, None,
]  # fmt: skip

OPTIMIZERS: list[dict[str, Any]] = [
    {"name": "sgd"}, {"name": "sgd", "clip_norm": 0.5}, {"name": "momentum", "momentum": 0.8}, {"name": "nesterov"},
    {"name": "adagrad"}, {"name": "rmsprop", "decay": 0.9}, {"name": "adam", "beta1": 0.8, "clip_value": 0.1},
    {"name": "adamw", "decay": 0.05},
]  # fmt: skip

RATES: list[Any] = [
    None, 0.1, "cosine", {"name": "step_decay", "every": 2}, {"name": "exponential", "rate": 0.2, "factor": 0.5},
    {"name": "cosine", "rate": 0.1, "steps": 4, "floor": 0.01}, {"name": "warmup", "steps": 2},
    {"name": "one_cycle", "steps": 6, "rise": 0.5},
    {"name": "constant", "rate": 0.03},
]  # fmt: skip


def made(number: int) -> dict[str, Any]:
    """A description with the definitions that stand at this place of each list."""
    (loss, kind), penalty, start = (some[number % len(some)] for some in (LOSSES, REGULARIZERS, INITIALIZERS))
    rule, rate = (some[number % len(some)] for some in (OPTIMIZERS, RATES))
    numbers = random.Random(number)
    return {
        "title": f"Number {number}: « ∂E/∂w »",
        "inputs": 2,
        "loss": loss,
        **({} if penalty is None else {"regularizer": penalty}),
        **({"outputs": "mean"} if number % 3 == 1 else {}),
        **({"batch": "sum"} if number % 4 == 1 else {}),
        "seed": number,
        "layers": [
            {"units": 3, "activation": ACTIVATIONS[number], **({} if start is None else {"initializer": start})},
            {"units": 2, "bias": [0.1, -0.2], "initializer": "normal"},
        ],
        "data": {"x": [[round(numbers.uniform(-2, 2), 2) for _ in range(2)] for _ in range(3)], "t": TARGETS[kind]},
        "optimizer": {**rule, **({} if rate is None else {"learning_rate": rate})},
    }


GERMAN = {**cr.example("seed"), "title": "Zwei Eingaben, eine Größe", "notation": {"preset": "german", "digits": 4}}

DESCRIPTIONS: dict[str, dict[str, Any]] = {
    **{f"{number:02}": made(number) for number in range(len(ACTIVATIONS))},
    "german": GERMAN,
    "preset": {**cr.example("mazur"), "notation": "ng"},
    "letters": {
        "inputs": 2,
        "layers": [
            {"units": 2, "activation": "tanh", "weights": [[0.3, -0.2], [0.5, 0.1]], "bias": False, "frozen": ["W"]},
            {"units": 2, "weights": [[1e-3, 2.5e1], [1 / 3, -0.0]], "bias": [0.25, 1], "frozen": ["b"]},
            {"units": 1, "weights": [[1], [2]], "frozen": []},
        ],
        "data": {"x": [1, -0.5], "t": [0.5], "features": ["length in cm", 'the "width"'], "targets": ["größe"]},
        "notation": {
            "letters": {"learning_rate": "α", "y": "ŷ", "E": "J"},
            "vectors": "columns", "layers": "subscript", "decimal": "comma", "digits": 9,
        },
    },
    "weighted": {**made(8), "title": "", "weighted": True},
    **{name: cr.example(name) for name in ("xor", "iris", "vanishing")},
}  # fmt: skip


def write_descriptions(folder: Path) -> None:
    """One after the other in TOML and in JSON."""
    for number, (name, description) in enumerate(DESCRIPTIONS.items()):
        cr.write_description(folder / f"{name}.{('toml', 'json')[number % 2]}", description)


# Records


def write_records(folder: Path) -> None:
    """Steps in floats and in fractions, with states, with weights, in German, and one that overflows."""
    clipped = {**made(6), "optimizer": {"name": "adam", "learning_rate": RATES[5], "clip_norm": 0.1, "clip_value": 0.05}}
    weighted = cr.problem_from(DESCRIPTIONS["weighted"]).network
    huge = cr.Network(1, cr.dense(1, bias=False, weights=[[1e200]]))
    steps = {
        "mazur": cr.problem("mazur").step(),
        "exact": next(islice(cr.problem(GERMAN).steps(exact=True), 1, None)),
        "adam": next(islice(cr.problem(clipped).steps(), 2, None)),
        "german": cr.problem(GERMAN).step(),
        "weighted": weighted.step([[1, 2], [0.5, -1], [3, 0]], [[0, 1], [1, 0], [0, 1]], "momentum", weights=[1, 0.25, 3]),
        "overflow": huge.step([[1e10]], [[1]], cr.sgd(0.05)),
    }
    for name, step in steps.items():
        step.save(folder / f"{name}.json")


# Models


def write_table(path: Path, rows: list[dict[str, Any]], separator: str = ",") -> None:
    """A text file of rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=separator, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def flowers() -> list[dict[str, Any]]:
    """Three kinds of flowers; some of their lengths and colours are missing."""
    chance = random.Random(1)
    return [
        {
            "number": number,
            "length": "" if number % 11 == 5 else round(chance.gauss(3 + number % 3, 0.5), 2),
            "width": round(chance.gauss(1 - 0.3 * (number % 3), 0.2), 2),
            "colour": "" if number % 13 == 7 else chance.choice((["blue", "white"], ["red", "white"], ["red", "größer"])[number % 3]),
            "garden": "ours",
            "wild": chance.choice(["yes", "no", "no", "no"]),
            "kind": ("iris", "rose", "tulip")[number % 3],
        }
        for number in range(1, 61)
    ]


def houses() -> list[dict[str, Any]]:
    """Rooms and places, a price and a rent; with decimal commas."""
    chance = random.Random(2)
    rows = []
    for _ in range(40):
        rooms, town = chance.randint(2, 9) / 2, chance.choice(["Ulm", "Bonn"])
        price = 80 * rooms + (50 if town == "Bonn" else 0) + chance.gauss(0, 20)
        numbers = {"rooms": rooms, "price": round(price, 1), "rent": round(price / 30 + chance.gauss(0, 1), 2)}
        rows.append({"town": town, **{name: str(number).replace(".", ",") for name, number in numbers.items()}})
    return rows


def slopes() -> list[dict[str, Any]]:
    """A plane over two numbers."""
    return [{"a": i / 4, "b": j / 2, "height": round(0.4 * i - 0.3 * j, 2)} for i in range(7) for j in range(4)]


class Stopped(cr.Watch):
    """Presses Ctrl-C after a number of epochs."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def epoch(self, report: Any, measure: Any) -> None:
        """One epoch is done."""
        if report.epoch == self.epochs:
            signal.raise_signal(signal.SIGINT)


def write_models(folder: Path) -> None:
    """Models of tables, one of numbers, and a run that was cut short."""
    os.chdir(folder)  # a model remembers the name under which its data was given
    for name, rows, separator in (("flowers", flowers(), ","), ("houses", houses(), ";"), ("slopes", slopes(), ",")):
        write_table(Path(f"{name}.csv"), rows, separator)
    cr.train(
        "flowers.csv", target="kind", impute="median", ignore=["wild"], hidden=[3], epochs=12, batch_size=8, learning_rate=0.03, seed=3,
        output="flowers.safetensors",
    )  # fmt: skip
    cr.train(
        "houses.csv", target=["price", "rent"], hidden=[3, 2], activation="softplus", loss=cr.huber(delta=2.0), regularizer="l2:rate=0.001",
        optimizer="momentum:clip_norm=1", learning_rate=cr.cosine(0.05, steps=60), epochs=10, validation=0.2, folds=2, seed=5,
        output="houses.safetensors",
    )  # fmt: skip
    cr.train(
        "flowers.csv", target="wild", ignore=["number", "kind"], impute="most_frequent", hidden=4, activation="leaky_relu:slope=0.1",
        class_weights="balanced", patience=3, validation_folds=2, epochs=10, shuffle=False, batch_size=10, output="wild.safetensors",
    )  # fmt: skip
    x = np.array([[i / 5, (i * i % 7) / 7] for i in range(10)])
    t, weights = x[:, :1] - x[:, 1:] ** 2, np.array([1.0, 2.0, 0.5, 1.0, 1.0] * 2)
    Path("numbers.json").write_text(json.dumps({"x": x.tolist(), "t": t.tolist(), "weights": weights.tolist()}) + "\n", encoding="utf-8")
    network, plan = cr.Network(2, cr.dense(3, "tanh"), cr.dense(1), seed=4), cr.Plan(epochs=5, batch_size=4, validation=0.0)
    training = cr.Training(network, x, t, plan, weights=weights)
    training.run()
    cr.Model.of(training).save("numbers.safetensors")
    try:
        cr.train(
            "slopes.csv", target="height", hidden=3, epochs=16, batch_size=12, validation_folds=2, learning_rate=cr.cosine(0.01, steps=60),
            output="run.safetensors", watch=Stopped(6),
        )  # fmt: skip
    except KeyboardInterrupt:
        Path("run.safetensors").unlink()  # its best weights so far; the checkpoint holds them as well


# Own definitions

DEFINITIONS = '''\
"""Definitions of somebody's own."""

import chainrule as cr


@cr.activation
def bent(z, *, bend=0.5):
    """A line and a wave: f(z) = z + bend · sin z."""
    return z + bend * cr.sin(z)


@cr.loss
def fourth_power(y, t):
    """(y − t)⁴ per output."""
    return cr.select(y > t, (y - t) ** 4, (t - y) ** 4)


@cr.regularizer
def smooth(W, *, rate=0.01):
    """The mean of √(w² + 1)."""
    return rate * cr.mean(cr.sqrt(W**2 + 1), axes=(0, 1))


@cr.initializer
def narrow(inputs, units):
    """Normal, with a standard deviation of 1 / (10 √inputs)."""
    return cr.Normal(0, 0.1 / cr.sqrt(inputs))


@cr.optimizer
def heavy(w, g, v, k, *, learning_rate=0.01, weight=0.5):
    """A step along the mean of the gradients, each of which counts the less the older it is."""
    v = weight * v + (1 - weight) * g
    direction = cr.let("direction", v / (1 - weight**k))
    return w - learning_rate * direction / (1 + abs(direction)), v


@cr.schedule
def harmonic(k, *, rate=0.1):
    """η(k) = rate / k."""
    return rate / k
'''


def write_own(folder: Path) -> None:
    """A description and a model with own definitions."""
    os.chdir(folder)
    (folder / "definitions.py").write_text(DEFINITIONS, encoding="utf-8")
    write_table(folder / "houses.csv", houses(), ";")
    cr.load_file(str(folder / "definitions.py"))
    cr.write_description(
        folder / "own.toml",
        {
            "inputs": 2,
            "loss": "fourth_power",
            "regularizer": {"name": "smooth", "rate": 0.2},
            "layers": [{"units": 3, "activation": {"name": "bent", "bend": 0.25}, "initializer": "narrow"}, {"units": 1}],
            "data": {"x": [[1, 2], [0.5, -1]], "t": [[0.5], [1]]},
            "optimizer": {"name": "heavy", "weight": 0.25, "learning_rate": {"name": "harmonic", "rate": 0.05}},
        },
    )
    cr.train(
        "houses.csv", target="price", ignore=["rent"], hidden=3, activation="bent", loss="fourth_power", regularizer="smooth",
        optimizer="heavy", learning_rate="harmonic:rate=0.5", epochs=5, test=0.2, output="own.safetensors",
    )  # fmt: skip


# All of it


def check_nothing_lacks() -> None:
    """Is every definition that can be described in one of the descriptions?"""
    text = json.dumps(DESCRIPTIONS)
    for kind in ("activation", "loss", "regularizer", "initializer", "optimizer", "schedule"):
        for name in opened.defined(kind):
            if f'"{name}"' not in text:
                raise SystemExit(f"no description has the {kind} {name}: add it to a list above.")


def lines(facts: dict[str, Any]) -> str:
    """JSON with a line a fact, which can be read, and compared by line."""
    parts = [f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=False)}" for key, value in facts.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    """Write the folder of this version anew."""
    check_nothing_lacks()
    shutil.rmtree(HERE, ignore_errors=True)
    for name, write in (("descriptions", write_descriptions), ("records", write_records), ("models", write_models), ("own", write_own)):
        (HERE / name).mkdir(parents=True)
        write(HERE / name)
    with tempfile.TemporaryDirectory() as scratch:
        numbers = {name: said(Path(scratch)) for name, said in opened.facts(HERE).items()}
    names = {**{name: opened.taken(getattr(cr, name)) for name in cr.__all__}, "the commands": opened.options()}
    for name, text in (("README.md", README), ("names.json", lines(names)), ("numbers.json", lines(numbers))):
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
