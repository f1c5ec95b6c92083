"""From an image to tokens."""

from __future__ import annotations

from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.bricks.convolution import build_conv_layer, pair
from polynet.models.bricks.layer_config import LayerConfig
from polynet.models.bricks.normalisation import build_norm
from polynet.types import Tensor


class PatchEmbed(nn.Module):
    """Cut an image into patches, and map each to a token by a convolution.

    Args:
        in_channels: Channels of the image.
        embed_dims: Width of a token.
        conv_type: The convolution; see `build_conv_layer`.
        kernel_size: Side of a patch, or both sides.
        stride: Distance of patches; their side by default.
        padding: Zeros around the image; `"corner"` adds as many right and below as the last patches lack, `"same"`
            half of them on each side.
        dilation: Dilation.
        bias: Whether the convolution has a bias.
        norm_cfg: Normalisation of the tokens.
        input_size: Height and width of the images expected, or one number for both.

    Attributes:
        init_out_size: Patches along height and width for images of the expected size.

    Raises:
        OptionError: There is no such padding.

    Source: mmcv, `PatchEmbed`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     embed = PatchEmbed(3, 8, kernel_size=4, input_size=16)
        >>> tokens, size = embed(ops.ones((1, 3, 16, 12)))
        >>> tuple(tokens.shape), size, embed.init_out_size
        ((1, 12, 8), (4, 3), (4, 4))
    """

    def __init__(
        self,
        in_channels: int = 3,
        embed_dims: int = 768,
        conv_type: str = "Conv2d",
        kernel_size: Any = 16,
        stride: Any = None,
        padding: Any = "corner",
        dilation: Any = 1,
        bias: bool = True,
        norm_cfg: LayerConfig | None = None,
        input_size: Any = None,
    ) -> None:
        super().__init__()
        self.embed_dims = embed_dims
        self.kernel = pair(kernel_size)
        self.step = self.kernel if stride is None else pair(stride)
        self.spread = pair(dilation)
        if isinstance(padding, str) and padding not in ("corner", "same"):
            message = f"PatchEmbed: padding is 'corner', 'same' or a number, not {padding!r}."
            raise OptionError(message)
        self.adaptive = padding if isinstance(padding, str) else None
        self.border = (0, 0) if isinstance(padding, str) else pair(padding)
        self.projection = build_conv_layer(
            {"type": conv_type},
            in_channels,
            embed_dims,
            kernel_size=self.kernel,
            stride=self.step,
            padding=self.border,
            dilation=self.spread,
            bias=bias,
        )
        self.norm = None if norm_cfg is None else build_norm(norm_cfg, embed_dims)
        self.init_input_size = pair(input_size) if input_size else None
        self.init_out_size = self._grid(self.init_input_size) if self.init_input_size else None

    def _missing(self, size: Any) -> list[int]:
        """Rows and columns that the last patches of an image of this size lack."""
        missing = []
        for length, kernel, step, spread in zip(size, self.kernel, self.step, self.spread, strict=True):
            missing.append(max((-(-length // step) - 1) * step + (kernel - 1) * spread + 1 - length, 0))
        return missing

    def _grid(self, size: Any) -> tuple[int, int]:
        added = self._missing(size) if self.adaptive else [2 * border for border in self.border]
        rows, columns = (
            (length + more - spread * (kernel - 1) - 1) // step + 1
            for length, more, kernel, step, spread in zip(size, added, self.kernel, self.step, self.spread, strict=True)
        )
        return rows, columns

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Map `(N, in_channels, H, W)` to tokens `(N, L, embed_dims)`, and say how many rows and columns they are."""
        if self.adaptive:
            rows, columns = self._missing(x.shape[2:])
            if rows or columns:
                top, left = (rows // 2, columns // 2) if self.adaptive == "same" else (0, 0)
                x = ops.pad(x, (left, columns - left, top, rows - top))
        x = self.projection(x)
        height, width = x.shape[2:]
        x = ops.transpose(ops.flatten(x, 2), 1, 2)
        return x if self.norm is None else self.norm(x), (height, width)
