"""Whose memory a batch's tensors have, and that nothing here writes to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend, use_backend
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


def test_torch_computes_with_a_batchs_own_memory_unless_it_is_not_to_be_written() -> None:
    pytest.importorskip("torch")
    with use_backend("torch"):
        preprocessor = BatchDataPreprocessor()
    images = np.zeros((2, 3), np.float32)
    (made,) = preprocessor(images)
    images[0, 0] = 7.0
    assert made[0, 0] == 7.0

    for odd in (np.broadcast_to(images, (2, 2, 3)), images[:, ::-1], images.T):
        given = odd.copy()
        (made,) = preprocessor(odd)
        np.testing.assert_array_equal(made.numpy(), given)
    images.flags.writeable = False
    (made,) = preprocessor(images)
    made[0, 0] = 1.0
    assert images[0, 0] == 7.0
