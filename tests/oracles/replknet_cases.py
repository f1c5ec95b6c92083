"""Small RepLKNets, for which the authors' code was run: their options here and there, weights and images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.zoo.reference import drawn

CASES: dict[str, dict[str, Any]] = {
    "small kernels": {"depths": (1, 2, 1), "widths": (8, 12, 16), "kernels": (13, 9, 5), "small_kernel": 5},
    "wide": {"depths": (1, 1), "widths": (8, 16), "kernels": (27, 13), "small_kernel": None, "dw_ratio": 1.5},
}
"""Options by case, as PolyNet calls them; each has 7 classes."""

CLASSES = 7


def theirs(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as the authors' `RepLKNet` calls them."""
    return {
        "large_kernel_sizes": list(options["kernels"]),
        "layers": list(options["depths"]),
        "channels": list(options["widths"]),
        "drop_path_rate": 0.0,
        "small_kernel": options["small_kernel"],
        "dw_ratio": options.get("dw_ratio", 1),
        "num_classes": CLASSES,
        "use_sync_bn": False,
    }


def weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """Arrays by the authors' names, drawn from these and the shapes alone."""
    return {name: drawn(name, tuple(shape)) for name, shape in shapes.items()}


def images() -> Any:
    """Two images of 48x48 pixels."""
    return np.random.RandomState(7).standard_normal((2, 3, 48, 48)).astype(np.float32)
