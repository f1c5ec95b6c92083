"""Heads for samples that may have several labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.data.data_sample import DataSample, check_samples
from polynet.errors import InputError
from polynet.models.base_module import BaseModule
from polynet.models.heads.mm_cls_head import LINEAR_NORMAL, Feats, check_width, last_of, loss_of
from polynet.registry import HEADS, build_part
from polynet.types import Tensor

SIGMOID_CROSS_ENTROPY: Mapping[str, Any] = MappingProxyType({"type": "CrossEntropyLoss", "use_sigmoid": True})


@HEADS.register
class MultiLabelClsHead(BaseModule):
    """A head without layers that judges each class by itself.

    Args:
        loss: The loss, called with scores and multi-hot targets: a config, a name or a module.
        thr: The probability from which a class is predicted; 0.5 if `topk` is not given either, and before `topk`.
        topk: How many classes to predict instead.
        init_cfg: How weights start; see `BaseModule`.

    Source: MMPretrain, `MultiLabelClsHead`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = MultiLabelClsHead()
        >>> head.predict((ops.tensor([[2.0, -1.0, 0.5]]),))[0].pred_label.tolist()
        [0, 2]
    """

    in_channels: int | None = None

    def __init__(
        self,
        loss: Any = SIGMOID_CROSS_ENTROPY,
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        self.loss_module = build_part("loss", loss, "loss")
        if topk is not None:
            check_width(type(self).__name__, topk=topk)
        self.thr = 0.5 if thr is None and topk is None else thr
        self.topk = topk

    def pre_logits(self, feats: Feats) -> Tensor:
        """What the classifier is given: the features of the last stage."""
        return last_of(feats)

    def forward(self, feats: Feats) -> Tensor:
        """Scores `(N, C)`, before any sigmoid."""
        return self.pre_logits(feats)

    def loss(self, feats: Feats, data_samples: Sequence[DataSample], **options: Any) -> dict[str, Tensor]:
        """The loss of a batch, as `loss`; of samples with `gt_score`, or one or several labels in `gt_label`.

        Raises:
            InputError: A sample has neither, or a label that is no class.
        """
        check_samples(type(self).__name__, data_samples)
        scores = self(feats)
        if not data_samples or len(data_samples) != scores.shape[0]:
            message = f"{type(self).__name__} needs a data sample for each of {scores.shape[0]} inputs."
            raise InputError(message)
        rows = np.stack([_multi_hot(sample, scores.shape[1], type(self).__name__) for sample in data_samples])
        target = ops.tensor(rows, like=scores)
        return {"loss": loss_of(self.loss_module, scores, target, **options)}

    def predict(self, feats: Feats, data_samples: Sequence[DataSample | None] | None = None) -> list[DataSample]:
        """Set `pred_score`, the sigmoid of the scores, and `pred_label`, the classes above `thr` or the best `topk`."""
        check_samples(type(self).__name__, data_samples)
        scores = ops.sigmoid(self(feats))
        samples = data_samples or [None] * scores.shape[0]
        return [
            (sample or DataSample()).set_pred_score(scores[index]).set_pred_label(self._labels(scores[index]))
            for index, sample in enumerate(samples)
        ]

    def _labels(self, score: Tensor) -> Tensor:
        if self.thr is None and self.topk is not None:
            return ops.topk(score, self.topk)[1]
        return ops.tensor(np.flatnonzero(ops.to_numpy(ops.stop_gradient(score)) >= self.thr), like=score)


def _multi_hot(sample: DataSample, classes: int, owner: str) -> np.ndarray[Any, Any]:
    """How much each class is true of a sample."""
    if "gt_score" in sample:
        return _numbers(sample.gt_score).astype(np.float32)
    if "gt_label" not in sample:
        message = f"{owner}: a data sample has neither gt_score nor gt_label."
        raise InputError(message)
    labels = _numbers(sample.gt_label)
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        message = f"{owner}: the labels {labels.tolist()} do not all lie from 0 to {classes - 1}."
        raise InputError(message)
    row = np.zeros(classes, np.float32)
    row[labels] = 1
    return row


def _numbers(value: Any) -> np.ndarray[Any, Any]:
    return value if isinstance(value, np.ndarray) else ops.to_numpy(value)


@HEADS.register
class MultiLabelLinearClsHead(MultiLabelClsHead):
    """One linear layer, `fc`, each of whose outputs is judged by itself.

    Args:
        num_classes: Classes.
        in_channels: Width of the features.
        loss: As `MultiLabelClsHead`.
        thr: As `MultiLabelClsHead`.
        topk: As `MultiLabelClsHead`.
        init_cfg: How weights start: normal with deviation 0.01 by default.

    Source: MMPretrain, `MultiLabelLinearClsHead`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = MultiLabelLinearClsHead(10, 8)
        >>> tuple(head((ops.ones((2, 8)),)).shape)
        (2, 10)
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        loss: Any = SIGMOID_CROSS_ENTROPY,
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: Any = LINEAR_NORMAL,
    ) -> None:
        super().__init__(loss, thr, topk, init_cfg)
        check_width("MultiLabelLinearClsHead", num_classes=num_classes, in_channels=in_channels)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.fc = nn.Linear(in_channels, num_classes)

    def forward(self, feats: Feats) -> Tensor:
        """Scores `(N, num_classes)`."""
        return self.fc(self.pre_logits(feats))
