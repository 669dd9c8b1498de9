import numpy as np
rng = np.random.default_rng(3)
data = rng.normal(size=(40, 3))
labels = (data[:, :1] * data[:, 1:2] > 0).astype(float)
w1 = rng.normal(size=(3, 6)); w2 = rng.normal(size=(6, 1))
m1 = np.zeros_like(w1); m2 = np.zeros_like(w2)
beta = 0.9
step_size = 0.05
for it in range(2000):
    hidden = 1 / (1 + np.exp(-data @ w1))
    guess = 1 / (1 + np.exp(-hidden @ w2))
    miss = (guess - labels) * guess * (1 - guess)
    g2 = hidden.T @ miss / len(data)
    g1 = data.T @ (miss @ w2.T * hidden * (1 - hidden)) / len(data)
    m2 = beta * m2 + g2
    m1 = beta * m1 + g1
    w2 = w2 - step_size * m2
    w1 = w1 - step_size * m1
