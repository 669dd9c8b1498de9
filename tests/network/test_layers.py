"""Every kind of layer against PyTorch, over random shapes and options; and what is not a comparison."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.layer_twins import TWINS, compare, near
from tests.samples import some

import chainrule as cr
from chainrule.base.errors import ChainruleError, DescriptionError, InputError, NotCompilable
from chainrule.engines.epoch import Written
from chainrule.engines.written import written_error, written_program
from chainrule.formula.expression import PRIMITIVES
from chainrule.network import layers
from chainrule.network.description import from_toml, to_toml
from chainrule.network.elements import find_element, typed_name
from chainrule.network.network import Network
from chainrule.network.short_form import short_form
from chainrule.notation.text import formula_text

pytestmark = pytest.mark.usefixtures("shorter_runs")


@pytest.mark.parametrize("kind", TWINS)
@pytest.mark.parametrize("seed", some(range(4), 2))
def test_like_torch(kind: str, seed: int) -> None:
    compare(TWINS[kind](seed), seed)


@pytest.mark.proof
@pytest.mark.parametrize("kind", TWINS)
def test_like_torch_over_many_options(kind: str) -> None:
    for seed in range(100, 250):
        compare(TWINS[kind](seed), seed)


def test_every_kind_has_its_twin() -> None:
    layers.load_layer_kinds()
    ours = {name for name, kind in layers.KINDS.items() if kind.function.__module__.startswith("chainrule.")}
    elsewhere = {"dense", "tied", "add", "multiply", "join", "graph"}  # in tests/graphs.py, and of exported programs in tests/interop
    assert ours - elsewhere == set(TWINS)


def test_the_table_of_primitives_stays_below_fifty_rows() -> None:
    assert len(PRIMITIVES) < 50


# What is more than a comparison of one layer


def test_running_means_are_those_of_torch_and_predictions_take_them() -> None:
    random = np.random.default_rng(3)
    network = Network(cr.image(2, 3, 4), cr.batch_norm(0.2), loss="upstream")
    module = torch.nn.BatchNorm2d(4, momentum=0.2, dtype=torch.float64)
    for _ in range(3):
        x = random.normal(1, 2, (5, 2, 3, 4))
        step = network.step(x.reshape(5, -1), upstream=np.zeros((5, 24)))
        module(torch.tensor(x).movedim(-1, 1))
        near(step.new_parameters["m1"], module.running_mean, "the running mean")
        near(step.new_parameters["r1"], module.running_var, "the running variance")
        program = written_program(network).step(*network.split(step.x, step.t).values(), *network.parameters.values())
        near(program[1 + list(network.shapes).index("r1")], module.running_var, "the program's running variance")
        network = network.continued(step.new_parameters)
    module.eval()
    theirs = module(torch.tensor(x).movedim(-1, 1)).movedim(1, -1)
    near(network.predict(x.reshape(5, -1)), theirs, "the prediction")
    error = written_error(network).functions["error"](*network.split(step.x, step.t).values(), *network.parameters.values())
    assert error == 0


def test_an_optimiser_does_not_touch_running_means() -> None:
    network = Network(3, cr.batch_norm(), cr.dense(1))
    step = network.step(np.eye(3), [[1], [2], [3]], cr.adamw(0.1, weight_decay=0.5))
    near(step.new_parameters["m1"], 0.1 * np.eye(3).mean(0), "the running mean")
    assert not [key for key in step.states if "m1" in key or "r1" in key]


def test_masks_are_drawn_for_every_step_and_replayed() -> None:
    network = Network(200, cr.dropout(0.25), loss="upstream", seed=4)
    steps = network.steps(np.ones((2, 200)), upstream=np.ones((2, 200)))
    first, second = next(steps), next(steps)
    for step in (first, second):
        kept = step.prediction != 0
        assert 0.6 < kept.mean() < 0.9
        np.testing.assert_allclose(step.prediction[kept], 1 / 0.75)
        assert step.replay().differences(step) == {}
    assert (first.prediction != second.prediction).any()
    np.testing.assert_array_equal(network.predict(np.ones((1, 200))), np.ones((1, 200)))


def test_a_training_takes_the_masks_of_its_steps() -> None:
    """The epoch of the program is the steps of the record, one after the other."""
    random = np.random.default_rng(0)
    x, t = random.normal(size=(4, 3)), random.normal(size=(4, 1))
    network = Network(3, cr.dense(5, "tanh"), cr.dropout(0.5), cr.dense(1))
    engine = Written(network, cr.sgd(0.1))
    passed = engine.epoch((x, t), None, 4, tuple(network.parameters.values()), 0, np.inf, lambda: False)
    passed = engine.epoch((x, t), None, 4, passed.state, 1, np.inf, lambda: False)
    steps = network.steps(x, t, cr.sgd(0.1))
    next(steps)
    second = next(steps)
    for key, array in zip(engine.keys, passed.state, strict=True):
        near(array, second.new_parameters[key], key)


def test_whoever_may_look_at_nothing_gets_nothing() -> None:
    network = Network({"x": cr.sequence(2, 3), "m": 2}, lambda x, m: cr.attention()(x, x, x, m), loss="upstream", gradients=["x"])
    step = network.step({"x": np.ones((1, 6)), "m": np.zeros((1, 2))}, upstream=np.ones((1, 6)))
    assert not step.prediction.any()
    assert not step.gradients["x"].any()
    assert np.isfinite(step.gradients["S1"]).all()


def test_recurrences_are_stacked_and_their_states_have_names() -> None:
    network = short_form("3x2:lstm2-gru3-1")
    names = set(network.derivation.named)
    assert {"h1_t3", "c1_t2", "i1_t1", "f1_t3", "h2_t3", "u2_t2", "dh1_t1", "dW1", "dU2"} <= names
    assert all(name.isidentifier() for name in names)


def test_a_recurrence_called_twice_keeps_its_steps_apart() -> None:
    def network(x: Any, v: Any) -> Any:
        reader = cr.rnn(2)
        return cr.dense(1)(cr.join()(reader(x), reader(v)))

    made = Network({"x": cr.sequence(2, 1), "v": cr.sequence(2, 1)}, network)
    assert {"h1_t1_call1", "h1_t2_call2"} <= set(made.derivation.named)
    step = made.step({"x": [[1, 2]], "v": [[3, 4]]}, [[1]])
    program = written_program(made).step(*made.split(step.x, step.t).values(), *made.parameters.values())
    near(program[0], step.error, "E")


# How they are said


SHORT = [
    ("8x8x1:c16k3p1-p2-c32k3-10", "8×8×1-8×8×16-4×4×16-2×2×32-128-10"),
    ("20x16:lstm32-10", "20×16-32-10"),
    ("v7x20:e16-attn2-10", "20-20×16-20×16-320-10"),
    ("9x9x2:c4k3s2-bn-a2-drop0.5-g-3", "9×9×2-4×4×4-4×4×4-2×2×4-2×2×4-4-3"),
    ("6x3:bilstm4-ln-bn-gru3-2", "6×3-6×8-6×8-6×8-3-2"),
    ("v5x4:e6-pos-block2-f-2", "4-4×6-4×6-4×6-24-2"),
]


@pytest.mark.parametrize(("written", "summary"), SHORT)
def test_a_short_form_and_its_description(written: str, summary: str) -> None:
    network = short_form(written)
    assert network.summary == summary
    assert cr.network_from(from_toml(to_toml(cr.described(network)))) == network
    x = np.zeros((2, network.inputs))
    assert np.isfinite(network.step(x, np.zeros((2, network.outputs))).error)


def test_a_graph_of_images_is_summed_up_by_its_shapes() -> None:
    def residual(x: Any) -> Any:
        h = cr.conv(2, 3, padding=1, activation="relu")(x)
        return cr.dense(3)(cr.flatten()(h + cr.conv(2, 3, padding=1)(h)))

    assert Network(cr.image(4, 4), residual).summary == "x4×4×1→y3"
    read = Network({"v": cr.tokens(5, 7), "w": 2}, lambda v, w: cr.dense(1)(cr.join(cr.lstm(2)(cr.embedding(2, 7)(v)), w)))
    assert read.summary == "v5+w2→y1"


REFUSED = [
    ("8x8x1:c16", "does not say its size"),
    ("8x8x1:c16k3k3", "each once"),
    ("8x8x1:q3", "no layer of a short form"),
    ("8x8x1:c4k9-2", "a window over 9 places does not fit into 8"),
    ("8x8x1:c0k3-2", "at least 1"),
    ("8x8x1:e4-2", "stands on tokens"),
    ("v7x20:c4k3-2", "no places between the batch and the channels"),
    ("600x2:lstm3-1", "the limit is 512"),
    ("8x8x1:c4k3g3-2", "cannot be divided into 3 groups"),
    ("99999999x9x9:3", "the limit is"),
    ("3000x3000x1:c9000k1-g-2", "numbers at one place"),
    ("v7x20:e16-attn3-2", "cannot be divided among 3 heads"),
    ("8x8x1:drop1-2", "dropout got rate = 1.0; it must be at least 0 and less than 1"),
    ("8x8x1:3-", "lacks its number"),
]


@pytest.mark.parametrize(("written", "said"), REFUSED)
def test_what_is_no_network_is_refused_in_one_sentence(written: str, said: str) -> None:
    with pytest.raises(ChainruleError, match=said) as error:
        short_form(written)
    assert "\n" not in str(error.value)


HOSTILE: list[tuple[Any, str]] = [
    ([8], "2 to 4 axes"),
    ([8, 8, 1, 1, 1], "2 to 4 axes"),
    ([8, -1], "at least 1"),
    ([8, 2.5], "whole number"),
    ([10**6, 10**6], "the limit is"),
    ({"x": {"length": 3}}, "is said as"),
    ({"x": {"length": 3, "vocabulary": 0}}, "at least 1"),
]


@pytest.mark.parametrize(("inputs", "said"), HOSTILE)
def test_inputs_that_are_none(inputs: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        cr.network_from({"inputs": inputs, "layers": [{"kind": "flatten"}, {"units": 1}]})


def test_an_embedding_has_all_tokens_of_its_input() -> None:
    with pytest.raises(DescriptionError, match="fewer tokens than the input x, which has 4: say vocabulary=4"):
        cr.Network(cr.tokens(3, 4), cr.embedding(4, 2), cr.dense(1))
    cr.Network(cr.tokens(3, 4), cr.embedding(4, 7), cr.dense(1))


def test_tokens_are_whole_numbers_of_the_vocabulary() -> None:
    network = short_form("v3x2:e2-1")
    for bad in (3, -1, 0.5):
        with pytest.raises(InputError, match="whole numbers from 0 to 2"):
            network.predict([[0, bad]])


def test_images_come_as_rows_or_as_they_are() -> None:
    network = short_form("3x4x2:c2k2-1")
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 2))
    np.testing.assert_array_equal(network.predict(x), network.predict(x.reshape(2, -1)))


# Elements and labels


def test_the_weights_of_a_convolution_are_numbered_as_they_are_found() -> None:
    network = short_form("3x3x1:c2k2-1")
    labels = network.derivation.labels(network.notation)
    for number, index in [(1, (0, 0, 0, 0)), (2, (1, 0, 0, 0)), (3, (0, 1, 0, 0)), (5, (0, 0, 0, 1)), (8, (1, 1, 0, 1))]:
        element = find_element(network, f"w{number}")
        assert element.index == index
        assert formula_text(labels.label(element.name)) == f"w{number}"
        assert typed_name(element).startswith("W1[")


def test_an_element_of_an_image_says_its_place() -> None:
    network = short_form("2x2x1:c2k1-1")
    labels = network.derivation.labels(network.notation)
    x, h = network.derivation.x, network.derivation.named["h1"]
    assert [formula_text(labels.label(node.name.at(*index))) for node, index in ((x, (0, 1, 0, 0)), (x, (0, 3)), (h, (0, 1, 0, 1)))] == [
        "x[2,1]",
        "x[2,2]",
        "h[2,1,2]",
    ]


# Engines, and commands


def test_machine_code_says_in_one_line_what_it_does_not_have() -> None:
    from chainrule.engines.compiled.engine import Compiled

    cases: list[tuple[Callable[[], Network], str]] = [
        (lambda: Network(3, cr.dense(3), cr.dense(1), absent=["w1"]), "frozen or absent"),
        (lambda: Network(cr.image(4, 4, 2), cr.conv(2, 2, groups=2), cr.flatten(), cr.dense(1)), "another shape"),
    ]
    for make, said in cases:
        with pytest.raises(NotCompilable, match=said) as error:
            Compiled(make(), cr.sgd(0.1))
        assert "\n" not in str(error.value)


def test_an_image_in_a_table_keeps_every_column_and_one_scale(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    rows = [
        {**{f"p{i}": 0.0 if i == 0 else float(v) for i, v in enumerate(random.normal(3, 2, 16))}, "kind": "ab"[k % 2]} for k in range(60)
    ]
    network = {"inputs": [4, 4, 1], "layers": [{"kind": "conv", "units": 2, "size": 3}, {"kind": "flatten"}, {"units": 1}]}
    model = cr.train(rows, target="kind", network=network, epochs=2, validation=0.2, output=tmp_path / "m.safetensors")
    assert len(model.preparation.features) == 16
    assert len({(feature.mean, feature.deviation) for feature in model.preparation.features}) == 1
    assert set(model.predict(rows)) <= {"a", "b"}


def test_tokens_in_a_table_stay_as_they_are(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    rows = [{**{f"t{i}": int(v) for i, v in enumerate(random.integers(0, 5, 4))}, "kind": "ab"[k % 2]} for k in range(60)]
    network = {
        "inputs": {"x": {"length": 4, "vocabulary": 5}},
        "layers": [{"kind": "embedding", "units": 3, "vocabulary": 5}, {"kind": "gru", "units": 3}, {"units": 1}],
    }
    model = cr.train(rows, target="kind", network=network, epochs=2, validation=0.2, output=tmp_path / "m.safetensors")
    assert {(feature.mean, feature.deviation) for feature in model.preparation.features} == {(0.0, 1.0)}


@pytest.mark.parametrize("written", ["3x3x1:c2k2-p2-1", "2x2:lstm1-1", "v3x2:e2-attn1-1"])
def test_they_are_explained(written: str) -> None:
    network = short_form(written)
    x = np.array([[1.0, 0, 2, 1, 1, 0, 2, 1, 0][: network.inputs]])
    step = network.step(x, [[0.5]])
    for detail in ("overview", "matrix"):
        assert "∂E/∂" in str(step.explain(detail=detail))
    assert "∂E/∂" in str(step.explain(weight="w1"))


def test_a_persons_own_layer_must_not_take_a_name_of_ours() -> None:
    with pytest.raises(DescriptionError, match="already a layer called 'conv'"):

        @cr.layer
        def conv(own: Any, x: Any) -> Any:
            return x


@pytest.mark.parametrize(
    ("written", "kinds"),
    [
        ("3-4-ln-2", ["dense", "layer_norm", "dense"]),
        ("3-4-bn-1", ["dense", "batch_norm", "dense"]),
        ("3-4-drop0.5-4-2", ["dense", "dropout", "dense", "dense"]),
    ],
)
def test_rows_of_numbers_go_through_normalisation_and_dropout(written: str, kinds: list[str]) -> None:
    network = short_form(written)
    assert [layer.kind.name for layer in network.layers] == kinds
    assert [layer.activation.name for layer in network.layers if layer.activation is not None][-1] == "identity"
    assert network.inputs == 3
