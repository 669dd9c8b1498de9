"""Settings as people write them: names with options, learning rates, notation, numbers. Text is taken apart here, and never run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from chainrule.api.typed_numbers import checked_number, with_points
from chainrule.base.arrays import python_value
from chainrule.base.errors import InputError, quoted
from chainrule.network.definitions import Bound, DefinitionLike, find
from chainrule.notation.conventions import CHOICES, Notation


def setting(wanted: DefinitionLike) -> Any:
    """A name with options, "huber:delta=2,…", as a table; everything else as it is."""
    if not isinstance(wanted, str) or ":" not in wanted:
        return wanted
    name, _, options = wanted.partition(":")
    pairs = [option.partition("=") for option in re.split(r",(?!\d)", options)]
    for key, equals, value in pairs:
        if not (key.strip() and equals and value.strip()):
            raise InputError(f"options are written as name:option=number,option=number, not {quoted(wanted)}.")
    return {"name": name.strip(), **{key.strip(): _value(value.strip()) for key, _, value in pairs}}


def one_or_several(wanted: Any) -> tuple[str, ...]:
    """One name or several; data frames may have numbers as names."""
    from chainrule.data.column_names import composed  # which an explanation does without

    return tuple(map(composed, wanted)) if isinstance(wanted, Iterable) and not isinstance(wanted, str) else (composed(wanted),)


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"[-−+]?\d+,\d+", text):
        text = with_points(text)
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def typed(name: str, value: Any) -> list[str]:
    """The words of an option on the command line, from its plain data."""
    option = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [option if value else {"month_first": "--day-first"}.get(name, f"--no-{option[2:]}")]
    if isinstance(value, list) and name in ("target", "ignore", "categories", "numbers", "missing"):
        return [word for one in value for word in (option, str(one))]
    if isinstance(value, Mapping):
        numbers = {key: f"{one:g}" if isinstance(one, float) else str(one) for key, one in value.items() if not isinstance(one, Mapping)}
        pairs = [f"{key}={one}" for key, one in numbers.items() if key != "name"]
        value = f"{value.get('name', '…')}{':' * bool(pairs)}{','.join(pairs)}" if name != "multipliers" else " ".join(pairs)
    shown = ("-" if name == "hidden" else ",").join(map(str, value)) if isinstance(value, list) else str(value)
    return [option, shown or "0"]


def chosen_optimizer(
    present: Bound | None,
    wanted: DefinitionLike | None,
    learning_rate: float | DefinitionLike | None,
    multipliers: str | Mapping[str, float] | None = None,
) -> Bound:
    """The optimiser wanted, else the description's, else gradient descent; with the learning rate, and what multiplies it, if wanted."""
    rule = find("optimizer", setting(wanted)) if wanted is not None else present or find("optimizer", "sgd")
    changes = {"learning_rate": None if learning_rate is None else _rate(learning_rate), "multipliers": multipliers_of_text(multipliers)}
    changes = {name: value for name, value in changes.items() if value is not None}
    return rule.definition.bind(**{**rule.given, **changes}) if changes else rule


def multipliers_of_text(wanted: str | Mapping[str, float] | None) -> Mapping[str, float] | None:
    """Multipliers of the rates of layers and parameters: `hidden1=0.1 b2=2`, or a table. Raises InputError."""
    if not isinstance(wanted, str):
        return wanted
    found: dict[str, float] = {}
    for part in with_points(wanted).replace(",", " ").replace(";", " ").split():
        name, equals, number = part.partition("=")
        if not (name and equals and number):
            raise InputError(f'multipliers of rates are names with numbers, as "hidden1=0.1 b2=2", not {quoted(wanted)}.')
        if name in found:
            raise InputError(f"the multiplier of {name} is given twice; leave one of them out.")
        found[name] = checked_number("multipliers", number)
    return found


def _rate(wanted: float | DefinitionLike) -> Any:
    value = _value(wanted) if isinstance(wanted, str) else python_value(wanted)
    if isinstance(value, str) and not value[:1].isalpha():
        raise InputError(f"the learning rate is a number, as 0.05, or a schedule, as cosine:rate=0.1, not {quoted(wanted)}.")
    return value if isinstance(value, (int, float)) else find("schedule", setting(value))


def chosen_notation(present: Notation, wanted: str | Mapping[str, Any] | Notation | None, language: str | None) -> Notation:
    """The description's notation, changed as wanted; a preset starts anew."""
    if isinstance(wanted, Notation):
        present, wanted = wanted, None
    changes = _notation_settings(wanted) if isinstance(wanted, str) else dict(wanted or {})
    start: dict[str, Any] = {} if "preset" in changes else present.to_dict()
    letters = {**start.get("letters", {}), **changes.pop("letters", {})}
    settings = {**start, **changes, **({"letters": letters} if letters else {}), **({"language": language} if language else {})}
    return Notation.from_dict(settings)


def _notation_settings(text: str) -> dict[str, Any]:
    """`nielsen,learning_rate=α,vectors=columns` as a table: a preset, letters and choices."""
    settings: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            settings["preset"] = key
        elif key in CHOICES:
            settings[key] = value
        else:
            settings.setdefault("letters", {})[key] = value
    return settings
