"""The built-in examples reach the numbers that are known of them."""

import itertools

import pytest

from chainrule.base.errors import UnknownNameError
from chainrule.network.examples import EXAMPLES, example
from chainrule.steps.problem import problem_from


def first_step(name):
    return problem_from(example(name)).step()


def test_the_seed():
    step = first_step("seed")
    assert step.before["h1"].ravel() == pytest.approx([8.4, 1.76], rel=1e-12)
    assert step.prediction.item() == pytest.approx(2.2136, rel=1e-12)
    assert step.error == pytest.approx(1.59561248, rel=1e-12)
    assert step.gradients["W1"].T.ravel() == pytest.approx([-3.286976, -4.930464, -2.286592, -3.429888], rel=1e-12)
    assert step.gradients["W2"].ravel() == pytest.approx([-15.00576, -3.144064], rel=1e-12)
    new = [0.3743488, 0.8065232, 0.3043296, 0.1914944, 0.980288, 0.3172032]
    assert [*step.new_parameters["W1"].T.ravel(), *step.new_parameters["W2"].ravel()] == pytest.approx(new, rel=1e-12)
    assert step.after.prediction.item() == pytest.approx(13.92444348915712, rel=1e-12)
    assert step.after.error == pytest.approx(49.2472892847365751215, rel=1e-12)


def test_the_article():
    step = first_step("article")
    assert step.prediction.item() == pytest.approx(0.191, rel=1e-12)
    assert step.after.prediction.item() == pytest.approx(0.2557, abs=5e-5)


def test_mazur_to_his_digits():
    step = first_step("mazur")
    assert step.prediction.ravel() == pytest.approx([0.75136507, 0.772928465], abs=5e-9)
    assert step.error == pytest.approx(0.298371109, abs=5e-10)
    assert step.gradients["W2"][0, 0] == pytest.approx(0.082167041, abs=5e-10)
    assert step.gradients["W1"][0, 0] == pytest.approx(0.000438568, abs=5e-10)
    assert step.new_parameters["W1"].T.ravel() == pytest.approx([0.149780716, 0.19956143, 0.24975114, 0.29950229], abs=5e-9)
    assert step.new_parameters["W2"].T.ravel() == pytest.approx([0.35891648, 0.408666186, 0.511301270, 0.561370121], abs=5e-9)
    assert step.after.error == pytest.approx(0.291027774, abs=5e-10)
    assert step.new_parameters["b1"] == step.parameters["b1"] == 0.35


def test_mazurs_biases_by_his_own_text():
    """He has one bias a layer; the gradient by it is the sum of those by two biases that stood in its place."""
    shared, apart = first_step("mazur"), example("mazur")
    apart["layers"] = [{"units": 2, "activation": "sigmoid"}] * 2
    apart["weights"] = [*apart["weights"][:8], 0.35, 0.35, 0.60, 0.60]
    found = next(problem_from(apart).steps())
    assert found.error == pytest.approx(shared.error, rel=1e-15)
    for key in ("b1", "b2"):
        assert shared.parameters[key].shape == ()
        assert shared.gradients[key] == pytest.approx(found.gradients[key].sum(), rel=1e-14)
    assert found.gradients["b1"] == pytest.approx([0.00877135, 0.00995425], rel=1e-5)


@pytest.mark.parametrize("name", ["xor", "iris"])
def test_training_works(name):
    problem = problem_from(example(name))
    last = next(itertools.islice(problem.steps(), 400, None))
    assert last.error < 0.05
    right = (last.prediction > 0.5) == (problem.t > 0.5)
    assert right.all()


def test_the_gradient_vanishes():
    gradients = first_step("vanishing").gradients
    sizes = [abs(gradients[f"W{layer}"].item()) for layer in range(1, 9)]
    assert sizes == sorted(sizes)
    assert sizes[0] < 1e-4 * sizes[-1]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_may_be_changed(name):
    example(name)["layers"][0]["units"] = "?"
    assert example(name)["layers"][0]["units"] != "?"


def test_an_unknown_example():
    with pytest.raises(UnknownNameError, match="Did you mean 'mazur'"):
        example("mazurr")
