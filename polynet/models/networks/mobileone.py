"""MobileOne (Vasu et al. 2023, arXiv:2206.04040): separable convolutions, over-parameterised while they train.

Names of weights within a block are timm's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polynet import nn
from polynet.errors import OptionError
from polynet.models.blocks.activation import activation
from polynet.models.blocks.conv_norm import ConvNorm
from polynet.models.blocks.normalisation import norm2d, overwritable
from polynet.models.blocks.squeeze_excitation import SE
from polynet.models.blocks.width import make_divisible
from polynet.models.network import CLS_HEAD, Name
from polynet.models.networks.plan import linear_drop_rates, per_stage
from polynet.models.networks.repvgg import BASE_WIDTHS
from polynet.models.networks.resnet import RECIPE
from polynet.models.reparameterise import BranchedConvolution, BranchedNetwork
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.registry import NETWORKS
from polynet.types import Tensor
from polynet.weights.reparameterise import FUSIONS

SE_RATIO = 1 / 16
"""Width of a squeeze-and-excitation as a share of the channels."""


class MobileOneBlock(BranchedConvolution):
    """The same convolution several times side by side, a 1x1 beside larger ones, and a normalised shortcut.

    Args:
        w_in: Channels of the input.
        w_out: Channels of the output.
        k: Side of the kernel.
        stride: Stride.
        groups: Groups of the convolutions.
        num_conv_branches: How often the convolution is there.
        has_se: Whether a squeeze-and-excitation follows.
        norm_name: Normalisation.
        act_name: Activation.
        drop_path_rate: Probability of dropping the convolutions, where there is a shortcut.
        deploy: Make one convolution with a bias instead of the branches.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = MobileOneBlock(8, 8, 3, groups=8, num_conv_branches=4)
        >>> len(block.conv_kxk), tuple(block(ops.ones((1, 8, 6, 6))).shape)
        (4, (1, 8, 6, 6))
    """

    fusion = FUSIONS["mobileone"]

    def __init__(
        self,
        w_in: int,
        w_out: int,
        k: int,
        *,
        stride: int = 1,
        groups: int = 1,
        num_conv_branches: int = 1,
        has_se: bool = False,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        drop_path_rate: float = 0.0,
        deploy: bool = False,
    ) -> None:
        super().__init__()
        self.plan(w_in, w_out, k, stride, groups)
        has_shortcut = w_in == w_out and stride == 1 and not deploy
        common: dict[str, Any] = {"stride": stride, "groups": groups, "norm_name": norm_name}
        if not deploy:
            self.conv_kxk = nn.ModuleList([ConvNorm(w_in, w_out, k, **common) for _ in range(num_conv_branches)])
        self.conv_scale = ConvNorm(w_in, w_out, 1, **common) if k > 1 and not deploy else None
        self.identity = norm2d(norm_name, w_in) if has_shortcut else None
        self.drop_path = nn.DropPath(drop_path_rate) if has_shortcut and drop_path_rate > 0.0 else None
        self.se = SE(w_out, make_divisible(w_out * SE_RATIO), act_name) if has_se else None
        self.act = activation(act_name, owned=overwritable(norm_name))
        # Last, as it is where it takes the place of the branches later.
        self.reparam_conv = self.merged_convolution() if deploy else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H / stride, W / stride)`."""
        x = self.branches(x) if self.reparam_conv is None else self.reparam_conv(x)
        return self.act(x if self.se is None else self.se(x))

    def branches(self, x: Tensor) -> Tensor:
        """The sum of the branches."""
        total = None if self.conv_scale is None else self.conv_scale(x)
        for branch in self.conv_kxk:
            total = branch(x) if total is None else total + branch(x)
        if self.identity is None:
            return total
        return (total if self.drop_path is None else self.drop_path(total)) + self.identity(x)


@NETWORKS.register()
class MobileOne(BranchedNetwork):
    """A network of separable convolutions in stages `stage1` to `stage4`, after the block `stem`.

    `to_deploy()` gives the network with its branches merged, which is the one the paper measures.

    Args:
        depths: Pairs of a depthwise and a pointwise block in each stage.
        width_multiplier: What 64, 128, 256 and 512 channels are multiplied by.
        num_conv_branches: How often each convolution is there; the stem's is there once.
        se_blocks: How many pairs at the end of each stage have squeeze-and-excitations.
        drop_path_rate: Probability of dropping the last block; it falls evenly to 0 for the first.
        norm_name: Normalisation; with another than `"BN"` or `"SyncBN"` the branches cannot be merged.
        act_name: Activation.
        deploy: Build with the branches merged.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = MobileOne(depths=(1, 1, 1, 1), width_multiplier=(0.25,) * 4, num_classes=10)
        >>> tuple(net(ops.ones((1, 3, 64, 64))).shape)
        (1, 10)
        >>> net.to_deploy().stage1[1].reparam_conv.kernel_size
        (1, 1)
    """

    family = "mobileone"
    recipe = RECIPE

    def __init__(
        self,
        depths: Sequence[int] = (2, 8, 10, 1),
        width_multiplier: Sequence[float] = (0.75, 1.0, 1.0, 2.0),
        num_conv_branches: int = 1,
        se_blocks: int | Sequence[int] = 0,
        drop_path_rate: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        deploy: bool = False,
        head: Mapping[str, Any] | None = CLS_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        if isinstance(num_conv_branches, bool) or not isinstance(num_conv_branches, int) or num_conv_branches < 1:
            message = f"num_conv_branches must be a whole number of at least 1, not {num_conv_branches!r}."
            raise OptionError(message)
        self.deploy = deploy
        rows = per_stage("MobileOne", depths=depths, base=BASE_WIDTHS, factor=width_multiplier, se_blocks=se_blocks)
        common: dict[str, Any] = {"norm_name": norm_name, "act_name": act_name, "deploy": deploy}
        w_in = make_divisible(min(64, 64 * width_multiplier[0]))
        self.stem = MobileOneBlock(in_channels, w_in, 3, stride=2, **common)
        common["num_conv_branches"] = num_conv_branches
        drop = linear_drop_rates(drop_path_rate, 2 * sum(depths))
        stages = []
        for index, row in enumerate(rows, start=1):
            width, blocks = make_divisible(row["base"] * row["factor"]), []
            for position in range(row["depths"]):
                stride = 1 if position else 2
                common["has_se"] = position >= row["depths"] - row["se_blocks"]
                depthwise: dict[str, Any] = {"stride": stride, "groups": w_in, "drop_path_rate": next(drop)}
                blocks.append(MobileOneBlock(w_in, w_in, 3, **depthwise, **common))
                blocks.append(MobileOneBlock(w_in, width, 1, drop_path_rate=next(drop), **common))
                w_in = width
            setattr(self, f"stage{index}", nn.Sequential(*blocks))
            stages.append(Stage(f"stage{index}", width, 2 ** (index + 1)))
        self.complete(
            stages,
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=norm_name,
            act_name=act_name,
        )


def _add(name: str, width_multiplier: Sequence[float], **row: Any) -> Any:
    return variant(NETWORKS, name, MobileOne, module=__name__, width_multiplier=width_multiplier, **row)


mobileone_s0 = _add("mobileone_s0", (0.75, 1.0, 1.0, 2.0), num_conv_branches=4)
mobileone_s1 = _add("mobileone_s1", (1.5, 1.5, 2.0, 2.5))
mobileone_s2 = _add("mobileone_s2", (1.5, 2.0, 2.5, 4.0))
mobileone_s3 = _add("mobileone_s3", (2.0, 2.5, 3.0, 4.0))
mobileone_s4 = _add("mobileone_s4", (3.0, 3.5, 3.5, 4.0), se_blocks=(0, 0, 5, 1))
