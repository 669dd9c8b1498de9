"""A loop in torch as a person writes it: `torch_loop.py train TRAIN.csv MODEL`, `torch_loop.py score TEST.csv MODEL`."""

import copy
import sys

import pandas
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

PATIENCE, EPOCHS = 10, 1000


def network(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, 32), nn.ReLU(), nn.Linear(32, outputs))


def fitted(x: torch.Tensor, t: torch.Tensor, outputs: int, loss) -> nn.Module:
    """Adam, batches of 64, a tenth of the rows for validation; ends after so many epochs without a lower validation error."""
    model = network(x.shape[1], outputs)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    held_out, learned = random_split(TensorDataset(x, t), [0.1, 0.9])
    x_held_out, t_held_out = x[held_out.indices], t[held_out.indices]
    best, since = (float("inf"), model.state_dict()), 0
    for _ in range(EPOCHS):
        for x_batch, t_batch in DataLoader(learned, batch_size=64, shuffle=True):
            optimizer.zero_grad()
            loss(model(x_batch), t_batch).backward()
            optimizer.step()
        with torch.no_grad():
            error = loss(model(x_held_out), t_held_out).item()
        since += 1
        if error < best[0]:
            best, since = (error, copy.deepcopy(model.state_dict())), 0
        if since == PATIENCE:
            break
    model.load_state_dict(best[1])
    return model


def main() -> None:
    asked, file, path = sys.argv[1:]
    rows = pandas.read_csv(file)
    x, y = torch.tensor(rows.drop(columns="y").to_numpy(), dtype=torch.float32), rows["y"]
    if asked == "train":
        mean, deviation, classes = x.mean(0), x.std(0).clamp(min=1e-9), None if y.dtype.kind == "f" else sorted(y.unique())
        if classes is None:
            centre, scale = y.mean(), y.std()
            t, outputs, loss = torch.tensor(((y - centre) / scale).to_numpy()[:, None], dtype=torch.float32), 1, nn.MSELoss()
        else:
            centre, scale = 0.0, 1.0
            t, outputs, loss = torch.tensor(y.map(classes.index).to_numpy()), len(classes), nn.CrossEntropyLoss()
        model = fitted((x - mean) / deviation, t, outputs, loss)
        kept = {"weights": model.state_dict(), "mean": mean, "deviation": deviation, "classes": classes, "centre": centre, "scale": scale}
        torch.save(kept, path)
        return
    kept = torch.load(path, weights_only=False)
    model = network(x.shape[1], 1 if kept["classes"] is None else len(kept["classes"]))
    model.load_state_dict(kept["weights"])
    with torch.no_grad():
        answers = model((x - kept["mean"]) / kept["deviation"]).numpy()
    if kept["classes"] is None:
        print(1 - ((answers[:, 0] * kept["scale"] + kept["centre"] - y) ** 2).mean() / y.var(ddof=0))
    else:
        print((answers.argmax(1) == y.map(kept["classes"].index)).mean())


if __name__ == "__main__":
    main()
