"""Which files a source means: one, several, those of a folder, or those that a pattern such as data/*.csv fits."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from chainrule.base.errors import FileError

TEXT = (".csv", ".tsv", ".txt", ".tab", ".dat", ".data", ".arff")
ARROW = (".parquet", ".feather", ".arrow", ".ipc")
LINES = (".jsonl", ".ndjson", ".json")
IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
NOTHING = "__HIVE_DEFAULT_PARTITION__"
"""What a folder is called whose rows have no value: year=__HIVE_DEFAULT_PARTITION__."""

PACKED = (".gz", ".bz2", ".xz", ".zip")


def suffix_of(path: str | Path) -> str:
    """What the name of a file ends in, in small letters, before it was packed: .csv for t.csv.gz."""
    path = Path(path)
    inner = path.with_suffix("") if path.suffix.lower() in PACKED else path
    return inner.suffix.lower()


def files_of(source: Any) -> list[Path] | None:
    """The files that a source means, if it means several; None for a single file, and for everything else. Raises FileError."""
    if isinstance(source, (str, Path)):
        path = Path(source)
        if path.is_dir():
            return _in_folder(path)
        if not glob.has_magic(str(source)) or path.exists():
            return None
        found = sorted(Path(name) for name in glob.glob(str(source), recursive=True) if Path(name).is_file())
        if not found:
            raise FileError(f"no file fits {source}.")
        return found
    if not isinstance(source, Sequence) or not source or not all(isinstance(item, (str, Path)) for item in source):
        return None
    named = [item for item in source if isinstance(item, Path) or Path(item).suffix or Path(item).exists()]
    return [path for item in source for path in files_of(item) or [Path(item)]] if len(named) == len(source) else None


def _in_folder(folder: Path) -> list[Path]:
    """The tables, or the images, in a folder and in those below it, in the order of their names. Raises FileError."""
    seen = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path.relative_to(folder)))
    tables, images = ([path for path in seen if suffix_of(path) in kinds] for kinds in ((*TEXT, *ARROW, *LINES), IMAGES))
    if tables and images:
        raise FileError(f"{folder} holds tables, as {tables[0]}, and images, as {images[0]}; name those of one kind.")
    if not tables and not images:
        raise FileError(
            f"{folder} is a folder without a table or an image; name a file, or a folder of files such as .csv, .parquet or .png."
        )
    return tables or images


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def folder_of(source: Any) -> Path | None:
    """The folder below which the files of a folder, or of a pattern, lie; None where files are named one by one."""
    if not isinstance(source, (str, Path)):
        return None
    path = Path(source)
    return path if path.is_dir() else next((above for above in path.parents if not glob.has_magic(str(above))), None)


def partition_of(path: Path, folder: Path) -> dict[str, str]:
    """What the folders on the way say, as year=2024/month=5 does; "" where that is no value."""
    pairs = [part.partition("=") for part in path.relative_to(folder).parts[:-1]]
    return {name: "" if value == NOTHING else unquote(value) for name, equals, value in pairs if equals}


def files_in_words(files: Iterable[Path]) -> str:
    """Several files in a word, in any language: "a.csv, b.csv … e.csv"."""
    names = list(map(str, files))
    return ", ".join(names[:2]) + (f" … {names[-1]}" if len(names) > 2 else "")
