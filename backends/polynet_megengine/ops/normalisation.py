"""Normalisation with torch's semantics on MegEngine tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence

import megengine.functional as F
import numpy as np
from megengine.jit.tracing import is_tracing

from polynet.errors import InputError, OptionError
from polynet.types import Tensor
from polynet_megengine.batch_statistics import normalise_by_running
from polynet_megengine.half_precision import like_input, needs_float32, widened
from polynet_megengine.ops._tensors import drop_axes, in_float32, shape_of

LARGE_GROUP = 4096
"""Elements of a group from which the framework's kernel is left alone: it adds them one after another in float32, which
costs 1e-6 of the result for 16 thousand and 2e-5 for 200 thousand."""


def _per_channel(vector: Tensor, ndim: int) -> Tensor:
    """A vector over dimension 1 of a tensor of `ndim` dimensions, whatever shape the framework keeps it in."""
    return F.reshape(vector, (1, -1, *(1,) * (ndim - 2)))


def _check_channels(operation: str, input: Tensor, **vectors: Tensor | None) -> None:
    if input.ndim < 2:
        message = f"{operation} needs an input shaped (N, C, *); it was given {shape_of(input)}."
        raise InputError(message)
    _check_floating(operation, input)
    channels = shape_of(input)[1]
    for name, vector in vectors.items():
        if vector is not None and math.prod(shape_of(vector)) != channels:
            message = f"{operation}: {name} of shape {shape_of(vector)} does not fit {channels} channels."
            raise InputError(message)


def _check_floating(operation: str, input: Tensor) -> None:
    # The kernels report other types late, at the next synchronisation.
    if input.dtype.kind != "f":
        message = f"{operation} needs a floating-point tensor, not one of {input.dtype}."
        raise InputError(message)


def _update(running: Tensor | None, value: Tensor, momentum: float) -> None:
    """Move a running statistic towards a new value, in place."""
    if running is not None:
        value = F.reshape(value.detach(), shape_of(running))
        running[...] = running * (1.0 - momentum) + value.astype(running.dtype) * momentum


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
    """Normalise every channel, in training by its own statistics, with which it updates the running ones."""
    _check_channels("batch_norm", input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    shape = shape_of(input)
    if not training and (running_mean is None or running_var is None):
        message = "batch_norm: running_mean and running_var are needed when training is False."
        raise InputError(message)
    count = math.prod(shape) // shape[1] if shape[1] else 0
    if training and count <= 1:
        message = f"batch_norm: training needs more than one value per channel; the input has the shape {shape}."
        raise InputError(message)
    x = _as_image(input)
    vectors = [None if each is None else _per_channel(each, 4) for each in (weight, bias)]
    if not training:
        mean, variance = _per_channel(running_mean, 4), _per_channel(running_var, 4)
        if needs_float32(x, mean, variance, *vectors):
            x, mean, variance, vectors = (
                widened(x),
                widened(mean),
                widened(variance),
                [widened(each) for each in vectors],
            )
        return _as_given(normalise_by_running(x, mean, variance, vectors[0], vectors[1], eps), input)
    # Fresh statistics with full weight; torch's running variance is the unbiased one, as MegEngine's is.
    if needs_float32(x, *vectors):
        x, vectors = widened(x), [widened(each) for each in vectors]
    zero = F.zeros((1, shape[1], 1, 1), dtype="float32", device=input.device)
    result, mean, variance = F.nn.batch_norm(
        x, zero, zero + 1.0, *vectors, training=True, momentum=0.0, eps=eps, inplace=False
    )
    _update(running_mean, mean, momentum)
    _update(running_var, variance, momentum)
    return _as_given(result, input)


def _as_given(result: Tensor, input: Tensor) -> Tensor:
    """A result with the shape and type of the input."""
    result = result if result.dtype == input.dtype else result.astype(input.dtype)
    return result if input.ndim == 4 else F.reshape(result, shape_of(input))


def _as_image(x: Tensor) -> Tensor:
    """Four dimensions, `(N, C, rows, 1)`, for kernels that take nothing else."""
    ndim = x.ndim
    if ndim == 4:
        return x
    if ndim == 3:
        return F.expand_dims(x, 3)
    if ndim == 2:
        return F.expand_dims(x, (2, 3))
    return F.reshape(F.flatten(x, 2), (*shape_of(x)[:2], -1, 1))


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise over the last dimensions, by the native kernel."""
    wanted = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not wanted or input._tuple_shape[-len(wanted) :] != wanted:
        message = f"layer_norm: an input of shape {shape_of(input)} does not end in normalized_shape={wanted}."
        raise InputError(message)
    _check_floating("layer_norm", input)
    for name, vector in (("weight", weight), ("bias", bias)):
        if vector is not None and vector._tuple_shape != wanted:
            message = f"layer_norm: {name} of shape {shape_of(vector)} must have the shape {wanted}."
            raise InputError(message)
    if weight is None and bias is None:
        return F.nn.layer_norm(input, wanted, False, eps=eps)
    weight, bias = like_input(input, weight, bias)
    if weight is None:
        weight = F.ones_like(bias)
    if bias is None:
        return F.nn.layer_norm(input, wanted, True, weight, F.zeros_like(weight), eps)
    return F.nn.layer_norm(input, wanted, True, weight, bias, eps)


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Normalise over groups of channels and all that follows them."""
    _check_channels("group_norm", input, weight=weight, bias=bias)
    shape = shape_of(input)
    if num_groups < 1 or shape[1] % num_groups:
        message = f"group_norm: num_groups={num_groups} must divide the {shape[1]} channels of the input."
        raise OptionError(message)
    if 0 in shape:
        return input
    x = _as_image(input)
    if math.prod(shape[1:]) > LARGE_GROUP * num_groups and input.dtype == np.float32:
        result = _normalise_large_groups(x, num_groups, weight, bias, eps)
    elif weight is None and bias is None:
        result = F.nn.group_norm(x, num_groups, False, eps=eps)
    else:
        scale = F.ones_like(bias) if weight is None else weight
        shift = F.zeros_like(scale) if bias is None else bias
        result = scaled_group_norm(x, num_groups, F.reshape(scale, (-1,)), F.reshape(shift, (-1,)), eps)
    return F.reshape(result, shape) if len(shape) != 4 else result


def scaled_group_norm(x: Tensor, num_groups: int, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """The native kernel on `(N, C, H, W)`, with a weight and a bias of C numbers.

    While `jit.trace` records they are applied after it: where it dumps, MegEngine spells the kernel out and multiplies
    by the vectors as they are, over the last dimension.
    """
    weight, bias = like_input(x, weight, bias)
    if is_tracing():
        result = F.nn.group_norm(x, num_groups, False, eps=eps)
        return result * _per_channel(weight, 4) + _per_channel(bias, 4)
    return F.nn.group_norm(x, num_groups, True, weight, bias, eps)


def _normalise_large_groups(
    x: Tensor, num_groups: int, weight: Tensor | None, bias: Tensor | None, eps: float
) -> Tensor:
    """Normalise groups of `(N, C, H, W)` by means taken of the differences from means, as exactly as float32 allows."""
    shape = shape_of(x)
    groups = F.reshape(x, (shape[0], num_groups, -1))
    centred = groups - F.mean(groups, axis=2, keepdims=True)
    variance = F.mean(centred * centred, axis=2, keepdims=True)
    result = F.reshape(centred * (variance + eps) ** -0.5, shape)
    if weight is not None:
        result = result * _per_channel(weight, 4)
    return result if bias is None else result + _per_channel(bias, 4)


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
    """Normalise every channel of every sample over space, by its own statistics or the running ones."""
    _check_channels(
        "instance_norm", input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    shape = shape_of(input)
    count = math.prod(shape[2:])
    if count <= 1:
        message = f"instance_norm needs more than one value per channel; the input has the shape {shape}."
        raise InputError(message)
    if running_mean is not None or running_var is not None:
        space = tuple(range(2, len(shape)))
        fixed = input.detach()
        mean = F.mean(fixed, axis=space, keepdims=True)
        variance = F.mean((fixed - mean) ** 2, axis=space) * (count / (count - 1))
        _update(running_mean, F.mean(drop_axes(mean, space), axis=0), momentum)
        _update(running_var, F.mean(variance, axis=0), momentum)
    return group_norm(input, shape[1], weight, bias, eps)


def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """Divide by the root of the mean square over the last dimensions."""
    wanted = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not wanted or shape_of(input)[-len(wanted) :] != wanted:
        message = f"rms_norm: an input of shape {shape_of(input)} does not end in normalized_shape={wanted}."
        raise InputError(message)
    axes = tuple(range(input.ndim - len(wanted), input.ndim))
    # np.finfo would warn: MegEngine has the processor flush subnormal numbers to zero.
    small = (2.0**-10 if np.dtype(input.dtype) == np.float16 else 2.0**-23) if eps is None else float(eps)

    def normalised(x: Tensor) -> Tensor:
        return x / F.sqrt(F.mean(x * x, axis=axes, keepdims=True) + small)

    result = in_float32(normalised, input)
    return result if weight is None else result * weight


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """Divide by a power of the mean square over `size` neighbouring channels, absent ones counting as zeros."""
    if input.ndim < 3:
        message = f"local_response_norm needs an input shaped (N, C, *), 3 axes or more, not {shape_of(input)}."
        raise InputError(message)
    if size < 1:
        message = f"local_response_norm: size={size} must be at least 1."
        raise OptionError(message)
    shape = shape_of(input)
    if 0 in shape:
        return input
    squares = F.reshape(input * input, (shape[0], 1, shape[1], -1))
    squares = F.nn.pad(squares, ((0, 0), (0, 0), (size // 2, (size - 1) // 2), (0, 0)))
    means = F.nn.avg_pool2d(squares, (size, 1), 1, 0, mode="average")
    return input / F.pow(F.reshape(means, shape) * float(alpha) + float(k), float(beta))
