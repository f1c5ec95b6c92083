"""HRNet, which keeps a fine map to the end (Wang et al. 2019, arXiv:1908.07919).

Options, names and weights' names are BaseCls's.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from polynet import nn
from polynet.errors import InputError, OptionError
from polynet.models.blocks.activation import activation
from polynet.models.blocks.convolution import conv2d
from polynet.models.blocks.high_resolution import HRMerge, HRStage, expansion
from polynet.models.blocks.normalisation import norm2d
from polynet.models.network import ImageNetwork, Name
from polynet.models.networks.plan import linear_drop_rates, per_stage
from polynet.models.networks.resnet import RECIPE
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.registry import NETWORKS
from polynet.types import Tensor

HR_HEAD: Mapping[str, Any] = MappingProxyType({"name": "ClsHead", "width": 2048})

_STEM_STRIDE = 4


@NETWORKS.register()
class HRNet(ImageNetwork):
    """Streams of falling resolution beside each other, one or more added at each stage; by default HRNet-W18.

    The modules `stage1`, `stage2` … return all streams at once, so none of them is the place of one feature map. Where
    features can be taken are the streams as they come out at the end, each widened by its block of `merge`: the pyramid
    that detectors use, and that timm's `features_only` gives. The last place is `merge` itself, the sum of all at the
    coarsest resolution, which the head is given.

    Args:
        stage_modules: Modules of each stage.
        stage_blocks: For each stage the residual blocks of each stream in a module.
        stage_block_names: Block of each stage: `"basic"`, or `"bottleneck"`, which puts out four times its width.
        stage_channels: For each stage the width of each stream's blocks. The first stage has one stream, and none has
            fewer than the one before.
        w_stem: Channels of the stem.
        merge_block_name: Block that widens the streams at the end.
        merge_channels: Width of that block for each stream of the last stage.
        drop_path_prob: Probability of dropping the block that widens; earlier ones, counted along the longest stream,
            are dropped proportionally less.
        norm_name: Normalisation.
        act_name: Activation.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = HRNet(
        ...         stage_modules=(1, 1), stage_blocks=((1,), (1, 1)), stage_block_names="basic",
        ...         stage_channels=((8,), (8, 16)), w_stem=8, merge_channels=(4, 8), num_classes=10,
        ...     )
        >>> [(stage.name, stage.channels, stage.stride) for stage in net.stages]
        [('merge.branch1', 16, 4), ('merge.branch2', 32, 8), ('merge', 32, 8)]
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape)
        (1, 10)
    """

    family = "hrnet"
    recipe = RECIPE
    default_head = HR_HEAD

    def __init__(
        self,
        stage_modules: Sequence[int] = (1, 1, 4, 3),
        stage_blocks: Sequence[Sequence[int]] = ((4,), (4, 4), (4, 4, 4), (4, 4, 4, 4)),
        stage_block_names: str | Sequence[str] = ("bottleneck", "basic", "basic", "basic"),
        stage_channels: Sequence[Sequence[int]] = ((64,), (18, 36), (18, 36, 72), (18, 36, 72, 144)),
        w_stem: int = 64,
        merge_block_name: str = "bottleneck",
        merge_channels: Sequence[int] = (32, 64, 128, 256),
        drop_path_prob: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        head: Mapping[str, Any] | None = HR_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        rows = per_stage(
            "HRNet", depths=stage_modules, block=stage_block_names, blocks=stage_blocks, widths=stage_channels
        )
        _check(rows, merge_channels)
        self.stem = _stem(in_channels, w_stem, norm_name, act_name)
        lengths = [row["depths"] * max(row["blocks"]) for row in rows]
        drop = linear_drop_rates(drop_path_prob, sum(lengths) + 1)
        w_in: list[int] = [w_stem]
        for index, (row, length) in enumerate(zip(rows, lengths, strict=True), start=1):
            plan = (row["depths"], row["block"], row["blocks"], w_in, row["widths"])
            drops = tuple(itertools.islice(drop, length))
            setattr(self, f"stage{index}", HRStage(*plan, index > 1, norm_name, act_name, drops))
            w_in = [expansion(row["block"]) * width for width in row["widths"]]
        self.merge = HRMerge(merge_block_name, w_in, merge_channels, norm_name, act_name, drop_path_prob)
        self.count = len(rows)
        self.step = _STEM_STRIDE * 2 ** (len(w_in) - 1)
        self.minimum_size = self.step
        outs = [expansion(merge_block_name) * width for width in merge_channels]
        stages = [Stage(f"merge.branch{index + 1}", width, _STEM_STRIDE * 2**index) for index, width in enumerate(outs)]
        self.complete(
            [*stages, Stage("merge", outs[-1], self.step)],
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=norm_name,
            act_name=act_name,
        )

    def forward_features(self, x: Tensor) -> Tensor:
        """The sum of the streams at the coarsest resolution."""
        self.check_input(x)
        return self.merge(self.forward_stem(x))

    def forward_stages(self, x: Tensor, indices: Sequence[int] | None = None) -> tuple[Tensor, ...]:
        """The streams at the end, widened, and their sum; see the class.

        Args:
            x: Images.
            indices: Stage numbers; `out_indices`, or else all, by default. All streams run.
        """
        wanted = self.stage_indices(self.out_indices if indices is None else indices)
        self.check_input(x)
        streams = self.forward_stem(x)
        joined = len(self.stages) - 1
        needed = range(joined) if joined in wanted else set(wanted)
        maps = {index: self.merge.widened(index, streams) for index in needed}
        if joined in wanted:
            maps[joined] = self.merge.joined([maps[index] for index in range(joined)])
        return tuple(maps[index] for index in wanted)

    def forward_stem(self, x: Tensor) -> Any:
        """The streams after the last stage: all that runs before the first place where features can be taken."""
        streams = [self.stem(x)]
        for index in range(1, self.count + 1):
            streams = getattr(self, f"stage{index}")(streams)
        return streams

    def forward_stage(self, index: int, x: Any) -> Any:
        """One place's map of the streams that `forward_stem` returned."""
        return self.merge(x) if index == len(self.stages) - 1 else self.merge.widened(index, x)

    def fits(self, height: int, width: int) -> bool:
        """Whether every stream has exactly half the size of the one before."""
        return min(height, width) > 0 and height % self.step == 0 and width % self.step == 0

    def check_input(self, x: Tensor) -> None:
        """Refuse images the network cannot work on.

        Raises:
            InputError: As for every network, and sizes that the streams cannot halve evenly.
        """
        super().check_input(x)
        if type(x) is not self._tensor_type or self._backend.is_tracing():
            return
        height, width = x.shape[2], x.shape[3]
        if height % self.step or width % self.step:
            near = "x".join(str(max(1, round(side / self.step)) * self.step) for side in (height, width))
            message = (
                f"{type(self).__name__} expects images whose height and width are multiples of {self.step} pixels, got "
                f"{height}x{width} in shape {tuple(x.shape)}. The nearest size is {near}."
            )
            raise InputError(message)


def _stem(in_channels: int, width: int, norm_name: Name, act_name: Name) -> Any:
    parts: OrderedDict[str, Any] = OrderedDict()
    for index, given in enumerate((in_channels, width), start=1):
        parts[f"conv_{index}"] = conv2d(given, width, 3, stride=2)
        parts[f"norm_{index}"] = norm2d(norm_name, width)
        parts[f"act_{index}"] = activation(act_name)
    return nn.Sequential(parts)


def _check(rows: Sequence[Mapping[str, Any]], merge_channels: Sequence[int]) -> None:
    """Refuse streams that begin from nothing, end before the last stage, or have no blocks."""
    before = 1
    for index, row in enumerate(rows, start=1):
        count = len(row["widths"])
        if count < before or (index == 1 and count != 1):
            message = (
                f"HRNet: stage_channels must have one stream in the first stage and never fewer than before; "
                f"stage {index} has {count}."
            )
            raise OptionError(message)
        if len(row["blocks"]) != count or min(row["blocks"]) < 1:
            message = (
                f"HRNet: stage_blocks must have {count} positive entries for stage {index}, one for each stream, not "
                f"{row['blocks']!r}."
            )
            raise OptionError(message)
        before = count
    if len(merge_channels) != before:
        message = f"HRNet: merge_channels must have {before} entries, one for each stream, not {merge_channels!r}."
        raise OptionError(message)


def _add(name: str, width: int, **row: Any) -> Any:
    streams = tuple(tuple(width * 2**stream for stream in range(count)) for count in (2, 3, 4))
    options = {"stage_channels": ((64,), *streams), **row}
    return variant(NETWORKS, name, HRNet, module=__name__, **options)


_TWO: tuple[tuple[int, ...], ...] = ((2, 2), (2, 2, 2), (2, 2, 2, 2))

hrnet_w18_small_v1 = _add(
    "hrnet_w18_small_v1",
    16,
    stage_modules=(1, 1, 1, 1),
    stage_blocks=((1,), *_TWO),
    stage_channels=((32,), (16, 32), (16, 32, 64), (16, 32, 64, 128)),
)
hrnet_w18_small_v2 = _add("hrnet_w18_small_v2", 18, stage_modules=(1, 1, 3, 2), stage_blocks=((2,), *_TWO))
hrnet_w18 = _add("hrnet_w18", 18)
hrnet_w30 = _add("hrnet_w30", 30)
hrnet_w32 = _add("hrnet_w32", 32)
hrnet_w40 = _add("hrnet_w40", 40)
hrnet_w44 = _add("hrnet_w44", 44)
hrnet_w48 = _add("hrnet_w48", 48)
hrnet_w64 = _add("hrnet_w64", 64)
