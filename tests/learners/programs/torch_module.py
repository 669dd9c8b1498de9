import torch
from torch import nn


class TwoLayers(nn.Module):
    """I write the gradients myself, to see whether autograd agrees."""

    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.fc1 = nn.Linear(n_in, n_hidden)
        self.fc2 = nn.Linear(n_hidden, n_out)

    def forward(self, x):
        self.x = x
        self.h = torch.tanh(self.fc1(x))
        return self.fc2(self.h)

    @torch.no_grad()
    def backward(self, grad_y):
        self.fc2.weight.grad = grad_y.T @ self.h
        self.fc2.bias.grad = grad_y.sum(dim=0)
        grad_h = grad_y @ self.fc2.weight
        grad_z = grad_h * (1 - self.h ** 2)
        self.fc1.weight.grad = grad_z.T @ self.x
        self.fc1.bias.grad = grad_z.sum(dim=0)


if __name__ == "__main__":
    model = TwoLayers(4, 8, 2)
    data, target = torch.randn(32, 4), torch.randn(32, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(200):
        out = model(data)
        loss = 0.5 * ((out - target) ** 2).sum(dim=1).mean()
        model.backward((out - target).detach() / len(data))
        optimizer.step()
