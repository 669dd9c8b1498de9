"""Catalogues of words, one module a language, the same keys in each; places in braces are filled with formulas or numbers."""
