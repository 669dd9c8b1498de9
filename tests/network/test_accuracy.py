"""Activations whose formula cancels are computed by one that does not, by every engine: near 0, and far below it, all digits are right."""

import mpmath
import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.choice import Predictor

TINY = [-1e-3, -1e-8, -1e-15, -1e-200, -0.5, -3.0, -40.0]
FAR = [-0.3, -2.0, -5.0, -6.5, -8.0, -8.4, -12.0, -20.0, -30.0, -37.0, 3.0, 40.0]

LAMBDA, ALPHA = mpmath.mpf("1.0507009873554804934193349852946"), mpmath.mpf("1.6732632423543772848170429916717")
TRUE = {
    "elu": (mpmath.expm1, TINY),
    "selu": (lambda z: LAMBDA * ALPHA * mpmath.expm1(z), TINY),
    "gelu": (lambda z: z * mpmath.erfc(-z / mpmath.sqrt(2)) / 2, FAR),
}


@pytest.mark.parametrize("engine", ["formula", "written", "compiled"])
@pytest.mark.parametrize("name", TRUE)
def test_no_digit_is_lost(name, engine):
    function, numbers = TRUE[name]
    network = cr.Network(1, cr.dense(1, name, bias=False, weights=[[1.0]]))
    x = np.array(numbers)[:, None]
    y = network.predict(x) if engine == "formula" else Predictor(network, engine)(x)
    with mpmath.workdps(60):
        true = np.array([float(function(mpmath.mpf(number))) for number in numbers])
    np.testing.assert_allclose(y[:, 0], true, rtol=1e-12)


def test_a_run_of_single_numbers_loses_none_either():
    from chainrule.engines.unrolled import QUICK, QUIET

    assert QUICK["_expm1"](-1e-200) == QUIET["_expm1"](-1e-200) == -1e-200
    assert QUIET["_expm1"](1e4) == np.inf
    assert QUICK["_erfc"](20.0) == QUIET["_erfc"](20.0) == pytest.approx(float(mpmath.erfc(20)), rel=1e-13)


def test_the_slope_of_hard_sigmoid_is_a_sixth():
    """Where PyTorch's own has a sixth in single precision, 0.16666667163372, also for numbers in double precision."""
    step = cr.Network(1, cr.dense(1, "hard_sigmoid", bias=False, weights=[[1.0]]), loss="squared").step([[0.25]], [[0.0]])
    assert step.gradients["z1"][0, 0] / step.gradients["y"][0, 0] == pytest.approx(1 / 6, rel=1e-15)
