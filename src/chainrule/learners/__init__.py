"""Learners' programs: read as they are, run in a process of their own, and watched while they compute."""
