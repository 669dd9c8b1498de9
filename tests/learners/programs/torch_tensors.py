import torch

dtype = torch.float
torch.manual_seed(0)
N, D_in, H, D_out = 64, 10, 20, 3
x = torch.randn(N, D_in, dtype=dtype)
y = torch.randn(N, D_out, dtype=dtype)
w1 = torch.randn(D_in, H, dtype=dtype)
w2 = torch.randn(H, D_out, dtype=dtype)
lr = 1e-4
for t in range(400):
    h = x.mm(w1)
    h_relu = h.clamp(min=0)
    y_pred = h_relu.mm(w2)
    loss = (y_pred - y).pow(2).sum().item()
    if t % 100 == 99:
        print(t, loss)
    g_pred = 2.0 * (y_pred - y)
    g_w2 = h_relu.t().mm(g_pred)
    g_h = g_pred.mm(w2.t()).clone()
    g_h[h < 0] = 0
    g_w1 = x.t().mm(g_h)
    w1 -= lr * g_w1
    w2 -= lr * g_w2
