"""A glass-box neural network: every number and every formula of back-propagation, shown step by step."""

__version__ = "0.1.0"
