"""MMPretrain's VGG (Simonyan and Zisserman 2015, arXiv:1409.1556), with its options and weights' names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.backbones.base_backbone import BaseBackbone, check_frozen, known_setting, stage_indices
from polynet.models.bricks.conv_module import ConvModule
from polynet.models.bricks.layer_config import LayerConfig
from polynet.registry import BACKBONES
from polynet.types import Tensor

RELU: LayerConfig = {"type": "ReLU"}
CONVOLUTIONS_INIT: Sequence[LayerConfig] = ({"type": "Kaiming", "layer": ["Conv2d"]},)
NORMS_INIT: Sequence[LayerConfig] = ({"type": "Constant", "val": 1.0, "layer": ["_BatchNorm"]},)
LINEAR_INIT: Sequence[LayerConfig] = ({"type": "Normal", "std": 0.01, "layer": ["Linear"]},)
DEFAULT = "default"


@BACKBONES.register()
@BACKBONES.register(name="mmpretrain.VGG")
class VGG(BaseBackbone):
    """Stages of 3x3 convolutions, each ended by a max-pooling, and the paper's classifier if wanted.

    Args:
        depth: 11, 13, 16 or 19.
        num_classes: Classes; without a classifier if it is not positive.
        num_stages: Stages, 1 to 5.
        dilations: Dilation of each stage.
        out_indices: Stages whose maps are returned; 5 is the classifier. By default the last there is.
        frozen_stages: Stages before this one are not trained; -1 for none.
        conv_cfg: Convolutions.
        norm_cfg: Normalisations; none by default.
        act_cfg: Activations.
        norm_eval: Keep batch normalisations' statistics while training.
        ceil_mode: Whether pooling rounds sizes up.
        with_last_pool: Whether the last stage is pooled.
        init_cfg: How weights start; see `BaseModule`. By default as MMPretrain's, for the layers there are.

    Raises:
        UnknownNameError: There is no such depth.
        OptionError: Options that do not fit together.

    Source: MMPretrain, `VGG`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = VGG(11, out_indices=(0, 4))
        >>> [tuple(out.shape) for out in net(ops.ones((1, 3, 32, 32)))]
        [(1, 64, 16, 16), (1, 512, 1, 1)]
    """

    arch_settings = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}

    def __init__(
        self,
        depth: int,
        num_classes: int = -1,
        num_stages: int = 5,
        dilations: Sequence[int] = (1, 1, 1, 1, 1),
        out_indices: Sequence[int] | None = None,
        frozen_stages: int = -1,
        conv_cfg: LayerConfig | None = None,
        norm_cfg: LayerConfig | None = None,
        act_cfg: LayerConfig = RELU,
        norm_eval: bool = False,
        ceil_mode: bool = False,
        with_last_pool: bool = True,
        init_cfg: Any = DEFAULT,
    ) -> None:
        classifies = num_classes > 0
        if init_cfg == DEFAULT:
            norms = NORMS_INIT if norm_cfg is not None else ()
            init_cfg = [*CONVOLUTIONS_INIT, *norms, *(LINEAR_INIT if classifies else ())]
        super().__init__(init_cfg)
        counts = known_setting("VGG", "depth", depth, self.arch_settings)
        if num_stages not in (1, 2, 3, 4, 5) or len(dilations) != num_stages:
            message = (
                f"VGG: num_stages is 1 to 5 and dilations has as many numbers; there are {num_stages!r} stages and "
                f"{len(dilations)} dilations."
            )
            raise OptionError(message)
        if out_indices is None:
            out_indices = (num_stages if classifies else num_stages - 1,)
        self.num_classes = num_classes
        self.stage_blocks = counts[:num_stages]
        self.out_indices = stage_indices("VGG", out_indices, num_stages + classifies)
        self.frozen_stages = check_frozen("VGG", frozen_stages, -1, num_stages)
        self.norm_eval = norm_eval
        layers: list[Any] = []
        self.range_sub_modules: list[tuple[int, int]] = []
        channels = 3
        for index, (count, dilation) in enumerate(zip(self.stage_blocks, dilations, strict=True)):
            start = len(layers)
            width = min(64 * 2**index, 512)
            for _ in range(count):
                layers.append(
                    ConvModule(
                        channels,
                        width,
                        3,
                        padding=dilation,
                        dilation=dilation,
                        bias=True,
                        conv_cfg=conv_cfg,
                        norm_cfg=norm_cfg,
                        act_cfg=act_cfg,
                    )
                )
                channels = width
            if with_last_pool or index < num_stages - 1:
                layers.append(nn.MaxPool2d(2, 2, ceil_mode=ceil_mode))
            self.range_sub_modules.append((start, len(layers)))
        self.features = nn.Sequential(*layers)
        if classifies:
            self.classifier = _classifier(num_classes)
        last = self.out_indices[-1]
        self.out_channels = num_classes if last == num_stages else min(64 * 2**last, 512)
        self._freeze_stages()

    def frozen_parts(self) -> Iterable[Any]:
        """As many stages as `frozen_stages` says."""
        for start, end in self.range_sub_modules[: max(self.frozen_stages, 0)]:
            yield from self.features[start:end]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps of the stages in `out_indices`, of images `(N, 3, H, W)`; then logits, if there is a classifier."""
        outs = []
        for index, (start, end) in enumerate(self.range_sub_modules):
            for number in range(start, end):
                x = self.features[number](x)
            if index in self.out_indices:
                outs.append(x)
        if self.num_classes > 0:
            outs.append(self.classifier(ops.flatten(x, 1)))
        return tuple(outs)


def _classifier(num_classes: int) -> Any:
    """The paper's classifier of maps `(N, 512, 7, 7)`."""
    return nn.Sequential(
        nn.Linear(512 * 7 * 7, 4096),
        nn.ReLU(inplace=True),
        nn.Dropout(),
        nn.Linear(4096, 4096),
        nn.ReLU(inplace=True),
        nn.Dropout(),
        nn.Linear(4096, num_classes),
    )
