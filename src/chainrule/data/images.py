"""Images as rows of a table: one, several, or a folder with one folder for each class. Pillow reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import FileError, InputError, quoted
from chainrule.data.arrays import of_array
from chainrule.data.encodings import UNREADABLE, check_file, unreadable_error
from chainrule.data.files import IMAGES
from chainrule.data.notes import Notice, notice

__all__ = ["FILE", "IMAGES", "LABEL", "of_images"]

EXTRA = "pip install 'chainrule[images]'"

FILE, LABEL = "file", "label"
"""The columns beside the pixels: where an image lies, and the class that its folder is called by."""

MODES = {"1": "L", "L": "L", "P": "RGB", "CMYK": "RGB", "YCbCr": "RGB", "RGB": "RGB", "LA": "RGBA", "PA": "RGBA", "RGBA": "RGBA"}
"""How the colours of a file are read: as grey values, as red, green and blue, or with what shines through besides, each from 0 to 255."""

DEEP = ("I;16", "I;16B", "I;16L", "I", "F")
"""Grey values of more than 256 steps, which are read as they are."""


def of_images(paths: Sequence[Path], folder: Path) -> tuple[dict[str, Array], tuple[Notice, ...]]:
    """Columns of images of one size, and what was found out about them.

    pixel_1_1, pixel_1_2 … are the values of a grey image, row by row from the top left corner; pixel_1_1_1 … those of colours. `file` is
    where the image lies in the folder that holds all, and `label`, where all lie in folders of that, the name of its own.
    Raises FileError: which file, and what is wrong with it.
    """
    modes = [_mode(path) for path in paths]
    mode = _common(paths, modes)
    pixels = [_pixels(path, mode) for path in paths]
    sizes = Counter(array.shape[:2] for array in pixels)
    usual = sizes.most_common(1)[0][0]
    for path, array in zip(paths, pixels, strict=True):
        if array.shape[:2] != usual:
            raise FileError(
                f"{path} has {_size(array.shape)} pixels, but {sizes[usual]:,} of the {len(paths):,} images have {_size(usual)}; a network "
                "takes images of one size: cut or scale them first."
            )
    columns, _ = of_array(np.stack(pixels), str(folder))
    notes = [notice(f"found.images.{mode}", count=len(paths), size=_size(usual))]
    if len(set(modes)) > 1:
        notes.append(notice("found.images_mixed"))
    columns[FILE] = _texts([str(path.relative_to(folder)) for path in paths])
    labels = [path.parent.name for path in paths if path.parent != folder]
    if labels and len(labels) < len(paths):
        astray = next(path for path in paths if path.parent == folder)
        raise FileError(f"{astray} lies beside folders with images; put it into one of them, as their names are the classes.")
    if labels:
        columns[LABEL] = _texts(labels)
        notes.append(notice("found.folders", name=LABEL))
    return columns, tuple(notes)


def _size(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape[:2]))


def _texts(values: Sequence[str]) -> Array:
    texts = np.empty(len(values), dtype=object)
    texts[:] = values
    return texts


def _opened(path: Path) -> Any:
    """The image, of which Pillow has read the head. Raises FileError, InputError."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise InputError(f"{path}: images are read with Pillow, which is not installed: {EXTRA}") from None
    check_file(path)
    try:
        return Image.open(path)
    except UnidentifiedImageError:
        raise FileError(f"{path} is no image, whatever its name says.") from None
    except Image.DecompressionBombError:
        raise FileError(f"{path} has more pixels than any network takes; scale it first.") from None
    except UNREADABLE as error:
        raise unreadable_error(path, error) from None


def _mode(path: Path) -> str:
    """How its colours are to be read: grey "L", "RGB", "RGBA", or "deep", grey of more than 256 steps. Raises FileError."""
    with _opened(path) as image:
        if getattr(image, "n_frames", 1) > 1:
            raise FileError(f"{path} holds {image.n_frames} images, one after the other; save each as a file of its own.")
        if image.mode in DEEP:
            return "deep"
        if image.mode not in MODES:
            raise FileError(f"{path} has colours of a kind ({quoted(image.mode)}) that is not read; save it as grey or as RGB.")
        return "RGBA" if "transparency" in image.info else MODES[image.mode]


def _common(paths: Sequence[Path], modes: Sequence[str]) -> str:
    """What holds the colours of all images. Raises FileError where some have 256 steps, and others more."""
    if "deep" in modes and set(modes) != {"deep"}:
        deep, flat = paths[modes.index("deep")], paths[next(place for place, mode in enumerate(modes) if mode != "deep")]
        raise FileError(f"{deep} has more than 256 steps of grey, and {flat} has not; save them alike.")
    return max(modes, key=["L", "RGB", "RGBA", "deep"].index)


def _pixels(path: Path, mode: str) -> Array:
    """(height, width), or with colours (height, width, channels). Raises FileError."""
    from PIL.ImageOps import exif_transpose

    with _opened(path) as image:
        try:
            upright = exif_transpose(image)  # a camera that was turned says so beside the pixels
            return np.asarray(upright if mode == "deep" else upright.convert(mode))
        except (*UNREADABLE, ValueError, SyntaxError) as error:  # SyntaxError is what Pillow raises over a broken PNG
            raise FileError(f"{path} is a broken image: {error}.") from None
