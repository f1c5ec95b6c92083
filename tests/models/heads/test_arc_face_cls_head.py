"""The head of angles and margins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend
from polynet.errors import InputError, OptionError
from polynet.models.heads.arc_face_cls_head import ArcFaceClsHead, NormProduct
from polynet.weights import load_state, state
from tests.compare import assert_close
from tests.models.heads.samples import labelled, number, scored


def test_cosines_to_the_nearest_centre(backend: Backend) -> None:
    product = NormProduct(4, 3, k=2)
    x = np.random.standard_normal((5, 4)).astype(np.float32)
    weight = state(product)["weight"].astype(np.float64)
    cosines = (x / np.linalg.norm(x, axis=1, keepdims=True)) @ (weight / np.linalg.norm(weight, axis=1)[:, None]).T
    assert_close(product(ops.tensor(x)), cosines.reshape(5, 3, 2).max(2).astype(np.float32))


@pytest.mark.parametrize("easy", [False, True])
def test_the_true_class_has_its_margin_added(backend: Backend, easy: bool) -> None:
    margins = [0.2, 0.5, 1.0]
    head = ArcFaceClsHead(3, 4, scale=8.0, margins=margins, easy_margin=easy)
    x = np.random.standard_normal((6, 4)).astype(np.float32)
    labels = np.arange(6) % 3
    cosine = ops.to_numpy(head((ops.tensor(x),))).astype(np.float64) / 8
    angle = np.arccos(cosine)
    moved = np.cos(angle + margins)
    if easy:
        moved = np.where(cosine > 0, moved, cosine)
    else:
        moved = np.where(cosine > -np.cos(margins), moved, cosine - np.sin(margins) * margins)
    chosen = np.eye(3)[labels]
    expected = 8 * (chosen * moved + (1 - chosen) * cosine)
    assert_close(head((ops.tensor(x),), ops.tensor(labels)), expected.astype(np.float32))
    losses = head.loss((ops.tensor(x),), labelled(*labels.tolist()))
    reference = np.mean(np.log(np.exp(expected).sum(1)) - (chosen * expected).sum(1))
    assert number(losses["loss"]) == pytest.approx(reference, rel=1e-5)


def test_parallel_vectors_have_finite_gradients(backend: Backend) -> None:
    head = ArcFaceClsHead(2, 2)
    load_state(head, {"norm_product.weight": np.eye(2, dtype=np.float32)})

    def loss() -> Any:
        return head.loss((ops.tensor([[1.0, 0.0]]),), labelled(0))["loss"]

    _, gradients = backend.differentiate(loss, list(head.parameters()))
    assert all(np.isfinite(backend.numpy(gradient)).all() for gradient in gradients)


def test_margins_are_read_from_a_file_and_changed(backend: Backend, tmp_path: Path) -> None:
    path = tmp_path / "margins.txt"
    path.write_text("0.1\n0.2\n", encoding="utf-8")
    head = ArcFaceClsHead(2, 4, margins=str(path))
    assert head.margins == (0.1, 0.2)
    head.set_margins(0.3)
    assert head.margins == (0.3, 0.3)
    for wrong in ([0.1], "margins.csv", ["a", "b"]):
        with pytest.raises(OptionError, match="margins"):
            head.set_margins(wrong)  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(InputError, match="data sample 0 has no gt_label"):
        head.loss((ops.ones((1, 4)),), scored([[1, 0]]))
