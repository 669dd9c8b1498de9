"""The same through torch.compile."""

from __future__ import annotations

import torch
import torch_eager
from loop import Loop
from torch_eager import about
from workloads import Workload

__all__ = ["about", "begin"]


def begin(workload: Workload, threads: int) -> Loop:
    torch._dynamo.reset()
    loop = torch_eager.begin(workload, threads, torch.compile)
    return loop
