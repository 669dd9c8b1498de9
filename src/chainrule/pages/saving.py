"""The files that a page saves, as texts with holes for its numbers: a description, the program of the step, and a model.

A page fills the holes and writes no format by itself: what `chainrule` reads is written by chainrule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.base.files import json_text
from chainrule.base.frozen import replace
from chainrule.engines.writer import identifier
from chainrule.engines.written import written_program
from chainrule.explanation.context import Context
from chainrule.network.description import described, to_toml
from chainrule.network.update import STEP_NUMBER
from chainrule.training.model import Model
from chainrule.training.plan import Plan

LEFT, RIGHT = "⟦", "⟧"
"""Around the key of the numbers that are to stand there, after "after " those of the second forward pass; of several arrays the columns
stand side by side."""


def hole(*keys: str) -> str:
    """The place of numbers."""
    return f"{LEFT}{'; '.join(keys)}{RIGHT}"


def saved_files(context: Context) -> dict[str, Any]:
    """For each kind of file the text with its holes; of a model, the text that stands in its head."""
    return {"toml": _description(context), "numpy": _program(context), "safetensors": _model(context)}


def _unquoted(text: str) -> str:
    """Numbers stand without the quotation marks that a text has."""
    return text.replace(f'"{LEFT}', LEFT).replace(f'{RIGHT}"', RIGHT)


def _optimizer(context: Context) -> dict[str, Any]:
    """The optimiser as a table, with holes for its numeric options."""
    optimizer, letters = context.step.optimizer, {letter.key for letter in context.step.update.options}
    plain = optimizer.described()
    table: dict[str, Any] = {"name": plain} if isinstance(plain, str) else dict(plain)
    rate = {"learning_rate": hole("learning_rate")} if "learning_rate" in letters else {}
    return table | {key: hole(key) for key in table if key in letters} | rate


def record_text(context: Context) -> dict[str, Any]:
    """The record of the step as a text with holes, and the options that the optimiser was given."""
    step, derivation = context.step, context.derivation
    gradients = {str(replace(node.name, gradient=False).key): node.key for node in derivation.backward if node.name}
    new = {part.parameter.key: part.new.key for part in step.update.parameters}
    plain, optimizer = step.to_dict(), _optimizer(context)
    holes = {
        "optimizer": optimizer | {letter.key: hole(letter.key) for letter in step.update.options},
        "number": hole(STEP_NUMBER.key),
        "batch": {key: hole(key) for key in plain["batch"]},
        "values": {key: hole(key) for key in step.before.values},
        "gradients": {key: hole(gradients[key]) for key in step.gradients},
        "states": {key: hole(key) for key in step.states},
        "updates": {key: hole(key) for key in step.updates},
        "parameters": {
            "before": {key: hole(key) for key in step.parameters},
            "after": {key: hole(new.get(key, key)) for key in step.parameters},
        },
        "after": {key: hole(f"after {key}") for key in step.before.values},
    }
    text = {"format": plain["format"], "network": plain["network"], **holes, "origin": plain.get("origin", {})}
    return {"text": _unquoted(json_text(text)), "options": list(optimizer)}


def linked_description(context: Context) -> dict[str, Any]:
    """The network and its optimiser without their numbers, for a link."""
    return {**described(context.step.network, numbers=False), "optimizer": context.step.optimizer.described()}


def _description(context: Context) -> str:
    step, derivation = context.step, context.derivation
    features, targets = (list(step.origin.get(key) or ()) for key in ("features", "targets"))
    names: dict[str, Any] = {key: names for key, names in (("features", features), ("targets", targets)) if any(names)}
    t = {"t": hole(*(node.key for node in derivation.targets))} if derivation.targets else {}
    plain: dict[str, Any] = {
        **described(step.network, numbers=False),
        "weights": {parameter.key: hole(parameter.key) for parameter in derivation.parameters},
        "weights_as": "inputs-units",
        "data": {"x": hole(*(node.key for node in derivation.inputs)), **t, **names},
        "optimizer": _optimizer(context),
    }
    return _unquoted(to_toml(plain))


def _program(context: Context) -> str:
    step, derivation, update = context.step, context.derivation, context.step.update
    program = written_program(step.network, step.optimizer)
    states = [state for part in update.parameters for state in part.states]
    nodes = (*derivation.data, *derivation.parameters, *states, STEP_NUMBER, *update.options)
    keys = {identifier(node): node.key for node in nodes}
    lines = [f"{name} = {hole(keys[name]) if name == STEP_NUMBER.key else f'np.array({hole(keys[name])})'}" for name in program.inputs]
    options = [f"{name}={hole(keys[name])}" for name in program.options if name in keys]
    results = ", ".join(name.removesuffix("_next") for name in program.outputs)
    moved = [identifier(part.parameter) for part in update.parameters]
    call = f"{results} = step({', '.join([*program.inputs, *options])})"
    shown = [f'print("{name} =", {name})' for name in ("E", *moved)]
    return "\n".join([program.source.rstrip("\n"), "", "", *lines, "", call, *shown, ""])


def _model(context: Context) -> str:
    plan = Plan(optimizer=context.step.optimizer)
    model = Model(context.step.network, context.step.network, plan=plan)
    plain: Mapping[str, Any] = model.to_dict()
    return _unquoted(json_text({**plain, "plan": {**plain["plan"], "optimizer": _optimizer(context)}}))
