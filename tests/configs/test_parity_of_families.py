"""A small network of each family, from its config, is the same network on both frameworks: forward, gradients, a step.

`python -m benchmarks.parity_of_configs` checks every config whole; here wide heads, large images and a deep network
are made small.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import polynet
from polynet import Config
from polynet.backend import Backend

CONFIGS = Path(__file__).parents[2] / "configs"
NARROW_HEAD = {"head": {"width": 32}}
SMALL_IMAGE = {"img_size": 32}
NETWORKS: list[tuple[str, dict[str, Any]]] = [
    ("alexnet/alexnet", NARROW_HEAD),
    ("resnet/resnet18", {}),
    ("resnet/resnet18d", {}),
    ("resnet/se_resnet18", {}),
    ("resnet/resnext50_32x4d", {"depths": (1, 1, 1, 1)}),
    ("vgg/vgg11_bn", NARROW_HEAD),
    ("mbnet/mbnetv1_x025", {}),
    ("mbnet/mbnetv2_x035", {}),
    ("mbnet/mbnetv3_small_x075", {}),
    ("effnet/effnet_b0", {}),
    ("effnet/effnet_b0_lite", {}),
    ("effnet/tf_efficientnet_lite0", {}),
    ("effnet/effnetv2_b0", {}),
    ("vit/vit_tiny_patch16_224", SMALL_IMAGE),
    ("vit/deit_tiny_distilled_patch16_224", SMALL_IMAGE),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options"), NETWORKS, ids=[name.rpartition("/")[2] for name, _ in NETWORKS])
def test_a_network_of_the_family_is_the_same_on_both(
    name: str, options: dict[str, Any], both: tuple[Backend, Backend]
) -> None:
    config = Config.fromfile(CONFIGS / f"{name}.py")
    config.num_classes = 10
    report = polynet.parity(config, steps=1, **options)
    report.check()
    assert set(report.sections()) >= {"state", "forward", "gradient", "steps: sgd", "steps: adamw"}
    assert report.backends == ("torch", "megengine")
    assert len([row for row in report.rows if row.section == "gradient"]) > 10
