"""The gradients of a person's own model are checked, in the model's own names."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import pytest

import chainrule as cr
from chainrule.base.errors import InputError

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402  # after it is known to be there

RANDOM = np.random.default_rng(0)
X, T = torch.tensor(RANDOM.normal(size=(4, 3))), torch.tensor(RANDOM.normal(size=(4, 2)))


class Bent(torch.autograd.Function):
    """tanh with a backward pass by hand, from which the square is missing."""

    @staticmethod
    def forward(ctx, z):
        h = torch.tanh(z)
        ctx.save_for_backward(h)
        return h

    @staticmethod
    def backward(ctx, g):
        (h,) = ctx.saved_tensors
        return g * (1 - h)


class ByHand(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.outer(Bent.apply(self.inner(x)))


def model():
    torch.manual_seed(0)
    return nn.Sequential(OrderedDict(inner=nn.Linear(3, 4), bend=nn.Tanh(), outer=nn.Linear(4, 2))).double()


def test_gradients_that_stand_in_the_model_are_right():
    own = model()
    nn.MSELoss()(own(X), T).backward()
    found = cr.check_model(own, X, T, loss=nn.MSELoss())
    assert found.passed
    assert [one.name for one in found.found] == ["outer.bias", "outer.weight", "inner.bias", "inner.weight"]
    assert str(found).endswith("All 4 gradients are right.")


def test_a_backward_pass_by_hand_is_run():
    torch.manual_seed(0)
    found = cr.check_model(ByHand(), X, T)
    assert [one.name for one in found.found if not one.right] == ["inner.bias", "inner.weight"]
    assert "Back-propagation comes to inner.bias first" in str(found)


def test_it_is_said_in_german():
    torch.manual_seed(0)
    found = cr.check_model(ByHand(), X, T)
    assert "Die Backpropagation kommt zuerst zu inner.bias" in found.said("de")
    assert len(found.said("de").splitlines()) == len(str(found).splitlines())
    own = model()
    nn.MSELoss()(own(X), T).backward()
    found = cr.check_model(own, X, T, loss=nn.MSELoss(), gradients={name: one.grad / 2 for name, one in own.named_parameters()})
    assert "outer.weight: er ist das 0,5-Fache des richtigen" in found.said("de")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda g: {**g, "outer.weight": -g["outer.weight"]}, "outer.weight: its sign is wrong"),
        (lambda g: {name: 4 * one for name, one in g.items()}, r"it is 4 times the right one (the number of examples, 4)"),
        (lambda g: {f"{name}.grad": one.T for name, one in g.items()}, "it is the right one, transposed"),
        (lambda g: {**g, "inner.bias": 0 * g["inner.bias"]}, "inner.bias: it is 0"),
        (lambda g: {name: one for name, one in g.items() if name != "inner.bias"}, "inner.bias: there is none"),
    ],
)
@pytest.mark.filterwarnings("ignore:The use of `x.T`:UserWarning")
def test_what_is_wrong_is_said(change, words):
    own = model()
    nn.MSELoss()(own(X), T).backward()
    found = cr.check_model(own, X, T, loss=nn.MSELoss(), gradients=change({name: one.grad for name, one in own.named_parameters()}))
    assert not found.passed
    assert words in str(found)


def test_names_that_the_model_has_not_are_refused():
    with pytest.raises(InputError, match=r"no parameter 'middle\.weight'"):
        cr.check_model(model(), X, T, gradients={"middle.weight": np.zeros(3)})
    with pytest.raises(InputError, match="gradients of a PyTorch module"):
        cr.check_model("model", X, T)
