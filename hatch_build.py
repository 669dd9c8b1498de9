"""The package page: README, whose links lead to the project's address, or say which file of the source package they mean."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<path>[^)#:]+)(?P<place>#[^)]*)?\)")
"""A link, or a picture, within the repository; the text may go over a line."""


class PackagePage(MetadataHookInterface):
    """Hatchling calls it when it writes the metadata of a package."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the page to the metadata."""
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        page = standing_alone(readme, metadata.get("urls", {}).get("Source"))
        metadata["readme"] = {"content-type": "text/markdown", "text": page}


def standing_alone(readme: str, source: str | None) -> str:
    """The text without links that need the files beside it.

    source  the address of the repository, as `[project.urls]` says it
    """

    def absolute(link: re.Match[str]) -> str:
        text, path = link["text"], link["path"]
        if source is not None:
            return f"{link['picture']}[{text}]({source}/{'raw' if link['picture'] else 'blob'}/main/{path}{link['place'] or ''})"
        if link["picture"]:
            return f"*{text}*"
        return f"`{path}`" if text == path else f"{text} (`{path}`)"

    return LINK.sub(absolute, readme)
