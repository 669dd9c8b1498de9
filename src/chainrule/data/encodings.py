"""Bytes to text: byte-order marks are taken; where bytes are not UTF-8, the encoding that fits is offered."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from chainrule.base.errors import FileError, UnknownNameError, quoted
from chainrule.base.files import check_readable
from chainrule.base.options import option
from chainrule.base.printing import counted
from chainrule.data.files import ARROW, LINES, suffix_of

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
         (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
"""Byte-order marks; those of UTF-32 first, which begin like those of UTF-16."""

USUAL = [
    "utf-8", "utf-16", "utf-32", "latin-1", "iso8859-2", "iso8859-5", "iso8859-7", "iso8859-9", "iso8859-15", "cp437", "cp850",
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "mac_roman", "koi8-r", "shift_jis",
    "euc_jp", "gb18030", "big5", "euc_kr",
]  # fmt: skip
"""Encodings that are offered; every other one of Python's is taken, too."""

ADDRESS = re.compile(r"[a-z][a-z0-9+]{1,9}:/{1,2}[^/]", re.IGNORECASE)
"""How an address on the Web begins, of which a path has lost a stroke."""

PIECE = 1 << 20

UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
"""What reading raises where a file is cut short or broken."""

OTHERS = {
    b"\xd0\xcf\x11\xe0": "an old workbook, as of Excel; save its sheet as CSV",
    b"%PDF": "a PDF; fetch the table itself",
    b"SQLite format 3\0": "a database of SQLite; write its table as CSV",
    b"\x89HDF": "an HDF5 file; write its table as CSV or Parquet",
    b"PAR1": "a Parquet file; let its name end in .parquet",
    b"ARROW1": "an Arrow file; let its name end in .arrow",
    b"FEA1": "a Feather file; let its name end in .feather",
    b"\x93NUMPY": "a NumPy file; let its name end in .npy",
    b"\x1f\x8b": "packed; let its name end in .gz",
    b"BZh": "packed; let its name end in .bz2",
    b"\xfd7zXZ": "packed; let its name end in .xz",
    b"7z\xbc\xaf": "packed by 7-Zip; unpack it",
    b"Rar!": "packed by RAR; unpack it",
    b"<stata_dta>": "a file of Stata; write it as CSV (export delimited)",
    **dict.fromkeys(
        (bytes((version, order, 1, 0)) for version in range(104, 116) for order in (1, 2)),
        "a file of Stata; write it as CSV (export delimited)",
    ),
    **dict.fromkeys((b"$FL2", b"$FL3", b"SPSS PORT FILE"), "a file of SPSS; save it as CSV"),
    bytes(12) + b"\xc2\xea\x81\x60": "a file of SAS; write it as CSV (proc export)",
    b"HEADER RECORD*******": "a transport file of SAS; write it as CSV (proc export)",
    b"MATLAB 5.0": "a file of MATLAB; write its table as CSV (writetable)",
    b"Obj\1": "an Avro file; write it as Parquet or as JSON lines",
    b"\x28\xb5\x2f\xfd": "packed by Zstandard; unpack it",
    **dict.fromkeys((b"\x89PNG", b"\xff\xd8\xff", b"GIF8"), "an image; name a folder of such, or let its name say so, as .png"),
    b"version https://git-lfs": "what Git LFS keeps in place of a file; fetch the file itself (git lfs pull)",
    b"RDX": "a file of R; write its table by write.csv",
    b"X\n\0\0\0": "a file of R; write its table by write.csv",
    b"\x80\x04\x95": "a pickle, which could run anything and is not read; write its table as CSV or Parquet",
    b"\x80\x05\x95": "a pickle, which could run anything and is not read; write its table as CSV or Parquet",
    b"{\\rtf": "a text with a layout (RTF); save its table as CSV",
}
"""What files of other kinds begin with, and what to do about them."""

JSON = re.compile(rb"\s*(?:\[\s*)?\{\s*\"(?:[^\"\\]|\\.)*\"\s*:")
"""How objects begin, one or the first of a list."""

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".ods", ".numbers")

SQL = re.compile(
    rb"\s*(?:--[^\n]*\n\s*)*"
    rb"(?:(?:create (?:table|database)|insert into|drop table)[ \t]+(?:if (?:not )?exists[ \t]+)?[\w.`\"\[\]]+"
    rb"\s*(?:[(;\n]|values\b|select\b|as\b)|begin transaction\s*;|pragma foreign_keys\s*=|set [@\w]+ ?=|copy [\w.\"]+ ?\()",
    re.IGNORECASE,
)
"""How dumps of databases begin."""

WESTERN_SIGN = re.compile(rb"(?<![\x80-\xff])[\x80\x89\x91-\x97\xa0\xa2-\xa5\xa7\xb0-\xb3\xb5\xbc-\xbe](?![\x80-\xff])")
"""€, ‰, £, §, °, ², µ and the like in cp1252, alone among other signs: they stand in tables without a single letter."""

LARGEST_STREAM = 1 << 30
"""Bytes of what can be read only once, which has to be kept in memory."""

_HELD: ContextVar[Mapping[str, bytes]] = ContextVar("held", default=MappingProxyType({}))
"""What was read of sources that give their bytes once."""


@contextmanager
def reopenable(path: str | Path) -> Iterator[None]:
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
        fix = "; it is an address: fetch the file first" if ADDRESS.match(str(path)) else ""
        raise FileError(f"there is no file {path}{fix}.") from None
    except (OSError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise unreadable_error(path, error) from None


def check_file(path: str | Path) -> None:
    """Is it there, and a file that can be read at any place? Raises FileError."""
    if gives_once(path):
        raise FileError(f"{path} gives its bytes only once: write them into a file first.")


def _given_once(path: Path) -> bytes | None:
    if path.is_dir() or not gives_once(path):
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
    """A file for reading, unpacked if its name ends in .gz, .bz2, .xz or .zip. Raises FileError."""
    path, content = Path(path), _HELD.get().get(str(path))
    if content is None:
        check_file(path)
    try:
        opened: IO[bytes] = _opened(path, path if content is None else io.BytesIO(content))
        return opened
    except (OSError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise unreadable_error(path, error) from None


class FilePart(io.RawIOBase):
    """Some bytes of a file, for reading."""

    def __init__(self, path: str | Path, part: range) -> None:
        self.file, self.left = open(path, "rb", buffering=0), len(part)  # noqa: SIM115  # `close` closes it
        self.file.seek(part.start)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, room: Any) -> int:
        """Fill the room as far as there are bytes; how many these are."""
        count = self.file.readinto(memoryview(room)[: self.left]) or 0
        self.left -= count
        return count

    def close(self) -> None:
        """No more of it."""
        self.file.close()
        super().close()


END_SIGN, MOST_END_SIGNS = "\x1a", 128
"""Ctrl-Z, with which DOS and CP/M ended texts, once or up to the end of a block."""


class BeforeEndSign(io.RawIOBase):
    """What a file gives, in this encoding, without the signs of its end."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self.file, self.waiting, self.has_ended = file, b"", False
        wide = encoding[:6] if encoding.startswith(("utf-16", "utf-32")) else ""
        self.signs = [END_SIGN.encode(f"{wide}-{order}") for order in ("le", "be")] if wide else [END_SIGN.encode()]

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, room: Any) -> int:
        """Fill the room as far as there are bytes of the text; how many these are."""
        kept = MOST_END_SIGNS * len(self.signs[0])
        while not self.has_ended and len(self.waiting) <= kept:
            more = self.file.read(PIECE)
            self.waiting, self.has_ended = self.waiting + more, not more
        if self.has_ended:
            while self.waiting.endswith(tuple(self.signs)):
                self.waiting = self.waiting[: -len(self.signs[0])]
        given = self.waiting[: len(self.waiting) if self.has_ended else -kept][: len(room)]
        self.waiting = self.waiting[len(given) :]
        room[: len(given)] = given
        return len(given)

    def close(self) -> None:
        """No more of it."""
        self.file.close()
        super().close()


def _opened(path: Path, source: Any) -> Any:
    """The source, a path or what was read of it, unpacked as the name of the path says."""
    suffix = path.suffix.lower()
    if suffix == ".zip":
        return _only_member(path, source)
    if suffix in (".bz2", ".xz"):
        return bz2.open(source, "rb") if suffix == ".bz2" else lzma.open(source, "rb")
    return gzip.open(source, "rb") if suffix == ".gz" else source.open("rb") if isinstance(source, Path) else source


def _only_member(path: Path, source: Any) -> Any:
    """The one file in a zip archive. Raises FileError where there are several."""
    try:
        with zipfile.ZipFile(source) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith(("__MACOSX/", "."))]
            if len(names) != 1:
                held = f"{counted(len(names), 'file')} ({', '.join(names[:3])}{' …' if len(names) > 3 else ''})" if names else "no file"
                raise FileError(f"{path} holds {held}; unpack it, and name one file.")
            inner = suffix_of(names[0])
            if inner in (*ARROW, ".npy", ".npz"):
                raise FileError(f"{path} holds {names[0]}, which is not read out of an archive; unpack it.")
            if inner in LINES and suffix_of(path) != inner:
                raise FileError(f"{path} holds {names[0]}; let its name end in {inner}.zip.")
            return archive.open(names[0])  # its file stays open until this is closed
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # RuntimeError: it has a password
        raise FileError(f"{path} is no zip archive that can be read: {error}.") from None


PACKED = [said for said in OTHERS.values() if said.startswith("packed; let its name")]


def check_is_table(path: str | Path, start: bytes) -> None:
    """Raises FileError if a file begins as one of another kind does, which it names."""
    found = next((said for magic, said in OTHERS.items() if start.startswith(magic)), None)
    if start.startswith(b"PK\x03\x04"):
        office = Path(path).suffix.lower() in WORKBOOKS or any(name in start for name in (b"[Content_Types].xml", b"mimetype", b"xl/"))
        found = "a workbook, as of Excel; save its sheet as CSV" if office else "a zip archive; let its name end in .zip"
    if found in PACKED and Path(path).suffix.lower() in (".rds", ".rda", ".rdata"):
        found = OTHERS[b"RDX"]
    if start[257:262] == b"ustar" or (found in PACKED and Path(path).suffix.lower() in (".tgz", ".tbz", ".tbz2", ".txz")):
        found = "an archive of files (tar); unpack it, and name one file, or their folder"
    if start.lstrip()[:9].lower() == b"<!doctype" or start.lstrip()[:5].lower() == b"<html":
        found = "a web page; fetch the file itself"
    elif start.lstrip()[:6].lower() == b"<table":
        found = "a table of a web page; save it as CSV"
    elif start.lstrip()[:5].lower() == b"<?xml":
        found = "an XML file; write its table as CSV"
    elif JSON.match(start):
        found = "JSON; let its name end in .json, or in .jsonl if each line is an object"
    elif SQL.match(start):
        found = "a script of SQL; run it, and write the table as CSV"
    if found:
        raise FileError(f"{path} is {found}.")


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


def begins_as(path: str | Path, encoding: str) -> bool:
    """Does a file begin with text in this encoding that is none in UTF-8? False where it is a pipe, or cannot be read."""
    with suppress(*UNREADABLE, FileError, LookupError):
        if gives_once(path):
            return False
        with open_binary(path) as file:
            start = file.read(PIECE)
        return not _fits(start, marked_encoding(start)) and fitting_encoding(start) is not None and _fits(start, encoding)
    return False


def encoding_error(path: str | Path, encoding: str) -> FileError:
    """The complaint about bytes that are no text in this encoding: which byte, and which encoding fits."""
    decoder, read = codecs.getincrementaldecoder(encoding)(), 0
    more = True
    with suppress(*UNREADABLE), open_binary(path) as file:
        while more:
            piece, kept = file.read(PIECE), len(decoder.getstate()[0])
            try:
                decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                place = read - kept + error.start
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
    mixed = _is_partly_utf_8(data)
    name = "cp1252" if mixed else fitting_encoding(data)
    if name is None and b"\n" in data.partition(b"\0")[0] and _fits(data.replace(b"\0", b""), "utf-8"):
        return f": it holds zero bytes, from byte {data.index(0) + 1:,} on; was it cut off while it was written? Fetch or write it again."
    if name is None:
        return "; it looks like no text at all: save it as CSV in UTF-8."
    text = data[:place].decode(name, "ignore")[-30:] + data[place:].decode(name, "ignore")[:30]
    word = next((word for word in re.findall(r"[^\s\d,;.\"']+", text) if not word.isascii()), "")
    if mixed:
        return f"; other lines are UTF-8, and this one would read {quoted(word)} in {name}: save all of it in one encoding."
    return f"; {name} fits{word and f' and would read {quoted(word)}'}: give {option('encoding', name)}, or save it as UTF-8."


def _is_partly_utf_8(data: bytes) -> bool:
    """Are some lines UTF-8 and others Western text, as of files put one behind the other? By chance few of another script are."""
    foreign = [line for line in data[:PIECE].split(b"\n") if not line.isascii()]
    other = [line for line in foreign if not _fits(line + b"\n", "utf-8")]
    return 0 < len(other) <= 0.75 * len(foreign) and all(_fits(line, "cp1252") for line in other)


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
    start = WESTERN_SIGN.sub(b"", data[:PIECE])
    letters, foreign = sum(bytes([byte]).isalpha() for byte in start), sum(byte >= 128 for byte in start)
    alone = re.search(rb"[\x80-\xff]{2}", start) is None
    names = ("cp1252", "latin-1") if foreign <= letters or alone else ("shift_jis", "cp1251", "gb18030", "latin-1")
    return next(name for name in names if _fits(data, name))


def _fits(data: bytes, name: str) -> bool:
    try:
        codecs.getincrementaldecoder(name)().decode(data)
    except UnicodeDecodeError:
        return False
    return True
