# Лабораторная работа №2. Многослойный персептрон
import numpy as np

class Perceptron:
    def __init__(self, n_input, n_hidden, n_output, eta):
        self.eta = eta  # скорость обучения
        self.V = np.random.randn(n_hidden, n_input) * 0.5
        self.W = np.random.randn(n_output, n_hidden) * 0.5

    def f(self, s):
        return 1 / (1 + np.exp(-s))

    def predict(self, x):
        self.h = self.f(self.V.dot(x))
        self.y = self.f(self.W.dot(self.h))
        return self.y

    def train(self, x, d):
        # прямой проход
        y = self.predict(x)
        # ошибка выходного слоя
        delta_out = (d - y) * y * (1 - y)
        # ошибка скрытого слоя
        delta_hid = self.W.T.dot(delta_out) * self.h * (1 - self.h)
        # обновление весов
        self.W += self.eta * np.outer(delta_out, self.h)
        self.V += self.eta * np.outer(delta_hid, x)
