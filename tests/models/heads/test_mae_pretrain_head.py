"""The head of masked autoencoders."""

from __future__ import annotations

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend
from polynet.errors import InputError
from polynet.models.heads.mae_pretrain_head import MAEPretrainHead
from polynet.registry import HEADS
from tests.compare import assert_close
from tests.models.heads.samples import number


@pytest.mark.checklist("S3-54")
def test_patches_are_rows_of_pixels_with_their_channels_together(backend: Backend) -> None:
    head = MAEPretrainHead({"type": "PixelReconstructionLoss", "criterion": "L2"}, patch_size=2)
    images = np.arange(2 * 3 * 4 * 4, dtype=np.float32).reshape(2, 3, 4, 4)
    patches = head.patchify(ops.tensor(images))
    expected = np.einsum("nchpwq->nhwpqc", images.reshape(2, 3, 2, 2, 2, 2)).reshape(2, 4, 12)
    assert_close(patches, expected)
    assert ops.to_numpy(patches)[0, 1].tolist() == [2, 18, 34, 3, 19, 35, 6, 22, 38, 7, 23, 39]
    assert_close(head.unpatchify(patches), images)


@pytest.mark.checklist("S3-55")
@pytest.mark.parametrize("shape", [(1, 3, 4, 6), (1, 3, 5, 5), (1, 4, 4, 4), (3, 4, 4)])
def test_images_that_cannot_be_cut_are_refused(backend: Backend, shape: tuple[int, ...]) -> None:
    head = MAEPretrainHead({"type": "PixelReconstructionLoss", "criterion": "L2"}, patch_size=2)
    with pytest.raises(InputError, match=r"cuts square images \(N, 3, S, S\).*patch_size 2"):
        head.patchify(ops.zeros(shape))
    with pytest.raises(InputError, match="puts"):
        head.unpatchify(ops.zeros((1, 3, 12)))


@pytest.mark.checklist("S3-53", "S3-56", "S3-57", "S3-58")
def test_normalised_targets_use_the_unbiased_variance(backend: Backend) -> None:
    config = {"type": "MAEPretrainHead", "loss": {"type": "PixelReconstructionLoss", "criterion": "L2"}}
    head = HEADS.build({**config, "norm_pix": True, "patch_size": 2, "in_channels": 1})
    images = np.random.standard_normal((2, 1, 4, 4)).astype(np.float32)
    patches = images.reshape(2, 2, 2, 2, 2).transpose(0, 1, 3, 2, 4).reshape(2, 4, 4).astype(np.float64)
    target = (patches - patches.mean(-1, keepdims=True)) / np.sqrt(patches.var(-1, ddof=1, keepdims=True) + 1e-6)
    assert_close(head.construct_target(ops.tensor(images)), target.astype(np.float32))
    mask = np.array([[1, 0, 0, 1], [0, 0, 1, 0]], np.float32)
    expected = ((target**2).mean(-1) * mask).sum() / mask.sum()
    loss = head.loss(ops.zeros((2, 4, 4)), ops.tensor(images), ops.tensor(mask))
    assert number(loss) == pytest.approx(expected, rel=1e-5)
