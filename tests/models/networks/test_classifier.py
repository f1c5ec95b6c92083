from __future__ import annotations

import io
import warnings
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import ConfigKeyError, InputError, OptionError, UnknownNameError
from polynet.models.networks.classifier import Classifier
from polynet.registry import MODELS, temporary
from tests.compare import assert_close
from tests.models.networks.small_parts import IMAGES, VIDEOS, SmallBackbone, VideoBackbone, images, labels, videos

KINDS: dict[str, dict[str, Any]] = {"Classifier": IMAGES, "VideoClassifier": VIDEOS}
INPUTS = {"Classifier": ("img", images), "VideoClassifier": ("video", videos)}
each_kind = pytest.mark.parametrize("kind", KINDS)


def built(kind: str = "Classifier", **options: Any) -> Any:
    return MODELS.build({"name": kind, **KINDS[kind], **options})


def numbers(kind: str = "Classifier") -> Any:
    return ops.tensor(INPUTS[kind][1]())


@pytest.mark.checklist("S0-45", "S0-56", "S1-39")
@each_kind
def test_parts_are_built_from_their_configs(backend: Backend, kind: str) -> None:
    net = built(
        kind, metric={"name": "AccuracyMetric", "topk": [1, 3]}, loss={"name": "CrossEntropy", "reduction": "sum"}
    )
    assert isinstance(net, backend.native_module_type)
    assert isinstance(net.backbone, VideoBackbone if kind == "VideoClassifier" else SmallBackbone)
    assert type(net.neck).__name__ == "GlobalAveragePooling"
    assert type(net.head).__name__ == ("VideoClassifierHead" if kind == "VideoClassifier" else "ClassifierHead")
    assert net.loss.reduction == "sum"
    assert net.metric.topk == (1, 3)
    names = set(polynet.state(net))
    assert {"backbone.conv.weight", "backbone.bn.running_mean"} <= names
    assert {name.partition(".")[0] for name in names} == {"backbone", "head"}


@pytest.mark.checklist("S0-29", "S0-45")
def test_what_is_left_out_has_defaults(backend: Backend) -> None:
    net = MODELS.build(
        {
            "name": "Classifier",
            "backbone": {"name": "MLP", "in_dim": [3], "out_dim": 5},
            "head": {"name": "ClassifierHead", "dim": 5, "num_classes": 4},
        }
    )
    assert type(net.neck).__name__ == "Identity"
    assert type(net.loss).__name__ == "CrossEntropy"
    assert type(net.metric).__name__ == "AccuracyMetric"
    assert tuple(net.eval()(ops.ones((2, 3))).shape) == (2, 4)


@pytest.mark.checklist("S0-53", "S1-12", "S1-13", "S1-31")
@each_kind
def test_evaluation_without_labels_gives_activated_logits(backend: Backend, kind: str) -> None:
    net = built(kind).eval()
    out = net(numbers(kind))
    assert isinstance(out, backend.tensor_types)
    assert tuple(out.shape) == (5, 4)
    assert_close(ops.sum(out, dim=1), np.ones(5, np.float32))


@pytest.mark.checklist("S0-53", "S1-17", "S1-18", "S1-19", "S1-20", "S1-21", "S1-22")
@each_kind
def test_evaluation_with_labels_gives_logits_and_metrics_in_order(backend: Backend, kind: str) -> None:
    net = built(kind, metric={"name": "AccuracyMetric", "topk": [3, 1]}).eval()
    result = net(numbers(kind), ops.tensor(labels()))
    assert isinstance(result, OrderedDict)
    assert list(result) == ["logits", "acc@3", "acc@1"]
    assert_close(result["logits"], net(numbers(kind)), 0)
    scalars = {key: value for key, value in result.items() if value.ndim == 0}
    assert list(scalars) == ["acc@3", "acc@1"]
    best = backend.numpy(result["logits"]).argmax(axis=1)
    assert result["acc@1"].item() == pytest.approx((best == labels()).mean())


@pytest.mark.checklist("S0-52", "S1-23", "S1-25", "S1-26", "S1-29")
@each_kind
def test_training_with_labels_gives_loss_batch_size_and_metrics(backend: Backend, kind: str) -> None:
    net = built(kind, topk=[1, 2]).train()
    result = net(numbers(kind), ops.tensor(labels()))
    assert isinstance(result, OrderedDict)
    assert list(result) == ["loss", "batch_size", "acc@1", "acc@2"]
    assert type(result["batch_size"]) is int
    assert result["batch_size"] == 5
    assert result["loss"].ndim == 0
    raw = net.extract(numbers(kind))
    assert_close(result["loss"], ops.cross_entropy(raw, ops.tensor(labels())))


@pytest.mark.checklist("S1-24")
@each_kind
def test_the_loss_reaches_every_parameter(backend: Backend, kind: str) -> None:
    net = built(kind)
    slots = {name: slot.tensor for name, slot in backend.slots(net).items() if slot.kind == "parameter"}
    loss, gradients = backend.differentiate(
        lambda: net(numbers(kind), ops.tensor(labels()))["loss"], list(slots.values())
    )
    assert loss.ndim == 0
    for name, gradient in zip(slots, gradients, strict=True):
        assert gradient is not None, name
        if name != "backbone.conv.bias":  # the normalisation after it takes its effect away
            assert np.abs(backend.numpy(gradient)).max() > 0, name


@pytest.mark.checklist("S1-27", "S1-28", "S1-43")
@each_kind
def test_training_without_labels_gives_activated_logits_too(backend: Backend, kind: str) -> None:
    out = built(kind).train()(numbers(kind))
    assert_close(ops.sum(out, dim=1), np.ones(5, np.float32))


@pytest.mark.checklist("S1-30")
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_activation_leaves_accuracy_as_it_is(backend: Backend, activation: str) -> None:
    net = built(act_name=activation).eval()
    tested = net(numbers(), ops.tensor(labels()))
    raw = net.metric(net.extract(numbers()), ops.tensor(labels()))
    assert tested["acc@1"].item() == raw["acc@1"].item()


@pytest.mark.checklist("S1-33")
def test_activations_by_name(backend: Backend) -> None:
    x = numbers()
    net = built(act_name="sigmoid").eval()
    assert_close(net(x), ops.sigmoid(net.extract(x)))
    soft = built().eval()
    assert_close(soft(x), ops.softmax(soft.extract(x), 1))
    with pytest.raises(UnknownNameError, match=r"act_name 'sofmax'.*Did you mean 'softmax'"):
        built(act_name="sofmax")


@pytest.mark.checklist("S1-34", "S1-39")
@each_kind
def test_a_batch_may_be_given_by_keywords_under_either_name_of_the_labels(backend: Backend, kind: str) -> None:
    net = built(kind)
    key = INPUTS[kind][0]
    first = net(**{key: numbers(kind), "gt_label": ops.tensor(labels())})
    second = net(**{key: numbers(kind), "label": ops.tensor(labels())})
    assert_close(first["loss"], second["loss"])
    with pytest.raises(InputError, match="given twice"):
        net(numbers(kind), ops.tensor(labels()), label=ops.tensor(labels()))
    with pytest.raises((TypeError, polynet.errors.PolyNetError), match="gt_lable"):
        net(numbers(kind), gt_lable=ops.tensor(labels()))


@pytest.mark.checklist("S1-40")
def test_frozen_normalisation_stays_in_evaluation_mode(backend: Backend) -> None:
    net = built(freeze_bn=True)
    outer = nn.Sequential(net)
    for whole in (net, outer):
        whole.train()
        assert net.training
        assert net.backbone.conv.training
        assert not net.backbone.bn.training
    before = backend.slots(net)["backbone.bn.running_mean"].read()
    net(numbers(), ops.tensor(labels()))
    np.testing.assert_array_equal(backend.slots(net)["backbone.bn.running_mean"].read(), before)
    usual = built().train()
    usual(numbers())
    assert np.abs(backend.slots(usual)["backbone.bn.running_mean"].read()).max() > 0


@pytest.mark.checklist("S0-62", "S1-32", "S1-43")
@each_kind
@pytest.mark.parametrize("mode", [True, False])
def test_the_frameworks_agree(both: tuple[Backend, Backend], kind: str, mode: bool) -> None:
    seen = []
    for backend in both:
        with use_backend(backend):
            net = polynet.build({"name": kind, **KINDS[kind]}, backend=backend, seed=4)
            net.train(mode)
            bare = net(numbers(kind))
            result = net(numbers(kind), ops.tensor(labels()))
            net.train(True)
            slots = {name: slot for name, slot in backend.slots(net).items() if slot.kind == "parameter"}
            _, gradients = backend.differentiate(
                lambda net=net: net(numbers(kind), ops.tensor(labels()))["loss"],
                [slot.tensor for slot in slots.values()],
            )
            arrays = [slot.canonical(each) for slot, each in zip(slots.values(), gradients, strict=True)]
            seen.append((bare, result, dict(zip(slots, arrays, strict=True))))
    (bare, result, gradients), (other_bare, other_result, other_gradients) = seen
    assert_close(other_bare, bare)
    assert list(result) == list(other_result)
    for key, value in result.items():
        assert_close(np.asarray(other_result[key]) if key == "batch_size" else other_result[key], value, what=key)
    largest = max(np.abs(each).max() for each in gradients.values())
    for name, gradient in gradients.items():
        assert np.abs(other_gradients[name] - gradient).max() <= 1e-5 * largest, name


@pytest.mark.checklist("S1-14")
@each_kind
def test_torch_traces_it(kind: str) -> None:
    torch = pytest.importorskip("torch")
    with use_backend("torch"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`torch.jit", category=FutureWarning)
        warnings.filterwarnings("ignore", message="`torch.jit", category=DeprecationWarning)
        net, x = built(kind).eval(), numbers(kind)
        traced = torch.jit.trace(net, x)
        other = torch.tensor(INPUTS[kind][1](3))
        assert_close(traced(other), net(other), 1e-6)


@pytest.mark.checklist("S1-14")
@each_kind
def test_megengine_traces_and_dumps_it(kind: str) -> None:
    megengine = pytest.importorskip("megengine")
    polynet.get_backend("megengine")
    before = megengine.get_default_device()
    megengine.set_default_device("xpux")  # MegEngine cannot dump from `cpux`
    try:
        with use_backend("megengine"):
            net, x = built(kind).eval(), megengine.tensor(INPUTS[kind][1]())
            expected = net(x)
            traced = megengine.jit.trace(net, symbolic=True, capture_as_const=True)
            assert_close(traced(x), expected, 1e-6)
            file = io.BytesIO()
            traced.dump(file, arg_names=["x"])
            assert len(file.getvalue()) > 1000
    finally:
        megengine.set_default_device(before)


@pytest.mark.checklist("S1-42")
def test_mistakes_name_the_class_and_the_place(backend: Backend) -> None:
    with pytest.raises(OptionError, match=r"^head: ClassifierHead.*'foo'"):
        built(head={"name": "ClassifierHead", "dim": 6, "num_classes": 4, "foo": 1})
    with pytest.raises(OptionError, match=r"Classifier.*'bakcbone'.*Did you mean 'backbone'"):
        built(bakcbone={})
    with pytest.raises(
        OptionError, match=r"^head: ClassifierHead takes features of width 7, and SmallBackbone gives 6"
    ):
        built(head={"name": "ClassifierHead", "dim": 7, "num_classes": 4})
    with pytest.raises(UnknownNameError, match=r"^model\.loss: The loss 'CrosEntropy'.*Did you mean 'CrossEntropy'"):
        polynet.build({"model": {"name": "Classifier", **IMAGES, "loss": {"name": "CrosEntropy"}}})
    with pytest.raises(ConfigKeyError, match=r"^head: Classifier needs a head"):
        MODELS.build({"name": "Classifier", "backbone": {"name": SmallBackbone}})
    with pytest.raises(ConfigKeyError, match=r"^backbone: Classifier needs a backbone"):
        MODELS.build({"name": "Classifier", "head": IMAGES["head"]})


def test_parts_may_be_instances_and_a_whole_network_may_be_the_backbone(backend: Backend) -> None:
    backbone = SmallBackbone()
    net = built(backbone=backbone)
    assert net.backbone is backbone
    with use_backend("shapes"):
        net = built(
            backbone={"name": "resnet18", "head": None}, head={"name": "ClassifierHead", "dim": 512, "num_classes": 4}
        )
        assert tuple(net.eval()(ops.zeros((1, 3, 32, 32))).shape) == (1, 4)


@pytest.mark.checklist("S0-59", "S1-41")
def test_weights_named_by_any_part_stay_when_the_whole_is_built(backend: Backend, tmp_path: Any) -> None:
    source = polynet.build({"name": "Classifier", **IMAGES}, backend=backend, seed=1)
    whole, part = tmp_path / "whole.safetensors", tmp_path / "part.safetensors"
    polynet.save(source, whole, config={})
    polynet.save(source.backbone, part)
    expected = polynet.state(source)
    config = {"name": "Classifier", **IMAGES}
    for given in (str(part), {"path": str(whole), "sub_level": "backbone"}):
        net = polynet.build({**config, "backbone": {**IMAGES["backbone"], "pretrain": given}}, backend=backend, seed=2)
        np.testing.assert_array_equal(polynet.state(net)["backbone.conv.weight"], expected["backbone.conv.weight"])
        assert np.abs(polynet.state(net)["head.fc.weight"] - expected["head.fc.weight"]).max() > 0
    for key in ("pretrain", "PRETRAINED_MODEL"):
        named = {"NAME": "Classifier", **{name.upper(): value for name, value in IMAGES.items()}, key: str(whole)}
        net = polynet.build(named, backend=backend, seed=2)
        np.testing.assert_array_equal(polynet.state(net)["head.fc.weight"], expected["head.fc.weight"])


@pytest.mark.checklist("S1-41")
def test_a_checkpoint_of_a_wrapped_network_fits_in_part_with_a_warning(backend: Backend, tmp_path: Any) -> None:
    from safetensors.numpy import save_file

    source = built()
    path = tmp_path / "wrapped.safetensors"
    arrays = {f"module.{name}": np.ascontiguousarray(array) for name, array in polynet.state(source).items()}
    arrays["module.head.fc.weight"] = np.zeros((9, 9), np.float32)
    save_file(arrays, path)
    with pytest.warns(UserWarning, match="does not fit Classifier wholly"):
        net = built(pretrain=str(path))
    expected = polynet.state(source)
    np.testing.assert_array_equal(polynet.state(net)["backbone.conv.weight"], expected["backbone.conv.weight"])


@pytest.mark.checklist("S0-20", "S0-23", "S0-25")
def test_the_logger_reaches_every_part_and_the_config_is_left_alone(backend: Backend) -> None:
    from polynet.config import Config

    config = Config({"NAME": "Classifier", **{name.upper(): value for name, value in IMAGES.items()}})
    before = repr(config)
    net, other = MODELS.build(config, logger="a logger"), MODELS.build(config)
    assert {part.logger for part in (net, net.backbone, net.neck, net.head, net.loss, net.metric)} == {"a logger"}
    assert other.logger is None
    assert other.head.fc.weight is not net.head.fc.weight
    assert repr(config) == before


@pytest.mark.checklist("S1-11")
def test_only_networks_owe_a_form_of_output(backend: Backend) -> None:
    with temporary():

        class Odd(nn.Module):
            def forward(self, x: Any) -> Any:
                return {"anything": x}

        class Taker(nn.Module):
            def forward(self, x: Any) -> Any:
                return ops.mean(x["anything"], dim=(2, 3))

        net = Classifier(backbone=Odd, neck=Taker, head={"name": "ClassifierHead", "dim": 3, "num_classes": 4})
        assert tuple(net.eval()(numbers()).shape) == (5, 4)


@pytest.mark.checklist("S0-52", "S1-24")
@each_kind
def test_it_trains(backend: Backend, kind: str) -> None:
    net = polynet.build({"name": kind, **KINDS[kind]}, backend=backend, seed=0)
    x, y = numbers(kind), ops.tensor(labels())
    optimizer = backend.optimizer("sgd", net, lr=0.5)
    losses = [optimizer.step(lambda: net(x, y)["loss"]) for _ in range(8)]
    assert losses[-1] < 0.8 * losses[0]
