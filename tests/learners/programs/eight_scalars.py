from math import exp

def f(z): return 1/(1 + exp(-z))

# a 2-2-2 net with pencil and paper numbers. no arrays
x1, x2 = 0.6, -0.4
t1, t2 = 0.8, 0.3
w1, w2, w3, w4 = 0.1, -0.3, 0.2, 0.4      # hidden
w5, w6, w7, w8 = -0.2, 0.5, 0.3, -0.1     # out
b1, b2 = 0.05, -0.15
eta = 0.25

for n in range(2500):
    h1 = f(w1*x1 + w2*x2 + b1)
    h2 = f(w3*x1 + w4*x2 + b1)
    o1 = f(w5*h1 + w6*h2 + b2)
    o2 = f(w7*h1 + w8*h2 + b2)
    E = ((o1 - t1)**2 + (o2 - t2)**2)/2

    e1 = (o1 - t1)*o1*(1 - o1)
    e2 = (o2 - t2)*o2*(1 - o2)
    g1 = (w5*e1 + w7*e2)*h1*(1 - h1)
    g2 = (w6*e1 + w8*e2)*h2*(1 - h2)

    w5, w6, w7, w8 = w5 - eta*e1*h1, w6 - eta*e1*h2, w7 - eta*e2*h1, w8 - eta*e2*h2
    w1, w2, w3, w4 = w1 - eta*g1*x1, w2 - eta*g1*x2, w3 - eta*g2*x1, w4 - eta*g2*x2
