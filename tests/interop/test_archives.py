"""Exported programs in files: read as PyTorch wrote them, and nothing of them is run."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest

import chainrule as cr
from chainrule.api.problems import problem
from chainrule.base.errors import FileError
from chainrule.cli import main

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402  # after it is known to be there


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    program = torch.export.export(model, (torch.randn(3, 3),), dynamic_shapes=({0: torch.export.Dim("examples", min=2)},))
    path = tmp_path_factory.mktemp("exported") / "model.pt2"
    torch.export.save(program, path)
    return path, model


def changed(path, to, part, change):
    """The archive with a part of it changed."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name.endswith(part) else data)
    return to


def test_a_program_is_read_from_its_file(exported):
    path, model = exported
    x = np.random.default_rng(0).normal(size=(4, 3))
    found = problem(str(path), input=x.tolist(), target=[[0, 0]] * 4)
    assert np.allclose(found.network.predict(x), model.double()(torch.tensor(x)).detach().numpy(), rtol=1e-6)
    model.float()
    assert not found.agreement(found.step()).apart


def test_it_is_explained_on_the_command_line(exported, capsys):
    path, _ = exported
    assert main(["explain", str(path), "--input", "1 2 3", "--target", "1 0", "--loss", "mse"]) == 0
    printed = capsys.readouterr().out
    assert "W_0" in printed or "W0" in printed
    assert "arrays agree" in printed


class Evil:
    """Runs something when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("it was unpickled",))


def test_pickled_tensors_and_inputs_are_not_unpickled(exported, tmp_path):
    path, _ = exported
    evil = pickle.dumps(Evil())
    assert changed(path, tmp_path / "inputs.pt2", "sample_inputs/model.pt", lambda _: evil)
    problem(str(tmp_path / "inputs.pt2"))

    def pickled(data):
        config = json.loads(data)
        config["config"]["0.weight"]["use_pickle"] = True
        return json.dumps(config).encode()

    with pytest.raises(FileError, match="could run anything"):
        problem(str(changed(path, tmp_path / "weights.pt2", "model_weights_config.json", pickled)))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"Symbol('s", b"__import__('os').system('s", "a size in it"),
        (b"torch.ops.aten.tanh.default", b"torch.hub.load", "no operation of PyTorch's own"),
        (b'"nodes": [', b'"nodes": [5, ', "cannot be read"),
    ],
)
def test_hostile_graphs_are_refused(exported, tmp_path, before, after, words):
    path, _ = exported
    with pytest.raises(FileError, match=words):
        problem(str(changed(path, tmp_path / "hostile.pt2", "model.json", lambda data: data.replace(before, after))))


def test_what_is_no_archive_is_refused(tmp_path, capsys):
    for name, data in [("empty.pt2", b""), ("text.pt2", b"hello"), ("other.pt2", _archive())]:
        (tmp_path / name).write_bytes(data)
        assert main(["explain", str(tmp_path / name)]) == 2
        assert "Traceback" not in capsys.readouterr().err
    assert main(["explain", str(tmp_path / "missing.pt2")]) == 2


def _archive():
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("a/b", "c")
    return written.getvalue()


def test_an_exported_program_is_taken_as_it_is(exported):
    path, model = exported
    x = np.random.default_rng(0).normal(size=(3, 3))
    network = cr.network_from(torch.export.load(path), x)
    assert np.allclose(network.predict(x), cr.network_from(model, x).predict(x))
