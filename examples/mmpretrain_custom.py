"""MMPretrain's guide to components of one's own: all of its classes, its misprints mended, at work on digits.

Run it: `python examples/mmpretrain_custom.py --backend torch`, or `--backend megengine`.

Three things are trained, each for some seconds: the guide's closing config on another classifier's probabilities, a
small vision transformer under the guide's head, and a self-supervised algorithm that paints hidden patches.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from polynet.dialects.mmcv.cnn import build_conv_layer, build_norm_layer
from polynet.dialects.mmengine.model import BaseModule
from polynet.dialects.mmpretrain.models.backbones import ResNet, VisionTransformer
from polynet.dialects.mmpretrain.models.heads.cls_head import ClsHead
from polynet.dialects.mmpretrain.models.losses.utils import weighted_loss
from polynet.dialects.mmpretrain.models.selfsup.base import BaseSelfSupvisor
from polynet.dialects.mmpretrain.structures import DataSample

import polynet
from polynet import nn, ops
from polynet.data import load_digits
from polynet.dialects.mmpretrain.registry import MODELS
from polynet.models.backbones.encoder_layer import TransformerEncoderLayer
from polynet.types import Tensor


@MODELS.register_module()
class ResNet_CIFAR(ResNet):  # noqa: N801 - the guide's name
    """A residual network for small images: a stem of one 3x3 convolution, and no pooling after it."""

    def __init__(self, depth: int, deep_stem: bool = False, **kwargs: Any) -> None:
        super().__init__(depth, deep_stem=deep_stem, **kwargs)  # the guide lacks the comma before **kwargs
        assert not self.deep_stem, "ResNet_CIFAR do not support deep_stem"

    def _make_stem_layer(self, in_channels: int, base_channels: int) -> None:
        self.conv1 = build_conv_layer(
            self.conv_cfg, in_channels, base_channels, kernel_size=3, stride=1, padding=1, bias=False
        )
        self.norm1_name, norm1 = build_norm_layer(self.norm_cfg, base_channels, postfix=1)
        self.add_module(self.norm1_name, norm1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the stages in `out_indices`."""
        x = self.conv1(x)
        x = self.norm1(x)
        x = self.relu(x)
        outs = []
        for i, layer_name in enumerate(self.res_layers):
            res_layer = getattr(self, layer_name)
            x = res_layer(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)

    def init_weights(self) -> None:
        """Draw as the parent does; then one's own, unless weights are loaded."""
        super().init_weights()
        if self.loads_checkpoint:  # the guide asks init_cfg['type'], which a list of rules does not have
            return
        self.went_on = True


@MODELS.register_module()
class GlobalAveragePooling(nn.Module):
    """The mean over positions; the guide lacks `super().__init__()`."""

    def __init__(self) -> None:
        super().__init__()
        self.gap = nn.AdaptiveAvgPool2d((1, 1))

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Means `(N, C)` of the last of the maps: backbones return a tuple, which the guide takes for one tensor."""
        outs = self.gap(inputs[-1])
        return ops.reshape(outs, (outs.shape[0], -1))


@MODELS.register_module()
class VisionTransformerClsHead(ClsHead):
    """Two linear layers on the class token.

    The guide calls the class `LinearClsHead`, in a file and a config that say `VisionTransformerClsHead`.
    """

    def __init__(self, num_classes: int, in_channels: int, hidden_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.hidden_dim = hidden_dim
        self.fc1 = nn.Linear(in_channels, hidden_dim)
        self.act = nn.Tanh()
        self.fc2 = nn.Linear(hidden_dim, num_classes)

    def pre_logits(self, feats: Any) -> Tensor:
        """What the classifier is given."""
        feat = feats[-1]
        # MMPretrain's transformer returned the tokens and the class token when the guide was written; now the latter.
        cls_token = feat[-1] if isinstance(feat, (tuple, list)) else feat
        return self.act(self.fc1(cls_token))

    def forward(self, feats: Any) -> Tensor:
        """Scores `(N, num_classes)`; the guide calls a layer `fc`, which there is not."""
        return self.fc2(self.pre_logits(feats))


@weighted_loss
def l1_loss(pred: Tensor, target: Tensor) -> Tensor:
    """Absolute differences; the decorator weighs and averages them."""
    assert tuple(pred.shape) == tuple(target.shape)
    assert 0 not in tuple(target.shape)
    return ops.abs(pred - target)


@MODELS.register_module()
class L1Loss(nn.Module):
    """Mean of absolute differences."""

    def __init__(self, reduction: str = "mean", loss_weight: float = 1.0) -> None:
        super().__init__()
        self.reduction = reduction
        self.loss_weight = loss_weight

    def forward(
        self,
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """The loss of scores and a target of their shape."""
        assert reduction_override in (None, "none", "mean", "sum")
        reduction = reduction_override if reduction_override else self.reduction
        return self.loss_weight * l1_loss(pred, target, weight, reduction=reduction, avg_factor=avg_factor)


@MODELS.register_module()
class MAEViT(VisionTransformer):
    """A transformer that sees some of the patches; the guide lacks the constructor's `self`."""

    def __init__(self, mask_ratio: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # Positions are not learned: no optimiser steps them, on either framework.
        self.pos_embed.requires_grad = False
        self.mask_ratio = mask_ratio
        self.num_patches = self.patch_resolution[0] * self.patch_resolution[1]
        self.noise = np.random.default_rng(0)

    def random_masking(self, x: Tensor, mask_ratio: float = 0.75) -> tuple[Tensor, Tensor, Tensor]:
        """Keep a part of the tokens, drawn at random: those, a mask (1 where hidden), and what restores the order."""
        count, length, width = x.shape
        kept = int(length * (1 - mask_ratio))
        shuffled = np.argsort(self.noise.random((count, length)), axis=1)
        ids_restore = np.argsort(shuffled, axis=1)
        index = np.repeat(shuffled[:, :kept, None], width, axis=2)
        visible = ops.gather(x, 1, ops.tensor(index, like=x, dtype="int64"))
        mask = ops.tensor((ids_restore >= kept).astype(np.float32), like=x)
        return visible, mask, ops.tensor(ids_restore, like=x, dtype="int64")

    def forward(self, x: Tensor, mask: bool | None = True) -> Any:
        """Features of the visible patches, the mask and the order; without a mask, those of the parent."""
        if mask is None or mask is False:  # the guide's `mask is None or False` is never true of False
            return super().forward(x)
        x = self.patch_embed(x)[0]
        x = x + self.pos_embed[:, 1:, :]
        x, hidden, ids_restore = self.random_masking(x, self.mask_ratio)
        cls_token = self.cls_token + self.pos_embed[:, :1, :]
        cls_tokens = ops.expand(cls_token, (x.shape[0], -1, -1))
        x = ops.cat((cls_tokens, x), dim=1)
        for _, layer in enumerate(self.layers):
            x = layer(x)
        x = self.norm1(x)
        return (x, hidden, ids_restore)


@MODELS.register_module()
class MAEPretrainHead(BaseModule):
    """The loss of painted patches."""

    def __init__(self, loss: dict[str, Any], norm_pix: bool = False, patch_size: int = 16) -> None:
        super().__init__()
        self.norm_pix = norm_pix
        self.patch_size = patch_size
        self.loss_module = MODELS.build(loss)

    def patchify(self, imgs: Tensor) -> Tensor:
        """Patches `(N, L, p * p * 3)` of images."""
        p = self.patch_size
        assert imgs.shape[2] == imgs.shape[3]
        assert imgs.shape[2] % p == 0
        h = w = imgs.shape[2] // p
        x = ops.reshape(imgs, (imgs.shape[0], 3, h, p, w, p))
        x = ops.einsum("nchpwq->nhwpqc", x)
        return ops.reshape(x, (imgs.shape[0], h * w, p**2 * 3))

    def construct_target(self, target: Tensor) -> Tensor:
        """What is to be painted: patches, standardised each on its own with `norm_pix`."""
        target = self.patchify(target)
        if self.norm_pix:
            mean = ops.mean(target, dim=-1, keepdim=True)
            var = ops.var(target, dim=-1, keepdim=True)
            target = (target - mean) / (var + 1.0e-6) ** 0.5
        return target

    def loss(self, pred: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """The loss of predicted patches, where they were hidden."""
        return self.loss_module(pred, self.construct_target(target), mask)


@MODELS.register_module()
class Painter(BaseModule):
    """The neck that the guide leaves open: hidden patches get one learned token, and a layer mixes all of them."""

    def __init__(self, num_patches: int, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.mask_token = nn.Parameter(np.zeros((1, 1, in_channels), np.float32))
        self.positions = nn.Parameter(np.zeros((1, num_patches, in_channels), np.float32))
        self.mix = TransformerEncoderLayer(in_channels, num_heads=4, feedforward_channels=2 * in_channels)
        self.paint = nn.Linear(in_channels, out_channels)

    def forward(self, x: Tensor, ids_restore: Tensor) -> Tensor:
        """Pixels `(N, L, out_channels)` of every patch."""
        count, length = ids_restore.shape
        patches = x[:, 1:, :]
        hidden = ops.expand(self.mask_token, (count, length - patches.shape[1], -1))
        index = ops.expand(ops.unsqueeze(ids_restore, 2), (-1, -1, x.shape[2]))
        ordered = ops.gather(ops.cat((patches, hidden), 1), 1, index)
        return self.paint(self.mix(ordered + self.positions))


@MODELS.register_module()
class NewAlgorithm(BaseSelfSupvisor):  # type: ignore[misc] # a name that the checker does not see through
    """The guide's frame of an algorithm, filled in."""

    def __init__(self, backbone: Any, neck: Any = None, head: Any = None, init_cfg: Any = None) -> None:
        # The guide's super().__init__(init_cfg) would give the rules of initialisation as the backbone.
        super().__init__(backbone=backbone, neck=neck, head=head, init_cfg=init_cfg)

    def extract_feat(self, inputs: Tensor, **kwargs: Any) -> Any:
        """Features of images, nothing hidden."""
        return self.backbone(inputs, mask=None)

    def loss(self, inputs: Tensor, data_samples: Any, **kwargs: Any) -> dict[str, Tensor]:
        """How far the painted patches are from the hidden ones."""
        features, mask, ids_restore = self.backbone(inputs)
        return {"loss": self.head.loss(self.neck(features, ids_restore), inputs, mask)}


CLOSING: dict[str, Any] = {
    "type": "ImageClassifier",
    "backbone": {"type": "ResNet_CIFAR", "depth": 18, "num_stages": 4, "out_indices": (3,), "style": "pytorch"},
    "neck": {"type": "GlobalAveragePooling"},
    "head": {
        "type": "LinearClsHead",
        "num_classes": 10,
        "in_channels": 512,
        "loss": {"type": "L1Loss", "loss_weight": 1.0},
        "topk": (1, 5),
    },
}
"""The guide's closing config."""


def of_width(width: int) -> dict[str, Any]:
    """The closing config with as many channels in its first stage; the guide's has 64."""
    backbone = {**CLOSING["backbone"], "stem_channels": width, "base_channels": width}
    return {**CLOSING, "backbone": backbone, "head": {**CLOSING["head"], "in_channels": 8 * width}}


_ENCODER = {
    "arch": {"embed_dims": 48, "num_layers": 2, "num_heads": 4, "feedforward_channels": 96},
    "img_size": 8,
    "patch_size": 2,
}
TRANSFORMER: dict[str, Any] = {
    "type": "ImageClassifier",
    "backbone": {"type": "VisionTransformer", **_ENCODER},
    "head": {"type": "VisionTransformerClsHead", "num_classes": 10, "in_channels": 48, "hidden_dim": 32},
}
PAINTING: dict[str, Any] = {
    "type": "NewAlgorithm",
    "backbone": {"type": "MAEViT", "mask_ratio": 0.5, **_ENCODER},
    "neck": {"type": "Painter", "num_patches": 16, "in_channels": 48, "out_channels": 12},
    "head": {
        "type": "MAEPretrainHead",
        "patch_size": 2,
        "loss": {"type": "PixelReconstructionLoss", "criterion": "L2"},
    },
}


def probabilities(images: np.ndarray[Any, Any], means: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What another classifier makes of images: the nearer the mean of a class, the likelier the class."""
    distances = ((images[:, None] - means) ** 2).sum((2, 3, 4))
    likely = np.exp(distances.min(1, keepdims=True) - distances)
    return (likely / likely.sum(1, keepdims=True)).astype(np.float32)


def batches(count: int, steps: int, size: int = 64) -> Iterator[Any]:
    """Indices of random batches."""
    draw = np.random.default_rng(0)
    for _ in range(steps):
        yield draw.choice(count, size, replace=False)


def train(net: Any, images: Any, samples: Sequence[Any] | None, steps: int, lr: float) -> list[float]:
    """Train by `mode="loss"`, and return the loss before each step."""
    backend = polynet.backend.backend_of(net)
    optimizer = backend.optimizer("adamw", net.train(), lr=lr)
    losses = []
    for chosen in batches(len(images), steps):
        x = backend.tensor(images[chosen])
        own = None if samples is None else [samples[index] for index in chosen]
        calculate: Callable[[], Any] = lambda x=x, own=own: net(x, own, mode="loss")["loss"]  # noqa: E731 - one step's
        losses.append(float(optimizer.step(calculate)))
    return losses


def accuracy(net: Any, images: Any, labels: Any) -> float:
    """Share of images of which `mode="predict"` tells the digit."""
    backend = polynet.backend.backend_of(net)
    predicted = net.eval()(backend.tensor(images), mode="predict")
    return float(np.mean([int(sample.pred_label[0]) for sample in predicted] == labels))


def main(arguments: Sequence[str] | None = None) -> dict[str, float]:
    """Train the three and print what they have learnt."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--backend", choices=polynet.installed_backends(), default=polynet.installed_backends()[0])
    parser.add_argument("--width", type=int, default=8, help="channels of the residual network; the guide's has 64")
    options = parser.parse_args(arguments)
    backend = options.backend
    digits = load_digits()
    train_images, test_images = (np.repeat(each, 3, axis=1) for each in (digits.train_images, digits.test_images))
    labels = digits.train_labels

    means = np.stack([train_images[labels == digit].mean(0) for digit in range(10)])
    teacher = probabilities(train_images, means)
    net = polynet.build({"model": of_width(options.width)}, backend=backend, seed=0)
    losses = train(net, train_images, [DataSample().set_gt_score(row) for row in teacher], steps=70, lr=5e-3)
    agreed = accuracy(net, test_images, probabilities(test_images, means).argmax(1))
    print(f"closing config: L1 loss {losses[0]:.2f} at first, {losses[-1]:.2f} at last; {agreed:.1%} of new digits as")
    print("    the nearest mean, from which it learnt, has them")

    net = polynet.build({"model": TRANSFORMER}, backend=backend, seed=0)
    train(net, train_images, [DataSample().set_gt_label(int(label)) for label in labels], steps=80, lr=3e-3)
    right = accuracy(net, test_images, digits.test_labels)
    print(f"transformer under the guide's head: {right:.1%} of new digits right")

    net = polynet.build({"model": PAINTING}, backend=backend, seed=0)
    painted = train(net, train_images, None, steps=40, lr=3e-3)
    first, last = float(np.mean(painted[:10])), float(np.mean(painted[-10:]))
    print(f"hidden patches: mean squared error of a pixel {first:.3f} at first, {last:.3f} at last")
    return {"falls": losses[0] / losses[-1], "agreed": agreed, "right": right, "first": first, "last": last}


if __name__ == "__main__":
    main()
