"""A preparation out of plain data that may come from anywhere: every value is looked at before it is believed."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from typing import Any, TypeVar, get_args, get_type_hints

from chainrule.base.errors import DescriptionError, quoted
from chainrule.data.cells import KINDS
from chainrule.data.dates import PARTS
from chainrule.data.numbers import SIGNS, NumberFormat
from chainrule.preparation.columns import Feature, Target, Task

Read = TypeVar("Read", Feature, Target)

KIND_WORDS = {kind.__name__: get_args(get_type_hints(kind)["kind"]) for kind in (Feature, Target)}
"""What the kind of a feature, and of a target, may be; looked up once, as there may be very many columns."""

LATER: dict[str, Any] = {
    "signs": False, "written": None, "missing": False, "dropped": None, "open_values": 0, "parts": [], "day_first": False, "low": None,
    "high": None, "further": "", "open": "",
    "cells": [],
}  # fmt: skip
"""Fields that older models do not have, and that are not written where they have this value."""


def without_defaults(data: Any) -> Any:
    """Plain data of a preparation without the fields that have the value that they have where they lack."""
    if isinstance(data, list):
        return [without_defaults(item) for item in data]
    if not isinstance(data, dict):
        return data
    kept = ((name, value) for name, value in data.items() if name not in LATER or value != LATER[name])
    return {name: without_defaults(value) if isinstance(value, (list, dict)) else value for name, value in kept}


def fields_from(data: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The fields of a preparation, which are called so. Raises DescriptionError if the data is not what `to_dict` gives."""
    table = _table("it", data, names)
    features = tuple(_read(f"feature {place}", item, Feature) for place, item in enumerate(_list("features", table["features"]), start=1))
    targets = tuple(_read(f"target {place}", item, Target) for place, item in enumerate(_list("targets", table["targets"]), start=1))
    names = [feature.name for feature in features] + [target.name for target in targets]
    if not features or not targets or len(set(names)) < len(names):
        raise description_error("features and targets need different names, and at least one of each")
    left_out = tuple(_pair(item) for item in _list("left_out", table["left_out"]))
    _count("rows", table["rows"])
    if table["impute"] is not None:
        _text("impute", table["impute"])
    task, signs, decisions = _task(table["task"], targets), table["signs"], _texts("decisions", table)
    if not isinstance(signs, bool) or (signs and task != "binary"):
        raise description_error(f"signs is {quoted(signs)}")
    for name, least in (("dropped", None), ("open_values", 0)):
        if table[name] != least:
            _count(name, table[name])
    return {**table, "features": features, "targets": targets, "task": task, "left_out": left_out, "decisions": decisions}


def _task(task: Any, targets: tuple[Target, ...]) -> Task:
    known: Task | None = next((name for name in get_args(Task) if name == task), None)
    if known is None:
        raise description_error(f"task is {quoted(task)}")
    classes = [len(target.classes) for target in targets]
    fits = {"regress": not any(classes), "binary": classes == [2], "classify": len(classes) == 1 and classes[0] > 2}
    fits["mixed"] = len(classes) > 1 and any(classes)
    if not fits[known]:
        raise description_error(f"the task {known} does not fit its targets")
    return known


def _read(where: str, data: Any, kind: type[Read]) -> Read:
    """One feature or target."""
    table = _table(where, data, kind.__dataclass_fields__)
    many = "categories" if kind is Feature else "classes"
    for name, known in (("kind", KIND_WORDS[kind.__name__]), ("read_as", KINDS)):
        if table[name] not in known:
            raise description_error(f"{where} has {name} {quoted(table[name])}")
    labels = _texts(many, table)
    if len(set(labels)) < len(labels) or (table["kind"] in ("category", "class", "token")) != bool(labels):
        raise description_error(f"{where} has {many} that do not fit")
    scale = {name: _number(f"{where}, {name}", table[name]) for name in ("mean", "deviation")}
    if scale["deviation"] <= 0:
        raise description_error(f"{where} has the deviation {scale['deviation']:g}")
    fill: dict[str, Any] = {"fill": _fill(where, table)} if kind is Feature else {}
    for name in ("missing", "day_first"):
        if not isinstance(table.get(name, False), bool):
            raise description_error(f"{where} has {name} {quoted(table[name])}")
    if kind is Feature:
        fill |= {name: _number(f"{where}, {name}", table[name]) for name in ("low", "high") if table[name] is not None}
        fill["parts"] = tuple(_part(where, table["name"], item) for item in _list(where, table["parts"]))
        if (table["kind"] == "date") != bool(fill["parts"]):
            raise description_error(f"{where} has parts that do not fit")
    written = _number_format(where, table["written"])
    return kind(**{**table, "name": _text(where, table["name"]), many: labels, "written": written, **scale, **fill})


def _number_format(where: str, data: Any) -> NumberFormat | None:
    if data is None:
        return None
    if isinstance(data, Mapping):
        data = {name: value for name, value in data.items() if name != "behind"}  # which older models have
    table = _table(f"{where}, written", data, NumberFormat.__dataclass_fields__)
    signs = {name: _text(where, value) for name, value in table.items() if name != "cells"}
    form = NumberFormat(**signs, cells=_texts("cells", table))
    if form.decimal not in (".", ",") or form.thousands not in ("", *SIGNS) or form.decimal == form.thousands:
        raise description_error(f"{where} has numbers that are written in no known way")
    return form


def _part(where: str, name: Any, data: Any) -> Feature:
    """A part of a date, which is called so."""
    part = _read(f"{where}, a part", data, Feature)
    if part.parts or part.name not in [f"{name} {known}" for known in PARTS]:
        raise description_error(f"{where} has the part {quoted(part.name)}")
    return part


def _fill(where: str, table: Mapping[str, Any]) -> float | str | None:
    fill = table["fill"]
    if fill is None:
        return None
    return _text(where, fill) if table["kind"] == "category" else _number(f"{where}, fill", fill)


def _table(where: str, data: Any, wanted: Collection[str]) -> dict[str, Any]:
    later = {name: value for name, value in LATER.items() if name in wanted}
    if not isinstance(data, Mapping) or {*later, *data} != set(wanted):
        raise description_error(f"{where} should have {', '.join(sorted(wanted))}")
    return {**later, **data}


def _list(where: str, value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise description_error(f"{where} is no list")
    return list(value)


def _texts(where: str, table: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(_text(where, item) for item in _list(where, table[where]))


def _pair(value: Any) -> tuple[str, str]:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise description_error("left_out holds something that is no column with a reason")
    return _text("left_out", value[0]), _text("left_out", value[1])


def _count(where: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise description_error(f"{where} is {quoted(value)}")


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise description_error(f"{where} holds {quoted(value)} where text should be")
    return value


def _number(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= sys.float_info.max:  # nor is NaN
        raise description_error(f"{where} is {quoted(value)}, which is no finite number")
    return float(value)


def description_error(what: str) -> DescriptionError:
    """The complaint about plain data that is no preparation."""
    return DescriptionError(f"the preparation in the model is not what chainrule writes: {what}.")
