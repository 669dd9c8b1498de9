"""One tab for all tests of a file, and how a problem's page is opened in it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.browsing import new_tab, taken

from chainrule.pages.content import page_content
from chainrule.pages.file import page_file


@pytest.fixture(scope="module")
def tab(browser):
    """A tab for all, and what it says to the console, or asks of anybody."""
    said: list[str] = []
    tab = new_tab(browser, said, offline=True, accept_downloads=True)
    yield tab, said
    tab.context.close()


@pytest.fixture
def opened(tab, tmp_path):
    """Opens the page of a problem, which has to say nothing to the console; what is saved comes as a file."""
    page, said = tab

    def open_page(given: Any, motion: str = "reduce", **shape: Any) -> Any:
        path = tmp_path / "page.html"
        path.write_text(page_file(page_content(given, **shape)), encoding="utf-8")
        page.emulate_media(reduced_motion=motion)
        page.goto(path.as_uri())
        return page

    yield open_page
    assert taken(said) == []
