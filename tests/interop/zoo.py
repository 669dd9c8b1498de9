"""Models as people write them, small: of each kind that is in use, with inputs for three examples."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

RANDOM = np.random.default_rng(0)


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.norm = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.conv2, self.head = nn.Conv2d(4, 6, 3, stride=2, groups=2), nn.Linear(6, 3)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.norm(self.conv1(x))), 2)
        return self.head(torch.flatten(functional.relu(self.conv2(x)), 1))


class ResidualBlock(nn.Module):
    def __init__(self, before, after, stride):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after)
        self.conv2, self.norm2 = nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after)
        self.shortcut = (
            nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)) if stride > 1 else nn.Identity()
        )

    def forward(self, x):
        inner = self.norm2(self.conv2(functional.relu(self.norm1(self.conv1(x)), inplace=True)))
        return functional.relu(inner + self.shortcut(x), inplace=True)


class Resnet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
        self.blocks = nn.Sequential(ResidualBlock(4, 4, 1), ResidualBlock(4, 6, 2))
        self.pool, self.head = nn.AdaptiveAvgPool2d(1), nn.Linear(6, 3)

    def forward(self, x):
        return self.head(self.pool(self.blocks(self.stem(x))).flatten(1))


class Recurrent(nn.Module):
    def __init__(self, cell=nn.LSTM, **options):
        super().__init__()
        self.rnn = cell(3, 4, batch_first=True, **options)
        self.head = nn.Linear(8 if options.get("bidirectional") else 4, 3)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


class States(Recurrent):
    def forward(self, x):
        outputs, (h, c) = self.rnn(x)
        return self.head(outputs.mean(1) + h[-1] * c[-1])


class Cells(nn.Module):
    """A recurrence that is written as a loop."""

    def __init__(self):
        super().__init__()
        self.inner, self.outer, self.head = nn.Linear(3, 4), nn.Linear(4, 4, bias=False), nn.Linear(4, 3)

    def forward(self, x):
        h = torch.zeros(x.size(0), 4, dtype=x.dtype)
        for step in range(x.size(1)):
            h = torch.tanh(self.inner(x[:, step]) + self.outer(h))
        return self.head(h)


class Encoder(nn.Module):
    def __init__(self, layers=1):
        super().__init__()
        self.embed, self.places = nn.Embedding(7, 8), nn.Parameter(torch.randn(5, 8) * 0.1)
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.encoder, self.head = nn.TransformerEncoder(layer, layers), nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.encoder(self.embed(x) + self.places).mean(1))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.decoder, self.head = nn.TransformerDecoder(layer, 1), nn.Linear(8, 3)

    def forward(self, x, memory):
        mask = nn.Transformer.generate_square_subsequent_mask(4, dtype=torch.float64)
        return self.head(self.decoder(x, memory, tgt_mask=mask, tgt_is_causal=True)[:, -1])


class Gpt(nn.Module):
    """Attention by hand, a mask as a buffer, and a matrix that is used at both ends."""

    def __init__(self):
        super().__init__()
        self.tokens, self.places, self.norm = nn.Embedding(7, 8), nn.Embedding(5, 8), nn.LayerNorm(8)
        self.qkv, self.out, self.head = nn.Linear(8, 24), nn.Linear(8, 8), nn.Linear(8, 7, bias=False)
        self.head.weight = self.tokens.weight
        self.register_buffer("mask", torch.tril(torch.ones(5, 5)).view(1, 1, 5, 5))

    def forward(self, i):
        examples, length = i.shape
        x = self.tokens(i) + self.places(torch.arange(length))
        q, k, v = (part.view(examples, length, 2, 4).transpose(1, 2) for part in self.qkv(self.norm(x)).split(8, dim=2))
        scores = (q @ k.transpose(-2, -1) / math.sqrt(4)).masked_fill(self.mask[:, :, :length, :length] == 0, float("-inf"))
        y = functional.softmax(scores, -1) @ v
        return self.head(x + self.out(y.transpose(1, 2).contiguous().view(examples, length, 8)))[:, -1]


class VisionTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(1, 8, 4, 4)
        self.start, self.places = nn.Parameter(torch.randn(1, 1, 8) * 0.1), nn.Parameter(torch.randn(1, 5, 8) * 0.1)
        self.encoder = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True, activation="gelu", norm_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        h = self.patches(x).flatten(2).transpose(1, 2)
        h = torch.cat([self.start.expand(len(h), -1, -1), h], 1) + self.places
        return self.head(self.encoder(h)[:, 0])


class Temporal(nn.Module):
    """Causal convolutions with growing gaps."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv1d(2, 4, 3), nn.Conv1d(4, 4, 3, dilation=2)
        self.side, self.head = nn.Conv1d(2, 4, 1), nn.Linear(4, 3)

    def forward(self, x):
        h = functional.relu(self.conv1(functional.pad(x, (2, 0))))
        h = functional.relu(self.conv2(functional.pad(h, (4, 0))))
        return self.head(functional.relu(h + self.side(x))[:, :, -1])


class Experts(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(4, 3)
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)) for _ in range(3))

    def forward(self, x):
        shares = functional.softmax(self.gate(x), -1)
        return (shares.unsqueeze(-1) * torch.stack([expert(x) for expert in self.experts], 1)).sum(1)


class InPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.relu, self.second = nn.Linear(4, 5), nn.ReLU(inplace=True), nn.Linear(5, 3)

    def forward(self, x):
        h = self.relu(self.first(x))
        h += 1
        h.mul_(2)
        return self.second(h)


class Unet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.middle = nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.up, self.out = nn.ConvTranspose2d(4, 3, 2, 2), nn.Conv2d(6, 1, 1)

    def forward(self, x):
        a = functional.relu(self.down(x))
        return self.out(torch.cat([functional.relu(self.up(functional.relu(self.middle(a)))), a], 1))


class Enlarged(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 2, 3, padding=1), nn.Linear(2, 3)

    def forward(self, x):
        return self.head(functional.interpolate(self.conv(x), scale_factor=2, mode="nearest").mean((2, 3)))


class Summed(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight, self.head = nn.Parameter(torch.randn(4, 3, 2)), nn.Linear(6, 3)

    def forward(self, x):
        return self.head(torch.einsum("bi,ijk->bjk", x, self.weight).reshape(len(x), -1).cumsum(1))


class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.both = nn.Bilinear(4, 2, 3)

    def forward(self, x, v):
        return self.both(x, v)


class SqueezeExcite(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.down, self.up, self.head = nn.Conv2d(1, 4, 3), nn.Linear(4, 2), nn.Linear(2, 4), nn.Linear(4, 3)

    def forward(self, x):
        h = functional.silu(self.conv(x))  # of hardswish, PyTorch's gradient has a sixth in float32
        gates = torch.sigmoid(self.up(torch.relu(self.down(h.mean(dim=(2, 3))))))
        return self.head((h * gates[:, :, None, None]).amax(dim=(2, 3)))


class Autoencoder(nn.Module):
    """The decoder has the encoder's matrix."""

    def __init__(self):
        super().__init__()
        self.encoder, self.bias = nn.Linear(4, 2), nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return functional.linear(torch.tanh(self.encoder(x)), self.encoder.weight.t(), self.bias)


IMAGES, SEQUENCES, VECTORS = RANDOM.normal(size=(3, 1, 8, 8)), RANDOM.normal(size=(3, 5, 3)), RANDOM.normal(size=(3, 4))
TOKENS = torch.tensor(RANDOM.integers(0, 7, size=(3, 5)))

ZOO = {
    "perceptron": (lambda: nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 3)), VECTORS),
    "convolutional": (Convolutional, IMAGES),
    "convolutional, evaluated": (lambda: Convolutional().eval(), IMAGES),
    "resnet": (Resnet, IMAGES),
    "squeeze and excite": (SqueezeExcite, IMAGES),
    "lstm": (Recurrent, SEQUENCES),
    "gru": (lambda: Recurrent(nn.GRU), SEQUENCES),
    "rnn": (lambda: Recurrent(nn.RNN, nonlinearity="relu"), SEQUENCES),
    "lstm, both ways, two layers": (lambda: Recurrent(num_layers=2, bidirectional=True), SEQUENCES),
    "lstm and its states": (States, SEQUENCES),
    "a recurrence as a loop": (Cells, SEQUENCES),
    "encoder": (Encoder, TOKENS),
    "two encoders": (lambda: Encoder(2), TOKENS),
    "decoder": (Decoder, (RANDOM.normal(size=(3, 4, 8)), RANDOM.normal(size=(3, 6, 8)))),
    "gpt": (Gpt, TOKENS),
    "vision transformer": (VisionTransformer, IMAGES),
    "temporal": (Temporal, RANDOM.normal(size=(3, 2, 6))),
    "experts": (Experts, VECTORS),
    "in place": (InPlace, VECTORS),
    "unet": (Unet, IMAGES),
    "enlarged": (Enlarged, IMAGES),
    "einsum": (Summed, VECTORS),
    "bilinear": (Both, (VECTORS, RANDOM.normal(size=(3, 2)))),
    "autoencoder": (Autoencoder, VECTORS),
}
"""Each as a function that makes it, and what it is called on."""
