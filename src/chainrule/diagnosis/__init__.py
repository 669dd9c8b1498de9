"""Which learning rates work, and why a run diverged."""
