# sieć neuronowa - laboratorium 3
import numpy as np

wejscia = np.array([[0,0],[0,1],[1,0],[1,1]])
oczekiwane = np.array([[0],[1],[1],[0]])

wagi1 = np.random.uniform(size=(2,3))
wagi2 = np.random.uniform(size=(3,1))
prog1 = np.random.uniform(size=(1,3))
prog2 = np.random.uniform(size=(1,1))
wsp_uczenia = 0.4

def sigmoida(x):
    return 1/(1+np.exp(-x))

def pochodna(y):
    return y*(1-y)

def w_przod():
    global ukryta, wyjscie
    ukryta = sigmoida(np.dot(wejscia, wagi1) + prog1)
    wyjscie = sigmoida(np.dot(ukryta, wagi2) + prog2)

def wstecz():
    global wagi1, wagi2, prog1, prog2
    blad = oczekiwane - wyjscie
    d_wyj = blad * pochodna(wyjscie)
    blad_ukr = d_wyj.dot(wagi2.T)
    d_ukr = blad_ukr * pochodna(ukryta)
    wagi2 += ukryta.T.dot(d_wyj) * wsp_uczenia
    prog2 += np.sum(d_wyj, axis=0, keepdims=True) * wsp_uczenia
    wagi1 += wejscia.T.dot(d_ukr) * wsp_uczenia
    prog1 += np.sum(d_ukr, axis=0, keepdims=True) * wsp_uczenia

for epoka in range(10000):
    w_przod()
    wstecz()
print(wyjscie)
