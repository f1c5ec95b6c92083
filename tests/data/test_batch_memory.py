"""The arrays of a batch: nothing that is computed with them writes to them, whatever their bytes' order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend
from polynet.data.preprocessors import BatchDataPreprocessor


@pytest.mark.parametrize("kind", ["Mixup", "CutMix", "ResizeMix", "MixupCutmix", "RandomErasing"])
def test_augmentation_leaves_the_arrays_of_a_batch_as_they_were(backend: Backend, kind: str) -> None:
    options: dict[str, dict[str, Any]] = {
        "MixupCutmix": {"mixup_alpha": 0.8, "cutmix_alpha": 1.0, "num_classes": 4},
        "RandomErasing": {"prob": 1.0, "mode": "pixel"},
    }
    config = {"type": kind, **options.get(kind, {"alpha": 1.0})}
    images = np.random.default_rng(0).standard_normal((6, 3, 12, 12), dtype=np.float32)
    labels = np.arange(6) % 4
    kept = images.copy(), labels.copy()
    preprocessor = BatchDataPreprocessor(num_classes=4, batch_augments=[config])
    preprocessor.seed(1)
    made, _ = preprocessor((images, labels), training=True)
    assert not np.array_equal(ops.to_numpy(made), images)
    np.testing.assert_array_equal(images, kept[0])
    np.testing.assert_array_equal(labels, kept[1])


def test_a_network_that_overwrites_its_input_leaves_the_arrays_of_a_batch_as_they_were(backend: Backend) -> None:
    images = np.array([[-1.0, 2.0]], np.float32)
    (made,) = BatchDataPreprocessor()(images)
    made *= 0.0
    assert ops.to_numpy(made).tolist() == [[0.0, 0.0]]
    assert images.tolist() == [[-1.0, 2.0]]


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i2", "<f4"])
def test_arrays_whose_bytes_are_in_another_machines_order_are_read(backend: Backend, dtype: str) -> None:
    images = np.arange(6, dtype=dtype).reshape(2, 3)[:, ::-1]
    (made,) = BatchDataPreprocessor(mean=0.0, std=1.0)(images.reshape(2, 1, 1, 3))
    assert ops.dtype_name(made) == "float32"
    np.testing.assert_array_equal(ops.to_numpy(made).reshape(2, 3), images)
