"""Closed forms that textbooks state, against the gradients that the rules derive; and each is refused where a term lacks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import examples

from chainrule.formula import closed_forms
from chainrule.formula import primitives as p
from chainrule.formula.backprop import gradients
from chainrule.formula.closed_forms import CLOSED_FORMS, ClosedForm
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, Name, Shape, variable


def shapes_of(form: ClosedForm, sizes: list[int]) -> list[Shape]:
    a, b, c, d = sizes
    return [(a, b, c), (a, d, c), (a, d, b)] if form.key == "attention" else [(a + 1, b, c + 1)]


def difference(form: ClosedForm, shapes: list[Shape], seed: int) -> float:
    """How far the stated gradients are from the derived ones, in parts of the largest."""
    random = np.random.default_rng(seed)
    operands = [variable(Name(letter), shape) for letter, shape in zip("qkv", shapes, strict=False)]
    value = form.value(*operands)
    g = variable(Name("g"), value.shape)
    derived, stated = gradients(value, operands, g), form.gradients(g, *operands)
    numbers = {letter: random.normal(size=tuple(map(int, letter.shape))) for letter in (*operands, g)}
    found = evaluate([*derived.values(), *stated], numbers)
    return max(
        float(np.abs(found[one] - found[derived[operand]]).max() / max(np.abs(found[derived[operand]]).max(), 1e-3))
        for operand, one in zip(operands, stated, strict=True)
    )


@pytest.mark.parametrize("form", CLOSED_FORMS, ids=lambda form: form.key)
@examples(25)
@given(sizes=st.lists(st.integers(1, 5), min_size=4, max_size=4), seed=st.integers(0, 2**32 - 1))
def test_what_textbooks_state_is_what_the_rules_derive(form: ClosedForm, sizes: list[int], seed: int) -> None:
    assert difference(form, shapes_of(form, sizes), seed) < 1e-9


def test_a_form_without_one_of_its_terms_is_noticed() -> None:
    """Statistics taken as constants, and scores that are not divided by √d."""

    def constant_statistics(g: Expression, x: Expression) -> tuple[Expression, ...]:
        return (g / closed_forms._deviation(x, (2,), 1e-5),)

    def unscaled(g: Expression, q: Expression, k: Expression, v: Expression) -> tuple[Expression, ...]:
        of_q, of_k, of_v = closed_forms.attended_gradients(g, q, k, v)
        return of_q * math.sqrt(int(q.shape[-1])), of_k, of_v

    layer_norm = next(form for form in CLOSED_FORMS if form.key == "layer_norm")
    attention = next(form for form in CLOSED_FORMS if form.key == "attention")
    wrong = [
        ClosedForm("layer_norm", layer_norm.value, constant_statistics, ""),
        ClosedForm("attention", attention.value, unscaled, ""),
    ]
    assert all(difference(form, shapes_of(form, [2, 3, 4, 3]), 1) > 0.05 for form in wrong)


def test_the_layers_compute_what_the_forms_are_of() -> None:
    import chainrule as cr

    x = np.random.default_rng(2).normal(size=(4, 3))
    for form, layer in (("layer_norm", cr.layer_norm(scale=False)), ("batch_norm", cr.batch_norm(scale=False))):
        network = cr.Network(3, layer, cr.dense(1))
        value = next(one for one in CLOSED_FORMS if one.key == form).value(signal := variable(Name("x"), (4, 3)))
        h = next(q for q in network.derivation.quantities if q.symbol == "h")
        step = network.step(x, np.zeros((4, 1)))
        np.testing.assert_allclose(step.values[h.key], evaluate([value], {signal: x})[value], rtol=1e-12)
    assert p.softmax
