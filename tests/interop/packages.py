"""Models of packages that people install, made small; each package may be missing."""

import importlib
import importlib.util

import numpy as np
import torch
from torch import nn

RANDOM = np.random.default_rng(1)
IMAGES, TOKENS = RANDOM.normal(size=(2, 3, 32, 32)), torch.tensor(RANDOM.integers(0, 7, size=(2, 5)))


class Answers(nn.Module):
    """What a model of transformers says of each token, and nothing beside it."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        found = self.model(x, use_cache=False) if "use_cache" in self.model.forward.__code__.co_varnames else self.model(x)
        return found[0]


LIBRARY = torch.library.Library("torchvision", "FRAGMENT")
"""torchvision's build is for one build of PyTorch; where it does not load, its modules still ask for these operations."""

if importlib.util.find_spec("torchvision") is not None:
    for own in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, own):
            LIBRARY.define(f"{own}(Tensor boxes, Tensor scores, float threshold) -> Tensor")


def _of(package, name):
    return importlib.import_module(f"{package}.{name}" if name else package)


def _timm(name, module, **options):
    return lambda: getattr(_of("timm.models", module), name)(num_classes=3, **options)


def _vision(name, module, **options):
    return lambda: getattr(_of("torchvision.models", module), name)(num_classes=3, **options)


def _hugging_face(kind, **options):
    def made():
        transformers = importlib.import_module("transformers")
        config = getattr(transformers, f"{kind}Config")(vocab_size=7, attn_implementation="eager", **options)
        return Answers(getattr(transformers, f"{kind}Model")(config))

    return made


def _x_transformer(layers, **options):
    def made():
        package = importlib.import_module("x_transformers")
        attention = getattr(package, layers)(dim=8, depth=1, heads=2, attn_dim_head=4, **options)
        return package.TransformerWrapper(num_tokens=7, max_seq_len=5, attn_layers=attention)

    return made


VIT = {"patch_size": 16, "num_heads": 2}

PACKAGES = {
    "timm: ResNet": (lambda: _resnet("timm.models.resnet", width=4), IMAGES),
    "timm: ConvNeXt": (_timm("ConvNeXt", "convnext", depths=(1, 1, 1, 1), dims=(4, 4, 8, 8)), IMAGES),
    "timm: VisionTransformer": (_timm("VisionTransformer", "vision_transformer", img_size=32, embed_dim=8, depth=1, **VIT), IMAGES),
    "timm: MlpMixer": (_timm("MlpMixer", "mlp_mixer", img_size=32, patch_size=16, num_blocks=1, embed_dim=8), IMAGES),
    "torchvision: MobileNetV2": (
        _vision("MobileNetV2", "mobilenetv2", width_mult=0.1, inverted_residual_setting=[[1, 8, 1, 1], [6, 8, 1, 2]], dropout=0.0), IMAGES,
    ),
    "torchvision: DenseNet": (_vision("DenseNet", "densenet", growth_rate=2, block_config=(1, 2), num_init_features=4, bn_size=2), IMAGES),
    "torchvision: VisionTransformer": (
        _vision("VisionTransformer", "vision_transformer", image_size=32, num_layers=1, hidden_dim=8, mlp_dim=16, **VIT), IMAGES,
    ),
    "torchvision: SqueezeNet": (_vision("SqueezeNet", "squeezenet", version="1_1", dropout=0.0), IMAGES),
    "x-transformers: Encoder": (_x_transformer("Encoder"), TOKENS),
    "x-transformers: Decoder": (_x_transformer("Decoder"), TOKENS),
    "transformers: GPT2": (
        _hugging_face(
            "GPT2", n_positions=5, bos_token_id=0, eos_token_id=0, n_embd=8, n_layer=1, n_head=2, resid_pdrop=0.0, embd_pdrop=0.0,
            attn_pdrop=0.0,
        ), TOKENS,
    ),
    "transformers: Bert": (
        _hugging_face(
            "Bert", hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, max_position_embeddings=5,
            hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        ), TOKENS,
    ),
    "transformers: Llama": (
        _hugging_face(
            "Llama", hidden_size=8, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1, intermediate_size=16,
            max_position_embeddings=8,
        ), TOKENS,
    ),
}  # fmt: skip
"""Each as a function that makes it, and what it is called on."""


def _resnet(module, width):
    found = _of(module, "")
    return found.ResNet(found.BasicBlock, [1, 1, 1, 1], num_classes=3, channels=(width,) * 4, stem_width=width, base_width=64)
