"""What was found out about a source while it was read, in the words of every language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.base.display import Worded
from chainrule.base.frozen import FrozenValue


class Notice(Worded, FrozenValue):
    """One thing that was found out: the key of its text in the catalogue of words, and what goes into it; as text, in English."""

    key: str
    values: Mapping[str, Any]


def notice(key: str, **values: Any) -> Notice:
    """What the text of this key says of these values."""
    return Notice(key, values)
