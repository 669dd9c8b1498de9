# बारिश होगी या नहीं: नमी, तापमान, हवा से
import numpy as np

np.random.seed(7)
namuna = np.random.randn(24, 3)      # हर पंक्ति एक दिन
baarish = ((namuna[:, 0] - namuna[:, 1]) > 0).astype(float).reshape(24, 1)

# दो परतें
bhaar1 = np.random.randn(3, 5)
jhukav1 = np.zeros((1, 5))
bhaar2 = np.random.randn(5, 1)
jhukav2 = np.zeros((1, 1))
gati = 0.3

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

for chakra in range(2000):
    # आगे
    chhupi = sigmoid(namuna.dot(bhaar1) + jhukav1)
    uttar = sigmoid(chhupi.dot(bhaar2) + jhukav2)
    # पीछे
    antar = (uttar - baarish) / len(namuna)
    peeche = antar.dot(bhaar2.T) * chhupi * (1 - chhupi)
    bhaar2 -= gati * chhupi.T.dot(antar)
    jhukav2 -= gati * antar.sum(axis=0, keepdims=True)
    bhaar1 -= gati * namuna.T.dot(peeche)
    jhukav1 -= gati * peeche.sum(axis=0, keepdims=True)

nuksaan = -np.mean(baarish * np.log(uttar) + (1 - baarish) * np.log(1 - uttar))
print("नुकसान:", nuksaan)
