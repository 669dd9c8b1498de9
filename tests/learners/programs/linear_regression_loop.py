import numpy as np

# rent = base + euros per square metre * size + a bit of luck
rng = np.random.RandomState(17)
n = 60
size = rng.uniform(0.2, 1.5, (n, 1))
y = 1.8 + 7 * size + rng.normal(0, 0.4, (n, 1))     # the rent
X = np.hstack([np.ones_like(size), size])
w = np.zeros((2, 1))
for step in range(800):
    error = X @ w - y
    grad = X.T @ error * 2 / n
    w -= 0.2 * grad
print("base and price:", w.ravel())
