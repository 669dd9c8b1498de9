"""Models in the styles of other people: what each has that no other model here has is read, or refused in words."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tests.samples import some

import chainrule as cr
from chainrule.base.errors import InputError

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402  # after it is known to be there
from torch.nn.utils.parametrizations import weight_norm  # noqa: E402  # as above

from chainrule.api.modules import module_problem  # noqa: E402  # as above

RANDOM = np.random.default_rng(0)
VECTORS, SEQUENCES = RANDOM.normal(size=(3, 4)), RANDOM.normal(size=(3, 5, 3))
TOKENS = torch.tensor([[3, 0, 2, 0], [1, 1, 4, 0], [2, 3, 0, 0]])


class Padded(nn.Module):
    """Tokens of which one is padding: its row has no gradient, and nobody looks at it."""

    def __init__(self):
        super().__init__()
        self.table, self.look, self.head = nn.Embedding(5, 4, padding_idx=0), nn.MultiheadAttention(4, 2, batch_first=True), nn.Linear(4, 3)

    def forward(self, x):
        h, padding = self.table(x), x == 0
        there = (~padding).unsqueeze(-1)
        h = h + self.look(h, h, h, key_padding_mask=padding, need_weights=False)[0]
        return self.head((h * there).sum(1) / there.sum(1).clamp(min=1))


class Projected(nn.Module):
    """A recurrence that begins with a state that is learned, goes both ways and gives a projection."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(3, 4, proj_size=2, bidirectional=True, bias=False, batch_first=True)
        self.h, self.c, self.head = nn.Parameter(torch.randn(2, 1, 2)), nn.Parameter(torch.ones(2, 1, 4) / 2), nn.Linear(4, 3)

    def forward(self, x):
        begun = tuple(one.expand(-1, len(x), -1).contiguous() for one in (self.h, self.c))
        return self.head(self.rnn(x, begun)[0][:, -1])


class Named(nn.Module):
    """Names that are none in Python, and an input that is called as the prediction is."""

    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleDict({"my-head": nn.Linear(4, 3), "lambda": nn.Linear(4, 3)})
        self.scales = nn.ParameterDict({"a-b": nn.Parameter(torch.full((3,), 1.5))})

    def forward(self, x, y):
        return self.heads["my-head"](x) * self.scales["a-b"] + self.heads["lambda"](y)


class Routed(nn.Module):
    """The two best of four experts."""

    def __init__(self):
        super().__init__()
        self.gate, self.experts = nn.Linear(4, 4), nn.ModuleList(nn.Linear(4, 3) for _ in range(4))

    def forward(self, x):
        best, places = torch.topk(self.gate(x), 2, dim=-1)
        shares = torch.zeros(len(x), 4, dtype=x.dtype).scatter(1, places, torch.softmax(best, -1))
        return sum(shares[:, k : k + 1] * expert(x) for k, expert in enumerate(self.experts))


class Prototypes(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.points = nn.Linear(4, 5), nn.Parameter(torch.randn(3, 5))

    def forward(self, x):
        return -torch.cdist(self.inner(x), self.points)


class Turned(nn.Module):
    """Positions turned into angles, the largest of all places, and an einsum."""

    def __init__(self):
        super().__init__()
        self.inner, self.head = nn.Linear(3, 4), nn.Linear(4, 3)
        angles = torch.outer(torch.arange(5.0), torch.tensor([1.0, 0.1]))
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, x):
        h = self.inner(x)
        a, b = h[..., ::2], h[..., 1::2]
        h = torch.stack([a * self.cos - b * self.sin, a * self.sin + b * self.cos], -1).flatten(-2)
        shares = torch.einsum("bid,bjd->bij", h, h).softmax(-1)
        return self.head(torch.einsum("bij,bjd->bid", shares, h)).amax(1)


MODELS = {
    "padding": (Padded, TOKENS),
    "weight norm": (lambda: nn.Sequential(weight_norm(nn.Linear(4, 5)), nn.Tanh(), nn.Linear(5, 3)), VECTORS),
    "projection": (Projected, SEQUENCES),
    "names": (Named, (VECTORS, VECTORS[::-1].copy())),
    "routing": (Routed, VECTORS),
    "distances": (Prototypes, VECTORS),
    "angles": (Turned, SEQUENCES),
}


@cache
def problem_of(name):
    make, x = MODELS[name]
    torch.manual_seed(0)
    return module_problem(make(), x, np.random.default_rng(1).normal(size=(3, 3)))


@pytest.mark.parametrize("name", some(MODELS, {"padding", "weight norm", "projection"}.__contains__))
def test_every_value_and_gradient_is_autograds(name):
    problem = problem_of(name)
    assert not problem.agreement(problem.step()).apart


def test_attention_is_explained_by_its_scores_and_shares():
    named = problem_of("padding").network.derivation.named
    assert {"z_look", "s_look", "a_look", "h_look"} <= set(named)
    assert "W_in_proj_look" in problem_of("padding").network.shapes
    assert str(named["a_look"].arguments[0]).startswith("softmax(s_look")
    assert "sg(" in " ".join(str(one.arguments[0]) for one in named.values() if one.arguments)


class Mixed(nn.Module):
    def forward(self, x):
        return torch.fft.fft(x, dim=-1).real


@pytest.mark.parametrize(
    ("make", "words"),
    [(Mixed, "gives complex numbers"), (lambda: torch.nn.utils.weight_norm(nn.Linear(4, 3)), "cannot be copied")],
)
@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_what_cannot_be_read_is_refused_in_words(make, words):
    with pytest.raises(InputError, match=words):
        cr.network_from(make(), VECTORS)
