"""The numbers of the document that the project grew from, of the article behind it, and of Mazur's example."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from chainrule.diagnosis.rates import advise
from chainrule.diagnosis.simulation import Runner
from chainrule.engines.full_batch import FullBatch
from chainrule.engines.unrolled import Unrolled
from chainrule.formula.expression import Name, variable
from chainrule.formula.scalar import Element, Scalars
from chainrule.network.examples import example
from chainrule.steps.problem import problem_from
from chainrule.steps.step import Step


def first(name: str, *, exact: bool = False) -> Step:
    return problem_from(example(name)).step(exact=exact)


def by_number(matrices: list[np.ndarray]) -> list[float]:
    """w1, w2 … in the numbering: unit by unit, in the order of the inputs."""
    return [value for matrix in matrices for value in matrix.T.ravel().tolist()]


SLOPES = [-3.286976, -4.930464, -2.286592, -3.429888, -15.00576, -3.144064]
NEW = [0.3743488, 0.8065232, 0.3043296, 0.1914944, 0.980288, 0.3172032]


def test_the_seed() -> None:
    step = first("seed")
    assert step.before["h1"].tolist() == [pytest.approx([8.4, 1.76], rel=1e-12)]
    assert step.prediction.item() == pytest.approx(2.2136, rel=1e-12)
    assert step.error == pytest.approx(1.59561248, rel=1e-12)
    assert by_number([step.gradients["W1"], step.gradients["W2"]]) == pytest.approx(SLOPES, rel=1e-12)
    assert by_number([step.new_parameters["W1"], step.new_parameters["W2"]]) == pytest.approx(NEW, rel=1e-12)
    assert step.after["h1"].tolist() == [pytest.approx([12.6730688, 4.7325696], rel=1e-12)]
    assert step.after.prediction.item() == pytest.approx(13.92444348915712, rel=1e-12)
    assert step.after.error == pytest.approx(49.2472892847365751215, rel=1e-12)


def test_the_seed_in_fractions() -> None:
    step = first("seed", exact=True)
    assert step.prediction.item() == Fraction("2.2136")
    assert step.error == Fraction("1.59561248")
    assert by_number([step.gradients["W1"], step.gradients["W2"]]) == [Fraction(str(slope)) for slope in SLOPES]
    assert step.gradients["W2"][1, 0] == Fraction(-49126, 15625)
    assert by_number([step.new_parameters["W1"], step.new_parameters["W2"]]) == [Fraction(str(weight)) for weight in NEW]
    assert step.after["h1"].ravel().tolist() == [Fraction("12.6730688"), Fraction("4.7325696")]
    assert step.after.prediction.item() == Fraction("13.92444348915712")
    assert step.after.error == (Fraction("13.92444348915712") - 4) ** 2 / 2
    assert 49247289284736575121500000 <= step.after.error * 10**24 < 49247289284736575121600000


def test_the_layout_of_its_weights() -> None:
    step = first("seed")
    assert step.parameters["W1"].tolist() == [[0.21, 0.19], [0.56, 0.02]]
    assert step.parameters["W2"].tolist() == [[0.23], [0.16]]
    assert step.network.weights == [0.21, 0.56, 0.19, 0.02, 0.23, 0.16]


def test_the_chain_of_its_first_weight() -> None:
    step = first("seed")
    derivation, scalars = step.network.derivation, Scalars({"batch": 1})
    y, h1, W1 = (Element(derivation.named[key], index) for key, index in (("y", (0, 0)), ("h1", (0, 0)), ("W1", (0, 0))))
    assert [repr(scalars.derivative(a, b)) for a, b in ((y, h1), (h1, W1))] == ["W⁽²⁾[1,1]", "x1"]
    assert variable(Name("W", 1, (0, 0))).name == W1.name


def test_repeating_with_its_rate_does_not_bring_the_error_to_nought() -> None:
    predictions = [step.prediction.item() for step in itertools.islice(problem_from(example("seed")).steps(), 12)]
    assert predictions[:5] == pytest.approx([2.2136, 13.924, 526.7, 7.4e7, 2.1e23], rel=0.03)
    assert predictions[1] == pytest.approx(13.92444348915712, rel=1e-12)
    assert not np.isfinite(predictions[-1])
    assert any(np.isinf(predictions))
    assert np.isnan(predictions[-1])


def test_the_step_made_the_error_31_times_larger() -> None:
    step = first("seed")
    assert round(step.after.error / step.error) == 31


def test_which_rates_would_have_done() -> None:
    step = first("seed")
    advice = advise(Runner(FullBatch(step.network, step.x, step.t, step.optimizer)))
    assert advice is not None
    assert advice.lowers_below == 0.0189
    assert advice.best_single is not None
    assert advice.best_single[0] == pytest.approx(0.010168, rel=1e-4)
    assert advice.best_single[1] < 1e-12
    assert advice.converges_below == 0.0172
    assert advice.converges_below < 1 / (4 * 208**0.5)
    assert advice.recommended is not None
    assert advice.recommended.reaches == 4
    assert advice.recommended.last_error < 1e-12


def test_the_article() -> None:
    step = first("article")
    assert step.prediction.item() == pytest.approx(0.191, rel=1e-12)
    assert step.error == pytest.approx(0.5 * 0.809**2, rel=1e-12)
    assert by_number([step.new_parameters["W1"], step.new_parameters["W2"]]) == pytest.approx(
        [0.12, 0.23, 0.13, 0.10, 0.17, 0.17], abs=0.006
    )
    assert f"{step.after.prediction.item():.4f}" == "0.2557"
    assert f"{step.after.prediction.item():.2f}" == "0.26"


def test_mazur() -> None:
    step = first("mazur")
    net, out = step.before["z1"].ravel(), step.before["h1"].ravel()
    assert [f"{number:.9f}" for number in out] == ["0.593269992", "0.596884378"]
    assert f"{net[0]:.4f}" == "0.3775"
    assert [f"{number:.9f}" for number in step.prediction.ravel()] == ["0.751365070", "0.772928465"]
    assert f"{step.error:.9f}" == "0.298371109"
    slopes = by_number([step.gradients["W1"], step.gradients["W2"]])
    assert f"{slopes[4]:.9f}" == "0.082167041"
    assert f"{slopes[0]:.9f}" == "0.000438568"
    new = by_number([step.new_parameters["W1"], step.new_parameters["W2"]])
    assert [f"{w:.8f}" for w in new[4:]] == ["0.35891648", "0.40866619", "0.51130127", "0.56137012"]
    assert new[:4] == pytest.approx([0.149780716, 0.19956143, 0.24975114, 0.29950229], abs=6e-9)
    assert f"{step.after.error:.9f}" == "0.291027774"


def test_mazur_leaves_his_biases_as_they_are() -> None:
    step = first("mazur")
    assert step.network.frozen == {"b1", "b2"}
    for key in ("b1", "b2"):
        assert step.new_parameters[key].tolist() == step.parameters[key].tolist()
        assert np.all(step.gradients[key] != 0)


def test_mazur_after_ten_thousand_rounds() -> None:
    """He prints the error of the 10,000th."""
    found = problem_from(example("mazur"))
    assert found.x is not None
    assert found.t is not None
    assert found.optimizer is not None
    errors, _ = Unrolled(FullBatch(found.network, found.x, found.t, found.optimizer)).run(None, 10_000)
    assert f"{errors[-1]:.10f}" == "0.0000351085"
