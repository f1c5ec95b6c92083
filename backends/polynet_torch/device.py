"""torch's devices under their neutral names, which are torch's own."""

from __future__ import annotations

import re
from typing import Any

import torch

from polynet.errors import DeviceError

_KNOWN = re.compile(r"cpu(:0)?|cuda(:\d+)?|meta|auto")


def devices() -> tuple[str, ...]:
    """Devices present: the CPU, then every CUDA device."""
    return ("cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count())))


def resolve(device: str) -> str:
    """Check a device name and return torch's spelling of it.

    Args:
        device: `"cpu"`, `"cuda"`, `"cuda:1"`, `"auto"` (the first CUDA device, else the CPU), or `"meta"`.

    Raises:
        DeviceError: Misspelt, or not present here.
    """
    present = devices()
    if not isinstance(device, str | torch.device) or not _KNOWN.fullmatch(str(device)):
        message = f"{device!r} is no device of backend 'torch'. Present here: {', '.join(present)}; also 'auto'."
        raise DeviceError(message)
    name = str(device)
    if name == "auto":
        return present[1] if len(present) > 1 else "cpu"
    if name == "cuda":
        name = "cuda:0"
    if name.startswith("cuda") and name not in present:
        message = f"Backend 'torch' has no device {device!r} here. Present: {', '.join(present)}."
        raise DeviceError(message)
    return "cpu" if name == "cpu:0" else name


def _moved(value: Any, device: str) -> Any:
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, tuple | list):
        return type(value)(_moved(item, device) for item in value)
    if isinstance(value, dict):
        return {key: _moved(item, device) for key, item in value.items()}
    return value


def _follow_hook(module: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, Any]:
    return _moved(arguments, module._polynet_device), _moved(options, module._polynet_device)


def follow(module: Any, device: str) -> None:
    """Move every tensor a module is called with to a device.

    The device is an attribute and the hook a plain function, so that the module still pickles and copies.
    """
    if not hasattr(module, "_polynet_device"):
        module.register_forward_pre_hook(_follow_hook, with_kwargs=True)
    module._polynet_device = device
