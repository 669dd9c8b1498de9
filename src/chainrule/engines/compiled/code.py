"""From LLVM's intermediate representation to functions that can be called: target, optimisation, the cache on the disk, loading."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache as once
from typing import Any

import llvmlite
import llvmlite.binding as llvm
from llvmlite import ir

from chainrule.engines.compiled import cache

WORD = ctypes.c_int64
ADDRESS = ctypes.c_void_p
NUMBER = ctypes.c_double


@dataclass(frozen=True)
class Target:
    """A processor: what LLVM calls it, and what it can do beyond that.

    vector  bytes of its vectors
    """

    triple: str
    cpu: str
    features: str
    vector: int

    @property
    def about(self) -> dict[str, str]:
        """What compiled code depends on, beside the program."""
        version = ".".join(map(str, llvm.llvm_version_info))
        return {"triple": self.triple, "cpu": self.cpu, "features": self.features, "llvmlite": llvmlite.__version__, "llvm": version}


@once
def _ready() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


@once
def host() -> Target:
    """The processor that this runs on."""
    _ready()
    features = llvm.get_host_cpu_features()
    widest = 64 if features.get("avx512f") else 32 if features.get("avx2") and features.get("fma") else 16
    return Target(llvm.get_process_triple(), llvm.get_host_cpu_name(), features.flatten(), widest)


PLAIN = {"baseline": ("x86-64", 16), "avx2": ("haswell", 32), "avx512": ("skylake-avx512", 64)}
"""Processors that are not this one, for tests: what LLVM calls them, and the bytes of their vectors."""


def target(name: str | None = None) -> Target:
    """A processor of `PLAIN`; the one that this runs on if none is said."""
    if name is None:
        return host()
    _ready()
    cpu, vector = PLAIN[name]
    return Target(llvm.get_process_triple(), cpu, "", vector)


def _machine(of: Target, level: int) -> Any:
    chosen = llvm.Target.from_triple(of.triple)
    return chosen.create_target_machine(cpu=of.cpu, features=of.features, opt=level, reloc="default", codemodel="jitdefault")


def optimised(text: str, of: Target, level: int = 2) -> tuple[Any, Any]:
    """The program after LLVM's passes, and the target machine that turns it into code."""
    machine = _machine(of, level)
    parsed = llvm.parse_assembly(text)
    parsed.verify()
    options = llvm.create_pipeline_tuning_options(level)
    options.loop_vectorization = options.slp_vectorization = False  # what is to be a vector is one already
    options.loop_unrolling = False
    llvm.create_pass_builder(machine, options).getModulePassManager().run(parsed, llvm.create_pass_builder(machine, options))
    return parsed, machine


def assembly(text: str, of: Target) -> str:
    """The program in the language of the processor."""
    parsed, machine = optimised(text, of)
    return str(machine.emit_assembly(parsed))


def finished(module: ir.Module, of: Target) -> str:
    """The text of a module, with what LLVM has to know of the target."""
    module.triple = of.triple
    module.data_layout = str(_machine(of, 2).target_data)
    return str(module)


class Loaded:
    """Code in memory; its functions live as long as this object."""

    def __init__(self, text: str, of: Target) -> None:
        name = cache.fingerprint(text, of.about)
        code = cache.load(name)
        self.from_cache = code is not None
        if code is None:
            parsed, machine = optimised(text, of)
            code = machine.emit_object(parsed)
            cache.store(name, code)
        empty = llvm.parse_assembly("")
        empty.triple = of.triple
        self._engine = llvm.create_mcjit_compiler(empty, _machine(of, 2))
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()

    def function(self, name: str, result: Any, arguments: Sequence[Any]) -> Any:
        """A function of the code, to be called with numbers."""
        return ctypes.CFUNCTYPE(result, *arguments)(self._engine.get_function_address(name))


def described(about: Mapping[str, str]) -> str:
    """What code depends on, as text."""
    return ", ".join(f"{name} {value}" for name, value in about.items())
