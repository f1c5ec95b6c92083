"""Parts of HRNet (Wang et al. 2019, arXiv:1908.07919): streams of several resolutions that exchange what they see.

A list of maps stands for the streams, the finest first, each with half the height and width of the one before. Names of
the parts are BaseCls's.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from polynet import nn
from polynet.models.blocks.activation import activation
from polynet.models.blocks.choice import choose
from polynet.models.blocks.convolution import conv2d
from polynet.models.blocks.normalisation import norm2d
from polynet.models.blocks.residual import ResBasicBlock, ResBottleneckBlock
from polynet.types import Tensor

Name = str | Callable[..., Any] | None
Streams = list[Tensor]

EXPANSIONS = {"basic": 1, "bottleneck": 4}
"""How many times its given width a residual block puts out, by the block's name."""


def expansion(block_name: str) -> int:
    """How many times its given width a block puts out.

    Raises:
        OptionError: There is no such block.

    Example:
        >>> expansion("bottleneck")
        4
    """
    choose("block", block_name, _BLOCKS)
    return EXPANSIONS[block_name]


def _basic(w_in: int, width: int, **options: Any) -> Any:
    return ResBasicBlock(w_in, width, 1, **options)


def _bottleneck(w_in: int, width: int, **options: Any) -> Any:
    return ResBottleneckBlock(w_in, 4 * width, 1, **options)


_BLOCKS: dict[str, Callable[..., Any]] = {"basic": _basic, "bottleneck": _bottleneck}


def residual(
    block_name: str, w_in: int, width: int, norm_name: Name, act_name: Name, drop_path_prob: float = 0.0
) -> Any:
    """A residual block that puts out `width` times its expansion."""
    options = {"norm_name": norm_name, "act_name": act_name, "drop_path_prob": drop_path_prob}
    return choose("block", block_name, _BLOCKS)(w_in, width, **options)


def steps(count: int, w_in: int, w_out: int, norm_name: Name, act_name: Name, *, last_act: bool) -> Any:
    """Halve a map `count` times by 3x3 convolutions; the last of them brings it to `w_out` channels."""
    parts: OrderedDict[str, Any] = OrderedDict()
    for step in range(1, count + 1):
        width = w_out if step == count else w_in
        parts[f"conv_{step}"] = conv2d(w_in, width, 3, stride=2)
        parts[f"norm_{step}"] = norm2d(norm_name, width)
        if last_act or step < count:
            parts[f"act_{step}"] = activation(act_name)
    return nn.Sequential(parts)


class HRFusion(nn.Module):
    """Give every stream the sum of all streams, each brought to its resolution.

    Args:
        channels: Channels of the streams.
        norm_name: Normalisation.
        act_name: Activation of the sums.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     fusion = HRFusion((4, 8))
        >>> [tuple(x.shape) for x in fusion([ops.ones((1, 4, 8, 8)), ops.ones((1, 8, 4, 4))])]
        [(1, 4, 8, 8), (1, 8, 4, 4)]
    """

    def __init__(self, channels: Sequence[int], norm_name: Name = "BN", act_name: Name = "relu") -> None:
        super().__init__()
        for goal, w_out in enumerate(channels, start=1):
            for start, w_in in enumerate(channels, start=1):
                if start < goal:
                    way = steps(goal - start, w_in, w_out, norm_name, act_name, last_act=False)
                elif start > goal:
                    parts = {"conv_1": conv2d(w_in, w_out, 1), "norm_1": norm2d(norm_name, w_out)}
                    parts["upsample_1"] = nn.Upsample(scale_factor=2 ** (start - goal), mode="nearest")
                    way = nn.Sequential(OrderedDict(parts))
                else:
                    continue
                setattr(self, f"fuse_{start}_{goal}", way)
        self.count = len(channels)
        self.act = activation(act_name)

    def forward(self, streams: Streams) -> Streams:
        """As many streams, of the same shapes."""
        return [self.act(self._sum(goal, streams)) for goal in range(1, self.count + 1)]

    def _sum(self, goal: int, streams: Streams) -> Tensor:
        total = None
        for start, x in enumerate(streams, start=1):
            way = x if start == goal else getattr(self, f"fuse_{start}_{goal}")(x)
            total = way if total is None else total + way
        return total


class HRModule(nn.Module):
    """Residual blocks on every stream, then a fusion where there is more than one.

    Args:
        block_name: `"basic"` or `"bottleneck"`.
        depths: Blocks of each stream.
        w_in: Channels of each stream at first.
        widths: Width of each stream's blocks.
        norm_name: Normalisation.
        act_name: Activation.
        drop_path_probs: Probability of dropping each block of the longest stream; blocks beside each other share it.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     module = HRModule("basic", (1, 1), (4, 8), (4, 8))
        >>> [tuple(x.shape) for x in module([ops.ones((1, 4, 8, 8)), ops.ones((1, 8, 4, 4))])]
        [(1, 4, 8, 8), (1, 8, 4, 4)]
    """

    def __init__(
        self,
        block_name: str,
        depths: Sequence[int],
        w_in: Sequence[int],
        widths: Sequence[int],
        norm_name: Name = "BN",
        act_name: Name = "relu",
        drop_path_probs: Sequence[float] = (),
    ) -> None:
        super().__init__()
        drops = drop_path_probs or (0.0,) * max(depths)
        outs = [expansion(block_name) * width for width in widths]
        for stream, (depth, given, width) in enumerate(zip(depths, w_in, widths, strict=True), start=1):
            blocks: OrderedDict[str, Any] = OrderedDict()
            for position in range(1, depth + 1):
                options = (norm_name, act_name, drops[position - 1])
                blocks[f"block{position}"] = residual(block_name, given, width, *options)
                given = outs[stream - 1]
            setattr(self, f"branch{stream}", nn.Sequential(blocks))
        self.fusion = HRFusion(outs, norm_name, act_name) if len(outs) > 1 else None

    def forward(self, streams: Streams) -> Streams:
        """As many streams, of the same sizes."""
        streams = [getattr(self, f"branch{index}")(x) for index, x in enumerate(streams, start=1)]
        return streams if self.fusion is None else self.fusion(streams)


class HRTrans(nn.Module):
    """Bring the streams to other widths, and add coarser ones made of the coarsest.

    Args:
        w_in: Channels of the streams given.
        w_out: Channels of the streams returned; at least as many.
        norm_name: Normalisation.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     transition = HRTrans((4,), (4, 8))
        >>> [tuple(x.shape) for x in transition([ops.ones((1, 4, 8, 8))])]
        [(1, 4, 8, 8), (1, 8, 4, 4)]
    """

    def __init__(
        self, w_in: Sequence[int], w_out: Sequence[int], norm_name: Name = "BN", act_name: Name = "relu"
    ) -> None:
        super().__init__()
        self.count = len(w_out)
        for goal, width in enumerate(w_out, start=1):
            way = None
            if goal > len(w_in):
                way = steps(goal - len(w_in), w_in[-1], width, norm_name, act_name, last_act=True)
            elif w_in[goal - 1] != width:
                parts = {"conv_1": conv2d(w_in[goal - 1], width, 3), "norm_1": norm2d(norm_name, width)}
                parts["act_1"] = activation(act_name)
                way = nn.Sequential(OrderedDict(parts))
            setattr(self, f"trans_{goal}", way)

    def forward(self, streams: Streams) -> Streams:
        """As many streams as `w_out` has widths."""
        given = [*streams, *[streams[-1]] * (self.count - len(streams))]
        ways = (getattr(self, f"trans_{goal}") for goal in range(1, self.count + 1))
        return [x if way is None else way(x) for way, x in zip(ways, given, strict=True)]


class HRStage(nn.Module):
    """A transition, if any, and then modules.

    Args:
        modules: How many modules.
        block_name: `"basic"` or `"bottleneck"`.
        depths: Blocks of each stream in each module.
        w_in: Channels of the streams given.
        widths: Width of each stream's blocks.
        transition: Whether there is a transition; the first stage has none.
        norm_name: Normalisation.
        act_name: Activation.
        drop_path_probs: Probability of dropping each block of the longest stream, over all modules.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     stage = HRStage(1, "basic", (1, 1), (16,), (4, 8))
        >>> [tuple(x.shape) for x in stage([ops.ones((1, 16, 8, 8))])]
        [(1, 4, 8, 8), (1, 8, 4, 4)]
    """

    def __init__(
        self,
        modules: int,
        block_name: str,
        depths: Sequence[int],
        w_in: Sequence[int],
        widths: Sequence[int],
        transition: bool = True,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        drop_path_probs: Sequence[float] = (),
    ) -> None:
        super().__init__()
        outs = [expansion(block_name) * width for width in widths]
        self.transition = HRTrans(w_in, outs, norm_name, act_name) if transition else None
        given = outs if transition else list(w_in)
        self.count = modules
        longest = max(depths)
        for index in range(1, modules + 1):
            drops = drop_path_probs[(index - 1) * longest : index * longest]
            setattr(self, f"module{index}", HRModule(block_name, depths, given, widths, norm_name, act_name, drops))
            given = outs

    def forward(self, streams: Streams) -> Streams:
        """As many streams as there are widths."""
        if self.transition is not None:
            streams = self.transition(streams)
        for index in range(1, self.count + 1):
            streams = getattr(self, f"module{index}")(streams)
        return streams


class HRMerge(nn.Module):
    """Widen every stream, then add them from the finest to the coarsest.

    Args:
        block_name: Block that widens: `"basic"` or `"bottleneck"`.
        w_in: Channels of the streams.
        widths: Width of each stream's block.
        norm_name: Normalisation.
        act_name: Activation.
        drop_path_prob: Probability of dropping each block.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     merge = HRMerge("basic", (4, 8), (8, 16))
        >>> tuple(merge([ops.ones((1, 4, 8, 8)), ops.ones((1, 8, 4, 4))]).shape)
        (1, 16, 4, 4)
    """

    def __init__(
        self,
        block_name: str,
        w_in: Sequence[int],
        widths: Sequence[int],
        norm_name: Name = "BN",
        act_name: Name = "relu",
        drop_path_prob: float = 0.0,
    ) -> None:
        super().__init__()
        self.count = len(widths)
        outs = [expansion(block_name) * width for width in widths]
        for index, (given, width) in enumerate(zip(w_in, widths, strict=True), start=1):
            setattr(self, f"branch{index}", residual(block_name, given, width, norm_name, act_name, drop_path_prob))
        for index, (given, width) in enumerate(itertools.pairwise(outs), start=1):
            parts = {"conv": conv2d(given, width, 3, stride=2, bias=True), "norm": norm2d(norm_name, width)}
            parts["act"] = activation(act_name)
            setattr(self, f"dnsample{index}", nn.Sequential(OrderedDict(parts)))

    def widened(self, index: int, streams: Streams) -> Tensor:
        """One stream after its block; `index` counts from 0."""
        return getattr(self, f"branch{index + 1}")(streams[index])

    def joined(self, maps: Sequence[Tensor]) -> Tensor:
        """The sum of the widened streams at the coarsest resolution."""
        total = maps[0]
        for index, x in enumerate(maps[1:], start=1):
            total = getattr(self, f"dnsample{index}")(total) + x
        return total

    def forward(self, streams: Streams) -> Tensor:
        """One map of the coarsest stream's size."""
        return self.joined([self.widened(index, streams) for index in range(self.count)])
