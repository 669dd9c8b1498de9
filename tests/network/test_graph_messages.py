"""What people get wrong in networks that are graphs: the message names the culprit and, where there is one, the fix."""

# ruff: noqa: PLW0108 — a network is given a function of its inputs, as people write it

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chainrule.base.errors import InputError
from chainrule.network.description import network_of_description
from chainrule.network.layers import KINDS, add, dense, join, layer, multiply, tied
from chainrule.network.network import Network

H = {"units": 2, "name": "h"}
ADD = {"kind": "add", "from": ["x", "h"]}

DESCRIPTIONS = [
    ({"inputs": {"x": 2, "v": 1}, "layers": [{"units": 2, "from": "u"}]}, "no input or layer is called 'u'. Known: 1, v, x. The layer '1'"),
    ({"layers": [H, {"units": 1, "from": "g"}]}, "no input or layer is called 'g'. Known: 2, h, x."),
    ({"layers": [{"units": 1, "from": 1}]}, 'layers[1]: from is a name or a list of names, as from = "1", not a number'),
    ({"layers": [{"units": 1, "from": {}}]}, "layers[1]: from must be a list of names, not {}"),
    (
        {"layers": [{"kind": "add", "name": "a", "from": ["x", "c"]}, {"units": 2, "name": "b", "from": "a"}, {"units": 2, "name": "c"}]},
        "layers are called in a circle: 'a' → 'b' → 'c' → 'a'. Take one of these connections away",
    ),
    ({"layers": [{"units": 2, "name": "h", "from": "h"}]}, "layers are called in a circle: 'h' → 'h'."),
    ({"layers": [{"units": 3, "name": "h"}, ADD]}, "add() is called on the input x (2 numbers) and the layer 'h' (3 numbers): add needs"),
    ({"layers": [H, {"share": "h", "name": "g"}], "inputs": 3}, "is called on the layer 'h' (2 numbers): W1 has the shape (3, 2), but"),
    ({"layers": [H, {"units": 3}, {"kind": "tied", "to": "h"}]}, "is called on the layer '2' (3 numbers): a matrix product needs"),
    ({"layers": [H, {"units": 1, "from": "x"}]}, "the layer 'h' leads nowhere: no layer is called on it, and it is no output"),
    ({"layers": [H], "inputs": {"x": 2, "v": 2}}, "the input 'v' leads nowhere"),
    ({"layers": [H, H]}, "layers[2].name must be a name that no input and no other layer has, not 'h'"),
    ({"layers": [{"units": 2, "name": "x"}]}, "layers[1].name must be a name that no input and no other layer has, not 'x'"),
    ({"layers": [H, {"units": 2, "from": ["x", "h"]}]}, "layers[2]: dense(2) takes 1 signal, but is called on 2"),
    ({"layers": [{"kind": "add"}]}, "layers[1]: add() takes two or more signals, but is called on 1"),
    ({"layers": [{"share": "h"}, H]}, "layers[1]: no layer before this one is called 'h'. Known: (there is none). A layer stands before"),
    (
        {"layers": [H, {"share": "h", "units": 2}]},
        "layers[2]: no setting of a layer that shares is called 'units'. Known: from, name, share",
    ),
    ({"layers": [{"kind": "tied", "to": "h"}]}, "layers[1]: no layer before this one is called 'h'"),
    ({"layers": [{"kind": "tied"}]}, "layers[1]: tied does not say its to, as tied(to=…)"),
    ({"layers": [{"kind": "ad", "from": ["x", "x"]}]}, "layers[1]: no kind of layer is called 'ad'. Did you mean 'add'?"),
    ({"layers": [{"kind": "add", "from": ["x", "x"], "units": 2}]}, "layers[1]: no setting of the layer add is called 'units'"),
    ({"layers": [{**H, "frozen": ["U"]}]}, "frozen names parameters of its layer, W or b, not 'U'"),
    ({"layers": [{**ADD, "from": ["x", "x"], "frozen": ["W"]}]}, "frozen names parameters of its layer; it has none, not 'W'"),
    ({"layers": [{**ADD, "from": ["x", "x"], "numbers": {"W": [1]}}]}, "no parameter of add() is called 'W'. Known: (it has none)"),
    ({"layers": [H, {**ADD, "name": "E"}, {"units": 1}]}, "a quantity cannot be called 'E'"),
    ({"layers": [H], "outputs": {"y": {"from": "g"}}}, "no input or layer is called 'g'. Known: h, x. The output y is taken from it"),
    ({"layers": [H], "outputs": {"y": {"from": "h"}, "u": {"from": "h"}}}, "the outputs y and u are one and the same, 'h'"),
    ({"layers": [H], "outputs": {"y": {"from": "h"}, "u": {"from": "x"}}}, "the output 'x' is an input as it is; call a layer on it"),
    ({"layers": [H], "outputs": {"W1": {"from": "h"}}}, "outputs: a quantity cannot be called 'W1'"),
    ({"layers": [H], "outputs": {"y": "h"}}, "outputs.y must be a table of settings, not 'h'"),
    ({"layers": [H], "outputs": {"y": {"weight": 0}}}, "the error of y is multiplied by a number greater than 0, not 0"),
    ({"layers": [H], "inputs": {}}, 'inputs: a network needs an input, as {"x": 2}'),
    ({"layers": [H], "inputs": {"b": 2}}, "inputs: a quantity cannot be called 'b'"),
    ({"layers": [H], "inputs": {"x": "2"}}, "inputs: the number of columns of the input x must be a whole number, not '2'"),
    ({"layers": [H], "gradients": "x"}, "gradients must be a list of names, not 'x'"),
    ({"layers": [H, {"kind": "layer_norm", "epsilon": 2}]}, "layers[2]: layer_norm got epsilon = 2; it must be at least 0 and less than"),
    ({"layers": [H, {"kind": "batch_norm", "momentum": -1}]}, "batch_norm got momentum = -1; it must be at least 0 and at most 1."),
    ({"layers": [H, {"kind": "dropout", "rate": "half"}]}, "dropout got rate = 'half', which is no number."),
    ({"layers": [H], "gradients": ["q"]}, "no quantity of this network is called 'q'. Known: x, y"),
]


@pytest.mark.parametrize(("description", "message"), DESCRIPTIONS, ids=[message for _, message in DESCRIPTIONS])
def test_descriptions(description: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        network_of_description({"inputs": 2, **description})


@pytest.fixture(autouse=True)
def own() -> Iterator[None]:
    """A person's own layers."""

    def forgetful(own: Any, x: Any) -> Any:
        """x + 1, which it does not return."""

    def failing(own: Any, x: Any) -> Any:
        """1 / 0."""
        return 1 / 0

    def sized(own: Any, x: Any, *, size: int) -> Any:
        """size x."""
        return size * x

    for function in (forgetful, failing, sized):
        layer(function)
    yield
    for name in ("forgetful", "failing", "sized"):
        del KINDS[name]


def of(function: Callable[..., Any], inputs: Any = 2, **settings: Any) -> Callable[[], Any]:
    return lambda: Network(inputs, function, **settings)


def outputs(x: Any) -> Any:
    return {"price": dense(1)(x), "kind": dense(1)(x)}


TWO = {"x": 2, "v": 1}

CODE: list[tuple[Callable[[], Any], str]] = [
    (lambda: Network(2, dense(3, ["relu", "tanh"])), "2 activations are named, one for each unit, but the layer has 3 units"),
    (lambda: Network(2, dense(2, ["relu", "softmax"])), "softmax takes all units of a layer together, so that no single unit can have it"),
    (lambda: Network(2, dense(2, ["relu"])), "1 activation is named, one for each unit, but the layer has 2 units"),
    (lambda: dense(2, []), "a list of activations names one for each unit"),
    (lambda: dense(2, ["relu", "rleu"]), "no activation is called 'rleu'"),
    (of(lambda x: None), "the function of a network returns what a layer gives, or a dict of such, not None"),
    (of(lambda x: {"y": 3}), "the function of a network returns what a layer gives, or a dict of such, not 3"),
    (of(lambda x: x), "a network is made of layers"),
    (of(lambda x, v: dense(1)(x)), "the function of the network is called with its inputs, x: missing a required argument: 'v'"),
    (of(lambda x: dense(1)(x), TWO), "the function of the network is called with its inputs, x, v: too many positional arguments"),
    (of(lambda x: dense(1)(x)[0]), "the function of the network: TypeError: 'Signal' object is not subscriptable"),
    (
        of(lambda x: dense(1)([1, 2])),
        "dense(1) is called on inputs and on what layers give, as in Network(2, lambda x: dense(1)(x)), not on [1, 2]",
    ),
    (lambda: dense(1)([1, 2]), "dense(1) is called on inputs and on what layers give"),
    (of(lambda x: dense(1)(x) + 1), "add() is called on inputs and on what layers give"),
    (of(lambda x: dense(1)(x, x)), "dense(1) takes 1 signal, but is called on 2"),
    (of(lambda x: join()(x)), "join() takes two or more signals, but is called on 1"),
    (of(lambda x: add(x)), "add() takes two or more signals, but is called on 1"),
    (of(lambda x: add(x, 3)), "add() is called on inputs and on what layers give, as in Network(2, lambda x: dense(1)(x)), not on 3"),
    (lambda: add(1, 2), "add takes no options, not [1, 2]; a layer is made first: add()(x)"),
    (of(lambda x: dense(x)), "dense does not say its units, as dense(units=…)"),
    (
        of(lambda x: x + dense(3)(x)),
        "add() is called on the input x (2 numbers) and the layer '1' (3 numbers): add needs signals with as many",
    ),
    (of(lambda x: multiply()(x, dense(3, name="gate")(x))), "the input x (2 numbers) and the layer 'gate' (3 numbers): multiply needs"),
    (of(lambda x: dense(1, name="h")(dense(2, name="h")(x))), "two things are called 'h'; inputs and layers need names of their own"),
    (of(lambda x: dense(1, name="x")(x)), "two things are called 'x'"),
    (of(lambda x: tied(to="h")(x)), "tied needs the W of a layer, not of 'h'"),
    (of(lambda x: tied(to=dense(2))(x)), "uses W of dense(2), which is not called before it or has no W"),
    (of(outputs, loss={"price": "huber"}), "the output kind has no loss; say one for each of price, kind"),
    (of(outputs, loss={"price": "huber", "kin": "huber"}), "no output of this network is called 'kin'. Did you mean 'kind'?"),
    (of(outputs, emphasis={"kin": 2}), "no output of this network is called 'kin'. Did you mean 'kind'?"),
    (of(outputs, gradients=["z7"]), "no quantity of this network is called 'z7'"),
    (lambda: Network(TWO, dense(1)), "several inputs need a function that says where they go"),
    (lambda: Network(2, dense), "dense is a kind of layer; a layer is made from it: dense(3)"),
    (lambda: Network(2, add), "add is a kind of layer; a layer is made from it: add()"),
    (lambda: Network(2, dense(2), add()), "add takes two signals or more, not 1"),
    (lambda: Network(2, dense(2, name="h"), dense(1, name="h")), "two things are called 'h'"),
    (lambda: Network(2, KINDS["forgetful"]()), "the layer forgetful returns None, not a formula of its inputs"),
    (lambda: Network(2, KINDS["failing"]()), "the layer failing: ZeroDivisionError: division by zero"),
    (lambda: KINDS["sized"](), "sized does not say its size, as sized(size=…)"),
    (lambda: dense(), "dense does not say its units, as dense(units=…)"),
    (lambda: dense(3, units=4), "dense got its units twice; leave one of them out."),
    (lambda: Network(TWO, lambda x, v: dense(1)(join()(x, v))).predict({"x": [[1, 2]]}), "x lacks v: it needs x, v"),
    (
        lambda: Network(TWO, lambda x, v: dense(1)(join()(x, v))).predict({"x": [[1, 2]], "v": [[1], [2]]}),
        "as many rows, but they have x: 1, v: 2",
    ),
]


@pytest.mark.parametrize(("code", "message"), CODE, ids=[message for _, message in CODE])
def test_python(code: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        code()


def test_an_option_that_descriptions_need() -> None:
    def sharing(own: Any, x: Any, *, share: float = 0.5) -> Any:
        """share x."""
        return share * x

    with pytest.raises(InputError, match="an option of sharing cannot be called 'share'"):
        layer(sharing)
    assert "sharing" not in KINDS
