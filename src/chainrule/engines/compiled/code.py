"""From LLVM's intermediate representation to code that can be called: passes, code for a processor, loading.

The representation is written almost as the code shall be, its loops rotated, its vectors vectors. So two passes are enough: variables
become registers (SROA), and blocks that only lead on go (SimplifyCFG). All of LLVM's -O1 took as long as the rest of compiling together,
and no code was faster by it.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm

from chainrule.engines.compiled.target import Processor


def finished(module: Any, of: Processor) -> str:
    """The text of a module, with what LLVM has to know of the target."""
    module.triple = of.triple
    module.data_layout = str(of.machine.target_data)
    return str(module)


def optimised(text: str, of: Processor) -> Any:
    """The program after LLVM's passes."""
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


def loaded(code: bytes, of: Processor) -> Any:
    """Object code in memory, which lives as long as what is returned: `get_function_address(name)` gives its functions."""
    empty = llvm.parse_assembly("")
    empty.triple = of.triple
    engine = llvm.create_mcjit_compiler(empty, of.new_machine(codemodel="jitdefault"))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine
