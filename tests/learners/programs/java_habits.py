import math
import random


class NeuralNetwork:
    """Written after a year of Java."""

    def __init__(self, inputCount, hiddenCount, outputCount, learningRate=0.3):
        self.inputCount = inputCount
        self.hiddenCount = hiddenCount
        self.outputCount = outputCount
        self.learningRate = learningRate
        self.inputHiddenWeights = []
        for h in range(hiddenCount):
            self.inputHiddenWeights.append([random.uniform(-1, 1) for i in range(inputCount)])
        self.hiddenOutputWeights = []
        for o in range(outputCount):
            self.hiddenOutputWeights.append([random.uniform(-1, 1) for h in range(hiddenCount)])
        self.hiddenBiases = [random.uniform(-1, 1) for h in range(hiddenCount)]
        self.outputBiases = [random.uniform(-1, 1) for o in range(outputCount)]

    def getOutputs(self, inputs):
        self.hiddenOutputs = []
        for h in range(self.hiddenCount):
            total = self.hiddenBiases[h]
            for i in range(self.inputCount):
                total += self.inputHiddenWeights[h][i] * inputs[i]
            self.hiddenOutputs.append(math.tanh(total))
        self.outputs = []
        for o in range(self.outputCount):
            total = self.outputBiases[o]
            for h in range(self.hiddenCount):
                total += self.hiddenOutputWeights[o][h] * self.hiddenOutputs[h]
            self.outputs.append(math.tanh(total))
        return self.outputs

    def train(self, inputs, expectedOutputs):
        self.getOutputs(inputs)
        outputDeltas = []
        for o in range(self.outputCount):
            error = self.outputs[o] - expectedOutputs[o]
            outputDeltas.append(error * (1 - self.outputs[o] ** 2))
        hiddenDeltas = []
        for h in range(self.hiddenCount):
            error = 0.0
            for o in range(self.outputCount):
                error += outputDeltas[o] * self.hiddenOutputWeights[o][h]
            hiddenDeltas.append(error * (1 - self.hiddenOutputs[h] ** 2))
        for o in range(self.outputCount):
            for h in range(self.hiddenCount):
                self.hiddenOutputWeights[o][h] -= self.learningRate * outputDeltas[o] * self.hiddenOutputs[h]
            self.outputBiases[o] -= self.learningRate * outputDeltas[o]
        for h in range(self.hiddenCount):
            for i in range(self.inputCount):
                self.inputHiddenWeights[h][i] -= self.learningRate * hiddenDeltas[h] * inputs[i]
            self.hiddenBiases[h] -= self.learningRate * hiddenDeltas[h]
