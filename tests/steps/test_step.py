"""The record of a step: written, read back, replayed and compared; and whatever is wrong with a record is said in words."""

import copy
import itertools
import json
import re
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engines.test_engines import any_case, optimizer_for
from tests.samples import examples
from tests.twins import case, everything

from chainrule.base.errors import FileError, InputError, ShapeError
from chainrule.network.definitions import REGISTRY, find
from chainrule.network.examples import EXAMPLES, example
from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.steps.problem import problem_from
from chainrule.steps.step import FORMAT, Step, following

SCHEMA = json.loads(files("chainrule").joinpath("steps/step.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def seed_step(number: int = 1, *, exact: bool = False) -> Step:
    return next(itertools.islice(problem_from(example("seed")).steps(exact=exact), number - 1, None))


def same(a: Step, b: Step) -> None:
    """Equal bit for bit."""
    assert not a.differences(b)
    for key, value in a.everything.items():
        np.testing.assert_array_equal(b.everything[key], value)
        assert b.everything[key].dtype == value.dtype
    assert (a.number, a.origin, a.exact) == (b.number, b.origin, b.exact)
    assert a.optimizer == b.optimizer


def round_trip(step: Step) -> None:
    plain = step.to_dict()
    VALIDATOR.validate(plain)
    text = json.dumps(plain, allow_nan=False)
    same(step, Step.from_dict(json.loads(text)))
    assert Step.from_dict(json.loads(text)).to_dict() == plain
    same(step, step.replay())


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_example_goes_to_json_and_back(name: str) -> None:
    for step in itertools.islice(problem_from(example(name)).steps(), 3):
        round_trip(step)


@pytest.mark.parametrize("bound", [pytest.param(bound, id=str(bound)) for bound in everything("activation", "loss")])
def test_every_definition_goes_to_json_and_back(bound: Any) -> None:
    round_trip(case(1, **{bound.definition.kind: bound}).step())


@pytest.mark.parametrize("name", sorted(REGISTRY["optimizer"]))
def test_states_go_to_json_and_back(name: str) -> None:
    step = next(itertools.islice(case(2, activation=find("activation", "tanh")).network.steps(*batch(2), name), 2, None))
    assert step.number == 3
    round_trip(step)


def batch(seed: int) -> tuple[np.ndarray, np.ndarray]:
    found = case(seed, activation=find("activation", "tanh"))
    return found.x, found.t


@examples(40)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_step_goes_to_json_and_back(seed: int) -> None:
    round_trip(any_case(seed).step(optimizer_for(seed)))


@pytest.mark.parametrize("number", [7, 8, 9, 12])
def test_a_step_after_everything_has_overflown(number: int) -> None:
    step = seed_step(number)
    assert not np.isfinite(step.after.error)
    round_trip(step)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_fractions_go_to_json_and_back(number: int) -> None:
    step = seed_step(number, exact=True)
    round_trip(step)
    assert isinstance(Step.from_dict(step.to_dict()).error, Fraction)


def test_fractions_that_are_whole_stay_fractions() -> None:
    step = Network(1, dense(1, weights=[[2]])).step([[1]], [[1]], {"name": "sgd", "learning_rate": 1}, exact=True)
    assert step.error == Fraction(1, 2)
    whole = Network(1, dense(1, weights=[[3]])).step([[1]], [[1]], {"name": "sgd", "learning_rate": 1}, exact=True)
    assert whole.to_dict()["values"]["E"] == 2
    round_trip(whole)


def test_fractions_of_thousands_of_digits_are_refused() -> None:
    step = seed_step(9, exact=True)
    with pytest.raises(InputError, match="thousands of digits"):
        step.to_dict()


def test_a_file_is_written_and_read(tmp_path: Path) -> None:
    step = seed_step()
    step.save(tmp_path / "step.json")
    same(step, Step.load(tmp_path / "step.json"))
    VALIDATOR.validate(json.loads((tmp_path / "step.json").read_text(encoding="utf-8")))


def test_a_step_goes_on_from_where_it_was_read() -> None:
    first, second = itertools.islice(case(3).network.steps(case(3).x, case(3).t, "adam"), 2)
    same(following(Step.from_dict(first.to_dict())), second)


# Comparing.


@given(seed=st.integers(0, 2**32 - 1), choice=st.integers(0, 10**6), factor=st.sampled_from([1.0005, 1 + 1e-12, -1.0]))
@examples(40)
def test_a_change_of_any_number_is_found(seed: int, choice: int, factor: float) -> None:
    step = any_case(seed).step(optimizer_for(seed))
    changed = Step.from_dict(step.to_dict())
    every = [(key, i) for key, value in changed.everything.items() for i in range(value.size) if value.flat[i]]
    key, i = every[choice % len(every)]
    array = np.array(changed.everything[key])
    array.flat[i] *= factor
    changed.everything[key] = array
    found = step.differences(changed)
    assert set(found) == {key}
    assert not step.differences(changed, tolerance=10.0)


def test_what_only_one_step_has_differs_by_infinity() -> None:
    a = Network(2, dense(2, "tanh"), dense(1)).step([[1, 2]], [[3]])
    b = Network(2, dense(1)).step([[1, 2]], [[3]])
    differences = a.differences(b)
    assert differences["h1"] == np.inf
    assert differences["W1"] == np.inf
    assert "after h1" in differences


def test_a_difference_of_fractions_too_small_for_floats() -> None:
    step = seed_step(exact=True)
    plain = step.to_dict()
    plain["values"]["E"] = str(Fraction(plain["values"]["E"]) + Fraction(1, 10**400))
    assert step.differences(Step.from_dict(plain)) == {"E": 5e-324}


# What is wrong with a record is said in words.


def damaged(change: Callable[[dict[str, Any]], Any], step: Step | None = None) -> str:
    plain = copy.deepcopy((step or seed_step()).to_dict())
    change(plain)
    with pytest.raises(InputError) as caught:
        Step.from_dict(plain)
    message = str(caught.value)
    assert len(message) < 500  # with the names of all losses
    assert message.count("\n") <= 1
    return message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r.pop("format"), FORMAT),
        (lambda r: r.update(format="chainrule step 9"), FORMAT),
        (lambda r: r.pop("gradients"), "gradients"),
        (lambda r: r["gradients"].pop("W1"), "W1"),
        (lambda r: r["gradients"].pop("h1"), "h1"),
        (lambda r: r["values"].pop("y"), "y"),
        (lambda r: r["after"].pop("E"), "after E"),
        (lambda r: r["parameters"]["before"].pop("W2"), "W2"),
        (lambda r: r["parameters"].pop("after"), "after"),
        (lambda r: r["values"].update(y=[[1, 2]]), r"\(1, 1\) is needed"),
        (lambda r: r["values"].update(y=[[True]]), "no array of numbers"),
        (lambda r: r["values"].update(y=[["many"]]), "many"),
        (lambda r: r["values"].update(y=[["1/0"]]), "1/0"),
        (lambda r: r["values"].update(y=[[10**400]]), "no array of numbers"),
        (lambda r: r["values"].update(h1=[[1, 2], [3]]), "no array of numbers"),
        (lambda r: r["values"].update(h1={}), "no array of numbers"),
        (lambda r: r["batch"].update(x=[]), "shape|empty"),
        (lambda r: r["batch"].update(x=[[8, 12], [1, 2]]), "shape"),
        (lambda r: r["batch"].update(x=8), "shape"),
        (lambda r: r.update(number=0), "counted from 1"),
        (lambda r: r.update(number="first"), "counted from 1"),
        (lambda r: r.update(number=True), "counted from 1"),
        (lambda r: r.update(origin=[]), "origin"),
        (lambda r: r.update(origin={"features": 5}), "list of names, not 5"),
        (lambda r: r.update(origin={"targets": [1]}), "targets in the origin"),
        (lambda r: r.update(origin={"drawn": 5}), "drawn in the origin"),
        (lambda r: r.update(optimizer="sdg"), "Did you mean 'sgd'"),
        (lambda r: r.update(optimizer={"name": "sgd", "learning_rate": 0}), "greater than 0"),
        (lambda r: r.update(optimizer="adam"), "m_W1"),
        (lambda r: r["network"].update(inputs=3), "shape"),
        (lambda r: r["network"].update(inputs=10**9), "limit"),
        (lambda r: r["network"].update(loss="half-sqared"), "half_squared"),
        (lambda r: r.update(network=[]), "table"),
        (lambda r: r.update(values=[]), "another kind"),
        (lambda r: r["network"]["layers"][0].update(units=3), "shape"),
    ],
)
def test_damaged_records(change: Callable[[dict[str, Any]], Any], words: str) -> None:
    assert re.search(words, damaged(change))


def test_an_exact_record_that_cannot_be() -> None:
    step = seed_step(exact=True)
    assert "said to be exact" in damaged(lambda r: r["network"]["layers"][0].update(activation="tanh"), step)
    assert "no array of numbers" in damaged(lambda r: r["values"].update(y=[["NaN"]]), step)


@pytest.mark.parametrize("plain", [None, 3, [], "step", {}, {"format": None}])
def test_what_is_no_record_at_all(plain: Any) -> None:
    with pytest.raises(InputError, match="no recorded step"):
        Step.from_dict(plain)


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["NaN", "Infinity", "1/3", "1/0", "-2/4", "sgd", "adam", "tanh", "cross_entropy", 10**400, 10**10]),
    st.lists(st.floats(), max_size=3),
    st.lists(st.lists(st.integers(-2, 2), max_size=3), max_size=3),
    st.dictionaries(st.sampled_from(["name", "E", "x", "W1", "units"]), st.integers(0, 3), max_size=2),
)


def places(plain: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


@given(data=st.data())
@examples(120)
def test_no_damage_raises_anything_else(data: st.DataObject) -> None:
    record = data.draw(st.sampled_from(records()))
    plain = copy.deepcopy(record.to_dict())
    for _ in range(data.draw(st.integers(1, 2))):
        *path, last = data.draw(st.sampled_from([place for place in places(plain) if place]))
        holder = plain
        for key in path:
            holder = holder[key]
        if data.draw(st.booleans()):
            holder[last] = data.draw(JUNK)
        else:
            del holder[last]
        if not places(plain)[1:]:
            break
    with suppress(InputError):
        step = Step.from_dict(plain)
        step.differences(record)
        step.to_dict()


@cache
def records() -> tuple[Step, ...]:
    return seed_step(), seed_step(8), seed_step(exact=True), mixed_step()


def mixed_step() -> Step:
    network = Network(2, dense(2, "gelu"), dense(2), loss="cross_entropy", regularizer="l2", weighted=True, seed=1)
    return network.step([[1, 2], [3, 4]], [[0, 1], [0.5, 0.5]], {"name": "adam", "clip_norm": 0.1, "learning_rate": "cosine"})


@given(cut=st.integers(0, 3000), junk=st.binary(max_size=4))
@examples(60)
def test_damaged_files(tmp_path_factory: pytest.TempPathFactory, cut: int, junk: bytes) -> None:
    whole = json.dumps(seed_step().to_dict()).encode()
    path = tmp_path_factory.mktemp("records") / "step.json"
    path.write_bytes(whole[: cut % len(whole)] + junk)
    with pytest.raises((FileError, InputError)):
        Step.load(path)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no file"):
        Step.load(tmp_path / "none.json")
    with pytest.raises(FileError, match="folder"):
        Step.load(tmp_path)
    with pytest.raises(FileError, match=r"folder"):
        seed_step().save(tmp_path)
    (tmp_path / "deep.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(FileError):
        Step.load(tmp_path / "deep.json")


# Steps that cannot be.


def test_batches_that_do_not_fit() -> None:
    network = Network(2, dense(1))
    with pytest.raises(InputError, match="x has 2 rows but t has 1"):
        network.step([[1, 2], [3, 4]], [[1]])
    with pytest.raises(ShapeError, match="x needs rows of 2 numbers"):
        network.step([[1, 2, 3]], [[1]])
    with pytest.raises(InputError, match="finite"):
        network.step([[1, float("nan")]], [[1]])


def test_weights_of_examples_that_do_not_fit() -> None:
    with pytest.raises(InputError, match="weighted network"):
        Network(2, dense(1)).step([[1, 2]], [[1]], weights=[1])
    weighted = Network(2, dense(1), weighted=True)
    with pytest.raises(InputError, match="below 0"):
        weighted.step([[1, 2]], [[1]], weights=[-1])
    with pytest.raises(InputError, match="weighted must be true or false"):
        Network(2, dense(1), weighted="yes")
    assert weighted.step([[1, 2]], [[1]]).error == Network(2, dense(1)).step([[1, 2]], [[1]]).error
