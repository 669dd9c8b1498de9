"""The programs are read by chainrule, and not by pytest; all tests have one place in which they run."""

import pytest

from chainrule.learners.sandbox import Sandbox

collect_ignore_glob = ["programs/*", "layers/*"]


@pytest.fixture(scope="session")
def sandbox():
    with Sandbox() as opened:
        yield opened
