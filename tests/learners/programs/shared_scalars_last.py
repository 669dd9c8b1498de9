# Mazur's example, but the biases learn as well (b1 for both hidden neurons, b2 for both outputs)
from math import exp

def sig(z): return 1/(1 + exp(-z))

i1, i2 = 0.05, 0.10
t1, t2 = 0.01, 0.99
w1, w2, w3, w4 = 0.15, 0.20, 0.25, 0.30
w5, w6, w7, w8 = 0.40, 0.45, 0.50, 0.55
b1, b2 = 0.35, 0.60
lr = 0.5

for step in range(10000):
    h1 = sig(w1*i1 + w2*i2 + b1)
    h2 = sig(w3*i1 + w4*i2 + b1)
    o1 = sig(w5*h1 + w6*h2 + b2)
    o2 = sig(w7*h1 + w8*h2 + b2)
    E = 0.5*(t1 - o1)**2 + 0.5*(t2 - o2)**2

    d1 = (o1 - t1)*o1*(1 - o1)
    d2 = (o2 - t2)*o2*(1 - o2)
    e1 = (d1*w5 + d2*w7)*h1*(1 - h1)
    e2 = (d1*w6 + d2*w8)*h2*(1 - h2)

    w5 -= lr*d1*h1; w6 -= lr*d1*h2
    w7 -= lr*d2*h1; w8 -= lr*d2*h2
    b2 -= lr*(d1 + d2)
    w1 -= lr*e1*i1; w2 -= lr*e1*i2
    w3 -= lr*e2*i1; w4 -= lr*e2*i2
    b1 -= lr*e2
