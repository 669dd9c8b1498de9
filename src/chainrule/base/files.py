"""Files, read with kind messages and written whole or not at all."""

from __future__ import annotations

import errno
import glob
import json
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO

from chainrule.base.errors import FileError

try:
    import fcntl
except ImportError:  # on Windows
    LOCKS = False
else:
    LOCKS = True

LARGEST_TEXT = 200_000_000
"""Bytes; a description or a record that is larger is refused before it is read."""


UNFINISHED = ".unfinished"
"""The end of the name of a file that is being written."""

ABANDONED = 60.0
"""Seconds after which nobody is still writing to such a file, where it cannot be locked while somebody does."""


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file; a byte-order mark is taken off. Raises FileError."""
    path = Path(path)
    try:
        check_readable(path)
        with path.open("rb") as file:
            return read_stream(file, str(path))
    except FileNotFoundError:
        raise FileError(f"there is no file {path}.") from None
    except (OSError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None


def check_readable(path: Path) -> bool:
    """Is it a file that can be read again and again? False for what gives its bytes once, as a pipe. Raises FileError, OSError."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise FileError(f"{path} is a folder; name a file in it.")
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise FileError(f"{path} is a device; name a file.")
    return stat.S_ISREG(mode)


def read_stream(file: IO[bytes], where: str, encoding: str = "utf-8-sig") -> str:
    """The text of a stream of bytes; of an endless one no more is read than a description could have. Raises FileError."""
    content = file.read(LARGEST_TEXT + 1)
    if len(content) > LARGEST_TEXT:
        raise FileError(f"{where} is larger than {LARGEST_TEXT:,} bytes, which no description or record needs.")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        name, byte = encoding.removesuffix("-sig").upper(), error.object[error.start]
        raise FileError(f"{where} is not text in {name} (byte {error.start + 1} is {byte:#04x}).") from None
    if not text.strip():
        raise FileError(f"{where} is empty.")
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


def json_text(value: Any, *, indent: int | None = None) -> str:
    """A value as JSON in UTF-8; half a character, as in the name of a file that is not text, is written as its code.

    Raises ValueError where a number is not finite.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def write_whole(path: str | Path, content: str | bytes, *, replacing: bool = True) -> None:
    """Write a file whole or not at all, as `writing_whole`. Raises FileError."""
    with writing_whole(path, replacing=replacing) as file:
        file.write(content.encode(errors="backslashreplace") if isinstance(content, str) else content)


@contextmanager
def writing_whole(path: str | Path, *, replacing: bool = True) -> Iterator[BinaryIO]:
    """A file to write to, which is there whole, or not at all if something fails: beside its place first, then moved there.

    replacing  False refuses to take the place of a file, also of one that appears while this one is written

    A symbolic link stays one, and what it leads to is replaced; a file keeps its mode and its owner; a pipe or a device is written to as
    it is. Raises FileError where it cannot be written.
    """
    path = Path(path)
    try:
        before = _state(path)
        if before is None or stat.S_ISREG(before.st_mode):
            if before is not None and not replacing:
                raise FileExistsError(path)
            with _beside(Path(os.path.realpath(path)), before, replacing) as file:
                yield file
        elif stat.S_ISDIR(before.st_mode):
            raise FileError(f"{path} is a folder; name a file in it.")
        else:
            with path.open("wb") as file:
                yield file
    except FileExistsError:
        raise there_already(path) from None
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}.") from None


def check_writable(path: str | Path, *, in_place: bool = False) -> None:
    """Can a file be written there, as far as that is known before? Raises FileError.

    in_place  whether one that is there is written to, and not replaced
    """
    path, folder = Path(path), Path(os.path.realpath(path)).parent
    try:
        before = _state(path)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}.") from None
    if not folder.is_dir():
        raise FileError(f"{path} cannot be written: there is no folder {path.parent}.")
    if before is not None and stat.S_ISDIR(before.st_mode):
        raise FileError(f"{path} is a folder; name a file in it.")
    is_kept = before is not None and (in_place or not stat.S_ISREG(before.st_mode))
    if not os.access(path if is_kept else folder, os.W_OK):
        raise FileError(f"{path} cannot be written: {os.strerror(errno.EACCES)}.")


def there_already(path: str | Path) -> FileError:
    """The complaint about a file in the way."""
    return FileError(f"{path} exists already; write to another file, or replace it with «--force».")


def occupied(path: str | Path) -> bool:
    """Is a file or a folder there? A pipe or a device is in nobody's way."""
    before = _state(Path(path))
    return before is not None and (stat.S_ISREG(before.st_mode) or stat.S_ISDIR(before.st_mode))


def _state(path: Path) -> os.stat_result | None:
    """What is there; None where nothing is, as behind a link that leads nowhere."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


@contextmanager
def _beside(path: Path, before: os.stat_result | None, replacing: bool) -> Iterator[BinaryIO]:
    """A file beside its place, which is moved there when it is whole. It is locked while somebody writes to it: `remove_unfinished` spares
    it then.
    """
    remove_unfinished(path)
    handle, temporary = _unfinished(path)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if before is None:
                os.chmod(temporary, 0o666 & ~_umask())
            else:
                with suppress(OSError, AttributeError):  # only root may give a file away; Windows has no owners of this kind
                    os.chown(temporary, before.st_uid, before.st_gid)
                os.chmod(temporary, stat.S_IMODE(before.st_mode))
            if LOCKS:  # elsewhere, a file that is open cannot be moved
                _move(temporary, path, replacing)
        if not LOCKS:
            _move(temporary, path, replacing)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def _unfinished(path: Path) -> tuple[int, str]:
    """A new file that is this process's alone: open, and locked before another could take it for abandoned."""
    while True:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=UNFINISHED)
        _locked(handle, wait=True)
        if os.fstat(handle).st_nlink:
            return handle, temporary
        os.close(handle)


def _move(temporary: str, path: Path, replacing: bool) -> None:
    """Raises FileExistsError where there is a file by now that may not be replaced."""
    if replacing:
        os.replace(temporary, path)
        return
    try:
        os.link(temporary, path)  # which alone fails, at once, where something is there
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError(path) from None
        os.replace(temporary, path)


def remove_unfinished(path: Path) -> None:
    """Remove what writers of this file left that were killed before they could move it to its place."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*{UNFINISHED}"):
        with suppress(OSError), left.open("rb") as file:
            alone = _locked(file.fileno()) if LOCKS else None
            if alone or (alone is None and time.time() - left.stat().st_mtime > ABANDONED):
                left.unlink()


@contextmanager
def claimed(path: str | Path) -> Iterator[None]:
    """While this lasts, no other process can claim the path: a file beside it, `model.safetensors.lock`, is locked.

    The lock ends with the process, however that ends. Raises FileError where another one has it.
    """
    real = os.path.realpath(path)
    try:
        handle = _claim(f"{real}.lock")
    except BlockingIOError:
        raise FileError(f"another run is making {path}; wait until it has ended, or write to another file with «--output».") from None
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}.") from None
    try:
        remove_unfinished(Path(real))
        yield
    finally:
        if LOCKS:
            os.unlink(f"{real}.lock")  # before it is let go, so that nobody gets the lock of a file that is gone
        os.close(handle)
        if not LOCKS:
            with suppress(OSError):
                os.unlink(f"{real}.lock")


def _claim(lock: str) -> int:
    """The open, locked file. Raises BlockingIOError where another process has the lock."""
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if _locked(handle) is False:
                raise BlockingIOError
            if _same(handle, lock):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # the one who had it has removed it meanwhile


def _same(handle: int, path: str) -> bool:
    """Is the open file the one that has the name now?"""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def _locked(handle: int, *, wait: bool = False) -> bool | None:
    """Lock an open file until it is closed. False where another process has it locked; None where the file system has no locks."""
    try:
        if LOCKS:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        elif not wait:
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # which mypy knows on Windows alone
    except OSError as error:
        return False if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK) else None
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
