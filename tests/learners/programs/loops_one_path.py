# exercise 5: a net with loops and lists only, no numpy
import math
import random

def table(rows, columns, limit):
    return [[random.uniform(-limit, limit) for c in range(columns)] for r in range(rows)]

class LoopNet:
    def __init__(self, n_inputs, n_hidden, n_outputs):
        self.w_hidden = table(n_inputs + 1, n_hidden, 0.4)   # one row more: the input that is always 1
        self.w_out = table(n_hidden, n_outputs, 1.5)
        self.moved_hidden = table(n_inputs + 1, n_hidden, 0.0)
        self.moved_out = table(n_hidden, n_outputs, 0.0)

    def forward(self, x):
        self.x = list(x) + [1.0]
        self.h = []
        for j in range(len(self.w_out)):
            net = 0.0
            for i, value in enumerate(self.x):
                net += self.w_hidden[i][j] * value
            self.h.append(math.tanh(net))
        self.y = []
        for k in range(len(self.w_out[0])):
            net = 0.0
            for j, value in enumerate(self.h):
                net += self.w_out[j][k] * value
            self.y.append(math.tanh(net))
        return self.y

    def backward(self, t, rate, momentum):
        d_out = [(t[k] - y) * (1 - y * y) for k, y in enumerate(self.y)]
        d_hidden = []
        for j, h in enumerate(self.h):
            back = self.w_out[j][0] * d_out[0]
            d_hidden.append(back * (1 - h * h))
        self.move(self.w_out, self.moved_out, self.h, d_out, rate, momentum)
        self.move(self.w_hidden, self.moved_hidden, self.x, d_hidden, rate, momentum)
        return sum((t[k] - y) ** 2 for k, y in enumerate(self.y)) / 2

    def move(self, w, moved, values, deltas, rate, momentum):
        for i, value in enumerate(values):
            for j, delta in enumerate(deltas):
                product = value * delta
                w[i][j] += rate * product + momentum * moved[i][j]
                moved[i][j] = product

def main():
    samples = [([-1, 1, 1], [0.8]), ([1, 1, -1], [-0.2]), ([1, -1, 1], [0.5]), ([-1, -1, -1], [-0.9])]
    net = LoopNet(3, 4, 1)
    for turn in range(800):
        E = 0.0
        for x, t in samples:
            net.forward(x)
            E += net.backward(t, 0.2, 0.3)
        if turn % 200 == 0:
            print 'E = %.4f' % E

if __name__ == '__main__':
    main()
