import numpy as np

class Affine:
    def __init__(self, n_in, n_out):
        self.weights = np.random.normal(0, 0.05, (n_in, n_out))
        self.biases = np.zeros((1, n_out))

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases

    def backward(self, d_output):
        self.d_weights = self.inputs.T @ d_output
        self.d_biases = d_output.sum(axis=0, keepdims=True)
        self.d_inputs = d_output @ self.weights.T

    def move(self, rate):
        self.weights -= rate * self.d_weights
        self.biases -= rate * self.d_biases

class Relu:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.where(inputs > 0, inputs, 0)

    def backward(self, d_output):
        self.d_inputs = d_output * (self.inputs > 0)

class SoftmaxWithLoss:
    """softmax and cross entropy in one, because their slopes are easier together"""
    def forward(self, inputs, labels):
        self.labels = labels
        e = np.exp(inputs - inputs.max(1, keepdims=True))
        self.output = e / e.sum(1, keepdims=True)
        picked = self.output[np.arange(len(labels)), labels]
        return -np.log(picked).mean()

    def backward(self):
        self.d_inputs = self.output.copy()
        self.d_inputs[np.arange(len(self.labels)), self.labels] -= 1
        self.d_inputs /= len(self.labels)

x = np.random.uniform(-2, 2, (45, 3))
y = np.random.randint(0, 4, 45)

first, bend, second, end = Affine(3, 12), Relu(), Affine(12, 4), SoftmaxWithLoss()

for turn in range(600):
    first.forward(x)
    bend.forward(first.output)
    second.forward(bend.output)
    loss = end.forward(second.output, y)
    if turn % 150 == 0:
        print(f"turn {turn}: loss {loss:.3f}, {np.sum(end.output.argmax(1) == y)} right")
    end.backward()
    second.backward(end.d_inputs)
    bend.backward(second.d_inputs)
    first.backward(bend.d_inputs)
    for part in (first, second):
        part.move(0.5)
