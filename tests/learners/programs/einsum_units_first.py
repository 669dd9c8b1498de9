"""Rows, weights (out, in), einsum; mean over the batch taken at the end."""
import numpy as np
from numpy import einsum

def net(x, w_in, b_in, w_out, b_out):
    pre = einsum("ni,hi->nh", x, w_in) + b_in
    hid = np.tanh(pre)
    out = einsum("nh,oh->no", hid, w_out) + b_out
    return hid, out

def mse(out, target):
    return 0.5 * np.mean(np.sum((out - target) ** 2, axis=-1))

def grads(x, target, w_in, b_in, w_out, b_out):
    hid, out = net(x, w_in, b_in, w_out, b_out)
    e_out = out - target
    g_w_out = einsum("no,nh->oh", e_out, hid)
    g_b_out = einsum("no->o", e_out)
    e_hid = einsum("no,oh->nh", e_out, w_out) * (1 - hid ** 2)
    g_w_in = einsum("nh,ni->hi", e_hid, x)
    g_b_in = einsum("nh->h", e_hid)
    n = x.shape[0]
    return g_w_in / n, g_b_in / n, g_w_out / n, g_b_out / n
