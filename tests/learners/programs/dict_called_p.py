import numpy as np
def gradient(x, t, p):
    h = np.tanh(x @ p["W1"] + p["b1"])
    y = h @ p["W2"] + p["b2"]
    d2 = (y - t)/len(x)
    d1 = d2 @ p["W2"].T * (1 - h**2)
    return {"dW1": x.T @ d1, "db1": d1.sum(0), "dW2": h.T @ d2, "db2": d2.sum(0)}
