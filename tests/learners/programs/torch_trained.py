import torch
from torch import nn

class LinearFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, weight, bias):
        ctx.save_for_backward(input, weight, bias)
        return input.mm(weight.t()) + bias

    @staticmethod
    def backward(ctx, grad_output):
        input, weight, bias = ctx.saved_tensors
        grad_input = grad_output.mm(weight)
        grad_weight = grad_output.t().mm(input)
        grad_bias = grad_output.sum(0)
        return grad_input, grad_weight, grad_bias

class MyTanh(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        y, = ctx.saved_tensors
        return g * (1 - y * y)

class Net(nn.Module):
    def __init__(self, n_in=4, n_hidden=6, n_out=2):
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(n_hidden, n_in) * 0.3)
        self.b1 = nn.Parameter(torch.zeros(n_hidden))
        self.w2 = nn.Parameter(torch.randn(n_out, n_hidden) * 0.3)
        self.b2 = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        h = MyTanh.apply(LinearFunction.apply(x, self.w1, self.b1))
        return LinearFunction.apply(h, self.w2, self.b2)

def train_step(model, x, t, lr=0.1):
    loss = ((model(x) - t) ** 2).sum() / 2
    model.zero_grad()
    loss.backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= lr * p.grad
    return loss.item()

torch.manual_seed(0)
model = Net()
x = torch.randn(30, 4)
t = torch.randn(30, 2)
for epoch in range(50):
    train_step(model, x, t)
