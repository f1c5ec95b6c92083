"""`ImageClassifier`: its modes, stages, parts and refusals, and the same numbers on every framework."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.data.data_sample import DataSample
from polynet.errors import InputError, ModeError, OptionError, UnknownNameError
from polynet.models.networks.base_classifier import BaseClassifier
from polynet.models.networks.image_classifier import ImageClassifier
from polynet.registry import MODELS
from polynet.weights import load_state, save, state
from tests.compare import assert_close


class Stem(nn.Module):
    """A small backbone with a tuple of stages."""

    out_channels = 6

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, stride=2)
        self.second = nn.Conv2d(4, 6, 3)

    def forward(self, x: Any) -> tuple[Any, ...]:
        first = ops.relu(self.first(x))
        return first, ops.relu(self.second(first))


class Single(Stem):
    """The same with one map, as Scepter's backbones give."""

    def forward(self, x: Any) -> Any:
        return super().forward(x)[-1]


IMAGES = np.random.default_rng(0).standard_normal((2, 3, 12, 12)).astype(np.float32)


def config(backbone: Any = Stem, **head: Any) -> dict[str, Any]:
    return {
        "type": "ImageClassifier",
        "backbone": {"type": backbone},
        "neck": {"type": "GlobalAveragePooling"},
        "head": {"type": "LinearClsHead", "num_classes": 5, "in_channels": 6, **head},
    }


def samples(*labels: int) -> list[DataSample]:
    return [DataSample().set_gt_label(label) for label in labels]


@pytest.mark.checklist("S3-1", "S3-2", "S3-66")
@pytest.mark.parametrize("backbone", [Stem, Single])
def test_the_mode_chooses_scores_losses_or_predictions(backend: Backend, backbone: Any) -> None:
    net = MODELS.build(config(backbone, cal_acc=True, topk=(1, 5)))
    assert isinstance(net, ImageClassifier)
    assert isinstance(net, backend.native_module_type)
    x = ops.tensor(IMAGES)
    scores = net(x)
    assert tuple(scores.shape) == (2, 5)
    losses = net(x, samples(1, 4), mode="loss")
    assert set(losses) == {"loss", "accuracy_top-1", "accuracy_top-5"}
    logits = ops.to_numpy(scores).astype(np.float64)
    expected = np.mean(np.log(np.exp(logits).sum(1)) - logits[[0, 1], [1, 4]])
    assert float(ops.to_numpy(losses["loss"])) == pytest.approx(expected, rel=1e-5)
    predicted = net(x, mode="predict")
    assert [int(ops.to_numpy(each.pred_label)[0]) for each in predicted] == logits.argmax(1).tolist()
    given = samples(0, 0)
    assert net(x, given, mode="predict")[1] is given[1]


@pytest.mark.checklist("S3-66")
def test_without_a_head_there_are_features_alone(backend: Backend) -> None:
    net = ImageClassifier(Stem())
    assert not net.with_head
    assert not net.with_neck
    assert [tuple(each.shape) for each in net(ops.tensor(IMAGES))] == [(2, 4, 5, 5), (2, 6, 3, 3)]
    for mode in ("loss", "predict"):
        with pytest.raises(RuntimeError, match=rf"ImageClassifier has no head; {mode} comes from the head"):
            net(ops.tensor(IMAGES), samples(0, 1), mode=mode)


def test_features_come_from_the_stage_asked_for(backend: Backend) -> None:
    net = MODELS.build(config())
    x = ops.tensor(IMAGES)
    assert [tuple(each.shape) for each in net.extract_feat(x, stage="backbone")] == [(2, 4, 5, 5), (2, 6, 3, 3)]
    assert [tuple(each.shape) for each in net.extract_feat(x)] == [(2, 4), (2, 6)]
    assert tuple(net.extract_feat(x, stage="pre_logits").shape) == (2, 6)
    with pytest.raises(OptionError, match=r"Invalid output stage \"nek\".*backbone, neck, pre_logits.*'neck'"):
        net.extract_feat(x, stage="nek")
    with pytest.raises(ModeError, match="no head"):
        ImageClassifier(Stem()).extract_feat(x, stage="pre_logits")


@pytest.mark.parametrize("mode", ["loss", "predict"])
def test_labels_in_place_of_data_samples_are_refused(backend: Backend, mode: str) -> None:
    net, wanted = MODELS.build(config()), "ImageClassifier: data_samples are a list of DataSample"
    with pytest.raises(InputError, match=rf"{wanted}.* not a Tensor of shape \(2,\)"):
        net(ops.tensor(IMAGES), ops.tensor([1, 2]), mode=mode)
    with pytest.raises(InputError, match=rf"{wanted}.* not a list of int"):
        net(ops.tensor(IMAGES), [1, 2], mode=mode)
    with pytest.raises(InputError, match=rf"{wanted}.* not a DataSample"):
        net(ops.tensor(IMAGES), DataSample().set_gt_label([1, 2]), mode=mode)


def test_whole_numbers_as_images_are_refused_by_torch_alone(backend: Backend) -> None:
    net, images = MODELS.build(config()).eval(), np.full((2, 3, 12, 12), 200, np.uint8)
    if backend.name == "torch":
        with pytest.raises(InputError, match=r"cannot be called with uint8 \(2, 3, 12, 12\)"):
            net(ops.tensor(images))
    else:
        assert_close(net(ops.tensor(images)), net(ops.tensor(images.astype(np.float32))), 0)


def test_an_unknown_mode_is_refused(backend: Backend) -> None:
    net = MODELS.build(config())
    with pytest.raises(RuntimeError, match=r"Invalid mode \"los\".*tensor, loss, predict.*'loss'"):
        net(ops.tensor(IMAGES), mode="los")
    with pytest.raises(ModeError, match="Stem does not say the depths"):
        net.get_layer_depth("backbone.first.weight")


@pytest.mark.checklist("S3-69")
def test_parts_may_be_modules(backend: Backend) -> None:
    stem, head = Stem(), polynet.registry.HEADS.build("mmpretrain.ClsHead")
    net = ImageClassifier(stem, nn.Identity(), head)
    assert net.backbone is stem
    assert net.head is head
    assert net.with_neck


@pytest.mark.checklist("S3-67")
def test_pretrained_is_a_rule_to_load_a_checkpoint(backend: Backend, tmp_path: Path) -> None:
    first = MODELS.build(config())
    save(first, tmp_path / "net.safetensors")
    net = MODELS.build({**config(), "pretrained": str(tmp_path / "net.safetensors"), "init_cfg": {"type": "Kaiming"}})
    assert net.init_cfg == {"type": "Pretrained", "checkpoint": str(tmp_path / "net.safetensors")}
    net.init_weights()
    for name, array in state(first).items():
        np.testing.assert_array_equal(state(net)[name], array)


@pytest.mark.checklist("S3-13")
@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        (
            {"head": {"type": "LinearClsHead", "num_classes": 5, "in_channels": 7}},
            OptionError,
            r"^head: .* 7, and .* 6",
        ),
        (
            {"neck": {"type": "LinearNeck", "in_channels": 9, "out_channels": 6}},
            OptionError,
            r"^neck: .* 9, and Stem gives 6",
        ),
        ({"neck": {"type": "GlobalAveragePoling"}}, UnknownNameError, r"^neck: .*Did you mean 'GlobalAveragePooling'"),
        ({"head": {"type": "LinearClsHead", "num_clases": 5}}, OptionError, "^head: LinearClsHead.*num_clases"),
        (
            {"head": {"type": "ClsHead", "loss": {"type": "CrossEntropyLos"}}},
            KeyError,
            "^head.loss: .*'CrossEntropyLoss'",
        ),
        ({"backbone": {"type": "ResNet", "depth": 51}}, KeyError, r"^backbone: .*51"),
        ({"backbone": None}, KeyError, "^backbone: ImageClassifier needs a backbone"),
        ({"data_preprocessor": 3}, TypeError, "data_preprocessor should be"),
        ({"hed": None}, TypeError, "'hed'. Did you mean 'head'"),
    ],
)
def test_faults_say_where_in_the_config_they_are(
    backend: Backend, change: dict[str, Any], kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says):
        MODELS.build({**config(), **change})


@pytest.mark.checklist("S3-1")
def test_a_list_of_necks_is_a_row_of_them(both: tuple[Backend, Backend]) -> None:
    necks = [{"type": "HRFuseScales", "in_channels": (2, 3), "out_channels": 8}, {"type": "GlobalAveragePooling"}]

    class Scales(nn.Module):
        out_channels = 3

        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Conv2d(3, 2, 3, padding=1)
            self.second = nn.Conv2d(2, 3, 3, stride=2, padding=1)

        def forward(self, x: Any) -> tuple[Any, ...]:
            first = self.first(x)
            return first, self.second(first)

    outputs = []
    for each in both:
        given = {**config(Scales, in_channels=8), "neck": necks}
        net = polynet.build(given, backend=each, seed=0).eval()
        with use_backend(each):
            outputs.append(each.numpy(net(ops.tensor(IMAGES))))
        assert "neck.0.final_layer.conv.weight" in state(net)
        with pytest.raises(OptionError, match=r"^model\.head: .* width 6, and Chain gives 8"):
            polynet.build({**config(Scales), "neck": necks}, backend=each)
        with pytest.raises(UnknownNameError, match=r"^model\.neck\[1\]: The neck 'GlobalAveragePoolin'"):
            polynet.build({**given, "neck": [necks[0], {"type": "GlobalAveragePoolin"}]}, backend=each)
    assert outputs[0].shape == (2, 5)
    assert_close(outputs[1], outputs[0])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"head": "GlobalAveragePooling"}, r"^model\.head: The head .* There is a neck of that name"),
        ({"neck": "CrossEntropyLoss"}, r"^model\.neck: The neck .* There is a loss of that name"),
        ({"head": {**config()["head"], "loss": "Accuracy"}}, r"^model\.head\.loss: .* There is a metric of that name"),
    ],
    ids=["head", "neck", "loss"],
)
def test_a_part_of_another_kind_is_refused(backend: Backend, change: dict[str, Any], says: str) -> None:
    with pytest.raises(UnknownNameError, match=says):
        polynet.build({**config(), **change}, backend=backend)


def test_a_fault_says_where_in_a_whole_config_it_is(backend: Backend) -> None:
    wrong = config(loss={"type": "CrossEntropyLos"})
    with pytest.raises(UnknownNameError, match=r"^model\.head\.loss: .* in losses\. Did you mean 'CrossEntropyLoss'"):
        polynet.build({"model": wrong}, backend=backend)


def test_a_head_is_told_the_width_it_does_not_say(backend: Backend) -> None:
    net = MODELS.build({**config(), "head": {"type": "LinearClsHead", "num_classes": 5}})
    assert net.head.in_channels == 6


def test_type_means_mmpretrains_head_in_a_whole_config_too(backend: Backend) -> None:
    net = polynet.build({"model": {**config(), "head": {"type": "ClsHead"}}}, backend=backend)
    assert type(net.head).__module__ == "polynet.models.heads.mm_cls_head"


@pytest.mark.checklist("S3-68")
def test_configs_are_inherited_and_changed_in_part(backend: Backend, tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text(
        "model = dict(type='ImageClassifier', backbone=dict(type='ResNet', depth=18), neck='GlobalAveragePooling',"
        " head=dict(type='LinearClsHead', num_classes=1000, in_channels=512))\n",
        encoding="utf-8",
    )
    (tmp_path / "mine.py").write_text(
        "_base_ = './base.py'\nmodel = dict(head=dict(_delete_=True, type='VisionTransformerClsHead', num_classes=3,"
        " in_channels=512))\n",
        encoding="utf-8",
    )
    net = polynet.build(tmp_path / "mine.py", backend=backend)
    assert type(net.head).__name__ == "VisionTransformerClsHead"
    assert tuple(net.eval()(ops.zeros((1, 3, 32, 32))).shape) == (1, 3)


def test_a_classifier_of_ones_own_writes_forward(backend: Backend) -> None:
    class Incomplete(BaseClassifier):
        pass

    with pytest.raises(TypeError, match="forward"):
        Incomplete()


@pytest.mark.checklist("S3-70")
def test_losses_and_gradients_agree_between_frameworks(both: tuple[Backend, Backend]) -> None:
    weights: Any = None
    found = []
    for backend in both:
        with use_backend(backend):
            net = MODELS.build(config())
            weights = state(net) if weights is None else weights
            load_state(net, weights)
            x = ops.tensor(IMAGES)
            slots = [slot for slot in backend.slots(net).values() if slot.kind == "parameter"]

            def loss(net: Any = net, x: Any = x) -> Any:
                return net(x, samples(1, 4), mode="loss")["loss"]

            value, gradients = backend.differentiate(loss, [slot.tensor for slot in slots])
            arrays = OrderedDict(
                (slot.name, slot.canonical(gradient)) for slot, gradient in zip(slots, gradients, strict=True)
            )
            found.append({"loss": backend.numpy(value), "scores": backend.numpy(net(x)), **arrays})
    for name, array in found[0].items():
        assert_close(found[1][name], array, what=name)
