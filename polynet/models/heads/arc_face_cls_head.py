"""Heads that compare angles: ArcFace (Deng et al. 2019, arXiv:1801.07698), its sub-centres (Deng et al. 2020, ECCV)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.data.data_sample import DataSample, as_tensor, check_samples
from polynet.errors import InputError, OptionError
from polynet.models.heads.mm_cls_head import CROSS_ENTROPY, ClsHead, Feats, check_width, loss_of, targets_of
from polynet.registry import HEADS
from polynet.types import Tensor

LEAST_SQUARE = 1e-12
"""Below this the square of a sine counts as this much: the root's slope is infinite at zero."""


class NormProduct(nn.Linear):
    """The cosine between features and class centres; of several centres a class, that to the nearest.

    Args:
        in_features: Width of the features.
        out_features: Classes.
        k: Centres of each class.
        bias: Whether there is a bias.
        feature_norm: Whether features are divided by their length.
        weight_norm: Whether centres are divided by theirs.

    Source: MMPretrain, `NormProduct`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     product = NormProduct(8, 10, k=3)
        >>> tuple(product(ops.ones((2, 8))).shape)
        (2, 10)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        k: int = 1,
        bias: bool = False,
        feature_norm: bool = True,
        weight_norm: bool = True,
    ) -> None:
        super().__init__(in_features, out_features * k, bias=bias)
        self.classes = out_features
        self.k = k
        self.feature_norm = feature_norm
        self.weight_norm = weight_norm

    def forward(self, x: Tensor) -> Tensor:
        """`(N, in_features)` to cosines `(N, out_features)`."""
        x = ops.normalize(x) if self.feature_norm else x
        centres = ops.normalize(self.weight) if self.weight_norm else self.weight
        cosines = ops.linear(x, centres, self.bias)
        if self.k == 1:
            return cosines
        return ops.amax(ops.reshape(cosines, (-1, self.classes, self.k)), dim=2)


@HEADS.register
class ArcFaceClsHead(ClsHead):
    """Cosines to class centres, the true class's with a margin added to its angle while training.

    Args:
        num_classes: Classes.
        in_channels: Width of the features.
        num_subcenters: Centres of each class.
        scale: Factor of the cosines.
        margins: What is added to the true class's angle, in radians: one for all classes, a list, or the path of a
            `.txt` file with one a line.
        easy_margin: Add it only where the angle is below 90 degrees.
        loss: As `mmpretrain.ClsHead`.
        init_cfg: How weights start; see `BaseModule`.

    Source: MMPretrain, `ArcFaceClsHead`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = ArcFaceClsHead(10, 8)
        >>> tuple(head((ops.ones((2, 8)),)).shape)
        (2, 10)
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        num_subcenters: int = 1,
        scale: float = 64.0,
        margins: float | Sequence[float] | str = 0.5,
        easy_margin: bool = False,
        loss: Any = CROSS_ENTROPY,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(loss=loss, init_cfg=init_cfg)
        widths = {"num_classes": num_classes, "in_channels": in_channels, "num_subcenters": num_subcenters}
        check_width("ArcFaceClsHead", **widths)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.num_subcenters = num_subcenters
        self.scale = scale
        self.easy_margin = easy_margin
        self.norm_product = NormProduct(in_channels, num_classes, num_subcenters)
        self.set_margins(margins)

    def set_margins(self, margins: float | Sequence[float] | str) -> None:
        """Set the margins, in training for instance by how frequent classes are.

        Raises:
            OptionError: They are no numbers, or not as many as classes.
        """
        if isinstance(margins, str):
            if not margins.endswith(".txt"):
                message = f"ArcFaceClsHead reads margins from a .txt file, not {margins!r}."
                raise OptionError(message)
            margins = [float(line) for line in Path(margins).read_text(encoding="utf-8").split()]
        if isinstance(margins, (int, float)):
            margins = [float(margins)] * self.num_classes
        values = np.asarray(list(margins))
        if values.dtype.kind not in "iuf" or values.shape != (self.num_classes,):
            message = (
                f"The length of margins must be equal with num_classes {self.num_classes}; they are {margins!r:.60}."
            )
            raise OptionError(message)
        self.margins = tuple(map(float, values))

    def forward(self, feats: Feats, target: Tensor | None = None) -> Tensor:
        """Scaled cosines `(N, num_classes)`; those of `target`, labels `(N,)`, with their margins."""
        cosines = self.norm_product(self.pre_logits(feats))
        return self.scale * (cosines if target is None else self._with_margin(cosines, target))

    def _with_margin(self, cosines: Tensor, target: Tensor) -> Tensor:
        margins = np.asarray(self.margins)
        cos_m, sin_m, threshold, penalty = (
            ops.tensor(values.astype(np.float32), like=cosines)
            for values in (np.cos(margins), np.sin(margins), -np.cos(margins), np.sin(margins) * margins)
        )
        # cos(a + m) without the angle itself, whose slope is infinite where it is 0.
        sines = ops.sqrt(ops.clamp(1.0 - cosines * cosines, min=LEAST_SQUARE))
        moved = cosines * cos_m - sines * sin_m
        if self.easy_margin:
            moved = ops.where(cosines > 0, moved, cosines)
        else:
            moved = ops.where(cosines > threshold, moved, cosines - penalty)
        chosen = ops.cast(ops.one_hot(target, self.num_classes), ops.dtype_name(cosines))
        return chosen * moved + (1.0 - chosen) * cosines

    def loss(self, feats: Feats, data_samples: Sequence[DataSample], **options: Any) -> dict[str, Tensor]:
        """The loss of a batch, as `loss`; every sample needs `gt_label`, and may have `gt_score` besides.

        Raises:
            InputError: A sample has no label, or several.
        """
        check_samples("ArcFaceClsHead", data_samples)
        features = self.pre_logits(feats)
        missing = [number for number, sample in enumerate(data_samples or ()) if "gt_label" not in sample]
        if missing:
            message = f"ArcFaceClsHead adds a margin to the true class; data sample {missing[0]} has no gt_label."
            raise InputError(message)
        target = targets_of(data_samples, features, "ArcFaceClsHead")
        labels = ops.cat([as_tensor(sample.gt_label, features, "int64") for sample in data_samples])
        if labels.shape[0] != features.shape[0]:
            message = f"ArcFaceClsHead takes one label a sample; there are {labels.shape[0]} for {features.shape[0]}."
            raise InputError(message)
        scores = self((features,), labels)
        return {"loss": loss_of(self.loss_module, scores, target, **options)}
