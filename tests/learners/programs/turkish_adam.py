import numpy as np
# yapay sinir ağı, adam ile
class YapaySinirAgi:
    def __init__(self, giris, gizli, cikis, ogrenme_orani=0.01):
        self.W1 = np.random.randn(giris, gizli)*0.1
        self.b1 = np.zeros((1,gizli))
        self.W2 = np.random.randn(gizli, cikis)*0.1
        self.b2 = np.zeros((1,cikis))
        self.lr = ogrenme_orani
        self.t = 0
        self.m = {k: 0 for k in ("W1","b1","W2","b2")}
        self.v = {k: 0 for k in ("W1","b1","W2","b2")}

    def ileri(self, X):
        self.X = X
        self.Z1 = X @ self.W1 + self.b1
        self.A1 = np.tanh(self.Z1)
        self.Z2 = self.A1 @ self.W2 + self.b2
        return self.Z2

    def geri(self, X, Y):
        tahmin = self.ileri(X)
        dZ2 = (tahmin - Y) / len(X)
        g = {}
        g["W2"] = self.A1.T @ dZ2
        g["b2"] = dZ2.sum(axis=0, keepdims=True)
        dZ1 = (dZ2 @ self.W2.T) * (1 - self.A1**2)
        g["W1"] = X.T @ dZ1
        g["b1"] = dZ1.sum(axis=0, keepdims=True)
        return g

    def adim(self, X, Y):
        g = self.geri(X, Y)
        self.t += 1
        for k in g:
            self.m[k] = 0.9*self.m[k] + 0.1*g[k]
            self.v[k] = 0.999*self.v[k] + 0.001*g[k]**2
            mh = self.m[k]/(1-0.9**self.t)
            vh = self.v[k]/(1-0.999**self.t)
            setattr(self, k, getattr(self, k) - self.lr*mh/(np.sqrt(vh)+1e-8))
