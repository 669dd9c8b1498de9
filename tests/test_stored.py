"""What earlier versions wrote is opened by this one, and gives the same numbers; what could be asked of them can be asked of it."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from tests.stored import opened

import chainrule as cr
from chainrule.explanation.explain import explain

FOLDERS = sorted(path.parent for path in Path(opened.__file__).parent.glob("*/numbers.json"))

TOLERANCE = 1e-9
"""Of the largest number beside it. A processor rounds the last digit its own way, and sums in its own order; a few steps make some 1e-15 of
that. The run that is resumed is a short and smooth one, whose errors do not grow beyond it either."""


def read(folder, name):
    return json.loads((folder / name).read_text(encoding="utf-8"))


NUMBERS = {folder: read(folder, "numbers.json") for folder in FOLDERS}
NAMES = {(folder, name): taken for folder in FOLDERS for name, taken in read(folder, "names.json").items()}


def by_version(of):
    """A parameter for each fact of each version."""
    return [pytest.param(folder, name, id=f"{folder.name}-{name}") for folder, name in of]


def differences(stored, today, place=""):
    """Where today's facts differ from the stored ones; today there may be more of them."""
    if isinstance(stored, dict) and isinstance(today, dict):
        missing = [f"{place}: {key} is missing" for key in stored.keys() - today.keys()]
        return missing + [found for key in stored.keys() & today.keys() for found in differences(stored[key], today[key], f"{place}/{key}")]
    if is_numbers(stored) and is_numbers(today):
        a, b = np.array(stored, dtype=float), np.array(today, dtype=float)
        if a.shape == b.shape and np.abs(a - b).max(initial=0) <= TOLERANCE * max(np.abs(a).max(initial=0), 1e-3):
            return []
    elif place.endswith("/info"):  # lines of text, of which there may be more today
        said = {hyphened(line) for line in today}
        return [f"{place}: {line!r} is missing" for line in stored if hyphened(line) not in said]
    elif isinstance(stored, list) and isinstance(today, list) and len(stored) == len(today):
        return [found for i, (a, b) in enumerate(zip(stored, today, strict=True)) for found in differences(a, b, f"{place}/{i}")]
    return [] if hyphened(stored) == hyphened(today) else [f"{place}: {today} and not {stored}"]


def hyphened(value):
    """A text with its numbers below 0 as 0.1.0 printed them; anything else as it is."""
    return value.replace("−", "-") if isinstance(value, str) else value


def is_numbers(value):
    """A number, or lists of them in lists of one length?"""
    try:
        return np.array(value).dtype.kind in "if"
    except ValueError:
        return False


def said(facts):
    """As JSON holds them."""
    return json.loads(json.dumps(facts))


def test_there_is_a_set():
    assert "0.1.0" in {folder.name for folder in FOLDERS}


@pytest.mark.parametrize(("stored", "today"), [
    (1.0, 1 + 1e-8), ([1, 2], [1, 2.1]), ([[1, 2]], [1, 2]), ({"a": 1}, {}), ("1/3", "1/4"), ([1, None], [1, 0]), (True, False), ([], [1]),
    (0, 1e-9), (1.0, "nan"), ([1, "a"], [1, "b"]), ({"a": [{"b": 0.5}]}, {"a": [{"b": 0.6}]}),
])  # fmt: skip
def test_a_difference_is_seen(stored, today):
    assert differences(stored, today)


@pytest.mark.parametrize(("folder", "name"), by_version((folder, name) for folder in FOLDERS for name in NUMBERS[folder]))
def test_what_was_stored_gives_the_same_numbers(folder, name, tmp_path):
    assert not differences(NUMBERS[folder][name], said(opened.facts(folder)[name](tmp_path)))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_stored_file_is_opened(folder):
    assert set(opened.facts(folder)) == set(NUMBERS[folder])


RUNS = [path for folder in FOLDERS for path in sorted((folder / "models").glob("*.checkpoint"))]


@pytest.mark.parametrize("path", RUNS, ids=lambda path: f"{path.parents[1].name}-{path.name}")
def test_a_run_goes_on_with_the_other_engine(path, tmp_path):
    stored = NUMBERS[path.parents[1]][f"models/{path.name}, resumed"]
    today = said(opened.resumed(path, tmp_path, "--engine", "written"))
    assert today["plan"].pop("engine") == "written"
    assert stored["outcome"]["best_epoch"] > cr.Model.load(path).history[-1].epoch  # what is compared was computed after the run went on
    assert not differences({**stored, "plan": today["plan"]}, today)


# Names


@pytest.mark.parametrize(("folder", "name"), by_version(NAMES))
def test_what_could_be_asked_can_be_asked(folder, name):
    taken = NAMES[folder, name]
    if name == "the commands":
        today = opened.options()
        assert not [(command, one) for command, old in taken.items() for one in old if one not in today.get(command, ())]
        return
    value = getattr(cr, name)
    if "options" in taken:
        check_options(taken, value)
    elif "bases" in taken:
        assert set(taken["bases"]) <= {base.__name__ for base in value.__mro__}
    else:
        check_arguments(taken["arguments"], value)
    for method, arguments in taken.get("methods", {}).items():
        check_arguments(arguments, getattr(value, method))
    fields = getattr(value, "__dataclass_fields__", {})
    assert not [one for one in taken.get("properties", ()) if not hasattr(value, one) and one not in fields]


def check_options(taken, definition):
    """Does a definition take what it took, and is everything that was left out what it was?"""
    assert definition.kind == taken["kind"]
    assert list(definition.operands) == taken["operands"]
    given = {name: default for name, default in taken["options"].items() if default is not None}
    assert [(key, definition.options[key]) for key in taken["options"]] == list(taken["options"].items())
    assert definition(*given.values()).options == definition(**given).options == definition.options


def check_arguments(taken, function):
    """May it be called as it could be: by position and by name, with as few arguments as possible and with all of them?"""
    signature = inspect.signature(function)
    by_position = [a for a in taken if a[1].startswith("POSITIONAL")]
    by_name = [a for a in taken if a[1] == "KEYWORD_ONLY"]
    kinds = [a[1] for a in taken]
    more, others = ["more"] * ("VAR_POSITIONAL" in kinds), {"anything": 0} if "VAR_KEYWORD" in kinds else {}
    if others and getattr(function, "__name__", "") == "explain":  # what it handed on to `explain`, it has as arguments of its own
        others = {name: 0 for name, one in inspect.signature(explain).parameters.items() if one.kind is one.KEYWORD_ONLY}
    bound = signature.bind(*[a[0] for a in by_position], *more, **{a[0]: a[0] for a in by_name}, **others)
    names = {name: value for name, value in bound.arguments.items() if isinstance(value, str)}
    assert all(name == value for name, value in names.items() if value != "more"), "the arguments stand in another order"
    signature.bind(*[a[0] for a in needed(by_position)], **{a[0]: a[0] for a in needed(by_name)})
    named = [a[0] for a in by_position if a[1] == "POSITIONAL_OR_KEYWORD"]
    signature.bind(*[a[0] for a in by_position if a[0] not in named], **{name: name for name in [*named, *(a[0] for a in by_name)]})
    for name, _, *default in taken:
        if default and default != ["…"] and name in signature.parameters:
            assert said(signature.parameters[name].default) == default[0], name


def needed(arguments):
    return [a for a in arguments if len(a) == 2]
