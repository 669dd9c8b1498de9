"""Whatever a learner's program does, there is a verdict with its line, and the next program is read."""

import pytest

from chainrule.document.words import Words
from chainrule.learners.sandbox import Limits, Refusal, Sandbox
from chainrule.learners.source import source_of
from chainrule.learners.submission import refused, understood

HEAD = "import numpy as np\ndef backprop(X, Y, W1, b1, W2, b2):\n"
RIGHT = """import numpy as np
def backprop(X, Y, W1, W2):
    H = np.tanh(X @ W1)
    D = H @ W2 - Y
    return X.T @ ((D @ W2.T) * (1 - H * H)), H.T @ D
"""

BAD = {
    "    while True: pass\n": ("endless", 3),
    "    while True:\n        try:\n            while True: pass\n        except: pass\n": ("endless", None),
    "    while True: print('x' * 1000)\n": ("endless", 3),
    "    return np.zeros((1 << 34,))\n": ("memory", 3),
    "    kept = []\n    while True: kept.append(np.zeros(1 << 24))\n": ("memory", 4),
    "    import sys\n    sys.exit(0)\n": ("ended", 4),
    "    import os\n    os._exit(0)\n": ("ended", 4),
    "    raise ValueError('no')\n": ("not_understood", 3),
    "    name = input('your name?')\n": ("keyboard", 3),
    "    import os\n    os.fork()\n": ("starts", 4),
    "    import subprocess\n    subprocess.run(['ls'])\n": ("starts", None),
    "    import os\n    os.kill(os.getpid(), 9)\n": ("kills", 4),
    "    import ctypes\n    ctypes.string_at(0)\n": ("crashed", None),
    "    open('/tmp/x', 'w')\n": ("writes", 3),
    "    return 'hello'\n": ("not_seen", None),
    "    import os\n    os.chdir('/tmp')\n    open('chainrule-x', 'w')\n": ("writes", 5),
    "    import shutil\n    shutil.rmtree('/tmp/chainrule-x')\n": ("writes", 4),
    "    import socket\n    socket.create_connection(('127.0.0.1', 9))\n": ("not_understood", 4),
    "    def f(n): return f(n + 1)\n    f(0)\n": ("not_understood", 3),
    "    import getpass\n    getpass.getpass()\n": ("keyboard", None),
    "    import multiprocessing\n    multiprocessing.Pool(2)\n": ("starts", 4),
    "    return 1\n  x = 2\n": ("syntax", 4),
}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(Limits(seconds=1.0)) as opened:
        yield opened


@pytest.mark.parametrize("body", BAD)
def test_each_gets_a_verdict_and_the_next_is_read(body, sandbox):
    reason, line = BAD[body]
    with pytest.raises(Refusal) as raised:
        understood(source_of(HEAD + body, "bad.py"), sandbox)
    assert raised.value.reason == f"learners.refused.{reason}"
    if line is not None:
        assert raised.value.line == line
    verdict = refused(raised.value)
    assert verdict.kind == "refused"
    assert all(Words().plain(saying.key, **saying.values) for saying in verdict.remarks)
    assert understood(source_of(RIGHT, "right.py"), sandbox).architecture.activations == ("tanh", "identity")


NO_GRADIENTS = {
    "'hello', 1": "return 1: str, return 2: int",
    "None": "None",
    "1.0": "return: float",
    "np.zeros((2, 2)), np.zeros(3)": "return 1: ndarray of (2, 2), return 2: ndarray of (3,)",
    "(x for x in (W1, W2))": "return: generator",
    "W1 * 1j, W2 * 1j": "return 1: ndarray of (5, 7), return 2: ndarray of (7, 3)",
}


@pytest.mark.parametrize("given", NO_GRADIENTS)
def test_what_is_no_gradient_is_told_as_what_it_is(given, sandbox):
    with pytest.raises(Refusal) as raised:
        understood(source_of(RIGHT.partition("    return")[0] + f"    return {given}\n", "wrong.py"), sandbox)
    assert raised.value.reason == "learners.refused.forms"
    assert raised.value.values["problem"] == NO_GRADIENTS[given]


HARMLESS = (
    "import os; os.chdir('/')",
    "import sys; sys.settrace(lambda *a: None)",
    "import time; time.sleep(1000)",
    "np.seterr(all='raise'); import warnings; warnings.simplefilter('error')",
    "import os; os.environ.clear()",
)


@pytest.mark.parametrize("statement", HARMLESS)
def test_what_a_program_sets_for_itself_does_not_reach_further(statement, sandbox):
    assert understood(source_of(RIGHT.replace("    H =", f"    {statement}\n    H ="), "odd.py"), sandbox).architecture.depth == 2
    assert understood(source_of(RIGHT, "right.py"), sandbox).architecture.depth == 2


def test_a_program_that_ends_before_it_is_called_is_told_so(sandbox):
    with pytest.raises(Refusal) as raised:
        understood(source_of("import sys\nsys.exit(0)\n", "ends.py"), sandbox)
    assert (raised.value.reason, raised.value.line) == ("learners.refused.begins", 2)


TRAINED = """import numpy as np
def train(X, y, n=10):
    W = np.random.randn(*map(int, "32"))
    for i in range(n):
        W -= 0.1 * X.T @ (X @ W - y)
"""


def test_a_function_that_fails_on_our_samples_is_told_with_them(sandbox):
    with pytest.raises(Refusal) as raised:
        understood(source_of(TRAINED, "trained.py"), sandbox)
    assert (raised.value.reason, raised.value.line) == ("learners.refused.given", 5)
    assert raised.value.values["given"] == "train(X of (8, 5), y of (8, 3))"


def test_a_loop_in_which_pytorch_differentiates_is_told_as_one(sandbox):
    pytest.importorskip("torch")
    text = "import torch\nw = torch.ones(2, 1, requires_grad=True)\nfor k in range(3):\n    (torch.ones(4, 2) @ w).sum().backward()\n"
    with pytest.raises(Refusal) as raised:
        understood(source_of(text, "loop.py"), sandbox)
    assert (raised.value.reason, raised.value.line) == ("learners.refused.torch", 4)


def test_what_is_printed_is_no_matter(sandbox):
    chatty = RIGHT.replace("    H =", "    print('x' * 1_000_000)\n    H =")
    assert understood(source_of(chatty, "chatty.py"), sandbox).architecture.depth == 2


def test_files_may_be_written_in_the_own_folder(sandbox):
    writing = RIGHT.replace("    H =", "    np.save('weights.npy', W1)\n    H =")
    assert understood(source_of(writing, "writing.py"), sandbox).architecture.depth == 2


def test_an_argument_that_is_changed_is_told(sandbox):
    from chainrule.checking.evidence import probes

    changing = RIGHT.replace("    H =", "    X -= X.mean(axis=0)\n    H =")
    with pytest.raises(Refusal) as raised:
        understood(source_of(changing, "changing.py"), sandbox)
    assert raised.value.reason == "learners.refused.not_understood"
    later = RIGHT.replace("    return", "    X *= 2\n    return")
    submission = understood(source_of(later, "later.py"), sandbox)
    assert submission.observe(probes(submission.architecture)[:1])[0].altered == ("x",)
