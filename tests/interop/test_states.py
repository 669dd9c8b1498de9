"""Numbers from PyTorch's state dicts and from safetensors files, for networks that are described here."""

import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule.base.errors import InputError
from chainrule.cli import main

torch = pytest.importorskip("torch")
from safetensors.torch import save_file  # noqa: E402  # after it is known to be there
from torch import nn  # noqa: E402  # as above


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1)).double()


@pytest.fixture(scope="module")
def files(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("states")
    torch.save(model.state_dict(), folder / "state.pt")
    torch.save({"epoch": 3, "model_state_dict": model.state_dict()}, folder / "checkpoint.pth")
    save_file(model.state_dict(), folder / "state.safetensors")
    return folder


@pytest.mark.parametrize("name", ["state.pt", "checkpoint.pth", "state.safetensors"])
def test_a_described_network_gets_the_numbers(model, files, name):
    x = np.random.default_rng(0).normal(size=(4, 2))
    problem = cr.problem("2-3-3-1", weights=str(files / name), input=x.tolist(), target=[[0]] * 4)
    np.testing.assert_allclose(problem.network.predict(x), model(torch.tensor(x)).detach().numpy(), rtol=1e-12)
    assert "2.weight is W2, transposed" in " ".join(str(problem.explain(detail="overview")).split())


def test_on_the_command_line(files, capsys):
    assert (
        main(["explain", "2-3-3-1", "--weights", str(files / "state.pt"), "--input", "1 2", "--target", "1", "--detail", "overview"]) == 0
    )
    assert "tensors of a file" in " ".join(capsys.readouterr().out.split())


def test_a_convolution_is_turned_channels_last(tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 2 * 2, 3)).double()
    torch.save({name: tensor for name, tensor in model.state_dict().items() if name.startswith("0.")}, tmp_path / "conv.pt")
    x = np.random.default_rng(0).normal(size=(2, 16))
    network = cr.Network(cr.image(4, 4), cr.conv(2, 3))
    given = cr.problem(network, weights=str(tmp_path / "conv.pt")).network
    wanted = model[0](torch.tensor(x).reshape(2, 1, 4, 4)).permute(0, 2, 3, 1).reshape(2, -1)
    np.testing.assert_allclose(given.predict(x), wanted.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("2-3-1", "3 layers of tensors \\(0, 2, 4\\), but the network has 2"),
        ("2-4-3-1", "0.weight of .* has the shape \\(3, 2\\), which is \\(2, 3\\) here, but W1 has \\(2, 4\\)"),
    ],
)
def test_what_does_not_fit_is_named(files, network, words):
    with pytest.raises(InputError, match=words):
        cr.problem(network, weights=str(files / "state.pt"))


class Evil:
    """Runs something when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("it was unpickled",))


def test_objects_are_not_unpickled(tmp_path):
    torch.save({"weight": Evil()}, tmp_path / "evil.pt")
    (tmp_path / "bare.pt").write_bytes(pickle.dumps(Evil()))
    for name in ("evil.pt", "bare.pt"):
        with pytest.raises(InputError, match="no tensors that can be read"):
            cr.problem("2-3-1", weights=str(tmp_path / name))
