"""SegFormer in plain torch, for inference only: the tree has the names of the hub's weight files, the head is folded.

The same function as transformers' `SegformerForSemanticSegmentation` (a test compares them), without seconds of
import. The 1x1 convolution and the batch norm that follow the upsampling in its decode head commute with bilinear
interpolation, so they are folded into the four projections, each at its own stage's resolution.
Activations are kept as (B, h, w, C), which convolutions see as channels-last: nothing is transposed in memory.

Source: Xie et al., "SegFormer", arXiv:2105.15203; transformers, models/segformer/modeling_segformer.py.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from faceedit.errors import ModelError

# What a config.json means where it says nothing. Source: transformers, SegformerConfig.
DEFAULTS: dict[str, Any] = {
    "num_channels": 3,
    "depths": [2, 2, 2, 2],
    "sr_ratios": [8, 4, 2, 1],
    "hidden_sizes": [32, 64, 160, 256],
    "patch_sizes": [7, 3, 3, 3],
    "strides": [4, 2, 2, 2],
    "num_attention_heads": [1, 2, 5, 8],
    "mlp_ratios": [4, 4, 4, 4],
    "hidden_act": "gelu",
    "decoder_hidden_size": 256,
}
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": nn.functional.gelu,
    "relu": nn.functional.relu,
    "silu": nn.functional.silu,
}


class SegFormerNet(nn.Module):
    """Pixels (B, 3, H, W) to logits (B, classes, H / 4, W / 4), the classes in the order of `order`."""

    def __init__(self, config: Mapping[str, Any], weights: Mapping[str, Tensor], order: list[int]) -> None:
        super().__init__()
        config = DEFAULTS | dict(config)
        if config["hidden_act"] not in ACTIVATIONS:
            raise ModelError(f'the activation "{config["hidden_act"]}" is unknown', f"known: {', '.join(ACTIVATIONS)}")
        with torch.device("meta"):  # no memory, no random numbers: the weights are put in below
            encoder, head = _encoder(config), _head(config)
        tree = nn.ModuleDict({"segformer": nn.ModuleDict({"encoder": encoder}), "decode_head": head})
        try:
            tree.load_state_dict({name: _floats(tensor) for name, tensor in weights.items()}, assign=True)
        except RuntimeError as error:
            first = " ".join(str(error).split())[:300]
            raise ModelError(f"the weights do not fit their config.json: {first}") from error
        self.patches: Any = encoder["patch_embeddings"]
        self.blocks: Any = encoder["block"]
        self.norms: Any = encoder["layer_norm"]
        self.head = FoldedHead(head, order)
        self.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits (B, classes, H / 4, W / 4) for normalised pixels (B, 3, H, W)."""
        seen = []
        for patch, blocks, norm in zip(self.patches, self.blocks, self.norms, strict=True):
            tokens = patch(pixels)  # (B, h, w, C)
            for block in blocks:
                tokens = block(tokens)
            tokens = norm(tokens)
            seen.append(tokens)
            pixels = tokens.permute(0, 3, 1, 2)
        logits: Tensor = self.head(seen)
        return logits


def _floats(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def _encoder(config: Mapping[str, Any]) -> nn.ModuleDict:
    """The encoder's tree, named as in weight files: patch_embeddings.0, block.0.0, layer_norm.0, ..."""
    sizes = config["hidden_sizes"]
    before = [config["num_channels"], *sizes]
    stages = range(len(sizes))
    patches = [Patch(before[i], sizes[i], config["patch_sizes"][i], config["strides"][i]) for i in stages]
    blocks = [nn.ModuleList(_block(config, stage) for _ in range(config["depths"][stage])) for stage in stages]
    norms = [nn.LayerNorm(size) for size in sizes]
    return nn.ModuleDict(
        {
            "patch_embeddings": nn.ModuleList(patches),
            "block": nn.ModuleList(blocks),
            "layer_norm": nn.ModuleList(norms),
        }
    )


def _block(config: Mapping[str, Any], stage: int) -> "Block":
    width, ratio = config["hidden_sizes"][stage], config["mlp_ratios"][stage]
    heads, reduction = config["num_attention_heads"][stage], config["sr_ratios"][stage]
    return Block(width, heads, reduction, int(width * ratio), config["hidden_act"])


def _head(config: Mapping[str, Any]) -> nn.ModuleDict:
    """The decode head's tree as it is stored; it is folded, not run."""
    sizes, width = config["hidden_sizes"], config["decoder_hidden_size"]
    return nn.ModuleDict(
        {
            "linear_c": nn.ModuleList(nn.ModuleDict({"proj": nn.Linear(size, width)}) for size in sizes),
            "linear_fuse": nn.Conv2d(width * len(sizes), width, 1, bias=False),
            "batch_norm": nn.BatchNorm2d(width),
            "classifier": nn.Conv2d(width, len(config["id2label"]), 1),
        }
    )


class Patch(nn.Module):
    """Overlapping patches: a strided convolution and a norm, (B, C', H, W) to (B, h, w, C)."""

    def __init__(self, inputs: int, width: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(inputs, width, kernel, stride, kernel // 2)
        self.layer_norm = nn.LayerNorm(width)

    def forward(self, pixels: Tensor) -> Tensor:
        """Tokens (B, h, w, C) of channels (B, C', H, W)."""
        tokens: Tensor = self.layer_norm(self.proj(pixels).permute(0, 2, 3, 1))
        return tokens


class Block(nn.Module):
    """Attention and a feed-forward part with a 3x3 depthwise convolution, each added to its input, (B, h, w, C)."""

    def __init__(self, width: int, heads: int, reduction: int, inner: int, activation: str) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation]
        self.layer_norm_1, self.layer_norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        output = nn.ModuleDict({"dense": nn.Linear(width, width)})
        self.attention = nn.ModuleDict({"self": Attention(width, heads, reduction), "output": output})
        depthwise = nn.ModuleDict({"dwconv": nn.Conv2d(inner, inner, 3, 1, 1, groups=inner)})
        self.mlp = nn.ModuleDict(
            {"dense1": nn.Linear(width, inner), "dwconv": depthwise, "dense2": nn.Linear(inner, width)}
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (B, h, w, C) after attention and feed-forward."""
        attended = self.attention["self"](self.layer_norm_1(tokens))
        tokens = tokens + self.attention["output"].get_submodule("dense")(attended)
        inner = self.mlp["dense1"](self.layer_norm_2(tokens))  # (B, h, w, inner)
        depthwise = self.mlp["dwconv"].get_submodule("dwconv")
        inner = depthwise(inner.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        result: Tensor = tokens + self.mlp["dense2"](self.activation(inner))
        return result


class Attention(nn.Module):
    """Attention of all tokens to a reduced grid of tokens, (B, h, w, C)."""

    def __init__(self, width: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        if reduction > 1:
            self.sr = nn.Conv2d(width, width, reduction, reduction)
            self.layer_norm = nn.LayerNorm(width)
        self.reduces = reduction > 1

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (B, h, w, C), each a mean of the values it attends to."""
        few = tokens
        if self.reduces:
            few = self.layer_norm(self.sr(tokens.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))
        query, key, value = self._split(self.query(tokens)), self._split(self.key(few)), self._split(self.value(few))
        attended = nn.functional.scaled_dot_product_attention(query, key, value)  # (B, heads, h * w, C / heads)
        return attended.transpose(1, 2).reshape(tokens.shape)

    def _split(self, tokens: Tensor) -> Tensor:
        batch, height, width, channels = tokens.shape
        split = tokens.reshape(batch, height * width, self.heads, channels // self.heads)
        return split.transpose(1, 2)  # (B, heads, n, C / heads)


class FoldedHead(nn.Module):
    """The decode head with its 1x1 convolution and batch norm folded into the projections of the stages."""

    def __init__(self, head: Any, order: list[int]) -> None:
        super().__init__()
        norm, fuse = head["batch_norm"], head["linear_fuse"].weight.double()[:, :, 0, 0]  # (D, stages * D)
        scale = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
        shift = norm.bias.double() - scale * norm.running_mean.double()
        self.projections = nn.ModuleList()
        # transformers joins the stages last to first before the convolution
        for index, block in enumerate(reversed(fuse.chunk(len(head["linear_c"]), 1))):
            proj = head["linear_c"][index]["proj"]
            folded = scale[:, None] * block  # (D, D)
            bias = folded @ proj.bias.double() + (shift if index == 0 else 0)
            self.projections.append(_linear(folded @ proj.weight.double(), bias))
        last = head["classifier"]
        self.classifier = _linear(last.weight[order, :, 0, 0], last.bias[order])

    def forward(self, stages: list[Tensor]) -> Tensor:
        """Logits (B, classes, h, w) from the stages' tokens, each (B, h / 2^i, w / 2^i, C)."""
        total = self.projections[0](stages[0]).permute(0, 3, 1, 2)  # (B, D, h, w)
        for project, tokens in zip(self.projections[1:], stages[1:], strict=True):
            coarse = project(tokens).permute(0, 3, 1, 2)
            total = total + nn.functional.interpolate(
                coarse, size=total.shape[2:], mode="bilinear", align_corners=False
            )
        logits: Tensor = self.classifier(nn.functional.relu(total).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return logits


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight = nn.Parameter(weight.detach().float().contiguous(), requires_grad=False)
    layer.bias = nn.Parameter(bias.detach().float().contiguous(), requires_grad=False)
    return layer
