"""Operations of which no formula is known: PyTorch states their values and gradients, which is said, and counted."""

import json
import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule.base.errors import InexactError, InputError
from chainrule.formula.stated import computed, held, stated_operations
from chainrule.pages.program import function_table

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402  # after it is known to be there

from chainrule.api.modules import module_problem  # noqa: E402  # as above


class Ordered(nn.Module):
    """A running product, and what is sorted."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.b(torch.cumprod(self.a(x), 1) + torch.sort(self.a(x), 1)[0])


X, T = np.random.default_rng(0).normal(size=(2, 3)), np.random.default_rng(1).normal(size=(2, 2))


@pytest.fixture(scope="module")
def problem():
    torch.manual_seed(0)
    return module_problem(Ordered(), X, T)


def test_their_values_and_gradients_are_autograds(problem):
    found = problem.agreement(problem.step())
    assert not found.apart
    assert sorted(stated_operations(*problem.network.derivation.predictions)) == ["cumprod", "sort"]


def test_they_are_named_on_paper_and_counted(problem):
    document = " ".join(str(problem.explain(detail="matrix")).split())
    assert "h_cumprod = cumprod(h_aᵗ¹)" in document
    assert "∂E/∂h_aᵗ¹ = cumprod′(∂E/∂h_cumprod, h_aᵗ¹)" in document
    assert "For 2 operations there is no formula here (cumprod, sort)" in document
    assert problem.explain(detail="overview").programs() == ()


def test_each_element_follows_from_all_of_them(problem):
    document = str(problem.explain(weight="a.W[2,3]"))
    assert "sort′(" in document
    assert f"≈ {problem.step().gradients['W_a'][1, 2]:.6g}" in document.replace("−", "-")


def test_such_a_network_is_described_recorded_and_trained(problem):
    network = problem.network
    assert cr.network_from(json.loads(json.dumps(cr.described(network)))) == network
    assert pickle.loads(pickle.dumps(network)) == network
    training = cr.Training(network, X, T, cr.Plan(epochs=2, batch_size=2, precision="float64", shuffle=False, optimizer=cr.sgd(0.05)))
    second = next(step for step in network.steps(X, T, cr.sgd(0.05)) if step.number == 2)
    after = training.run().network.parameters
    assert all(np.allclose(after[key], second.new_parameters[key], rtol=1e-12, atol=1e-14) for key in after)


def test_fractions_and_programs_are_refused_in_words(problem):
    with pytest.raises(InexactError, match="computed by PyTorch, without fractions"):
        problem.explain(exact=True)
    with pytest.raises(InputError, match="2 operations that only PyTorch computes"):
        cr.page(problem)


def test_a_description_calls_nothing_but_functions_of_arrays():
    with pytest.raises(InputError, match="no function of arrays"):
        computed([], {"operation": "from_file.default", "given": ("x", True, 4), "named": (), "kinds": (), "which": 0})


class Stopped(nn.Module):
    """h ⊙ (1 − ½ sg(h)): a gradient that is stopped."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, x):
        h = torch.tanh(self.a(x))
        return self.b(h - 0.5 * h.detach() * h)


@pytest.fixture(scope="module")
def stopped():
    torch.manual_seed(0)
    return module_problem(Stopped(), X, T)


@pytest.mark.parametrize("engine", ["written", "compiled", "jax"])
def test_every_engine_stops_a_gradient(stopped, engine):
    if engine == "jax":
        pytest.importorskip("jax", reason="JAX is not installed: pip install jax")
    plan = cr.Plan(epochs=1, batch_size=2, precision="float64", shuffle=False, optimizer=cr.sgd(0.05), validation=0, test=0, engine=engine)
    after = cr.Training(stopped.network, X, T, plan).run().network.parameters
    step = stopped.network.step(X, T, optimizer=cr.sgd(0.05))
    assert not stopped.agreement(step).apart
    assert all(np.allclose(after[key], step.new_parameters[key], rtol=1e-13, atol=1e-15) for key in after)


def test_a_gradient_that_is_stopped_stands_on_paper_on_the_page_and_is_not_measured(stopped):
    assert "sg(h_tanh)" in str(stopped.explain(detail="matrix"))
    assert "sg" in cr.page(stopped)
    assert function_table([held])["held"] == {"instructions": [["leaf", [], {"key": "x"}]], "result": 0}
    assert "dead" not in str(cr.doctor(Stopped(), x=X, t=T))
    with pytest.raises(InputError, match="is stated, and is no derivative"):
        cr.prove(held)
