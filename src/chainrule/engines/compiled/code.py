"""From LLVM's intermediate representation to functions that can be called: target, optimisation, the cache on the disk, loading."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from chainrule.engines import ir
from chainrule.engines.compiled import cache
from chainrule.engines.compiled.target import Processor

WORD = ctypes.c_int64
ADDRESS = ctypes.c_void_p
NUMBER = ctypes.c_double


def about(of: Processor) -> dict[str, str]:
    """What compiled code depends on, beside the program."""
    version = ".".join(map(str, llvm.llvm_version_info))
    return {"triple": of.triple, "cpu": of.cpu, "features": of.features, "llvmlite": llvmlite.__version__, "llvm": version}


def optimised(text: str, of: Processor, level: int = 1) -> tuple[Any, Any]:
    """The program after LLVM's passes, and the target machine that turns it into code."""
    machine = of.machine
    parsed = llvm.parse_assembly(text)
    parsed.verify()
    options = llvm.create_pipeline_tuning_options(level)
    options.loop_vectorization = options.slp_vectorization = False  # what is to be a vector is one already
    options.loop_unrolling = False
    llvm.create_pass_builder(machine, options).getModulePassManager().run(parsed, llvm.create_pass_builder(machine, options))
    return parsed, machine


def assembly(text: str, of: Processor) -> str:
    """The program in the language of the processor."""
    parsed, machine = optimised(text, of)
    return str(machine.emit_assembly(parsed))


def finished(module: ir.Module, of: Processor) -> str:
    """The text of a module, with what LLVM has to know of the target."""
    module.triple = of.triple
    module.data_layout = str(of.machine.target_data)
    return str(module)


def fresh(of: Processor) -> Any:
    """A target machine that a loader may take for its own."""
    return llvm.Target.from_triple(of.triple).create_target_machine(cpu=of.cpu, features=of.features, opt=2, codemodel="jitdefault")


class Loaded:
    """Code in memory; its functions live as long as this object."""

    def __init__(self, text: str, of: Processor) -> None:
        name = cache.fingerprint(text, about(of))
        code = cache.load(name)
        self.from_cache = code is not None
        if code is None:
            parsed, machine = optimised(text, of)
            code = machine.emit_object(parsed)
            cache.store(name, code)
        empty = llvm.parse_assembly("")
        empty.triple = of.triple
        self._engine = llvm.create_mcjit_compiler(empty, fresh(of))
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()

    def function(self, name: str, result: Any, arguments: Sequence[Any]) -> Any:
        """A function of the code, to be called with numbers."""
        return ctypes.CFUNCTYPE(result, *arguments)(self._engine.get_function_address(name))
