"""Explanations as inert values, and the words of every language."""
