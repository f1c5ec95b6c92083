"""Normalisation: the same shape, once channels and statistics agree."""

from __future__ import annotations

from collections.abc import Sequence

from polynet.errors import InputError
from polynet_shapes import dtypes
from polynet_shapes.rules import Shape, as_int, as_ints, check_positive, product
from polynet_shapes.tensor import ShapeTensor

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "rms_norm"]


def _normalised(
    name: str, input: ShapeTensor, expected: Shape, axes: int, **tensors: ShapeTensor | None
) -> ShapeTensor:
    """The same shape; refuses statistics, scales and shifts of another shape than expected."""
    dtypes.check_floating(name, input.dtype)
    if input.ndim < axes:
        message = f"{name} needs at least {axes} axes, and was given {list(input.shape)}."
        raise InputError(message)
    for argument, tensor in tensors.items():
        if tensor is not None and tensor.shape != expected:
            given = f"an input of {list(input.shape)}, not {list(tensor.shape)}"
            message = f"{name}: {argument} must be {list(expected)} for {given}."
            raise InputError(message)
    return input.like(input.shape)


def _channels(input: ShapeTensor) -> Shape:
    return input.shape[1:2]


def _check_statistics(
    name: str, running_mean: ShapeTensor | None, running_var: ShapeTensor | None, needed: bool
) -> None:
    if needed and (running_mean is None or running_var is None):
        message = f"{name} needs running_mean and running_var where the input's own statistics are not used."
        raise InputError(message)


def batch_norm(
    input: ShapeTensor,
    running_mean: ShapeTensor | None,
    running_var: ShapeTensor | None,
    weight: ShapeTensor | None = None,
    bias: ShapeTensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> ShapeTensor:
    """One of each for every channel; a batch in training has more than one value for each."""
    _check_statistics("batch_norm", running_mean, running_var, not training)
    if training and input.ndim > 1 and product((input.shape[0], *input.shape[2:])) == 1:
        message = f"batch_norm in training needs more than one value for each channel, not {list(input.shape)}."
        raise InputError(message)
    tensors = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    return _normalised("batch_norm", input, _channels(input), 2, **tensors)


def layer_norm(
    input: ShapeTensor,
    normalized_shape: Sequence[int],
    weight: ShapeTensor | None = None,
    bias: ShapeTensor | None = None,
    eps: float = 1e-5,
) -> ShapeTensor:
    """The last axes have the lengths to normalise over."""
    return _over_last("layer_norm", input, normalized_shape, weight=weight, bias=bias)


def _over_last(
    name: str, input: ShapeTensor, normalized_shape: Sequence[int], **tensors: ShapeTensor | None
) -> ShapeTensor:
    lengths = as_ints(normalized_shape, name, "normalized_shape")
    if not lengths or input.shape[-len(lengths) :] != lengths:
        message = f"{name} over {list(lengths)} does not fit an input of {list(input.shape)}, whose last axes differ."
        raise InputError(message)
    return _normalised(name, input, lengths, len(lengths), **tensors)


def group_norm(
    input: ShapeTensor,
    num_groups: int,
    weight: ShapeTensor | None = None,
    bias: ShapeTensor | None = None,
    eps: float = 1e-5,
) -> ShapeTensor:
    """The groups divide the channels."""
    groups = as_int(num_groups, "group_norm", "num_groups")
    check_positive("group_norm", num_groups=(groups,))
    if input.ndim < 2 or input.shape[1] % groups:
        message = f"group_norm: {groups} groups do not divide the channels (axis 1) of {list(input.shape)}."
        raise InputError(message)
    return _normalised("group_norm", input, _channels(input), 2, weight=weight, bias=bias)


def instance_norm(
    input: ShapeTensor,
    running_mean: ShapeTensor | None = None,
    running_var: ShapeTensor | None = None,
    weight: ShapeTensor | None = None,
    bias: ShapeTensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> ShapeTensor:
    """One of each for every channel; a sample has more than one value for each."""
    _check_statistics("instance_norm", running_mean, running_var, not use_input_stats)
    if use_input_stats and product(input.shape[2:]) == 1:
        message = f"instance_norm needs more than one value for each sample and channel, not {list(input.shape)}."
        raise InputError(message)
    tensors = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    return _normalised("instance_norm", input, _channels(input), 2, **tensors)


def rms_norm(
    input: ShapeTensor, normalized_shape: Sequence[int], weight: ShapeTensor | None = None, eps: float | None = None
) -> ShapeTensor:
    """The last axes have the lengths to normalise over."""
    return _over_last("rms_norm", input, normalized_shape, weight=weight)


def local_response_norm(
    input: ShapeTensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> ShapeTensor:
    """The same shape, of at least 3 axes."""
    check_positive("local_response_norm", size=(as_int(size, "local_response_norm", "size"),))
    return _normalised("local_response_norm", input, (), 3)
