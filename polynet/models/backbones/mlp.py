"""A multi-layer perceptron on vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polynet import nn
from polynet.errors import OptionError
from polynet.registry import BACKBONES
from polynet.types import Tensor


@BACKBONES.register()
class MLP(nn.Module):
    """Linear layers, each with normalisation and ReLU where wanted, and a normalised projection at the end.

    Args:
        in_dim: Width of the input, then that of each layer before the projection.
        out_dim: Width of the projection.
        use_bn: Whether each layer is followed by batch normalisation; one value, or one a layer.
        use_relu: Whether each layer is followed by ReLU; one value, or one a layer.

    Shapes:
        `(N, in_dim[0])` to `(N, out_dim)`.

    Raises:
        OptionError: `in_dim` is empty, or there are not as many values as layers.

    Source: Scepter, `MLP`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = MLP(in_dim=[6, 8], out_dim=4, use_bn=[True], use_relu=[True])
        >>> tuple(net(ops.ones((2, 6))).shape)
        (2, 4)
    """

    def __init__(
        self,
        in_dim: Sequence[int],
        out_dim: int,
        use_bn: bool | Sequence[bool] = True,
        use_relu: bool | Sequence[bool] = False,
    ) -> None:
        super().__init__()
        if not isinstance(in_dim, (list, tuple)) or not in_dim:
            message = f"MLP: in_dim is a list of widths, the input's first, not {in_dim!r}."
            raise OptionError(message)
        self.out_channels = out_dim
        rows = zip(
            in_dim[:-1],
            in_dim[1:],
            _one_a_layer("use_bn", use_bn, len(in_dim) - 1),
            _one_a_layer("use_relu", use_relu, len(in_dim) - 1),
            strict=True,
        )
        self.mlp = nn.Sequential(*(_layer(*row) for row in rows))
        self.fc = nn.Linear(in_dim[-1], out_dim)
        self.bn = nn.BatchNorm1d(out_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Features of vectors."""
        return self.bn(self.fc(self.mlp(x)))


def _layer(w_in: int, w_out: int, use_bn: bool, use_relu: bool) -> Any:
    parts: list[nn.Module] = [nn.Linear(w_in, w_out)]
    if use_bn:
        parts.append(nn.BatchNorm1d(w_out))
    if use_relu:
        parts.append(nn.ReLU())
    return nn.Sequential(*parts)


def _one_a_layer(name: str, values: bool | Sequence[bool], count: int) -> list[bool]:
    if isinstance(values, bool):
        return [values] * count
    if not isinstance(values, (list, tuple)) or len(values) != count:
        message = f"MLP: {name} is one truth value or one for each of the {count} layers, not {values!r}."
        raise OptionError(message)
    return list(values)
