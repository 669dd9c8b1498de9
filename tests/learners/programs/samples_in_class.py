import numpy as np

def f(z): return 1/(1+np.exp(-z))
def df(a): return a - a**2       # of a = f(z)

class Trainer:
    def __init__(self, x, y, hidden=5):
        self.x, self.y = x, y
        self.w_in    = np.random.rand(x.shape[1], hidden) - .5
        self.w_out   = np.random.rand(hidden, y.shape[1]) - .5

    def forward(self):
        self.mid   = f(self.x @ self.w_in)
        self.guess = f(self.mid @ self.w_out)

    def backward(self):
        miss = 2*(self.y - self.guess)*df(self.guess)
        self.w_in, self.w_out = (self.w_in + self.x.T @ ((miss @ self.w_out.T)*df(self.mid)),
                                 self.w_out + self.mid.T @ miss)


if __name__ == "__main__":
    # is the light on? (switch up, switch down, fuse ok, constant)
    seen = np.array([[1,0,1,1], [0,1,1,1], [1,1,1,1], [1,0,0,1], [0,0,1,1]])
    on   = np.array([[1], [1], [0], [0], [0]])
    trainer = Trainer(seen, on)
    for n in range(900):
        trainer.forward()
        trainer.backward()
    print(trainer.guess.round(2))
