"""Keras as a person writes it, on torch: `keras_fit.py train TRAIN.csv MODEL.keras`, `keras_fit.py score TEST.csv MODEL.keras`."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import pandas

asked, file, path = sys.argv[1:]
rows = pandas.read_csv(file)
x, y = rows.drop(columns="y").to_numpy("float32"), rows["y"]
is_number, classes = y.dtype.kind == "f", sorted(y.unique())
if asked == "train":
    scale = keras.layers.Normalization()
    scale.adapt(x)
    if is_number:
        t, outputs, loss = y.to_numpy("float32"), keras.layers.Dense(1), "mse"
    else:
        t = y.map(classes.index).to_numpy()
        outputs, loss = keras.layers.Dense(len(classes), activation="softmax"), "sparse_categorical_crossentropy"
    model = keras.Sequential([keras.Input(x.shape[1:]), scale, keras.layers.Dense(32, activation="relu"), outputs])
    model.compile("adam", loss)
    stop = keras.callbacks.EarlyStopping(patience=10, restore_best_weights=True)
    order = np.random.default_rng().permutation(len(x))  # the validation rows are the last ones
    model.fit(x[order], t[order], batch_size=64, epochs=1000, validation_split=0.1, callbacks=[stop], verbose=0)
    model.save(path)
else:
    answers = keras.models.load_model(path).predict(x, verbose=0)
    if is_number:
        print(1 - ((answers[:, 0] - y) ** 2).mean() / y.var(ddof=0))
    else:
        print((answers.argmax(1) == y.map(classes.index)).mean())
