"""What normalisation layers' options must be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polynet.errors import OptionError
from polynet.nn.arguments import divides, flags, fraction, integer, number


def batch_norm(
    owner: str,
    num_features: Any,
    eps: Any = 1e-5,
    momentum: Any = 0.1,
    affine: Any = True,
    track_running_stats: Any = True,
    **_: Any,
) -> None:
    """The rule of batch normalisation of any rank."""
    integer(owner, "num_features", num_features, lowest=1)
    number(owner, "eps", eps, lowest=0)
    if momentum is not None:
        fraction(owner, "momentum", momentum)
    flags(owner, affine=affine, track_running_stats=track_running_stats)


def sync_batch_norm(
    owner: str,
    num_features: Any,
    eps: Any = 1e-5,
    momentum: Any = 0.1,
    affine: Any = True,
    track_running_stats: Any = True,
    process_group: Any = None,
    **_: Any,
) -> None:
    """The rule of `SyncBatchNorm`."""
    batch_norm(owner, num_features, eps, momentum, affine, track_running_stats)


def instance_norm(
    owner: str,
    num_features: Any,
    eps: Any = 1e-5,
    momentum: Any = 0.1,
    affine: Any = False,
    track_running_stats: Any = False,
    **_: Any,
) -> None:
    """The rule of `InstanceNorm2d`, whose statistics have no mean over all batches."""
    fraction(owner, "momentum", momentum)
    batch_norm(owner, num_features, eps, momentum, affine, track_running_stats)


def layer_norm(
    owner: str, normalized_shape: Any, eps: Any = 1e-5, elementwise_affine: Any = True, bias: Any = True, **_: Any
) -> None:
    """The rule of `LayerNorm`."""
    _normalized_shape(owner, normalized_shape)
    number(owner, "eps", eps, lowest=0)
    flags(owner, elementwise_affine=elementwise_affine, bias=bias)


def rms_norm(owner: str, normalized_shape: Any, eps: Any = None, elementwise_affine: Any = True, **_: Any) -> None:
    """The rule of `RMSNorm`."""
    _normalized_shape(owner, normalized_shape)
    if eps is not None:
        number(owner, "eps", eps, lowest=0)
    flags(owner, elementwise_affine=elementwise_affine)


def group_norm(owner: str, num_groups: Any, num_channels: Any, eps: Any = 1e-5, affine: Any = True, **_: Any) -> None:
    """The rule of `GroupNorm`."""
    integer(owner, "num_groups", num_groups, lowest=1)
    integer(owner, "num_channels", num_channels, lowest=1)
    divides(owner, "num_groups", num_groups, "num_channels", num_channels)
    number(owner, "eps", eps, lowest=0)
    flags(owner, affine=affine)


def local_response_norm(owner: str, size: Any, alpha: Any = 1e-4, beta: Any = 0.75, k: Any = 1.0) -> None:
    """The rule of `LocalResponseNorm`."""
    integer(owner, "size", size, lowest=1)
    number(owner, "alpha", alpha)
    number(owner, "beta", beta)
    number(owner, "k", k)


def _normalized_shape(owner: str, value: Any) -> None:
    several = isinstance(value, Sequence) and not isinstance(value, str)
    shape = value if several else (value,)
    if not shape:
        message = f"{owner}: normalized_shape={value!r} must name at least one size."
        raise OptionError(message)
    for each in shape:
        integer(owner, "normalized_shape", each, lowest=1)
