# snake learns to steer (for my game)
import numpy as np

def curve(z): return 1/(1+np.exp(-z))

class Brain():
    def __init__(self, n_in, n_hidden, n_out, rate=0.1):
        self.rate = rate
        self.w_hidden, self.b_hidden = np.random.rand(n_hidden, n_in), np.random.rand(n_hidden, 1)
        self.w_out, self.b_out = np.random.rand(n_out, n_hidden), np.random.rand(n_out, 1)

    def think(self, x):
        h = curve(self.w_hidden @ x + self.b_hidden)
        return h, curve(self.w_out @ h + self.b_out)

    def decide(self, sees):
        return list(self.think(np.reshape(sees, (-1, 1)))[1][:, 0])

    def train(self, sees, wanted):
        x = np.reshape(sees, (-1, 1))
        t = np.reshape(wanted, (-1, 1))
        h, y = self.think(x)
        wrong = t - y
        push = self.rate * wrong * y * (1 - y)
        self.w_out += push @ h.T
        self.b_out += push
        blame = self.w_out.T @ wrong
        push = self.rate * blame * h * (1 - h)
        self.w_hidden += push @ x.T
        self.b_hidden += push
