"""Descriptions: Python → plain data → TOML or JSON → plain data → Python, exactly; schemas that say the same."""

import json
import tomllib
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import examples

from chainrule.api.problems import problem
from chainrule.base.errors import DescriptionError, InputError, UnknownNameError
from chainrule.network.definitions import definitions, find
from chainrule.network.description import (
    KEYS,
    OUTPUT_KEYS,
    described,
    from_json,
    from_toml,
    network_of_description,
    number_lists,
    read_description,
    to_json,
    to_toml,
    write_description,
)
from chainrule.network.examples import EXAMPLES
from chainrule.network.layers import NUMBER_KEYS, WIRING_KEYS, add, dense, join, multiply, tied
from chainrule.network.network import Network
from chainrule.network.short_form import short_form
from chainrule.notation.conventions import PRESETS, Notation
from chainrule.steps.problem import Problem, described_problem, problem_from

WINGS = {"description": "network", "step": "steps"}
"""Where each schema stands."""


def schema(name):
    return jsonschema.Draft202012Validator(json.loads(files("chainrule").joinpath(f"{WINGS[name]}/{name}.schema.json").read_text("utf-8")))


DESCRIPTION, STEP = schema("description"), schema("step")

numbers = st.floats(allow_nan=False, allow_infinity=False)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def options(kind, definition):
    """Options of a definition, all of them within every range."""
    fixed = {"approximate": st.just("tanh"), "every": st.integers(1, 9), "steps": st.integers(20, 90), "rise": st.floats(0.2, 0.8)}
    multipliers = st.dictionaries(st.sampled_from(["W1", "output"]), st.floats(0.01, 9))
    fixed["multipliers"] = multipliers if "learning_rate" in definition.options else st.none()
    given = {name: fixed.get(name, st.floats(0.01, 0.9)) for name in definition.options}
    return st.fixed_dictionaries({}, optional=given)


def bound(kind, among=None):
    table = {name: found for name, found in definitions(kind).items() if among is None or name in among}
    return st.sampled_from(sorted(table)).flatmap(lambda name: options(kind, table[name]).map(lambda given: table[name].bind(**given)))


@st.composite
def layers(draw, inputs, columns):
    units = draw(st.integers(1, 3))
    row = st.lists(numbers, min_size=units, max_size=units)
    matrix = st.lists(row, min_size=inputs, max_size=inputs)
    return dense(
        units,
        draw(bound("activation")),
        bias=draw(st.one_of(st.booleans(), row)),
        weights=draw(st.none() | (matrix.map(lambda rows: np.transpose(rows).tolist()) if columns else matrix)),
        initializer=draw(st.none() | bound("initializer", ("normal", "orthogonal", "he_normal"))),
        frozen=draw(st.sampled_from([(), ("W",), ("b",), ("W", "b")])),
    )


@st.composite
def networks(draw):
    sizes = [draw(st.integers(1, 3))]
    notation = draw(st.sampled_from([*PRESETS.values(), Notation(letters={"learning_rate": "α"}, digits=9)]))
    drawn = []
    for _ in range(draw(st.integers(1, 3))):
        drawn.append(draw(layers(sizes[-1], notation.vectors == "columns")))
        sizes.append(drawn[-1].option("units"))
    return Network(
        sizes[0],
        *drawn,
        loss=draw(bound("loss")),
        regularizer=draw(st.none() | bound("regularizer")),
        outputs=draw(st.sampled_from(["sum", "mean"])),
        batch=draw(st.sampled_from(["sum", "mean"])),
        seed=draw(st.integers(0, 10**20)),
        notation=notation,
    )


@st.composite
def problems(draw):
    network, rows = draw(networks()), draw(st.integers(1, 3))
    optimizer = draw(bound("optimizer"))
    if draw(st.booleans()):
        optimizer = optimizer.definition.bind(**{**optimizer.given, "learning_rate": draw(bound("schedule"))})

    def matrix(columns):
        return st.lists(st.lists(numbers, min_size=columns, max_size=columns), min_size=rows, max_size=rows).map(np.array)

    features = draw(st.just(()) | st.tuples(*[names] * network.inputs))
    return Problem(network, draw(matrix(network.inputs)), draw(matrix(network.targets)), optimizer, draw(names), features)


def same(a, b):
    assert a.network == b.network
    assert a.network.notation == b.network.notation
    for key, values in a.network.parameters.items():
        assert np.array_equal(values, b.network.parameters[key])
    assert np.array_equal(a.x, b.x)
    assert np.array_equal(a.t, b.t)
    assert (a.optimizer, a.title, a.features, a.targets) == (b.optimizer, b.title, b.features, b.targets)


@given(problems())
@examples(60)
def test_every_problem_returns_from_toml_and_json(given):
    description = described_problem(given)
    DESCRIPTION.validate(description)
    assert from_toml(to_toml(description)) == description
    assert from_json(to_json(description)) == description
    same(problem_from(from_toml(to_toml(description))), given)
    same(problem_from(from_json(to_json(description))), given)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_returns(name):
    DESCRIPTION.validate(EXAMPLES[name])
    given = problem_from(EXAMPLES[name])
    description = described_problem(given)
    DESCRIPTION.validate(description)
    same(problem_from(tomllib.loads(to_toml(description))), given)
    same(problem_from(json.loads(to_json(description))), given)
    same(problem_from(tomllib.loads(to_toml(EXAMPLES[name]))), given)


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_through_a_file(tmp_path, suffix):
    path = tmp_path / f"network{suffix}"
    write_description(path, EXAMPLES["iris"])
    assert read_description(path) == EXAMPLES["iris"]


def test_only_what_is_not_default_is_described():
    assert described(Network(2, dense(3), dense(1))) == {
        "inputs": 2,
        "loss": "half_squared",
        "layers": [{"units": 3, "activation": "identity"}, {"units": 1, "activation": "identity"}],
    }


def test_minus_nought_and_large_numbers_return():
    given = Network(2, dense(2, weights=[[-0.0, 1e300], [5e-324, 2.0**60]]))
    back = network_of_description(from_toml(to_toml(described(given)))).given["W1"]
    assert back.tobytes() == given.given["W1"].tobytes()
    assert repr(number_lists([[-3.0, -0.0], [2.5, 4.0]])) == "[[-3, -0.0], [2.5, 4]]"


def test_a_matrix_reads_as_rows():
    assert "x = [\n    [0, 0],\n    [0, 1],\n" in to_toml(EXAMPLES["xor"])


def test_the_schema_names_every_key():
    assert set(DESCRIPTION.schema["properties"]) == set(KEYS)
    parts = DESCRIPTION.schema["$defs"]
    options = {option for kind in (dense, tied, add, multiply, join) for option in kind.options}
    assert set(parts["layer"]["properties"]) == set(parts["settings"]["enum"]) == {*options, *NUMBER_KEYS, *WIRING_KEYS}
    assert set(parts["output"]["properties"]) == set(OUTPUT_KEYS)


OWN = {"kind": "own", "size": 3}
"""A kind of layer that the schema does not know: its options are its own."""


@pytest.mark.parametrize("layer", [{"units": 2}, {"share": "h"}, {"kind": "add", "from": ["x", "h"]}, {"kind": "tied", "to": "h"}, OWN])
def test_the_schema_accepts_every_kind_of_layer(layer):
    assert DESCRIPTION.is_valid({"inputs": {"x": 2}, "layers": [{"units": 2, "name": "h"}, layer]})


@pytest.mark.parametrize("layer", [{"kind": "dense"}, {"kind": "add", "size": 3}, {"share": "h", "units": 2}, {"units": 2, "from": 1}])
def test_the_schema_refuses_what_no_layer_is(layer):
    assert not DESCRIPTION.is_valid({"inputs": {"x": 2}, "layers": [{"units": 2, "name": "h"}, layer]})


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": 0},
        {"units": 3},
        {"layers": []},
        {"loss": {"delta": 1}},
        {"batch": "median"},
        {"seed": -1},
        {"title": 1},
        {"data": {"x": [[1]]}},
    ],
)
def test_what_the_schema_refuses_is_refused(change):
    description = {**EXAMPLES["seed"], **change}
    assert not DESCRIPTION.is_valid(description)
    with pytest.raises(InputError):
        problem_from(description)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lose": "squared"}, "no setting of the description is called 'lose'. Did you mean 'loss'?"),
        ({"layers": [{"unit": 2}]}, r"layers\[1\]: no setting of the layer dense is called 'unit'. Did you mean 'units'?"),
        ({"layers": [{"units": 2}, {"units": "3"}]}, r"layers\[2\]: the number of units of a layer must be a whole number, not '3'"),
        (
            {"layers": [{"units": 2}, {"units": 1, "activation": "tanhh"}]},
            "no activation is called 'tanhh'. Did you mean 'tanh'",
        ),
        (
            {"layers": [{"units": 2, "bias": "no"}]},
            r'layers\[1\]: bias is true, false, "shared", "threshold" or a list of numbers, not .no',
        ),
        ({"layers": [{"units": 2, "frozen": "b"}]}, r"layers\[1\]: frozen must be a list of names, not 'b'"),
        ({"layers": 3}, "needs layers"),
        ({"weights": [1, 2]}, "weights: the network 2-2-1 has 6 weights, but 2 numbers were given"),
        ({"data": {"x": [[1, 2]], "t": [[1], [2]]}}, "data.x has 1 row but data.t has 2"),
        ({"data": {"x": [[1, 2, 3]], "t": [[1]]}}, r"data.x needs rows of 2 numbers, but was given the shape \(1, 3\)"),
        ({"optimizer": {"name": "sgd", "rate": 1}}, "optimizer: no option of sgd is called 'rate'"),
        ({"optimizer": {"name": "sgd", "learning_rate": "fast"}}, "optimizer: no schedule is called 'fast'"),
        ({"notation": {"letter": {}}}, "notation: no setting of notation is called 'letter'"),
        ({"notation": 3}, "notation: it must be a table of settings or the name of a preset, not 3"),
        ({"seed": 1.5}, "seed must be a whole number from 0, not 1.5"),
        ({"regularizer": ["l2"]}, "regularizer wants a name"),
    ],
)
def test_messages_name_the_place(change, message):
    with pytest.raises(InputError, match=message):
        problem_from({**EXAMPLES["seed"], **change})


@pytest.mark.parametrize("missing", ["inputs", "layers"])
def test_what_must_be_there(missing):
    with pytest.raises(DescriptionError, match="description"):
        network_of_description({key: value for key, value in EXAMPLES["seed"].items() if key != missing})


def test_own_definitions_are_described_by_name():
    from chainrule import activation
    from chainrule.network.definitions import REGISTRY

    @activation
    def squeezed(z, *, by=2.0):
        """Half as steep."""
        return z / by

    try:
        network = Network(1, dense(1, squeezed(by=3)))
        assert described(network)["layers"] == [{"units": 1, "activation": {"name": "squeezed", "by": 3}}]
        assert network_of_description(described(network)) == network
    finally:
        del REGISTRY["activation"]["squeezed"]


# The record of a step


# The short form and its options


def test_the_short_form_means_dense_layers():
    network = problem("2-3-1").network
    assert (network.sizes, [layer.activation.name for layer in network.layers]) == ((2, 3, 1), ["tanh", "identity"])
    assert all(layer.option("bias") for layer in network.layers)


@pytest.mark.parametrize(
    ("loss", "output", "targets"),
    [
        ("half_squared", "identity", None),
        ("cross_entropy", "softmax", {0, 1}),
        ("binary_cross_entropy", "sigmoid", {0, 1}),
        ("hinge", "tanh", {-1, 1}),
        ("kl", "softmax", {0, 1}),
    ],
)
def test_output_and_drawn_targets_fit_the_loss(loss, output, targets):
    given = problem("3-4-2", loss=loss, seed=5)
    assert given.network.layers[-1].activation.name == output
    assert targets is None or set(given.t.ravel()) <= targets
    assert np.isfinite(given.step().error)
    assert given.origin["drawn"] == ["W1", "W2", "x", "t"]
    assert given.origin["seed"] == 5


def test_the_seed_by_its_options():
    given = problem("2-2-1", bias=False, activation="identity", weights="0.21 0.56,0.19 0.02 0.23 0.16", input="8 12", target="4")
    assert given.network == problem().network
    assert given.step().error == problem().step().error


def test_drawing_depends_on_the_seed_alone():
    a, b, other = (problem("2-2-1", seed=seed) for seed in (3, 3, 4))
    assert a.network.weights == b.network.weights != other.network.weights
    assert a.x.tolist() == b.x.tolist() != other.x.tolist()


def test_options_change_a_described_network():
    network = problem("mazur", bias=False, activation="leaky_relu:slope=0.2", loss="huber:delta=2", regularizer="l2:rate=0.1").network
    assert not any(layer.option("bias") for layer in network.layers)
    assert network.layers[0].activation == find("activation", {"name": "leaky_relu", "slope": 0.2})
    assert network.layers[1].activation.name == "sigmoid"  # said by the description, so it stays
    assert network.given["W1"].tolist() == [[0.15, 0.25], [0.2, 0.3]]
    assert network.frozen == set()


def test_optimizer_and_learning_rate():
    assert problem("mazur", learning_rate=0.1).optimizer == find("optimizer", {"name": "sgd", "learning_rate": 0.1})
    rule = problem("mazur", optimizer="adam:beta1=0.8", learning_rate="cosine:rate=0.1,steps=50").optimizer
    assert rule == find("optimizer", {"name": "adam", "beta1": 0.8, "learning_rate": {"name": "cosine", "rate": 0.1, "steps": 50}})


def test_an_initializer_draws_anew():
    given = problem("seed", initializer="uniform:low=1,high=1.5", seed=1)
    assert all(1 <= weight <= 1.5 for weight in given.network.weights)


def test_notation_options():
    notation = problem("seed", notation="ng,learning_rate=ε", language="de").network.notation
    assert (notation.letter("E"), notation.letter("learning_rate"), notation.vectors, notation.language) == ("J", "ε", "columns", "de")


def test_rows_of_a_batch():
    assert problem("xor", row="2-3").x.tolist() == [[0, 1], [1, 0]]
    assert problem("xor", row=[1, "4"]).t.tolist() == [[0], [0]]
    assert problem("seed", input="1 2; 3 4", target="1; 2").x.tolist() == [[1, 2], [3, 4]]
    assert problem("seed", input=[[1, 2]]).t.tolist() == [[4]]


@given(st.lists(st.integers(1, 50), min_size=2, max_size=6))
def test_short_forms_say_their_sizes(sizes):
    assert short_form("-".join(map(str, sizes))).sizes == tuple(sizes)


def test_an_unknown_name_is_told_once():
    with pytest.raises(UnknownNameError) as caught:
        problem_from({**EXAMPLES["seed"], "layers": [{"units": 1, "activation": "x\n" * 100}]})
    assert len(str(caught.value).splitlines()) == 1
