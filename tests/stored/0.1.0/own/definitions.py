"""Definitions of somebody's own."""

import chainrule as cr


@cr.activation
def bent(z, *, bend=0.5):
    """A line and a wave: f(z) = z + bend · sin z."""
    return z + bend * cr.sin(z)


@cr.loss
def fourth_power(y, t):
    """(y − t)⁴ per output."""
    return cr.select(y > t, (y - t) ** 4, (t - y) ** 4)


@cr.regularizer
def smooth(W, *, rate=0.01):
    """The mean of √(w² + 1)."""
    return rate * cr.mean(cr.sqrt(W**2 + 1), axes=(0, 1))


@cr.initializer
def narrow(inputs, units):
    """Normal, with a standard deviation of 1 / (10 √inputs)."""
    return cr.Normal(0, 0.1 / cr.sqrt(inputs))


@cr.optimizer
def heavy(w, g, v, k, *, learning_rate=0.01, weight=0.5):
    """A step along the mean of the gradients, each of which counts the less the older it is."""
    v = weight * v + (1 - weight) * g
    direction = cr.let("direction", v / (1 - weight**k))
    return w - learning_rate * direction / (1 + abs(direction)), v


@cr.schedule
def harmonic(k, *, rate=0.1):
    """η(k) = rate / k."""
    return rate / k
