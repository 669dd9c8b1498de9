import numpy as np
from sklearn.datasets import make_circles
X, y = make_circles(n_samples=300, noise=0.1, factor=0.4, random_state=0)
y = y.reshape(-1, 1)
def sigmoid(z): return 1/(1+np.exp(-z))
W1 = np.random.randn(2, 10); b1 = np.zeros((1, 10))
W2 = np.random.randn(10, 1); b2 = np.zeros((1, 1))
lr = 0.1
m = X.shape[0]
for it in range(10000):
    Z1 = np.dot(X, W1) + b1
    A1 = np.maximum(0, Z1)
    Z2 = np.dot(A1, W2) + b2
    A2 = sigmoid(Z2)
    cost = -np.mean(y*np.log(A2) + (1-y)*np.log(1-A2))
    dZ2 = A2 - y
    dW2 = np.dot(A1.T, dZ2)/m
    db2 = np.sum(dZ2, axis=0, keepdims=True)/m
    dA1 = np.dot(dZ2, W2.T)
    dZ1 = np.where(Z1 > 0, dA1, 0)
    dW1 = np.dot(X.T, dZ1)/m
    db1 = np.sum(dZ1, axis=0, keepdims=True)/m
    W2 = W2 - lr*dW2
    b2 = b2 - lr*db2
    W1 = W1 - lr*dW1
    b1 = b1 - lr*db1
