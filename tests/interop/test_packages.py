"""Models of packages that people install: every value and every gradient is autograd's. What is not installed is skipped."""

import importlib.util
import os
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from tests.interop.packages import PACKAGES  # noqa: E402  # after it is known to be there

from chainrule.api.modules import module_problem  # noqa: E402  # as above
from chainrule.interop.exporting import in_float64  # noqa: E402  # as above


def needed(package):
    name = package.replace("-", "_")
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{package} is not installed: pip install {package}")


def agrees(model, x):
    given = torch.as_tensor(x)
    with torch.no_grad():
        outputs = in_float64(model)(given.double() if given.is_floating_point() else given)[0].numel()
    problem = module_problem(model, x, np.random.default_rng(1).normal(size=(len(x), outputs)))
    found = problem.agreement(problem.step())
    assert not found.apart
    assert found.largest < 1e-11
    return problem, found


@pytest.mark.proof
@pytest.mark.parametrize("name", PACKAGES)
def test_a_model_of_a_package(name):
    needed(name.partition(":")[0])
    make, x = PACKAGES[name]
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a package warns of while it is imported is its own affair
        model = make().eval()
        agrees(model, x)


@pytest.mark.proof
def test_a_keras_model_comes_by_the_same_door(monkeypatch):
    needed("keras")
    monkeypatch.setitem(os.environ, "KERAS_BACKEND", "torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        import keras

        layers = [keras.layers.Conv2D(3, 3, activation="relu"), keras.layers.MaxPooling2D(2), keras.layers.Flatten(), keras.layers.Dense(2)]
        model = keras.Sequential([keras.layers.Input((6, 6, 1)), *layers])
        problem, found = agrees(model, np.random.default_rng(0).normal(size=(2, 6, 6, 1)))
    assert {"conv2d.kernel", "conv2d.bias", "dense.kernel", "dense.bias"} <= {one.name for one in found.compared if one.gradient}
    assert not any("kernel" in key for key in problem.network.frozen)
