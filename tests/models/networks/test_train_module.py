from __future__ import annotations

import contextlib
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend
from polynet.errors import InputError
from polynet.models.base_model import BaseModel
from polynet.models.networks.train_module import TrainModule, loss_of
from polynet.registry import BACKBONES, HEADS, METRICS, MODELS, temporary
from tests.compare import assert_close


@pytest.fixture(autouse=True)
def _clean_store() -> Any:
    with temporary():
        yield


class Modes(TrainModule):
    def __init__(self) -> None:
        super().__init__()
        self.bn = nn.BatchNorm1d(3)
        self.inner = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 2))

    def forward_train(self, *inputs: Any, **options: Any) -> Any:
        return "train", inputs, options

    def forward_test(self, *inputs: Any, **options: Any) -> Any:
        return "test", inputs, options

    def count_parameters(self) -> int:
        return sum(int(np.prod(tuple(each.shape))) for each in self.parameters())


@pytest.mark.checklist("S0-54", "S1-2", "S1-3", "S1-6")
def test_the_mode_decides_which_method_runs(backend: Backend) -> None:
    net = Modes()
    assert net.logger is None
    assert net.cfg is None
    assert net.training
    assert net()[0] == "train"
    net.eval()
    assert net()[0] == "test"
    net.train()
    assert net()[0] == "train"
    net.train(False)
    assert net()[0] == "test"


@pytest.mark.checklist("S1-4")
def test_the_mode_reaches_every_part(backend: Backend) -> None:
    net = Modes()
    for mode in (False, True, False):
        net.train(mode)
        assert {part.training for part in net.modules()} == {mode}
    assert len(list(net.modules())) == 5


@pytest.mark.checklist("S1-5")
def test_arguments_are_handed_on_unchanged(backend: Backend) -> None:
    marker = object()
    for net in (Modes(), Modes().eval()):
        _, inputs, options = net(marker, 2, gt_label=None, meta={"path": "x"})
        assert inputs == (marker, 2)
        assert inputs[0] is marker
        assert options == {"gt_label": None, "meta": {"path": "x"}}


@pytest.mark.checklist("S0-55")
def test_further_methods_may_be_defined_and_called(backend: Backend) -> None:
    assert Modes().count_parameters() == 3 + 3 + 6 + 2


def test_what_a_subclass_left_out_is_named(backend: Backend) -> None:
    class Half(TrainModule):
        def forward_train(self, x: Any) -> Any:
            return x

    net = Half()
    assert net(3) == 3
    with pytest.raises(NotImplementedError, match=r"Half is in evaluation mode and has no forward_test\(\)"):
        net.eval()(3)


@pytest.mark.checklist("S0-10", "S0-23", "S1-6")
def test_config_and_logger_are_kept_where_they_are_given(backend: Backend) -> None:
    @MODELS.register_class()
    class Configured(TrainModule):
        def __init__(self, cfg: Any, logger: Any = None) -> None:
            super().__init__(cfg, logger=logger)

    net = MODELS.build({"NAME": "Configured", "DEPTH": 3}, logger="a logger")
    assert isinstance(net, backend.native_module_type)
    assert net.logger == "a logger"
    assert net.cfg.DEPTH == 3
    assert MODELS.build({"NAME": "Configured"}).logger is None


@pytest.mark.checklist("S0-26", "S0-27")
def test_a_config_is_no_part_of_the_state(backend: Backend) -> None:
    layer = nn.Linear(2, 2)

    @BACKBONES.register_class()
    class Free(BaseModel):
        def __init__(self, cfg: Any, logger: Any = None) -> None:
            super().__init__(cfg, logger=logger)
            self.first = nn.Linear(cfg.DIM, 2)
            self.cfg = cfg  # as some write it again

        def forward(self, x: Any, y: Any, *, scale: float) -> Any:
            return self.first(x) * scale + y

    net = BACKBONES.build({"NAME": "Free", "DIM": 3, "INNER": {"LAYER": layer, "TABLE": {1: "one"}}})
    assert {name for name, _ in net.named_parameters()} == {"first.weight", "first.bias"}
    assert set(net.state_dict()) == {"first.weight", "first.bias"}
    assert net.cfg.INNER.TABLE[1] == "one"
    out = net(ops.ones((1, 3)), ops.ones((1, 2)), scale=0.0)
    assert_close(out, np.ones((1, 2), np.float32))


@pytest.mark.checklist("S0-59")
def test_weights_are_loaded_by_the_method_too(backend: Backend, tmp_path: Any) -> None:
    class One(BaseModel):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(2, 2)

    source, target = One(), One()
    path = tmp_path / "one.safetensors"
    polynet.save(source, path)
    target.load_pretrained_model(str(path))
    np.testing.assert_array_equal(polynet.state(target)["fc.weight"], polynet.state(source)["fc.weight"])


def seeds_video_classifier() -> Any:
    """The class of the seed, its ellipses filled in, `foward` as it is printed there."""

    class VideoClassifier(TrainModule):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = BACKBONES.build({"type": "MLP", "in_dim": [3, 6], "out_dim": 5})
            self.head = HEADS.build({"type": "ClassifierHead", "dim": 5, "num_classes": 4})
            self.metric = METRICS.build({"type": "accuracy", "topk": (1, 2)})

        def foward(self, video: Any, **kwargs: Any) -> Any:
            return self.forward_train(video, **kwargs) if self.training else self.forward_test(video, **kwargs)

        def forward_test(self, video: Any, gt_label: Any = None) -> Any:
            logits = ops.softmax(self.head(self.backbone(video)), dim=1)
            if gt_label is None:
                return logits
            ret: OrderedDict[str, Any] = OrderedDict()
            ret["logits"] = logits
            ret.update(self.metric(logits, gt_label))
            return ret

        def forward_train(self, video: Any, gt_label: Any = None) -> Any:
            return OrderedDict(loss=ops.sum(self.head(self.backbone(video))), batch_size=video.shape[0])

    return VideoClassifier


@pytest.mark.checklist("S1-2", "S1-9", "S1-15", "S1-44")
def test_a_misspelt_forward_does_no_harm(backend: Backend) -> None:
    net = seeds_video_classifier()()
    x, y = ops.ones((4, 3)), ops.tensor(np.arange(4))
    assert list(net(x, gt_label=y)) == ["loss", "batch_size"]
    net.eval()
    assert tuple(net(x).shape) == (4, 4)
    assert list(net(x, gt_label=y)) == ["logits", "acc@1", "acc@2"]


@pytest.mark.checklist("S1-15")
def test_torch_traces_a_dictionary() -> None:
    torch = pytest.importorskip("torch")
    with polynet.use_backend("torch"):
        net = seeds_video_classifier()().eval()
        x, y = torch.randn(4, 3), torch.arange(4)
        with _no_warnings_of_tracing():
            traced = torch.jit.trace(net, (x, y), strict=False)
        found, expected = traced(x, y), net(x, y)
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert_close(found[key], value, 1e-6, what=key)


@pytest.mark.checklist("S1-15")
def test_megengine_traces_a_dictionary() -> None:
    megengine = pytest.importorskip("megengine")
    with polynet.use_backend("megengine"):
        net = seeds_video_classifier()().eval()
        x, y = megengine.tensor(np.ones((4, 3), np.float32)), megengine.tensor(np.arange(4, dtype=np.int32))
        traced = megengine.jit.trace(lambda video, label: dict(net(video, gt_label=label)), symbolic=True)
        traced(x, y)
        found, expected = traced(x, y), net(x, gt_label=y)
    assert sorted(found) == sorted(expected)
    for key, value in expected.items():
        assert_close(found[key], value, 1e-6, what=key)


@contextlib.contextmanager
def _no_warnings_of_tracing() -> Any:
    import warnings

    with warnings.catch_warnings():
        # torch announces the end of the function itself; a TracerWarning stays an error.
        warnings.filterwarnings("ignore", message="`torch.jit", category=FutureWarning)
        warnings.filterwarnings("ignore", message="`torch.jit", category=DeprecationWarning)
        yield


@pytest.mark.checklist("S1-38")
@pytest.mark.parametrize(
    ("outputs", "says"),
    [
        ({"acc@1": 1.0, "batch_size": 3}, r"dictionary with `loss`; this one has acc@1, batch_size"),
        ({"losss": 1.0}, r"Did you mean 'loss'"),
        ({"loss": None}, r"this one has loss"),
        (3.0, r"it returned float.*were they given"),
    ],
)
def test_an_output_without_a_loss_is_reported_where_it_is_to_be_optimised(outputs: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        loss_of(outputs)


@pytest.mark.checklist("S1-38")
def test_the_loss_of_a_network_is_found_and_its_lack_reported(backend: Backend) -> None:
    net = seeds_video_classifier()()
    x, y = ops.ones((4, 3)), ops.tensor(np.arange(4))
    assert loss_of(net(x, gt_label=y)).ndim == 0
    net.eval()
    with pytest.raises(InputError, match="this one has logits"):
        loss_of(net(x, gt_label=y))
