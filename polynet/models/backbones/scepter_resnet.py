"""Scepter's ResNet: torchvision's network without its classifier, and with a stem for small images.

He et al. 2016, arXiv:1512.03385. The names of the weights are torchvision's.
"""

from __future__ import annotations

from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.nn.initialisers import KaimingNormal
from polynet.nn.recipe import Recipe
from polynet.registry import BACKBONES
from polynet.types import Tensor

WIDTHS = (64, 128, 256, 512)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut.

    Args:
        w_in: Channels of the input.
        width: Channels of the convolutions.
        stride: Stride of the first convolution.
    """

    expansion = 1

    def __init__(self, w_in: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(w_in, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _projection(w_in, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, width, H / stride, W / stride)`."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = ops.relu(self.bn1(self.conv1(x)))
        return ops.relu(self.bn2(self.conv2(x)) + shortcut)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions and a shortcut; the 3x3 has the stride.

    Args:
        w_in: Channels of the input.
        width: Channels of the bottleneck, a quarter of the output's.
        stride: Stride of the 3x3 convolution.
    """

    expansion = 4

    def __init__(self, w_in: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(w_in, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = _projection(w_in, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, 4 width, H / stride, W / stride)`."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = ops.relu(self.bn1(self.conv1(x)))
        x = ops.relu(self.bn2(self.conv2(x)))
        return ops.relu(self.bn3(self.conv3(x)) + shortcut)


def _projection(w_in: int, w_out: int, stride: int) -> Any:
    """What brings a shortcut to the shape of the output; `None` where it has that already."""
    if stride == 1 and w_in == w_out:
        return None
    return nn.Sequential(nn.Conv2d(w_in, w_out, 1, stride, bias=False), nn.BatchNorm2d(w_out))


DEPTHS: dict[int, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}


@BACKBONES.register("scepter.ResNet")
class ResNet(nn.Module):
    """A residual network that returns its last map.

    Args:
        depth: 18, 34, 50, 101 or 152.
        kernel_size: Of the first convolution: 7, with stride 2 and a pooling of stride 2 after it; or 3, for small
            images, for which the four options that follow say what the stem does. With 7 they have no effect.
        use_relu: Whether ReLU follows the first convolution.
        use_maxpool: Whether a pooling follows that.
        first_conv_stride: Stride of the first convolution.
        first_max_pool_stride: Stride of the pooling.
        pretrained: `False`; weights are not downloaded. Name a file with `pretrain` or `PRETRAINED_MODEL`.

    Shapes:
        `(N, 3, H, W)` to `(N, C, h, w)`: C is 512 for 18 and 34, else 2048; h is H/32 with `kernel_size=7`, H/8 with 3.

    Raises:
        OptionError: There is no such depth or kernel, or weights are to be downloaded.

    Source: Scepter and EssentialMC2, `ResNet`; torchvision for blocks, initial values and names.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = ResNet(depth=18, kernel_size=3)
        >>> tuple(net(ops.ones((1, 3, 16, 16))).shape), net.out_channels
        ((1, 512, 2, 2), 512)
    """

    recipe = Recipe(convolution=KaimingNormal("fan_out"))

    layer1: Any
    layer2: Any
    layer3: Any
    layer4: Any

    def __init__(
        self,
        depth: int = 18,
        kernel_size: int = 7,
        use_relu: bool = True,
        use_maxpool: bool = True,
        first_conv_stride: int = 1,
        first_max_pool_stride: int = 1,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        if depth not in DEPTHS:
            message = f"ResNet: depth is {', '.join(map(str, DEPTHS))}, not {depth!r}."
            raise OptionError(message)
        if pretrained:
            message = "ResNet: weights are not downloaded; name a checkpoint with `pretrain` or `PRETRAINED_MODEL`."
            raise OptionError(message)
        if kernel_size not in (3, 7):
            message = f"ResNet: kernel_size is 7 or 3, not {kernel_size!r}."
            raise OptionError(message)
        if kernel_size == 7:
            use_relu, use_maxpool, first_conv_stride, first_max_pool_stride = True, True, 2, 2
        self.conv1 = nn.Conv2d(3, WIDTHS[0], kernel_size, first_conv_stride, kernel_size // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        self.relu = nn.ReLU() if use_relu else None
        self.maxpool = nn.MaxPool2d(3, first_max_pool_stride, 1) if use_maxpool else None
        block, depths = DEPTHS[depth]
        w_in = WIDTHS[0]
        for index, (count, width) in enumerate(zip(depths, WIDTHS, strict=True), start=1):
            blocks = [block(w_in, width, 1 if index == 1 else 2)]
            w_in = block.expansion * width
            blocks += [block(w_in, width) for _ in range(count - 1)]
            setattr(self, f"layer{index}", nn.Sequential(*blocks))
        self.out_channels = w_in

    def forward(self, x: Tensor) -> Tensor:
        """The last map of images."""
        x = self.bn1(self.conv1(x))
        x = x if self.relu is None else self.relu(x)
        x = x if self.maxpool is None else self.maxpool(x)
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))
