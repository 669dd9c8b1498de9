"""Closed forms that textbooks state, against the gradients that the rules derive; and each is refused where a term lacks."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import examples

import chainrule as cr
from chainrule.base.frozen import replace
from chainrule.engines.written import written_program
from chainrule.formula import closed_forms
from chainrule.formula import primitives as p
from chainrule.formula.backprop import gradients
from chainrule.formula.closed_forms import CLOSED_FORMS, ClosedForm, form_places
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, Name, Shape, named, variable


def shapes_of(form: ClosedForm, sizes: list[int]) -> list[Shape]:
    a, b, c, d = sizes
    channels = [(d + 1,), (d + 1,)] if form.key == "scaled_batch_norm" else []
    return [(a, b, c), (a, c, d)] if form.key == "attention" else [(a + 1, b, c + 1, d + 1), *channels]


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
    """Statistics taken as constants, and shares that need not add up to 1."""

    def constant_statistics(g: Expression, x: Expression) -> tuple[Expression, ...]:
        return (g / closed_forms._deviation(x, (3,), 1e-5),)

    def without_common_term(g: Expression, scores: Expression, v: Expression) -> tuple[Expression, ...]:
        return p.softmax(scores, axis=2) * (g @ p.swapped(v)), closed_forms.attended_gradients(g, scores, v)[1]

    for key, wrong in (("layer_norm", constant_statistics), ("attention", without_common_term)):
        form = replace(form_of(key), gradients=wrong)
        assert difference(form, shapes_of(form, [2, 3, 4, 3]), 1) > 0.05


def form_of(key: str) -> ClosedForm:
    return next(form for form in CLOSED_FORMS if form.key == key)


NORMALISATIONS = {
    "batch_norm": cr.batch_norm,
    "layer_norm": cr.layer_norm,
    "instance_norm": cr.instance_norm,
    "group_norm": partial(cr.group_norm, groups=2),
    "rms_norm": cr.rms_norm,
}


@pytest.mark.parametrize("key", NORMALISATIONS)
@pytest.mark.parametrize("scale", [True, False])
def test_programs_compute_the_form_of_each_normalisation(key: str, scale: bool) -> None:
    """Beside another use of the same signal, so that its gradient has two parts."""

    def net(x: Any) -> Any:
        h = cr.conv(4, 2)(x)
        return cr.dense(2)(cr.flatten()(h + NORMALISATIONS[key](epsilon=0.01, scale=scale)(h)))

    network = cr.Network(cr.image(3, 3, 3), net, seed=2)
    (place,) = form_places(network.derivation.error)
    assert place.form.key == ("scaled_batch_norm" if key == "batch_norm" and scale else key)
    assert f"# dh1 by the closed form of {form_of(key).title}" in program_of_step(network)


@pytest.mark.parametrize("options", [{}, {"causal": True}, {"rotary": True, "heads": 1}])
def test_programs_compute_the_form_of_attention(options: dict[str, Any]) -> None:
    network = cr.Network(cr.sequence(5, 4), cr.multi_head_attention(**{"heads": 2, **options}), cr.flatten(), cr.dense(2), seed=1)
    assert "by the closed form of attention" in program_of_step(network)


def test_one_matrix_behind_a_softmax_at_places_gets_the_sum_of_all() -> None:
    """softmax(S) V, where V is a parameter and has no axis for the batch."""
    network = cr.Network(cr.sequence(2, 3), cr.dense(40, "softmax"), cr.dense(1), seed=1)
    assert "by the closed form of attention" in program_of_step(network)


def program_of_step(network: cr.Network) -> str:
    """The program of a training step, which computes what a step does that knows no closed forms."""
    random = np.random.default_rng(1)
    program, step = written_program(network), network.step(random.normal(size=(4, network.inputs)), random.normal(size=(4, 2)))
    E, *new = program.step(*network.split(step.x, step.t).values(), *network.parameters.values())
    assert float(E) == pytest.approx(step.error, rel=1e-12)
    for key, value in zip(program.outputs[1:], new, strict=True):
        wanted = step.new_parameters[key]
        np.testing.assert_allclose(value, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max() + 1e-15, err_msg=key)
    return program.source


def test_the_rules_are_kept_where_the_form_is_no_less_work_or_leaves_out_what_is_used() -> None:
    few, many = (cr.Network(cr.sequence(5, d), cr.multi_head_attention(), cr.flatten(), cr.dense(2)) for d in (4, 400))
    assert "closed form" in program_of_step(few)
    assert "closed form" not in written_program(many).source  # a sum over 400 features in place of one over 5 places

    x = variable(Name("x"), (4, 3))
    mean = p.mean(x, axes=(1,))
    centred = x - p.spread(mean, axes=(1,), sizes=(3,))
    v = named(Name("v"), p.mean(centred**2, axes=(1,)))
    n = centred / p.spread(p.sqrt(v + 0.1), axes=(1,), sizes=(3,))
    assert [place.form.key for place in form_places(p.total(n, axes=(0, 1)))] == ["layer_norm"]
    assert not form_places(p.total(n, axes=(0, 1)) + p.total(v, axes=(0,)))

    asked = cr.Network(3, cr.layer_norm(), cr.dense(2), gradients=["v1"])
    assert "closed form" not in written_program(asked).source
