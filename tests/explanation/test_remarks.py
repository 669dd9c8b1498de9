"""Remarks of an explanation: where there is no slope, why E cannot reach 0, where a schedule leads; and that nothing is told in vain."""

from __future__ import annotations

import pytest
from tests.samples import some

import chainrule as cr
from chainrule.api.problems import problem


def told(asked, **options: object) -> str:
    return " ".join(str(asked.explain(**options)).split())


@pytest.mark.parametrize("detail", ["overview", "matrix", "scalar"])
def test_units_on_a_kink_are_named_with_the_slope_that_is_taken(detail: str) -> None:
    text = told(problem("2-2-1", activation="relu", weights="0 0 1 1 1 1 0 0 0", input="1 2", target="1"), detail=detail)
    assert (
        "z1⁽¹⁾ stands on a kink: the slope of h by z⁽¹⁾ is 0 to the left of it and 1 to the right, and there is none between; 0 is taken"
        in text
    )
    both = told(problem("2-2-1", activation="relu", weights="0 0 0 0 1 1 0 0 0", input="1 2", target="1"), detail=detail)
    assert "z1⁽¹⁾, z2⁽¹⁾ stand on kinks" in both
    loss = told(problem("1-1", loss="absolute", weights="1 0", input="2", target="2"), detail=detail)
    assert (
        "y stands on a kink: the slope of E by y is −1 to the left of it and 1 to the right, and there is none between; 0 is taken" in loss
    )


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "relu", "weights": "1 0 1 1 1 1 0 0 0"},
        {"activation": "elu", "weights": "0 0 1 1 1 1 0 0 0"},  # its slope is 1 on both sides of 0
        {"activation": "tanh", "weights": "0 0 1 1 1 1 0 0 0"},
    ],
)
def test_where_there_is_a_slope_nothing_is_said(options: dict[str, str]) -> None:
    assert "kink" not in told(problem("2-2-1", input="1 2", target="1", **options), detail="scalar")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"output_activation": "sigmoid", "target": "2"}, "E cannot reach 0: for t = 2 the loss stays above 0"),
        ({"output_activation": "relu", "target": "-1"}, "E cannot reach 0: for t = −1 the loss stays above 0"),
        ({"output_activation": "sigmoid", "target": "1"}, "E comes near 0 only in the limit: for t = 1"),
        ({"output_activation": "softsign", "target": "1"}, "E comes near 0 only in the limit: for t = 1"),
        ({"output_activation": "softplus", "target": "0"}, "E comes near 0 only in the limit: for t = 0"),
        ({"output_activation": "sigmoid", "loss": "binary_cross_entropy", "target": "0.5"}, "E cannot reach 0: for t = 0.5"),
        ({"target": "2; 3", "input": "1; 1"}, "E cannot reach 0: samples 1 and 2 have the same inputs and different targets"),
    ],
)
def test_why_the_error_cannot_reach_zero(options: dict[str, str], said: str) -> None:
    assert said in told(problem("1-1", **{"loss": "squared", "input": "1", "weights": "0.5 0", **options}))


@pytest.mark.parametrize(
    "options",
    [
        {"output_activation": "sigmoid", "target": "0.5"},
        {"target": "-1"},
        {"output_activation": "relu", "target": "0"},
        {"target": "0.7233111"},
        {"target": "27.7233111"},
        {"target": "0.33333", "loss": "absolute"},
        {"output_activation": "sigmoid", "target": "0.123456789"},
        {"output_activation": "softplus", "target": "3.3331"},
        {"output_activation": "relu", "target": "123.4567"},
        {"output_activation": "tanh", "target": "-0.98765", "loss": "log_cosh"},
        {"output_activation": "softsign", "target": "0.97"},
        {"target": "2; 2", "input": "1; 1"},
        {"target": "1; -1", "input": "1; 2", "loss": "hinge", "output_activation": "identity"},
    ],
)
def test_where_it_can_nothing_is_said(options: dict[str, str]) -> None:
    text = told(problem("1-1", **{"loss": "squared", "input": "1", "weights": "0.5 0", **options}))
    assert "cannot reach" not in text
    assert "in the limit" not in text


def test_the_penalty_is_told_as_a_part_of_the_error() -> None:
    text = told(problem("1-1", input="1", target="1", weights="0.5 0", regularizer="l2:rate=0.1"), detail="scalar")
    assert "Of E, 9.09 % is the penalty" in text  # ½ · 0.1 · 0.25 of 0.125 + 0.0125
    assert "E can reach 0 only where every weight that is penalised is 0" in text  # with the bias 1 it does


def test_with_a_penalty_and_a_bounded_output_nothing_is_said_to_be_within_reach() -> None:
    def said(target: str) -> str:
        bounded = {"output_activation": "sigmoid", "regularizer": "l2:rate=0.1", "weights": "0.5 0"}
        return told(problem("1-1", input="1", target=target, **bounded))

    assert "E cannot reach 0: the loss comes near 0 only as the net input" in said("1")
    assert "E cannot reach 0: for t = 2 the loss stays above 0" in said("2")
    assert "E can reach 0" not in said("1") + said("2")
    assert "E can reach 0 only where every weight that is penalised is 0" in said("0.5")


@pytest.mark.parametrize("regularizer", some(["l1:rate=0.1", "l2:rate=0.1", "elastic_net"], 3))
def test_with_a_penalty_the_error_cannot_reach_zero_where_targets_differ(regularizer: str) -> None:
    text = told(problem("2-2-1", seed=1, input="1 2; 0 1; 3 1", target="1; 1; 2", regularizer=regularizer))
    assert "where all of them are 0, samples 2 and 3 have the same prediction and different targets" in text
    assert "penalised" not in told(problem("2-2-1", seed=1, input="1 2; 0 1", target="1; 2"))


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        ("cosine:rate=0.1,steps=20", "The learning rate falls to 0 in step 21; after that it rises again."),
        ("warmup:rate=0.1,steps=7", "From step 7 on the learning rate stays 0.1."),
        ("one_cycle:rate=0.1,steps=50", "From step 50 on the learning rate stays"),
    ],
)
def test_where_a_schedule_leads(rate: str, said: str) -> None:
    assert said in told(problem("seed", learning_rate=rate))


def test_a_rate_that_always_falls_never_stays() -> None:
    assert "the learning rate stays" not in told(problem("seed", learning_rate="exponential:rate=0.1"), detail="overview")


CLASSES = {"loss": "cross_entropy", "weights": "0.5 -0.5 0 0", "input": "1"}


def test_classes_come_near_0_only_in_the_limit_or_not_at_all() -> None:
    assert "E comes near 0 only in the limit: the loss gets ever smaller" in told(problem("1-2", **CLASSES, target="1 0"))
    assert "E cannot reach 0: with these targets the loss stays above 0" in told(problem("1-2", **CLASSES, target="0.3 0.7"))
    both = told(problem("1-2", **{**CLASSES, "input": "1; 1"}, target="1 0; 0 1"))
    assert "samples 1 and 2 have the same inputs and different targets" in both
    assert "in the limit" not in both  # it is not near 0 there either
    reached = told(problem("1-2", **{**CLASSES, "loss": "kl"}, target="0.3 0.7"))
    assert "cannot reach 0" not in reached
    assert "in the limit" not in reached


def test_what_no_shorter_step_lowers_was_not_too_long() -> None:
    options = {"output_activation": "sigmoid", "loss": "absolute", "regularizer": "l1:rate=0.05", "bias": False}
    text = told(problem("1-2-1", activation="identity", weights="-1 1 0 0", input="1; 1", target="4; 0.5", **options), detail="scalar")
    assert "It rose by 0.02 %: none of the shorter steps that were tried lowers it either." in text
    assert "w3, w4 stand on kinks: the slope of R by W2 is −0.05 to the left and 0.05 to the right" in text
    assert "yˢ² stands on a kink" in text  # a sample that is not worked out
    assert "unless they begin on a kink" in text


def test_what_follows_the_batches_is_not_frozen_and_what_rounding_leaves_is_0() -> None:
    network = cr.Network(2, cr.dense(2), cr.batch_norm(), cr.dense(1), seed=0)
    x, t = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    text = told(network.step(x, t), detail="matrix")
    assert "Of them, 4 are running averages" in text
    assert "frozen" not in text
    assert "Left as they are" not in text
    assert "10^−17" not in text
    assert "r2, γ2 start at 1." in text


def test_a_long_derivative_has_a_letter_in_every_chain() -> None:
    text = told(problem("2-1", loss="focal", input="1 2", target="1", weights="0.39 -0.65 0"), detail="scalar")
    assert "∂E/∂w2 = ∂E/∂z · ∂z/∂w2 = δ · x2" in text
    assert "w2 ← w2 − η · x2 · δ" in text
    alone = told(problem("2-1", loss="focal", input="1 2", target="1", weights="0.39 -0.65 0"), weight="w2")
    assert "δ = softplus(−z) · 0.25 · t" in alone
    assert "∂z/∂w2 = δ · x2" in alone


def test_a_layer_that_gives_one_number_whatever_it_gets_is_named() -> None:
    alone = "The output layer (softmax) gives 1 whatever its net input is, and training cannot change that: softmax compares the units of"
    text = told(problem("1-1", loss="cross_entropy", input="1", target="1"), detail="overview")
    assert alone in text
    assert "E = −t ⊙ ln(y) ≈ 0" in text  # not the dust of fifty digits
    assert "whatever its net input is" not in told(problem("1-2", loss="cross_entropy", input="1", target="1 0"), detail="overview")


def test_what_was_too_long_and_what_moves_without_a_gradient() -> None:
    dead = problem("1-1-1", activation="relu", weights="-1 1 0 0.5", input="1", target="1", optimizer="adamw", learning_rate=0.1)
    text = told(dead, detail="overview")
    assert "The gradient is exactly 0: at no learning rate is anything learned." not in text  # the last bias learns
    dead = problem("1-1-1", activation="relu", bias=False, weights="-1 1", input="1", target="1", optimizer="adamw", learning_rate=0.1)
    text = told(dead, detail="overview")
    assert "at no learning rate is anything learned" in text
    assert "The error was 0.5 and is the same after the step." in text


def test_what_does_not_occur_is_not_explained() -> None:
    assert "[a > b]" not in told(problem("xor"))
    assert "[a > b]" in told(problem("2-2-1", activation="relu", seed=1), detail="scalar")
    hinge = told(problem("1-1", loss="hinge", input="1", target="1", weights="0.5 0"), detail="scalar")
    assert hinge.count("[a > b] is 1") == 1
    exact = told(problem("seed", target="2.2136"))
    assert "is shown at the end" not in exact
    assert "is shown at the end" in told(problem("seed"))
    iris = cr.Network(2, cr.dense(2, "softmax"), loss="cross_entropy", seed=1).step([[1, 2]], [[1, 0]])
    assert "first sample" not in " ".join(str(iris.explain(detail="scalar")).split())


def test_the_sign_of_a_gradient_is_told_right() -> None:
    assert "The sign of ∂E/∂w says whether E rises (+) or falls (−) when the weight w grows, and its size how steeply" in told(
        problem("seed")
    )
    assert "Das Vorzeichen von ∂E/∂w sagt, ob E steigt (+) oder fällt (−)" in told(problem("seed", language="de"))


def test_an_output_with_an_activation_for_each_unit_is_explained() -> None:
    network = cr.Network(2, cr.dense(3, ["relu", "tanh", "sigmoid"]), loss="squared", seed=1)
    step = network.step([[1, 2]], [[1, 0, 2]])
    assert all(str(step.explain(detail=detail)) for detail in ("overview", "matrix", "scalar"))
