"""A convolution with its normalisation and activation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polynet import nn
from polynet.errors import OptionError
from polynet.models.bricks.activation import IN_PLACE, build_activation_layer
from polynet.models.bricks.convolution import build_conv_layer
from polynet.models.bricks.layer_config import LayerConfig
from polynet.models.bricks.normalisation import build_norm_layer
from polynet.types import Tensor

RELU: LayerConfig = {"type": "ReLU"}
ORDER = ("conv", "norm", "act")


class ConvModule(nn.Module):
    """Convolution, normalisation, activation, in an order one may choose.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Side of the kernel, or its sides.
        stride: Stride.
        padding: Padding.
        dilation: Dilation.
        groups: Groups.
        bias: Whether the convolution has a bias; `"auto"` gives it one if no normalisation follows.
        conv_cfg: Convolution; see `build_conv_layer`.
        norm_cfg: Normalisation, added as `bn`, `gn`, `ln` …; `None` for none.
        act_cfg: Activation, added as `activate`; `None` for none.
        inplace: Whether the activation overwrites its input, where it can.
        padding_mode: `"zeros"`, `"reflect"` or `"replicate"`.
        order: The three steps' order.

    Raises:
        OptionError: The order is none, or there is no such padding.

    Source: mmcv, `ConvModule`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = ConvModule(3, 8, 3, padding=1, norm_cfg={"type": "BN"})
        >>> [name for name, _ in layer.named_children()]
        ['conv', 'bn', 'activate']
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool | str = "auto",
        conv_cfg: LayerConfig | None = None,
        norm_cfg: LayerConfig | None = None,
        act_cfg: LayerConfig | None = RELU,
        inplace: bool = True,
        padding_mode: str = "zeros",
        order: Sequence[str] = ORDER,
    ) -> None:
        super().__init__()
        if sorted(order) != sorted(ORDER):
            message = f"ConvModule: order has 'conv', 'norm' and 'act' once each, not {order!r}."
            raise OptionError(message)
        self.order = tuple(order)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.norm_cfg = norm_cfg
        self.act_cfg = act_cfg
        self.with_norm = norm_cfg is not None
        self.with_activation = act_cfg is not None
        self.padding_layer = _padding_layer(padding_mode, padding)
        self.conv = build_conv_layer(
            conv_cfg,
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding if self.padding_layer is None else 0,
            dilation=dilation,
            groups=groups,
            bias=not self.with_norm if bias == "auto" else bias,
        )
        self.norm_name: str | None = None
        if norm_cfg is not None:
            follows = self.order.index("norm") > self.order.index("conv")
            self.norm_name, norm = build_norm_layer(norm_cfg, out_channels if follows else in_channels)
            self.add_module(self.norm_name, norm)
        if act_cfg is not None:
            options = dict(act_cfg)
            if options.get("type") in IN_PLACE:
                options.setdefault("inplace", inplace)
            self.activate = build_activation_layer(options)

    def init_weights(self) -> None:
        """Draw the convolution by He's rule for the activation; start the normalisation as an identity."""
        from polynet.models.init_cfg import constant_init, kaiming_init

        if self.act_cfg is not None and self.act_cfg.get("type") == "LeakyReLU":
            kaiming_init(self.conv, a=self.act_cfg.get("negative_slope", 0.01), nonlinearity="leaky_relu")
        else:
            kaiming_init(self.conv)
        if self.norm is not None:
            constant_init(self.norm, 1)

    @property
    def norm(self) -> Any:
        """The normalisation, or `None`."""
        return None if self.norm_name is None else getattr(self, self.norm_name)

    def forward(self, x: Tensor, activate: bool = True, norm: bool = True) -> Tensor:
        """Map `(N, in_channels, H, W)` to `(N, out_channels, …)`; activation and normalisation may be left out."""
        for step in self.order:
            if step == "conv":
                x = self.conv(x if self.padding_layer is None else self.padding_layer(x))
            elif step == "norm" and norm and self.norm_name is not None:
                x = getattr(self, self.norm_name)(x)
            elif step == "act" and activate and self.with_activation:
                x = self.activate(x)
        return x


def _padding_layer(mode: str, padding: Any) -> Any:
    """A layer that pads as a convolution does not; `None` for zeros."""
    if mode == "zeros":
        return None
    layers = {"reflect": nn.ReflectionPad2d, "replicate": nn.ReplicationPad2d}
    if mode not in layers:
        message = f"ConvModule: padding_mode is 'zeros', 'reflect' or 'replicate', not {mode!r}."
        raise OptionError(message)
    return layers[mode](padding)
