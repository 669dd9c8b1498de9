import numpy as np

def s(z):
  return 1 / (1 + np.exp(-z))

def s_slope(z):
  return s(z) * s(-z)

class SixWeights:
  """2 inputs, 2 hidden units, 1 output; each number by itself, so that I can follow it"""
  def __init__(self):
    self.w1, self.w2, self.w3, self.w4, self.w5, self.w6 = np.random.uniform(-1, 1, 6)
    self.b1 = 0.1
    self.b2 = 0.2
    self.b3 = -0.1

  def forward(self, x):
    h1 = s(self.w1 * x[0] + self.w2 * x[1] + self.b1)
    h2 = s(self.w3 * x[0] + self.w4 * x[1] + self.b2)
    return s(self.w5 * h1 + self.w6 * h2 + self.b3)

  def learn(self, samples, targets):
    rate = 0.15
    for epoch in range(600):
      for x, t in zip(samples, targets):
        z1 = self.w1 * x[0] + self.w2 * x[1] + self.b1
        z2 = self.w3 * x[0] + self.w4 * x[1] + self.b2
        h1, h2 = s(z1), s(z2)
        z3 = self.w5 * h1 + self.w6 * h2 + self.b3
        y = s(z3)

        dE_dy = 2 * (y - t)
        # what y changes with
        dy_dh1 = self.w5
        dy_dh2 = self.w6
        dy_dw5 = h1 * s_slope(z3)
        dy_dw6 = h2 * s_slope(z3)
        # what h1 and h2 change with
        dE_dz1 = dE_dy * dy_dh1 * s_slope(z1)
        dE_dz2 = dE_dy * dy_dh2 * s_slope(z2)

        self.w5 -= rate * dE_dy * dy_dw5
        self.w6 -= rate * dE_dy * dy_dw6
        self.b3 -= rate * dE_dy * s_slope(z3)
        self.w1 -= rate * dE_dz1 * x[0]
        self.w2 -= rate * dE_dz1 * x[1]
        self.b1 -= rate * dE_dz1
        self.w3 -= rate * dE_dz2 * x[0]
        self.w4 -= rate * dE_dz2 * x[1]
        self.b2 -= rate * dE_dz2

# apple or pear? (roundness, how green), both about their means
fruit = np.array([[0.4, -0.2], [0.3, 0.1], [-0.5, 0.3], [-0.2, 0.4], [0.1, -0.6]])
apple = np.array([1, 1, 0, 0, 1])

net = SixWeights()
net.learn(fruit, apple)
for x in fruit:
  print(x, net.forward(x))
