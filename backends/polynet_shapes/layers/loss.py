"""Losses as layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from polynet_shapes.layers.functional import require
from polynet_shapes.module import Module
from polynet_shapes.ops import loss as ops
from polynet_shapes.tensor import ShapeTensor


class _Loss(Module):
    """A loss between an input and a target.

    Attributes:
        operation: The op.
        kept: Names of the attributes given to it.
        reductions: What `reduction` may be.
    """

    operation: ClassVar[Callable[..., ShapeTensor]]
    kept: ClassVar[tuple[str, ...]] = ()
    reductions: ClassVar[tuple[str, ...]] = ("none", "mean", "sum")

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__()
        require(reduction in self.reductions, self, f"reduction must be one of {self.reductions}, not {reduction!r}.")
        self.reduction = reduction

    def forward(self, input: ShapeTensor, target: ShapeTensor) -> ShapeTensor:
        """Compare."""
        options: dict[str, Any] = {name: getattr(self, name) for name in ("reduction", *self.kept)}
        return type(self).operation(input, target, **options)


class MSELoss(_Loss):
    """Squared differences."""

    operation = ops.mse_loss


class L1Loss(_Loss):
    """Absolute differences."""

    operation = ops.l1_loss


class SmoothL1Loss(_Loss):
    """Absolute differences, squared near 0."""

    operation, kept = ops.smooth_l1_loss, ("beta",)

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.beta = beta


class KLDivLoss(_Loss):
    """Kullback-Leibler divergence."""

    operation, kept = ops.kl_div, ("log_target",)
    reductions = (*_Loss.reductions, "batchmean")

    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.log_target = log_target


class NLLLoss(_Loss):
    """Minus the log-probability of each class."""

    operation = ops.nll_loss
    kept: ClassVar[tuple[str, ...]] = ("weight", "ignore_index")

    def __init__(self, weight: ShapeTensor | None = None, *, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index


class CrossEntropyLoss(NLLLoss):
    """Cross entropy between logits and classes or distributions."""

    operation = ops.cross_entropy
    kept = ("weight", "ignore_index", "label_smoothing")

    def __init__(
        self,
        weight: ShapeTensor | None = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, ignore_index=ignore_index, reduction=reduction)
        self.label_smoothing = label_smoothing


class BCEWithLogitsLoss(_Loss):
    """Binary cross entropy of logits."""

    operation, kept = ops.binary_cross_entropy_with_logits, ("weight", "pos_weight")

    def __init__(
        self, weight: ShapeTensor | None = None, *, reduction: str = "mean", pos_weight: ShapeTensor | None = None
    ) -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)
