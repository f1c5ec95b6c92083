"""RepVGG (Ding et al. 2021, arXiv:2101.03697): trained with three branches, deployed as plain 3x3 convolutions.

Options, names and weights' names are BaseCls's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polynet import nn
from polynet.models.blocks.activation import activation
from polynet.models.blocks.conv_norm import ConvNorm
from polynet.models.blocks.normalisation import norm2d, overwritable
from polynet.models.blocks.residual import added
from polynet.models.blocks.squeeze_excitation import SE
from polynet.models.network import CLS_HEAD, Name
from polynet.models.networks.plan import drop_probabilities, per_block, per_stage
from polynet.models.networks.resnet import RECIPE
from polynet.models.reparameterise import BranchedConvolution, BranchedNetwork
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.registry import NETWORKS
from polynet.types import Tensor
from polynet.weights.reparameterise import FUSIONS

BASE_WIDTHS = (64, 128, 256, 512)
"""Channels of the stages before they are multiplied."""


class RepVGGBlock(BranchedConvolution):
    """3x3 and 1x1 convolutions side by side, with a normalised shortcut where the shape stays.

    Args:
        w_in: Channels of the input.
        w_out: Channels of the output.
        stride: Stride.
        groups: Groups of the convolutions.
        se_r: Width of a squeeze-and-excitation as a share of `w_out`; 0 for none.
        norm_name: Normalisation.
        act_name: Activation.
        drop_path_prob: Probability of dropping the convolutions, where there is a shortcut.
        deploy: Make one 3x3 convolution with a bias instead of the branches.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = RepVGGBlock(4, 8, stride=2)
        >>> tuple(block(ops.ones((1, 4, 6, 6))).shape)
        (1, 8, 3, 3)
    """

    fusion = FUSIONS["repvgg"]

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        groups: int = 1,
        se_r: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        drop_path_prob: float = 0.0,
        deploy: bool = False,
    ) -> None:
        super().__init__()
        self.plan(w_in, w_out, 3, stride, groups)
        has_shortcut = w_in == w_out and stride == 1 and not deploy
        if not deploy:
            self.rbr_dense = ConvNorm(w_in, w_out, 3, stride=stride, groups=groups, norm_name=norm_name)
            self.rbr_1x1 = ConvNorm(w_in, w_out, 1, stride=stride, groups=groups, norm_name=norm_name)
        self.rbr_identity = norm2d(norm_name, w_in) if has_shortcut else None
        self.drop_path = nn.DropPath(drop_path_prob) if has_shortcut and drop_path_prob > 0.0 else None
        self.se = SE(w_out, int(w_out * se_r), act_name) if se_r > 0.0 else None
        self.overwrites = overwritable(norm_name)
        self.nonlinearity = activation(act_name, owned=self.overwrites)
        # Last, as it is where it takes the place of the branches later.
        self.rbr_reparam = self.merged_convolution() if deploy else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H / stride, W / stride)`."""
        x = self.branches(x) if self.rbr_reparam is None else self.rbr_reparam(x)
        return self.nonlinearity(x if self.se is None else self.se(x))

    def branches(self, x: Tensor) -> Tensor:
        """The sum of the branches."""
        total = added(self.rbr_1x1(x), self.rbr_dense(x), overwrite=self.overwrites)
        if self.rbr_identity is None:
            return total
        if self.drop_path is not None:
            total = self.drop_path(total)
        return added(total, self.rbr_identity(x), overwrite=self.overwrites)


@NETWORKS.register()
class RepVGG(BranchedNetwork):
    """A plain network of stages `stage1` to `stage4`, after the block `stage0`.

    `to_deploy()` gives the network with its branches merged.

    Args:
        num_blocks: Blocks of each stage.
        width_multiplier: What 64, 128, 256 and 512 channels are multiplied by.
        groups: Groups of the convolutions: for all, for each stage, or in a stage's place for each of its blocks.
        se_r: Width of a squeeze-and-excitation as a share of the channels; 0 for none.
        drop_path_prob: Probability of dropping the last block; earlier ones are dropped proportionally less.
        norm_name: Normalisation; with another than `"BN"` or `"SyncBN"` the branches cannot be merged.
        act_name: Activation.
        deploy: Build with the branches merged.
        image_size: Side of the images it is meant for.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = RepVGG(num_blocks=(1, 2, 1, 1), width_multiplier=(0.25,) * 4, num_classes=10)
        >>> tuple(net(ops.ones((1, 3, 64, 64))).shape)
        (1, 10)
        >>> net.to_deploy().stage1[0].rbr_reparam.kernel_size
        (3, 3)
    """

    family = "repvgg"
    recipe = RECIPE

    def __init__(
        self,
        num_blocks: Sequence[int] = (2, 4, 14, 1),
        width_multiplier: Sequence[float] = (0.75, 0.75, 0.75, 2.5),
        groups: int | Sequence[int | Sequence[int]] = 1,
        se_r: float = 0.0,
        drop_path_prob: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        deploy: bool = False,
        image_size: int = 224,
        head: Mapping[str, Any] | None = CLS_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        self.input_size = (in_channels, image_size, image_size)
        self.deploy = deploy
        rows = per_stage("RepVGG", depths=num_blocks, base=BASE_WIDTHS, factor=width_multiplier, groups=groups)
        common: dict[str, Any] = {"se_r": se_r, "norm_name": norm_name, "act_name": act_name, "deploy": deploy}
        drop = drop_probabilities(drop_path_prob, sum(num_blocks))
        w_in = min(64, int(64 * width_multiplier[0]))
        self.stage0 = RepVGGBlock(in_channels, w_in, 2, **common)
        stages = []
        for index, row in enumerate(rows, start=1):
            width, blocks = int(row["base"] * row["factor"]), []
            for position, (block_groups,) in enumerate(per_block("RepVGG", row["depths"], row["groups"])):
                stride = 1 if position else 2
                block = RepVGGBlock(w_in, width, stride, block_groups, drop_path_prob=next(drop), **common)
                blocks.append(block)
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

    def forward_stem(self, x: Tensor) -> Tensor:
        """The block before the first stage."""
        return self.stage0(x)


def _every_second(groups: int) -> dict[str, Any]:
    """Groups in every second block of the deeper networks, counted from the second block of each stage."""
    return {"groups": tuple(tuple((1, groups)[index % 2] for index in range(depth)) for depth in _B["num_blocks"])}


_A: dict[str, Any] = {"num_blocks": (2, 4, 14, 1)}
_B: dict[str, Any] = {"num_blocks": (4, 6, 16, 1)}
_D: dict[str, Any] = {"num_blocks": (8, 14, 24, 1), "se_r": 0.0625, "image_size": 320}


def _add(name: str, width_multiplier: Sequence[float], **row: Any) -> Any:
    return variant(NETWORKS, name, RepVGG, module=__name__, width_multiplier=width_multiplier, **row)


repvgg_a0 = _add("repvgg_a0", (0.75, 0.75, 0.75, 2.5), **_A)
repvgg_a1 = _add("repvgg_a1", (1.0, 1.0, 1.0, 2.5), **_A)
repvgg_a2 = _add("repvgg_a2", (1.5, 1.5, 1.5, 2.75), **_A)
repvgg_b0 = _add("repvgg_b0", (1.0, 1.0, 1.0, 2.5), **_B)
repvgg_b1 = _add("repvgg_b1", (2.0, 2.0, 2.0, 4.0), **_B)
repvgg_b1g2 = _add("repvgg_b1g2", (2.0, 2.0, 2.0, 4.0), **_B, **_every_second(2))
repvgg_b1g4 = _add("repvgg_b1g4", (2.0, 2.0, 2.0, 4.0), **_B, **_every_second(4))
repvgg_b2 = _add("repvgg_b2", (2.5, 2.5, 2.5, 5.0), **_B)
repvgg_b2g2 = _add("repvgg_b2g2", (2.5, 2.5, 2.5, 5.0), **_B, **_every_second(2))
repvgg_b2g4 = _add("repvgg_b2g4", (2.5, 2.5, 2.5, 5.0), **_B, **_every_second(4))
repvgg_b3 = _add("repvgg_b3", (3.0, 3.0, 3.0, 5.0), **_B)
repvgg_b3g2 = _add("repvgg_b3g2", (3.0, 3.0, 3.0, 5.0), **_B, **_every_second(2))
repvgg_b3g4 = _add("repvgg_b3g4", (3.0, 3.0, 3.0, 5.0), **_B, **_every_second(4))
repvgg_d2 = _add("repvgg_d2", (2.5, 2.5, 2.5, 5.0), **_D)
