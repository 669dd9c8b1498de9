"""Weights as people have them: every form gives the network that is meant, what fits two readings is refused with both, and it is said."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import examples

import chainrule as cr
from chainrule.cli import main
from chainrule.network.elements import find_element, units
from chainrule.network.weights import APART, FIRST, LAST, SOURCE, TARGET, WeightLayout, in_order
from chainrule.notation.conventions import Notation
from chainrule.render.plain import plain

SIGMOID: dict[str, Any] = {"activation": "sigmoid", "output_activation": "sigmoid"}


def same(one: cr.Network, other: cr.Network) -> bool:
    return one.shapes == other.shapes and all(np.array_equal(one.parameters[key], other.parameters[key]) for key in one.shapes)


def weight_called(network: cr.Network, name: str) -> tuple[str, tuple[int, ...]]:
    element = find_element(network, name)
    return element.key, element.index


def words(document: Any) -> str:
    return " ".join(plain(document).split())


# The cases


TEXTBOOK = {"w1,4": 0.2, "w1,5": -0.3, "w2,4": 0.4, "w2,5": 0.1, "w3,4": -0.5, "w3,5": 0.2, "w4,6": -0.3, "w5,6": -0.2}


@pytest.mark.parametrize(
    ("weights", "weights_as"),
    [
        (".2 -.3 .4 .1 -.5 .2 -.3 -.2 -.4 .2 .1", "by-source"),
        (".2 .4 -.5 -.3 .1 .2 -.3 -.2 -.4 .2 .1", None),
        (".2 .4 -.5 -.4 -.3 .1 .2 .2 -.3 -.2 .1", "bias-last"),
        ("-.4 .2 .2 -.3 .4 .1 -.5 .2 .1 -.3 -.2", "by-source,bias-first"),
        (" ".join(f"{name}={value}" for name, value in TEXTBOOK.items()) + " w0,4=-.4 w0,5=.2 w0,6=.1", None),
        ({**TEXTBOOK, "b1": [-0.4, 0.2], "output.b": 0.1}, None),
        ('W1=".2 .4 -.5; -.3 .1 .2" b1="-.4 .2" W2="-.3 -.2" b2=.1', None),
        ('W1="-.4 .2 .4 -.5; .2 -.3 .1 .2" W2=".1 -.3 -.2"', "bias-first"),
        ('W1=".2 -.3; .4 .1; -.5 .2; -.4 .2", W2="-.3; -.2; .1"', ["bias-last"]),
    ],
)
def test_a_textbooks_network_by_source_unit_and_in_every_other_form(weights: Any, weights_as: Any) -> None:
    problem = cr.problem("3-2-1", weights=weights, weights_as=weights_as, input="1 0 1", target="1", learning_rate=0.9, **SIGMOID)
    step = problem.step()
    assert round(step.prediction.item(), 3) == 0.474
    assert round(step.gradients["z2"].item(), 4) == -0.1312
    new = step.new_parameters
    assert [round(float(x), 3) for x in (new["W2"][0, 0], new["W1"][0, 0], new["b2"][0])] == [-0.261, 0.192, 0.218]


def test_typed_as_it_is_printed_it_is_not_read_in_silence() -> None:
    names = "w14=.2 w15=-.3 w24=.4 w25=.1 w34=-.5 w35=.2 w46=-.3 w56=-.2"
    with pytest.raises(
        cr.InputError, match=r"no w14: this network has w1 to w8\. If w1,4 is meant, from unit to unit, write it with the comma"
    ):
        cr.problem("3-2-1", weights=names)


XOR = {"input": "1 1", "target": "0", "learning_rate": 0.1, **SIGMOID}


@pytest.mark.parametrize(
    ("weights", "weights_as"),
    [
        (".5 .9 .4 1.0 -1.2 1.1 .8 -.1 .3", "by-source, thresholds"),
        ("w1,3=.5 w1,4=.9 w2,3=.4 w2,4=1.0 w3,5=-1.2 w4,5=1.1 w0,3=.8 w0,4=-.1 w0,5=.3", "thresholds"),
        ("w_{1,3}=.5 w_{1,4}=.9 w_{2,3}=.4 w_{2,4}=1.0 w_{3,5}=-1.2 w_{4,5}=1.1 w_{0,3}=.8 w0,4=-.1 w0,5=.3", "thresholds"),
        ('W1=".5 .9; .4 1.0" W2="-1.2; 1.1" θ1=".8 -.1" theta2=".3"', "thresholds"),
        ('W1=".5 .4 .8; .9 1.0 -.1" W2="-1.2 1.1 .3"', "units-inputs bias-last thresholds"),
    ],
)
def test_thresholds_go_through_the_whole_explanation(weights: str, weights_as: str) -> None:
    problem = cr.problem("2-2-1", weights=weights, weights_as=weights_as, **XOR)
    step = problem.step()
    assert [round(float(x), 4) for x in (*step.before["h1"][0], step.prediction[0, 0])] == [0.525, 0.8808, 0.5097]
    new = step.new_parameters
    assert [round(float(x), 4) for x in (new["W1"][0, 0], new["W2"][1, 0])] == [0.5038, 1.0888]
    assert [round(float(x), 4) for x in (*new["theta1"], *new["theta2"])] == [0.7962, -0.0985, 0.3127]
    with_biases = cr.problem("2-2-1", weights=".5 .4 .9 1.0 -1.2 1.1 -.8 .1 -.3", **XOR).step()
    np.testing.assert_allclose(new["theta1"], -with_biases.new_parameters["b1"], rtol=1e-12)
    text = words(problem.explain())
    assert "Units have thresholds θ" in text
    assert "θ1⁽¹⁾ ← θ1⁽¹⁾ − η · ∂E/∂θ1⁽¹⁾ ≈ 0.8 − 0.1 · 0.0381195 ≈ 0.796188" in text
    assert cr.network_from(cr.described(problem.network)) == problem.network


def test_columns_are_read_as_columns_by_every_door() -> None:
    W1, W2 = [[0.3, -0.1], [0.2, 0.4]], [[0.5, -0.3]]
    notation = Notation(vectors="columns")
    plain_layers = [cr.dense(2, "relu", bias=False), cr.dense(1, bias=False)]
    described = {
        "inputs": 2,
        "notation": {"vectors": "columns"},
        "layers": [
            {"units": 2, "activation": "relu", "bias": False, "weights": W1},
            {"units": 1, "bias": False, "weights": W2},
        ],
        "data": {"x": [[1, 2]], "t": [[1]]},
    }
    text = 'W1="0.3 -0.1; 0.2 0.4" W2="0.5 -0.3"'
    options: dict[str, Any] = {"bias": False, "activation": "relu", "input": "1 2", "target": "1"}
    problems = [
        cr.problem(described),
        cr.problem_from(described),
        cr.problem_from(cr.steps.problem.described_problem(cr.problem_from(described))),
        cr.problem(
            {
                **described,
                "layers": [{k: v for k, v in layer.items() if k != "weights"} for layer in described["layers"]],
                "weights": {"W1": W1, "W2": W2},
            }
        ),
        cr.problem("2-2-1", weights=text, notation="vectors=columns", **options),
        cr.problem("2-2-1", weights=text, weights_as="units-inputs", **options),
        cr.problem("2-2-1", weights=text, notation="vectors=columns", **{**options, "input": "1; 2"}),
        cr.problem({**described, "data": {"x": [[1], [2]], "t": [[1]]}}),
    ]
    networks = [
        cr.Network(2, cr.dense(2, "relu", bias=False, weights=W1), cr.dense(1, bias=False, weights=W2), notation=notation),
        cr.Network(2, *plain_layers, notation=notation).with_weights({"W1": W1, "W2": W2}),
        cr.Network(2, *plain_layers).with_weights({"W1": W1, "W2": [0.5, -0.3]}, ["units-inputs"]),
    ]
    for step in [*(problem.step() for problem in problems), *(network.step([[1, 2]], [[1]]) for network in networks)]:
        np.testing.assert_allclose(step.before["z1"], [[0.1, 1]])
        np.testing.assert_allclose((step.prediction.item(), step.error), (-0.25, 0.78125))
        np.testing.assert_allclose(step.gradients["W2"].ravel(), [-0.125, -1.25])
    turned = networks[0].replaced(notation=Notation())
    assert same(turned, networks[0])
    assert same(turned.replaced(notation=notation, seed=3), networks[0])


# Every form, of networks that nobody chose


@st.composite
def chains(draw: st.DrawFn) -> cr.Network:
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    biases = draw(st.lists(st.sampled_from([True, False, "shared", "threshold"]), min_size=len(sizes) - 1, max_size=len(sizes) - 1))
    network = cr.Network(
        sizes[0], *(cr.dense(n, "tanh", bias=bias) for n, bias in zip(sizes[1:], biases, strict=True)), seed=draw(st.integers(0, 99))
    )
    values = np.random.default_rng(draw(st.integers(0, 999)))
    return network.with_parameters({key: values.integers(-99, 100, shape) / 100 for key, shape in network.shapes.items()})


@given(chains(), st.sampled_from([TARGET, SOURCE]), st.sampled_from([APART, FIRST, LAST]))
@examples(40)
def test_a_list_in_any_order_gives_the_network_that_it_was_made_of(network: cr.Network, rows: str, bias: str) -> None:
    own = any(network.shapes.get(f"{letter}{n}", ()) for n in range(1, 5) for letter in ("b", "theta"))
    if bias != APART and not own:
        return
    reading = WeightLayout(rows, bias)
    places = in_order(network, reading, network.size)
    assert len(set(places)) == network.size
    numbers = [float(network.parameters[key][index]) for key, index in places]
    blank = network.with_parameters({key: np.zeros(shape) for key, shape in network.shapes.items()})
    assert same(blank.with_weights(numbers, str(reading)), network)
    if reading == WeightLayout(TARGET):
        assert same(blank.with_weights(numbers), network)
        assert numbers == network.weights


@given(chains(), st.sampled_from(["rows", "columns"]), st.sampled_from([TARGET, SOURCE]))
@examples(40)
def test_matrices_in_either_direction_are_read_right_or_refused_with_both(network: cr.Network, vectors: str, rows: str) -> None:
    network = network.replaced(notation=Notation(vectors=vectors))
    given_matrices = {key: (array.T if rows == TARGET and array.ndim == 2 else array).tolist() for key, array in network.parameters.items()}
    assert same(network.with_weights(given_matrices, str(WeightLayout(rows))), network)
    usual = {"rows": SOURCE, "columns": TARGET}[vectors]
    square = all(len(shape) < 2 or shape[0] == shape[1] for shape in network.shapes.values())
    read, refusal = read_or_refused(network, given_matrices)
    if read is None:
        assert rows != usual
        assert "units-inputs" in refusal
        assert "inputs-units" in refusal
    elif same(read, network):
        assert read.understood["rows"] == rows or square
    else:  # square matrices alone are read as they are printed
        assert square
        assert rows != usual


def read_or_refused(network: cr.Network, weights: Any) -> tuple[cr.Network | None, str]:
    try:
        return network.with_weights(weights), ""
    except cr.InputError as error:
        return None, str(error)


@given(chains())
@examples(30)
def test_every_weight_has_its_name_from_unit_to_unit(network: cr.Network) -> None:
    first = [start for _, start, _ in units(network)]
    for number, (before, own) in enumerate(itertools.pairwise(first), start=1):
        for source, unit in np.ndindex(network.shapes[f"W{number}"]):
            assert weight_called(network, f"w{before + source},{own + unit}") == (f"W{number}", (source, unit))
        for symbol in ("b", "theta"):
            for unit in range(network.shapes.get(f"{symbol}{number}", (0,))[0] if network.shapes.get(f"{symbol}{number}") else 0):
                assert weight_called(network, f"w0,{own + unit}") == (f"{symbol}{number}", (unit,))
    for number, (key, index) in enumerate(
        in_order(network, WeightLayout(TARGET), sum(array.size for array in network.parameters.values() if array.ndim == 2)), start=1
    ):
        assert weight_called(network, f"w{number}") == (key, index)
        assert weight_called(network, f"{key}[{index[0] + 1},{index[1] + 1}]") == (key, index)


def test_names_reach_through_graphs_of_layers() -> None:
    residual = cr.problem("residual").network  # units: x 1 to 2, block 3 to 4, the output 5, which takes x + block
    assert weight_called(residual, "w1,4") == ("W1", (0, 1))
    assert weight_called(residual, "w1,5") == weight_called(residual, "w3,5") == ("W2", (0, 0))
    joined = cr.problem("two-inputs").network  # x 1 to 2, v 3, left 4, right 5, the output 6
    assert [weight_called(joined, name) for name in ("w2,4", "w3,5", "w5,6")] == [("W1", (1, 0)), ("W2", (0, 0)), ("W3", (1, 0))]
    tied = cr.problem("tied").network  # x 1 to 2, encoder 3, the way back 4 to 5
    assert weight_called(tied, "w2,3") == weight_called(tied, "w3,5") == ("W1", (1, 0))
    given = cr.problem("residual", weights={"w1,3": 0.9, "block.W[2,2]": 0.8}).network
    expected = residual.parameters["W1"].copy()
    expected[0, 0], expected[1, 1] = 0.9, 0.8
    np.testing.assert_array_equal(given.parameters["W1"], expected)
    for wrong in ("w2,5=0.1 w4,5=0.2", "w1,2=3", "w5,1=3", "w0,3=1"):
        with pytest.raises(cr.InputError):
            cr.problem("residual", weights=wrong)


def test_two_weights_between_the_same_units_are_refused_with_both() -> None:
    @cr.layer
    def doubled(own: Any, x: Any, *, units: int) -> Any:
        """x W + tanh(x U)."""
        return own.linear(x, units, bias=None) + own.activated("tanh", own.linear(x, units, "U", None), "q")

    try:
        network = cr.Network(2, doubled(2), cr.dense(1))
        with pytest.raises(cr.InputError, match=r"W1\[1,2\] and U1\[1,2\]|U1\[1,2\] and W1\[1,2\]"):
            network.with_weights({"w1,4": 0.5})
        assert network.with_weights({"U1[1,2]": 0.5}).parameters["U1"][0, 1] == 0.5
    finally:
        cr.network.layers.KINDS.pop("doubled")


# What does not fit


@pytest.mark.parametrize(
    ("weights", "weights_as", "message"),
    [
        ('W1="1 2; 3 4" W2="5 6"', None, 'units-inputs" or weights_as="inputs-units"'),
        ('W1="1 2 3; 4 5 6"', None, 'units-inputs,bias-first" or weights_as="units-inputs,bias-last"'),
        ('W1="1 2; 3 4; 5 6"', None, 'inputs-units,bias-first" or weights_as="inputs-units,bias-last"'),
        ('W1="1 2 3 4"', None, "W1 is 1 × 4, and 2 × 2 is needed"),
        ('W1="1 2; 3 4"', "bias-first", "W1 is 2 × 2, and 3 × 2 is needed"),
        ("1 2 3", None, "6 weights .9 with its biases., but 3 numbers"),
        ("w7=1", None, "w1 to w6"),
        ("w0=1", None, "w1 to w6"),
        ("w1=1 w1,3=2", None, "w1 and w1,3 are one and the same weight"),
        ("w1=1 w1=2", None, "given twice"),
        ('w1="1 2"', None, "one number, but 2"),
        (
            "w1,2=3",
            None,
            "no weight leads from unit 1 to unit 2. Units are counted through, the inputs first: x 1 to 2; hidden1 3 to 4; output 5",
        ),
        ("w0,2=3", None, "unit 2 has no bias"),
        (
            "w12=3",
            None,
            r"there is no w12: this network has w1 to w6. A weight by its place is W1\[1,2\] or W1\[2,1\]: the input stands first",
        ),
        ("v=3", None, "'v': say which layer, W1 to W2 or hidden1, output"),
        ("hidden2.W=3", None, "there is no layer hidden2; this network has hidden1, output"),
        ("hidden1.U=3", None, "the hidden1 layer has no U"),
        ("W1[3,1]=3", None, r"W1 has 2 × 2 inputs and units, so its last element is W1\[2,2\]"),
        ("b3=1", None, r"b3 may be number 3 of all, b2\[1\], or that of unit 3, .*, b1\[1\]: write which one you mean"),
        ("b1=1", None, r"b1 may be one bias, b1\[1\], or the vector of its layer, which has 2 numbers"),
        ("hidden1.b=1", None, r"hidden1.b may be one bias, b1\[1\], or the vector"),
        ("θ3=1", "thresholds", r"θ3 may be number 3 of all, theta2\[1\], or that of unit 3, .*, theta1\[1\]"),
        ("b2=1", None, r"b2 is the vector of layer 2, b2\[1\], and the bias number 2 of all, b1\[2\]"),
        ("b4=1", None, r"there is no b4: this network has b1 to b3, .* If that of unit 4 is meant, .* write w0,4"),
        ("w1=", None, "holds no numbers"),
        ("0.5 w1=2", None, "weights are numbers, or names with numbers"),
        ("w1=x", None, "'x', which is no number"),
        ("1 2 3 4 5 6", "by-source by-target", "by-source or by-target, not both"),
        ("1 2 3 4 5 6", "sideways", "no way of writing weights is called 'sideways'"),
        ("w1=2", "by-source", "places in their names"),
        (None, "by-source", "give them, with weights="),
    ],
)
def test_what_does_not_fit_is_answered(weights: Any, weights_as: Any, message: str) -> None:
    with pytest.raises(cr.InputError, match=message):
        cr.problem("2-2-1", weights=weights, weights_as=weights_as)


@pytest.mark.parametrize("name", ["b1[2]", "b2⁽¹⁾", "w0,4", "hidden1.b[2]", "b_2^{(1)}"])
def test_a_bias_by_its_printed_name_and_by_others(name: str) -> None:
    network = cr.problem("2-2-1", weights={name: 0.5}).network
    np.testing.assert_array_equal(network.parameters["b1"], [0, 0.5])
    by_number = cr.problem("2-2", weights="b1=0.5 b2=0.25").network  # no vector is called b2: these are numbers of single biases
    np.testing.assert_array_equal(by_number.parameters["b1"], [0.5, 0.25])
    by_matrix = cr.problem("2-2-1", weights='W1="1 2; 3 4" b2=0.5').network
    np.testing.assert_array_equal(by_matrix.parameters["b2"], [0.5])


def test_one_weight_is_explained_by_the_same_names() -> None:
    problem = cr.problem("2-2-1")
    assert plain(problem.explain(weight="w1,4")) == plain(problem.explain(weight="w3"))
    assert plain(problem.explain(weight="w0,5")) == plain(problem.explain(weight="b2[1]"))


def test_what_has_no_biases_has_no_thresholds_and_no_biases_among_its_weights() -> None:
    with pytest.raises(cr.InputError, match="this network has none"):
        cr.problem("2-2-1", bias=False, weights="1 2 3 4 5 6", weights_as="thresholds")
    with pytest.raises(cr.InputError, match="no biases of their own"):
        cr.problem("2-2-1", bias=False, weights="1 2 3 4 5 6", weights_as="bias-last")
    with pytest.raises(cr.DescriptionError, match="give them, as weights"):
        cr.network_from({"inputs": 1, "layers": [{"units": 1}], "weights_as": "by-source"})


def test_numbers_of_layers_that_fit_as_rows_alone_are_read_so_where_vectors_are_columns() -> None:
    def of(*weights: Any) -> cr.Network:
        layers = [cr.dense(2, bias=False, weights=weights[0]), cr.dense(1, bias=False, weights=weights[1])]
        return cr.Network(2, *layers, notation=Notation(vectors="columns"))

    square, row, column = [[0.3, -0.1], [0.2, 0.4]], [[0.5, -0.3]], [[0.5], [-0.3]]
    np.testing.assert_array_equal(of(square, row).parameters["W1"], np.transpose(square))
    np.testing.assert_array_equal(of(square, column).parameters["W1"], square)
    assert "Read as (inputs × units), each row with the weights from one input: W1, W2." in words(
        of(square, column).step([1, 2], [1]).explain()
    )
    with pytest.raises(cr.ShapeError, match=r"has the shape \(1, 3\), but \(1, 2\) is needed \(units, inputs\)"):
        of(square, [[1, 2, 3]])


# What is said


@pytest.mark.parametrize("detail", ["overview", "matrix", "scalar"])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"weights": "1 2 3 4 5 6"}, "read unit by unit, in the order of the inputs: w1, w2, w3, w4, w5, w6."),
        ({"weights": "1 2 3 4 5 6", "weights_as": "by-source"}, "first those from the first input: w1, w3, w2, w4, w5, w6."),
        (
            {"weights": "w1,3=2 w2=1"},
            "by other names: w1,3 is w1. Units are counted through: input layer 1 to 2, hidden layer 3 to 4, output layer 5.",
        ),
        ({"weights": "w1,3=2 w2=1"}, "The numbers that were not given were drawn from seed 0: w3, w4."),
        ({"weights": "b1[1]=2"}, "The numbers that were not given are 0: b2⁽¹⁾, b2."),
        ({"weights": "1 2 3 4 5 6"}, "The numbers that were not given are 0: b1, b2."),
        ({"weights": 'W1="1 2; 3 4" b1="1 0"', "weights_as": "units-inputs"}, "The numbers that were not given are 0: b2."),
        (
            {"weights": 'W1="1 2; 3 4"', "weights_as": "units-inputs"},
            "Read as (units × inputs), each row with the weights of one unit: W1.",
        ),
        ({"weights": 'W1="1 2 3; 3 4 5" W2="1;2;3"', "weights_as": "inputs-units"}, None),
        ({"weights": 'W1="1 2; 3" W2="1 2"'}, None),
    ],
)
def test_what_was_understood_is_said_before_the_forward_pass(detail: str, options: dict[str, Any], said: str | None) -> None:
    if said is None:
        with pytest.raises(cr.ChainruleError):
            cr.problem("2-2-1", **options)
        return
    text = words(cr.problem("2-2-1", **options).explain(detail=detail))
    assert said in text.partition("2. The data")[0]


def test_it_is_said_in_both_languages_in_records_and_in_python_but_not_of_built_in_examples(tmp_path: Any) -> None:
    network = cr.Network(2, cr.dense(2), cr.dense(1)).with_weights([1, 2, 3, 4, 5, 6, 7, 8, 9], "by-source,bias-last")
    step = network.step([1, 2], [1])
    step.save(tmp_path / "step.json")
    for shown in (step, cr.problem(tmp_path / "step.json"), cr.problem(network, input="1 2")):
        assert (
            "source by source, first those from the first input: w1, w3, w2, w4, b1⁽¹⁾, b2⁽¹⁾, w5, w6, b1⁽²⁾. The biases of a layer"
            in words(shown.explain())
        )
    german = words(cr.problem("2-2-1", weights={"w1,3": 1}, notation="german").explain())
    assert "Die Gewichte, die unter anderen Namen angegeben wurden: w1,3 ist w1." in german
    assert "read unit by unit" not in words(cr.problem("seed").explain())
    assert "read unit by unit" in words(cr.problem("seed", weights="1 2 3 4 5 6").explain())
    kept = words(cr.problem("seed", weights="w2=1").explain())
    assert "The numbers that were not given stay as they were described: w1, w3, w4." in kept


@pytest.mark.parametrize(
    "weights",
    [
        5,
        {"form": "list"},
        {"form": "names", "places": [["w1", "V", [0]]], "rest": {}},
        {"form": "matrices", "rows": "x", "bias": "", "keys": []},
    ],
)
def test_a_damaged_record_says_nothing(weights: Any) -> None:
    record = cr.problem("seed").step().to_dict()
    record["origin"]["weights"] = weights
    assert "given" not in words(cr.Step.from_dict(record).explain()).partition("2. The data")[0]


def test_the_command_line_takes_names_with_and_without_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    for given_weights in (
        ['W1="1 -0.5; 0.25 2" b1="0 1" w6=0.5'],
        ["W1=1 -0.5; 0.25 2, b1=0 1 w6=.5"],
        ["W1=1 -0.5; 0.25 2", "b1=0,1", "w6=0.5"],
    ):
        arguments = [part for text in given_weights for part in ("--weights", text)]
        assert main(["explain", "2-2-1", *arguments, "--detail", "matrix"]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] == texts[2]
    assert main(["code", "2-2-1", "--weights", "w1=2", "--weights-as", "thresholds"]) == 0
    assert "theta1" in capsys.readouterr().out


def test_numbers_may_stand_in_the_brackets_of_a_program() -> None:
    given = {"input": "[[1, 1], [0, 1]]", "target": "[1, 0]", "weights": "W1=[[.1,.2],[.3,.4]] b1=[0, 1] W2=[[.5],[.6]]"}
    found = cr.problem("2-2-1", weights_as="inputs-units", **given)
    assert found.network.parameters["W1"].tolist() == [[0.1, 0.2], [0.3, 0.4]]
    assert found.network.parameters["b1"].tolist() == [0, 1]
    assert (found.x.tolist(), found.t.tolist()) == ([[1, 1], [0, 1]], [[1], [0]])
    assert cr.problem("2-2-1", input="[1 1; 0 1]", target="1; 0").x.tolist() == [[1, 1], [0, 1]]
    with pytest.raises(cr.InputError, match="brackets that are no rows of numbers"):
        cr.problem("2-2-1", input="[[[1, 1]], [0, 1]]")


def test_a_network_of_one_layer_needs_no_number_of_the_layer() -> None:
    network = cr.problem("2-1", weights='W="1 2" b=0.5').network
    assert network.parameters["W1"].tolist() == [[1], [2]]
    assert network.parameters["b1"].tolist() == [0.5]
    with pytest.raises(cr.InputError, match="say which layer, b1 to b2"):
        cr.problem("2-2-1", weights="b=0.5")
