"""Every shipped config is a whole recipe: each part of training is made of it, and each family trains as it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import polynet
from polynet import Config
from polynet.backend import Backend, use_backend
from polynet.data.registry import AUGMENTS
from polynet.data.transforms import test_transform as transform_of_tests
from polynet.data.transforms import train_transform
from polynet.train.basecls.engine import _mixup, _preprocessor, engine_from_basecls
from polynet.train.basecls.fields import filled
from polynet.train.basecls.hooks import hooks_of
from polynet.train.basecls.optimisation import optim_wrapper_config, schedule_of
from polynet.train.faces import engine_from
from polynet.train.hooks.ema_hook import BaseClsEMAHook
from polynet.train.hooks.precise_bn_hook import PreciseBNHook
from polynet.train.parameter_groups import trained_parameters
from polynet.train.tasks.classification import ClassificationTask
from polynet.train.weight_decay import DecayPolicy

CONFIGS = Path(__file__).parents[2] / "configs"
SHIPPED = sorted(path for path in CONFIGS.glob("*/*.py") if path.parent.name != "_base_")
NARROW = {"head": {"width": 16}}
WINDOWED: dict[str, Any] = {"img_size": 32, "depths": (1, 2), "embed_dim": 8, "num_heads": (1, 2), "window_size": 4}
TOKENS: dict[str, Any] = {"img_size": 32, "patch_size": 8, "embed_dim": 16, "depth": 2, "num_heads": 2}
TWO_STAGES: dict[str, Any] = {"depths": (1, 1), "widths": (8, 16)}
NARROW_STAGES: dict[str, Any] = {"width_multiplier": (0.125, 0.125, 0.0625, 0.03125)}
OF_FAMILY: dict[str, tuple[str, int, dict[str, Any]]] = {
    "alexnet": ("alexnet", 64, NARROW),
    "beit": ("beit_base_patch16_224", 32, TOKENS),
    "cait": ("cait_xxs24_224", 32, TOKENS),
    "convnext": ("convnext_tiny", 32, TWO_STAGES),
    "densenet": ("densenet121", 32, {"depths": (2, 2), "growth_rate": 4}),
    "effnet": ("effnet_b0", 32, {}),
    "eva": ("eva02_tiny_patch14_336", 32, {**TOKENS, "ref_feat_shape": (4, 4)}),
    "ghostnet": ("ghostnet_100", 32, {"width_mult": 0.25}),
    "googlenet": ("googlenet", 32, {"width_mult": 0.05}),
    "hrnet": ("hrnet_w18_small_v1", 32, {"w_stem": 16, "merge_channels": (4, 8, 16, 32), **NARROW}),
    "inception": ("inception_v3", 107, {"width_mult": 0.05, "aux_logits": False}),
    "levit": (
        *("levit_128s", 64),
        {"img_size": 64, "embed_dim": (16, 32), "key_dim": 8, "depth": (1, 1), "num_heads": (2, 3)},
    ),
    "mbnet": ("mbnetv1_x025", 32, {}),
    "mixer": ("mixer_b16_224", 32, {"img_size": 32, "depth": 2, "embed_dim": 16}),
    "mobileone": ("mobileone_s0", 32, {"depths": (1, 1, 1, 1), **NARROW_STAGES}),
    "mobilevit": (
        *("mobilevit_s", 32),
        {**TWO_STAGES, "strides": (1, 2), "transformer_depths": (0, 1), "transformer_widths": (0, 16), "stem_w": 8},
    ),
    "poolformer": ("poolformer_s12", 32, TWO_STAGES),
    "regnet": ("regnetx_002", 32, {}),
    "replknet": ("replknet_31b", 32, {**TWO_STAGES, "kernels": (9, 7)}),
    "repvgg": ("repvgg_a0", 32, {"num_blocks": (1, 1, 1, 1), **NARROW_STAGES}),
    "resmlp": ("resmlp_s12", 32, {"img_size": 32, "depth": 2, "embed_dim": 16}),
    "resnest": ("resnest50d", 32, {"depths": (1, 1, 1, 1)}),
    "res2net": ("res2net50_26w_4s", 32, {"depths": (1, 1, 1, 1)}),
    "resnet": ("resnet18", 32, {}),
    "snet": ("snetv2_x050", 32, NARROW),
    "squeezenet": ("squeezenet1_0", 32, {"width_mult": 0.25}),
    "swin": ("swin_tiny_patch4_window7_224", 32, WINDOWED),
    "swin_v2": ("swinv2_tiny_window8_256", 32, WINDOWED),
    "vgg": ("vgg11_bn", 32, NARROW),
    "vit": ("deit_tiny_distilled_patch16_224", 32, {"img_size": 32, "depth": 2}),
}
"""Of each family a small network, the side of images that it can be tried with, and what makes it smaller."""

MIXED = {
    *("beit", "cait", "convnext", "levit", "mixer", "poolformer", "regnet", "replknet", "resmlp", "resnest", "resnet"),
    *("swin", "swin_v2", "vit", "effnetv2_m", "effnetv2_l"),
    *("repvgg_b2g4", "repvgg_b3", "repvgg_b3g4", "repvgg_d2"),
}
"""Families and single networks whose recipes mix images."""

each = pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])


@each
def test_what_steps_the_parameters_is_made_of_a_config(path: Path) -> None:
    fields = filled(Config.fromfile(path))
    solver = fields["solver"]
    net = polynet.build(path, backend="shapes")
    sides = [fields[each]["img_size"] for each in ("preprocess", "test")]
    assert net.fixed_size is None or all(net.fixed_size == (side, side) for side in sides)
    parameters = trained_parameters(net)
    policy = DecayPolicy(solver["weight_decay"])
    decays = {parameter.name: policy.decay(parameter) for parameter in parameters}
    policy.warn(parameters)
    assert max(decays.values()) == policy.default > 0
    if policy.rules:
        spared = [each.name for each in parameters if each.normalises or each.name.endswith("bias")]
        # RepVGG's own training does decay the scales of the branches that are a normalisation alone.
        decayed = [name for name in spared if decays[name] > 0]
        assert path.parent.name == "repvgg" or not decayed
        assert all(name.endswith("rbr_identity.weight") for name in decayed)
    optimizer = optim_wrapper_config(fields, 2)["optimizer"]
    assert optimizer["lr"] == 2 * solver["basic_lr"]
    steps = solver["max_epoch"] * (10 if solver.get("per_iteration") else 1)
    rates = [schedule_of(solver, 10).value(step) for step in range(steps)]
    assert 0 < rates[0] <= max(rates) <= 1  # of the optimiser's own
    assert (rates[0] < max(rates)) == (solver["warmup_epochs"] > 0)
    assert rates[-1] < 0.2 * max(rates)


@each
def test_what_images_go_through_is_made_of_a_config(path: Path) -> None:
    fields = filled(Config.fromfile(path))
    preprocess, channels = fields["preprocess"], len(fields["preprocess"]["img_mean"])
    assert len(preprocess["img_std"]) == channels
    image, draw = Image.fromarray(np.full((48, 56, 3), 90, np.uint8)), np.random.default_rng(0)
    trained = train_transform(preprocess, fields["augments"])(image, draw)
    tested = transform_of_tests(preprocess, fields["test"], fields["augments"])(image, draw)
    for array, side in ((trained, preprocess["img_size"]), (tested, fields["test"]["img_size"])):
        assert (array.dtype, array.shape) == (np.uint8, (channels, side, side))
    mixup = _mixup(fields)
    assert (mixup is not None) == (path.parent.name in MIXED or path.stem in MIXED)
    if mixup is not None:
        assert AUGMENTS.build(mixup).num_classes == fields["num_classes"]


@each
def test_the_task_and_its_hooks_are_made_of_a_config(path: Path) -> None:
    fields = filled(Config.fromfile(path))
    with use_backend("shapes"):
        network = polynet.build({"name": "MLP", "in_dim": [3], "out_dim": fields["num_classes"]})
        task = ClassificationTask(network, loss=fields["loss"], data_preprocessor=_preprocessor(fields["preprocess"]))
    assert task.smoothing == 0 or task.smoothing == fields["loss"]["label_smooth"]
    hooks = {type(hook): hook for hook in hooks_of(fields, has_folder=True)}
    assert (BaseClsEMAHook in hooks) == fields["model_ema"]["enabled"]
    assert hooks[PreciseBNHook].precise_every_n_epoch == fields["bn"]["precise_every_n_epoch"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight images in folders of two classes."""
    folder, draw = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for label in "ab":
        (folder / label).mkdir()
        for number in range(4):
            Image.fromarray(draw.integers(0, 255, (40, 48, 3), np.uint8)).save(folder / label / f"{number}.png")
    return folder


def small(config: Config, pictures: Path, side: int, options: dict[str, Any]) -> Config:
    """A recipe of ImageNet for eight small pictures: what it says of training itself is left as it is."""
    config.data = {"name": "FolderLoader", "train_path": str(pictures), "val_path": str(pictures), "num_workers": 0}
    config.num_classes, config.batch_size = 2, 4
    config.log_every_n_iter = config.eval_every_n_epoch = 1
    config.preprocess.img_size = config.test.img_size = side
    config.model.update(options)
    config.solver.max_epoch = 1
    return config


def assert_trains(engine: Any) -> None:
    before = polynet.state(engine.weights_module())
    engine.train()
    after = polynet.state(engine.weights_module())
    assert (engine.epoch, engine.iter) == (1, 2)
    assert all(np.isfinite(array).all() for array in after.values())
    assert any(not np.array_equal(before[name], after[name]) for name in after)
    assert "val/accuracy/top1" in engine.message


@pytest.mark.parametrize("family", OF_FAMILY)
def test_a_network_of_each_family_trains_by_its_recipe(backend: Backend, family: str, pictures: Path) -> None:
    name, side, options = OF_FAMILY[family]
    config = small(Config.fromfile(CONFIGS / family / f"{name}.py"), pictures, side, options)
    assert_trains(engine_from_basecls(config, device="cpu"))


OF_BASECLS = """
from basecls.configs import ResNetConfig

_cfg = dict(
    batch_size=4,
    num_classes=5,
    model=dict(name="resnet18"),
    preprocess=dict(img_size=32),
    test=dict(img_size=32),
    data=dict(name="FakeData", num_workers=0, size=8),
    solver=dict(basic_lr=0.01, max_epoch=1),
    model_ema=dict(momentum=0.9),
)


class Cfg(ResNetConfig):
    def __init__(self, values_or_file=None, **kwargs):
        super().__init__(_cfg)
        self.merge(values_or_file, **kwargs)
"""


def test_a_file_of_basecls_trains_as_its_base_says(backend: Backend, tmp_path: Path) -> None:
    (tmp_path / "resnet18.py").write_text(OF_BASECLS, encoding="utf-8")
    config = Config.fromfile(tmp_path / "resnet18.py")
    engine = engine_from(config, backend=backend, device="cpu", work_dir=tmp_path / "run")
    assert {"BaseClsEMAHook", "PreciseBNHook"} <= {type(hook).__name__ for hook in engine.hooks}
    assert engine.model.data_preprocessor.batch_augments
    assert_trains(engine)
    assert (tmp_path / "run" / "epoch_1.safetensors").exists()


def test_each_family_is_trained() -> None:
    assert {path.parent.name for path in SHIPPED} - {"fashion_mnist"} == set(OF_FAMILY)
