"""Tabs of the tests' browser: how they are opened, what they may say and ask for, and whether everybody can read what they show."""

from __future__ import annotations

import json
from typing import Any

import pytest

PATIENCE = 120_000
"""Milliseconds that anything may take: tests share machines with others."""

DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def new_tab(browser: Any, said: list[str], *, allowed: tuple[str, ...] = ("file:",), **context: Any) -> Any:
    """A tab of its own, after the tour and without motion. What it writes to the console, and what it asks of any place but those that
    are allowed, is added to `said`.
    """
    made = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **context})
    made.set_default_timeout(PATIENCE)
    made.add_init_script("try { localStorage.setItem('chainrule tour', '1'); } catch { /* a notebook's cell has none */ }")
    tab = made.new_page()
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("dialog", lambda dialog: said.append(dialog.message))
    tab.on("request", lambda request: said.append(request.url) if not request.url.startswith((*allowed, "data:", "blob:")) else None)
    return tab


def taken(said: list[str]) -> list[str]:
    """What a tab has said, which the next test is not asked about."""
    found = said.copy()
    said.clear()
    return found


def drawn(tab: Any) -> None:
    """Wait until what was done is drawn, however busy the machine is."""
    tab.evaluate(DRAWN)


LOOKS = """(within) => {
  const looks = new Map(), grounds = new Map();
  const ground = (element) => {
    if (element && !grounds.has(element)) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(element);
      const own = [backgroundColor, backgroundImage, opacity].join();
      grounds.set(element, ground(element.parentElement) + (own === "rgba(0, 0, 0, 0),none,1" ? "" : own));
    }
    return element ? grounds.get(element) : "";
  };
  for (const element of document.querySelectorAll(`:is(${within}) *`)) {
    if (!element.checkVisibility() || ![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()[1])) continue;
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    const large = parseFloat(fontSize) >= (fontWeight < 700 ? 24 : 18.66);  // of which less contrast is asked
    const look = [color, large, ground(element)].join();
    looks.set(look, [...(looks.get(look) ?? []), element]);
  }
  return [...looks.values()].flatMap((alike) => alike.slice(0, 3));
}"""
"""Up to three elements of each look: the colour of their letters, whether they are large, and what they stand on. Of single letters axe
says nothing."""


def violations(tab: Any, within: str | None = None) -> list[str]:
    """What axe-core finds on a page, in words. Contrast, by far the most of its work, is asked of three elements of each look."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    everything = axe.run(tab, within, options={"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": False}}})
    assert everything.response["passes"]
    alike = f"{{ include: ({LOOKS})({json.dumps(within or 'body')}) }}"
    contrast = tab.evaluate(f"axe.run({alike}, {{ resultTypes: ['violations'], runOnly: ['color-contrast'] }})")
    assert contrast["passes"]
    return [
        f"{found['id']}: {node['html']} {node['failureSummary']}"
        for found in everything.response["violations"] + contrast["violations"]
        for node in found["nodes"]
    ]
