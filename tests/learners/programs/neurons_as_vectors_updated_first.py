import math
import random
from typing import List

Neuron = List[float]   # the bias is the last number

def product(a, b):
    return sum(map(lambda pair: pair[0] * pair[1], zip(a, b)))

def squash(z):
    return 1 / (1 + math.exp(-z))

def forward(network, x):
    values = [x]
    for layer in network:
        values.append([squash(product(neuron, values[-1] + [1])) for neuron in layer])
    return values[1:]

def move(layer, values, deltas, rate):
    for neuron, delta in zip(layer, deltas):
        for place, value in enumerate(values + [1]):
            neuron[place] -= rate * delta * value

def train_one(network, x, t, rate):
    h, y = forward(network, x)
    d_y = [(yk - tk) * yk * (1 - yk) for yk, tk in zip(y, t)]
    move(network[-1], h, d_y, rate)
    # what do the hidden ones owe
    back = [product(d_y, [neuron[j] for neuron in network[-1]]) for j in range(len(h))]
    d_h = [e * hj * (1 - hj) for e, hj in zip(back, h)]
    move(network[0], x, d_h, rate)

random.seed(8)
network = [[[random.gauss(0, 1) for _ in range(4)] for _ in range(3)], [[random.gauss(0, 1) for _ in range(4)] for _ in range(1)]]
majority = [([a, b, c], [float(a + b + c >= 2)]) for a in (0, 1) for b in (0, 1) for c in (0, 1)]
for turn in range(3000):
    for x, t in majority:
        train_one(network, x, t, 0.7)
