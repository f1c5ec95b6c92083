"""EssentialMC2's page on networks, its three blocks and what its text promises."""

from __future__ import annotations

import functools
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
from polynet.dialects.essmc2.models import BACKBONES, HEADS, LOSSES, MODELS, NECKS, TrainModule
from polynet.dialects.essmc2.utils.metrics import METRICS

import polynet
from polynet import nn, ops
from polynet.backend import Backend
from polynet.errors import UnknownNameError
from polynet.registry import temporary
from tests.compare import assert_close
from tests.models.networks.small_parts import VIDEOS, VideoBackbone, labels, videos


@pytest.fixture(autouse=True)
def _clean_store() -> Any:
    with temporary():
        yield


def network(spelling: str = "foward") -> Any:
    """The class of the page, its ellipses filled in; the call method spelt as asked for."""

    class VideoClassifier(TrainModule):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = BACKBONES.build({"type": VideoBackbone})
            self.neck = NECKS.build({"type": "GlobalAveragePooling", "dim": 3})
            self.head = HEADS.build({"type": "VideoClassifierHead", "dim": 6, "num_classes": 4, "dropout_rate": 0})

            self.loss = LOSSES.build(dict(type="CrossEntropy"))  # noqa: C408 - as the page writes it
            self.metric = METRICS.build(dict(type="accuracy", topk=(1, 2)))  # noqa: C408 - as the page writes it
            self.activate_fn = functools.partial(ops.softmax, dim=1)

        def forward_test(self, video: Any, gt_label: Any = None) -> Any:
            logits = self.activate_fn(self.head(self.neck(self.backbone(video))))
            if gt_label is None:
                return logits
            ret: OrderedDict[str, Any] = OrderedDict()
            ret["logits"] = logits
            ret.update(self.metric(logits, gt_label))
            return ret

        def forward_train(self, video: Any, gt_label: Any = None) -> Any:
            probs = self.head(self.neck(self.backbone(video)))
            if gt_label is not None:
                ret: OrderedDict[str, Any] = OrderedDict()
                loss = self.loss(probs, gt_label)
                ret["loss"] = loss
                ret["batch_size"] = video.shape[0]
                ret.update(self.metric(probs, gt_label))
                return ret
            return self.activate_fn(probs)

    def foward(self: Any, video: Any, **kwargs: Any) -> Any:
        return self.forward_train(video, **kwargs) if self.training else self.forward_test(video, **kwargs)

    return type("VideoClassifier", (VideoClassifier,), {spelling: foward})


@pytest.mark.checklist("S1-2", "S1-3", "S1-6", "S1-9", "S1-33", "S1-44")
@pytest.mark.parametrize("spelling", ["foward", "forward"])
def test_the_blocks_of_the_page_run(backend: Backend, spelling: str) -> None:
    net = network(spelling)()
    assert isinstance(net, backend.native_module_type)
    x, y = ops.tensor(videos()), ops.tensor(labels())
    trained = net(x, gt_label=y)
    assert list(trained) == ["loss", "batch_size", "acc@1", "acc@2"]
    assert trained["batch_size"] == 5
    assert_close(ops.sum(net(x), dim=1), np.ones(5, np.float32))
    net.eval()
    tested = net(x, gt_label=y)
    assert list(tested) == ["logits", "acc@1", "acc@2"]
    assert_close(net(x), tested["logits"], 0)


@pytest.mark.checklist("S1-44", "S0-62")
def test_the_blocks_of_the_page_agree_between_the_frameworks(both: tuple[Backend, Backend]) -> None:
    seen = []
    weights: Any = None
    for backend in both:
        with polynet.use_backend(backend):
            net = network()()
            weights = weights or polynet.state(net)
            polynet.load_state(net, weights)
            seen.append(net(ops.tensor(videos()), gt_label=ops.tensor(labels())))
    for key in ("loss", "acc@1", "acc@2"):
        assert_close(seen[1][key], seen[0][key], what=key)


@pytest.mark.checklist("S1-7", "S1-8")
def test_losses_and_metrics_by_plain_dictionaries(backend: Backend) -> None:
    config = {"type": "accuracy", "topk": (1, 2)}
    loss, metric = LOSSES.build({"type": "CrossEntropy"}), METRICS.build(config)
    x, y = ops.tensor(np.eye(3, dtype=np.float32)), ops.tensor(np.arange(3))
    assert_close(loss(x, y), ops.cross_entropy(x, y))
    assert metric(x, y)["acc@2"].item() == 1.0
    assert type(METRICS.build({"type": "AccuracyMetric"})) is type(metric)
    assert config == {"type": "accuracy", "topk": (1, 2)}


@pytest.mark.checklist("S1-10")
def test_type_may_be_a_class(backend: Backend) -> None:
    assert isinstance(BACKBONES.build({"type": VideoBackbone}), VideoBackbone)
    assert isinstance(MODELS.build({"type": network()}), TrainModule)


@pytest.mark.checklist("S1-39")
def test_a_bare_type_means_what_it_means_in_this_library_also_further_in(backend: Backend) -> None:
    config = {
        "type": "Classifier",
        "backbone": {"type": "ResNet", "depth": 18, "kernel_size": 3},
        "neck": {"type": "GlobalAveragePooling", "dim": 2},
        "head": {"type": "ClassifierHead", "dim": 512, "num_classes": 4},
        "topk": (1, 3),
    }
    with polynet.use_backend("shapes"):
        net = MODELS.build(config)
        assert type(net.backbone).__module__ == "polynet.models.backbones.scepter_resnet"
        assert net.metric.topk == (1, 3)
        assert tuple(net.eval()(ops.zeros((2, 3, 16, 16))).shape) == (2, 4)


@pytest.mark.checklist("S1-42")
def test_a_wrong_keyword_names_class_and_cause(backend: Backend) -> None:
    with pytest.raises(TypeError, match=r"VideoClassifierHead.*'foo'"):
        HEADS.build({"type": "VideoClassifierHead", "dim": 6, "num_classes": 4, "foo": 1})


def test_what_is_registered_here_is_found_here(backend: Backend) -> None:
    @BACKBONES.register_class("ResNet")
    class Mine(nn.Module):
        pass

    assert isinstance(BACKBONES.build({"type": "ResNet"}), Mine)
    with pytest.raises(UnknownNameError):
        HEADS.build({"type": "Mine"})


@pytest.mark.checklist("S1-12", "S1-39")
def test_a_whole_network_is_built_from_one_dictionary(backend: Backend) -> None:
    def in_its_spelling(part: dict[str, Any]) -> dict[str, Any]:
        return {"type" if key == "name" else key: value for key, value in part.items()}

    config = {"type": "VideoClassifier", **{key: in_its_spelling(part) for key, part in VIDEOS.items()}}
    before = repr(config)
    net = MODELS.build(config).eval()
    assert tuple(net(ops.tensor(videos())).shape) == (5, 4)
    assert repr(config) == before
