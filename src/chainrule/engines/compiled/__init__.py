"""The engine `compiled`: a network's training as machine code, emitted through llvmlite, which is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule.base.errors import NotCompilable

if TYPE_CHECKING:
    from chainrule.engines.compiled.engine import Compiled

__all__ = ["Compiled", "NotCompilable"]


def __getattr__(name: str) -> Any:
    if name == "Compiled":
        from chainrule.engines.compiled.engine import Compiled

        return Compiled
    raise AttributeError(f"module {__name__} has no attribute {name}")
