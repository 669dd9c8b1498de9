import numpy as np

def mse(pred, true):
    return np.mean((pred - true) ** 2)

class Net:
    def __init__(self, in_dim, hid_dim, out_dim):
        self.w1 = np.random.randn(in_dim, hid_dim) * 0.2
        self.b1 = np.zeros((1, hid_dim))
        self.w2 = np.random.randn(hid_dim, out_dim) * 0.2
        self.b2 = np.zeros((1, out_dim))

    def forward(self, x):
        self.x = x
        self.z1 = x @ self.w1 + self.b1
        self.h1 = np.maximum(self.z1, 0)
        self.pred = self.h1 @ self.w2 + self.b2
        return self.pred

    def loss(self, true):
        self.true = true
        return mse(self.pred, true)

    def backward(self):
        grad_pred = 2.0 * (self.pred - self.true) / self.pred.size
        self.dw2 = self.h1.T @ grad_pred
        self.db2 = grad_pred.sum(axis=0, keepdims=True)
        grad_h1 = grad_pred @ self.w2.T
        grad_z1 = grad_h1 * (self.z1 > 0)
        self.dw1 = self.x.T @ grad_z1
        self.db1 = grad_z1.sum(axis=0, keepdims=True)

    def step(self, lr):
        for name in ("w1", "b1", "w2", "b2"):
            setattr(self, name, getattr(self, name) - lr * getattr(self, "d" + name))

net = Net(4, 16, 3)
data = np.random.randn(64, 4)
true = np.sin(data[:, :3])
for epoch in range(500):
    net.forward(data)
    l = net.loss(true)
    net.backward()
    net.step(0.1)
    if epoch % 100 == 0:
        print("epoch", epoch, "loss", l)
