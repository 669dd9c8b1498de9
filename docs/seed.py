"""Makes docs/seed.html, the live page of the worked example, to be opened; scripts/help runs it after each change of the page."""

from __future__ import annotations

from pathlib import Path

from chainrule.api.page import page
from chainrule.network.examples import EXAMPLES
from chainrule.steps.problem import problem_from

if __name__ == "__main__":
    page(problem_from(EXAMPLES["seed"]), Path(__file__).with_name("seed.html"))
