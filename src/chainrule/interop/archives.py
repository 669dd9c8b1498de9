"""Exported PyTorch programs in files (.pt2): their graph is JSON and their tensors are bytes, so that nothing in them has to be run.

PyTorch's own reader unpickles parts of such a file, and evaluates the text of its sizes. Here a part that is pickled is refused, or, as the
inputs that the program was exported with, left unread; and what PyTorch is then given of the graph holds nothing but calls of its own
operations.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chainrule.base.errors import FileError
from chainrule.base.printing import counted
from chainrule.interop.exporting import torch_needed

MOST_BYTES = 2**31
"""Of a file, and of what is packed in it."""

SIZE = re.compile(r"(?:Symbol\('\w+'(?:, \w+=True)*\)|[\d\s+*()-])+")
"""How the graph may write a size that is not known yet, and what is computed of it."""

CALL = re.compile(r"torch\.ops\.aten\.\w+\.\w+|_operator\.getitem|torch\.sym_\w+")
"""What the graph may call."""


def exported_program(path: str | Path) -> Any:
    """The program in a .pt2 file. Raises FileError."""
    torch_needed()
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(part.file_size for part in archive.infolist()) > MOST_BYTES:
                raise FileError(f"{path} holds more than 2 GB.")
            files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist() if "sample_inputs" not in name}
        return _program(files)
    except FileError as error:
        raise FileError(f"{path}: {error}") from None
    except (OSError, zipfile.BadZipFile) as error:
        raise FileError(f"{path} is no exported program, as torch.export.save writes it: {error}.") from None
    except Exception as error:  # noqa: BLE001  # PyTorch's reader raises what it wants at a file that is damaged
        raise FileError(f"{path} cannot be read: {str(error).splitlines()[0][:200] if str(error) else type(error).__name__}.") from None


def _program(files: Mapping[str, bytes]) -> Any:
    from torch._export.serde import schema, serialize

    names = [name for name in files if name.startswith("models/")]
    if len(names) != 1:
        raise FileError(f"it holds {counted(len(names), 'program')}; one is needed, as torch.export.save writes it.")
    graph = json.loads(files[names[0]])
    for key, value in _fields(graph):
        if key == "expr_str" and not SIZE.fullmatch(str(value)):
            raise FileError(f"a size in it is written as {str(value)[:60]!r}, which is not read.")
        if key == "target" and isinstance(value, str) and not CALL.fullmatch(value):
            raise FileError(f"it calls {value[:60]!r}, which is no operation of PyTorch's own.")
    graph["guards_code"] = []  # text that PyTorch would run
    model = names[0].removeprefix("models/").removesuffix(".json")
    tensors = {kind: _tensors(files, f"data/{kind}/", f"{model}_{kind}_config.json") for kind in ("weights", "constants")}
    read = serialize._dict_to_dataclass(schema.ExportedProgram, graph)  # type: ignore[no-untyped-call]  # PyTorch's own, without types
    return serialize.ExportedProgramDeserializer().deserialize(read, tensors["weights"], tensors["constants"], b"")


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, at any depth."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            yield from one.items()
            pending += one.values()
        elif isinstance(one, list):
            pending += one


def _tensors(files: Mapping[str, bytes], folder: str, config: str) -> dict[str, Any]:
    import torch
    from torch._export.serde import schema, serialize

    found: dict[str, Any] = {}
    listed = json.loads(files.get(folder + config, b'{"config": {}}'))["config"]
    for name, payload in listed.items():
        if payload["use_pickle"] or not payload["tensor_meta"]:
            raise FileError(f"{name} is stored as a Python object, which is not read: it could run anything.")
        meta = serialize._dict_to_dataclass(schema.TensorMeta, payload["tensor_meta"])  # type: ignore[no-untyped-call]  # as above
        dtype = serialize.deserialize_scalar_type(meta.dtype)
        sizes, strides = serialize.deserialize_size(meta.sizes), serialize.deserialize_stride(meta.strides)
        stored = files[folder + payload["path_name"]]
        flat = torch.frombuffer(bytearray(stored), dtype=dtype) if stored else torch.zeros(0, dtype=dtype)
        tensor = torch.as_strided(flat, sizes, strides, serialize.deserialize_storage_offset(meta.storage_offset))
        found[name] = torch.nn.Parameter(tensor, requires_grad=meta.requires_grad) if payload["is_param"] else tensor
    return found
