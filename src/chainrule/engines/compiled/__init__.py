"""The engine `compiled`: a network's training as machine code, emitted through llvmlite."""

from chainrule.engines.compiled.engine import Compiled
from chainrule.engines.compiled.errors import NotCompilable

__all__ = ["Compiled", "NotCompilable"]
