"""PyTorch models as networks: the same values and gradients as autograd's, their own names, and refusals in words."""

from __future__ import annotations

import json
from collections import OrderedDict

import numpy as np
import pytest
from tests.samples import some

import chainrule as cr
from chainrule.base.errors import InputError
from chainrule.cli import main

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402  # after it is known to be there

from chainrule.api.modules import module_problem  # noqa: E402  # as above


class Residual(nn.Module):
    """A block whose input is added to what it computes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.inner, self.outer = nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x):
        return x + self.outer(nn.functional.gelu(self.inner(self.norm(x))))


class Stacked(nn.Module):
    """Blocks of blocks, with a parameter of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(4, 6), nn.LeakyReLU(0.1))
        self.blocks = nn.ModuleList([Residual(6), Residual(6)])
        self.scale = nn.Parameter(torch.full((6,), 1.5))
        self.head = nn.Linear(6, 3, bias=False)

    def forward(self, x):
        h = self.embed(x)
        for block in self.blocks:
            h = block(h)
        return self.head(h * self.scale)


class Tied(nn.Module):
    """An autoencoder whose decoder has the encoder's matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.bias = nn.Linear(4, 2), nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return nn.functional.linear(torch.tanh(self.encoder(x)), self.encoder.weight.t(), self.bias)


class Twice(nn.Module):
    """One layer, called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.step, self.out = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.out(torch.tanh(self.step(torch.tanh(self.step(x)))))


class Gated(nn.Module):
    """Operations of many kinds between layers: chunks, gates, clamps, norms, means."""

    def __init__(self) -> None:
        super().__init__()
        self.both, self.out = nn.Linear(4, 8), nn.Linear(8, 3)
        self.register_buffer("shift", torch.tensor([0.1, -0.2, 0.3, 0.0]))

    def forward(self, x):
        a, b = self.both(x).chunk(2, dim=-1)
        g = a * torch.sigmoid(b) + self.shift
        g = g / (g.norm(dim=-1, keepdim=True) + 1e-6)
        c = torch.cat([g, torch.clamp(a, -0.5, 0.5) - b.mean(dim=1, keepdim=True)], dim=1)
        return self.out(nn.functional.softplus(c) - c.var(dim=-1, keepdim=True))


MODELS = {
    "perceptron": lambda: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)),
    "activations": lambda: nn.Sequential(
        nn.Linear(4, 5), nn.SiLU(), nn.Linear(5, 5), nn.Mish(), nn.Linear(5, 4), nn.ELU(0.7), nn.Linear(4, 3)
    ),
    "normalised": lambda: nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3), nn.GroupNorm(1, 3)),
    "stacked": Stacked,
    "tied": Tied,
    "twice": Twice,
    "gated": Gated,
}


def batch(columns: int, rows: int = 5):
    random = np.random.default_rng(7)
    return random.normal(size=(rows, 4)), random.normal(size=(rows, columns))


@pytest.mark.parametrize("name", some(MODELS, {"stacked", "tied", "gated"}.__contains__))
def test_every_value_and_gradient_is_autograds(name):
    torch.manual_seed(3)
    model = MODELS[name]()
    x, t = batch(4 if name == "tied" else 3)
    problem = module_problem(model, x, t, loss=nn.MSELoss(), learning_rate=0.1)
    step = problem.step()
    found = problem.agreement(step)
    assert not found.apart
    assert found.largest < 1e-13
    names = {one.name for one in found.compared if one.gradient}
    assert {name for name, _ in model.named_parameters()} <= names
    # The loss itself, which the comparison leaves out, and a step of PyTorch's own optimiser.
    double = model.double()
    loss = nn.MSELoss()(double(torch.tensor(x)), torch.tensor(t))
    optimizer = torch.optim.SGD(double.parameters(), lr=0.1)
    loss.backward()
    optimizer.step()
    assert step.before.error == pytest.approx(loss.item(), rel=1e-12)
    origins = {origin.name: (key, origin.axes) for key, origin in problem.origins.items()}
    for parameter, tensor in double.named_parameters():
        key, axes = origins[parameter]
        np.testing.assert_allclose(step.new_parameters[key], tensor.detach().permute(axes).numpy(), rtol=1e-10, atol=1e-12)


def test_quantities_have_the_names_of_submodules():
    model = Stacked()
    x, t = batch(3)
    text = str(cr.explain(model, x, t, loss="mse", detail="matrix", brief=True))
    assert "h_blocks.0.inner = h_blocks.0.norm · W_blocks.0.inner + b_blocks.0.inner" in text
    assert "∂E/∂W_embed.0" in text
    assert "LayerNorm" in text
    assert "arrays agree" in text
    assert "Compared with PyTorch" in text
    assert "Reading the model took about" in text
    chain = str(cr.explain(model, x, t, loss="mse", weight="blocks.1.outer.W[2,3]"))
    assert "∂E/∂W[blocks.1.outer,2,3]" in chain


def test_a_shared_layer_is_one_layer_that_is_called_twice():
    network = cr.network_from(Twice(), batch(3)[0])
    assert list(network.shapes) == ["W_step", "b_step", "W_out", "b_out"]
    assert "h_t2_step" in network.derivation.named


def test_any_number_of_examples():
    model = Gated()
    network = cr.network_from(model, batch(3)[0])
    for rows in (1, 2, 7):
        x = batch(3, rows)[0]
        np.testing.assert_allclose(network.predict(x), model.double()(torch.tensor(x)).detach().numpy(), rtol=1e-12)


def test_buffers_and_arrays_that_depend_on_nothing_stay_as_they_are():
    x, t = batch(3)
    problem = module_problem(Gated(), x, t)
    step = problem.step()
    assert np.array_equal(step.new_parameters["shift"], step.parameters["shift"])


def test_the_network_is_described_without_pytorch_and_trains():
    model = Stacked()
    x, t = batch(3, rows=40)
    network = cr.network_from(model, x)
    read = cr.network_from(json.loads(json.dumps(cr.described(network))))
    assert read == network
    assert np.array_equal(read.predict(x), network.predict(x))
    training = cr.Training(read, x, t, cr.Plan(epochs=20, validation=0, test=0))
    training.run()
    assert training.history[-1].error < training.start_error


def test_losses_of_pytorch_count_as_they_do_there():
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    x, t = batch(3)
    classes = [0, 2, 1, 1, 0]
    for loss, targets in [
        (nn.MSELoss(reduction="sum"), t),
        (nn.L1Loss(), t),
        (nn.HuberLoss(delta=0.5), t),
        (nn.BCEWithLogitsLoss(), (t > 0).astype(float)),
        (nn.CrossEntropyLoss(), classes),
        (nn.CrossEntropyLoss(reduction="sum"), classes),
    ]:
        step = module_problem(model, x, targets, loss=loss).step()
        wanted = torch.tensor(targets) if targets is classes else torch.tensor(np.asarray(targets))
        assert step.before.error == pytest.approx(loss(model.double()(torch.tensor(x)), wanted).item(), rel=1e-12), loss


def test_the_model_itself_is_not_changed():
    model = nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    cr.explain(model, batch(2)[0], batch(2)[1], detail="overview")
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert next(model.parameters()).dtype is torch.float32


def test_evaluation_mode_takes_the_running_statistics():
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5)).eval()
    model[1].running_mean[:] = torch.tensor([0.3, -0.1, 0.2])
    x, _ = batch(3)
    network = cr.network_from(model, x)
    np.testing.assert_allclose(network.predict(x), model.double()(torch.tensor(x)).detach().numpy(), rtol=1e-12)


class Branching(nn.Module):
    """Its formula depends on its numbers."""

    def forward(self, x):
        return x if x.sum() > 0 else -x


@pytest.mark.parametrize(
    ("model", "x", "words"),
    [
        (nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5)), np.ones((3, 4)), "call model.eval\\(\\) first"),
        (
            Branching(),
            np.ones((3, 4)),
            r"PyTorch cannot export this model: line \d+ of test_modules.py, `return x if .*`, asks for the value of a tensor",
        ),
        (nn.Linear(4, 3), np.ones((3, 5)), "PyTorch cannot export this model"),
        (nn.Linear(4, 3), None, "shapes are learnt from inputs"),
        (nn.Linear(4, 3), "abc", "inputs of a model are tensors or arrays"),
        ("a text", np.ones((3, 4)), "made of a PyTorch module"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(model, x, words):
    with pytest.raises(InputError, match=words):
        cr.network_from(model, x)


def test_losses_that_cannot_be_read_are_refused():
    for loss, words in [(nn.CrossEntropyLoss(label_smoothing=0.1), "label_smoothing"), (nn.CTCLoss(), "CTCLoss is no loss")]:
        with pytest.raises(InputError, match=words):
            cr.network_from(nn.Linear(4, 3), np.ones((2, 4)), loss=loss)


def test_a_loss_of_probabilities_does_not_take_net_inputs():
    x = np.random.default_rng(0).normal(size=(5, 4))
    torch.manual_seed(0)
    for loss, t in [("cross_entropy", [0, 1, 2, 0, 1]), ("binary_cross_entropy", np.ones((5, 3)))]:
        with pytest.raises(InputError, match=f"it is {loss}_from_logits"):
            cr.explain(nn.Linear(4, 3), x, t, loss=loss)
        model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(-1) if loss == "cross_entropy" else nn.Sigmoid())
        assert np.isfinite(module_problem(model, x, t, loss=loss).step().before.error)


def test_a_file_of_a_model_says_the_same(tmp_path, capsys):
    examples = torch.export.Dim("examples", min=2)
    program = torch.export.export(nn.Linear(2, 2), (torch.randn(2, 2),), dynamic_shapes=({0: examples},))
    torch.export.save(program, tmp_path / "model.pt2")
    asked = ["explain", str(tmp_path / "model.pt2"), "--input", "9 -9", "--target", "1 0", "--loss", "cross_entropy"]
    assert main(asked) == 2
    assert "cross_entropy_from_logits" in capsys.readouterr().err


class TwoHeads(nn.Module):
    """Results by their names, of which one is used further."""

    def __init__(self) -> None:
        super().__init__()
        self.deep, self.price, self.kind = nn.Sequential(nn.Linear(4, 5), nn.Tanh()), nn.Linear(5, 1), nn.Linear(5, 3)

    def forward(self, x):
        h = self.deep(x)
        price = self.price(h)
        return {"price": price, "kind": self.kind(h) + price}


def test_several_outputs_have_their_names_and_losses():
    x, t = batch(4)[0], {"price": [[1.0]] * 5, "kind": [0, 2, 1, 1, 0]}
    problem = module_problem(TwoHeads(), x, t, loss={"price": nn.HuberLoss(), "kind": "cross_entropy_from_logits"})
    assert {name: goal.loss.name for name, goal in problem.network.goals.items()} == {"price": "huber", "kind": "cross_entropy_from_logits"}
    assert not problem.agreement(problem.step()).apart
    assert problem.explain(weight="deep.0.weight[2,3]").title == problem.explain(weight="deep.0.W[2,3]").title


@pytest.mark.parametrize("uniform", [True, False])
def test_a_recurrence_may_begin_with_numbers(uniform):
    class Begun(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.LSTM(3, 2, batch_first=True)
            self.register_buffer("start", torch.tensor([0.5, 0.5 if uniform else -1.0]).view(1, 1, 2))

        def forward(self, x):
            h = self.start.expand(1, len(x), 2).contiguous()
            return self.rnn(x, (h, h))[0][:, -1]

    problem = module_problem(Begun(), np.random.default_rng(0).normal(size=(2, 2, 3)), np.zeros((2, 2)))
    assert not problem.agreement(problem.step()).apart


def test_words_are_no_targets():
    with pytest.raises(InputError, match="t holds 'cat': give class numbers, from 0"):
        module_problem(MODELS["perceptron"](), batch(4)[0], ["cat", "dog", "cat", "cat", "dog"])


class Unusual(nn.Module):
    """Pools beyond the edge, paddings of every mode, groups, statistics, what is written in place and what stops a gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1, padding_mode="replicate")
        self.norm, self.back = nn.InstanceNorm2d(4, affine=True, track_running_stats=True), nn.ConvTranspose2d(4, 2, 3, stride=2, groups=2)
        self.norm.running_mean[:] = torch.tensor([0.1, -0.2, 0.3, 0.0])

    def forward(self, x):
        f = nn.functional
        h = self.norm(self.conv(f.pad(x, (1, 2, 1, 0), mode="reflect")))
        h = f.avg_pool2d(f.max_pool2d(h, 2, ceil_mode=True), 3, 2, 1, ceil_mode=True, count_include_pad=False)
        h = self.back(f.pad(h, (1, 0, 0, 1), mode="circular"))
        h = h - h.detach().mean(dim=1, keepdim=True)
        h[:, 0] = 0.5
        return f.avg_pool2d(f.pad(h, (0, 1), value=1.5).mul_(2), 2, divisor_override=3).flatten(1)


def test_unusual_operations_have_the_gradients_of_the_model_itself():
    torch.manual_seed(0)
    model, x = Unusual().eval(), np.random.default_rng(0).normal(size=(2, 2, 6, 6))
    t = np.random.default_rng(1).normal(size=(2, model.double()(torch.tensor(x)).shape[1]))
    problem = module_problem(model, x, t, loss=nn.MSELoss())
    step = problem.step()
    assert not problem.agreement(step).apart
    nn.MSELoss()(model(torch.tensor(x)), torch.tensor(t)).backward()
    theirs = {name: tensor.grad for name, tensor in model.named_parameters()}
    for key, origin in problem.origins.items():
        if origin.name in theirs:
            np.testing.assert_allclose(step.gradients[key], theirs[origin.name].permute(origin.axes).numpy(), rtol=1e-10, atol=1e-14)


def test_what_is_computed_without_gradients_is_refused():
    class Held(nn.Module):
        def forward(self, x):
            with torch.no_grad():
                m = x.mean(dim=1, keepdim=True)
            return x - m

    with pytest.raises(InputError, match=r"in 1, which is not read: .* call \.detach\(\) on what they give"):
        cr.network_from(nn.Sequential(nn.Linear(4, 3), Held()), np.ones((2, 4)))


def test_the_doctor_calls_layers_as_the_module_does():
    model = nn.Sequential(OrderedDict(first=nn.Linear(4, 5), bend=nn.ReLU(), last=nn.Linear(5, 2)))
    with torch.no_grad():
        model.first.bias[:] = -50
    x, t = batch(2, 30)
    found = str(cr.doctor(model, x=x, t=t))
    assert "5 of 5 units of bend are dead" in found
    with pytest.raises(InputError, match="needs rows to learn from"):
        cr.doctor(model)
