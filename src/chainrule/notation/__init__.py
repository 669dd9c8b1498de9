"""Notation: how formulas are written, in the letters of a course, as text, LaTeX and MathML."""
