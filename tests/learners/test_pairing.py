"""Shuffled apart or by one order: read from the text."""

import pytest

from chainrule.learners.pairing import shuffled_apart

APART = [
    "np.random.shuffle(X)\nnp.random.shuffle(y)",
    "X = X[np.random.permutation(len(X))]\nY = Y[np.random.permutation(len(Y))]",
    "def load():\n    x = rng.permutation(x)\n    print('half')\n    t = rng.permutation(t)\n    return x, t",
]

TOGETHER = [
    "order = np.random.permutation(len(X))\nX = X[order]\ny = y[order]",
    "np.random.seed(0)\nnp.random.shuffle(X)\nnp.random.seed(0)\nnp.random.shuffle(y)",
    "random.Random(4).shuffle(x)\nrandom.Random(4).shuffle(y)",
    "X, y = shuffle(X, y)",
    "data = list(zip(X, y))\nrandom.shuffle(data)",
    "rng = np.random.default_rng(1)\nX = rng.permutation(X)\nrng = np.random.default_rng(1)\ny = rng.permutation(y)",
    "np.random.shuffle(X_train)\nnp.random.shuffle(X_test)",
    "print 'no python'",
]


@pytest.mark.parametrize("code", APART)
def test_orders_of_their_own_are_seen(code):
    first, second = shuffled_apart(code)
    assert first.lineno < second.lineno


@pytest.mark.parametrize("code", TOGETHER)
def test_one_order_is_right(code):
    assert shuffled_apart(code) is None
