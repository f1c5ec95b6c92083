"""Blocks of ShuffleNet v2 and v2+ (Ma et al. 2018, arXiv:1807.11164; v2+: github.com/megvii-model/ShuffleNet-Series).

Names of the parts are BaseCls's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.blocks.activation import activation
from polynet.models.blocks.convolution import conv2d
from polynet.models.blocks.normalisation import norm2d, overwritable
from polynet.models.blocks.squeeze_excitation import SE
from polynet.types import Tensor

Name = str | Callable[..., Any] | None

STRIDES = (1, 2)
XCEPTION = "x"


class SNV2Block(nn.Module):
    """Half of the channels pass by, the other half runs through three convolutions; with stride 2 both halves run.

    With stride 1 the even channels pass and the odd ones run, so that a chain of blocks mixes all of them. With stride
    2 both branches are given all channels.

    Args:
        w_in: Channels each branch is given: half of the input's with stride 1, all of them with stride 2.
        w_out: Channels of the output.
        w_mid: Channels between the convolutions.
        kernel: Side of the depthwise convolution.
        stride: 1 or 2.
        se_r: Width of a squeeze-and-excitation as a share of the main branch's output; 0 for none.
        drop_path_prob: Probability of dropping the main branch.
        norm_name: Normalisation.
        act_name: Activation.

    Raises:
        OptionError: A stride or a kernel that cannot be.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     halves, shrink = SNV2Block(4, 8, 4), SNV2Block(8, 16, 8, stride=2)
        >>> tuple(shrink(halves(ops.ones((1, 8, 4, 4)))).shape)
        (1, 16, 2, 2)
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        w_mid: int,
        *,
        kernel: int | str = 3,
        stride: int = 1,
        se_r: float = 0.0,
        drop_path_prob: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu",
    ) -> None:
        super().__init__()
        if stride not in STRIDES:
            message = f"{type(self).__name__}: stride must be 1 or 2, not {stride!r}."
            raise OptionError(message)
        w_aside = self.aside(w_in, w_out)
        w_main = w_out - w_aside
        if w_main < 1:
            message = f"{type(self).__name__}: {w_out} channels leave none for the main branch beside {w_aside} others."
            raise OptionError(message)
        parts = _Parts(norm_name, act_name)
        self.branch_main = self.main_branch(parts, w_in, w_mid, w_main, kernel, stride)
        w_se = int(w_main * se_r)
        self.se = SE(w_main, w_se, act_name) if w_se else None
        self.drop_path = nn.DropPath(drop_path_prob) if drop_path_prob > 0.0 else None
        side = kernel if isinstance(kernel, int) else 3
        self.branch_proj = None
        if stride == 2:
            self.branch_proj = nn.Sequential(*parts.depthwise(w_in, side, stride), *parts.pointwise(w_in, w_aside))

    def aside(self, w_in: int, w_out: int) -> int:
        """Channels of the output that do not come from the main branch."""
        return w_in

    def main_branch(self, parts: _Parts, w_in: int, w_mid: int, w_main: int, kernel: int | str, stride: int) -> Any:
        """1x1, depthwise, 1x1 convolution."""
        if not isinstance(kernel, int):
            message = f"{type(self).__name__}: kernel must be an odd number, not {kernel!r}; see SNV2XceptionBlock."
            raise OptionError(message)
        return nn.Sequential(
            *parts.pointwise(w_in, w_mid), *parts.depthwise(w_mid, kernel, stride), *parts.pointwise(w_mid, w_main)
        )

    def split(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What passes by, and what runs through the main branch."""
        return x[:, ::2], x[:, 1::2]

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, C, H, W)` to `(N, w_out, H / stride, W / stride)`."""
        if self.branch_proj is not None:
            aside, x = self.branch_proj(x), self.branch_main(x)
        else:
            aside, x = self.split(x)
            x = self.branch_main(x)
        if self.se is not None:
            x = self.se(x)
        if self.drop_path is not None:
            x = self.drop_path(x)
        return ops.cat((aside, x), 1)


class SNV2XceptionBlock(SNV2Block):
    """The block of v2+: as `SNV2Block`; with the kernel `"x"` three depthwise 3x3 convolutions, each before a 1x1 one.

    Args:
        w_in: Channels each branch is given: half of the input's with stride 1, all of them with stride 2.
        w_out: Channels of the output.
        w_mid: Channels between the convolutions.
        kernel: Side of the depthwise convolution, or `"x"`.
        stride: 1 or 2.
        se_r: Width of a squeeze-and-excitation as a share of the main branch's output; 0 for none.
        drop_path_prob: Probability of dropping the main branch.
        norm_name: Normalisation.
        act_name: Activation.

    Raises:
        OptionError: A stride or a kernel that cannot be.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = SNV2XceptionBlock(4, 8, 4, kernel="x")
        >>> len(block.branch_main)
        15
    """

    def main_branch(self, parts: _Parts, w_in: int, w_mid: int, w_main: int, kernel: int | str, stride: int) -> Any:
        """Three pairs of a depthwise and a 1x1 convolution, the first with the stride."""
        if kernel != XCEPTION:
            if isinstance(kernel, str):
                message = f"{type(self).__name__}: kernel must be an odd number or {XCEPTION!r}, not {kernel!r}."
                raise OptionError(message)
            return super().main_branch(parts, w_in, w_mid, w_main, kernel, stride)
        return nn.Sequential(
            *parts.depthwise(w_in, 3, stride),
            *parts.pointwise(w_in, w_mid),
            *parts.depthwise(w_mid, 3, 1),
            *parts.pointwise(w_mid, w_mid),
            *parts.depthwise(w_mid, 3, 1),
            *parts.pointwise(w_mid, w_main),
        )


class SNV2EvenBlock(SNV2Block):
    """The block of torchvision: as `SNV2Block`, but that both branches put out half of the channels.

    The channels are shuffled after the block instead of before it: the first half of the shuffled ones passes by.

    Args:
        w_in: Channels each branch is given: half of the input's with stride 1, all of them with stride 2.
        w_out: Channels of the output.
        w_mid: Channels between the convolutions.
        kernel: Side of the depthwise convolution.
        stride: 1 or 2.
        se_r: Width of a squeeze-and-excitation as a share of the main branch's output; 0 for none.
        drop_path_prob: Probability of dropping the main branch.
        norm_name: Normalisation.
        act_name: Activation.

    Raises:
        OptionError: A stride or a kernel that cannot be.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = SNV2EvenBlock(4, 16, 8, stride=2)
        >>> tuple(block.branch_proj(ops.ones((1, 4, 4, 4))).shape)
        (1, 8, 2, 2)
    """

    def aside(self, w_in: int, w_out: int) -> int:
        """Half of the output."""
        return w_out // 2

    def split(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The first half passes by, the second one runs."""
        aside, main = ops.chunk(x, 2, 1)
        return aside, main

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, C, H, W)` to `(N, w_out, H / stride, W / stride)`."""
        x = super().forward(x)
        count, channels, height, width = x.shape
        x = ops.transpose(ops.reshape(x, (count, 2, channels // 2, height, width)), 1, 2)
        return ops.reshape(x, (count, channels, height, width))


class _Parts:
    """Makes the two kinds of convolution, with what follows each."""

    def __init__(self, norm_name: Name, act_name: Name) -> None:
        self.norm_name = norm_name
        self.act_name = act_name

    def pointwise(self, w_in: int, w_out: int) -> list[Any]:
        """1x1 convolution, normalisation, activation."""
        return [
            conv2d(w_in, w_out, 1),
            norm2d(self.norm_name, w_out),
            activation(self.act_name, owned=overwritable(self.norm_name)),
        ]

    def depthwise(self, width: int, side: int, stride: int) -> list[Any]:
        """Depthwise convolution and normalisation; no activation follows."""
        return [conv2d(width, width, side, stride=stride, groups=width), norm2d(self.norm_name, width)]
