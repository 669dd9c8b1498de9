# Réseau à une couche cachée
import numpy as np

class Reseau:
    def __init__(self, n_entrees, n_cachees, n_sorties, taux=0.1):
        self.poids1 = np.random.randn(n_entrees, n_cachees)
        self.biais1 = np.zeros((1, n_cachees))
        self.poids2 = np.random.randn(n_cachees, n_sorties)
        self.biais2 = np.zeros((1, n_sorties))
        self.taux = taux

    def propager(self, entrees):
        self.cachee = np.tanh(entrees.dot(self.poids1) + self.biais1)
        self.sortie = np.tanh(self.cachee.dot(self.poids2) + self.biais2)
        return self.sortie

    def apprendre(self, entrees, cibles):
        self.propager(entrees)
        erreur = self.sortie - cibles
        delta_sortie = erreur * (1 - self.sortie ** 2)
        erreur_cachee = erreur.dot(self.poids2.T)
        delta_cachee = erreur_cachee * (1 - self.cachee ** 2)
        self.poids2 -= self.taux * self.cachee.T.dot(delta_sortie)
        self.biais2 -= self.taux * delta_sortie.mean(axis=0, keepdims=True)
        self.poids1 -= self.taux * entrees.T.dot(delta_cachee)
        self.biais1 -= self.taux * delta_cachee.sum(axis=0, keepdims=True)
