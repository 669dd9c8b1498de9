import numpy as np

class Adam:
    def __init__(self, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m, self.v, self.t = {}, {}, 0

    def step(self, params, grads):
        self.t += 1
        for k in params:
            if k not in self.m:
                self.m[k] = np.zeros_like(params[k])
                self.v[k] = np.zeros_like(params[k])
            self.m[k] = self.beta1 * self.m[k] + (1 - self.beta1) * grads[k]
            self.v[k] = self.beta2 * self.v[k] + (1 - self.beta2) * grads[k] ** 2
            mhat = self.m[k] / (1 - self.beta1 ** self.t)
            vhat = self.v[k] / (1 - self.beta2 ** self.t)
            params[k] -= self.lr * mhat / (np.sqrt(vhat) + self.eps)

class Net:
    def __init__(self, n_in, n_hid, n_out, seed=0):
        g = np.random.default_rng(seed)
        self.params = {"W1": g.normal(0, .5, (n_in, n_hid)), "b1": np.zeros(n_hid),
                       "W2": g.normal(0, .5, (n_hid, n_out)), "b2": np.zeros(n_out)}
        self.opt = Adam()

    def forward(self, X):
        p = self.params
        self.h = np.tanh(X @ p["W1"] + p["b1"])
        return self.h @ p["W2"] + p["b2"]

    def backward(self, X, Y, T):
        p = self.params
        d2 = (Y - T) / len(X)
        d1 = (d2 @ p["W2"].T) * (1 - self.h ** 2)
        return {"W2": self.h.T @ d2, "b2": d2.sum(0), "W1": X.T @ d1, "b1": d1.sum(0)}

    def train_step(self, X, T):
        Y = self.forward(X)
        grads = self.backward(X, Y, T)
        self.opt.step(self.params, grads)
        return 0.5 * np.mean(np.sum((Y - T) ** 2, axis=1))
