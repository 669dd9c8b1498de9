# Red neuronal desde cero -- tarea 3
import numpy as np

np.random.seed(7)
X = np.random.rand(20, 3)                     # entradas
Y = (X.sum(axis=1, keepdims=True) > 1.5) * 1.0  # salidas esperadas

tasa = 0.3
W1 = np.random.randn(3, 4)   # pesos de la capa oculta
b1 = np.zeros((1, 4))
W2 = np.random.randn(4, 1)   # pesos de la capa de salida
b2 = np.zeros((1, 1))

sigmoide = lambda z: 1 / (1 + np.exp(-z))

for epoca in range(2000):
    # propagación hacia adelante
    A1 = sigmoide(X @ W1 + b1)
    A2 = sigmoide(A1 @ W2 + b2)

    costo = np.mean((Y - A2) ** 2)

    # propagación hacia atrás
    dA2 = 2 * (A2 - Y) / Y.shape[0]
    dZ2 = dA2 * A2 * (1 - A2)
    dW2 = A1.T @ dZ2
    db2 = dZ2.sum(axis=0, keepdims=True)
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * A1 * (1 - A1)
    dW1 = X.T @ dZ1
    db1 = dZ1.sum(axis=0, keepdims=True)

    # actualización
    W1 -= tasa * dW1
    b1 -= tasa * db1
    W2 -= tasa * dW2
    b2 -= tasa * db2

    if epoca % 500 == 0:
        print("época", epoca, "costo", costo)
