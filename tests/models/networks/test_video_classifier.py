from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend, use_backend
from polynet.errors import InputError
from polynet.registry import MODELS
from tests.compare import assert_close
from tests.models.networks.small_parts import VIDEOS, videos


def pair(**options: Any) -> Any:
    head = {"name": "VideoClassifierHeadx2", "dim": 6, "num_classes": [4, 3], "dropout_rate": 0}
    return MODELS.build({"name": "VideoClassifier2x", **VIDEOS, "head": head, **options})


def both_labels() -> Any:
    return np.stack([np.arange(5) % 4, np.arange(5) % 3], axis=1)


def test_two_labels_give_two_of_everything(backend: Backend) -> None:
    net, x, y = pair(topk=[1, 2]), ops.tensor(videos()), ops.tensor(both_labels())
    result = net(x, y)
    assert list(result) == ["loss", "batch_size", "acc_0@1", "acc_0@2", "acc_1@1", "acc_1@2"]
    first, second = net.extract(x)
    expected = ops.cross_entropy(first, y[:, 0]) + ops.cross_entropy(second, y[:, 1])
    assert_close(result["loss"], expected)
    tested = net.eval()(x, y)
    assert list(tested) == ["logits0", "logits1", "acc_0@1", "acc_0@2", "acc_1@1", "acc_1@2"]
    bare = net(x)
    assert list(bare) == ["logits0", "logits1"]
    assert_close(ops.sum(bare["logits1"], dim=1), np.ones(5, np.float32))
    with pytest.raises(InputError, match=r"labels \(N, 2\), not \(5,\)"):
        net.train()(x, y[:, 0])


@pytest.mark.checklist("S0-62")
def test_the_frameworks_agree_on_two_labels(both: tuple[Backend, Backend]) -> None:
    import polynet

    seen = []
    weights = None
    for backend in both:
        with use_backend(backend):
            net = pair()
            weights = weights or polynet.state(net)
            polynet.load_state(net, weights)
            seen.append(net(ops.tensor(videos()), ops.tensor(both_labels())))
    assert_close(seen[1]["loss"], seen[0]["loss"])
    assert_close(seen[1]["acc_1@1"], seen[0]["acc_1@1"])
