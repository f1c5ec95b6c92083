"""The shipped configs: read as data, each with the figures it quotes.

A folder is named after a family, and has configs of registered networks of it: one for each network of BaseCls's zoo,
and at least one for each other family; or after a data set, and has recipes for that, whose networks need not be
registered.
"""

from __future__ import annotations

import builtins
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import polynet
from polynet import Config
from polynet.config.basecls import BASECLS_BASES
from polynet.data.registry import DATASETS
from polynet.models.index import INDEX

CONFIGS = Path(__file__).parents[2] / "configs"
SHIPPED = sorted(path for path in CONFIGS.glob("*/*.py") if path.parent.name != "_base_")
DATA_SETS = {name.lower(): name for name in DATASETS}
RECIPES = [path for path in SHIPPED if path.parent.name.replace("_", "") in DATA_SETS]
ZOO = [path for path in SHIPPED if path not in RECIPES]
BASES = {
    "imagenet": "BaseConfig",
    "regnet": "RegNetConfig",
    "resnet": "ResNetConfig",
    "vgg": "VGGConfig",
    "mbnet": "MBConfig",
    "hrnet": "HRNetConfig",
    "snet": "SNetConfig",
    "effnet": "EffNetConfig",
    "effnet_lite": "EffNetLiteConfig",
    "vit": "ViTConfig",
    "swin": "SwinConfig",
    "resmlp": "ResMLPConfig",
    "repvgg": "RepVGGConfig",
}
ROUNDED = 0.02
"""How far a figure that its source rounds may be from the network's own."""
TENTH_OF_A_MILLION = 5e4
"""Half a unit in the last place of parameters that a paper gives in tenths of a million."""

each = pytest.mark.parametrize("path", ZOO, ids=[path.stem for path in ZOO])


def variants() -> dict[str, str]:
    """The module of each registered network by its name; the classes among them begin with a capital."""
    return {name: module for module, names in INDEX["network"].items() for name in names if name[0].islower()}


def test_each_network_of_the_zoo_and_each_other_family_has_a_config() -> None:
    names = [path.stem for path in ZOO]
    assert len(names) == len(set(names))
    assert set(names) <= set(variants())
    zoo = json.loads((Path(__file__).parents[1] / "oracles" / "basecls_zoo.json").read_text())
    assert not {name for name in zoo if name in variants()} - set(names)
    assert not set(variants().values()) - {variants()[name] for name in names}


@pytest.mark.parametrize("path", RECIPES, ids=[path.stem for path in RECIPES])
def test_a_recipe_of_a_data_set_names_it_and_builds_for_its_images(path: Path) -> None:
    config = Config.fromfile(path)
    assert config.data.name == DATA_SETS[path.parent.name.replace("_", "")]
    side, channels = config.test.img_size, len(config.preprocess.img_mean)
    found = polynet.describe(config, (channels, side, side))
    assert found.output_shape == (1, config.num_classes)
    assert config.get("published") is None  # the figures of networks that are known


@each
def test_a_config_is_read_without_being_executed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a config was executed")

    Config.fromfile(path)  # imports of our own are executed
    monkeypatch.setattr(builtins, "exec", refuse)
    monkeypatch.setattr(builtins, "eval", refuse)
    before = set(sys.modules)
    config = Config.fromfile(path)
    assert config.model.name == path.stem
    assert config.num_classes == 1000
    assert not any(name.partition(".")[0] == "configs" for name in set(sys.modules) - before)


@each
def test_a_config_builds_at_its_test_size_and_has_the_figures_it_quotes(path: Path) -> None:
    config = Config.fromfile(path)
    side = config.test.img_size
    found = polynet.describe(config, (3, side, side))
    assert found.output_shape == (1, 1000)
    assert found.input_size == polynet.describe(config).input_size
    published = config.get("published")
    if published is None:
        return
    assert set(published) <= {"parameters", "multiply_adds", "top1", "source"}
    assert published.source
    parameters = published.parameters
    if isinstance(parameters, int):
        assert found.parameters == parameters
    else:
        assert found.parameters == pytest.approx(parameters, rel=ROUNDED, abs=TENTH_OF_A_MILLION)
    if "multiply_adds" in published:
        assert found.multiply_adds == pytest.approx(published.multiply_adds, rel=ROUNDED)
    if "top1" in published:
        assert 50 < published.top1 < 90


@each
def test_a_config_lies_in_the_folder_of_its_family(path: Path) -> None:
    net = polynet.build(path, backend="shapes")
    assert path.parent.name == net.family
    assert net.num_classes == 1000


def test_a_config_builds_what_its_name_does() -> None:
    for path in ZOO:
        options = {key: value for key, value in Config.fromfile(path).model.items() if key != "name"}
        by_name = polynet.build(path.stem, backend="shapes", **options)
        by_config = polynet.build(path, backend="shapes")
        shapes = [{name: p.shape for name, p in net.named_parameters()} for net in (by_name, by_config)]
        assert shapes[0] == shapes[1], path.stem


@pytest.mark.parametrize(
    ("name", "parameters", "multiply_adds"),
    [
        ("wide_resnet50_2", 68_883_240, 11.398e9),
        ("wide_resnet101_2", 126_886_696, 22.753e9),
    ],
)
def test_the_wide_networks_of_the_paper_are_had_with_an_option(
    name: str, parameters: int, multiply_adds: float
) -> None:
    found = polynet.describe(CONFIGS / "resnet" / f"{name}.py", group_ws=None)
    assert found.parameters == parameters
    assert found.multiply_adds == pytest.approx(multiply_adds, rel=1e-3)


@pytest.mark.parametrize("name", BASES)
def test_the_bases_are_what_files_of_basecls_are_read_over(name: str) -> None:
    expected = {key: value for key, value in BASECLS_BASES[BASES[name]].items() if key != "model"}
    assert Config.fromfile(CONFIGS / "_base_" / f"{name}.py").to_dict() == Config(expected).to_dict()


def test_every_base_is_compared() -> None:
    assert {path.stem for path in (CONFIGS / "_base_").glob("*.py")} == set(BASES)
