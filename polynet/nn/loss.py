"""Losses. Arguments that torch has deprecated, `size_average` and `reduce`, are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polynet.nn.module import Module
from polynet.nn.rules import loss as loss_rules
from polynet.types import Tensor


class CrossEntropyLoss(Module, native="CrossEntropyLoss", rule=loss_rules.cross_entropy):
    """Cross entropy between scores (before softmax) and classes, or probabilities of classes.

    Args:
        weight: Weight of each class, `(C,)`. Default none.
        ignore_index: A class number whose elements do not count. Default -100.
        reduction: `"mean"`, `"sum"` or `"none"` (one loss for each element). Default `"mean"`.
        label_smoothing: Share of the target spread evenly over all classes, in [0, 1]. Default 0.

    Shapes:
        Scores `(N, C)` or `(N, C, ...)`; targets either class numbers `(N)` or `(N, ...)`, or probabilities shaped as
        the scores. Returns a scalar, or `(N, ...)` under `reduction="none"`.

    Source:
        Smoothing: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", arXiv:1512.00567.

    Example:
        >>> round(nn.CrossEntropyLoss()(ops.zeros((1, 2)), ops.tensor([1])).item(), 4)
        0.6931
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            weight: Tensor | None = None,
            *,
            ignore_index: int = -100,
            reduction: str = "mean",
            label_smoothing: float = 0.0,
        ) -> None: ...


class BCEWithLogitsLoss(Module, native="BCEWithLogitsLoss", rule=loss_rules.binary_cross_entropy):
    """Binary cross entropy between scores (before sigmoid) and probabilities.

    Args:
        weight: Factor of each element's loss; broadcast against the input. Default none.
        reduction: `"mean"`, `"sum"` or `"none"` (one loss for each element). Default `"mean"`.
        pos_weight: Factor of the positive term, one for each class. Default none.

    Shapes:
        Scores and targets of one shape. Returns a scalar, or that shape under `reduction="none"`.

    Source:
        `torch.nn.BCEWithLogitsLoss`.

    Example:
        >>> round(nn.BCEWithLogitsLoss()(ops.zeros((1, 2)), ops.ones((1, 2))).item(), 4)
        0.6931
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            weight: Tensor | None = None,
            *,
            reduction: str = "mean",
            pos_weight: Tensor | None = None,
        ) -> None: ...


class MSELoss(Module, native="MSELoss", rule=loss_rules.plain_loss):
    """Mean of the squared differences.

    Args:
        reduction: `"mean"`, `"sum"` or `"none"` (one loss for each element). Default `"mean"`.

    Shapes:
        Input and target of one shape. Returns a scalar, or that shape under `reduction="none"`.

    Source:
        `torch.nn.MSELoss`.

    Example:
        >>> nn.MSELoss()(ops.tensor([1.0, 2.0]), ops.tensor([1.0, 4.0])).item()
        2.0
    """

    if TYPE_CHECKING:

        def __init__(self, *, reduction: str = "mean") -> None: ...


class L1Loss(Module, native="L1Loss", rule=loss_rules.plain_loss):
    """Mean of the absolute differences.

    Args:
        reduction: `"mean"`, `"sum"` or `"none"` (one loss for each element). Default `"mean"`.

    Shapes:
        Input and target of one shape. Returns a scalar, or that shape under `reduction="none"`.

    Source:
        `torch.nn.L1Loss`.

    Example:
        >>> nn.L1Loss()(ops.tensor([1.0, 2.0]), ops.tensor([1.0, 4.0])).item()
        1.0
    """

    if TYPE_CHECKING:

        def __init__(self, *, reduction: str = "mean") -> None: ...


class SmoothL1Loss(Module, native="SmoothL1Loss", rule=loss_rules.smooth_l1):
    """Squared difference over `2 * beta` where it is below `beta`, absolute difference less `beta / 2` elsewhere.

    Args:
        reduction: `"mean"`, `"sum"` or `"none"` (one loss for each element). Default `"mean"`.
        beta: Where the two forms meet; 0 gives `L1Loss`. Default 1.

    Shapes:
        Input and target of one shape. Returns a scalar, or that shape under `reduction="none"`.

    Source:
        Girshick, "Fast R-CNN", arXiv:1504.08083.

    Example:
        >>> nn.SmoothL1Loss()(ops.tensor([0.0, 0.0]), ops.tensor([1.0, 3.0])).item()
        1.5
    """

    if TYPE_CHECKING:

        def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None: ...


class KLDivLoss(Module, native="KLDivLoss", rule=loss_rules.kl_divergence):
    """Kullback-Leibler divergence of the target from the input, which is given as logarithms.

    Each element is `target * (log(target) - input)`.

    Args:
        reduction: `"batchmean"` (the divergence itself), `"mean"` (over elements), `"sum"` or `"none"`. Default
            `"mean"`.
        log_target: Whether the target too is given as logarithms. Default `False`.

    Shapes:
        Input and target of one shape. Returns a scalar, or that shape under `reduction="none"`.

    Source:
        Kullback and Leibler, "On Information and Sufficiency", 1951.

    Example:
        >>> nn.KLDivLoss(reduction="batchmean")(ops.tensor([[0.0, 0.0]]), ops.tensor([[1.0, 1.0]])).item()
        0.0
    """

    if TYPE_CHECKING:

        def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None: ...


class NLLLoss(Module, native="NLLLoss", rule=loss_rules.nll):
    """Negative log likelihood: minus the input at the target's class, the input being log probabilities.

    Args:
        weight: Weight of each class, `(C,)`. Default none.
        ignore_index: A class number whose elements do not count. Default -100.
        reduction: `"mean"`, `"sum"` or `"none"` (one loss for each element). Default `"mean"`.

    Shapes:
        Log probabilities `(N, C)` or `(N, C, ...)`; class numbers `(N)` or `(N, ...)`. Returns a scalar, or the
        targets' shape under `reduction="none"`.

    Source:
        `torch.nn.NLLLoss`.

    Example:
        >>> nn.NLLLoss()(ops.tensor([[-1.0, -2.0]]), ops.tensor([1])).item()
        2.0
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            weight: Tensor | None = None,
            *,
            ignore_index: int = -100,
            reduction: str = "mean",
        ) -> None: ...
