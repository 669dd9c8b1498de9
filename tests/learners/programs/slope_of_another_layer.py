import numpy as np
def sigmoid(z): return 1/(1+np.exp(-z))
def grads(X, Y, W1, W2, W3):
    h1 = sigmoid(X@W1); h2 = sigmoid(h1@W2); y = h2@W3
    d3 = (y-Y)/len(X)
    d2 = d3@W3.T*h2*(1-h2)
    d1 = d2@W2.T*h2*(1-h2)
    return X.T@d1, h1.T@d2, h2.T@d3
