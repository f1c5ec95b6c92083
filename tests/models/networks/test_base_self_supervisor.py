"""`BaseSelfSupervisor`: algorithms of the user's own, built from their parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import ModeError, OptionError
from polynet.models.networks.base_self_supervisor import BaseSelfSupervisor
from polynet.registry import MODELS, temporary
from polynet.weights import load_state, state
from tests.compare import assert_close

VIEWS = np.random.default_rng(0).standard_normal((2, 4, 6)).astype(np.float32)


class Tuple(nn.Module):
    """A backbone of one layer."""

    out_channels = 6

    def __init__(self, width: int = 6) -> None:
        super().__init__()
        self.fc = nn.Linear(6, width)

    def forward(self, x: Any) -> tuple[Any]:
        return (self.fc(x),)


class Contrast(BaseSelfSupervisor):
    """Tells an image's other view from the other images."""

    def loss(self, inputs: Any, data_samples: Any, **options: Any) -> dict[str, Any]:
        first, second = (ops.normalize(self.neck(self.extract_feat(view))[-1], dim=1) for view in inputs)
        count = first.shape[0]
        scores = ops.matmul(first, ops.transpose(second, 0, 1))
        own = ops.reshape(scores, (-1,))[:: count + 1]
        others = ops.tensor([[j for j in range(count) if j != i] for i in range(count)], dtype="int64", like=scores)
        return {"loss": self.head.loss(ops.reshape(own, (count, 1)), ops.gather(scores, 1, others))}


def config(**changes: Any) -> dict[str, Any]:
    neck = {
        "type": "NonLinearNeck",
        "in_channels": 6,
        "hid_channels": 8,
        "out_channels": 4,
        "norm_cfg": {"type": "BN1d"},
    }
    head = {"type": "ContrastiveHead", "loss": {"type": "CrossEntropyLoss"}}
    return {"type": Contrast, "backbone": {"type": Tuple}, "neck": neck, "head": head, **changes}


@pytest.mark.checklist("S3-16", "S3-17", "S3-18", "S3-7")
def test_parts_are_built_and_loss_is_reached_by_its_mode(backend: Backend) -> None:
    net = MODELS.build(config())
    assert isinstance(net, backend.native_module_type)
    assert net.with_neck
    assert net.with_head
    assert not net.with_target_generator
    views = [ops.tensor(view) for view in VIEWS]
    assert set(net(views, mode="loss")) == {"loss"}
    assert tuple(net(views[0])[0].shape) == (4, 6)
    with pytest.raises(RuntimeError, match=r'Invalid mode "predict".*tensor, loss'):
        net(views, mode="predict")
    with pytest.raises(ModeError, match="Invalid mode"):
        net(views, mode="tensors")


@pytest.mark.checklist("S3-16")
def test_neck_and_head_may_be_left_out(backend: Backend) -> None:
    net = MODELS.build({"type": Contrast, "backbone": {"type": Tuple}})
    assert net.neck is None
    assert net.head is None


@pytest.mark.checklist("S3-17")
def test_extract_feat_may_be_overridden(backend: Backend) -> None:
    class Doubling(Contrast):
        def extract_feat(self, inputs: Any, **options: Any) -> Any:
            return tuple(2 * each for each in super().extract_feat(inputs))

    net = MODELS.build(config(type=Doubling))
    x = ops.tensor(VIEWS[0])
    assert_close(net(x)[0], 2 * ops.to_numpy(net.backbone(x)[0]))


def test_a_subclass_without_loss_is_incomplete(backend: Backend) -> None:
    class Incomplete(BaseSelfSupervisor):
        pass

    with pytest.raises(TypeError, match="loss"):
        Incomplete(Tuple())


@pytest.mark.checklist("S3-15")
@pytest.mark.parametrize("rules", [None, {"type": "Normal", "layer": "Linear"}, [{"type": "Constant", "val": 1}]])
def test_rules_in_the_backbones_place_are_refused_with_what_to_write(backend: Backend, rules: Any) -> None:
    with temporary():

        @MODELS.register_module()
        class NewAlgorithm(BaseSelfSupervisor):
            def __init__(self, backbone: Any, neck: Any = None, head: Any = None, init_cfg: Any = None) -> None:
                super().__init__(init_cfg)

            def loss(self, inputs: Any, data_samples: Any, **options: Any) -> dict[str, Any]:
                return {}

        with pytest.raises(OptionError, match=r"Write super\(\).__init__\(backbone=backbone"):
            MODELS.build({"type": "NewAlgorithm", "backbone": {"type": Tuple}, "init_cfg": rules})


def test_parts_that_do_not_fit_are_refused(backend: Backend) -> None:
    neck = {"type": "LinearNeck", "in_channels": 5, "out_channels": 4}
    with pytest.raises(OptionError, match=r"^neck: LinearNeck takes features of width 5, and Tuple gives 6"):
        MODELS.build(config(neck=neck))


@pytest.mark.checklist("S3-70")
def test_losses_and_gradients_agree_between_frameworks(both: tuple[Backend, Backend]) -> None:
    found = []
    weights: Any = None
    for backend in both:
        with use_backend(backend):
            net = MODELS.build(config())
            weights = state(net) if weights is None else weights
            load_state(net, weights)
            views = [ops.tensor(view) for view in VIEWS]
            slots = [slot for slot in backend.slots(net).values() if slot.kind == "parameter"]

            def loss(net: Any = net, views: Any = views) -> Any:
                return net(views, mode="loss")["loss"]

            value, gradients = backend.differentiate(loss, [slot.tensor for slot in slots])
            arrays = {slot.name: slot.canonical(gradient) for slot, gradient in zip(slots, gradients, strict=True)}
            found.append((backend.numpy(value), arrays))
    assert_close(found[1][0], found[0][0], what="loss")
    scale = max(float(np.abs(gradient).max()) for gradient in found[0][1].values())
    for name, gradient in found[0][1].items():
        # Before a normalisation some gradients are zero but for rounding: measured against the network's largest.
        assert np.abs(found[1][1][name] - gradient).max() <= 1e-5 * scale, name
