"""The data sets that ship with scikit-learn, by name: `data:iris`. Nothing is fetched."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError, UnknownNameError
from chainrule.data.arrays import EXTRA

SHIPPED = {
    "iris": "species",
    "wine": "cultivar",
    "breast_cancer": "diagnosis",
    "digits": "digit",
    "diabetes": "progression",
    "linnerud": "",
}
"""The sets, each with the name of its target; linnerud's three have names of their own."""

PREFIX = "data:"


def of_shipped(name: str) -> dict[str, Array]:
    """The columns of a shipped set, the targets last; classes by their names. Raises UnknownNameError or InputError."""
    if name not in SHIPPED:
        raise UnknownNameError("shipped data set", name, SHIPPED)
    try:
        from sklearn import datasets
    except ImportError:
        raise InputError(f"data:{name} ships with scikit-learn, which is not installed: {EXTRA}") from None
    options = {"scaled": False} if name == "diabetes" else {}
    bunch: Any = getattr(datasets, f"load_{name}")(**options)
    inputs = {_plain(feature): bunch.data[:, place] for place, feature in enumerate(bunch.feature_names)}
    return inputs | _targets(name, bunch)


def _plain(feature: str) -> str:
    """sepal length (cm) → sepal_length: names that can be typed."""
    return str(feature).partition(" (")[0].replace(" ", "_").replace("/", "_")


def _targets(name: str, bunch: Any) -> dict[str, Array]:
    target = np.asarray(bunch.target)
    if target.ndim == 2:
        return {_plain(label): target[:, place] for place, label in enumerate(bunch.target_names)}
    labels = getattr(bunch, "target_names", None)
    as_text = labels is not None and np.asarray(labels).dtype.kind in "UO" and target.dtype.kind in "iu"
    return {SHIPPED[name]: np.asarray(labels, dtype=object)[target] if as_text else target}
