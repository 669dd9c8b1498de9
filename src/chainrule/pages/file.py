"""The page as one self-contained file, which works from disk and asks nothing of anybody."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Any

from chainrule.notation.mathml import escape_xml
from chainrule.render.html import font_face, palette_rules

MODULE = files("chainrule.pages") / "page.js"
STYLE = files("chainrule.pages") / "page.css"


def page_file(content: Mapping[str, Any]) -> str:
    """The content of `page_content` with all that shows it: style, font and module.

    Its Content-Security-Policy allows that style and that module by their hashes, and no request. What people wrote stands in it as data
    and as escaped text.
    """
    style, module = page_style(), page_module()
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src {_hash(style)}",
            f"script-src {_hash(module)}",
            "font-src data:",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    lines = (
        "<!DOCTYPE html>",
        f'<html lang="{escape_xml(content["language"])}">',
        "<head>",
        '<meta charset="utf-8" />',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}" />',
        f"<title>{escape_xml(content['title'])}</title>",
        '<meta name="viewport" content="width=device-width, initial-scale=1" />',
        '<meta name="generator" content="chainrule" />',
        '<link rel="icon" href="data:," />',
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        '<div id="page"></div>',
        f'<script type="application/json" id="content">{json_in_markup(content)}</script>',
        f"<script>{module}</script>",
        "</body>",
        "</html>",
    )
    return "\n".join(lines) + "\n"


def page_style() -> str:
    """The style of every page, with its font in it."""
    return "\n".join((STYLE.read_text("utf-8").strip(), palette_rules(), font_face()))


def page_module() -> str:
    """What every page does, as JavaScript."""
    return MODULE.read_text("utf-8").strip()


def json_in_markup(content: Mapping[str, Any]) -> str:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
