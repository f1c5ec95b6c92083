"""Scepter's plain classifiers: dropout and one linear layer, for images and for videos."""

from __future__ import annotations

from collections.abc import Sequence

from polynet import nn
from polynet.errors import OptionError
from polynet.models.fit import last_of
from polynet.registry import HEADS
from polynet.types import Tensor


@HEADS.register()
class ClassifierHead(nn.Module):
    """Dropout and a linear classifier.

    Args:
        dim: Width of the features.
        num_classes: Classes.
        dropout_rate: Probability of dropping a feature; 0 leaves dropout out.

    Shapes:
        `(N, dim)` to `(N, num_classes)`; of a tuple the last is taken.

    Source: Scepter and EssentialMC2, `ClassifierHead`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = ClassifierHead(dim=8, num_classes=10)
        >>> tuple(head(ops.ones((2, 8))).shape)
        (2, 10)
    """

    def __init__(self, dim: int, num_classes: int, dropout_rate: float = 0.0) -> None:
        super().__init__()
        self.in_channels = dim
        self.num_classes = num_classes
        self.dropout = nn.Dropout(dropout_rate) if dropout_rate else None
        self.fc = nn.Linear(dim, num_classes)

    def forward(self, x: Tensor | tuple[Tensor, ...]) -> Tensor:
        """Logits of features."""
        x = last_of(x)
        return self.fc(x if self.dropout is None else self.dropout(x))


@HEADS.register()
class VideoClassifierHead(nn.Module):
    """Dropout and a linear classifier called `out`; half of the features are dropped unless told otherwise.

    Args:
        dim: Width of the features.
        num_classes: Classes.
        dropout_rate: Probability of dropping a feature; 0 leaves dropout out.

    Shapes:
        `(N, dim)` to `(N, num_classes)`; of a tuple the last is taken.

    Source: Scepter and EssentialMC2, `VideoClassifierHead`; its default is that of Scepter's code, 0.5, where its
    documentation says 0.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = VideoClassifierHead(dim=8, num_classes=10)
        >>> tuple(head(ops.ones((2, 8))).shape)
        (2, 10)
    """

    def __init__(self, dim: int, num_classes: int, dropout_rate: float = 0.5) -> None:
        super().__init__()
        self.in_channels = dim
        self.num_classes = num_classes
        self.dropout = nn.Dropout(dropout_rate) if dropout_rate else None
        self.out = nn.Linear(dim, num_classes)

    def forward(self, x: Tensor | tuple[Tensor, ...]) -> Tensor:
        """Logits of features."""
        x = last_of(x)
        return self.out(x if self.dropout is None else self.dropout(x))


@HEADS.register()
class VideoClassifierHeadx2(nn.Module):
    """Two linear classifiers of the same features, for videos with two labels (a verb and a noun).

    Args:
        dim: Width of the features.
        num_classes: Classes of each classifier.
        dropout_rate: Probability of dropping a feature; 0 leaves dropout out.

    Shapes:
        `(N, dim)` to the pair `(N, num_classes[0])`, `(N, num_classes[1])`.

    Raises:
        OptionError: `num_classes` is not two numbers.

    Source: Scepter and EssentialMC2, `VideoClassifierHeadx2`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = VideoClassifierHeadx2(dim=8, num_classes=[10, 12])
        >>> [tuple(logits.shape) for logits in head(ops.ones((2, 8)))]
        [(2, 10), (2, 12)]
    """

    def __init__(self, dim: int, num_classes: Sequence[int], dropout_rate: float = 0.5) -> None:
        super().__init__()
        first, second = two_counts(type(self).__name__, num_classes)
        self.in_channels = dim
        self.num_classes = (first, second)
        self.dropout = nn.Dropout(dropout_rate) if dropout_rate else None
        self.linear1 = nn.Linear(dim, first)
        self.linear2 = nn.Linear(dim, second)

    def forward(self, x: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Both classifiers' logits."""
        x = last_of(x)
        x = x if self.dropout is None else self.dropout(x)
        return self.linear1(x), self.linear2(x)


def two_counts(owner: str, num_classes: Sequence[int]) -> tuple[int, int]:
    """The numbers of classes of two classifiers.

    Raises:
        OptionError: They are not two.
    """
    if not isinstance(num_classes, (list, tuple)) or len(num_classes) != 2:
        message = f"{owner}: num_classes is two numbers, such as [10, 12], not {num_classes!r}."
        raise OptionError(message)
    return num_classes[0], num_classes[1]
