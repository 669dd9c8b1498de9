"""The statement at which a backward pass of a layer goes wrong is told, whichever of its gradients show that."""

import pytest

from chainrule.api.check import check_program

LAYERS = {
    "gru": """import numpy as np

def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))

def gru_forward(x, h_prev, Wz, Uz, bz, Wr, Ur, br, Wh, Uh, bh):
    z = sigmoid(x @ Wz + h_prev @ Uz + bz)
    r = sigmoid(x @ Wr + h_prev @ Ur + br)
    n = np.tanh(x @ Wh + (r * h_prev) @ Uh + bh)
    h = (1 - z) * n + z * h_prev
    return h, (x, h_prev, z, r, n, Wz, Uz, Wr, Ur, Wh, Uh)

def gru_backward(dh, cache):
    x, h_prev, z, r, n, Wz, Uz, Wr, Ur, Wh, Uh = cache
    dn = dh * (1 - z)
    dz = dh * (h_prev - n)
    dh_prev = dh * z
    dan = dn * (1 - n * n)
    dWh = x.T @ dan
    dUh = (r * h_prev).T @ dan
    dbh = dan.sum(0)
    drh = dan @ Uh.T
    dr = drh * h_prev
    dh_prev = dh_prev + drh * r
    daz = dz * z * (1 - z)
    dar = dr * r * (1 - r)
    dWz = x.T @ daz
    dUz = h_prev.T @ daz
    dbz = daz.sum(0)
    dWr = x.T @ dar
    dUr = h_prev.T @ dar
    dbr = dar.sum(0)
    dh_prev = dh_prev + daz @ Uz.T + dar @ Ur.T
    dx = dan @ Wh.T + daz @ Wz.T + dar @ Wr.T
    return dx, dh_prev, dWz, dUz, dbz, dWr, dUr, dbr, dWh, dUh, dbh
""",
    "norm": """import numpy as np

def ln_forward(x, s, o, tiny=1e-5):
    mu = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    inv = 1 / np.sqrt(var + tiny)
    n = (x - mu) * inv
    return s * n + o, (n, inv, s)

def ln_backward(up, cache):
    n, inv, s = cache
    ds = (up * n).sum(axis=0)
    do = up.sum(axis=0)
    dn = up * s
    dx = inv * (dn - dn.mean(axis=1, keepdims=True) - n * (dn * n).mean(axis=1, keepdims=True))
    return dx, ds, do
""",
}

SLIPS = {
    "another gate's value": ("gru", "dr = drh * h_prev", "dr = drh * r"),
    "turned": ("gru", "dz = dh * (h_prev - n)", "dz = dh * (n - h_prev)"),
    "one of several paths": ("gru", "dh_prev = dh_prev + drh * r", "dh_prev = dh_prev + drh"),
    "what arrives left out": ("gru", "dan = dn * (1 - n * n)", "dan = 1 - n * n"),
    "behind what is not one to one": ("norm", "dn = up * s", "dn = up"),
    "of a parameter without a usual name": ("norm", "ds = (up * n).sum(axis=0)", "ds = (up * n).mean(axis=0)"),
}


@pytest.fixture
def judged(sandbox, tmp_path):
    def judge(text):
        path = tmp_path / "layer.py"
        path.write_text(text, "utf-8")
        return check_program(path, sandbox).verdict

    return judge


@pytest.mark.parametrize("layer", LAYERS)
def test_right_layers_are_passed(layer, judged):
    assert judged(LAYERS[layer]).passed


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_has_its_own_line_and_one_fault(slip, judged):
    layer, right, wrong = SLIPS[slip]
    text = LAYERS[layer].replace(right, wrong)
    (fault,) = judged(text).faults
    assert text.splitlines()[fault.place.line - 1].strip() == wrong
