"""Classifiers put together from a backbone, a neck and a head, with the loss and metric they are trained by."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polynet import nn, ops
from polynet.errors import ConfigKeyError, InputError
from polynet.models.blocks.choice import choose
from polynet.models.fit import check_fit
from polynet.models.networks.train_module import TrainModule
from polynet.registry import NETWORKS, build_part
from polynet.types import Tensor


def _softmax(x: Tensor) -> Tensor:
    return ops.softmax(x, 1)


ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {"softmax": _softmax, "sigmoid": ops.sigmoid}
"""Functions with names, so that a network can be pickled."""

NORMALISATIONS = (
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm),
    *(nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm2d),
)


@NETWORKS.register()
class Classifier(TrainModule):
    """A classifier of images.

    Given images alone it returns what it makes of each class: the activated logits, `(N, C)`, in training mode too.
    Given labels it returns, in training mode, `loss`, `batch_size` and the metric's values, and in evaluation mode
    `logits` (activated) and the metric's values. The loss and, in training, the metric get logits that are not
    activated.

    Args:
        backbone: What gives features.
        head: What gives logits of features.
        neck: What stands between them; by default nothing does.
        loss: Of `(logits, label)`.
        metric: Of `(logits, label)`, with a mapping of scalars as its result; `None` for none.
        act_name: `"softmax"` or `"sigmoid"`.
        topk: The metric's `topk`, where the config of the metric has none.
        freeze_bn: Keep normalisation layers in evaluation mode always, so that running statistics stay as they are.

    Raises:
        ConfigKeyError: There is no backbone or head.
        OptionError: The head is made for another width than the backbone gives.
        PolyNetError: A part cannot be built; the message says which.

    Source: Scepter and EssentialMC2, `Classifier`. The former returns logits that are not activated from a call without
    labels in training mode.

    Example:
        >>> backbone = {"name": "MLP", "in_dim": [6, 8], "out_dim": 5}
        >>> with polynet.use_backend("torch"):
        ...     net = Classifier(backbone=backbone, head={"name": "ClassifierHead", "dim": 5, "num_classes": 4})
        >>> list(net(ops.ones((2, 6)), ops.tensor([0, 3])))
        ['loss', 'batch_size', 'acc@1']
        >>> tuple(net.eval()(ops.ones((2, 6))).shape)
        (2, 4)
    """

    freeze_bn = False

    def __init__(
        self,
        backbone: Any = None,
        head: Any = None,
        neck: Any = None,
        loss: Any = "CrossEntropy",
        metric: Any = "AccuracyMetric",
        act_name: str = "softmax",
        topk: int | Sequence[int] | None = None,
        freeze_bn: bool = False,
        logger: Any = None,
    ) -> None:
        super().__init__(logger=logger)
        for name, part in (("backbone", backbone), ("head", head)):
            if part is None:
                message = f"{type(self).__name__} needs a {name}: a config with `name`, a name or a class."
                error = ConfigKeyError(message)
                error.within(name)
                raise error
        self.act_fn = choose("act_name", act_name, ACTIVATIONS)
        self.backbone = build_part("backbone", backbone, "backbone", logger=logger)
        self.neck = build_part("neck", neck or "Identity", "neck", logger=logger)
        self.head = build_part("head", head, "head", logger=logger)
        self.loss = build_part("loss", loss or "CrossEntropy", "loss", logger=logger)
        defaults = {} if topk is None else {"topk": topk}
        self.metric = build_part("metric", metric, "metric", logger=logger, **defaults)
        self.freeze_bn = freeze_bn
        check_fit(self.backbone, self.neck, self.head)

    def train(self, mode: bool = True, **options: Any) -> Any:
        """Set the mode; with `freeze_bn` normalisation layers stay in evaluation mode."""
        super().train(mode, **options)
        if self.freeze_bn:
            for part in self.modules():
                if isinstance(part, NORMALISATIONS):
                    part.train(False)
        return self

    def forward(self, img: Tensor, gt_label: Tensor | None = None, *, label: Tensor | None = None) -> Any:
        """Classify images, or train on them.

        Args:
            img: The images.
            gt_label: Their labels, or `None`.
            label: The same under Scepter's name.

        Raises:
            InputError: There are labels under both names.
        """
        gt_label = one_label(gt_label, label)
        return self.forward_train(img, gt_label) if self.training else self.forward_test(img, gt_label)

    def extract(self, img: Tensor) -> Tensor:
        """The logits, not activated."""
        return self.head(self.neck(self.backbone(img)))

    def count(self, img: Tensor) -> int:
        """How many samples there are."""
        size: int = img.shape[0]
        return size

    def forward_train(self, img: Tensor, gt_label: Tensor | None = None) -> Any:
        """Loss, batch size and metric; the activated logits where there are no labels."""
        logits = self.extract(img)
        if gt_label is None:
            return self.act_fn(logits)
        loss = self.loss(logits, gt_label)
        return OrderedDict(loss=loss, batch_size=self.count(img), **self.measured(logits, gt_label))

    def forward_test(self, img: Tensor, gt_label: Tensor | None = None) -> Any:
        """The activated logits; with labels, a dictionary of them and the metric's values."""
        logits = self.act_fn(self.extract(img))
        if gt_label is None:
            return logits
        return OrderedDict(logits=logits, **self.measured(logits, gt_label))

    def measured(self, logits: Tensor, gt_label: Tensor) -> Mapping[str, Any]:
        """The metric's values; none without a metric."""
        found: Mapping[str, Any] = {} if self.metric is None else self.metric(logits, gt_label)
        return found


def one_label(gt_label: Tensor | None, label: Tensor | None) -> Tensor | None:
    """The labels, under whichever name they came."""
    if gt_label is not None and label is not None:
        message = "Labels were given twice, as `gt_label` and as `label`; they are one thing under two names."
        raise InputError(message)
    return label if gt_label is None else gt_label
