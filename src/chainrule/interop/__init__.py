"""Models that were written elsewhere: PyTorch's modules as networks of this one."""
