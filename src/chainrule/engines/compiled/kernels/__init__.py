"""Larger networks: a function for each stage of a step, called one after the other, each by all threads."""
