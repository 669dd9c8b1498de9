"""The processor that code is made for, and code for it: passes, machine code, loading.

How wide its vectors are, how many it holds, and the shape of tile that follows:

bytes  registers   tile of float32             tile of float64
AVX-512           64         32   6 rows × 4 vectors of 16   6 × 4 vectors of 8
AVX2              32         16   6 rows × 2 vectors of 8    6 × 2 vectors of 4
x86-64 (SSE2)     16         16   5 rows × 2 vectors of 4    5 × 2 vectors of 2
AArch64 (NEON)    16         32   6 rows × 4 vectors of 4    6 × 4 vectors of 2
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import llvmlite.binding as llvm

from chainrule.base.frozen import FrozenValue

MOST_ROWS = 12
"""Rows of a tile, however few vectors it is wide: more would be bound by the loads, one a row, and not by the arithmetic."""

CACHE = 2**20
"""Bytes that a product may count on to stay near the processor while it is used again: half of a second-level cache of today."""


class Processor(FrozenValue):
    """A kind of processor, by the names that LLVM has for it.

    triple     x86_64-unknown-linux-gnu
    cpu        "x86-64", "haswell", "skylake-avx512", "generic" …
    features   "+avx2,+fma,…", or "" for what the cpu has
    bytes      of a vector register
    registers  vector registers
    """

    triple: str
    cpu: str
    features: str
    bytes: int
    registers: int

    @property
    def vectors(self) -> int:
        """Vectors beside each other in a tile, and in a column panel of weights."""
        return 4 if self.registers >= 32 else 2

    def lanes(self, dtype: str) -> int:
        """Numbers in a vector."""
        return self.bytes // itemsize(dtype)

    def tile_rows(self, vectors: int) -> int:
        """The most rows of a tile so many vectors wide: its sums, one row of b and one number of a are in registers; and a product of
        the two, where multiplying and adding are two instructions.
        """
        others = vectors + (2 if self.fused else 4)
        return min(MOST_ROWS, (self.registers - others) // vectors)

    @property
    def fused(self) -> bool:
        """Is a · b + c one instruction?"""
        return self.bytes > 16 or self.registers > 16

    @cached_property
    def machine(self) -> Any:
        """LLVM's target machine, for the optimiser and for the code."""
        return self.new_machine()

    def new_machine(self, **options: str) -> Any:
        """Another one, which a loader may take for its own."""
        if self.triple.startswith("aarch64"):
            llvm.initialize_all_targets()
            llvm.initialize_all_asmprinters()
        else:
            llvm.initialize_native_target()
            llvm.initialize_native_asmprinter()
        return llvm.Target.from_triple(self.triple).create_target_machine(cpu=self.cpu, features=self.features, opt=2, **options)


def itemsize(dtype: str) -> int:
    """Bytes of a number."""
    return 4 if dtype == "float32" else 8


def host() -> Processor:
    """The processor of this computer."""
    triple, features = llvm.get_process_triple(), llvm.get_host_cpu_features()
    if triple.startswith(("aarch64", "arm64")):
        width, registers = 16, 32
    elif features.get("avx512f") and features.get("avx512dq") and features.get("avx512vl"):
        width, registers = 64, 32
    elif features.get("avx2") and features.get("fma"):
        width, registers = 32, 16
    else:
        width, registers = 16, 16
    return Processor(triple, llvm.get_host_cpu_name(), features.flatten(), width, registers)


def processor_named(name: str) -> Processor:
    """A kind of processor for the tests and for whoever wants to read its code: baseline, avx2, avx512, aarch64."""
    triple = llvm.get_process_triple()
    x86 = triple if triple.startswith("x86_64") else "x86_64-unknown-linux-gnu"
    return {
        "baseline": Processor(x86, "x86-64", "", 16, 16),
        "avx2": Processor(x86, "haswell", "", 32, 16),
        "avx512": Processor(x86, "skylake-avx512", "", 64, 32),
        "aarch64": Processor(triple if triple.startswith(("aarch64", "arm64")) else "aarch64-unknown-linux-gnu", "generic", "", 16, 32),
    }[name]


# Code


def finished(module: Any, of: Processor) -> str:
    """The text of a module, with what LLVM has to know of the target."""
    module.triple = of.triple
    module.data_layout = str(of.machine.target_data)
    return str(module)


def optimised(text: str, of: Processor) -> Any:
    """The program after LLVM's passes.

    The representation is written almost as the code shall be, its loops rotated, its vectors vectors. So two passes are enough:
    variables become registers (SROA), and blocks that only lead on go (SimplifyCFG). All of LLVM's -O1 took as long as the rest of
    compiling together, and no code was faster by it.
    """
    parsed = llvm.parse_assembly(text)
    parsed.verify()
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_simplify_cfg_pass()
    passes.run(parsed, llvm.create_pass_builder(of.machine, llvm.create_pipeline_tuning_options(1)))
    return parsed


def assembly(text: str, of: Processor) -> str:
    """The program in the language of the processor."""
    return str(of.machine.emit_assembly(optimised(text, of)))


def object_code(text: str, of: Processor) -> bytes:
    """The program as the processor takes it."""
    code: bytes = of.machine.emit_object(optimised(text, of))
    return code


def load_object(code: bytes, of: Processor) -> Any:
    """Object code in memory, which lives as long as what is returned: `get_function_address(name)` gives its functions."""
    empty = llvm.parse_assembly("")
    empty.triple = of.triple
    engine = llvm.create_mcjit_compiler(empty, of.new_machine(codemodel="jitdefault"))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine
