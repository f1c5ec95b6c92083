"""Residual branches of 3-d networks: whole convolutions, factorised ones, and ones separated by channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.blocks.video_convolution import (
    STILL,
    NormOptions,
    Triple,
    conv3d,
    factorised_width,
    norm3d,
    spatial,
    temporal,
)
from polynet.types import Tensor


def bottleneck_width(num_filters: int, expansion_ratio: int) -> int:
    """The width inside a bottleneck.

    Raises:
        OptionError: There is no channel left.
    """
    if isinstance(expansion_ratio, bool) or not isinstance(expansion_ratio, int) or expansion_ratio < 1:
        message = f"expansion_ratio is a whole number of at least 1, not {expansion_ratio!r}."
        raise OptionError(message)
    if num_filters < expansion_ratio:
        message = f"expansion_ratio {expansion_ratio} leaves nothing of {num_filters} filters."
        raise OptionError(message)
    return num_filters // expansion_ratio


class R2D3DBranch(nn.Module):
    """Two convolutions, or a bottleneck of three, over time and space at once.

    Args:
        dim_in: Channels of the input.
        num_filters: Channels of the output.
        kernel_size: Of the convolutions, along time, height and width.
        stride: Of the first convolution, or of the bottleneck's middle one.
        expansion_ratio: How much narrower a bottleneck is inside.
        bottleneck: Whether it is a bottleneck.
        bn_params: Options of the normalisations.

    Source: Tran et al. 2018, arXiv:1711.11248 (R3D); EssentialMC2, `R2D3DBranch`, whose names the weights have.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     branch = R2D3DBranch(4, 8, (3, 3, 3), (1, 2, 2))
        >>> tuple(branch(ops.ones((1, 4, 3, 8, 8))).shape)
        (1, 8, 3, 4, 4)
    """

    separable = False
    """Whether a bottleneck's middle convolution has each channel to itself."""

    def __init__(
        self,
        dim_in: int,
        num_filters: int,
        kernel_size: Triple,
        stride: Triple = STILL,
        expansion_ratio: int = 2,
        bottleneck: bool = False,
        bn_params: NormOptions = None,
    ) -> None:
        super().__init__()
        self.bottleneck = bottleneck
        if not bottleneck:
            self.a = conv3d(dim_in, num_filters, kernel_size, stride)
            self.a_bn = norm3d(num_filters, bn_params)
            self.b = conv3d(num_filters, num_filters, kernel_size)
            self.b_bn = norm3d(num_filters, bn_params)
            return
        width = bottleneck_width(num_filters, expansion_ratio)
        self.a = conv3d(dim_in, width, STILL)
        self.a_bn = norm3d(width, bn_params)
        self.b = conv3d(width, width, kernel_size, stride, groups=width if self.separable else 1)
        self.b_bn = norm3d(width, bn_params)
        self.c = conv3d(width, num_filters, STILL)
        self.c_bn = norm3d(num_filters, bn_params)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, dim_in, T, H, W)` to `(N, num_filters, T', H', W')`."""
        x = self.b_bn(self.b(ops.relu(self.a_bn(self.a(x)))))
        return self.c_bn(self.c(ops.relu(x))) if self.bottleneck else x


class CSNBranch(R2D3DBranch):
    """A bottleneck whose middle convolution has each channel to itself ("interaction-reduced").

    Args:
        dim_in: Channels of the input.
        num_filters: Channels of the output.
        kernel_size: Of the middle convolution, along time, height and width.
        stride: Of the middle convolution.
        expansion_ratio: How much narrower it is inside.
        bottleneck: Must be true.
        bn_params: Options of the normalisations.

    Raises:
        OptionError: It is to be no bottleneck: there is no such network.

    Source: Tran et al. 2019, arXiv:1904.02811; EssentialMC2, `CSNBranch`, whose names the weights have.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     branch = CSNBranch(4, 8, (3, 3, 3), bottleneck=True)
        >>> tuple(branch.b.weight.shape)
        (4, 1, 3, 3, 3)
    """

    separable = True

    def __init__(
        self,
        dim_in: int,
        num_filters: int,
        kernel_size: Triple,
        stride: Triple = STILL,
        expansion_ratio: int = 2,
        bottleneck: bool = False,
        bn_params: NormOptions = None,
    ) -> None:
        if not bottleneck:
            message = "CSNBranch is a bottleneck, and networks of depth 10, 16, 18 and 34 have none."
            raise OptionError(message)
        super().__init__(dim_in, num_filters, kernel_size, stride, expansion_ratio, bottleneck, bn_params)


class R2Plus1DBranch(nn.Module):
    """`R2D3DBranch` with each convolution as one within frames and one through them, and ReLU between.

    Args:
        dim_in: Channels of the input.
        num_filters: Channels of the output.
        kernel_size: Of the convolutions, along time, height and width.
        stride: Of the first convolution, or of the bottleneck's middle one.
        expansion_ratio: How much narrower a bottleneck is inside.
        bottleneck: Whether it is a bottleneck.
        bn_params: Options of the normalisations.
        shared_width: Between the halves of the second convolution have the width that is computed for the first, as in
            torchvision, where the paper computes one for each.

    Source: Tran et al. 2018, arXiv:1711.11248; EssentialMC2, `R2Plus1DBranch`, whose names the weights have.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     branch = R2Plus1DBranch(4, 8, (3, 3, 3), (2, 2, 2))
        >>> tuple(branch(ops.ones((1, 4, 4, 8, 8))).shape)
        (1, 8, 2, 4, 4)
    """

    a1: Any
    a1_bn: Any
    a2: Any
    a2_bn: Any
    b1: Any
    b1_bn: Any
    b2: Any
    b2_bn: Any

    def __init__(
        self,
        dim_in: int,
        num_filters: int,
        kernel_size: Triple,
        stride: Triple = STILL,
        expansion_ratio: int = 2,
        bottleneck: bool = False,
        bn_params: NormOptions = None,
        shared_width: bool = False,
    ) -> None:
        super().__init__()
        self.bottleneck = bottleneck
        width = bottleneck_width(num_filters, expansion_ratio) if bottleneck else num_filters
        if bottleneck:
            self.a = conv3d(dim_in, width, STILL)
            self.a_bn = norm3d(width, bn_params)
            self._add_pair("b", width, width, width, kernel_size, stride, bn_params)
            self.c = conv3d(width, num_filters, STILL)
            self.c_bn = norm3d(num_filters, bn_params)
            return
        first = factorised_width(dim_in, width, kernel_size)
        second = first if shared_width else factorised_width(width, width, kernel_size)
        self._add_pair("a", dim_in, first, width, kernel_size, stride, bn_params)
        self._add_pair("b", width, second, width, kernel_size, STILL, bn_params)

    def _add_pair(
        self, name: str, dim_in: int, width: int, dim: int, kernel: Triple, stride: Triple, bn_params: NormOptions
    ) -> None:
        """Add a factorised convolution: `name` with 1 within frames, with 2 through them."""
        setattr(self, f"{name}1", conv3d(dim_in, width, spatial(kernel), spatial(stride)))
        setattr(self, f"{name}1_bn", norm3d(width, bn_params))
        setattr(self, f"{name}2", conv3d(width, dim, temporal(kernel), temporal(stride)))
        setattr(self, f"{name}2_bn", norm3d(dim, bn_params))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, dim_in, T, H, W)` to `(N, num_filters, T', H', W')`."""
        if self.bottleneck:
            x = ops.relu(self.a_bn(self.a(x)))
            x = ops.relu(self.b1_bn(self.b1(x)))
            x = ops.relu(self.b2_bn(self.b2(x)))
            return self.c_bn(self.c(x))
        x = ops.relu(self.a1_bn(self.a1(x)))
        x = ops.relu(self.a2_bn(self.a2(x)))
        x = ops.relu(self.b1_bn(self.b1(x)))
        return self.b2_bn(self.b2(x))


BRANCHES: Mapping[str, Callable[..., Any]] = {
    "R2D3DBranch": R2D3DBranch,
    "R2Plus1DBranch": R2Plus1DBranch,
    "CSNBranch": CSNBranch,
}
"""EssentialMC2's names."""
