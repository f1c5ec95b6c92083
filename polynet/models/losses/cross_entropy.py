"""Cross entropy as Scepter and EssentialMC2 configure it: torch's, its two retired options included."""

from __future__ import annotations

from polynet import nn, ops
from polynet.errors import OptionError, suggest
from polynet.registry import LOSSES
from polynet.types import Tensor

REDUCTIONS = ("mean", "sum", "none")


@LOSSES.register()
class CrossEntropy(nn.Module):
    """Cross entropy between logits and classes, or distributions over classes.

    Args:
        weight: Factor of each class; one for each.
        ignore_index: A class whose elements count for nothing.
        reduction: `"mean"`, `"sum"`, or `"none"` for one loss of each element.
        label_smoothing: Share of the target that is spread evenly over all classes, in [0, 1].
        reduce: Retired in torch: `False` means `reduction="none"`.
        size_average: Retired in torch: `False` means `reduction="sum"`, unless `reduce=False`.

    Shapes:
        Logits `(N, C)` or `(N, C, ...)`; labels `(N,)` or `(N, ...)`, or probabilities of the logits' shape. A scalar
        comes out; under `"none"` one number for each label.

    Raises:
        OptionError: There is no such reduction, or the smoothing lies outside [0, 1].

    Source: Scepter, `CrossEntropy` (REDUCE, SIZE_AVERAGE, IGNORE_INDEX, REDUCTION, LABEL_SMOOTHING).

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = CrossEntropy(label_smoothing=0.1)
        >>> round(loss(ops.zeros((2, 4)), ops.tensor([0, 3])).item(), 4)
        1.3863
    """

    def __init__(
        self,
        weight: list[float] | tuple[float, ...] | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
        reduce: bool | None = None,
        size_average: bool | None = None,
    ) -> None:
        super().__init__()
        self.reduction = _reduction(reduction, reduce, size_average)
        if isinstance(label_smoothing, bool) or not 0.0 <= label_smoothing <= 1.0:
            message = f"CrossEntropy: label_smoothing must lie between 0 and 1, not {label_smoothing!r}."
            raise OptionError(message)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.class_weight = None if weight is None else [float(each) for each in weight]

    def forward(self, logits: Tensor, label: Tensor) -> Tensor:
        """The loss of logits against labels."""
        weight = None
        if self.class_weight is not None:
            weight = ops.cast(ops.tensor(self.class_weight, like=logits), ops.dtype_name(logits))
        return ops.cross_entropy(
            logits,
            label,
            weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


def _reduction(reduction: str, reduce: bool | None, size_average: bool | None) -> str:
    """The reduction that the options mean; the retired two win where they are given, as in torch."""
    if reduction not in REDUCTIONS:
        message = f"CrossEntropy: reduction is {' or '.join(map(repr, REDUCTIONS))}, not {reduction!r}."
        raise OptionError(message + suggest(reduction, REDUCTIONS))
    if reduce is None and size_average is None:
        return reduction
    if reduce is False:
        return "none"
    return "sum" if size_average is False else "mean"
