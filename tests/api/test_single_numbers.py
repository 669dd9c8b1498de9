"""A number is an option whatever kind of number it is: Python's own, NumPy's, PyTorch's, a fraction."""

from fractions import Fraction

import numpy as np
import pytest
import torch

import chainrule as cr

ROWS = {"a": np.arange(40.0) % 7, "b": np.arange(40.0) % 5, "y": np.arange(40.0) % 7 - np.arange(40.0) % 5}
WHOLE = [np.int64, np.uint8, np.array, torch.tensor]
ANY = [np.float64, np.float32, Fraction, torch.tensor]


def chain(units, size, places, momentum, rate, slope):
    layers = cr.conv(units, size), cr.batch_norm(momentum=momentum), cr.dropout(rate), cr.flatten(), cr.dense(units, cr.leaky_relu(slope))
    return cr.Network(cr.image(places, places), *layers, cr.dense(1), loss=cr.huber(slope), seed=units)


@pytest.mark.parametrize(("whole", "number"), [*zip(WHOLE, ANY, strict=True)])
def test_a_network_is_the_same_whatever_its_numbers_are(whole, number):
    made = chain(whole(3), (whole(2), whole(2)), whole(6), number(0.75), number(0.25), number(0.5))
    assert made == chain(3, (2, 2), 6, 0.75, 0.25, 0.5)
    assert cr.adam(number(0.5), beta1=number(0.25)) == cr.adam(0.5, beta1=0.25)
    assert cr.described(made) == cr.described(chain(3, (2, 2), 6, 0.75, 0.25, 0.5))


@pytest.mark.parametrize(("whole", "number"), [*zip(WHOLE, ANY, strict=True)])
def test_a_run_is_the_same_whatever_its_numbers_are(whole, number):
    def run(whole, number, true):
        settings = {"epochs": whole(3), "batch_size": whole(8), "hidden": [whole(4)], "seed": whole(2), "validation": number(0.25)}
        settings |= {"learning_rate": number(0.125), "until": number(2**-20), "multipliers": {"hidden1": number(0.5)}, "shuffle": true}
        return cr.train(ROWS, target="y", **settings)

    made, own = run(whole, number, np.bool_(True)), run(int, float, true=True)
    assert made.plan == own.plan
    assert made.network == own.network
    assert made.source == own.source


def test_an_explanation_is_the_same_whatever_its_numbers_are():
    said = str(cr.explain(cr.problem("xor", row=np.int64(2)), digits=np.int8(4), step=np.uint16(2)))
    assert said == str(cr.explain(cr.problem("xor", row=2), digits=4, step=2))


@pytest.mark.parametrize("wrong", [np.bool_(True), np.float32("nan"), np.float64(2.5), np.array([1, 2]), np.str_("two")])
def test_what_is_none_is_refused_as_ever(wrong):
    for asked in (lambda: cr.dense(wrong), lambda: cr.train(ROWS, target="y", epochs=wrong), lambda: cr.Network(wrong, cr.dense(1))):
        with pytest.raises(cr.InputError):
            asked()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"impute": True}, "no way to impute is called True"), ({"processes": 4}, "processes are those that torchrun or mpirun started"),
        ({"validation": np.ones((9, 9))}, r"not array\(\[\[1., 1"), ({"target": 7}, "no column of the data is called '7'"),
    ],
)  # fmt: skip
def test_what_stands_in_the_place_of_something_else_is_refused_in_a_line(asked, said):
    with pytest.raises(cr.InputError, match=said) as caught:
        cr.train(ROWS, **{"target": "y", **asked})
    assert "\n" not in str(caught.value)
