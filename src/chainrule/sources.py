"""What a person asks for, as a problem: the seed, an example, a short form or a file, with the options of the command line.

Every option of the command line that makes a network is an argument of `problem`, by the same name. Options change the plain data
of the description, which is then read like any other.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from chainrule.definitions import Bound, Definition, find
from chainrule.describe import Problem, from_toml, problem_from, read_description
from chainrule.errors import FileError, InputError, UnknownNameError, shown
from chainrule.examples import EXAMPLES, example
from chainrule.layers import checked_size
from chainrule.network import MOST_LAYERS, Array, Network, checked_batch

Wanted: TypeAlias = "str | Definition | Bound | Mapping[str, Any]"
Numbers: TypeAlias = "str | Sequence[Any] | Array"

DIGITS = re.compile(r"[\d\s.-]+")
"""What looks like a short form, right or wrong."""


def problem(
    source: str | Path | Mapping[str, Any] | None = None,
    *,
    bias: bool | None = None,
    activation: Wanted | None = None,
    output_activation: Wanted | None = None,
    loss: Wanted | None = None,
    weights: Numbers | None = None,
    seed: int | None = None,
    initializer: Wanted | None = None,
    regularizer: Wanted | None = None,
    outputs: str | None = None,
    batch: str | None = None,
    notation: str | Mapping[str, Any] | None = None,
    input: Numbers | None = None,  # noqa: A002  # the option is called so
    target: Numbers | None = None,
    data: str | Path | None = None,
    row: int | str | Sequence[int | str] | None = None,
    target_columns: str | Sequence[str] | None = None,
    learning_rate: float | Wanted | None = None,
    optimizer: Wanted | None = None,
) -> Problem:
    """The network, batch and optimiser that a person asks for; what a batch lacks is drawn from the seed.

    source             nothing (the seed), an example's name, a short form such as "2-2-1", a .toml or .json file, "-" (standard input),
                       or a description as plain data
    bias               False takes every b away
    activation         of the hidden layers; tanh in a short form
    output_activation  of the last layer; what fits the loss in a short form
    loss, regularizer, initializer, optimizer   a name, with options as in "huber:delta=2" or {"name": "huber", "delta": 2}
    weights            w1, w2 … in their numbering, then, if wanted, every b; "0.21 0.56 …" or a list
    seed               draws the weights for which no numbers are given, and the sample where there is none
    outputs, batch     "sum" or "mean": how the error is counted
    notation           "nielsen", "learning_rate=α,vectors=columns", or both; or a table as in a description
    input, target      rows of numbers: "8 12" or "0 1; 1 1", or a list of lists
    data, row          a file with a table of numbers; its rows, counted from 1, as 3, "3-7" or "3,5" (all of them if none is said)
    target_columns     the columns of the table that are targets, "a,b" or a list; the last ones if none is said
    learning_rate      a number, or a schedule as in "cosine:rate=0.1"

    Raises InputError.
    """
    description = _description(source)
    layers = [dict(layer) if isinstance(layer, Mapping) else layer for layer in description.get("layers") or () if True]
    description = {**description, "layers": layers} if layers else description
    changes = {
        "loss": _setting(loss),
        "regularizer": _setting(regularizer),
        "seed": seed,
        "outputs": outputs,
        "batch": batch,
        "notation": _notation(notation),
        "optimizer": _optimizer(description.get("optimizer"), optimizer, learning_rate),
    }
    description |= {key: value for key, value in changes.items() if value is not None}
    return description
