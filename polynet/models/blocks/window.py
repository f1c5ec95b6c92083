"""Cutting a map into windows and putting it together again, and halving it: what both generations of Swin share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.blocks.normalisation import token_norm
from polynet.models.blocks.transformer import Name
from polynet.models.blocks.window_tables import Pair, shifted_window_mask
from polynet.types import Tensor


@attrs.frozen
class Windows:
    """How a map `(N, H, W, C)` is cut into windows.

    A side that is not longer than the window's is one window, and is not rolled. A longer one is filled up with zeros
    at its end to a multiple of the window's: after it was rolled, as in timm, or before, as in torchvision; then a
    shorter one is filled up as well.

    Attributes:
        grid: Height and width of the map.
        window: Height and width of a window.
        shift: How far the map is rolled upwards and to the left before it is cut; (0, 0): not at all.
        fill_first: Whether it is filled up before it is rolled.

    Example:
        >>> plan = Windows.of((7, 10), (4, 4), shifted=True)
        >>> plan.filled, plan.shift, Windows.of((4, 4), (7, 7), shifted=True)
        ((8, 12), (2, 2), Windows(grid=(4, 4), window=(4, 4), shift=(0, 0), fill_first=False))
    """

    grid: Pair
    window: Pair
    shift: Pair
    fill_first: bool = False

    @classmethod
    def of(cls, grid: Pair, window: Pair, shifted: bool, fill_first: bool = False) -> Windows:
        """Windows of the given size; of a smaller map's, unless that is filled up first."""
        fitting = window if fill_first else (min(grid[0], window[0]), min(grid[1], window[1]))
        shift = [side // 2 if shifted and whole > side else 0 for side, whole in zip(fitting, grid, strict=True)]
        return cls(grid, fitting, (shift[0], shift[1]), fill_first)

    @property
    def filled(self) -> Pair:
        """Height and width with the zeros at the end."""
        height, width = (-(-whole // side) * side for whole, side in zip(self.grid, self.window, strict=True))
        return height, width

    @property
    def area(self) -> int:
        """Places in a window."""
        return self.window[0] * self.window[1]

    @property
    def count(self) -> int:
        """Windows in a map."""
        return self.filled[0] * self.filled[1] // self.area

    def mask(self) -> Any:
        """The mask `(windows, places, places)` of a rolled map; `None` where it is not rolled."""
        return shifted_window_mask(self.filled, self.window, self.shift) if any(self.shift) else None


class WindowCut:
    """Roll a map, and cut it into windows; and the way back. The sizes are worked out once, not at every call.

    Args:
        plan: How.

    Example:
        >>> cut = WindowCut(Windows((4, 6), (2, 3), (1, 1)))
        >>> with polynet.use_backend("torch"):
        ...     windows = cut.apart(ops.ones((1, 4, 6, 5)))
        >>> tuple(windows.shape), tuple(cut.joined(windows).shape)
        ((4, 6, 5), (1, 4, 6, 5))
    """

    def __init__(self, plan: Windows) -> None:
        (height, width), (high, wide) = plan.filled, plan.window
        self.grid = plan.grid
        self.size = (height // high, high, width // wide, wide)
        self.filled = plan.filled
        self.area = plan.area
        self.shift = plan.shift if any(plan.shift) else None
        self.back = (-plan.shift[0], -plan.shift[1])
        self.fill_first = plan.fill_first
        self.fill = (0, 0, 0, width - plan.grid[1], 0, height - plan.grid[0]) if plan.filled != plan.grid else None

    def apart(self, x: Tensor) -> Tensor:
        """Map `(N, H, W, C)` to `(N · windows, places, C)`."""
        if self.fill is not None and self.fill_first:
            x = ops.pad(x, self.fill)
        if self.shift is not None:
            x = ops.roll(x, self.back, (1, 2))
        if self.fill is not None and not self.fill_first:
            x = ops.pad(x, self.fill)
        rows, high, columns, wide = self.size
        channels = x.shape[3]
        x = ops.reshape(x, (-1, rows, high, columns, wide, channels))
        return ops.reshape(ops.permute(x, (0, 1, 3, 2, 4, 5)), (-1, self.area, channels))

    def joined(self, x: Tensor) -> Tensor:
        """Map `(N · windows, places, C)` to `(N, H, W, C)`."""
        rows, high, columns, wide = self.size
        channels = x.shape[2]
        x = ops.permute(ops.reshape(x, (-1, rows, columns, high, wide, channels)), (0, 1, 3, 2, 4, 5))
        x = ops.reshape(x, (-1, *self.filled, channels))
        if self.fill_first:
            return self._unfilled(self._rolled_back(x))
        return self._rolled_back(self._unfilled(x))

    def _rolled_back(self, x: Tensor) -> Tensor:
        return x if self.shift is None else ops.roll(x, self.shift, (1, 2))

    def _unfilled(self, x: Tensor) -> Tensor:
        return x if self.fill is None else x[:, : self.grid[0], : self.grid[1]]


def window_bias(rows: Tensor, area: int, count: int, mask: Tensor | None) -> Tensor:
    """What is added to the scores of windows: by relative position, and what the mask says for each window.

    Args:
        rows: The table's row for each pair of places, `(area · area, heads)`.
        area: Places in a window.
        count: Windows in the batch.
        mask: `(windows, 1, area, area)`, or `None`.

    Returns:
        `(1, heads, area, area)` without a mask, `(count, heads, area, area)` with one.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     tuple(window_bias(ops.ones((16, 3)), 4, 6, ops.ones((2, 1, 4, 4))).shape)
        (6, 3, 4, 4)
    """
    heads = rows.shape[1]
    bias = ops.reshape(ops.transpose(rows, 0, 1), (1, heads, area, area))
    if mask is None:
        return bias
    # No branch on the number of images, which a tracer could not follow; for one of them nothing is copied.
    bias = ops.expand(ops.unsqueeze(bias + mask, 0), (count // mask.shape[0], -1, -1, -1, -1))
    return ops.reshape(bias, (count, heads, area, area))


class PatchMap(nn.Module):
    """Cut an image into square patches and map each to a token, as a map with the channels last.

    Args:
        patch_size: Side of a patch, in pixels.
        in_channels: Channels of the image.
        embed_dim: Width of a token.
        norm_name: Normalisation of the tokens; `None` for none.
        norm_eps: What it adds to the variance.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     embed = PatchMap(4, 3, 8)
        >>> tuple(embed(ops.ones((1, 3, 32, 16))).shape)
        (1, 8, 4, 8)
    """

    def __init__(
        self, patch_size: int, in_channels: int, embed_dim: int, norm_name: Name = "LN", norm_eps: float = 1e-5
    ) -> None:
        super().__init__()
        self.proj = nn.Conv2d(in_channels, embed_dim, kernel_size=patch_size, stride=patch_size)
        self.norm = None if norm_name is None else token_norm(norm_name, embed_dim, eps=norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, C, H, W)` to `(N, H / patch_size, W / patch_size, embed_dim)`."""
        x = ops.permute(self.proj(x), (0, 2, 3, 1))
        return x if self.norm is None else self.norm(x)


def neighbours(x: Tensor, grid: Pair) -> Tensor:
    """Put four neighbours side by side, column by column.

    Args:
        x: A map `(N, H, W, C)`.
        grid: H and W.

    Returns:
        `(N, ⌈H / 2⌉, ⌈W / 2⌉, 4 · C)`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     neighbours(ops.reshape(ops.arange(4), (1, 2, 2, 1)), (2, 2)).tolist()
        [[[[0, 2, 1, 3]]]]
    """
    height, width = grid
    channels = x.shape[3]
    if height % 2 or width % 2:
        x = ops.pad(x, (0, 0, 0, width % 2, 0, height % 2))
    x = ops.reshape(x, (-1, (height + 1) // 2, 2, (width + 1) // 2, 2, channels))
    x = ops.permute(x, (0, 1, 3, 4, 2, 5))
    return ops.reshape(x, (-1, (height + 1) // 2, (width + 1) // 2, 4 * channels))


def window_pair(name: str, window_size: int | Sequence[int], option: str = "window_size", least: int = 1) -> Pair:
    """Height and width of windows.

    Raises:
        OptionError: Not one or two whole numbers of at least `least`.

    Example:
        >>> window_pair("SwinTransformer", 7)
        (7, 7)
    """
    sides = (window_size, window_size) if isinstance(window_size, int) else tuple(window_size)
    if len(sides) != 2 or any(isinstance(side, bool) or not isinstance(side, int) or side < least for side in sides):
        message = f"{name}: {option} must be one or two whole numbers of at least {least}, not {window_size!r}."
        raise OptionError(message)
    return sides[0], sides[1]


def check_stages(name: str, depths: Sequence[int], num_heads: Sequence[int], embed_dim: int) -> None:
    """Refuse depths and heads that do not make a pyramid.

    Raises:
        OptionError: Not as many depths as numbers of heads, a depth below 1, or heads that do not divide a width.
    """
    if len(depths) != len(num_heads) or not depths or any(not isinstance(depth, int) or depth < 1 for depth in depths):
        message = f"{name}: depths={depths!r} and num_heads={num_heads!r} must be as long, each number at least 1."
        raise OptionError(message)
    for stage, heads in enumerate(num_heads):
        width = embed_dim * 2**stage
        if not isinstance(heads, int) or heads < 1 or width % heads:
            message = (
                f"{name}: num_heads={num_heads!r}: {heads} heads do not divide the width {width} of stage {stage}."
            )
            raise OptionError(message)
