"""LLVM: its intermediate representation as text, numbers that emit it, and code for a processor from it."""
