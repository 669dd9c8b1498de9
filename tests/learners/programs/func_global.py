import numpy as np

learning_rate = 0.1
W1 = np.random.randn(4, 6)
W2 = np.random.randn(6, 2)

def forward(x):
    global hidden, output
    hidden = 1 / (1 + np.exp(-x.dot(W1)))
    output = hidden.dot(W2)
    return output

def train_step(x, y):
    global W1, W2
    out = forward(x)
    d_out = out - y
    d_hidden = d_out.dot(W2.T) * hidden * (1 - hidden)
    W2 = W2 - learning_rate * hidden.T.dot(d_out)
    W1 = W1 - learning_rate * x.T.dot(d_hidden)
