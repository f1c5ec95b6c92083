"""The preprocessor that only moves data, base of all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet import nn
from polynet.backend import find_backend
from polynet.config.normal_form import SELECTORS
from polynet.data.preprocessors.moving import move
from polynet.data.registry import PREPROCESSORS
from polynet.errors import OptionError, PolyNetError

DEFAULT = "BaseDataPreprocessor"
SCOPES = ("mmengine", "mmpretrain")


class BaseDataPreprocessor(nn.Module):
    """Moves a batch to the device of the model it belongs to, and makes numpy arrays tensors there.

    A subclass overrides `forward(data, training=False)`: it is called with a batch that was moved already, and what it
    returns is what the model is called with. It is a module without parameters, so that it adds nothing to a
    checkpoint.

    Args:
        non_blocking: For MMEngine's signature. Moving to a device waits for nothing, where the framework can.

    Attributes:
        device: Where data are moved, as the model sets it before each batch; `None` leaves tensors where they are.

    Source: MMEngine, `BaseDataPreprocessor`, where a subclass moves the data itself.

    Example:
        >>> class Scaled(BaseDataPreprocessor):
        ...     def forward(self, data, training=False):
        ...         image, label = data
        ...         return (image - 127.5) / 127.5, label
        >>> with polynet.use_backend("torch"):
        ...     scaled = Scaled()
        >>> scaled((np.full((1, 2), 255, np.uint8), "cat"))
        (tensor([[1., 1.]]), 'cat')
    """

    device: str | None = None

    def __init__(self, non_blocking: bool = False) -> None:
        super().__init__()
        self.non_blocking = non_blocking

    def __call__(self, data: Any, training: bool = False) -> Any:
        """Move the data and process them."""
        return super().__call__(self.cast_data(data), training)

    def cast_data(self, data: Any) -> Any:
        """The data on the device; see `polynet.data.preprocessors.moving.move`."""
        return move(data, find_backend(type(self)._polynet_backend), self.device)

    def forward(self, data: Any, training: bool = False) -> Any:
        """What the model is called with: here, the data as they were moved."""
        return data

    def seed(self, value: int) -> None:
        """Seed what is drawn for a batch. Here nothing is."""


def build_preprocessor(config: Any, default: str | None = None, **defaults: Any) -> Any:
    """A preprocessor from its config.

    Args:
        config: A config with `type`; a preprocessor, or another module, which is returned as it is; or `None` for
            the default, or else one that only moves data.
        default: The type of a config that has none.
        **defaults: Arguments that the config may override.

    Raises:
        OptionError: It is neither a config nor a module.
        ConfigKeyError: There is no `type`, and no default.
        UnknownNameError: There is no preprocessor of that name.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     build_preprocessor({"mean": [127.5], "std": [127.5]}, "ImgDataPreprocessor").forward
        <bound method ImgDataPreprocessor.forward of ImgDataPreprocessor()>
    """
    if isinstance(config, nn.Module):
        return config
    if config is None:
        return PREPROCESSORS.build({"type": default or DEFAULT, **defaults})
    if not isinstance(config, Mapping):
        message = f"data_preprocessor should be a `dict` or `nn.Module` instance, but got {type(config).__name__}."
        raise OptionError(message)
    selector = next((key for key in SELECTORS if config.get(key) is not None), None)
    if selector is not None:
        config = {**config, selector: _class_of(config[selector])}
    elif default is not None:
        config = {"type": default, **config}
    try:
        return PREPROCESSORS.build(dict(config), **(defaults if default else {}))
    except PolyNetError as error:
        error.within("data_preprocessor")
        raise


def _class_of(name: Any) -> Any:
    """A preprocessor's name without the scope of a library, or the class that was registered among all models."""
    if not isinstance(name, str) or name in PREPROCESSORS:
        return name
    scope, _, bare = name.rpartition(".")
    if scope in SCOPES and bare in PREPROCESSORS:
        return bare
    from polynet.registry import MODELS

    return MODELS.get(name) if name in MODELS else name
