"""BaseCls's own config files: read as data without BaseCls or any framework, and built on every backend.

The files here are written anew in the form that those of BaseCls's zoo have.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import Config
from polynet.backend import Backend, use_backend
from polynet.config.basecls import BASECLS_BASES
from polynet.models.index import INDEX
from polynet.train.parameter_groups import trained_parameters
from polynet.train.weight_decay import DecayPolicy

ZOO: dict[str, tuple[str, int, int]] = json.loads(
    (Path(__file__).parents[1] / "oracles" / "basecls_zoo.json").read_text()
)
"""Family, parameters and keys of each network of the zoo."""

BASES = {
    "effnet": "EffNetConfig",
    "hrnet": "HRNetConfig",
    "mbnet": "MBConfig",
    "regnet": "RegNetConfig",
    "repvgg": "RepVGGConfig",
    "resmlp": "ResMLPConfig",
    "resnet": "ResNetConfig",
    "snet": "SNetConfig",
    "swin": "SwinConfig",
    "vgg": "VGGConfig",
    "vit": "ViTConfig",
}
SMALLEST = {
    "effnet": ("effnetv2_b0", 32),
    "hrnet": ("hrnet_w18_small_v1", 32),
    "mbnet": ("mbnetv1_x025", 32),
    "regnet": ("regnetx_002", 32),
    "repvgg": ("repvgg_a0", 32),
    "resmlp": ("resmlp_s12", 224),
    "resnet": ("resnet18", 32),
    "snet": ("snetv2_x050", 32),
    "swin": ("swin_tiny_patch4_window7_224", 224),
    "vgg": ("vgg11_bn", 32),
    "vit": ("vit_tiny_patch16_224", 224),
}

FILE = """#!/usr/bin/env python3
from basecls.configs{module} import {base}

_cfg = dict(
    batch_size=48,
    model=dict(
        name="{name}",
    ),
    test=dict(
        img_size={size},
        crop_pct={size} / ({size} + 32),
    ),
    solver=dict(
        basic_lr=0.0125 * 4,
    ),
)


class Cfg({base}):
    def __init__(self, values_or_file=None, **kwargs):
        super().__init__(_cfg)
        self.merge(values_or_file, **kwargs)
"""

ALIASED = """
from basecls import configs
from basecls.layers import NORM_TYPES

_cfg = dict(
    num_classes=7,
    model=dict(name="resnet18", head=dict(dropout_prob=0.5)),
    solver=dict(weight_decay=((0, "bias"), (0, NORM_TYPES), 1e-4)),
)


class Mine(configs.ResNetConfig):
    raise SystemExit("executed")


class Cfg(Mine):
    def __init__(self, values_or_file=None, **kwargs):
        raise SystemExit("executed")
"""

READER = """
import sys
for name in ("basecls", "basecore", "megengine", "torch"):
    sys.modules[name] = None
import polynet
for path in sys.argv[1:]:
    config = polynet.Config.fromfile(path)
    net = polynet.build(path, backend="shapes")
    print(config.model.name, config.solver.basic_lr, net.num_classes)
"""


def written(folder: Path, name: str, size: int = 224) -> Path:
    """The file of one network of the zoo."""
    family = ZOO[name][0]
    base = "EffNetLiteConfig" if name.endswith("_lite") else BASES[family]
    path = folder / f"{name}.py"
    module = ".snet_cfg" if family == "snet" else ""
    path.write_text(FILE.format(module=module, base=base, name=name, size=size))
    return path


def known() -> list[str]:
    """The networks of the zoo."""
    registered = {name for names in INDEX["network"].values() for name in names}
    return [name for name in ZOO if name in registered]


@pytest.mark.parametrize("name", known())
def test_a_file_of_the_zoo_builds_a_network_of_as_many_parameters_as_basecls_has(name: str, tmp_path: Path) -> None:
    net = polynet.build(written(tmp_path, name), backend="shapes")
    with use_backend("shapes") as shapes:
        slots = shapes.slots(net)
    counted = sum(int(np.prod(slot.shape)) for slot in slots.values() if slot.kind == "parameter")
    assert (net.family, counted) == tuple(ZOO[name][:2])


@pytest.mark.parametrize("family", BASES)
def test_a_file_lies_over_the_defaults_of_its_family(family: str, tmp_path: Path) -> None:
    config = Config.fromfile(written(tmp_path, SMALLEST[family][0], 192)).to_dict()
    expected = Config(BASECLS_BASES[BASES[family]]).to_dict()
    expected["batch_size"] = 48
    expected["model"] = {"name": SMALLEST[family][0]}
    expected["test"] = {**expected["test"], "img_size": 192, "crop_pct": 192 / 224}
    expected["solver"]["basic_lr"] = 0.05
    assert config == expected


@pytest.mark.parametrize("family", BASES)
def test_a_file_of_each_family_builds_on_every_framework(family: str, backend: Backend, tmp_path: Path) -> None:
    name, side = SMALLEST[family]
    net: Any = polynet.build(written(tmp_path, name), backend=backend.name, num_classes=3)
    backend.set_training(net, False)
    assert tuple(net(backend.tensor(np.zeros((1, 3, side, side), np.float32))).shape) == (1, 3)
    assert isinstance(net, backend.native_module_type)


def test_files_are_read_and_built_without_basecls_and_any_framework(tmp_path: Path) -> None:
    names = [name for name, _ in SMALLEST.values()]
    paths = [str(written(tmp_path, name)) for name in names]
    done = subprocess.run([sys.executable, "-c", READER, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{name} 0.05 1000" for name in names]


def test_no_code_of_a_file_runs(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(ALIASED)
    config = Config.fromfile(path)
    assert config.solver.max_epoch == BASECLS_BASES["ResNetConfig"]["solver"]["max_epoch"]
    net = polynet.build(path, backend="shapes")
    assert net.num_classes == 7
    policy = DecayPolicy(config.solver.weight_decay)
    decays = {parameter.name: policy.decay(parameter) for parameter in trained_parameters(net)}
    assert (decays["stem.conv.weight"], decays["stem.bn.weight"], decays["head.fc.bias"]) == (1e-4, 0, 0)
