"""Stand-ins for packages that show something or bring samples: what shows gives nothing, what brings samples gives random ones.

Nothing is shown where a program is checked, and its samples are a probe's; importing such packages would take seconds.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import io
import sys
import types
from collections.abc import Callable, Iterator
from typing import IO, Any

import numpy as np

SHOWS = ("matplotlib", "pylab", "seaborn", "plotly", "IPython", "google", "mpl_toolkits", "graphviz", "bokeh", "termcolor", "colorama",
         "prettytable",          "rich", "ipywidgets", "wandb", "tensorboard", "tensorboardX", "progressbar", "alive_progress")  # fmt: skip
"""Packages that show something: nothing is shown here, and what they give is never looked at."""

BRINGS = ("sklearn", "pandas", "tensorflow", "keras", "torchvision", "h5py", "mnist", "datasets", "scikit_learn", "sns", "statsmodels")
"""Packages that bring samples."""

ROWS = 60
"""Samples of what loads some."""


class Nothing:
    """Stands for whatever a package that shows things would give."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Whatever is asked of it."""
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _: Any) -> Any:
        return self

    def __setitem__(self, *_: Any) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        return iter((self, self))

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        pass


class _Shows(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives modules in which every name is nothing, or gives random samples."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        first = name.partition(".")[0]
        if first in SHOWS or first in BRINGS or first == "tqdm":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        module = _Shown(spec.name)
        module.__path__ = []
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        pass


class _Shown(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        first = self.__name__.partition(".")[0]
        if first == "tqdm":
            return (lambda *a, **k: range(*a)) if name in ("trange", "tnrange") else _through
        if first == "pandas" and name.startswith("read_"):
            return lambda *a, **k: RandomTable()
        if name == "DataFrame":
            return RandomTable
        if name in SAMPLES:
            return SAMPLES[name]
        if self.__name__ == "sklearn.base" and name[:1].isupper():
            return type(name, (), {})  # what a person's own class is one of
        return _Shown(f"{self.__name__}.{name}") if first in BRINGS else Nothing()

    def __call__(self, *arguments: Any, **_: Any) -> Any:
        return _through(*arguments) if self.__name__.startswith("tqdm") else Nothing()


class RandomTable(Nothing):
    """A table that was read from a file that is not here: random numbers; columns that are picked by name are as many as are named.

    Picking one column gives classes, 0 and 1, because that is what most programs take from a table by itself.
    """

    def __init__(self, values: Any = None, *_: Any, **__: Any) -> None:
        self._values = np.random.default_rng(0).normal(size=(ROWS, 6)) if values is None else np.asarray(values)

    def __array__(self, *_: Any, **__: Any) -> Any:
        return self._values

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in ("values", "shape", "T"):
            return {"values": self._values, "shape": self._values.shape, "T": self._values.T}[name]
        if name in ("iloc", "loc"):
            return _Places(self._values)
        if name in ("sum", "mean", "std", "min", "max"):
            return getattr(self._values, name)
        return lambda *a, **k: self._asked(name, a, k)

    def _asked(self, name: str, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if name in ("to_numpy", "as_matrix"):
            return self._values
        if name == "drop" and self._values.ndim == 2 and ("columns" in named or named.get("axis") == 1 or given[1:] == (1,)):
            gone = named.get("columns", given[0] if given else "")
            return RandomTable(self._values[:, : -len(gone) if isinstance(gone, (list, tuple)) else -1])
        if name == "map" and given and isinstance(given[0], dict):
            return RandomTable(np.arange(len(self)) % len(given[0]))
        return self

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, (list, tuple)):
            return RandomTable(np.random.default_rng(len(key)).normal(size=(len(self), len(key))))
        return RandomTable((np.arange(len(self)) % 2).astype(float)) if isinstance(key, str) else self

    def __setitem__(self, *_: Any) -> None:
        pass


def _computing(sign: str) -> Callable[[Any, Any], RandomTable]:
    return lambda own, other: RandomTable(getattr(own._values, sign)(getattr(other, "_values", other)))


for _sign in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "eq", "gt", "lt", "ge", "le"):  # a table computes as its array does
    setattr(RandomTable, f"__{_sign}__", _computing(f"__{_sign}__"))


class _Places(Nothing):
    def __init__(self, values: Any) -> None:
        self._values = values

    def __getitem__(self, key: Any) -> Any:
        named = isinstance(key, str) or (isinstance(key, tuple) and any(isinstance(one, str) for one in key))
        return RandomTable(self._values if named else self._values[key])


def _class_numbers(classes: Any, *_: Any) -> Any:
    return np.unique(np.asarray(classes).ravel(), return_inverse=True)[1]


def _one_hot(classes: Any, *_: Any, **__: Any) -> Any:
    """Numbers of classes as vectors of zeros with a one."""
    places = _class_numbers(classes)
    return np.eye(places.max(initial=-1) + 1)[places]


def _same(x: Any, *_: Any, **__: Any) -> Any:
    return x


def _transforming(function: Callable[..., Any], *others: str) -> type[Nothing]:
    """A class whose objects transform what they get."""
    methods = ("fit_transform", "transform", *others)
    return type("Transformer", (Nothing,), dict.fromkeys(methods, lambda own, *given, **named: function(*given, **named)))


def _samples(features: int, classes: int) -> Callable[..., Any]:
    """What loads or makes samples: random ones of these sizes, and numbers of classes."""

    def make(n_samples: Any = ROWS, *_: Any, return_X_y: bool = True, n_features: int = features, **__: Any) -> Any:
        rng = np.random.default_rng(0)
        rows = n_samples if isinstance(n_samples, int) else ROWS
        x, t = rng.normal(size=(rows, n_features)), np.arange(rows) % max(classes, 1)
        return (x, t) if classes else (x, x.sum(axis=1))

    return make


def _bunch(features: int, classes: int) -> Callable[..., Any]:
    def load(*_: Any, return_X_y: bool = False, **__: Any) -> Any:
        x, t = _samples(features, classes)()
        return (x, t) if return_X_y else types.SimpleNamespace(data=x, target=t, images=x, feature_names=[], target_names=[])

    return load


def _split(*arrays: Any, **_: Any) -> list[Any]:
    """Samples to learn from, and the rest."""
    return [part for array in arrays for part in (array[: len(array) * 3 // 4], array[len(array) * 3 // 4 :])]


_Scaler, _Encoder = _transforming(_same, "inverse_transform"), _transforming(_one_hot)

SAMPLES: dict[str, Any] = {
    "make_moons": _samples(2, 2),
    "make_circles": _samples(2, 2),
    "make_blobs": _samples(2, 3),
    "make_classification": _samples(20, 2),
    "make_regression": _samples(5, 0),
    "make_gaussian_quantiles": _samples(2, 2),
    "load_iris": _bunch(4, 3),
    "load_digits": _bunch(64, 10),
    "load_wine": _bunch(13, 3),
    "load_breast_cancer": _bunch(30, 2),
    "load_diabetes": _bunch(10, 0),
    "fetch_openml": _bunch(784, 10),
    "train_test_split": _split,
    "StandardScaler": _Scaler,
    "MinMaxScaler": _Scaler,
    "RobustScaler": _Scaler,
    "OneHotEncoder": _Encoder,
    "LabelBinarizer": _Encoder,
    "LabelEncoder": _transforming(_class_numbers),
    "to_categorical": _one_hot,
    "get_dummies": _one_hot,
    "normalize": _same,
    "shuffle": lambda *arrays, **_: arrays[0] if len(arrays) == 1 else arrays,
}


def _through(things: Any = None, *_: Any, **__: Any) -> Any:
    """A progress bar without the bar."""
    return things if things is not None else Nothing()


TEXT = "the sea has set a tent; he has a hat. " * 4


def opened(file: Any, mode: str = "r", *given: Any, **named: Any) -> IO[Any]:
    """A file, as Python opens it; in place of a text that is not here, another one to be learned."""
    try:
        return open(file, mode, *given, **named)  # the program closes it
    except FileNotFoundError:
        if not str(file).endswith((".txt", ".text")) or {*mode} - {*"rt"}:
            raise
        return io.StringIO(TEXT)


def stand_in() -> None:
    """Let programs of this process import the stand-ins, and read tables of numbers from files that are not here."""
    for name in ("loadtxt", "genfromtxt"):
        setattr(np, name, lambda *_, **__: np.random.default_rng(0).normal(size=(ROWS, 6)))
    if not any(isinstance(finder, _Shows) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Shows())
