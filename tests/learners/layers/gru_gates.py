import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class GRUCell:
    """Every gate with matrices of its own; rows are samples."""

    def __init__(self, input_size, hidden_size):
        self.Wz, self.Uz, self.bz = (
            np.random.randn(input_size, hidden_size),
            np.random.randn(hidden_size, hidden_size),
            np.zeros(hidden_size),
        )
        self.Wr, self.Ur, self.br = (
            np.random.randn(input_size, hidden_size),
            np.random.randn(hidden_size, hidden_size),
            np.zeros(hidden_size),
        )
        self.Wh, self.Uh, self.bh = (
            np.random.randn(input_size, hidden_size),
            np.random.randn(hidden_size, hidden_size),
            np.zeros(hidden_size),
        )

    def forward(self, x, h_prev):
        self.x, self.h_prev = x, h_prev
        self.z = sigmoid(x @ self.Wz + h_prev @ self.Uz + self.bz)
        self.r = sigmoid(x @ self.Wr + h_prev @ self.Ur + self.br)
        self.hh = np.tanh(x @ self.Wh + (self.r * h_prev) @ self.Uh + self.bh)
        return (1 - self.z) * h_prev + self.z * self.hh

    def backward(self, dh):
        dhh = dh * self.z * (1 - self.hh**2)
        dz = dh * (self.hh - self.h_prev) * self.z * (1 - self.z)
        drh = dhh @ self.Uh.T
        dr = drh * self.h_prev * self.r * (1 - self.r)
        self.dWh, self.dUh, self.dbh = self.x.T @ dhh, (self.r * self.h_prev).T @ dhh, dhh.sum(0)
        self.dWz, self.dUz, self.dbz = self.x.T @ dz, self.h_prev.T @ dz, dz.sum(0)
        self.dWr, self.dUr, self.dbr = self.x.T @ dr, self.h_prev.T @ dr, dr.sum(0)
        dx = dhh @ self.Wh.T + dz @ self.Wz.T + dr @ self.Wr.T
        dh_prev = dh * (1 - self.z) + drh * self.r + dz @ self.Uz.T + dr @ self.Ur.T
        return dx, dh_prev


def gru_cell_forward(xt, h_prev, parameters):
    """Columns are samples; every gate has one matrix for [h; x]."""
    Wu, bu = parameters["Wu"], parameters["bu"]
    Wr, br = parameters["Wr"], parameters["br"]
    Wc, bc = parameters["Wc"], parameters["bc"]
    concat = np.concatenate([h_prev, xt])
    u = sigmoid(Wu @ concat + bu)
    r = sigmoid(Wr @ concat + br)
    gated = np.concatenate([r * h_prev, xt])
    c = np.tanh(Wc @ gated + bc)
    h_next = u * c + (1 - u) * h_prev
    return h_next, (h_prev, xt, u, r, c, concat, gated, parameters)


def gru_cell_backward(dh_next, cache):
    h_prev, xt, u, r, c, concat, gated, parameters = cache
    n = h_prev.shape[0]
    dc = dh_next * u * (1 - c**2)
    du = dh_next * (c - h_prev) * u * (1 - u)
    dgated = parameters["Wc"].T @ dc
    dr = dgated[:n] * h_prev * r * (1 - r)
    dconcat = parameters["Wu"].T @ du + parameters["Wr"].T @ dr
    dh_prev = dh_next * (1 - u) + dgated[:n] * r + dconcat[:n]
    dxt = dgated[n:] + dconcat[n:]
    return {
        "dxt": dxt,
        "dh_prev": dh_prev,
        "dWu": du @ concat.T,
        "dbu": du.sum(axis=1, keepdims=True),
        "dWr": dr @ concat.T,
        "dbr": dr.sum(axis=1, keepdims=True),
        "dWc": dc @ gated.T,
        "dbc": dc.sum(axis=1, keepdims=True),
    }
