"""Normalisation over the batch, the channels, or both."""

from __future__ import annotations

from collections.abc import Sequence

from polynet.ops.arguments import namespace_of_all
from polynet.ops.dispatch import namespace_of
from polynet.ops.explain import explained
from polynet.types import Tensor


@explained
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Return `input` normalised channel by channel; Ioffe and Szegedy 2015.

    Args:
        input: `(N, C, ...)`.
        running_mean: `(C,)`; used unless `training`, updated in place when `training`. May be `None` then.
        running_var: `(C,)`, likewise. It follows the unbiased variance; the batch itself is normalised by the biased.
        weight: `(C,)` scale, or none.
        bias: `(C,)` shift, or none.
        training: Normalise by the batch's own statistics.
        momentum: How much of the batch's statistics enters the running ones.
        eps: Added to the variance.

    Example:
        >>> ops.batch_norm(ops.tensor([[3.0]]), ops.tensor([1.0]), ops.tensor([4.0]), eps=0.0).tolist()
        [[1.0]]
    """
    return namespace_of_all(input, running_mean, running_var, weight, bias).batch_norm(
        input, running_mean, running_var, weight, bias, training, momentum, eps
    )


@explained
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Return `input` normalised over its last axes; Ba et al. 2016.

    Args:
        input: `(..., *normalized_shape)`.
        normalized_shape: The lengths of the last axes, over which to normalise.
        weight: Scale of that shape, or none.
        bias: Shift of that shape, or none.
        eps: Added to the variance.

    Example:
        >>> ops.layer_norm(ops.tensor([[1.0, 3.0]]), (2,), eps=0.0).tolist()
        [[-1.0, 1.0]]
    """
    return namespace_of_all(input, weight, bias).layer_norm(input, normalized_shape, weight, bias, eps)


@explained
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Return `(N, C, ...)` normalised over groups of channels and all positions; Wu and He 2018.

    Args:
        input: `(N, C, ...)`.
        num_groups: How many groups; divides C.
        weight: `(C,)` scale, or none.
        bias: `(C,)` shift, or none.
        eps: Added to the variance.

    Example:
        >>> ops.group_norm(ops.tensor([[[1.0], [3.0]]]), 1, eps=0.0).tolist()
        [[[-1.0], [1.0]]]
    """
    return namespace_of_all(input, weight, bias).group_norm(input, num_groups, weight, bias, eps)


@explained
def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Return `(N, C, ...)` normalised for each sample and channel over its positions; Ulyanov et al. 2016.

    Args:
        input: `(N, C, ...)`.
        running_mean: `(C,)`, or none: used unless `use_input_stats`, else updated in place by the batch's mean.
        running_var: `(C,)`, or none, likewise.
        weight: `(C,)` scale, or none.
        bias: `(C,)` shift, or none.
        use_input_stats: Normalise by the input's own statistics.
        momentum: How much of the input's statistics enters the running ones.
        eps: Added to the variance.

    Example:
        >>> ops.instance_norm(ops.tensor([[[1.0, 3.0]]]), eps=0.0).tolist()
        [[[-1.0, 1.0]]]
    """
    return namespace_of_all(input, running_mean, running_var, weight, bias).instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


@explained
def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """Return `input` over its root mean square along the last axes; Zhang and Sennrich 2019.

    Args:
        input: `(..., *normalized_shape)`.
        normalized_shape: The lengths of the last axes, over which to normalise.
        weight: Scale of that shape, or none.
        eps: Added to the mean square; the dtype's machine epsilon by default.

    Example:
        >>> ops.rms_norm(ops.tensor([[2.0, -2.0]]), (2,), eps=0.0).tolist()
        [[1.0, -1.0]]
    """
    return namespace_of_all(input, weight).rms_norm(input, normalized_shape, weight, eps)


@explained
def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """Return `input / (k + alpha * mean of squares over neighbouring channels) ** beta`; Krizhevsky et al. 2012.

    Args:
        input: `(N, C, ...)`.
        size: How many channels each mean is over; absent ones beyond the edges count as 0.
        alpha: Weight of the mean.
        beta: The power.
        k: Added to the weighted mean.

    Example:
        >>> ops.local_response_norm(ops.ones((1, 1, 1)), 1, alpha=1.0, beta=1.0).tolist()
        [[[0.5]]]
    """
    return namespace_of(input).local_response_norm(input, size, alpha, beta, k)
