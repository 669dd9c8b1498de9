"""Models of every kind in use: each value and each gradient is autograd's, and the step is explained."""

import copy
from functools import cache

import numpy as np
import pytest
from tests.samples import some

pytest.importorskip("torch")
import torch  # after it is known to be there
from tests.interop.zoo import ZOO  # as above

from chainrule.api.modules import module_problem  # as above

pytestmark = pytest.mark.usefixtures("shorter_runs")

QUICK = {"convolutional", "gru", "encoder", "gpt", "temporal", "einsum"}


def quick(name):
    return name in QUICK


def outputs(model, x):
    """How many numbers a model gives for an example, by PyTorch alone; the running means of a copy are moved."""
    given = [torch.as_tensor(one) for one in (x if isinstance(x, tuple) else (x,))]
    return copy.deepcopy(model).double()(*given)[0].numel()


@cache
def explained(name):
    """A model with its problem: what several tests ask of it is exported once."""
    make, x = ZOO[name]
    torch.manual_seed(0)
    model = make()
    return model, module_problem(model, x, np.random.default_rng(1).normal(size=(3, outputs(model, x))))


@pytest.mark.parametrize("name", some(ZOO, quick))
def test_every_value_and_gradient_is_autograds(name):
    model, problem = explained(name)
    found = problem.agreement(problem.step())
    assert not found.apart
    assert found.largest < 1e-11
    gradients = {one.name for one in found.compared if one.gradient}
    names = dict(model.named_parameters(remove_duplicate=False))
    assert {id(tensor) for tensor in names.values()} == {id(names[name]) for name in gradients & names.keys()}


@pytest.mark.parametrize("name", some(ZOO, lambda name: name in ("encoder", "in place")))
def test_the_step_is_explained(name):
    assert "arrays agree" in str(explained(name)[1].explain(detail="overview"))
