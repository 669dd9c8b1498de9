"""Settings of all tests."""

import gc
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# There are as many processes as cores already: NumPy's own threads, which wait by spinning, would only take them from each other.
for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

# Compiled Python is kept, whatever the environment says: every process that a test starts would compile the package anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Every run draws the same few examples, so that a run says something about the change and not about luck; a search that goes further is
# part of `scripts/prove`. No deadlines: the first call of a test may import NumPy or torch.
settings.register_profile("repeatable", deadline=None, max_examples=20, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("exploring", deadline=None, max_examples=500, print_blob=True)
settings.load_profile("repeatable")

gc.set_threshold(300_000)  # as the command does: many objects are made, and few cycles, for which a search takes a while


def pytest_configure(config):
    """Compiled code is kept for this run of the tests alone; the processes that share its work share it too."""
    if "CHAINRULE_CACHE" not in os.environ:
        config.compiled = os.environ["CHAINRULE_CACHE"] = tempfile.mkdtemp(prefix="chainrule-tests-")


def pytest_unconfigure(config):
    """… and removed after it."""
    if hasattr(config, "compiled"):
        shutil.rmtree(config.compiled, ignore_errors=True)


def pytest_collection():
    """The built-in definitions are registered before any test copies the registry, so that none puts a half-filled one back."""
    import chainrule.network.layers  # noqa: F401 — importing is registering
    from chainrule.network.definitions import KINDS, definitions

    for kind in KINDS:
        definitions(kind)


def pytest_collection_finish():
    """What is there now stays to the end: the search for garbage leaves it out."""
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def heeded_interrupts():
    """Ctrl-C is heeded, also where a shell runs the tests in the background and has it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def shorter_runs(monkeypatch):
    """What a document says of rates is of shorter runs than elsewhere: for tests that are about something else."""
    from chainrule.diagnosis import rates

    monkeypatch.setattr(rates, "MOST_STEPS", 100)
    monkeypatch.setattr(rates, "BUDGET", rates.BUDGET // 10)


FAMILIES = {"serif": "DejaVu Serif", "sans-serif": "DejaVu Sans", "monospace": "DejaVu Sans Mono"}
"""What the browser of the tests has in place of the fonts of the machine: the widest that are common."""


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Chromium, once for all tests, with the same fonts everywhere. Where there is none, they are skipped: apt-get install chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    import matplotlib

    api = pytest.importorskip("playwright.sync_api")
    fonts = Path(matplotlib.get_data_path()) / "fonts/ttf"
    folder = tmp_path_factory.mktemp("fonts")
    chosen = [f"<alias><family>{kind}</family><prefer><family>{family}</family></prefer></alias>" for kind, family in FAMILIES.items()]
    head = f"<fontconfig><dir>{fonts}</dir><cachedir>{folder}</cachedir>"
    (folder / "fonts.conf").write_text(f"{head}{''.join(chosen)}</fontconfig>", encoding="utf-8")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--disable-gpu"],
            env={**os.environ, "FONTCONFIG_FILE": str(folder / "fonts.conf")},
        )
        yield browser
        browser.close()
