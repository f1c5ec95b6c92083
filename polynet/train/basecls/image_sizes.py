"""Whether a network takes images of the sizes that a config's other sections make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.errors import ConfigError
from polynet.types import NativeModule

Size = tuple[int, int]


def check_sizes(network: NativeModule, fields: Mapping[str, Any]) -> None:
    """Refuse sizes of images that the network cannot work on, before anything is written.

    Args:
        network: The network; one that does not say what fits it is left alone.
        fields: The whole config, its defaults filled in.

    Raises:
        ConfigError: `preprocess.img_size` or `test.img_size` does not fit; the message says what to write instead.
    """
    fits = getattr(network, "fits", None)
    if not callable(fits):
        return
    sizes = _sizes(fields)
    wrong = {field: size for field, size in sizes.items() if not fits(*size)}
    if not wrong:
        return
    fixed = network.fixed_size
    given = " and ".join(f"{field}={_written(size)}" for field, size in wrong.items())
    if fixed is not None:
        takes = f"images of {_written(fixed)} alone. Write {_all(wrong, fixed)}{_rebuilt(sizes, set(wrong.values()))}"
    elif any(min(size) < network.minimum_size for size in wrong.values()):
        takes = f"images of at least {network.minimum_size} pixels a side"
    else:
        takes = "images of other sizes"
    message = f"{given}: {type(network).__name__} takes {takes}."
    raise ConfigError(message)


def _sizes(fields: Mapping[str, Any]) -> dict[str, Size]:
    """The heights and widths of the images that are made, by the field that says them."""
    data = fields["data"]
    made_up = data["name"] == "FakeData"
    if made_up and "shape" in data:
        return {}
    # Made-up images are of one size; and folders of images need not be there to validate with.
    is_tested = not made_up and ("val_path" not in data or data["val_path"] is not None)
    given = {"preprocess.img_size": fields["preprocess"]["img_size"]}
    if is_tested:
        given["test.img_size"] = fields["test"]["img_size"]
    sizes = {field: (size, size) if isinstance(size, int) else tuple(size) for field, size in given.items()}
    return {field: size for field, size in sizes.items() if len(size) == 2}  # the transforms refuse any other


def _rebuilt(sizes: Mapping[str, Size], wrong: set[Size]) -> str:
    """How to have a network of the size that was given, where that is one."""
    if len(wrong) > 1:
        return ""
    size = next(iter(wrong))
    others = [field for field, other in sizes.items() if other != size]
    return f", or {_all(['model.img_size', *others], size)} for a network of that size"


def _all(names: Any, size: Size) -> str:
    return " and ".join(f"{name}={_written(size)}" for name in names)


def _written(size: Size) -> str:
    """A size as a config has it."""
    return str(size[0]) if size[0] == size[1] else f"[{size[0]},{size[1]}]"
