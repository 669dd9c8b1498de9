"""What the processes of a run agree on before its first step, and what they put together at its end."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from chainrule.base.arrays import Array
from chainrule.preparation.preparation import Preparation
from chainrule.processes.together import Processes
from chainrule.training.metrics import Scores

T = TypeVar("T")


def alike(processes: Processes | None, action: Callable[[], T]) -> T:
    """What an action gives, which fails in all processes where it fails in one. Raises what it raises, or AgreedError."""
    found: T = action() if processes is None else processes.agreed(action)
    return found


def check_versions(processes: Processes, version: str) -> None:
    """Raises AgreedError where a process has another version of what computes; version: of chainrule, here."""
    processes.check_alike({"another version of chainrule": version, "another version of NumPy": np.__version__})


def check_options(processes: Processes, options: Mapping[str, Any]) -> None:
    """Raises AgreedError where a process was asked for something else. options: what was asked for, as it is typed, by name."""
    processes.check_alike({f"another option {name}": json.dumps(value, default=str) for name, value in options.items()})


def check_data(processes: Processes, preparation: Preparation, labels: Array) -> None:
    """Raises AgreedError where a process has read other data: another number of rows, other columns, other values."""
    known = hashlib.sha256(json.dumps(preparation.to_dict(), sort_keys=True).encode())
    known.update(np.ascontiguousarray(labels, dtype="<f8").tobytes())
    columns = ", ".join([*preparation.feature_names[:4], *(["…"] if len(preparation.feature_names) > 4 else [])])
    processes.check_alike({"other data": f"{len(labels):,} rows, columns {columns}, fingerprint {known.hexdigest()[:12]}"})


def readable_here(processes: Processes | None, path: Path) -> Path:
    """A file of the process that writes, where this one can read it: itself, or a copy."""
    if processes is None:
        return path
    content = processes.content(path.read_bytes() if processes.writes else b"")
    if processes.writes:
        return path
    with tempfile.NamedTemporaryFile(prefix="chainrule-", suffix=path.suffix, delete=False) as file:
        file.write(content)
    return Path(file.name)


def scores_of_all(own: Scores | None, processes: Processes | None) -> Scores:
    """The scores on the rows of all processes; `own` are those on the rows that are here, None where there are none."""
    if processes is None:
        assert own is not None
        return own
    texts = processes.texts("" if own is None else json.dumps(own.to_dict()))
    first, *others = [Scores.from_dict(json.loads(text)) for text in texts if text]
    return sum(others, first)
