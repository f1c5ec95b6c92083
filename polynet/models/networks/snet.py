"""ShuffleNet v2 (Ma et al. 2018, arXiv:1807.11164) and v2+ (github.com/megvii-model/ShuffleNet-Series).

Options, names and weights' names are BaseCls's. Its networks, which are the authors', differ from torchvision's in the
first block of all and in the order of the channels, so that weights of one do not fit the other; `shufflenet_v2_*` are
torchvision's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np

from polynet import nn
from polynet.errors import OptionError
from polynet.models.blocks.choice import choose
from polynet.models.blocks.shuffle import SNV2Block, SNV2EvenBlock, SNV2XceptionBlock
from polynet.models.blocks.stem import SimpleStem
from polynet.models.network import ImageNetwork, Name
from polynet.models.networks.plan import per_block, per_stage
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.drawing import Array, fill_normal
from polynet.nn.initialisers import Constant, Fan, Initialiser, Normal
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor

BLOCKS: dict[str, Callable[..., Any]] = {
    "SNV2Block": SNV2Block,
    "SNV2EvenBlock": SNV2EvenBlock,
    "SNV2XceptionBlock": SNV2XceptionBlock,
}
SNET_HEAD: Mapping[str, Any] = MappingProxyType({"name": "ClsHead", "width": 1024, "bias": False})

Kernel = int | str


@attrs.frozen
class _NormalByInputs(Initialiser):
    """Normal with a standard deviation of one over the inputs of an output, not counting the kernel's window."""

    def fill(self, out: Array, generator: np.random.Generator, fan: Fan) -> None:
        """Draw."""
        fill_normal(out, generator, 0.0, 1.0 / out.shape[1])


RECIPE = Recipe(
    convolution=_NormalByInputs(),
    linear=Normal(0.01),
    bias=Constant(0.0),
    norm_bias=Constant(1e-4),
    named=(("stem.conv.weight", Normal(0.01)), ("head.se.*.weight", Normal(0.01))),
)
"""The authors' own, as BaseCls has it."""


@NETWORKS.register()
class SNetV2(ImageNetwork):
    """A network of blocks whose channels are shuffled, in stages `stage0`, `stage1` …; by default ShuffleNet v2 x1.0.

    The first stage has the activation ReLU, and the first two no squeeze-and-excitation, whatever the options say: so
    v2+ has it.

    Args:
        block: `"SNV2Block"`, `"SNV2XceptionBlock"` (v2+), `"SNV2EvenBlock"` (torchvision), or a class of one's own.
        stem_w: Channels of the stem.
        depths: Blocks of each stage.
        widths: Channels of each stage; even.
        strides: Stride of each stage's first block: 2 for all, since another block gives half of its channels to the
            next.
        kernels: Side of the depthwise convolutions, for all stages, each stage, or each block; `"x"` for the Xception
            form of v2+.
        use_maxpool: Whether a 3x3 max pooling with stride 2 follows the stem.
        se_r: Squeeze-and-excitation from the third stage on, as a share of a block's new channels; 0 for none.
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
        ...     net = SNetV2(stem_w=8, depths=(2, 1), widths=(16, 32), strides=(2, 2), num_classes=10)
        >>> [(stage.name, stage.channels, stage.stride) for stage in net.stages]
        [('stage0', 16, 8), ('stage1', 32, 16)]
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape)
        (1, 10)
    """

    family = "snet"
    recipe = RECIPE
    default_head = SNET_HEAD

    def __init__(
        self,
        block: str | Callable[..., Any] = "SNV2Block",
        stem_w: int = 24,
        depths: Sequence[int] = (4, 8, 4),
        widths: Sequence[int] = (116, 232, 464),
        strides: Sequence[int] = (2, 2, 2),
        kernels: Kernel | Sequence[Kernel | Sequence[Kernel]] = 3,
        use_maxpool: bool = True,
        se_r: float = 0.0,
        drop_path_prob: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        head: Mapping[str, Any] | None = SNET_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        make = choose("block", block, BLOCKS)
        rows = per_stage("SNetV2", depths=depths, width=widths, stride=strides, kernel=kernels)
        _check(rows)
        self.stem = SimpleStem(in_channels, stem_w, norm_name, act_name)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if use_maxpool else None
        total, w_in, made = self.stem.stride * (2 if use_maxpool else 1), stem_w, 0
        stages, count = [], sum(depths)
        for index, row in enumerate(rows):
            width, blocks = row["width"], []
            act, share = act_name if index else "relu", se_r if index >= 2 else 0.0
            common: dict[str, Any] = {"norm_name": norm_name, "act_name": act, "se_r": share}
            for position, (kernel,) in enumerate(per_block("SNetV2", row["depths"], row["kernel"])):
                made += 1
                # Counted from 1, unlike in BaseCls's other families: the last block has the whole probability.
                options = {**common, "kernel": kernel, "drop_path_prob": drop_path_prob * made / count}
                given, stride = (width // 2, 1) if position else (w_in, row["stride"])
                blocks.append(make(given, width, width // 2, stride=stride, **options))
            setattr(self, f"stage{index}", nn.Sequential(*blocks))
            w_in = width
            total *= row["stride"]
            stages.append(Stage(f"stage{index}", width, total))
        self.complete(
            stages,
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=norm_name,
            act_name=act_name,
        )

    def forward_stem(self, x: Tensor) -> Tensor:
        """The convolution, and the pooling where there is one."""
        x = self.stem(x)
        return x if self.maxpool is None else self.maxpool(x)


def _check(rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuse stages whose blocks could not share the channels out."""
    for row in rows:
        if row["stride"] != 2:
            message = f"SNetV2: every stage begins with stride 2, so strides must be 2 for each, not {row['stride']!r}."
            raise OptionError(message)
        if row["width"] % 2:
            message = f"SNetV2: a block works on half of the channels, so widths must be even, not {row['width']!r}."
            raise OptionError(message)


_PLUS: dict[str, Any] = {
    "block": "SNV2XceptionBlock",
    "stem_w": 16,
    "use_maxpool": False,
    "depths": (4, 4, 8, 4),
    "strides": (2, 2, 2, 2),
    "kernels": ((3, 3, "x", 5), (5, 5, 3, 3), (7, 3, 7, 5, 5, 3, 7, 3), (7, 5, "x", 7)),
    "se_r": 0.25,
    "act_name": "hswish",
    "head": {"name": "MBV3Head", "w_h": 1280, "width": 1280, "se_r": 0.25, "dropout_prob": 0.2, "bias": False},
}


def _add(name: str, *widths: int, **row: Any) -> Any:
    return variant(NETWORKS, name, SNetV2, module=__name__, widths=widths, **row)


snetv2_x050 = _add("snetv2_x050", 48, 96, 192, head=SNET_HEAD)
snetv2_x100 = _add("snetv2_x100", 116, 232, 464, head=SNET_HEAD)
snetv2_x150 = _add("snetv2_x150", 176, 352, 704, head=SNET_HEAD)
snetv2_x200 = _add("snetv2_x200", 244, 488, 976, head={**SNET_HEAD, "width": 2048, "dropout_prob": 0.2})

snetv2p_x075 = _add("snetv2p_x075", 36, 104, 208, 416, **_PLUS)
snetv2p_x100 = _add("snetv2p_x100", 48, 128, 256, 512, **_PLUS)
snetv2p_x125 = _add("snetv2p_x125", 68, 168, 336, 672, **_PLUS)

# The authors' network keeps the stem's channels through the first block; torchvision's widens them to half the stage's.
_EVEN: dict[str, Any] = {"block": "SNV2EvenBlock", "head": {**SNET_HEAD, "bias": True}}

shufflenet_v2_x0_5 = _add("shufflenet_v2_x0_5", 48, 96, 192, **_EVEN)
shufflenet_v2_x1_0 = _add("shufflenet_v2_x1_0", 116, 232, 464, **_EVEN)
shufflenet_v2_x1_5 = _add("shufflenet_v2_x1_5", 176, 352, 704, **_EVEN)
shufflenet_v2_x2_0 = _add(
    "shufflenet_v2_x2_0", 244, 488, 976, **{**_EVEN, "head": {**SNET_HEAD, "bias": True, "width": 2048}}
)
