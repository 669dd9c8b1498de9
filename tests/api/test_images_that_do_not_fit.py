"""Images that do not fit: another size than the network's, no labels; what is said names what there is, in a line or two."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.base.errors import InputError, UnknownNameError

IMAGES = np.random.default_rng(0).random((20, 4, 5))


def test_images_of_another_size_than_the_network() -> None:
    pixels = {f"pixel_{row + 1}_{column + 1}": IMAGES[:, row, column] for row in range(4) for column in range(5)}
    message = r"takes 4 × 4 × 1 numbers, but the images have 4 × 5 × 1: write 4x5x1, or inputs = \[4, 5, 1\]"
    with pytest.raises(InputError, match=message):
        cr.train(pixels | {"label": ["a", "b"] * 10}, target="label", network="4x4x1:c2k3-1")


def test_images_without_labels_are_not_listed_pixel_by_pixel() -> None:
    message = r"Known: pixel_1_1 … pixel_4_5\. Images have a label where each class has a folder of its own, or a file of labels lies"
    with pytest.raises(UnknownNameError, match=message):
        cr.train(cr.read(IMAGES), target="label", network="4x5x1:c2k3-1")
