"""MMPretrain's classification heads: scores, the loss of a batch of samples, and predictions."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from polynet import nn, ops
from polynet.data.data_sample import DataSample, as_tensor, check_samples
from polynet.errors import InputError, OptionError
from polynet.models.base_module import BaseModule
from polynet.registry import HEADS, build_part
from polynet.types import Tensor

CROSS_ENTROPY: Mapping[str, Any] = MappingProxyType({"type": "CrossEntropyLoss", "loss_weight": 1.0})
LINEAR_NORMAL: Mapping[str, Any] = MappingProxyType({"type": "Normal", "layer": "Linear", "std": 0.01})

Feats = Any
"""Features: a tensor, or a tuple of the stages', of which heads take the last."""


def last_of(feats: Feats) -> Any:
    """The features of the last stage; a tensor is that itself."""
    return feats[-1] if isinstance(feats, (tuple, list)) else feats


def check_width(owner: str, **widths: Any) -> None:
    """Refuse a width that is no positive whole number.

    Raises:
        OptionError: It is not.
    """
    for name, value in widths.items():
        if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
            message = f"{owner}: {name}={value!r} must be a positive integer."
            raise OptionError(message)


def targets_of(data_samples: Sequence[Any] | None, scores: Tensor, owner: str) -> Tensor:
    """The truth about a batch: scores `(N, C)` where the first sample has them, else labels `(N,)`.

    Raises:
        InputError: There are no samples, not as many as scores, or one says nothing.
    """
    check_samples(owner, data_samples)
    if not data_samples or len(data_samples) != scores.shape[0]:
        count = "none" if data_samples is None else len(data_samples)
        message = f"{owner} needs a data sample for each of {scores.shape[0]} inputs; there are {count}."
        raise InputError(message)
    key = "gt_score" if "gt_score" in data_samples[0] else "gt_label"
    for number, sample in enumerate(data_samples):
        if key not in sample:
            message = f"{owner}: data sample {number} has no {key}; it has {', '.join(sample.keys()) or 'nothing'}."
            raise InputError(message)
    if key == "gt_score":
        return ops.stack([as_tensor(sample.gt_score, scores) for sample in data_samples])
    return ops.cat([as_tensor(sample.gt_label, scores, "int64") for sample in data_samples])


def loss_of(loss_module: Any, scores: Tensor, target: Tensor, **options: Any) -> Tensor:
    """A loss of a batch, averaged over its samples if the loss knows `avg_factor`."""
    if "avg_factor" in _options_of(type(loss_module)):
        options.setdefault("avg_factor", scores.shape[0])
    return loss_module(scores, target, **options)


def _options_of(loss: Any) -> tuple[str, ...]:
    parameters = inspect.signature(loss.forward).parameters
    passes_on = any(each.kind == each.VAR_KEYWORD for each in parameters.values())
    return ("avg_factor",) if passes_on else tuple(parameters)


def accuracies(scores: Tensor, target: Tensor, topk: tuple[int, ...]) -> dict[str, Tensor]:
    """Percentages of samples whose label is among the best `k` scores, as `accuracy_top-k`.

    Raises:
        InputError: The targets are no labels, or there are fewer classes than `k`.
    """
    if target.ndim != 1:
        message = "cal_acc counts right labels, and the targets are scores, as batch augmentation makes them."
        raise InputError(message)
    classes = scores.shape[-1]
    if max(topk) > classes:
        message = f"Top-{max(topk)} accuracy is unavailable since the number of categories is {classes}."
        raise InputError(message)
    _, ranked = ops.topk(ops.stop_gradient(scores), max(topk), dim=1)
    hits = ops.cast(ranked == ops.unsqueeze(target, 1), "float32")
    return {f"accuracy_top-{k}": 100.0 * ops.mean(ops.sum(hits[:, :k], dim=1)) for k in topk}


@HEADS.register(name="mmpretrain.ClsHead")
class ClsHead(BaseModule):
    """A head without layers: the features are the scores. Base of the classification heads.

    A subclass overrides `pre_logits`, which gives what the classifier is given, and `forward`, which gives scores.

    Args:
        loss: The loss: a config, a name or a module.
        topk: For which `k` to give the training accuracy.
        cal_acc: Whether `loss` gives the accuracy too.
        init_cfg: How weights start; see `BaseModule`.

    Source: MMPretrain, `ClsHead`. Its training accuracy counts no label whose logit is negative; this one does.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = ClsHead(cal_acc=True)
        >>> scores = ops.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
        >>> samples = [DataSample().set_gt_label(label) for label in (0, 1)]
        >>> {name: round(float(value), 4) for name, value in head.loss((scores,), samples).items()}
        {'loss': 1.2887, 'accuracy_top-1': 50.0}
    """

    in_channels: int | None = None

    def __init__(
        self,
        loss: Any = CROSS_ENTROPY,
        topk: int | Sequence[int] = (1,),
        cal_acc: bool = False,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        self.topk = (topk,) if isinstance(topk, int) else tuple(topk)
        check_width(type(self).__name__, **{f"topk[{index}]": k for index, k in enumerate(self.topk)})
        self.loss_module = build_part("loss", loss, "loss")
        self.cal_acc = cal_acc

    def pre_logits(self, feats: Feats) -> Tensor:
        """What the classifier is given: the features of the last stage."""
        return last_of(feats)

    def forward(self, feats: Feats) -> Tensor:
        """Scores `(N, C)`, before any softmax."""
        return self.pre_logits(feats)

    def loss(self, feats: Feats, data_samples: Sequence[DataSample], **options: Any) -> dict[str, Tensor]:
        """The loss of a batch, and with `cal_acc` its accuracies in percent.

        Args:
            feats: What `forward` takes.
            data_samples: What is true of each sample: `gt_score`, or `gt_label`.
            **options: Passed on to the loss.

        Returns:
            `loss`, and `accuracy_top-k` for each `k`.

        Raises:
            InputError: A sample has neither, or what it has does not suit the loss.
        """
        scores = self(feats)
        target = targets_of(data_samples, scores, type(self).__name__)
        losses = {"loss": loss_of(self.loss_module, scores, target, **options)}
        if self.cal_acc:
            losses.update(accuracies(scores, target, self.topk))
        return losses

    def predict(self, feats: Feats, data_samples: Sequence[DataSample | None] | None = None) -> list[DataSample]:
        """Set `pred_score`, the softmax of the scores, and `pred_label` of samples.

        Args:
            feats: What `forward` takes.
            data_samples: The samples, or `None`, also within the list, for new ones.
        """
        check_samples(type(self).__name__, data_samples)
        scores = ops.softmax(self(feats), dim=1)
        labels = ops.argmax(scores, dim=1, keepdim=True)
        samples = data_samples or [None] * scores.shape[0]
        return [
            (sample or DataSample()).set_pred_score(scores[index]).set_pred_label(labels[index])
            for index, sample in enumerate(samples)
        ]


@HEADS.register
class LinearClsHead(ClsHead):
    """One linear layer, `fc`.

    Args:
        num_classes: Classes.
        in_channels: Width of the features.
        init_cfg: How weights start: normal with deviation 0.01 by default.
        **options: As `mmpretrain.ClsHead`.

    Source: MMPretrain, `LinearClsHead`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = LinearClsHead(num_classes=10, in_channels=8)
        >>> tuple(head((ops.ones((2, 8)),)).shape)
        (2, 10)
    """

    def __init__(self, num_classes: int, in_channels: int, init_cfg: Any = LINEAR_NORMAL, **options: Any) -> None:
        super().__init__(init_cfg=init_cfg, **options)
        check_width("LinearClsHead", num_classes=num_classes, in_channels=in_channels)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.fc = nn.Linear(in_channels, num_classes)

    def forward(self, feats: Feats) -> Tensor:
        """Scores `(N, num_classes)`."""
        return self.fc(self.pre_logits(feats))
