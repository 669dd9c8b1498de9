"""Files, read with kind messages and written whole or not at all."""

from __future__ import annotations

import glob
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from chainrule.base.errors import FileError

LARGEST_TEXT = 200_000_000
"""Bytes; a description or a record that is larger is refused before it is read."""


UNFINISHED = ".unfinished"
"""The end of the name of a file that is being written."""

ABANDONED = 60.0
"""Seconds after which nobody is still writing to such a file."""


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file; a byte-order mark is taken off. Raises FileError."""
    path = Path(path)
    try:
        if path.is_dir():
            raise FileError(f"{path} is a folder; name a file in it.")
        if path.stat().st_size > LARGEST_TEXT:
            raise FileError(f"{path} is larger than {LARGEST_TEXT:,} bytes, which no description or record needs.")
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise FileError(f"there is no file {path}.") from None
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not text in UTF-8 (byte {error.start + 1} is {error.object[error.start]:#04x}).") from None
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if not text.strip():
        raise FileError(f"{path} is empty.")
    return text


def read_json(path: str | Path) -> Any:
    """What a JSON file holds. Raises FileError, which names the line."""
    return parse_json(read_text(path), str(path))


def parse_json(text: str, where: str) -> Any:
    """What JSON text says. Raises FileError, which names the line."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise FileError(f"{where} is not complete JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from None
    except (RecursionError, ValueError):
        raise FileError(f"{where} is not JSON that a description could be: it is nested too deeply or holds an absurd number.") from None


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Write a file whole or not at all. Raises FileError."""
    with writing_whole(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def writing_whole(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write to, which is there whole, or not at all if something fails: beside its place first, then moved there.

    Raises FileError where it cannot be written.
    """
    path = Path(path)
    if path.is_dir():
        raise FileError(f"{path} is a folder; name a file in it.")
    temporary = None
    try:
        _sweep(path)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=UNFINISHED)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}.") from None
    finally:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)


def _sweep(path: Path) -> None:
    """Remove what writers of this file left that were killed before they could move it to its place."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*{UNFINISHED}"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > ABANDONED:
                left.unlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
