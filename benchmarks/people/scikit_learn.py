"""scikit-learn's network as a person writes it: `scikit_learn.py train TRAIN.csv MODEL [EPOCHS]`, `… score TEST.csv MODEL`."""

import sys

import joblib
import pandas
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

asked, file, path, *epochs = sys.argv[1:]
rows = pandas.read_csv(file)
X, y = rows.drop(columns="y"), rows["y"]
if asked == "train":
    kind = MLPRegressor if y.dtype.kind == "f" else MLPClassifier
    model = make_pipeline(StandardScaler(), kind(hidden_layer_sizes=(32,), max_iter=int(*epochs or [1000])))
    joblib.dump(model.fit(X, y), path)
else:
    print(joblib.load(path).score(X, y))
