"""Bytes to text: byte-order marks are taken; where bytes are not UTF-8, the encoding that fits is offered."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import IO

from chainrule.base.errors import FileError, UnknownNameError, quoted
from chainrule.base.files import check_readable

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
         (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
"""Byte-order marks; those of UTF-32 first, which begin like those of UTF-16."""

USUAL = [
    "utf-8", "utf-16", "utf-32", "latin-1", "iso8859-2", "iso8859-5", "iso8859-7", "iso8859-9", "iso8859-15", "cp437", "cp850",
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "mac_roman", "koi8-r", "shift_jis",
    "euc_jp", "gb18030", "big5", "euc_kr",
]  # fmt: skip
"""Encodings that are offered; every other one of Python's is taken, too."""

PIECE = 1 << 20

LARGEST_STREAM = 1 << 30
"""Bytes of what can be read only once, which has to be kept in memory."""


UNREADABLE = (OSError, EOFError, zlib.error)
"""What is raised over files that the system will not read, or that are packed and broken."""


_HELD: ContextVar[Mapping[str, bytes]] = ContextVar("held", default=MappingProxyType({}))
"""What was read of sources that give their bytes once."""


@contextmanager
def held(path: str | Path) -> Iterator[None]:
    """While this lasts, what gives its bytes once, as a pipe or standard input, can be opened again and again. Raises FileError."""
    if str(path) in _HELD.get() or not os.path.exists(path) or (content := _given_once(Path(path))) is None:
        yield
        return
    token = _HELD.set({**_HELD.get(), str(path): content})
    try:
        yield
    finally:
        _HELD.reset(token)


def gives_once(path: str | Path) -> bool:
    """Is it a pipe, or something else that gives its bytes once? Raises FileError, also for a device, which never ends."""
    try:
        return not check_readable(Path(path))
    except FileNotFoundError:
        raise FileError(f"there is no file {path}.") from None
    except (OSError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise unreadable_error(path, error) from None


def check_file(path: str | Path) -> None:
    """Is it there, and a file that can be read at any place? Raises FileError."""
    if gives_once(path):
        raise FileError(f"{path} gives its bytes only once: write them into a file first.")


def _given_once(path: Path) -> bytes | None:
    if not gives_once(path):
        return None
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_STREAM + 1)
    except OSError as error:
        raise unreadable_error(path, error) from None
    if len(content) > LARGEST_STREAM:
        raise FileError(f"{path} gives more than {LARGEST_STREAM:,} bytes, and only once: write them into a file first.")
    return content


def open_binary(path: str | Path) -> IO[bytes]:
    """A file for reading, unpacked if its name ends in .gz. Raises FileError."""
    path, content = Path(path), _HELD.get().get(str(path))
    if content is None:
        check_file(path)
    packed = path.suffix.lower() == ".gz"
    try:
        if content is not None:
            return gzip.GzipFile(fileobj=io.BytesIO(content)) if packed else io.BytesIO(content)  # type: ignore[return-value]  # both read bytes
        return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]
    except OSError as error:
        raise unreadable_error(path, error) from None


def unreadable_error(path: str | Path, error: Exception) -> FileError:
    """The complaint about a file that the system will not read."""
    return FileError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.")


def checked_encoding(name: str) -> str:
    """The encoding under Python's name for it. Raises UnknownNameError."""
    try:
        "".encode(name)
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        raise UnknownNameError("encoding", name, USUAL) from None
    return "utf-8-sig" if found == "utf-8" else found


def marked_encoding(start: bytes) -> str:
    """The encoding that the byte-order mark says; UTF-8 without one."""
    return next((name for mark, name in MARKS if start.startswith(mark)), "utf-8")


def encoding_error(path: str | Path, encoding: str) -> FileError:
    """The complaint about bytes that are no text in this encoding: which byte, and which encoding fits."""
    decoder, read = codecs.getincrementaldecoder(encoding)(), 0
    with suppress(*UNREADABLE), open_binary(path) as file:
        more = True
        while more:
            piece, held = file.read(PIECE), len(decoder.getstate()[0])
            try:
                decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                place = read - held + error.start
                return not_text_error(path, encoding, error.object, error.start, f" (byte {place + 1:,})")
            read, more = read + len(piece), bool(piece)
    return FileError(f"{path} is not text in {_plain(encoding)}.")


def not_text_error(path: str | Path, encoding: str, data: bytes, place: int = 0, where: str = "") -> FileError:
    """The complaint about these bytes, the first wrong one of which stands at `place`, with an offer."""
    return FileError(f"{path} is not text in {_plain(encoding)}{where}{_offer(data, place)}")


def _plain(encoding: str) -> str:
    return "UTF-8" if encoding.startswith("utf-8") else encoding


def _offer(data: bytes, place: int) -> str:
    """Which encoding fits these bytes, and how the word at this place would read; or that they are no text."""
    name = fitting_encoding(data)
    if name is None:
        return "; it looks like no text at all: save it as CSV in UTF-8."
    text = data[:place].decode(name, "ignore")[-30:] + data[place:].decode(name, "ignore")[:30]
    word = next((word for word in re.findall(r"\w+", text) if not word.isascii()), "")
    return f"; {name} fits{word and f' and would read {quoted(word)}'}: give --encoding {name}, or save it as UTF-8."


def fitting_encoding(data: bytes) -> str | None:
    """The likeliest encoding of text that is not UTF-8: UTF-16, Western European, Cyrillic, Japanese or Chinese; None if it is no text."""
    zeros = data.count(0)
    if zeros > len(data) // 4:
        name = "utf-16-le" if data[1::2].count(0) > data[::2].count(0) else "utf-16-be"
        text = data[: PIECE // 2].decode(name, "ignore")
        odd = sum(not (sign.isprintable() or sign.isspace()) for sign in text)
        return name if odd <= len(text) // 100 else None
    if zeros or sum(byte < 32 and byte not in b"\t\n\r\f" for byte in data[:PIECE]) > len(data[:PIECE]) // 100:
        return None
    # Western text has an accent here and there; where most letters are beyond ASCII, it is another script.
    letters, foreign = sum(bytes([byte]).isalpha() for byte in data[:PIECE]), sum(byte >= 128 for byte in data[:PIECE])
    names = ("cp1252", "latin-1") if foreign <= letters else ("shift_jis", "cp1251", "gb18030", "latin-1")
    return next(name for name in names if _fits(data, name))


def _fits(data: bytes, name: str) -> bool:
    try:
        codecs.getincrementaldecoder(name)().decode(data)
    except UnicodeDecodeError:
        return False
    return True
