from sklearn.datasets import load_iris
from sklearn.preprocessing import OneHotEncoder
import numpy as np
import matplotlib.pyplot as plt

iris = load_iris()
X = iris.data
Y = OneHotEncoder(sparse_output=False).fit_transform(iris.target.reshape(-1, 1))
X = (X - X.mean(0)) / X.std(0)

def softmax(x):
    ex = np.exp(x - np.max(x, axis=1, keepdims=True))
    return ex / np.sum(ex, axis=1, keepdims=True)

np.random.seed(0)
W1 = 0.1 * np.random.randn(4, 10)
b1 = np.zeros((1, 10))
W2 = 0.1 * np.random.randn(10, 3)
b2 = np.zeros((1, 3))

costs = []
for epoch in range(500):
    A1 = 1 / (1 + np.exp(-(X.dot(W1) + b1)))
    A2 = softmax(A1.dot(W2) + b2)
    cost = -np.sum(Y * np.log(A2)) / X.shape[0]
    costs.append(cost)
    dZ2 = (A2 - Y) / X.shape[0]
    dZ1 = dZ2.dot(W2.T) * A1 * (1 - A1)
    W2 -= 1.0 * A1.T.dot(dZ2)
    b2 -= 1.0 * dZ2.sum(axis=0, keepdims=True)
    W1 -= 1.0 * X.T.dot(dZ1)
    b1 -= 1.0 * dZ1.sum(axis=0, keepdims=True)
    if epoch % 50 == 0:
        acc = (A2.argmax(1) == iris.target).mean()
        print(f"epoch {epoch}, cost {cost:.3f}, accuracy {acc:.2f}")
plt.plot(costs); plt.show()
