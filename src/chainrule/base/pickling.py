"""Pickling of what works things out once and keeps them."""

from __future__ import annotations

from functools import cached_property
from typing import Any


class WithoutCaches:
    """Pickled and copied as what it was made of: cached properties are worked out again where they are needed."""

    def __getstate__(self) -> dict[str, Any]:
        kinds = type(self).__mro__
        derived = {name for kind in kinds for name, value in vars(kind).items() if isinstance(value, cached_property)}
        return {name: value for name, value in vars(self).items() if name not in derived}
