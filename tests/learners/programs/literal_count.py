import numpy as np
import matplotlib.pyplot as plt

# temperature in the greenhouse over the day, 12 measurements
hours = np.arange(12).reshape(12, 1) / 12
temp = np.sin(hours * 6) * 0.5

w1 = np.random.normal(0, 1, (1, 6)); b1 = np.zeros((1, 6))
w2 = np.random.normal(0, 1, (6, 1)); b2 = np.zeros((1, 1))

history = []
for i in range(10000):
    h = np.tanh(hours @ w1 + b1)
    out = h @ w2 + b2
    loss = ((out - temp) ** 2).sum() / 12
    history.append(loss)

    dout = 2 * (out - temp) / 12
    dw2 = h.T @ dout
    db2 = dout.sum(axis=0, keepdims=True)
    dh = dout @ w2.T
    dz = dh * (1 - h ** 2)
    dw1 = hours.T @ dz
    db1 = dz.sum(axis=0, keepdims=True)

    w1 -= 0.1 * dw1
    b1 -= 0.1 * db1
    w2 -= 0.1 * dw2
    b2 -= 0.1 * db2

fig, ax = plt.subplots()
ax.semilogy(history)
plt.savefig('loss.png')
