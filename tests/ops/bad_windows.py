"""Calls that no framework can make sense of, continued: windows, statistics, reductions and rearrangements."""

from __future__ import annotations

from polynet.errors import InputError, InputIndexError, OptionError
from tests.ops.bad_calls import Calls, ops

CONVOLUTION: Calls = {
    "conv1d of two axes more": (InputError, lambda t: ops.conv1d(t(1, 3, 8, 8), t(4, 3, 3))),
    "conv1d with stride 0": (OptionError, lambda t: ops.conv1d(t(1, 3, 8), t(4, 3, 3), stride=0)),
    "conv1d of other channels": (InputError, lambda t: ops.conv1d(t(1, 3, 8), t(4, 2, 3))),
    "conv2d of other channels": (InputError, lambda t: ops.conv2d(t(1, 3, 8, 8), t(4, 2, 3, 3))),
    "conv2d in groups that do not divide": (InputError, lambda t: ops.conv2d(t(1, 4, 8, 8), t(3, 2, 3, 3), groups=2)),
    "conv2d in no groups": (OptionError, lambda t: ops.conv2d(t(1, 4, 8, 8), t(3, 4, 3, 3), groups=0)),
    "conv2d with another bias": (InputError, lambda t: ops.conv2d(t(1, 3, 8, 8), t(4, 3, 3, 3), t(3))),
    "conv2d with a window too large": (InputError, lambda t: ops.conv2d(t(1, 3, 2, 2), t(4, 3, 3, 3))),
    "conv2d with stride 0": (OptionError, lambda t: ops.conv2d(t(1, 3, 8, 8), t(4, 3, 3, 3), stride=0)),
    "conv2d with three strides": (OptionError, lambda t: ops.conv2d(t(1, 3, 8, 8), t(4, 3, 3, 3), stride=(1, 1, 1))),
    "conv2d with half a stride": (OptionError, lambda t: ops.conv2d(t(1, 3, 8, 8), t(4, 3, 3, 3), stride=0.5)),
    "conv2d with negative padding": (OptionError, lambda t: ops.conv2d(t(1, 3, 8, 8), t(4, 3, 3, 3), padding=-1)),
    "conv2d with dilation 0": (OptionError, lambda t: ops.conv2d(t(1, 3, 8, 8), t(4, 3, 3, 3), dilation=0)),
    "conv2d padded by an unknown word": (
        OptionError,
        lambda t: ops.conv2d(t(1, 3, 8, 8), t(4, 3, 3, 3), padding="sane"),
    ),
    "conv2d keeping the size in strides": (
        OptionError,
        lambda t: ops.conv2d(t(1, 3, 8, 8), t(4, 3, 3, 3), stride=2, padding="same"),
    ),
    "conv2d of five axes": (InputError, lambda t: ops.conv2d(t(1, 3, 8, 8, 8), t(4, 3, 3, 3))),
    "conv3d with stride 0": (OptionError, lambda t: ops.conv3d(t(1, 1, 4, 4, 4), t(1, 1, 3, 3, 3), stride=0)),
    "conv3d of four axes more": (InputError, lambda t: ops.conv3d(t(1, 1, 4, 4), t(1, 1, 3, 3))),
    "conv_transpose2d of other channels": (InputError, lambda t: ops.conv_transpose2d(t(1, 3, 8, 8), t(4, 3, 3, 3))),
    "conv_transpose2d with too much added": (
        OptionError,
        lambda t: ops.conv_transpose2d(t(1, 3, 8, 8), t(3, 4, 3, 3), output_padding=1),
    ),
    "conv_transpose2d with stride 0": (
        OptionError,
        lambda t: ops.conv_transpose2d(t(1, 3, 8, 8), t(3, 4, 3, 3), stride=0),
    ),
}

POOLING: Calls = {
    "max_pool1d with stride 0": (OptionError, lambda t: ops.max_pool1d(t(1, 1, 8), 2, 0)),
    "max_pool1d of a vector": (InputError, lambda t: ops.max_pool1d(t(8), 2)),
    "max_pool2d with a window too large": (InputError, lambda t: ops.max_pool2d(t(1, 1, 2, 2), 3)),
    "max_pool2d padded by more than half": (OptionError, lambda t: ops.max_pool2d(t(1, 1, 8, 8), 2, padding=2)),
    "max_pool2d with stride 0": (OptionError, lambda t: ops.max_pool2d(t(1, 1, 8, 8), 2, 0)),
    "max_pool2d by no window": (OptionError, lambda t: ops.max_pool2d(t(1, 1, 8, 8), 0)),
    "max_pool2d by a word": (OptionError, lambda t: ops.max_pool2d(t(1, 1, 8, 8), "two")),
    "max_pool3d with stride 0": (OptionError, lambda t: ops.max_pool3d(t(1, 1, 4, 4, 4), 2, 0)),
    "avg_pool1d with stride 0": (OptionError, lambda t: ops.avg_pool1d(t(1, 1, 8), 2, 0)),
    "avg_pool2d of two axes": (InputError, lambda t: ops.avg_pool2d(t(8, 8), 2)),
    "avg_pool2d padded by more than half": (OptionError, lambda t: ops.avg_pool2d(t(1, 1, 8, 8), 2, 2, 2)),
    "avg_pool2d divided by 0": (OptionError, lambda t: ops.avg_pool2d(t(1, 1, 8, 8), 2, divisor_override=0)),
    "avg_pool3d with stride 0": (OptionError, lambda t: ops.avg_pool3d(t(1, 1, 4, 4, 4), 2, 0)),
    "adaptive_avg_pool1d to nothing": (OptionError, lambda t: ops.adaptive_avg_pool1d(t(1, 1, 8), 0)),
    "adaptive_avg_pool2d to nothing": (OptionError, lambda t: ops.adaptive_avg_pool2d(t(1, 1, 8, 8), 0)),
    "adaptive_avg_pool2d to three lengths": (
        OptionError,
        lambda t: ops.adaptive_avg_pool2d(t(1, 1, 8, 8), (1, 1, 1)),
    ),
    "adaptive_avg_pool2d to words": (OptionError, lambda t: ops.adaptive_avg_pool2d(t(1, 1, 8, 8), "one")),
    "adaptive_avg_pool2d of one axis": (InputError, lambda t: ops.adaptive_avg_pool2d(t(8), 1)),
    "adaptive_avg_pool3d to less than nothing": (
        OptionError,
        lambda t: ops.adaptive_avg_pool3d(t(1, 1, 4, 4, 4), (1, 1, -1)),
    ),
    "adaptive_max_pool1d to nothing": (OptionError, lambda t: ops.adaptive_max_pool1d(t(1, 1, 8), 0)),
    "adaptive_max_pool2d to less than nothing": (
        OptionError,
        lambda t: ops.adaptive_max_pool2d(t(1, 1, 8, 8), (2, -1)),
    ),
    "adaptive_max_pool3d to nothing": (OptionError, lambda t: ops.adaptive_max_pool3d(t(1, 1, 4, 4, 4), 0)),
}

NORMALISATION: Calls = {
    "batch_norm with other channels": (InputError, lambda t: ops.batch_norm(t(2, 3, 4), t(4), t(4))),
    "batch_norm of one value": (InputError, lambda t: ops.batch_norm(t(1, 3), None, None, training=True)),
    "batch_norm without statistics": (InputError, lambda t: ops.batch_norm(t(2, 3), None, None)),
    "batch_norm of whole numbers": (
        InputError,
        lambda t: ops.batch_norm(ops.reshape(t.whole(1, 2), (2, 1)), t(1), t(1)),
    ),
    "layer_norm over other axes": (InputError, lambda t: ops.layer_norm(t(2, 3), (4,))),
    "layer_norm with another weight": (InputError, lambda t: ops.layer_norm(t(2, 3), (3,), t(2))),
    "layer_norm of whole numbers": (InputError, lambda t: ops.layer_norm(t.whole(1, 2), (2,))),
    "group_norm by what does not divide": (InputError, lambda t: ops.group_norm(t(2, 4, 3), 3)),
    "group_norm by nothing": (OptionError, lambda t: ops.group_norm(t(2, 4, 3), 0)),
    "instance_norm of one value": (InputError, lambda t: ops.instance_norm(t(2, 3, 1))),
    "instance_norm with another weight": (InputError, lambda t: ops.instance_norm(t(2, 3, 4), weight=t(4))),
    "rms_norm over other axes": (InputError, lambda t: ops.rms_norm(t(2, 3), (4,))),
    "local_response_norm of two axes": (InputError, lambda t: ops.local_response_norm(t(2, 3), 3)),
    "local_response_norm over nothing": (OptionError, lambda t: ops.local_response_norm(t(2, 3, 4), 0)),
}

PADDING: Calls = {
    "pad half an axis": (OptionError, lambda t: ops.pad(t(2, 3), (1,))),
    "pad too many axes": (OptionError, lambda t: ops.pad(t(3), (1, 1, 1, 1))),
    "pad in an unknown way": (OptionError, lambda t: ops.pad(t(1, 1, 3), (1, 1), mode="reflekt")),
    "pad by words": (OptionError, lambda t: ops.pad(t(3), ("one", "two"))),
    "pad reflecting further than there is": (InputError, lambda t: ops.pad(t(1, 1, 3), (3, 0), mode="reflect")),
    "pad going round further than there is": (InputError, lambda t: ops.pad(t(1, 1, 3), (4, 0), mode="circular")),
    "pad reflecting a vector": (InputError, lambda t: ops.pad(t(3), (1, 1), mode="reflect")),
    "pad cropping more than there is": (InputError, lambda t: ops.pad(t(2, 3), (-2, -2))),
    "unfold by windows too large": (InputError, lambda t: ops.unfold(t(1, 1, 2, 2), 3)),
    "unfold with stride 0": (OptionError, lambda t: ops.unfold(t(1, 1, 4, 4), 2, stride=0)),
    "unfold of two axes": (InputError, lambda t: ops.unfold(t(4, 4), 2)),
    "fold of another number of windows": (InputError, lambda t: ops.fold(t(1, 4, 5), 3, 2)),
    "fold with stride 0": (OptionError, lambda t: ops.fold(t(1, 4, 4), 3, 2, stride=0)),
    "fold to nothing": (InputError, lambda t: ops.fold(t(1, 4, 4), 0, 2)),
}

RESIZE: Calls = {
    "interpolate in an unknown way": (OptionError, lambda t: ops.interpolate(t(1, 1, 4, 4), 2, mode="bilinaer")),
    "interpolate without a size": (OptionError, lambda t: ops.interpolate(t(1, 1, 4, 4))),
    "interpolate with two sizes": (OptionError, lambda t: ops.interpolate(t(1, 1, 4, 4), 2, 2.0)),
    "interpolate to nothing": (InputError, lambda t: ops.interpolate(t(1, 1, 4, 4), 0)),
    "interpolate by nothing": (InputError, lambda t: ops.interpolate(t(1, 1, 4, 4), scale_factor=0.0)),
    "interpolate to three lengths": (OptionError, lambda t: ops.interpolate(t(1, 1, 4, 4), (2, 2, 2))),
    "interpolate to words": (OptionError, lambda t: ops.interpolate(t(1, 1, 4, 4), "two")),
    "interpolate bilinearly in a line": (InputError, lambda t: ops.interpolate(t(1, 1, 4), 2, mode="bilinear")),
}

REDUCTIONS = (
    *("sum", "mean", "var", "std", "prod", "max", "min", "amax", "amin"),
    *("any", "all", "cumsum", "logsumexp", "norm"),
)

REDUCTION: Calls = {
    name: (InputIndexError, lambda t, name=name: getattr(ops, name.split()[0])(t(2, 3), dim=2))
    for name in (f"{op} over an absent axis" for op in REDUCTIONS)
} | {
    "sum over an axis twice": (InputError, lambda t: ops.sum(t(2, 3), dim=(1, -1))),
    "sum over a word": (OptionError, lambda t: ops.sum(t(2, 3), dim="rows")),
    "sum over half an axis": (OptionError, lambda t: ops.sum(t(2, 3), dim=0.5)),
    "mean over an axis twice": (InputError, lambda t: ops.mean(t(2, 3), dim=(0, 0))),
    "mean of whole numbers": (InputError, lambda t: ops.mean(t.whole(1, 2))),
    "var of whole numbers": (InputError, lambda t: ops.var(t.whole(1, 2))),
    "std of whole numbers": (InputError, lambda t: ops.std(t.whole(1, 2))),
    "norm of whole numbers": (InputError, lambda t: ops.norm(t.whole(1, 2))),
    "max of nothing": (InputError, lambda t: ops.max(t(0))),
    "min of nothing": (InputError, lambda t: ops.min(t(0, 2), dim=0)),
    "amax of nothing": (InputError, lambda t: ops.amax(t(0))),
    "cumsum over half an axis": (OptionError, lambda t: ops.cumsum(t(2), 0.5)),
}

SHAPE: Calls = {
    "reshape to another size": (InputError, lambda t: ops.reshape(t(2, 3), (4, 2))),
    "reshape with what does not divide": (InputError, lambda t: ops.reshape(t(2, 3), (4, -1))),
    "reshape with two unknowns": (InputError, lambda t: ops.reshape(t(2, 3), (-1, -1))),
    "reshape to words": (OptionError, lambda t: ops.reshape(t(2, 3), ("two", 3))),
    "flatten backwards": (InputError, lambda t: ops.flatten(t(2, 3, 4), 2, 1)),
    "flatten from an absent axis": (InputIndexError, lambda t: ops.flatten(t(2, 3), 2)),
    "unflatten to another size": (InputError, lambda t: ops.unflatten(t(2, 12), 1, (5, -1))),
    "unflatten an absent axis": (InputIndexError, lambda t: ops.unflatten(t(2, 12), 2, (3, -1))),
    "permute an axis twice": (InputError, lambda t: ops.permute(t(2, 3), (0, 0))),
    "permute too few axes": (InputError, lambda t: ops.permute(t(2, 3), (0,))),
    "permute an absent axis": (InputIndexError, lambda t: ops.permute(t(2, 3), (0, 2))),
    "transpose an absent axis": (InputIndexError, lambda t: ops.transpose(t(2, 3), 0, 2)),
    "transpose half an axis": (OptionError, lambda t: ops.transpose(t(2, 3), 0, 0.5)),
    "cat of other lengths": (InputError, lambda t: ops.cat([t(2, 3), t(3, 3)], dim=1)),
    "cat of other axes": (InputError, lambda t: ops.cat([t(2, 3), t(2)])),
    "cat along an absent axis": (InputIndexError, lambda t: ops.cat([t(2, 3), t(2, 3)], 2)),
    "cat of nothing": (InputError, lambda t: ops.cat([])),
    "stack of other shapes": (InputError, lambda t: ops.stack([t(2, 3), t(3, 2)])),
    "stack along an absent axis": (InputIndexError, lambda t: ops.stack([t(2, 3), t(2, 3)], 4)),
    "stack of nothing": (InputError, lambda t: ops.stack(())),
    "split into sections that do not add up": (InputError, lambda t: ops.split(t(5), [2, 2])),
    "split by 0": (OptionError, lambda t: ops.split(t(5), 0)),
    "split by half": (OptionError, lambda t: ops.split(t(5), 0.5)),
    "split along an absent axis": (InputIndexError, lambda t: ops.split(t(5), 2, 1)),
    "chunk by 0": (OptionError, lambda t: ops.chunk(t(5), 0)),
    "chunk along an absent axis": (InputIndexError, lambda t: ops.chunk(t(5), 2, 1)),
    "unbind along an absent axis": (InputIndexError, lambda t: ops.unbind(t(5), 1)),
    "unbind a number": (InputError, lambda t: ops.unbind(t())),
    "roll by more than there are axes": (InputError, lambda t: ops.roll(t(2, 3), (1, 1), (0,))),
    "roll along an absent axis": (InputIndexError, lambda t: ops.roll(t(2, 3), 1, 2)),
    "flip an absent axis": (InputIndexError, lambda t: ops.flip(t(2, 3), (2,))),
    "flip an axis twice": (InputError, lambda t: ops.flip(t(2, 3), (1, 1))),
    "repeat fewer axes": (InputError, lambda t: ops.repeat(t(2, 3), (2,))),
    "repeat fewer than never": (InputError, lambda t: ops.repeat(t(2), (-1,))),
    "tile by words": (OptionError, lambda t: ops.tile(t(2), ("two",))),
    "tile fewer than never": (InputError, lambda t: ops.tile(t(2), (-1,))),
    "repeat_interleave fewer than never": (InputError, lambda t: ops.repeat_interleave(t(2), -1)),
    "repeat_interleave along an absent axis": (InputIndexError, lambda t: ops.repeat_interleave(t(2), 2, 1)),
    "expand what is not 1": (InputError, lambda t: ops.expand(t(2, 3), (2, 4))),
    "expand to fewer axes": (InputError, lambda t: ops.expand(t(2, 3), (3,))),
    "squeeze an absent axis": (InputIndexError, lambda t: ops.squeeze(t(1, 3), 2)),
    "squeeze half an axis": (OptionError, lambda t: ops.squeeze(t(1, 3), 0.5)),
    "unsqueeze beyond the axes": (InputIndexError, lambda t: ops.unsqueeze(t(2, 3), 3)),
    "meshgrid of a matrix": (InputError, lambda t: ops.meshgrid(t(2, 3), t(2))),
    "meshgrid indexed otherwise": (OptionError, lambda t: ops.meshgrid(t(2), indexing="ji")),
    "meshgrid of nothing": (InputError, lambda t: ops.meshgrid()),
    "pixel_shuffle by what does not divide": (InputError, lambda t: ops.pixel_shuffle(t(1, 6, 2, 2), 2)),
    "pixel_shuffle by 0": (OptionError, lambda t: ops.pixel_shuffle(t(1, 6, 2, 2), 0)),
    "pixel_shuffle of two axes": (InputError, lambda t: ops.pixel_shuffle(t(4, 4), 2)),
    "pixel_unshuffle by what does not divide": (InputError, lambda t: ops.pixel_unshuffle(t(1, 6, 3, 2), 2)),
    "pixel_unshuffle by half": (OptionError, lambda t: ops.pixel_unshuffle(t(1, 6, 3, 2), 0.5)),
}

VALUES: Calls = {
    "gather out of range": (InputIndexError, lambda t: ops.gather(t(3), 0, t.whole(3))),
    "gather below 0": (InputIndexError, lambda t: ops.gather(t(3), 0, t.whole(-4))),
    "scatter out of range": (InputIndexError, lambda t: ops.scatter(t(3), 0, t.whole(9), 1.0)),
    "scatter_add out of range": (InputIndexError, lambda t: ops.scatter_add(t(3), 0, t.whole(9), t(1))),
    "index_select out of range": (InputIndexError, lambda t: ops.index_select(t(3), 0, t.whole(9))),
    "embedding out of range": (InputIndexError, lambda t: ops.embedding(t.whole(9), t(3, 2))),
    "embedding below 0": (InputIndexError, lambda t: ops.embedding(t.whole(-1), t(3, 2))),
    "one_hot out of range": (InputIndexError, lambda t: ops.one_hot(t.whole(9), 3)),
    "one_hot below 0": (InputIndexError, lambda t: ops.one_hot(t.whole(-1), 3)),
    "cross_entropy of a class out of range": (InputIndexError, lambda t: ops.cross_entropy(t(1, 3), t.whole(3))),
    "cross_entropy of a class below 0": (InputIndexError, lambda t: ops.cross_entropy(t(1, 3), t.whole(-1))),
    "nll_loss of a class out of range": (InputIndexError, lambda t: ops.nll_loss(t(1, 3), t.whole(9))),
    "remainder by 0": (InputError, lambda t: ops.remainder(t.whole(3), 0)),
    "remainder by a tensor that holds 0": (InputError, lambda t: ops.remainder(t.whole(3), t.whole(0))),
    "bernoulli of no probability": (InputError, lambda t: ops.bernoulli(t(2) + 2.0)),
}
"""What only the numbers in a tensor tell: not for the backend without numbers."""
