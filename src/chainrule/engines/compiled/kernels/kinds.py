"""What emits the function of a stage, by its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.engines.compiled.kernels.loops import columns_kernel, flat_kernel, rows_kernel
from chainrule.engines.compiled.kernels.products import EachProductKernel, ProductKernel
from chainrule.engines.compiled.kernels.tables import added_kernel, lookup_kernel

KINDS: dict[str, Callable[[Any, str, Any], Any]] = {
    "product": ProductKernel,
    "each": EachProductKernel,
    "rows": rows_kernel,
    "columns": columns_kernel,
    "flat": flat_kernel,
    "lookup": lookup_kernel,
    "added_at": added_kernel,
}
