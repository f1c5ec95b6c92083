"""Classifiers of videos."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from polynet.errors import InputError
from polynet.models.networks.classifier import Classifier
from polynet.registry import NETWORKS
from polynet.types import Tensor


@NETWORKS.register()
class VideoClassifier(Classifier):
    """A classifier of videos `(N, C, T, H, W)`: `Classifier`, called with `video` instead of `img`.

    Args:
        backbone: What gives features.
        head: What gives logits of features.
        neck: What stands between them; by default nothing does.
        loss: Of `(logits, label)`.
        metric: Of `(logits, label)`, with a mapping of scalars as its result; `None` for none.
        act_name: `"softmax"` or `"sigmoid"`.
        topk: The metric's `topk`, where the config of the metric has none.
        freeze_bn: Keep normalisation layers in evaluation mode always, so that running statistics stay as they are.

    Source: Scepter and EssentialMC2, `VideoClassifier`.

    Example:
        >>> backbone = {"name": "MLP", "in_dim": [3], "out_dim": 5}
        >>> head = {"name": "VideoClassifierHead", "dim": 5, "num_classes": 4}
        >>> with polynet.use_backend("torch"):
        ...     net = VideoClassifier(backbone=backbone, head=head).eval()
        >>> list(net(video=ops.ones((2, 3)), gt_label=ops.tensor([0, 3])))
        ['logits', 'acc@1']
    """

    @property
    def input_size(self) -> tuple[int, ...] | None:
        """Shape of one video, `(C, T, H, W)`, where the backbone is made for one alone."""
        size: tuple[int, ...] | None = getattr(self.backbone, "input_size", None)
        return size

    def forward(self, video: Tensor, gt_label: Tensor | None = None, *, label: Tensor | None = None) -> Any:
        """Classify videos, or train on them; arguments as `Classifier.forward`'s."""
        return super().forward(video, gt_label, label=label)


@NETWORKS.register()
class VideoClassifier2x(VideoClassifier):
    """A classifier of videos with two labels each, whose head gives a pair of logits.

    Labels are `(N, 2)`. The loss is the sum of both labels' losses, and the metric's values come twice: `acc_0@1` and
    `acc_1@1`. Without labels it returns `logits0` and `logits1`, activated, in a dictionary.

    Args:
        backbone: What gives features.
        head: What gives a pair of logits of features.
        neck: What stands between them; by default nothing does.
        loss: Of `(logits, label)`.
        metric: Of `(logits, label)`, with a mapping of scalars as its result; `None` for none.
        act_name: `"softmax"` or `"sigmoid"`.
        topk: The metric's `topk`, where the config of the metric has none.
        freeze_bn: Keep normalisation layers in evaluation mode always, so that running statistics stay as they are.

    Source: Scepter and EssentialMC2, `VideoClassifier2x`, where the metric's values cannot be renamed (a misprint).

    Example:
        >>> backbone = {"name": "MLP", "in_dim": [3], "out_dim": 5}
        >>> head = {"name": "VideoClassifierHeadx2", "dim": 5, "num_classes": [4, 6]}
        >>> with polynet.use_backend("torch"):
        ...     net = VideoClassifier2x(backbone=backbone, head=head)
        >>> list(net(ops.ones((2, 3)), ops.tensor([[0, 5], [3, 1]])))
        ['loss', 'batch_size', 'acc_0@1', 'acc_1@1']
    """

    def forward_train(self, video: Tensor, gt_label: Tensor | None = None) -> Any:
        """Loss, batch size and both labels' metrics; both activated logits where there are no labels."""
        pair = self.extract(video)
        if gt_label is None:
            return self._activated(pair)
        first, second = _two_labels(gt_label)
        loss = self.loss(pair[0], first) + self.loss(pair[1], second)
        return OrderedDict(loss=loss, batch_size=video.shape[0], **self.measured(pair, gt_label))

    def forward_test(self, video: Tensor, gt_label: Tensor | None = None) -> Any:
        """Both activated logits and, with labels, both labels' metrics."""
        activated = self._activated(self.extract(video))
        if gt_label is None:
            return activated
        return OrderedDict(**activated, **self.measured(tuple(activated.values()), gt_label))

    def measured(self, logits: Any, gt_label: Tensor) -> OrderedDict[str, Any]:
        """The metric's values for each of the two labels."""
        found: OrderedDict[str, Any] = OrderedDict()
        for index, label in enumerate(_two_labels(gt_label)):
            for key, value in super().measured(logits[index], label).items():
                name, at, rest = key.partition("@")
                found[f"{name}_{index}{at}{rest}"] = value
        return found

    def _activated(self, pair: Any) -> OrderedDict[str, Tensor]:
        return OrderedDict(logits0=self.act_fn(pair[0]), logits1=self.act_fn(pair[1]))


def _two_labels(gt_label: Tensor) -> tuple[Tensor, Tensor]:
    """Each sample's first label and its second.

    Raises:
        InputError: They are not two a sample.
    """
    if gt_label.ndim != 2 or gt_label.shape[1] != 2:
        message = f"VideoClassifier2x takes labels (N, 2), not {tuple(gt_label.shape)}."
        raise InputError(message)
    return gt_label[:, 0], gt_label[:, 1]
