"""Random graphs of layers: gradients as PyTorch finds them, descriptions, programs, and every equation of their documents."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engines.test_engines import program_agrees, unrolled_agrees
from tests.network.test_description import DESCRIPTION
from tests.random_graphs import agrees, case_of, description_of
from tests.render.test_golden import assert_readable, assert_true
from tests.samples import examples, some
from tests.twins import Case

from chainrule.network.definitions import find
from chainrule.network.description import described, from_json, from_toml, network_of_description, to_json, to_toml
from chainrule.notation.conventions import Notation

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS)
@examples(60)
def test_gradients_are_those_of_torch(seed: int) -> None:
    agrees(seed)


@given(SEEDS)
@examples(60)
def test_descriptions_return(seed: int) -> None:
    DESCRIPTION.validate(description_of(seed))
    network = case_of(seed).network
    description = described(network)
    DESCRIPTION.validate(description)
    for read, write in ((from_toml, to_toml), (from_json, to_json)):
        back = network_of_description(read(write(description)))
        assert back == network
        assert back.shapes == network.shapes
        assert all(np.array_equal(back.parameters[key], numbers) for key, numbers in network.parameters.items())


@given(SEEDS)
@examples(20)
def test_programs_compute_what_keep_computes(seed: int) -> None:
    rule = find("optimizer", {"name": ("sgd", "adam")[seed % 2], "learning_rate": 0.01})
    program_agrees(case_of(seed), rule)
    unrolled_agrees(case_of(seed), rule)


WAYS: list[dict[str, Any]] = [
    {"detail": "scalar"},
    {"detail": "matrix", "optimizer": "adam"},
    {"detail": "scalar", "notation": Notation(vectors="columns", decimal="comma", language="de")},
    {"weight": "w1"},
]


@pytest.mark.parametrize(("seed", "rows"), some([(seed, 1 + seed // 40 % 2) for seed in range(120)], 41))
def test_every_equation_of_a_document_is_true(seed: int, rows: int) -> None:
    options = dict(WAYS[seed // 10 % len(WAYS)])
    found = case_of(seed, rows)
    network = found.network.replaced(notation=options.pop("notation", Notation()))
    step = Case(network, found.x, found.t).step({"name": options.pop("optimizer", "sgd"), "learning_rate": 0.05})
    document = step.explain(**options)
    assert_readable(document)
    assert assert_true(document) >= 5
