import numpy as np

# which way does the arm have to turn to reach a point?
points = np.random.default_rng(1).uniform(-1, 1, size=(64, 2))
angles = np.stack([np.arctan2(points[:, 1], points[:, 0]), np.hypot(points[:, 0], points[:, 1])], axis=1)

first = np.random.default_rng(2).normal(size=(2, 20))
second = np.random.default_rng(3).normal(size=(20, 2)) * 0.2

for turn in range(3000):
    bent = np.tanh(points @ first)
    guess = bent @ second
    off = (guess - angles) / 64
    back = (off @ second.T) * (1 - bent * bent)
    second -= 0.1 * bent.T @ off
    first -= 0.1 * points.T @ back

print(np.abs(guess - angles).max())
