"""Tiny networks: a variable for each number, and no loop within a step."""
