"""Scepter's heads of transformers: dropout, an optional hidden layer, one classifier or two."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from polynet import nn
from polynet.models.fit import last_of
from polynet.models.heads.classifier_head import two_counts
from polynet.registry import HEADS
from polynet.types import Tensor


def _hidden(dim: int, wanted: bool) -> Any:
    """The layer before the classifier, or `None`."""
    return nn.Sequential(OrderedDict(fc=nn.Linear(dim, dim), act=nn.Tanh())) if wanted else None


@HEADS.register()
class TransformerHead(nn.Module):
    """Dropout, [a linear layer with tanh,] a linear classifier.

    Args:
        dim: Width of the features.
        num_classes: Classes.
        dropout_rate: Probability of dropping a feature; 0 leaves dropout out.
        pre_logits: Whether there is the layer with tanh, of which the original paper makes use in pre-training.

    Shapes:
        `(N, dim)` to `(N, num_classes)`; of a tuple the last is taken.

    Source: Dosovitskiy et al. 2021, arXiv:2010.11929; Scepter, `TransformerHead`, which cannot run without
    `pre_logits`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = TransformerHead(dim=8, num_classes=10, pre_logits=True)
        >>> tuple(head(ops.ones((2, 8))).shape)
        (2, 10)
    """

    def __init__(self, dim: int, num_classes: int, dropout_rate: float = 0.5, pre_logits: bool = False) -> None:
        super().__init__()
        self.in_channels = dim
        self.num_classes = num_classes
        self.dropout = nn.Dropout(dropout_rate) if dropout_rate else None
        self.pre_logits = _hidden(dim, pre_logits)
        self.linear = nn.Linear(dim, num_classes)

    def forward(self, x: Tensor | tuple[Tensor, ...]) -> Tensor:
        """Logits of features."""
        x = last_of(x)
        x = x if self.dropout is None else self.dropout(x)
        return self.linear(x if self.pre_logits is None else self.pre_logits(x))


@HEADS.register()
class TransformerHeadx2(nn.Module):
    """`TransformerHead` with two classifiers, each with a hidden layer of its own.

    Args:
        dim: Width of the features.
        num_classes: Classes of each classifier.
        dropout_rate: Probability of dropping a feature; 0 leaves dropout out.
        pre_logits: Whether there are the layers with tanh.

    Shapes:
        `(N, dim)` to the pair `(N, num_classes[0])`, `(N, num_classes[1])`.

    Raises:
        OptionError: `num_classes` is not two numbers.

    Source: Scepter and EssentialMC2, `TransformerHeadx2`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = TransformerHeadx2(dim=8, num_classes=[10, 12])
        >>> [tuple(logits.shape) for logits in head(ops.ones((2, 8)))]
        [(2, 10), (2, 12)]
    """

    def __init__(
        self, dim: int, num_classes: Sequence[int], dropout_rate: float = 0.5, pre_logits: bool = False
    ) -> None:
        super().__init__()
        first, second = two_counts(type(self).__name__, num_classes)
        self.in_channels = dim
        self.num_classes = (first, second)
        self.dropout = nn.Dropout(dropout_rate) if dropout_rate else None
        self.pre_logits1 = _hidden(dim, pre_logits)
        self.pre_logits2 = _hidden(dim, pre_logits)
        self.linear1 = nn.Linear(dim, first)
        self.linear2 = nn.Linear(dim, second)

    def forward(self, x: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Both classifiers' logits."""
        x = last_of(x)
        x = x if self.dropout is None else self.dropout(x)
        if self.pre_logits1 is None:
            return self.linear1(x), self.linear2(x)
        return self.linear1(self.pre_logits1(x)), self.linear2(self.pre_logits2(x))
