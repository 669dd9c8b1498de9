"""ONNX files predict what the network predicts: onnxruntime runs them."""

import sys

import numpy as np
import pytest
from tests.samples import some

import chainrule as cr
from chainrule.base.errors import InputError
from chainrule.cli import main

NETWORKS = ["4-8-3 --activation gelu", "8x8x1:c4k3p1-p2-5", "6x3:lstm4-2", "v7x5:e8-pos-block2-3"]
ZOO_NAMES = ["convolutional, evaluated", "gru", "gpt", "unet", "enlarged", "vision transformer"]


def compare(network, x, precision, tolerance):
    pytest.importorskip("onnx", reason="onnx is not installed: pip install onnx")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install onnxruntime")
    from chainrule.interop.onnx import onnx_model

    x = network.checked_x(x)
    feeds = {node.key: part.astype(precision) for node, part in network.split(x, None).items() if node in network.inference.inputs}
    session = runtime.InferenceSession(onnx_model(network, precision).SerializeToString(), providers=["CPUExecutionProvider"])
    found = np.concatenate([np.asarray(one).reshape(len(x), -1) for one in session.run(None, feeds)], axis=1)
    wanted = network.predict(x)
    assert np.abs(found - wanted).max() <= tolerance * np.abs(wanted).max()


@pytest.mark.parametrize("text", NETWORKS)
def test_networks_that_are_described_here(text):
    short, _, activation = text.partition(" --activation ")
    problem = cr.problem(short, **({"activation": activation} if activation else {}))
    compare(problem.network, problem.x, "float32", 1e-6)


@pytest.mark.parametrize("name", some(ZOO_NAMES, lambda name: name == "unet"))
def test_models_of_pytorch(name):
    torch = pytest.importorskip("torch")
    from tests.interop.zoo import ZOO

    make, x = ZOO[name]
    torch.manual_seed(0)
    network = cr.network_from(make().eval(), x)
    compare(network, np.asarray(x, dtype=float), "float32", 1e-6)
    if name != "vision transformer":  # onnxruntime has no erf of 16 digits
        compare(network, np.asarray(x, dtype=float), "float64", 1e-12)


def test_the_command_writes_a_file(tmp_path, capsys):
    pytest.importorskip("onnx", reason="onnx is not installed: pip install onnx")
    assert main(["code", "mazur", "-o", str(tmp_path / "mazur.onnx")]) == 0
    assert "wrote" in capsys.readouterr().out
    assert (tmp_path / "mazur.onnx").stat().st_size > 200


def test_without_onnx_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match="pip install onnx"):
        cr.write_onnx(cr.problem("2-1").network, tmp_path / "x.onnx")
