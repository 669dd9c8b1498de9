import random
import math

class Neuron:
    def __init__(self, n_inputs):
        self.weights = [random.uniform(-1, 1) for _ in range(n_inputs)]
        self.bias = random.uniform(-1, 1)

    def activate(self, inputs):
        self.inputs = inputs
        total = sum(w * i for w, i in zip(self.weights, inputs)) + self.bias
        self.output = 1 / (1 + math.exp(-total))
        return self.output

class Network:
    def __init__(self, n_in, n_hidden, n_out):
        self.hidden = [Neuron(n_in) for _ in range(n_hidden)]
        self.out = [Neuron(n_hidden) for _ in range(n_out)]

    def forward(self, inputs):
        h = [n.activate(inputs) for n in self.hidden]
        return [n.activate(h) for n in self.out]

    def train(self, inputs, targets, lr=0.5):
        outputs = self.forward(inputs)
        for n, t in zip(self.out, targets):
            n.delta = (n.output - t) * n.output * (1 - n.output)
        for j, n in enumerate(self.hidden):
            n.delta = sum(o.weights[j] * o.delta for o in self.out) * n.output * (1 - n.output)
        for n in self.out + self.hidden:
            for i in range(len(n.weights)):
                n.weights[i] -= lr * n.delta * n.inputs[i]
                n.bias -= lr * n.delta
