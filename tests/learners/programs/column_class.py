import numpy
from scipy.special import expit

# a net that learns one example after the other. Everything is a column
class Net:

    def __init__(self, n_inputs, n_hidden, n_outputs, rate):
        self.rate = rate
        self.f = lambda z: expit(z)
        self.w_ih = numpy.random.uniform(-0.5, 0.5, (n_hidden, n_inputs))
        self.w_ho = numpy.random.uniform(-0.5, 0.5, (n_outputs, n_hidden))

    def column(self, values):
        return numpy.array(values, ndmin=2).T

    def answer(self, values):
        hidden = self.f(self.w_ih.dot(self.column(values)))
        return self.f(self.w_ho.dot(hidden))

    def learn(self, inputs, targets):
        x, t = self.column(inputs), self.column(targets)
        hidden = self.f(self.w_ih.dot(x))
        y = self.f(self.w_ho.dot(hidden))

        miss = t - y
        delta = miss * y * (1 - y)
        back = self.w_ho.T.dot(delta)
        self.w_ho += self.rate * delta.dot(hidden.T)
        self.w_ih += self.rate * (back * hidden * (1 - hidden)).dot(x.T)

net = Net(64, 30, 10, 0.2)
with open("data/small_digits.csv") as lines:
    for line in lines:
        label, *pixels = line.split(",")
        wanted = [0.9 if k == int(label) else 0.1 for k in range(10)]
        net.learn(numpy.asfarray(pixels) / 16, wanted)
