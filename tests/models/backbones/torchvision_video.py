"""torchvision's 18-layer video networks: the names of their weights, from PolyNet's, and what they compute."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

FOLDER = Path(__file__).parents[2] / "oracles" / "torchvision"

WHOLE = [[3, 7, 7], *([[3, 3, 3]] * 4)]

R3D_18 = {
    "name": "ResNet3D",
    "num_filters": [64, 64, 128, 256, 512],
    "kernel_size": WHOLE,
    "downsampling_temporal": [False, False, True, True, True],
    "stem_name": "Base3DStem",
    "bn_params": {"eps": 1e-5},
}
"""torchvision's r3d_18: a stem without pooling, 3x3x3 kernels."""

R2PLUS1D_18 = {
    "name": "ResNet3D_2plus1d",
    "stem": {"name": "R2Plus1DStem", "mid_dim": 45},
    "branch_cfg": {"shared_width": True},
    "bn_params": {"eps": 1e-5},
}
"""torchvision's r2plus1d_18, with its own widths between the halves of convolutions."""

_STEM = {"a": "0", "a_bn": "1", "a1": "0", "a1_bn": "1", "a2": "3", "a2_bn": "4"}
_BRANCH = {
    "a": "conv1.0",
    "a_bn": "conv1.1",
    "b": "conv2.0",
    "b_bn": "conv2.1",
    "a1": "conv1.0.0",
    "a1_bn": "conv1.0.1",
    "a2": "conv1.0.3",
    "a2_bn": "conv1.1",
    "b1": "conv2.0.0",
    "b1_bn": "conv2.0.1",
    "b2": "conv2.0.3",
    "b2_bn": "conv2.1",
    "short_cut": "downsample.0",
    "short_cut_bn": "downsample.1",
}


def torchvision_name(name: str) -> str:
    """What torchvision calls a weight of `R3D_18` or `R2PLUS1D_18`.

    A factorised convolution is in torchvision one layer of four parts, the last of which is the temporal convolution.
    """
    stage, *steps, layer, leaf = name.split(".")
    if stage == "conv1":
        return f"stem.{_STEM[layer]}.{leaf}"
    block = int(steps[0].removeprefix("res_")) - 1
    return f"layer{int(stage[-1]) - 1}.{block}.{_BRANCH[layer]}.{leaf}"


def drawn_weight(name: str, shape: tuple[int, ...]) -> Array:
    """A weight from torchvision's name of it and its shape alone."""
    draw = np.random.RandomState(zlib.crc32(name.encode()))
    if len(shape) == 5:
        return np.asarray(draw.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:])), np.float32)
    if name.endswith(("bias", "running_mean")):
        return np.asarray(0.1 * draw.standard_normal(shape), np.float32)
    return np.asarray(draw.uniform(0.6, 1.0, shape), np.float32)


def video() -> Array:
    """The video that is shown to the networks."""
    return np.random.RandomState(7).standard_normal((2, 3, 4, 32, 32)).astype(np.float32)


def last_map(name: str) -> Array:
    """The last map of a network with these weights, as torchvision computed it."""
    with np.load(FOLDER / "video.npz") as arrays:
        return np.asarray(arrays[name])
