# Две спирали: к какой принадлежит точка
import numpy as np

np.random.seed(13)
tochki = np.random.randn(2, 50)
metki = (tochki[0:1] * tochki[1:2] > 0).astype(float)

# веса
W1 = np.random.randn(8, 2) * 0.5
s1 = np.zeros((8, 1))
W2 = np.random.randn(1, 8) * 0.5
s2 = np.zeros((1, 1))
shag = 0.5
n = tochki.shape[1]

for epoha in range(1000):
    # прямой проход
    z1 = W1.dot(tochki) + s1
    a1 = np.tanh(z1)
    z2 = W2.dot(a1) + s2
    otvet = 1 / (1 + np.exp(-z2))
    # обратный проход
    dz2 = otvet - metki
    dW2 = dz2.dot(a1.T) / n
    ds2 = np.sum(dz2, axis=1, keepdims=True) / n
    dz1 = W2.T.dot(dz2) * (1 - a1 ** 2)
    dW1 = dz1.dot(tochki.T) / n
    ds1 = np.sum(dz1, axis=1, keepdims=True) / n
    # шаг
    W2 -= shag * dW2
    s2 -= shag * ds2
    W1 -= shag * dW1
    s1 -= shag * ds1

print('ошибка', -np.mean(metki * np.log(otvet) + (1 - metki) * np.log(1 - otvet)))
