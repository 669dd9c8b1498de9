"""The doctor: which learning rates work, why a run diverged, what is wrong with a training, and cures that were tried."""
