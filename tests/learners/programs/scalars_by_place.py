# every weight by itself: w11 goes from input 1 to hidden 1, w12 from input 1 to hidden 2
import math, random

random.seed(1)
w11 = random.random(); w12 = random.random()
w21 = random.random(); w22 = random.random()
b1 = 0.0; b2 = 0.0
v1 = random.random(); v2 = random.random()
c = 0.0

data = [((0.0, 0.0), 0.0), ((0.0, 1.0), 1.0), ((1.0, 0.0), 1.0), ((1.0, 1.0), 0.0)]
rate = 0.5

def s(x):
    return 1 / (1 + math.exp(-x))

for epoch in range(8000):
    for (x1, x2), t in data:
        h1 = s(w11 * x1 + w21 * x2 + b1)
        h2 = s(w12 * x1 + w22 * x2 + b2)
        y = s(v1 * h1 + v2 * h2 + c)

        d = (y - t) * y * (1 - y)
        d1 = d * v1 * h1 * (1 - h1)
        d2 = d * v2 * h2 * (1 - h2)

        v1 -= rate * d * h1
        v2 -= rate * d * h2
        c -= rate * d
        w11 -= rate * d1 * x1
        w21 -= rate * d1 * x2
        b1 -= rate * d1
        w12 -= rate * d2 * x1
        w22 -= rate * d2 * x2
        b2 -= rate * d2
