"""MMPretrain's classifier: a backbone, a neck and a head that has its loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polynet.data.data_sample import DataSample, check_samples
from polynet.errors import ConfigKeyError, ModeError, OptionError, suggest
from polynet.models.chain import build_chain
from polynet.models.fit import width_of
from polynet.models.networks.base_classifier import BaseClassifier, check_mode, check_parts, preprocessor_of, rules_of
from polynet.registry import NETWORKS, build_part
from polynet.types import Tensor

STAGES = ("backbone", "neck", "pre_logits")


@NETWORKS.register
class ImageClassifier(BaseClassifier):
    """A classifier of images.

    Args:
        backbone: What gives features: a config, a name or a module, as all parts.
        neck: What stands between backbone and head; a list of necks for several in a row.
        head: What gives scores and their loss. Where its config says no `in_channels`, the features' width is given.
        pretrained: Path of a checkpoint of the whole, which `init_weights` loads: an `init_cfg` for short.
        train_cfg: Batch augmentation, `{"augments": …, "probs": …}`, which the preprocessor applies.
        data_preprocessor: What turns a loader's batch into inputs: a `ClsDataPreprocessor` where no `type` is given.
        init_cfg: How weights start; see `BaseModule`.

    Attributes:
        input_size: `(C, H, W)` of the images it is tried with where nothing else is said: the backbone's `img_size`,
            or 224.

    Raises:
        OptionError: A neck or head is made for another width than it is given.
        PolyNetError: A part cannot be built; the message says which.

    Source: MMPretrain, `ImageClassifier`.

    Example:
        >>> parts = {"neck": "GlobalAveragePooling", "head": {"type": "LinearClsHead", "num_classes": 10}}
        >>> with polynet.use_backend("torch"):
        ...     net = ImageClassifier({"type": "ResNet", "depth": 18}, **parts)
        >>> tuple(net(ops.ones((2, 3, 32, 32))).shape), net.head.in_channels
        ((2, 10), 512)
    """

    input_size: tuple[int, int, int] = (3, 224, 224)

    def __init__(
        self,
        backbone: Any,
        neck: Any = None,
        head: Any = None,
        pretrained: Any = None,
        train_cfg: Mapping[str, Any] | None = None,
        data_preprocessor: Any = None,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(
            rules_of(init_cfg, pretrained), preprocessor_of(data_preprocessor, "ClsDataPreprocessor", train_cfg)
        )
        if backbone is None:
            message = f"{type(self).__name__} needs a backbone: a config with `type`, a name or a module."
            error = ConfigKeyError(message)
            error.within("backbone")
            raise error
        self.backbone = build_part("backbone", backbone, "backbone")
        self.neck = build_chain("neck", neck, "neck")
        width = width_of(self.backbone)
        width = width if self.neck is None else width_of(self.neck, width)
        given = {} if width is None else {"in_channels": width}
        self.head = build_part("head", head, "head", **given)
        self.train_cfg = train_cfg
        self.input_size = _input_size(self.backbone, self.input_size)
        check_parts(self.backbone, self.neck, self.head)

    def forward(
        self, inputs: Tensor, data_samples: Sequence[DataSample | None] | None = None, mode: str = "tensor"
    ) -> Any:
        """Classify images, or train on them.

        Args:
            inputs: Images `(N, C, H, W)`.
            data_samples: What is known of each, for `"loss"`; for `"predict"` where predictions are set, if any.
            mode: `"tensor"` for scores (without a head, features), `"loss"` for a dictionary of losses, `"predict"`
                for samples with `pred_score` and `pred_label`.

        Raises:
            ModeError: There is no such mode, or no head for it.
        """
        check_mode(self, mode)
        if mode == "loss":
            return self.loss(inputs, data_samples)
        if mode == "predict":
            return self.predict(inputs, data_samples)
        feats = self.extract_feat(inputs)
        return feats if self.head is None else self.head(feats)

    def extract_feat(self, inputs: Tensor, stage: str = "neck") -> Any:
        """Features of images.

        Args:
            inputs: Images.
            stage: After the `"backbone"`, after the `"neck"`, or `"pre_logits"`: what the head's classifier is given.

        Raises:
            OptionError: There is no such stage.
            ModeError: There is no head with `pre_logits`.
        """
        if stage not in STAGES:
            near = suggest(stage, STAGES)
            message = f'Invalid output stage "{stage}", please choose from {", ".join(STAGES)}.{near}'
            raise OptionError(message)
        feats = self.backbone(inputs)
        if stage == "backbone":
            return feats
        if self.neck is not None:
            feats = self.neck(feats)
        return feats if stage == "neck" else self._head_with("pre_logits").pre_logits(feats)

    def loss(self, inputs: Tensor, data_samples: Any) -> dict[str, Tensor]:
        """The head's losses of a batch.

        Raises:
            ModeError: There is no head.
        """
        head = self._head_with("loss")
        check_samples(type(self).__name__, data_samples)
        losses: dict[str, Tensor] = head.loss(self.extract_feat(inputs), data_samples)
        return losses

    def predict(self, inputs: Tensor, data_samples: Any = None, **options: Any) -> list[Any]:
        """The head's predictions for a batch; options are the head's.

        Raises:
            ModeError: There is no head.
        """
        head = self._head_with("predict")
        check_samples(type(self).__name__, data_samples)
        samples: list[Any] = head.predict(self.extract_feat(inputs), data_samples, **options)
        return samples

    def get_layer_depth(self, param_name: str) -> Any:
        """The depth of a parameter's layer and the greatest depth, where the backbone can say.

        Raises:
            ModeError: It cannot.
        """
        depth = getattr(self.backbone, "get_layer_depth", None)
        if depth is None:
            message = f"The backbone {type(self.backbone).__name__} does not say the depths of its layers."
            raise ModeError(message)
        return depth(param_name, "backbone.")

    def _head_with(self, method: str) -> Any:
        if not callable(getattr(self.head, method, None)):
            have = "no head" if self.head is None else f"a head, {type(self.head).__name__}, without {method}()"
            message = f"{type(self).__name__} has {have}; {method} comes from the head."
            raise ModeError(message)
        return self.head


def _input_size(backbone: Any, default: tuple[int, int, int]) -> tuple[int, int, int]:
    """The images that a backbone is meant for."""
    side = getattr(backbone, "img_size", default[1])
    height, width = side if isinstance(side, (tuple, list)) else (side, side)
    channels = getattr(backbone, "in_channels", default[0])
    return (channels if isinstance(channels, int) else default[0], int(height), int(width))
