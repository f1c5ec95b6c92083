"""Base of self-supervised algorithms."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any

from polynet.errors import OptionError
from polynet.models.chain import build_chain
from polynet.models.init_cfg import WEIGHT_INITIALIZERS
from polynet.models.mmengine_model import BaseModel
from polynet.models.networks.base_classifier import check_mode, check_parts, preprocessor_of, rules_of
from polynet.registry import build_part


class BaseSelfSupervisor(BaseModel):
    """Builds the parts of a self-supervised algorithm; a subclass writes `loss`, and `extract_feat` if it needs to.

    Called as `net(inputs, data_samples=None, mode="tensor" | "loss")`.

    Args:
        backbone: What gives features: a config, a name or a module, as all parts.
        neck: What follows it.
        head: What has the loss.
        target_generator: What makes that which is to be predicted.
        pretrained: Path of a checkpoint of the whole, which `init_weights` loads: an `init_cfg` for short.
        data_preprocessor: What turns a loader's batch into inputs: a `SelfSupDataPreprocessor` where no `type`
            is given.
        init_cfg: How weights start; see `BaseModule`.

    Raises:
        OptionError: There is no backbone, or rules of initialisation stand in its place.
        PolyNetError: A part cannot be built; the message says which.

    Source: MMPretrain, `BaseSelfSupervisor`. MMPretrain's guide spells it `BaseSelfSupvisor` and calls
        `super().__init__(init_cfg)`, which gives the rules as the backbone; that is refused here with what to write.

    Example:
        >>> class Mean(BaseSelfSupervisor):
        ...     def loss(self, inputs, data_samples, **options):
        ...         return {"loss": ops.mean(self.extract_feat(inputs))}
        >>> with polynet.use_backend("torch"):
        ...     net = Mean(backbone=polynet.nn.Identity())
        >>> float(net(ops.ones((2, 3)), mode="loss")["loss"])
        1.0
    """

    def __init__(
        self,
        backbone: Any,
        neck: Any = None,
        head: Any = None,
        target_generator: Any = None,
        pretrained: Any = None,
        data_preprocessor: Any = None,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(preprocessor_of(data_preprocessor, "SelfSupDataPreprocessor"), rules_of(init_cfg, pretrained))
        if backbone is None or _are_rules(backbone):
            message = (
                f"{type(self).__name__}: the base's constructor takes the backbone first and was given {backbone!r}. "
                f"Write super().__init__(backbone=backbone, neck=neck, head=head, init_cfg=init_cfg)."
            )
            raise OptionError(message)
        self.backbone = build_part("backbone", backbone, "backbone")
        self.neck = build_chain("neck", neck, "neck")
        self.head = build_part("head", head, "head")
        self.target_generator = build_part("target", target_generator, "target_generator")
        check_parts(self.backbone, self.neck, self.head)

    @property
    def with_neck(self) -> bool:
        """Whether there is a neck."""
        return self.neck is not None

    @property
    def with_head(self) -> bool:
        """Whether there is a head."""
        return self.head is not None

    @property
    def with_target_generator(self) -> bool:
        """Whether there is a target generator."""
        return self.target_generator is not None

    def forward(self, inputs: Any, data_samples: Any = None, mode: str = "tensor", **options: Any) -> Any:
        """Features (`"tensor"`) or losses (`"loss"`) of a batch, or of a list of views of one.

        Raises:
            ModeError: There is no such mode; there is nothing to predict before a network is trained further.
        """
        check_mode(self, mode, ("tensor", "loss"))
        if mode == "loss":
            return self.loss(inputs, data_samples, **options)
        return self.extract_feat(inputs, **options)

    def extract_feat(self, inputs: Any, **options: Any) -> Any:
        """What the backbone gives."""
        return self.backbone(inputs, **options)

    @abc.abstractmethod
    def loss(self, inputs: Any, data_samples: Any, **options: Any) -> dict[str, Any]:
        """The losses of a batch by name."""


def _are_rules(value: Any) -> bool:
    """Whether a value is an `init_cfg`."""
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, Mapping) and first.get("type") in WEIGHT_INITIALIZERS
