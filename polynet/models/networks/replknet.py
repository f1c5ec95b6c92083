"""RepLKNet (Ding et al. 2022, arXiv:2203.06717): depthwise convolutions of up to 31x31.

Beside each large kernel a small one trains, and is merged into it to be deployed. Names of weights within a block are
those of the authors' code.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from polynet import nn
from polynet.errors import OptionError
from polynet.models.blocks.activation import activation
from polynet.models.blocks.conv_norm import ConvNorm
from polynet.models.blocks.normalisation import norm2d
from polynet.models.network import CLS_HEAD, Name
from polynet.models.networks.plan import linear_drop_rates, per_stage
from polynet.models.reparameterise import BranchedConvolution, BranchedNetwork
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor
from polynet.weights.reparameterise import FUSIONS


class LargeKernel(BranchedConvolution):
    """A depthwise convolution with a large kernel and, where asked for, one with a small kernel beside it.

    Args:
        width: Channels.
        k: Side of the large kernel.
        small_kernel: Side of the small one; `None` for none.
        norm_name: Normalisation.
        deploy: Make one convolution with a bias instead of the branches.

    Raises:
        OptionError: The small kernel is larger than the large one.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = LargeKernel(8, 13, small_kernel=5)
        >>> tuple(layer(ops.ones((1, 8, 6, 6))).shape)
        (1, 8, 6, 6)
    """

    fusion = FUSIONS["replknet"]

    def __init__(
        self, width: int, k: int, small_kernel: int | None = None, norm_name: Name = "BN", deploy: bool = False
    ) -> None:
        super().__init__()
        if small_kernel is not None and small_kernel > k:
            message = f"RepLKNet: small_kernel={small_kernel} cannot be merged into a kernel of {k}, which is smaller."
            raise OptionError(message)
        self.plan(width, width, k, 1, width)
        self.lkb_origin: Any = None if deploy else ConvNorm(width, width, k, groups=width, norm_name=norm_name)
        self.small_conv = None
        if small_kernel is not None and not deploy:
            self.small_conv = ConvNorm(width, width, small_kernel, groups=width, norm_name=norm_name)
        # Last, as it is where it takes the place of the branches later.
        self.lkb_reparam = self.merged_convolution() if deploy else None

    def forward(self, x: Tensor) -> Tensor:
        """Convolve `(N, width, H, W)`; the shape stays."""
        if self.lkb_reparam is not None:
            return self.lkb_reparam(x)
        large = self.lkb_origin(x)
        return large if self.small_conv is None else large + self.small_conv(x)


class RepLKBlock(nn.Module):
    """Normalisation, pointwise, large depthwise, pointwise convolution; and a shortcut.

    Args:
        width: Channels.
        inner: Channels of the depthwise convolution.
        k: Side of its kernel.
        small_kernel: Side of the small kernel beside it; `None` for none.
        drop_path_rate: Probability of dropping the block.
        norm_name: Normalisation.
        deploy: Build with the kernels merged.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = RepLKBlock(8, 12, 13)
        >>> tuple(block(ops.ones((1, 8, 6, 6))).shape)
        (1, 8, 6, 6)
    """

    def __init__(
        self,
        width: int,
        inner: int,
        k: int,
        small_kernel: int | None = None,
        drop_path_rate: float = 0.0,
        norm_name: Name = "BN",
        deploy: bool = False,
    ) -> None:
        super().__init__()
        self.prelkb_bn = norm2d(norm_name, width)
        self.pw1 = ConvNorm(width, inner, 1, norm_name=norm_name, act_name="relu")
        self.large_kernel = LargeKernel(inner, k, small_kernel, norm_name, deploy)
        self.lk_nonlinear = activation("relu")
        self.pw2 = ConvNorm(inner, width, 1, norm_name=norm_name)
        self.drop_path = nn.DropPath(drop_path_rate) if drop_path_rate > 0.0 else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, width, H, W)`; the shape stays."""
        out = self.pw2(self.lk_nonlinear(self.large_kernel(self.pw1(self.prelkb_bn(x)))))
        return x + (out if self.drop_path is None else self.drop_path(out))


class ConvFFN(nn.Module):
    """A transformer's feed-forward block of pointwise convolutions and batch normalisations.

    Args:
        width: Channels.
        inner: Channels between the convolutions.
        drop_path_rate: Probability of dropping the block.
        norm_name: Normalisation.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = ConvFFN(8, 32)
        >>> tuple(block(ops.ones((1, 8, 6, 6))).shape)
        (1, 8, 6, 6)
    """

    def __init__(
        self, width: int, inner: int, drop_path_rate: float = 0.0, norm_name: Name = "BN", act_name: Name = "gelu"
    ) -> None:
        super().__init__()
        self.preffn_bn = norm2d(norm_name, width)
        self.pw1 = ConvNorm(width, inner, 1, norm_name=norm_name)
        self.nonlinear = activation(act_name)
        self.pw2 = ConvNorm(inner, width, 1, norm_name=norm_name)
        self.drop_path = nn.DropPath(drop_path_rate) if drop_path_rate > 0.0 else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, width, H, W)`; the shape stays."""
        out = self.pw2(self.nonlinear(self.pw1(self.preffn_bn(x))))
        return x + (out if self.drop_path is None else self.drop_path(out))


@NETWORKS.register()
class RepLKNet(BranchedNetwork):
    """A network of large kernels in stages `stage1`, `stage2` and so on.

    `to_deploy()` gives the network with its kernels merged.

    Args:
        depths: Blocks of each stage; a feed-forward block follows each.
        widths: Channels of each stage.
        kernels: Side of the large kernels of each stage.
        small_kernel: Side of the kernel beside each; `None` for none.
        dw_ratio: Channels of the depthwise convolutions as a multiple of the stage's.
        ffn_ratio: Channels within the feed-forward blocks as a multiple of the stage's.
        drop_path_rate: Probability of dropping the last block; it falls evenly to 0 for the first.
        norm_name: Normalisation; with another than `"BN"` or `"SyncBN"` the kernels cannot be merged.
        act_name: Activation of the feed-forward blocks; everything else has `"relu"`.
        deploy: Build with the kernels merged.
        image_size: Side of the images it is meant for.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = RepLKNet(depths=(1, 1), widths=(8, 16), kernels=(13, 7), num_classes=10)
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape)
        (1, 10)
        >>> net.to_deploy().stage1[0].large_kernel.lkb_reparam.kernel_size
        (13, 13)
    """

    family = "replknet"
    recipe = Recipe()

    def __init__(
        self,
        depths: Sequence[int] = (2, 2, 18, 2),
        widths: Sequence[int] = (128, 256, 512, 1024),
        kernels: int | Sequence[int] = (31, 29, 27, 13),
        small_kernel: int | None = 5,
        dw_ratio: float = 1.0,
        ffn_ratio: float = 4.0,
        drop_path_rate: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "gelu",
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
        rows = per_stage("RepLKNet", depths=depths, width=widths, k=kernels)
        common: dict[str, Any] = {"norm_name": norm_name, "act_name": "relu"}
        base = widths[0]
        self.stem = nn.Sequential(
            ConvNorm(in_channels, base, 3, stride=2, **common),
            ConvNorm(base, base, 3, groups=base, **common),
            ConvNorm(base, base, 1, **common),
            ConvNorm(base, base, 3, stride=2, groups=base, **common),
        )
        self.transitions = nn.ModuleList([_transition(*pair, **common) for pair in itertools.pairwise(widths)])
        drop = linear_drop_rates(drop_path_rate, sum(depths))
        stages = []
        for index, row in enumerate(rows, start=1):
            width = row["width"]
            blocks: list[Any] = []
            for _ in range(row["depths"]):
                rate = next(drop)
                inner = int(width * dw_ratio)
                blocks.append(RepLKBlock(width, inner, row["k"], small_kernel, rate, norm_name, deploy))
                blocks.append(ConvFFN(width, int(width * ffn_ratio), rate, norm_name, act_name))
            setattr(self, f"stage{index}", nn.Sequential(*blocks))
            stages.append(Stage(f"stage{index}", width, 2 ** (index + 1)))
        self.norm = None if out_indices is not None else norm2d(norm_name, widths[-1])
        self.complete(
            stages,
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=norm_name,
            act_name=act_name,
        )

    def forward_stage(self, index: int, x: Tensor) -> Tensor:
        """The transition from the stage before, and the stage."""
        if index:
            x = self.transitions[index - 1](x)
        return getattr(self, self.stages[index].name)(x)

    def forward_final(self, x: Tensor) -> Tensor:
        """The last normalisation."""
        return x if self.norm is None else self.norm(x)


def _transition(w_in: int, w_out: int, **options: Any) -> Any:
    """What brings a map to the width and half the size of the next stage's."""
    return nn.Sequential(
        ConvNorm(w_in, w_out, 1, **options), ConvNorm(w_out, w_out, 3, stride=2, groups=w_out, **options)
    )


def _add(name: str, widths: Sequence[int], **row: Any) -> Any:
    return variant(NETWORKS, name, RepLKNet, module=__name__, widths=widths, **row)


replknet_31b = _add("replknet_31b", (128, 256, 512, 1024))
replknet_31l = _add("replknet_31l", (192, 384, 768, 1536), image_size=384)
replknet_xl = _add(
    "replknet_xl",
    (256, 512, 1024, 2048),
    kernels=(27, 27, 27, 13),
    small_kernel=None,
    dw_ratio=1.5,
    image_size=320,
)
