# -*- coding: utf-8 -*-
"""réseau de neurones - TP noté"""
import numpy as np
import sys

class Reseau:
    def __init__(self, n_entree, n_cachee, n_sortie):
        self.poids1 = np.random.randn(n_cachee, n_entree)
        self.biais1 = np.zeros((n_cachee, 1))
        self.poids2 = np.random.randn(n_sortie, n_cachee)
        self.biais2 = np.zeros((n_sortie, 1))

    def sigmoide(self, z):
        return 1.0 / (1.0 + np.exp(-z))

    def propagation(self, x):
        self.z1 = self.poids1 @ x + self.biais1
        self.a1 = self.sigmoide(self.z1)
        self.z2 = self.poids2 @ self.a1 + self.biais2
        self.a2 = self.sigmoide(self.z2)
        return self.a2

    def retropropagation(self, x, y, taux):
        m = x.shape[1]
        dz2 = (self.a2 - y)
        dw2 = dz2 @ self.a1.T / m
        db2 = dz2.sum(axis=1, keepdims=True) / m
        dz1 = self.poids2.T @ dz2 * self.a1 * (1 - self.a1)
        dw1 = dz1 @ x.T / m
        db1 = dz1.sum(axis=1, keepdims=True) / m
        self.poids2 -= taux * dw2
        self.biais2 -= taux * db2
        self.poids1 -= taux * dw1
        self.biais1 -= taux * db1
