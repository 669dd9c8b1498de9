# single layer, my first one
import numpy as np

X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1], [2, 1, 0]])
y = np.array([[1], [3], [2], [4], [5]])

w = np.array([[1], [2], [1]])     # start somewhere near
learning_rate = 0.05

for epoch in range(2000):
    y_pred = np.dot(X, w)
    error = y_pred - y
    grad = np.dot(X.T, error) / len(X)
    for i in range(len(w)):
        w[i] = w[i] - learning_rate * grad[i]
    if epoch % 100 == 0:
        print(epoch, np.mean(error ** 2) / 2, w.ravel())
