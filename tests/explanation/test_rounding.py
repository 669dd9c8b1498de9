"""What is 0 but for rounding is shown as 0, and nothing else is: judged by the terms, whatever their scale."""

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.document.words import with_powers
from chainrule.explanation.explain import contexts
from chainrule.explanation.rounding import without_dust
from chainrule.formula.expression import Name, named, variable
from chainrule.network.normalization import batch_norm
from chainrule.notation.formula import Number

a, b, c = (variable(Name(letter), ("batch",)) for letter in "abc")
SUM = named(Name("s"), a + b - c)


@pytest.mark.parametrize("scale", [1e-150, 1e-17, 1.0, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dust_is_known_by_its_terms(scale, dtype):
    if dtype is np.float32 and scale < 1e-30:
        scale = 1e-20
    precision = float(np.finfo(dtype).eps)
    a_, b_ = (np.array([x, x], dtype) * dtype(scale) for x in (0.1, 0.2))
    c_ = (a_ + b_) * np.array([1 + precision, 1 + 1000 * precision], dtype)
    recorded = a_ + b_ - c_
    found = without_dust({"a": a_, "b": b_, "c": c_, "s": recorded}, (), [SUM])["s"]
    assert recorded.all()
    assert found.tolist() == [0, recorded[1]]


def test_what_is_made_of_dust_is_dust():
    product = named(Name("p"), SUM * c)
    arrays = {"a": np.array([0.1]), "b": np.array([0.2]), "c": np.array([0.3])}
    arrays["s"] = arrays["a"] + arrays["b"] - arrays["c"]
    arrays["p"] = arrays["s"] * arrays["c"]
    assert arrays["p"].all()
    assert not without_dust(arrays, (), [SUM, product])["p"].any()


def test_what_overflows_is_no_dust():
    arrays = {"a": np.array([math.inf, 1e308]), "b": np.array([1.0, 1e308]), "c": np.array([1.0, 1.0])}
    with np.errstate(over="ignore"):
        arrays["s"] = arrays["a"] + arrays["b"] - arrays["c"]
    assert without_dust(arrays, (), [SUM])["s"].tolist() == [math.inf, math.inf]


def test_a_bias_before_a_batch_normalisation_has_no_gradient():
    network = cr.Network(3, cr.dense(4), batch_norm(), cr.dense(2))
    random = np.random.default_rng(3)
    network = network.with_parameters({key: random.normal(size=shape) for key, shape in network.shapes.items()})
    (context,) = contexts(network.step(random.normal(size=(7, 3)), random.normal(size=(7, 2))), detail="overview")
    assert context.step.values["db1"].any()
    assert not context.settled["db1"].any()
    others = [key for key in context.step.gradients if key != "b1"]
    assert all(np.array_equal(context.settled[f"d{key}"], context.step.values[f"d{key}"]) for key in others)


def test_powers_of_ten_in_prose_are_raised():
    assert with_powers("2.4 · 10^−13 or 10⁶, not 110^3") == ["2.4 · ", Number("1", -13), " or ", Number("1", 6), ", not 110^3"]
