"""Every kind of layer against PyTorch, over random shapes and options; and what is not a comparison."""

import pytest
from tests.layer_twins import TWINS, compare

from chainrule.network import layers


@pytest.mark.parametrize("kind", TWINS)
@pytest.mark.parametrize("seed", range(4))
def test_like_torch(kind: str, seed: int) -> None:
    compare(TWINS[kind](seed), seed)


@pytest.mark.proof
@pytest.mark.parametrize("kind", TWINS)
def test_like_torch_over_many_options(kind: str) -> None:
    for seed in range(100, 250):
        compare(TWINS[kind](seed), seed)


def test_every_kind_has_its_twin() -> None:
    layers.load_built_in()
    ours = {name for name, kind in layers.KINDS.items() if kind.function.__module__.startswith("chainrule.")}
    assert ours - {"dense", "tied", "add", "multiply", "join"} == set(TWINS)  # these are in tests/graphs.py
