# Wie weit fliegt der Ball? Abwurfwinkel und Tempo -> Weite und Höhe
import numpy as np

wuerfe = np.array([[0.2, 0.5], [0.9, 0.4], [0.6, 0.8], [0.3, 0.1], [0.7, 0.7], [0.5, 0.2]])
weiten = np.array([[0.21, 0.02], [0.31, 0.12], [0.9, 0.3], [0.01, 0.0], [0.7, 0.28], [0.06, 0.01]])

def s(z): return 1 / (1 + np.exp(-z))

zufall = np.random.RandomState(3)
G1, G2 = zufall.randn(2, 4), zufall.randn(4, 2)
schwelle1, schwelle2 = np.zeros(4), np.zeros(2)

schrittweite = 0.4
for durchgang in range(5000):
    verdeckt = s(wuerfe @ G1 + schwelle1)
    vermutung = s(verdeckt @ G2 + schwelle2)
    fehler = vermutung - weiten
    f2 = fehler * vermutung * (1 - vermutung)
    f1 = f2 @ G2.T * verdeckt * (1 - verdeckt)
    G2 = G2 - schrittweite * verdeckt.T @ f2
    schwelle2 = schwelle2 - schrittweite * f2.sum(0)
    G1 = G1 - schrittweite * wuerfe.T @ f1
    schwelle1 = schwelle1 - schrittweite * f1.sum(0)
    if durchgang % 1000 == 0:
        print(durchgang, (fehler ** 2).sum())
