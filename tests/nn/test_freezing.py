"""Parameters are frozen on every framework as torch freezes them, and optimisers leave them out."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend
from polynet.types import Tensor


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fixed = nn.Parameter(np.ones((2,), np.float32))
        self.free = nn.Parameter(np.ones((2,), np.float32))
        self.fixed.requires_grad = False

    def forward(self, x: Tensor) -> Tensor:
        return ops.sum((x * self.fixed + self.free) ** 2)


def _trainable(net: object, backend: Backend) -> dict[str, bool]:
    return {name: slot.trainable for name, slot in backend.slots(net).items()}


@pytest.mark.checklist("S3-34")
def test_a_frozen_parameter_is_not_stepped(backend: Backend) -> None:
    net = Scaled()
    backend.optimizer("sgd", net, lr=0.1).step(lambda: net(ops.tensor([1.0, 2.0])))
    assert backend.numpy(net.fixed).tolist() == [1.0, 1.0]
    np.testing.assert_allclose(backend.numpy(net.free), [0.6, 0.4], rtol=1e-6)


def test_copies_and_pickles_stay_frozen(backend: Backend) -> None:
    net = Scaled()
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert _trainable(twin, backend) == {"fixed": False, "free": True}
        assert twin.fixed.requires_grad is False


def test_a_module_and_its_parameters_agree_on_what_is_frozen(backend: Backend) -> None:
    net = Scaled().requires_grad_(True)
    assert _trainable(net, backend) == {"fixed": True, "free": True}
    net.requires_grad_(False)
    assert net.free.requires_grad is False
    net.free.requires_grad = True
    assert _trainable(net, backend) == {"fixed": False, "free": True}
