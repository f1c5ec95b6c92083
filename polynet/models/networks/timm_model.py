"""Networks of timm (Wightman 2019, https://github.com/huggingface/pytorch-image-models), on torch alone."""

from __future__ import annotations

import importlib
from typing import Any

from polynet.errors import BackendUnavailableError, UnknownNameError, suggest
from polynet.registry import BACKBONES, NETWORKS
from polynet.types import NativeModule


@BACKBONES.register_function("TIMM_MODEL", backend="torch")
@NETWORKS.register_function("TIMM_MODEL", backend="torch")
def timm_model(model_name: str, num_classes: int = 1000, pretrained: bool = False, **options: Any) -> NativeModule:
    """A network of timm, as timm makes it; it exists for torch only.

    Args:
        model_name: Its name in timm.
        num_classes: Classes; 0 for features.
        pretrained: Whether timm downloads its weights.
        **options: Further arguments of `timm.create_model`.

    Returns:
        The `torch.nn.Module` that timm gives.

    Raises:
        UnknownNameError: timm has no such network; or the backend is another than torch.
        BackendUnavailableError: timm is not installed.

    Source: Scepter, `TIMM_MODEL`.

    Example:
        >>> polynet.build({"NAME": "TIMM_MODEL", "MODEL_NAME": "resnet18"}, backend="shapes")
        Traceback (most recent call last):
        ...
        polynet.errors.UnknownNameError: The network and backbone 'TIMM_MODEL' exists for torch only, not for shapes.
    """
    try:
        timm = importlib.import_module("timm")
    except ImportError as error:
        message = "TIMM_MODEL needs the package timm. Install it with: pip install 'polynet[timm]'."
        raise BackendUnavailableError(message) from error
    if not timm.is_model(model_name):
        message = f"timm has no network {model_name!r}.{suggest(model_name, timm.list_models())}"
        raise UnknownNameError(message)
    return timm.create_model(model_name, pretrained=pretrained, num_classes=num_classes, **options)
