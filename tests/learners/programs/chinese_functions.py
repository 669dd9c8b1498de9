# 两层神经网络，手写数字识别（简化版）
import numpy as np


def 初始化(输入数, 隐藏数, 输出数):
    np.random.seed(0)
    W1 = np.random.randn(输入数, 隐藏数) * 0.1
    b1 = np.zeros((1, 隐藏数))
    W2 = np.random.randn(隐藏数, 输出数) * 0.1
    b2 = np.zeros((1, 输出数))
    return W1, b1, W2, b2


def 前向传播(X, W1, b1, W2, b2):
    # 隐藏层用 relu，输出层用 softmax
    Z1 = X.dot(W1) + b1
    A1 = np.maximum(0, Z1)
    Z2 = A1.dot(W2) + b2
    指数 = np.exp(Z2 - np.max(Z2, axis=1, keepdims=True))
    A2 = 指数 / np.sum(指数, axis=1, keepdims=True)
    return Z1, A1, Z2, A2


def 反向传播(X, Y, Z1, A1, A2, W2):
    样本数 = X.shape[0]
    dZ2 = (A2 - Y) / 样本数          # 交叉熵 + softmax
    dW2 = A1.T.dot(dZ2)
    db2 = np.sum(dZ2, axis=0, keepdims=True)
    dA1 = dZ2.dot(W2.T)
    dZ1 = dA1 * (Z1 > 0)
    dW1 = X.T.dot(dZ1)
    db1 = np.sum(dZ1, axis=0, keepdims=True)
    return dW1, db1, dW2, db2


def 训练(X, Y, 学习率=0.5, 次数=200):
    W1, b1, W2, b2 = 初始化(X.shape[1], 16, Y.shape[1])
    for 次 in range(次数):
        Z1, A1, Z2, A2 = 前向传播(X, W1, b1, W2, b2)
        dW1, db1, dW2, db2 = 反向传播(X, Y, Z1, A1, A2, W2)
        W1 -= 学习率 * dW1
        b1 -= 学习率 * db1
        W2 -= 学习率 * dW2
        b2 -= 学习率 * db2
        if 次 % 50 == 0:
            print("第", 次, "次，损失", -np.mean(np.sum(Y * np.log(A2), axis=1)))


X = np.random.rand(100, 20)
Y = np.eye(4)[np.random.randint(0, 4, 100)]
训练(X, Y)
