"""GhostNet (Han et al. 2020, arXiv:1911.11907) and GhostNet v2 (Tang et al. 2022, arXiv:2211.12905).

Weights' names are timm's, but for the stem's, the head's and those of squeeze-and-excitations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from polynet import nn
from polynet.errors import OptionError
from polynet.models.blocks.ghost import GhostBottleneck, rounded
from polynet.models.blocks.stem import SimpleStem
from polynet.models.heads.plan import head_options
from polynet.models.network import ImageNetwork, Name
from polynet.models.networks.plan import drop_probabilities
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.registry import NETWORKS
from polynet.types import Tensor

GHOST_HEAD: Mapping[str, Any] = MappingProxyType(
    {"name": "MBV3Head", "width": 960, "w_h": 1280, "dropout_prob": 0.2, "act_name": "relu"}
)

Row = Sequence[float]
"""A block: side of its depthwise convolutions, channels within, channels of its output, share of its
squeeze-and-excitation, stride."""

PLAN: tuple[tuple[Row, ...], ...] = (
    ((3, 16, 16, 0, 1),),
    ((3, 48, 24, 0, 2),),
    ((3, 72, 24, 0, 1),),
    ((5, 72, 40, 0.25, 2),),
    ((5, 120, 40, 0.25, 1),),
    ((3, 240, 80, 0, 2),),
    (
        (3, 200, 80, 0, 1),
        (3, 184, 80, 0, 1),
        (3, 184, 80, 0, 1),
        (3, 480, 112, 0.25, 1),
        (3, 672, 112, 0.25, 1),
    ),
    ((5, 672, 160, 0.25, 2),),
    ((5, 960, 160, 0, 1), (5, 960, 160, 0.25, 1), (5, 960, 160, 0, 1), (5, 960, 160, 0.25, 1)),
)

_PLAIN_BLOCKS = 2
"""Blocks of v2, counted from the first, that have no attention."""


@NETWORKS.register()
class GhostNet(ImageNetwork):
    """A network of bottlenecks made of ghost modules, in stages `blocks.0`, `blocks.1` …; by default GhostNet x1.0.

    Args:
        stem_w: Channels of the stem.
        plan: For each stage its blocks, each a row of: side of the depthwise convolutions, channels within, channels of
            the output, squeeze-and-excitation as a share of the channels within, stride.
        width_mult: Factor on all widths but that of the head's hidden layer.
        attention: Whether ghost modules that widen have long-range attention (v2), from the third block on. Images must
            then be larger than the stride of the last stage.
        drop_path_prob: Probability of dropping the last block; earlier ones are dropped proportionally less.
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
        ...     net = GhostNet(width_mult=0.25, num_classes=10)
        >>> len(net.stages), net.stages[-1]
        (9, Stage(name='blocks.8', channels=40, stride=32))
        >>> tuple(net(ops.ones((2, 3, 32, 32))).shape)
        (2, 10)
    """

    family = "ghostnet"
    default_head = GHOST_HEAD

    def __init__(
        self,
        stem_w: int = 16,
        plan: Sequence[Sequence[Row]] = PLAN,
        width_mult: float = 1.0,
        attention: bool = False,
        drop_path_prob: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        head: Mapping[str, Any] | None = GHOST_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        _check(plan)
        w_in = rounded(stem_w * width_mult)
        self.stem = SimpleStem(in_channels, w_in, norm_name, act_name)
        drop = drop_probabilities(drop_path_prob, sum(len(rows) for rows in plan))
        total, made, groups, stages = self.stem.stride, 0, [], []
        for index, rows in enumerate(plan):
            blocks = []
            for kernel, within, width, se_r, stride in rows:
                w_out = rounded(width * width_mult)
                block = GhostBottleneck(
                    w_in,
                    rounded(within * width_mult),
                    w_out,
                    kernel=int(kernel),
                    stride=int(stride),
                    se_r=se_r,
                    attention=attention and made >= _PLAIN_BLOCKS,
                    drop_path_prob=next(drop),
                    norm_name=norm_name,
                    act_name=act_name,
                )
                blocks.append(block)
                w_in, total, made = w_out, total * int(stride), made + 1
            groups.append(nn.Sequential(*blocks))
            stages.append(Stage(f"blocks.{index}", w_in, total))
        self.blocks = nn.Sequential(*groups)
        if attention:
            # Two positions remain to be halved where attention comes in.
            self.minimum_size = total + 1
        self.complete(
            stages,
            head=_scaled(head_options(head, None, self.default_head), width_mult),
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=norm_name,
            act_name=act_name,
        )

    def forward_stage(self, index: int, x: Tensor) -> Tensor:
        """One stage's blocks."""
        return self.blocks[index](x)


def _check(plan: Sequence[Sequence[Row]]) -> None:
    """Refuse a plan without blocks, or a row that is none."""
    rows = [row for group in plan for row in group]
    if not rows or not all(plan):
        message = f"GhostNet: plan must hold at least one block for each stage, not {plan!r}."
        raise OptionError(message)
    for row in rows:
        if len(row) != 5 or any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in row):
            message = f"GhostNet: a block is (kernel, channels within, channels, share, stride), not {row!r}."
            raise OptionError(message)


def _scaled(head: Mapping[str, Any] | None, width_mult: float) -> Mapping[str, Any] | None:
    """The head's convolution grows and shrinks with the network; its hidden layer does not."""
    if head is not None and head.get("width"):
        return {**head, "width": rounded(head["width"] * width_mult)}
    return head


def _add(name: str, width_mult: float, attention: bool = False) -> Any:
    return variant(NETWORKS, name, GhostNet, module=__name__, width_mult=width_mult, attention=attention)


ghostnet_050 = _add("ghostnet_050", 0.5)
ghostnet_100 = _add("ghostnet_100", 1.0)
ghostnet_130 = _add("ghostnet_130", 1.3)

ghostnetv2_100 = _add("ghostnetv2_100", 1.0, attention=True)
ghostnetv2_130 = _add("ghostnetv2_130", 1.3, attention=True)
ghostnetv2_160 = _add("ghostnetv2_160", 1.6, attention=True)
