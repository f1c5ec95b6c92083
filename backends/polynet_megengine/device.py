"""MegEngine's devices under neutral names: `cpu` is the default CPU node, `cuda:1` is `gpu1`."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import megengine
from megengine.device import get_default_device, get_device_count

from polynet.errors import DeviceError

_NEUTRAL = re.compile(r"cpu|cuda(:(?P<index>\d+))?|auto")
_NATIVE = re.compile(r"(?P<kind>cpu|gpu|xpu|multithread)(?P<index>x|\d+)(:\d+)?")


def _cuda_count() -> int:
    """GPUs present; MegEngine is asked only where a driver exists, since the question prints a page without one."""
    return int(get_device_count("gpu")) if _has_driver() else 0


@functools.cache
def _has_driver() -> bool:
    """Whether there is a driver; asked once, since devices are resolved for every batch."""
    return Path("/dev/nvidiactl").exists()


def devices() -> tuple[str, ...]:
    """Devices present: the CPU, then every GPU."""
    return ("cpu", *(f"cuda:{index}" for index in range(_cuda_count())))


def _cpu() -> str:
    """The one name for the CPU: tensors on `cpux`, `cpu0` and `xpux` do not mix, although all are the same processor.

    `xpux`, "any device", is the default where MegEngine was imported before PolyNet; without a GPU it is the CPU.
    """
    default = str(get_default_device())
    is_processor = default.startswith(("cpu", "multithread")) or (default.startswith("xpu") and not _cuda_count())
    return default if is_processor else "cpux"


def resolve(device: str) -> str:
    """Check a device name and return MegEngine's spelling of it.

    Args:
        device: `"cpu"`, `"cuda"`, `"cuda:1"`, `"auto"` (the first GPU, else the CPU), or MegEngine's own `"gpu0"`,
            `"cpux"`, `"cpu1"`, `"multithread2:0"`.

    Raises:
        DeviceError: Misspelt, or not present here.
    """
    if device == "cpu":
        return _cpu()
    present = devices()
    neutral = _NEUTRAL.fullmatch(device) if isinstance(device, str) else None
    native = _NATIVE.fullmatch(device) if isinstance(device, str) else None
    if neutral is None and native is None:
        message = (
            f"{device!r} is no device of backend 'megengine'. Present here: {', '.join(present)}; "
            "also 'auto' and MegEngine's own names such as 'cpux', 'cpu1', 'gpu0', 'multithread2:0'."
        )
        raise DeviceError(message)
    if device == "auto" and len(present) == 1:
        return _cpu()
    if native is not None:
        if native["kind"] in ("gpu", "xpu") and native["index"] != "x" and f"cuda:{native['index']}" not in present:
            if native["kind"] == "xpu" and len(present) == 1:
                return device
            message = f"Backend 'megengine' has no device {device!r} here. Present: {', '.join(present)}."
            raise DeviceError(message)
        return device
    index = (neutral["index"] if neutral is not None else None) or "0"
    if f"cuda:{index}" not in present:
        message = f"Backend 'megengine' has no device {device!r} here. Present: {', '.join(present)}."
        raise DeviceError(message)
    return f"gpu{index}"


def neutral(device: Any) -> str:
    """Neutral name of a native device: `gpu1:0` is `cuda:1`; CPU nodes other than the default keep their number."""
    match = _NATIVE.match(str(device))
    if match is None or match["index"] == "x" or match["kind"] == "multithread":
        return "cpu"
    if match["kind"] == "cpu":
        return "cpu" if match["index"] == "0" else f"cpu{match['index']}"
    return f"cuda:{match['index']}"


def _moved(value: Any, device: str) -> Any:
    if isinstance(value, megengine.Tensor):
        return value.to(device)
    if isinstance(value, tuple | list):
        return type(value)(_moved(item, device) for item in value)
    if isinstance(value, dict):
        return {key: _moved(item, device) for key, item in value.items()}
    return value


def _follow_hook(module: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    moved: tuple[Any, ...] = _moved(arguments, module._polynet_device)
    return moved


def follow(module: Any, device: str) -> None:
    """Move every tensor a module is called with to a device.

    The device is an attribute and the hook a plain function, so that the module still pickles and copies.
    """
    if not hasattr(module, "_polynet_device"):
        module.register_forward_pre_hook(_follow_hook)
    module._polynet_device = device
