import numpy as np
class Net:
    def __init__(self, n, h, o):
        self.W1 = np.random.randn(n, h); self.W2 = np.random.randn(h, o)
        self.v1 = np.zeros((n, h)); self.v2 = np.zeros((h, o))
    def train(self, X, T, lr=0.1, mom=0.9):
        h = 1/(1+np.exp(-(X@self.W1))); y = 1/(1+np.exp(-(h@self.W2)))
        d2 = (y-T)*y*(1-y)/len(X)
        d1 = d2@self.W2.T*h*(1-h)
        g2 = h.T@d2; g1 = X.T@d1
        self.v2 = mom*self.v2 + (1-mom)*g2; self.v1 = mom*self.v1 + (1-mom)*g1; self.W2 -= lr*self.v2; self.W1 -= lr*self.v1
