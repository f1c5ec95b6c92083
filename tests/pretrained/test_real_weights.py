"""Published weights on real photographs, against the networks of the packages that publish them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet.backend import Backend
from polynet.errors import WeightsUnavailableError
from polynet.pretrained import find_record
from tests.compare import assert_close

PHOTOGRAPHS = (
    ("sklearn", "datasets/images/china.jpg"),
    ("sklearn", "datasets/images/flower.jpg"),
    ("skimage", "data/chelsea.png"),
    ("skimage", "data/coffee.png"),
)
CLASSES = (698, 985, 282, 967)
"""Palace, daisy, tiger cat, espresso: what the photographs show, of ImageNet's classes."""


def _photographs(name: str) -> np.ndarray[Any, Any]:
    """The photographs whose packages are installed, prepared as the weights want them."""
    pytest.importorskip("PIL")
    prepared = find_record(name).preprocessing
    paths = []
    for package, path in PHOTOGRAPHS:
        found = importlib.util.find_spec(package)
        if found is None or not found.submodule_search_locations:
            pytest.skip(f"the photographs need {package}")
        paths.append(Path(found.submodule_search_locations[0], path))
    return np.stack([prepared.prepare(path) for path in paths])


def _weights(name: str) -> Path:
    try:
        return find_record(name).source.locate()
    except WeightsUnavailableError as error:
        pytest.skip(str(error))


def _run(net: Any, backend: Backend, images: np.ndarray[Any, Any], **options: Any) -> np.ndarray[Any, Any]:
    backend.set_training(net, False)
    with backend.ops.no_grad():
        features = net.forward_features(backend.tensor(images))
        return backend.numpy(net.forward_head(features, **options))


def test_efficientnet_lite0_classifies_photographs_as_its_package_does(backend: Backend) -> None:
    pytest.importorskip("torch")
    theirs = pytest.importorskip("efficientnet_lite_pytorch")
    import torch

    path = _weights("tf_efficientnet_lite0.in1k")
    images = _photographs("tf_efficientnet_lite0.in1k")
    reference = theirs.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(path)).eval()
    with torch.no_grad():
        expected = reference(torch.from_numpy(images)).numpy()
    net = polynet.build("tf_efficientnet_lite0", backend=backend, pretrained="in1k")
    logits = _run(net, backend, images)
    assert_close(logits, expected, 2e-5)
    assert tuple(logits.argmax(1)) == CLASSES


def test_mobilenet_v2_features_of_photographs_are_those_of_torchvision(backend: Backend) -> None:
    pytest.importorskip("torch")
    models = pytest.importorskip("torchvision.models")
    import torch

    path = _weights("mbnetv2_x100.deep_sort_features")
    images = _photographs("mbnetv2_x100.deep_sort_features")
    reference = models.mobilenet_v2(weights=None).eval()
    # Its names are another library's, but the layers are defined in the same order.
    own = [name for name in reference.state_dict() if not name.startswith("classifier.")]
    given = torch.load(path, weights_only=True)
    assert len(own) == len(given)
    reference.load_state_dict(dict(zip(own, given.values(), strict=True)), strict=False)
    with torch.no_grad():
        expected = reference.features(torch.from_numpy(images)).mean((2, 3)).numpy()
    net = polynet.build("mbnetv2_x100.deep_sort_features", backend=backend)
    assert_close(_run(net, backend, images, pre_logits=True), expected, 2e-5)
