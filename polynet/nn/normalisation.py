"""Normalisation over the batch, over each sample, and across channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polynet.nn.module import Module
from polynet.nn.rules import normalisation as normalisation_rules
from polynet.types import Tensor

if TYPE_CHECKING:
    from polynet.ops.arguments import IntOrInts


class BatchNorm1d(Module, native="BatchNorm1d", rule=normalisation_rules.batch_norm):
    """Normalises each channel over the batch while training, and by running statistics after.

    Running statistics: `running_mean` and `running_var` (unbiased), both `(num_features,)`.

    Args:
        num_features: Channels.
        eps: Added to the variance. Default 1e-5.
        momentum: Share of the new batch in the running statistics; `None` for the mean over all batches. Default 0.1.
        affine: Whether to scale and shift by a trained `weight` and `bias`. Default `True`.
        track_running_stats: Whether to keep running statistics; without, the batch's are always used. Default `True`.

    Shapes:
        `(N, C)` or `(N, C, L)`, unchanged.

    Source:
        Ioffe and Szegedy, "Batch Normalization", arXiv:1502.03167.

    Example:
        >>> tuple(nn.BatchNorm1d(3)(ops.zeros((2, 3))).shape)
        (2, 3)
    """

    if TYPE_CHECKING:
        weight: Tensor
        bias: Tensor
        running_mean: Tensor
        running_var: Tensor

        def __init__(
            self,
            num_features: int,
            eps: float = 1e-5,
            momentum: float | None = 0.1,
            affine: bool = True,
            track_running_stats: bool = True,
        ) -> None: ...


class BatchNorm2d(Module, native="BatchNorm2d", rule=normalisation_rules.batch_norm):
    """Normalises each channel over the batch while training, and by running statistics after.

    Running statistics: `running_mean` and `running_var` (unbiased), both `(num_features,)`.

    Args:
        num_features: Channels.
        eps: Added to the variance. Default 1e-5.
        momentum: Share of the new batch in the running statistics; `None` for the mean over all batches. Default 0.1.
        affine: Whether to scale and shift by a trained `weight` and `bias`. Default `True`.
        track_running_stats: Whether to keep running statistics; without, the batch's are always used. Default `True`.

    Shapes:
        `(N, C, H, W)`, unchanged.

    Source:
        Ioffe and Szegedy, "Batch Normalization", arXiv:1502.03167.

    Example:
        >>> tuple(nn.BatchNorm2d(3)(ops.zeros((2, 3, 4, 4))).shape)
        (2, 3, 4, 4)
    """

    if TYPE_CHECKING:
        weight: Tensor
        bias: Tensor
        running_mean: Tensor
        running_var: Tensor

        def __init__(
            self,
            num_features: int,
            eps: float = 1e-5,
            momentum: float | None = 0.1,
            affine: bool = True,
            track_running_stats: bool = True,
        ) -> None: ...


class BatchNorm3d(Module, native="BatchNorm3d", rule=normalisation_rules.batch_norm):
    """Normalises each channel over the batch while training, and by running statistics after.

    Running statistics: `running_mean` and `running_var` (unbiased), both `(num_features,)`.

    Args:
        num_features: Channels.
        eps: Added to the variance. Default 1e-5.
        momentum: Share of the new batch in the running statistics; `None` for the mean over all batches. Default 0.1.
        affine: Whether to scale and shift by a trained `weight` and `bias`. Default `True`.
        track_running_stats: Whether to keep running statistics; without, the batch's are always used. Default `True`.

    Shapes:
        `(N, C, D, H, W)`, unchanged.

    Source:
        Ioffe and Szegedy, "Batch Normalization", arXiv:1502.03167.

    Example:
        >>> tuple(nn.BatchNorm3d(3)(ops.zeros((2, 3, 2, 2, 2))).shape)
        (2, 3, 2, 2, 2)
    """

    if TYPE_CHECKING:
        weight: Tensor
        bias: Tensor
        running_mean: Tensor
        running_var: Tensor

        def __init__(
            self,
            num_features: int,
            eps: float = 1e-5,
            momentum: float | None = 0.1,
            affine: bool = True,
            track_running_stats: bool = True,
        ) -> None: ...


class SyncBatchNorm(Module, native="SyncBatchNorm", rule=normalisation_rules.sync_batch_norm):
    """Batch normalisation over the batches of all processes; in one process, plain batch normalisation.

    Args:
        num_features: Channels.
        eps: Added to the variance. Default 1e-5.
        momentum: Share of the new batch in the running statistics. Default 0.1.
        affine: Whether to scale and shift by a trained `weight` and `bias`. Default `True`.
        track_running_stats: Whether to keep running statistics. Default `True`.
        process_group: The processes to join, as the framework names them. Default all.

    Shapes:
        `(N, C, ...)`, unchanged.

    Source:
        Zhang et al., "Context Encoding for Semantic Segmentation", arXiv:1803.08904.

    Example:
        >>> tuple(nn.SyncBatchNorm(3)(ops.zeros((2, 3, 4, 4))).shape)
        (2, 3, 4, 4)
    """

    if TYPE_CHECKING:
        weight: Tensor
        bias: Tensor
        running_mean: Tensor
        running_var: Tensor

        def __init__(
            self,
            num_features: int,
            eps: float = 1e-5,
            momentum: float | None = 0.1,
            affine: bool = True,
            track_running_stats: bool = True,
            process_group: Any = None,
        ) -> None: ...


class LayerNorm(Module, native="LayerNorm", rule=normalisation_rules.layer_norm):
    """Normalises the last axes of each sample.

    Args:
        normalized_shape: Lengths of the axes to normalise over, the last ones; one number for the last axis.
        eps: Added to the variance. Default 1e-5.
        elementwise_affine: Whether to scale and shift by a trained `weight` and `bias` of that shape. Default `True`.
        bias: Whether there is a `bias`, if affine. Default `True`.

    Shapes:
        `(..., *normalized_shape)`, unchanged.

    Source:
        Ba et al., "Layer Normalization", arXiv:1607.06450.

    Example:
        >>> nn.LayerNorm(2, eps=0.0)(ops.tensor([[1.0, 3.0]])).tolist()
        [[-1.0, 1.0]]
    """

    if TYPE_CHECKING:
        weight: Tensor
        bias: Tensor | None

        def __init__(
            self,
            normalized_shape: IntOrInts,
            eps: float = 1e-5,
            elementwise_affine: bool = True,
            bias: bool = True,
        ) -> None: ...


class GroupNorm(Module, native="GroupNorm", rule=normalisation_rules.group_norm):
    """Normalises groups of channels of each sample. The weight and bias are `(num_channels,)`.

    Args:
        num_groups: Number of groups; must divide the channels.
        num_channels: Channels.
        eps: Added to the variance. Default 1e-5.
        affine: Whether to scale and shift by a trained `weight` and `bias`. Default `True`.

    Shapes:
        `(N, C, ...)`, unchanged.

    Source:
        Wu and He, "Group Normalization", arXiv:1803.08494.

    Example:
        >>> tuple(nn.GroupNorm(2, 4)(ops.zeros((2, 4, 3))).shape)
        (2, 4, 3)
    """

    if TYPE_CHECKING:
        weight: Tensor
        bias: Tensor

        def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True) -> None: ...


class InstanceNorm2d(Module, native="InstanceNorm2d", rule=normalisation_rules.instance_norm):
    """Normalises each channel of each image.

    Args:
        num_features: Channels.
        eps: Added to the variance. Default 1e-5.
        momentum: Share of the new batch in the running statistics. Default 0.1.
        affine: Whether to scale and shift by a trained `weight` and `bias`. Default `False`, on every framework.
        track_running_stats: Whether to keep running statistics, for evaluation. Default `False`.

    Shapes:
        `(N, C, H, W)`, unchanged.

    Source:
        Ulyanov et al., "Instance Normalization", arXiv:1607.08022.

    Example:
        >>> tuple(nn.InstanceNorm2d(3)(ops.zeros((2, 3, 4, 4))).shape)
        (2, 3, 4, 4)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            num_features: int,
            eps: float = 1e-5,
            momentum: float = 0.1,
            affine: bool = False,
            track_running_stats: bool = False,
        ) -> None: ...


class RMSNorm(Module, native="RMSNorm", rule=normalisation_rules.rms_norm):
    """Divides the last axes of each sample by the root of their mean square.

    Args:
        normalized_shape: Lengths of the axes, the last ones; one number for the last axis.
        eps: Added to the mean square. Default `None`: the smallest step at 1 of the input's element type.
        elementwise_affine: Whether to scale by a trained `weight` of that shape. Default `True`.

    Shapes:
        `(..., *normalized_shape)`, unchanged.

    Source:
        Zhang and Sennrich, "Root Mean Square Layer Normalization", arXiv:1910.07467.

    Example:
        >>> nn.RMSNorm(2, eps=0.0)(ops.tensor([[2.0, -2.0]])).tolist()
        [[1.0, -1.0]]
    """

    if TYPE_CHECKING:
        weight: Tensor

        def __init__(
            self,
            normalized_shape: IntOrInts,
            eps: float | None = None,
            elementwise_affine: bool = True,
        ) -> None: ...


class LocalResponseNorm(Module, native="LocalResponseNorm", rule=normalisation_rules.local_response_norm):
    """Divides each element by a power of the squares nearby, across channels:
    `input / (k + alpha / size * sum) ** beta`.

    Args:
        size: Channels over which to sum.
        alpha: Factor of the sum, which is first divided by `size`. Default 1e-4.
        beta: The power. Default 0.75.
        k: Added to the sum. Default 1.

    Shapes:
        `(N, C, ...)`, unchanged.

    Source:
        Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", 2012.

    Example:
        >>> tuple(nn.LocalResponseNorm(5)(ops.zeros((2, 8, 3, 3))).shape)
        (2, 8, 3, 3)
    """

    if TYPE_CHECKING:

        def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None: ...
