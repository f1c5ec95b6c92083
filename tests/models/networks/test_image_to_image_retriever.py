"""`ImageToImageRetriever`: the prototype in all its forms, ranking, losses and refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.data.data_sample import DataSample
from polynet.errors import CheckpointNotFoundError, InputError, ModeError, OptionError
from polynet.models.networks.image_to_image_retriever import ImageToImageRetriever
from polynet.registry import MODELS
from polynet.weights import load_state, state
from tests.compare import assert_close

VECTORS = np.array([[1, 0, 0], [0, 2, 0], [0, 0, 3], [1, 1, 0]], np.float32)
QUERIES = np.array([[0.2, 0.9, 0.1], [5.0, 0.0, 4.0]], np.float32)


def cosines() -> np.ndarray[Any, Any]:
    lengths = np.linalg.norm(QUERIES, axis=1)[:, None] * np.linalg.norm(VECTORS, axis=1)
    return np.asarray(QUERIES @ VECTORS.T / lengths)


def ranked(net: Any) -> list[list[int]]:
    return [ops.to_numpy(sample.pred_label).tolist() for sample in net(ops.tensor(QUERIES), mode="predict")]


@pytest.mark.checklist("S3-4")
def test_images_are_ranked_by_their_cosines(backend: Backend) -> None:
    net = ImageToImageRetriever(nn.Identity(), VECTORS)
    given = [DataSample(), DataSample()]
    predicted = net(ops.tensor(QUERIES), given, mode="predict")
    assert predicted[0] is given[0]
    expected = cosines()
    for row, sample in enumerate(predicted):
        assert_close(sample.pred_score, expected[row])
        assert ops.to_numpy(sample.pred_label).tolist() == np.argsort(-expected[row], kind="stable").tolist()
    assert ranked(ImageToImageRetriever(nn.Identity(), VECTORS, topk=2)) == [[1, 3], [0, 2]]
    assert ranked(ImageToImageRetriever(nn.Identity(), VECTORS, topk=9)) == ranked(net)
    assert_close(net(ops.tensor(QUERIES)), QUERIES)


@pytest.mark.checklist("S3-4")
def test_the_prototype_may_be_vectors_a_file_or_batches(backend: Backend, tmp_path: Path) -> None:
    expected = [[1, 3, 0, 2], [0, 2, 3, 1]]
    net = ImageToImageRetriever(nn.Identity(), ops.tensor(VECTORS))
    assert ranked(net) == expected
    net.dump_prototype(tmp_path / "vectors.npy")
    order = [2, 0, 3, 1]
    batches = [
        {"inputs": ops.tensor(VECTORS[pair]), "data_samples": [DataSample(metainfo={"sample_idx": i}) for i in pair]}
        for pair in (order[:2], order[2:])
    ]
    for prototype in (
        str(tmp_path / "vectors.npy"),
        batches,
        [(ops.tensor(VECTORS[:3]), None), (ops.tensor(VECTORS[3:]), None)],
        iter([ops.tensor(VECTORS)]),
    ):
        net = ImageToImageRetriever(nn.Identity(), prototype)
        assert ranked(net) == expected
        assert ranked(net) == expected


def test_encoding_the_prototype_leaves_mode_and_state_as_they_were(backend: Backend) -> None:
    net = ImageToImageRetriever(nn.BatchNorm1d(3), [ops.tensor(VECTORS)])
    before = state(net)
    assert net.training
    net.prepare_prototype()
    assert net.training
    after = state(net)
    assert set(after) == set(before)
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array)
    assert_close(net.prototype_vecs, VECTORS / np.sqrt(1 + 1e-5).astype(np.float32))


def test_an_encoder_may_be_several_parts_and_a_similarity_ones_own(backend: Backend) -> None:
    net = MODELS.build(
        {
            "type": "ImageToImageRetriever",
            "image_encoder": [{"type": "ResNet", "depth": 18}, {"type": "GlobalAveragePooling"}],
            "prototype": np.eye(3, 512, dtype=np.float32),
            "similarity_fn": lambda queries, vectors: ops.matmul(queries, ops.transpose(vectors, 0, 1)),
            "head": {"type": "LinearClsHead", "num_classes": 4, "in_channels": 512},
        }
    )
    x = ops.tensor(np.random.standard_normal((2, 3, 32, 32)).astype(np.float32))
    assert "image_encoder.0.conv1.weight" in state(net)
    net.eval()
    (first, _) = net(x, mode="predict")
    assert_close(first.pred_score, ops.to_numpy(net(x)[-1])[0, :3])
    losses = net(x, [DataSample().set_gt_label(1)] * 2, mode="loss")
    assert set(losses) == {"loss"}


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({"prototype": None}, OptionError, "vectors, a path or batches"),
        ({"prototype": VECTORS, "topk": 0}, OptionError, "topk"),
        ({"prototype": VECTORS, "similarity_fn": "cosine_similarty"}, RuntimeError, "Did you mean 'cosine_similarity'"),
    ],
)
def test_wrong_options_are_refused(backend: Backend, options: dict[str, Any], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        ImageToImageRetriever(nn.Identity(), **options)


def test_a_prototype_that_cannot_be_used_is_refused_at_prediction(backend: Backend, tmp_path: Path) -> None:
    for prototype, kind, says in (
        (str(tmp_path / "none.npy"), CheckpointNotFoundError, "can not be found"),
        (np.zeros((0, 3), np.float32), InputError, "at least one"),
        (np.zeros(3, np.float32), InputError, r"vectors \(M, D\)"),
        ([], InputError, "at least one"),
    ):
        with pytest.raises(kind, match=says):
            ranked(ImageToImageRetriever(nn.Identity(), prototype))
    with pytest.raises(ModeError, match="no head"):
        ImageToImageRetriever(nn.Identity(), VECTORS)(ops.tensor(QUERIES), [], mode="loss")
    with pytest.raises(ModeError, match="Invalid mode"):
        ImageToImageRetriever(nn.Identity(), VECTORS)(ops.tensor(QUERIES), mode="match")


@pytest.mark.checklist("S3-70")
def test_scores_agree_between_frameworks(both: tuple[Backend, Backend]) -> None:
    found = []
    weights: Any = None
    for backend in both:
        with use_backend(backend):
            net = ImageToImageRetriever(nn.Linear(3, 4), [ops.tensor(VECTORS)])
            weights = state(net) if weights is None else weights
            load_state(net, weights)
            found.append(backend.numpy(net(ops.tensor(QUERIES), mode="predict")[1].pred_score))
    assert_close(found[1], found[0])
