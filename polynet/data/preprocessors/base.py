"""The preprocessor that only moves data, base of all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet import nn
from polynet.backend import backend_of
from polynet.data.preprocessors.moving import move
from polynet.data.registry import PREPROCESSORS
from polynet.errors import ConfigKeyError, OptionError

DEFAULT = "BaseDataPreprocessor"


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
        return move(data, backend_of(self), self.device)

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
    has_type = any(config.get(key) is not None for key in ("type", "name", "NAME"))
    try:
        return PREPROCESSORS.build(
            dict(config) if has_type else _typed(config, default), **(defaults if default else {})
        )
    except ConfigKeyError as error:
        error.within("data_preprocessor")
        raise


def _typed(config: Mapping[str, Any], default: str | None) -> dict[str, Any]:
    return dict(config) if default is None else {"type": default, **config}
