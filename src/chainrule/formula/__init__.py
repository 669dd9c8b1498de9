"""Formulas: the table of primitives, the graph, its derivatives, and its value for any kind of number."""
