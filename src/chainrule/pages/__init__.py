"""The live page: the explanation as one file in which every number can be changed, and what it needs as plain data."""
