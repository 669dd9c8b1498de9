# Neuronales Netz, Übung 4 -- Informatik Q2
import numpy as np

def aktivierung(z):
    return 1.0 / (1.0 + np.exp(-z))

def ableitung(a):
    # a ist schon aktiviert!
    return a * (1.0 - a)

class Netz:
    def __init__(self, eingabe, versteckt, ausgabe, lernrate=0.5):
        self.W1 = np.random.uniform(-1, 1, (eingabe, versteckt))
        self.b1 = np.zeros(versteckt)
        self.W2 = np.random.uniform(-1, 1, (versteckt, ausgabe))
        self.b2 = np.zeros(ausgabe)
        self.lernrate = lernrate

    def vorwaerts(self, x):
        self.h = aktivierung(x @ self.W1 + self.b1)
        self.o = aktivierung(self.h @ self.W2 + self.b2)
        return self.o

    def lerne(self, x, soll):
        o = self.vorwaerts(x)
        fehler = o - soll
        delta2 = fehler * ableitung(o)
        delta1 = (delta2 @ self.W2.T) * ableitung(self.h)
        # Gewichte anpassen
        self.W2 -= self.lernrate * self.h.T @ delta2
        self.b2 -= self.lernrate * delta2.sum(axis=0)
        self.W1 -= self.lernrate * x.T @ delta1
        self.b1 -= self.lernrate * delta1.sum(axis=0)

if __name__ == "__main__":
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
    T = np.array([[0], [1], [1], [0]], dtype=float)
    netz = Netz(2, 3, 1)
    for epoche in range(5000):
        netz.lerne(X, T)
    print(netz.vorwaerts(X))
