"""Engines: the same graph run on floats of any Array-API library, on exact fractions, or as the program it prints."""
