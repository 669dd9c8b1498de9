"""Settings of all tests."""

import os
import shutil
import signal
import tempfile

import pytest
from hypothesis import HealthCheck, settings

# There are as many processes as cores already: NumPy's own threads, which wait by spinning, would only take them from each other.
for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

# Every run draws the same examples, so that a run says something about the change and not about luck; a search that goes further is
# part of `scripts/prove`. No deadlines: the first call of a test may import NumPy or torch.
settings.register_profile("repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("exploring", deadline=None, max_examples=500, print_blob=True)
settings.load_profile("repeatable")


def pytest_configure(config):
    """Compiled code is kept for this run of the tests alone; the processes that share its work share it too."""
    if "CHAINRULE_CACHE" not in os.environ:
        config.compiled = os.environ["CHAINRULE_CACHE"] = tempfile.mkdtemp(prefix="chainrule-tests-")


def pytest_unconfigure(config):
    """… and removed after it."""
    if hasattr(config, "compiled"):
        shutil.rmtree(config.compiled, ignore_errors=True)


@pytest.fixture(autouse=True, scope="session")
def heeded_interrupts():
    """Ctrl-C is heeded, also where a shell runs the tests in the background and has it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
