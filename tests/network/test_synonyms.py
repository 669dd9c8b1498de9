"""Names that the field has for the same thing are understood, or answered with the name that is meant; never with another function."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.base.errors import DescriptionError, UnknownNameError
from chainrule.cli import main
from chainrule.network.definitions import ABSENT, KINDS, OPTION_NAMES, Definition, definitions, find

EVERY = [definition for kind in KINDS for definition in definitions(kind).values()]


def spellings(name: str) -> set[str]:
    return {name, name.upper(), name.replace("_", "-"), name.replace("_", ""), name.title().replace("_", "")}


@pytest.mark.parametrize("kind", KINDS)
def test_every_other_name_means_its_definition(kind: str) -> None:
    for definition in definitions(kind).values():
        for name in (definition.name, *definition.also):
            assert {find(kind, spelling).definition.name for spelling in spellings(name)} == {definition.name}


@pytest.mark.parametrize("kind", KINDS)
def test_no_name_means_two_things(kind: str) -> None:
    understood = Counter(name for d in definitions(kind).values() for name in (d.name, *d.also))
    assert max(understood.values()) == 1
    answered = {name for d in definitions(kind).values() for name in d.meant}
    assert not (understood.keys() | answered) & ABSENT.get(kind, frozenset())
    assert not understood.keys() & answered


@pytest.mark.parametrize("kind", KINDS)
def test_what_may_be_meant_is_said_with_its_formula(kind: str) -> None:
    for name in {name for d in definitions(kind).values() for name in d.meant}:
        meant = [d for d in definitions(kind).values() if name in d.meant]
        with pytest.raises(cr.UnknownNameError) as raised:
            find(kind, name)
        assert "Did you mean" not in str(raised.value)
        assert all(f"'{d.name}' ({d.meant[name]})" in str(raised.value) for d in meant)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in ABSENT.items() for name in sorted(names)])
def test_in_place_of_a_function_that_is_not_here_no_other_is_offered(kind: str, name: str) -> None:
    with pytest.raises(cr.UnknownNameError, match="another function") as raised:
        find(kind, name)
    assert "Did you mean" not in str(raised.value)


@pytest.mark.parametrize("definition", EVERY, ids=lambda d: d.name)
def test_other_names_of_options(definition: Definition) -> None:
    for name, means in {**OPTION_NAMES.get(definition.kind, {}), **definition.spelled}.items():
        if name in definition.options:
            continue
        if means in definition.options:
            value = definition.options[means] or 0.5
            assert definition.bind(**{name: value}) == definition.bind(**{means: value})
        elif name in definition.spelled:
            with pytest.raises(cr.UnknownNameError) as raised:
                definition.bind(**{name: 0.5})
            assert means in str(raised.value)
            assert "Did you mean" not in str(raised.value)


def test_an_option_is_said_once() -> None:
    with pytest.raises(cr.DescriptionError, match="learning_rate twice, once as lr"):
        cr.adam(learning_rate=0.1, lr=0.2)


X, T = np.array([[1.0, -2.0], [0.5, 3.0], [2.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
FORMULAS: dict[str, Any] = {
    "mse": lambda y, t: np.mean((y - t) ** 2),
    "mean_squared_error": lambda y, t: np.mean((y - t) ** 2),
    "sse": lambda y, t: np.sum((y - t) ** 2),
    "mae": lambda y, t: np.mean(np.abs(y - t)),
    "bce": lambda y, t: np.mean(-(t * np.log(y) + (1 - t) * np.log(1 - y))),
    "BCEWithLogitsLoss": lambda y, t: np.mean(np.log(1 + np.exp(y)) - t * y),
    "smooth_l1": lambda y, t: np.mean(np.where(abs(y - t) < 1, (y - t) ** 2 / 2, abs(y - t) - 0.5)),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_loss_that_implies_how_it_is_counted_is_counted_so_by_every_door(name: str) -> None:
    described = {"inputs": 2, "loss": name, "layers": [{"units": 3, "activation": "tanh"}, {"units": 2}]}
    networks = [
        cr.Network(2, cr.dense(3, "tanh"), cr.dense(2), loss=name),
        cr.network_from(described),
        cr.problem({**described, "loss": "absolute"}, loss=name).network,
        cr.Network(2, cr.dense(3, "tanh"), cr.dense(2)).replaced(loss=name, layers=[cr.dense(3, "tanh"), cr.dense(2)]),
    ]
    for network in networks:
        step = network.step(X, T)
        np.testing.assert_allclose(step.error, FORMULAS[name](step.prediction, T), rtol=1e-12)
        assert cr.network_from(cr.described(network)) == network


def test_what_a_name_implies_and_what_is_said_must_agree(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(cr.DescriptionError, match="outputs"):
        cr.network_from({"inputs": 2, "layers": [{"units": 2}], "loss": "mse", "outputs": "sum"})
    with pytest.raises(cr.DescriptionError, match="outputs"):
        cr.Network(2, cr.dense(2), loss="mse").replaced(outputs="sum")
    with pytest.raises(cr.DescriptionError, match=r"outputs = .mean. is said, too"):
        cr.Network({"x": 2}, lambda x: {"one": cr.dense(1)(x), "two": cr.dense(1)(x)}, loss={"one": "mse", "two": "sse"})
    assert cr.Network(2, cr.dense(2), loss="mse", outputs="mean").conventions.outputs == "mean"
    assert main(["explain", "2-2", "--loss", "mse", "--outputs", "sum"]) == 2
    assert "squared" in capsys.readouterr().err


def test_a_persons_own_definition_goes_before_another_name() -> None:
    @cr.loss
    def mse(y: Any, t: Any) -> Any:
        """(y − t)⁴, however it is called."""
        return (y - t) ** 4

    try:
        network = cr.Network(2, cr.dense(2), loss="mse")
        assert network.loss.name == "mse"
        assert network.conventions.outputs == "sum"
    finally:
        definitions("loss").pop("mse")


def test_the_rate_has_its_short_name_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    for option in ("--lr", "--learning-rate"):
        assert main(["explain", "seed", option, "0.01"]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (lambda: cr.conv(filters=4, kernel_size=3, dilation=2, use_bias=False), lambda: cr.conv(4, 3, gap=2, bias=False)),
        (lambda: cr.embedding(embedding_dim=2, num_embeddings=5), lambda: cr.embedding(2, 5)),
        (lambda: cr.lstm(hidden_size=3, return_sequences=True), lambda: cr.lstm(3, states=True)),
        (lambda: cr.group_norm(num_groups=2, eps=0.1), lambda: cr.group_norm(2, epsilon=0.1)),
        (lambda: cr.dropout(p=0.3), lambda: cr.dropout(0.3)),
    ],
)
def test_options_of_layers_have_the_names_of_pytorch_and_keras(written: Any, meant: Any) -> None:
    assert repr(written()) == repr(meant())


def test_an_option_of_a_layer_is_said_once_and_only_where_there_is_one() -> None:
    with pytest.raises(DescriptionError, match="conv got its gap twice, once as dilation"):
        cr.conv(4, 3, gap=2, dilation=2)
    with pytest.raises(UnknownNameError, match="no option of the layer lstm is called 'dropout'"):
        cr.lstm(4, dropout=0.5)
