"""exercise sheet 7: an affine map with its own backward (no nn.Linear)"""
import torch


class Affine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return bias + x @ weight.T

    @staticmethod
    def backward(ctx, upstream):
        x, weight = ctx.saved_tensors
        return upstream @ weight, upstream.T @ x, upstream.sum(dim=0)
