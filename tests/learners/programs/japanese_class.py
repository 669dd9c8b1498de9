# 二層ニューラルネットワーク (シグモイド + 二乗誤差)
import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


class TwoLayerNet:
    """入力層 -> 隠れ層 -> 出力層"""

    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.01):
        # 重みの初期化
        self.params = {}
        self.params['W1'] = weight_init_std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = weight_init_std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)

    def predict(self, x):
        # 順伝播
        a1 = np.dot(x, self.params['W1']) + self.params['b1']
        z1 = sigmoid(a1)
        a2 = np.dot(z1, self.params['W2']) + self.params['b2']
        return a1, z1, a2, sigmoid(a2)

    def gradient(self, x, t):
        # 逆伝播
        W2 = self.params['W2']
        grads = {}
        batch_num = x.shape[0]
        a1, z1, a2, y = self.predict(x)
        dy = (y - t) / batch_num * y * (1 - y)
        grads['W2'] = np.dot(z1.T, dy)
        grads['b2'] = np.sum(dy, axis=0)
        dz1 = np.dot(dy, W2.T)
        da1 = z1 * (1.0 - z1) * dz1
        grads['W1'] = np.dot(x.T, da1)
        grads['b1'] = np.sum(da1, axis=0)
        return grads
