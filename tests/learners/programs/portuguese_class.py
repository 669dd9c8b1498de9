# Rede neural para classificar flores (trabalho da disciplina)
import numpy as np


class RedeNeural:
    def __init__(self, n_entrada, n_oculta, n_saida, taxa_aprendizado=0.1):
        self.pesos_entrada_oculta = np.random.rand(n_entrada, n_oculta) - 0.5
        self.vies_oculta = np.zeros(n_oculta)
        self.pesos_oculta_saida = np.random.rand(n_oculta, n_saida) - 0.5
        self.vies_saida = np.zeros(n_saida)
        self.taxa_aprendizado = taxa_aprendizado

    def sigmoide(self, x):
        return 1 / (1 + np.exp(-x))

    def propagar(self, entrada):
        self.oculta = self.sigmoide(np.dot(entrada, self.pesos_entrada_oculta) + self.vies_oculta)
        self.saida = self.sigmoide(np.dot(self.oculta, self.pesos_oculta_saida) + self.vies_saida)
        return self.saida

    def retropropagar(self, entrada, desejado):
        erro = self.saida - desejado
        delta_saida = erro * self.saida * (1 - self.saida)
        erro_oculta = np.dot(delta_saida, self.pesos_oculta_saida.T)
        delta_oculta = erro_oculta * self.oculta * (1 - self.oculta)
        # atualiza os pesos
        self.pesos_oculta_saida -= self.taxa_aprendizado * np.dot(self.oculta.T, delta_saida)
        self.vies_saida -= self.taxa_aprendizado * np.sum(delta_saida, axis=0)
        self.pesos_entrada_oculta -= self.taxa_aprendizado * np.dot(entrada.T, delta_oculta)
        self.vies_oculta -= self.taxa_aprendizado * np.sum(delta_oculta, axis=0)

    def treinar(self, entrada, desejado, epocas):
        for epoca in range(epocas):
            self.propagar(entrada)
            self.retropropagar(entrada, desejado)


if __name__ == '__main__':
    rede = RedeNeural(4, 6, 3)
    flores = np.random.rand(30, 4)
    tipos = np.eye(3)[np.random.randint(0, 3, 30)]
    rede.treinar(flores, tipos, 1000)
    print('saída:', rede.propagar(flores[:2]))
