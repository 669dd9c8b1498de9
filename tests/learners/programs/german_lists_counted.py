# pure python, German names
import math, random
random.seed(4)
eingaben = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
ziele = [0.0, 1.0, 1.0, 0.0]
def sigmoid(z): return 1 / (1 + math.exp(-z))
gewichte_verdeckt = [[random.uniform(-1, 1) for _ in range(2)] for _ in range(3)]
schwellen = [random.uniform(-1, 1) for _ in range(3)]
gewichte_ausgabe = [random.uniform(-1, 1) for _ in range(3)]
schwelle = random.uniform(-1, 1)
eta = 0.5
for epoche in range(50):
    for x, t in zip(eingaben, ziele):
        h = [sigmoid(sum(w * xi for w, xi in zip(zeile, x)) + s) for zeile, s in zip(gewichte_verdeckt, schwellen)]
        y = sigmoid(sum(w * hi for w, hi in zip(gewichte_ausgabe, h)) + schwelle)
        delta_y = (t - y) * y * (1 - y)
        delta_h = [delta_y * gewichte_ausgabe[j] * h[j] * (1 - h[j]) for j in range(3)]
        for j in range(3):
            gewichte_ausgabe[j] += eta * delta_y * h[j]
            for i in range(2):
                gewichte_verdeckt[j][i] += eta * delta_h[j] * x[i]
            schwellen[j] += eta * delta_h[j]
        schwelle += eta * delta_y
