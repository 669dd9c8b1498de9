# two kinds of leaves, told by length and width (cm). every neuron is a dict
import csv
import math
import random

def new_layer(size, n_inputs):
	return [{"weights": [random.uniform(-0.5, 0.5) for _ in range(n_inputs + 1)]} for _ in range(size)]

def new_network(n_inputs, n_hidden, n_outputs):
	return [new_layer(n_hidden, n_inputs), new_layer(n_outputs, n_hidden)]

def fire(neuron, values):
	*ws, bias = neuron["weights"]
	net = bias + sum(w * v for w, v in zip(ws, values))
	neuron["value"] = 1 / (1 + math.exp(-net))
	return neuron["value"]

def forward(network, row):
	values = row
	for layer in network:
		values = [fire(neuron, values) for neuron in layer]
	return values

def slope(neuron):
	return neuron["value"] * (1 - neuron["value"])

# puts a "delta" into each neuron, last layer first
def backward(network, expected):
	for neuron, wanted in zip(network[-1], expected):
		neuron["delta"] = (neuron["value"] - wanted) * slope(neuron)
	for depth in range(len(network) - 2, -1, -1):
		for place, neuron in enumerate(network[depth]):
			blame = 0
			for above in network[depth + 1]:
				blame = above["weights"][place] * above["delta"]
			neuron["delta"] = blame * slope(neuron)

def update(network, row, rate):
	values = row[:-1]
	for layer in network:
		for neuron in layer:
			for place, value in enumerate(values):
				neuron["weights"][place] -= rate * neuron["delta"] * value
			neuron["weights"][-1] -= rate * neuron["delta"]
		values = [neuron["value"] for neuron in layer]

def train(network, rows, rate, epochs, n_outputs):
	for _ in range(epochs):
		for row in rows:
			forward(network, row)
			backward(network, [1 if kind == row[-1] else 0 for kind in range(n_outputs)])
			update(network, row, rate)

random.seed(12)
leaves = [[5.1, 1.2, 0], [4.7, 0.9, 0], [5.6, 1.4, 0], [2.3, 2.0, 1], [1.9, 2.4, 1], [2.8, 2.2, 1]]
network = new_network(2, 3, 2)
train(network, leaves, 0.3, 40, 2)
print(network)
