"""Functions ready to be called: as this process has them already, as they lie on the disk, or compiled now.

What is asked for is known by its fingerprint, a digest of all that its code depends on: the nodes of the step, the size of the batch, the
types, the processor, the versions of LLVM, and the source of this engine itself. So nothing is emitted to find out that it was compiled
before, and the files that emit are not even imported.
"""

from __future__ import annotations

import ctypes
import hashlib
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import llvmlite
import llvmlite.binding as llvm

from chainrule.base.frozen import FrozenValue
from chainrule.engines.compiled.emission.abi import signature
from chainrule.engines.compiled.graph.step_graph import StepGraph
from chainrule.engines.compiled.llvm.target import Processor, finished, load_object, object_code
from chainrule.engines.compiled.runtime import cache as disk

SOURCE = Path(__file__).parent.parent
"""Where the source lies that code depends on."""

MOST_KEPT = 64
"""Functions that a process keeps for whoever asks again."""


class Emitter(Protocol):
    """A way of writing the functions: straight-line code, or kernels.

    room   bytes of what lies in memory between, and
    apart  … of what each thread has there for itself; known when the functions are written
    """

    room: int
    apart: int

    def module(self, name: str) -> Any:
        """The function of that name, in LLVM's representation."""


class FunctionRequest(FrozenValue):
    """Which function is asked for.

    name      "epoch", "error" or "predict"
    rows      a batch has room for so many; of straight-line code 1, or 2 for any number
    given     type of the rows that come from outside
    dtype     of the numbers in memory
    straight  whether it is straight-line code
    threads   so many may share the work
    """

    step_graph: StepGraph
    name: str
    rows: int
    given: str
    dtype: str
    processor: Processor
    straight: bool
    threads: int

    def emitter(self) -> Emitter:
        """How it is written."""
        if self.straight:
            from chainrule.engines.compiled.straight_line.functions import StraightLineEmitter

            return StraightLineEmitter(self.step_graph, self.dtype, self.given, self.processor, single=self.rows == 1)
        from chainrule.engines.compiled.kernels.functions import KernelEmitter

        return KernelEmitter(self.step_graph, self.dtype, self.given, self.processor, self.rows, self.threads)

    def fingerprint(self, source: str) -> str:
        """What it is known by, where the source of the engine has this digest."""
        about = {
            "source": source,
            "llvmlite": llvmlite.__version__,
            "llvm": ".".join(map(str, llvm.llvm_version_info)),
            "processor": repr(self.processor),
            **{key: str(getattr(self, key)) for key in ("name", "rows", "given", "dtype", "straight", "threads")},
        }
        return disk.fingerprint(self.step_graph.description(self.name), about)


class LoadedFunction:
    """A function in memory, which lives as long as this object, and what it needs.

    function    to be called with numbers
    room        bytes of what lies in memory between, and
    apart       … of what each thread has there for itself
    from_cache  whether it lay on the disk
    """

    HEAD = struct.Struct("<QQ")
    """What stands before the object code in the cache: room and apart."""

    def __init__(self, name: str, content: bytes, processor: Processor, from_cache: bool) -> None:
        self.from_cache = from_cache
        self.room, self.apart = self.HEAD.unpack_from(content)
        self._engine = load_object(content[self.HEAD.size :], processor)
        result, arguments = signature(name)
        self.function: Callable[..., Any] = ctypes.CFUNCTYPE(result, *arguments)(self._engine.get_function_address(name))


_kept: dict[str, LoadedFunction] = {}
"""Those of this process by their fingerprints, the last used at the end."""


def loaded_function(request: FunctionRequest) -> LoadedFunction:
    """The function that is asked for, compiled where there is none yet. Raises NotCompilable."""
    found = found_function(request)
    if found is None:
        content, source = compile_function(request), source_digest()
        found = LoadedFunction(request.name, content, request.processor, from_cache=False)
        if source:
            name = request.fingerprint(source)
            disk.store(name, content)
            _keep(name, found)
    return found


def found_function(request: FunctionRequest) -> LoadedFunction | None:
    """The function that is asked for, if this process has it, or it lies on the disk."""
    source = source_digest()
    if not source:
        return None
    name = request.fingerprint(source)
    found = _kept.pop(name, None)
    if found is None:
        content = disk.load(name)
        if content is None:
            return None
        found = LoadedFunction(request.name, content, request.processor, from_cache=True)
    _keep(name, found)
    return found


def _keep(name: str, function: LoadedFunction) -> None:
    """As the one that was used last; what was unused for longest goes."""
    _kept[name] = function
    while len(_kept) > MOST_KEPT:
        del _kept[next(iter(_kept))]


def forget() -> None:
    """Keep none of this process's functions, and look at the source again: as in another process."""
    _kept.clear()
    source_digest.cache_clear()


def compile_function(request: FunctionRequest) -> bytes:
    """What the cache keeps of it: how much room it needs, and the object code. Raises NotCompilable."""
    emitter = request.emitter()
    text = finished(emitter.module(request.name), request.processor)
    return LoadedFunction.HEAD.pack(emitter.room, emitter.apart) + object_code(text, request.processor)


@cache
def source_digest() -> str:
    """Of every file that code depends on, beside what was asked for; "" where they cannot be read, and nothing can be known by it."""
    digest = hashlib.sha256()
    try:
        for path in sorted(SOURCE.rglob("*.py")):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(SOURCE)} {len(content)}\n".encode() + content)
    except OSError:
        return ""
    return digest.hexdigest()
