from numpy import array, exp, random

class OneNeuron():
    def __init__(self):
        self.weights = random.uniform(-1, 1, (4, 1))   # four inputs, one output

    def __squash(self, z):
        return 1 / (1 + exp(-z))

    def __slope(self, y):
        return y - y * y

    def answer(self, inputs):
        return self.__squash(inputs.dot(self.weights))

    def train(self, inputs, targets, iterations):
        for n in xrange(iterations):
            y = self.answer(inputs)
            self.weights += inputs.T.dot((targets - y) * self.__slope(y))


if __name__ == "__main__":
    random.seed(3)
    # rain tomorrow? clouds, wind, warm, always 1
    days = array([[1, 1, 0, 1], [0, 1, 1, 1], [1, 0, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1]])
    rain = array([[1], [0], [1], [0], [1]])
    neuron = OneNeuron()
    print "before:", neuron.weights.T
    neuron.train(days, rain, 2000)
    print "after:", neuron.weights.T
    print neuron.answer(array([1, 0, 1, 1]))
