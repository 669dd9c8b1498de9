"""Models that were written elsewhere: PyTorch's modules and JAX's functions as networks of this one, and networks as ONNX files."""
