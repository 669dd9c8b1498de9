"""The page as one self-contained file, which works from disk and asks nothing of anybody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from chainrule.document.words import Words
from chainrule.notation.mathml import escape_xml
from chainrule.render.html import font_face, palette_rules, policy

FOLDER = files("chainrule.pages")


def page_file(content: Mapping[str, Any]) -> str:
    """The content of `page_content` with all that shows it: style, font and module.

    Its Content-Security-Policy allows that style and that module by their hashes, and no request. What people wrote stands in it as data
    and as escaped text.
    """
    return document("content", content, page_style(), page_module(), title=content["title"], language=content["language"])


def document(place: str, data: Mapping[str, Any], style: str, module: str, *, title: str, language: str, connect: str = "") -> str:
    """A page of HTML that shows plain data by a module.

    place    the id of the element that holds the data
    connect  the one source that it may be connected with, if there is any
    """
    allowed = policy([style], [module], *([f"connect-src {connect}"] if connect else []))
    lines = (
        "<!DOCTYPE html>",
        f'<html lang="{escape_xml(language)}">',
        "<head>",
        '<meta charset="utf-8" />',
        f'<meta http-equiv="Content-Security-Policy" content="{allowed}" />',
        f"<title>{escape_xml(title)}</title>",
        '<meta name="viewport" content="width=device-width, initial-scale=1" />',
        '<meta name="generator" content="chainrule" />',
        '<link rel="icon" href="data:," />',
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        '<div id="page"></div>',
        f"<noscript><h1>{escape_xml(title)}</h1><p>{escape_xml(Words(language).plain('page.without_scripts'))}</p></noscript>",
        f'<script type="application/json" id="{place}">{json_in_markup(data)}</script>',
        f"<script>{module}</script>",
        "</body>",
        "</html>",
    )
    return "\n".join(lines) + "\n"


def page_style(*names: str) -> str:
    """The style of every page, with its font in it; `names` are styles of what is added to it."""
    return "\n".join((*(_read(f"{name}.css") for name in ("page", *names)), palette_rules(), font_face()))


def page_module(name: str = "page") -> str:
    """What a page does, as JavaScript: "page" by itself, "served" where Python answers it."""
    return _read(f"{name}.js")


def _read(name: str) -> str:
    return (FOLDER / name).read_text("utf-8").strip()


def json_in_markup(content: Mapping[str, Any]) -> str:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
