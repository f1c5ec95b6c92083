"""VGG (Simonyan and Zisserman 2015, arXiv:1409.1556), with and without batch normalisation. Names are BaseCls's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from polynet import nn
from polynet.errors import OptionError
from polynet.models.blocks.activation import activation
from polynet.models.blocks.chain import Chain
from polynet.models.blocks.convolution import conv2d
from polynet.models.blocks.normalisation import norm2d, overwritable
from polynet.models.network import ImageNetwork, Name
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, KaimingNormal, Normal
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor

VGG_HEAD: Mapping[str, Any] = MappingProxyType({"name": "VGGHead", "dropout_prob": 0.5})


@NETWORKS.register()
class VGG(ImageNetwork):
    """Stages `s1`, `s2` … of 3x3 convolutions, each ending in 2x2 max pooling.

    Args:
        depths: Convolutions of each stage.
        widths: Channels of each stage.
        norm_name: Normalisation: `"BN"`, `"GN"`, `"IN"`, `"LN"`, `"SyncBN"`, a class, or `None`.
        act_name: Activation.
        conv_bias: Whether the convolutions have biases; by default where no normalisation follows, as in the paper.
            torchvision's have them always, BaseCls's never.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = VGG(depths=(1, 1), widths=(8, 16), head={"width": 32}, num_classes=10)
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape)
        (1, 10)
    """

    family = "vgg"
    recipe = Recipe(convolution=KaimingNormal("fan_out"), linear=Normal(0.01), bias=Constant(0.0))
    default_head = VGG_HEAD

    def __init__(
        self,
        depths: Sequence[int] = (2, 2, 3, 3, 3),
        widths: Sequence[int] = (64, 128, 256, 512, 512),
        norm_name: Name = None,
        act_name: Name = "relu",
        conv_bias: bool | None = None,
        head: Mapping[str, Any] | None = VGG_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        if not depths or len(depths) != len(widths) or any(depth < 1 for depth in depths):
            message = f"VGG: depths and widths need one positive entry for each stage, not {depths!r} and {widths!r}."
            raise OptionError(message)
        bias = norm_name is None if conv_bias is None else conv_bias
        w_in = in_channels
        stages = []
        for index, (depth, width) in enumerate(zip(depths, widths, strict=True), start=1):
            blocks = []
            for _ in range(depth):
                convolution = conv2d(w_in, width, 3, bias=bias)
                blocks.append(
                    nn.Sequential(
                        convolution, norm2d(norm_name, width), activation(act_name, owned=overwritable(norm_name))
                    )
                )
                w_in = width
            setattr(self, f"s{index}", Chain(blocks, max_pool=nn.MaxPool2d(2, stride=2)))
            stages.append(Stage(f"s{index}", width, 2**index))
        self.minimum_size = stages[-1].stride
        # The head's convolution, where it has one, is not normalised: BaseCls's rule.
        self.complete(
            stages,
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=None,
            act_name=act_name,
        )

    def forward_stem(self, x: Tensor) -> Tensor:
        """Nothing: the first stage takes the image."""
        return x


def _add(name: str, base: Any = None, **row: Any) -> Any:
    return variant(NETWORKS, name, VGG, base=base, module=__name__, **row)


vgg11 = _add("vgg11", depths=(1, 1, 2, 2, 2))
vgg13 = _add("vgg13", depths=(2, 2, 2, 2, 2))
vgg16 = _add("vgg16", depths=(2, 2, 3, 3, 3))
vgg19 = _add("vgg19", depths=(2, 2, 4, 4, 4))

vgg11_bn = _add("vgg11_bn", vgg11, norm_name="BN")
vgg13_bn = _add("vgg13_bn", vgg13, norm_name="BN")
vgg16_bn = _add("vgg16_bn", vgg16, norm_name="BN")
vgg19_bn = _add("vgg19_bn", vgg19, norm_name="BN")
