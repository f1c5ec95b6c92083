"""Base of components in Scepter's form, which are given one config object and a logger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from polynet import nn
from polynet.types import Tensor


class BaseModel(nn.Module):
    """A neutral module that keeps the config and the logger it was given; both may be left out.

    Attributes:
        cfg: The config, or `None`.
        logger: The logger, or `None`.
        para_dict: What the config may hold: `{"DIM": {"value": 512, "description": "width of the features"}}`. It is
            documentation; `REGISTRY.get_config_template(name)` prints it.

    Source: Scepter, `BaseModel`.

    Example:
        >>> class Double(BaseModel):
        ...     def __init__(self, cfg, logger=None):
        ...         super().__init__(cfg, logger=logger)
        ...         self.fc = polynet.nn.Linear(cfg.DIM, 2 * cfg.DIM)
        >>> with polynet.use_backend("torch"):
        ...     polynet.registry.BACKBONES.build({"NAME": Double, "DIM": 3}).fc
        Linear(in_features=3, out_features=6, bias=True)
    """

    para_dict: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, cfg: Any = None, logger: Any = None) -> None:
        super().__init__()
        self._given = _Given(cfg)
        self.logger = logger

    @property
    def cfg(self) -> Any:
        """The config that the constructor was given."""
        return self._given.cfg

    @cfg.setter
    def cfg(self, cfg: Any) -> None:
        self._given = _Given(cfg)

    def forward(self, *inputs: Tensor, **options: Any) -> Any:
        """What the component computes; a subclass says so."""
        message = f"{type(self).__name__} has no forward(); a component says there what it computes."
        raise NotImplementedError(message)

    def load_pretrained_model(self, pretrained_model: Any) -> None:
        """Load weights named by a config's `PRETRAINED_MODEL`: a path, or a list of paths.

        What does not fit is left out with a warning.

        Raises:
            ConfigTypeError: Neither of these.
            CheckpointError: A file is missing, damaged or unsafe.
        """
        from polynet.weights.pretrained import load_pretrained

        load_pretrained(self, pretrained_model)


class _Given:
    """Holds a config out of reach of MegEngine, which looks for members in the mappings among a module's attributes."""

    def __init__(self, cfg: Any) -> None:
        self.cfg = cfg
