# chainrule: rechne(A = W1, B = W2, p = x, q = t); X rows; loss half_squared
import numpy as np

# p = Eingaben, q = was rauskommen soll
def rechne(A, B, p, q):
    u = np.tanh(p @ A)
    v = u @ B
    e = v - q
    gB = u.T @ e
    gA = p.T @ ((e @ B.T) * (1 - u * u))
    return gA, gB
