"""Operations of PyTorch and JAX as formulas of our table, by what they do; importing it fills `table.PYTORCH` and `table.JAX`."""

from chainrule.interop.operations import elements, moving, normalization, products, sequences, sums, windows

__all__ = ["elements", "moving", "normalization", "products", "sequences", "sums", "windows"]
