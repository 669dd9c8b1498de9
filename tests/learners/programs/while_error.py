import numpy as np
x = np.array([[0.5, -0.2, 0.1], [0.9, 0.4, -0.7], [-0.3, 0.8, 0.6], [0.2, 0.1, 0.9]])
t = np.array([[0.3], [0.8], [-0.5], [0.1]])
w_hidden = np.random.uniform(-0.5, 0.5, (3, 5))
w_output = np.random.uniform(-0.5, 0.5, (5, 1))
alpha = 0.05
err = 1
n = 0
while err > 0.001 and n < 20000:
    hidden = np.tanh(np.dot(x, w_hidden))
    out = np.tanh(np.dot(hidden, w_output))
    e = t - out
    err = np.sum(e ** 2) / 2
    g_out = e * (1 - out ** 2)
    g_hid = np.dot(g_out, w_output.T) * (1 - hidden ** 2)
    w_output = w_output + alpha * np.dot(hidden.T, g_out)
    w_hidden = w_hidden + alpha * np.dot(x.T, g_hid)
    n += 1
print(n, err)
