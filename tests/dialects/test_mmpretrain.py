"""MMPretrain's guide to components of one's own: its program, its misprints mended, on every framework."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from polynet.dialects.mmpretrain.models.backbones import ResNet
from polynet.dialects.mmpretrain.models.heads.cls_head import ClsHead
from polynet.dialects.mmpretrain.models.selfsup.base import BaseSelfSupvisor
from polynet.dialects.mmpretrain.structures import DataSample

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.dialects.mmpretrain.registry import MODELS
from polynet.errors import DuplicateNameError, InputError, UnknownNameError
from polynet.registry import temporary
from polynet.weights import load_state, state
from tests.compare import assert_close
from tests.examples.programs import imported

IMAGES = np.random.default_rng(0).standard_normal((2, 3, 32, 32)).astype(np.float32)


with temporary():  # registered again where a test needs them
    program = imported("mmpretrain_custom")
CLOSING: dict[str, Any] = program.CLOSING
GlobalAveragePooling = program.GlobalAveragePooling
L1Loss = program.L1Loss
MAEPretrainHead = program.MAEPretrainHead


class LinearClsHead(ClsHead):
    """The guide's head, whose `forward` named a layer `fc` that was not there; with a tensor for features, too."""

    def __init__(self, num_classes: int, in_channels: int, hidden_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.hidden_dim = hidden_dim
        self.fc1 = nn.Linear(in_channels, hidden_dim)
        self.act = nn.Tanh()
        self.fc2 = nn.Linear(hidden_dim, num_classes)

    def pre_logits(self, feats: Any) -> Any:
        return self.act(self.fc1(feats))

    def forward(self, feats: Any) -> Any:
        return self.fc2(self.pre_logits(feats))


def soft_samples() -> list[Any]:
    rows = np.random.default_rng(1).dirichlet(np.ones(10), 2).astype(np.float32)
    return [DataSample().set_gt_score(row) for row in rows]


def register_all() -> None:
    for component in (L1Loss, GlobalAveragePooling, LinearClsHead, program.ResNet_CIFAR, MAEPretrainHead):
        MODELS.register_module()(component)


def test_importing_the_dialects_imports_no_framework() -> None:
    program = (
        "import sys\n"
        "from polynet.dialects.mmpretrain.registry import MODELS\n"
        "from polynet.dialects.mmpretrain.models.selfsup import base\n"
        "import polynet.dialects.mmengine, polynet.dialects.mmcv\n"
        "assert 'ResNet' in polynet.dialects.mmpretrain.models.backbones.__all__\n"
        "print(sorted({'torch', 'megengine', 'polynet.models.base_module'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_dialects_have_all_they_list() -> None:
    for dialect in ("mmpretrain", "mmengine", "mmcv"):
        module = importlib.import_module(f"polynet.dialects.{dialect}")
        for name in module.__all__:
            found = getattr(module, name)
            assert callable(found) or callable(getattr(found, "register_module", None)), name
        with pytest.raises(AttributeError, match=f"polynet.dialects.{dialect}.*no attribute"):
            _ = module.Nothing


@pytest.mark.checklist("S3-10", "S3-14")
def test_classes_are_registered_by_their_name_or_another_once() -> None:
    with temporary():

        @MODELS.register_module()
        class Mine:
            pass

        @MODELS.register_module(name="Other")
        class Second:
            pass

        assert MODELS.get("Mine") is Mine
        assert MODELS.get("Other") is Second
        with pytest.raises(KeyError, match="'Mine'"):
            MODELS.register_module(name="Mine")(Second)
        assert MODELS.get("Mine") is Mine
        MODELS.register_module(name="Mine", force=True)(Second)
        assert MODELS.get("Mine") is Second
        with pytest.raises(DuplicateNameError, match="'ImageClassifier'"):
            MODELS.register_module(name="ImageClassifier")(Mine)


@pytest.mark.checklist("S3-6", "S3-7", "S3-8", "S3-11", "S3-12")
@pytest.mark.parametrize(
    ("config", "home"),
    [
        ({"type": "ResNet", "depth": 18}, "polynet.models.backbones.resnet"),
        ({"type": "GlobalAveragePooling", "dim": 1}, "polynet.models.necks.global_average_pooling"),
        ({"type": "ClsHead", "topk": (1, 5)}, "polynet.models.heads.mm_cls_head"),
        ({"type": "ContrastiveHead", "loss": {"type": "CrossEntropyLoss"}}, "polynet.models.heads.contrastive_head"),
        ({"type": "CrossEntropyLoss", "loss_weight": 2.0}, "polynet.models.losses.cross_entropy_loss"),
        ({"type": "LabelSmoothLoss", "label_smooth_val": 0.1}, "polynet.models.losses.label_smooth_loss"),
    ],
)
def test_one_registry_builds_every_kind_with_keywords(backend: Backend, config: dict[str, Any], home: str) -> None:
    built = MODELS.build(config)
    assert type(built).__module__ == home
    for key, value in config.items():
        if key in ("depth", "dim", "topk", "loss_weight"):
            assert getattr(built, key) == value


@pytest.mark.checklist("S3-13")
@pytest.mark.parametrize(
    ("config", "kind", "says"),
    [
        ({"type": "ReNset"}, KeyError, "'ReNset' is not registered.*Did you mean 'ResNet'"),
        ({"depth": 18}, KeyError, "needs `name` .or `type`"),
        ({"type": "ResNet", "depht": 18}, TypeError, "ResNet.*'depht'"),
        ([{"type": "ResNet"}], TypeError, "not list"),
    ],
)
def test_wrong_configs_are_named(backend: Backend, config: Any, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        MODELS.build(config)


@pytest.mark.checklist("S3-15", "S3-16", "S3-17", "S3-18")
def test_a_new_algorithm_is_a_class_with_a_loss(backend: Backend) -> None:
    with temporary():

        @MODELS.register_module()
        class NewAlgorithm(BaseSelfSupvisor):  # type: ignore[misc]  # a name that the checker does not see through
            def __init__(self, backbone: Any, neck: Any = None, head: Any = None, init_cfg: Any = None) -> None:
                super().__init__(backbone=backbone, neck=neck, head=head, init_cfg=init_cfg)

            def extract_feat(self, inputs: Any, **kwargs: Any) -> Any:
                return self.neck(self.backbone(inputs))

            def loss(self, inputs: Any, data_samples: Any, **kwargs: Any) -> dict[str, Any]:
                return {"loss": ops.mean(self.extract_feat(inputs)[-1])}

        net = MODELS.build(
            {
                "type": "NewAlgorithm",
                "backbone": {"type": "ResNet", "depth": 18},
                "neck": {"type": "GlobalAveragePooling"},
                "head": None,
            }
        )
        net.eval()
        losses = net(ops.tensor(IMAGES), mode="loss")
        assert float(ops.to_numpy(losses["loss"])) == pytest.approx(
            float(ops.to_numpy(net(ops.tensor(IMAGES))[-1]).mean())
        )


@pytest.mark.checklist("S3-19")
def test_importing_a_module_registers_what_it_defines(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "my_necks"
    package.mkdir()
    (package / "__init__.py").write_text("from .halves import Halves\n__all__ = ['Halves']\n", encoding="utf-8")
    (package / "halves.py").write_text(
        "from polynet import nn\n"
        "from polynet.dialects.mmpretrain.registry import MODELS\n"
        "@MODELS.register_module()\n"
        "class Halves(nn.Module):\n"
        "    def forward(self, inputs):\n"
        "        return tuple(each / 2 for each in inputs)\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with temporary():
        with pytest.raises(UnknownNameError, match="'Halves'"):
            MODELS.build({"type": "Halves"})
        importlib.import_module("my_necks")
        neck = MODELS.build({"type": "Halves"})
        assert_close(neck((ops.ones((1, 2)),))[0], np.full((1, 2), 0.5, np.float32))
    for name in ("my_necks", "my_necks.halves"):
        sys.modules.pop(name)


@pytest.mark.checklist("S3-41", "S3-42", "S3-43", "S3-44")
def test_a_neck_of_ones_own_has_no_state_and_means_the_positions(backend: Backend) -> None:
    with temporary():
        MODELS.register_module()(GlobalAveragePooling)
        neck = MODELS.build({"type": "GlobalAveragePooling"})
        assert isinstance(neck, GlobalAveragePooling)
        assert isinstance(neck, backend.native_module_type)
        assert state(neck) == {}
        assert_close(neck((ops.tensor(IMAGES),)), IMAGES.mean((2, 3)))
        net = MODELS.build({**CLOSING, "head": {**CLOSING["head"], "loss": {"type": "CrossEntropyLoss"}}})
        assert isinstance(net.neck, GlobalAveragePooling)


@pytest.mark.checklist("S3-41")
def test_a_constructor_that_forgets_its_parents_is_told_so(backend: Backend) -> None:
    class Forgetful(nn.Module):
        def __init__(self) -> None:
            self.gap = nn.AdaptiveAvgPool2d(1)

    with pytest.raises((AttributeError, polynet.errors.PolyNetError), match=r"__init__\(\)"):
        MODELS.build({"type": Forgetful})


@pytest.mark.checklist("S3-65", "S3-64", "S3-31", "S3-69")
@pytest.mark.parametrize("own", [False, True])
def test_the_closing_config_trains_on_soft_labels(backend: Backend, own: bool) -> None:
    with temporary():
        config = CLOSING
        if own:
            register_all()
            config = {**CLOSING, "head": {**CLOSING["head"], "hidden_dim": 64}}
        net = polynet.build({"model": config}, backend=backend, seed=0)
        assert isinstance(net.backbone, ResNet)
        assert isinstance(net.backbone, program.ResNet_CIFAR) is own
        assert isinstance(net.head.loss_module, L1Loss) is own
        assert getattr(net.backbone, "went_on", False) is own
        x, samples = ops.tensor(IMAGES), soft_samples()
        scores = ops.to_numpy(net(x)).astype(np.float64)
        expected = np.abs(scores - np.stack([sample.gt_score for sample in samples])).sum() / 2
        losses = net(x, samples, mode="loss")
        assert set(losses) == {"loss"}
        assert float(ops.to_numpy(losses["loss"])) == pytest.approx(expected, rel=1e-5)
        assert len(net(x, mode="predict")) == 2
        assert tuple(net.extract_feat(x, stage="backbone")[-1].shape) == (2, 512, 4, 4)


@pytest.mark.checklist("S3-65")
def test_the_closing_config_says_why_whole_labels_do_not_do(backend: Backend) -> None:
    net = MODELS.build(CLOSING)
    samples = [DataSample().set_gt_label(1), DataSample().set_gt_label(2)]
    with pytest.raises(InputError, match=r"\(2, 10\).*\(2,\)"):
        net(ops.tensor(IMAGES), samples, mode="loss")


@pytest.mark.checklist("S3-53", "S3-54", "S3-55", "S3-56", "S3-57", "S3-58", "S3-70")
def test_the_guides_head_for_masked_images_is_that_which_ships(backend: Backend) -> None:
    loss = {"type": "PixelReconstructionLoss", "criterion": "L2"}
    shipped = MODELS.build({"type": "MAEPretrainHead", "loss": loss, "norm_pix": True, "patch_size": 8})
    with temporary():
        MODELS.register_module()(MAEPretrainHead)
        own = MODELS.build({"type": "MAEPretrainHead", "loss": loss, "norm_pix": True, "patch_size": 8})
        assert type(own) is not type(shipped)
    x = ops.tensor(IMAGES)
    pred, mask = ops.ones((2, 16, 192)), ops.tensor(np.tile([0.0, 1.0], (2, 8)).astype(np.float32))
    assert_close(own.patchify(x), shipped.patchify(x))
    assert_close(own.construct_target(x), shipped.construct_target(x))
    assert_close(own.loss(pred, x, mask), shipped.loss(pred, x, mask))
    with pytest.raises(AssertionError):
        own.patchify(ops.zeros((1, 3, 12, 12)))


@pytest.mark.checklist("S3-70")
def test_the_guides_classes_agree_between_frameworks(both: tuple[Backend, Backend]) -> None:
    found = []
    weights: Any = None
    with temporary():
        register_all()
        for backend in both:
            with use_backend(backend):
                config = {**CLOSING, "head": {**CLOSING["head"], "hidden_dim": 16}}
                net = polynet.build(config, backend=backend, seed=0)
                weights = state(net) if weights is None else weights
                load_state(net, weights)
                net.eval()
                x, samples = ops.tensor(IMAGES), soft_samples()
                slots = [slot for slot in backend.slots(net).values() if slot.kind == "parameter"]

                def loss(net: Any = net, x: Any = x, samples: Any = samples) -> Any:
                    return net(x, samples, mode="loss")["loss"]

                value, gradients = backend.differentiate(loss, [slot.tensor for slot in slots])
                arrays = {slot.name: slot.canonical(each) for slot, each in zip(slots, gradients, strict=True)}
                found.append({"loss": backend.numpy(value), "scores": backend.numpy(net(x)), **arrays})
    assert found[0].keys() == found[1].keys()
    for name, array in found[0].items():
        assert_close(found[1][name], array, what=name)
