"""Checking somebody's back-propagation: what their program answers to probes, and the mistake by its name."""
