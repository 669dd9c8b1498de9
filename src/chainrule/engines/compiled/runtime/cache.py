"""Compiled code kept on the disk, so that a second start is instant.

A file holds a header line, 32 bytes of a keyed digest, and the object code. What is read is code that will run, so a file is used only
where everything speaks for it: folder, file and the key of this user belong to the user, who alone may write to them, no part is a link,
and the digest, HMAC-SHA-256 of header and content under that key, is right. On any doubt there is nothing in the cache, and it is
compiled anew. The name of a file is the fingerprint of all that the code depends on, and the digest covers it: a file that was
moved or renamed is as good as none.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from chainrule.base.errors import FileError
from chainrule.base.files import write_whole

VARIABLE = "CHAINRULE_CACHE"
"""The environment variable that names another folder, or is "off"."""

OFF = ("", "0", "off", "no")

MARK = b"chainrule compiled code 2\n"

LARGEST = 64 * 2**20
"""Bytes of one file; one that is larger is not ours."""

ROOM = 256 * 2**20
"""Bytes of all files; beyond it those go that were not used for longest."""

KEY, END = "key", ".code"
_SECRET, _DIGEST = 32, 32


def fingerprint(text: str, about: Mapping[str, str]) -> str:
    """SHA-256 of the program and of everything else that its code depends on: options, versions, processor and its features."""
    known = hashlib.sha256()
    for part in (text, *(f"{name}={about[name]}" for name in sorted(about))):
        encoded = part.encode()
        known.update(len(encoded).to_bytes(8, "little") + encoded)
    return known.hexdigest()


def folder() -> Path | None:
    """Where compiled code is kept, by the convention of the system; None where `CHAINRULE_CACHE` is "off" or there is no home."""
    if (named := os.environ.get(VARIABLE)) is not None:
        return None if named.strip().lower() in OFF else Path(named).expanduser()
    try:
        if os.name == "nt":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            said = os.environ.get("XDG_CACHE_HOME", "")
            base = Path(said) if os.path.isabs(said) else Path.home() / ".cache"
    except RuntimeError:  # no home
        return None
    return base / "chainrule" / "compiled"


def load(name: str) -> bytes | None:
    """The code of that fingerprint; None where it is not there, or anything about it is doubtful. Raises nothing."""
    place = folder()
    if place is None or not _private(place, stat.S_ISDIR):
        return None
    key, content = _read(place / KEY, _SECRET), _read(place / f"{name}{END}", LARGEST)
    if key is None or content is None or len(key) != _SECRET:
        return None
    start = len(MARK) + _DIGEST
    code = content[start:]
    if not code or not content.startswith(MARK) or not hmac.compare_digest(content[len(MARK) : start], _digest(key, name, code)):
        return None
    with suppress(OSError):
        os.utime(place / f"{name}{END}")  # used just now
    return code


def store(name: str, code: bytes) -> bool:
    """Keeps the code, whole or not at all; whether it could. A folder that is not the user's alone, or is full, is left as it is."""
    place = folder()
    if place is None or not code or len(MARK) + _DIGEST + len(code) > LARGEST:
        return False
    with suppress(OSError, FileError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _private(place, stat.S_ISDIR):
            return False
        key = _key(place)
        if key is None:
            return False
        path = place / f"{name}{END}"
        if path.is_symlink():
            path.unlink()  # written to, it would lead out of the folder
        write_whole(path, MARK + _digest(key, name, code) + code)
        os.chmod(path, 0o600)
        _bounded(place)
        return True
    return False


def _digest(key: bytes, name: str, code: bytes) -> bytes:
    return hmac.digest(key, MARK + name.encode() + b"\n" + code, "sha256")


def _key(place: Path) -> bytes | None:
    """The user's key, made at the first time, or when it was cut; None where it is doubtful. It comes to its place whole, and only where
    there is none: two processes that make one at once end with the same.
    """
    path = place / KEY
    known = _read(path, _SECRET)
    if known is not None and len(known) == _SECRET:
        return known
    if known is not None:
        path.unlink()
    handle, new = tempfile.mkstemp(dir=place, prefix=f".{KEY}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_SECRET))
        with suppress(FileExistsError):
            os.link(new, path)
    finally:
        os.unlink(new)
    return _read(path, _SECRET)


def _read(path: Path, most: int) -> bytes | None:
    """What the file holds, if it is a plain file of the user's alone.

    It is looked at through its handle, so that no other file can take its place meanwhile.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags)
    except OSError:
        return None
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or not _ours(found) or found.st_size > most:
        os.close(handle)
        return None
    with suppress(OSError), os.fdopen(handle, "rb") as file:
        return file.read(found.st_size)
    return None


def _private(path: Path, kind: object) -> bool:
    """Is it of that kind, no link, and the user's alone to write to?"""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return bool(callable(kind) and kind(found.st_mode)) and _ours(found)


def _ours(found: os.stat_result) -> bool:
    """Does it belong to this user, who alone may write to it? Where the system knows no such users, the profile's rights decide."""
    if not hasattr(os, "getuid"):
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _bounded(place: Path) -> None:
    """Removes what was not used for longest, until the rest has room."""
    files = []
    for path in place.glob(f"*{END}"):
        with suppress(OSError):
            found = path.lstat()
            files.append((found.st_mtime, found.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= ROOM:
            break
        with suppress(OSError):
            path.unlink()
            total -= size
