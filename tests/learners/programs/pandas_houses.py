import pandas as pd
import numpy as np
import matplotlib.pyplot as plt
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split

df = pd.read_csv('houses.csv')
df = df.dropna()
features = ['rooms', 'area', 'age', 'distance']
X = df[features].values
y = df['price'].values.reshape(-1, 1)

scaler = StandardScaler()
X = scaler.fit_transform(X)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)

n_hidden = 8
W1 = np.random.randn(X_train.shape[1], n_hidden) * 0.1
b1 = np.zeros((1, n_hidden))
W2 = np.random.randn(n_hidden, 1) * 0.1
b2 = np.zeros((1, 1))

losses = []
lr = 0.01
for i in range(1000):
    # forward
    z1 = np.dot(X_train, W1) + b1
    a1 = np.tanh(z1)
    y_hat = np.dot(a1, W2) + b2

    loss = np.mean((y_hat - y_train) ** 2)
    losses.append(loss)

    # backward
    m = X_train.shape[0]
    dy = 2 * (y_hat - y_train) / m
    dW2 = np.dot(a1.T, dy)
    db2 = np.sum(dy, axis=0, keepdims=True)
    da1 = np.dot(dy, W2.T)
    dz1 = da1 * (1 - np.power(a1, 2))
    dW1 = np.dot(X_train.T, dz1)
    db1 = np.sum(dz1, axis=0, keepdims=True)

    W1 = W1 - lr * dW1
    b1 = b1 - lr * db1
    W2 = W2 - lr * dW2
    b2 = b2 - lr * db2

    if i % 100 == 0:
        print('iteration', i, 'loss', loss)

plt.plot(losses)
plt.xlabel('iteration')
plt.show()
