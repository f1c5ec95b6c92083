"""`BaseModule`: the order in which rules, children, checkpoints and a class's own code set the weights."""

from __future__ import annotations

import copy
import logging
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import CheckpointNotFoundError, OptionError, PolyNetError
from polynet.models.base_module import BaseModule, ModuleDict, ModuleList, Sequential
from polynet.models.init_cfg import constant_init, normal_init, seeded
from polynet.weights import save, state


def constant(value: float, layer: Any = "Linear", **more: Any) -> dict[str, Any]:
    return {"type": "Constant", "val": value, "layer": layer, **more}


class Leaf(BaseModule):
    def __init__(self, init_cfg: Any = None) -> None:
        super().__init__(init_cfg)
        self.fc = nn.Linear(2, 2)

    def forward(self, x: Any) -> Any:
        return self.fc(x)


class Own(Leaf):
    """Sets its weights in code."""

    def init_weights(self) -> None:
        super().init_weights()
        if self.loads_checkpoint:
            return
        constant_init(self.fc, 9)


class Tree(BaseModule):
    """A child directly, one in a plain container, one in a container with rules, and a module that has none."""

    def __init__(self, init_cfg: Any = None, child: Any = None) -> None:
        super().__init__(init_cfg)
        self.plain = nn.Linear(2, 2)
        self.direct = Leaf(child)
        self.listed = nn.Sequential(nn.ReLU(), nn.ModuleList([Leaf(child)]))
        self.ruled = Sequential(Leaf(), init_cfg=constant(4))


class Other(BaseModule):
    """Shares one part with a `Tree`."""

    def __init__(self, init_cfg: Any = None) -> None:
        super().__init__(init_cfg)
        self.direct = Leaf()
        self.another = nn.Linear(3, 3)


@pytest.mark.checklist("S2-5", "S2-6", "S2-7")
def test_building_leaves_the_weights_to_init_weights(backend: Backend) -> None:
    leaf = Leaf(constant(3))
    assert isinstance(leaf, backend.native_module_type)
    assert not (state(leaf)["fc.weight"] == 3).any()
    leaf.init_weights()
    assert (state(leaf)["fc.weight"] == 3).all()
    assert tuple(leaf(ops.ones((1, 2))).shape) == (1, 2)


@pytest.mark.checklist("S2-39")
def test_children_come_after_their_parent_however_deep_they_lie(backend: Backend) -> None:
    tree = Tree(constant(1), child=constant(2))
    tree.init_weights()
    weights = {name: float(array.flat[0]) for name, array in state(tree).items() if name.endswith("weight")}
    assert weights == {
        "plain.weight": 1.0,
        "direct.fc.weight": 2.0,
        "listed.1.0.fc.weight": 2.0,
        "ruled.0.fc.weight": 4.0,
    }
    assert tree.is_init
    assert tree.direct.is_init
    assert tree.listed[1][0].is_init


@pytest.mark.checklist("S2-38", "S2-41", "S3-28")
def test_code_in_init_weights_beats_the_rules(backend: Backend) -> None:
    class Holder(BaseModule):
        def __init__(self) -> None:
            super().__init__(constant(1))
            self.first = Own(constant(2))
            self.plain = Scaled()

    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.custom = nn.Linear(2, 1)

        def init_weights(self) -> None:
            constant_init(self.custom, 7, bias=8)

    holder = Holder()
    holder.init_weights()
    weights = state(holder)
    assert (weights["first.fc.weight"] == 9).all()
    assert (weights["plain.custom.weight"] == 7).all()
    assert (weights["plain.custom.bias"] == 8).all()


@pytest.mark.checklist("S2-40")
def test_parameters_keep_their_identity(backend: Backend) -> None:
    own = Own()
    before = [id(parameter) for parameter in own.parameters()]
    own.init_weights()
    assert [id(parameter) for parameter in own.parameters()] == before


@pytest.mark.checklist("S2-42")
def test_different_rules_initialise_one_class_differently(backend: Backend) -> None:
    first, second = Leaf(constant(1)), Leaf(constant(2))
    first.init_weights()
    second.init_weights()
    assert (state(first)["fc.weight"] != state(second)["fc.weight"]).all()


@pytest.mark.checklist("S2-44")
def test_a_second_call_warns_and_changes_nothing(backend: Backend) -> None:
    own = Own()
    own.init_weights()
    constant_init(own.fc, 1)
    with pytest.warns(UserWarning, match="init_weights of Own has been called more than once"):
        own.init_weights()
    assert (state(own)["fc.weight"] == 1).all()


@pytest.mark.checklist("S2-45", "S2-46")
def test_the_rules_are_copied_and_shown(backend: Backend) -> None:
    rule = constant(1, override={"name": "fc", "type": "Constant", "val": 5})
    given = copy.deepcopy(rule)
    leaf = Leaf(rule)
    leaf.init_weights()
    assert rule == given
    leaf.init_cfg["val"] = 8
    assert rule["val"] == 1
    assert "init_cfg={'type': 'Constant', 'val': 8" in repr(leaf)
    assert "init_cfg" not in repr(Leaf())


@pytest.mark.checklist("S2-8", "S2-9", "S2-33", "S2-43", "S3-29")
@pytest.mark.parametrize("as_list", [False, True])
def test_a_checkpoint_is_loaded_last_though_it_stands_first(backend: Backend, tmp_path: Path, as_list: bool) -> None:
    trained = Leaf()
    path = tmp_path / "trained.safetensors"
    save(trained, path)
    pretrained = {"type": "Pretrained", "checkpoint": str(path)}
    own = Own([pretrained, constant(1)] if as_list else pretrained)
    assert own.loads_checkpoint
    assert (state(own)["fc.weight"] != state(trained)["fc.weight"]).any()
    own.init_weights()
    for name, array in state(trained).items():
        np.testing.assert_array_equal(state(own)[name], array)
    assert own.init_report is not None
    assert own.init_report.sources["fc.weight"] == f"Pretrained(checkpoint={path})"


@pytest.mark.checklist("S2-12")
def test_a_part_of_a_checkpoint_is_loaded_and_the_rest_reported(backend: Backend, tmp_path: Path) -> None:
    tree = Tree()
    path = tmp_path / "tree.safetensors"
    save(tree, path)
    leaf = Leaf({"type": "Pretrained", "checkpoint": path, "prefix": "direct."})
    leaf.init_weights()
    np.testing.assert_array_equal(state(leaf)["fc.weight"], state(tree)["direct.fc.weight"])
    other = Other({"type": "Pretrained", "checkpoint": path})
    with pytest.warns(UserWarning, match="does not fit Other wholly"):
        other.init_weights()
    np.testing.assert_array_equal(state(other)["direct.fc.weight"], state(tree)["direct.fc.weight"])
    with pytest.raises(OptionError, match=r"nothing below 'zz'"):
        Leaf({"type": "Pretrained", "checkpoint": path, "prefix": "zz"}).init_weights()


@pytest.mark.checklist("S2-11")
@pytest.mark.parametrize("address", ["https://example.org/w.pth", "torchvision://resnet50", "/nope.pth"])
def test_a_checkpoint_that_is_not_here_changes_nothing(backend: Backend, address: str) -> None:
    leaf = Leaf([constant(1), {"type": "Pretrained", "checkpoint": address}])
    before = state(leaf)
    with pytest.raises(CheckpointNotFoundError, match=r"downloads nothing|can not be found"):
        leaf.init_weights()
    np.testing.assert_array_equal(state(leaf)["fc.weight"], before["fc.weight"])
    assert not leaf.is_init


@pytest.mark.checklist("S3-30")
def test_the_report_says_where_every_value_comes_from(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    class Mixed(BaseModule):
        def __init__(self) -> None:
            super().__init__({"type": "Normal", "std": 0.01, "layer": "Conv2d"})
            self.conv = nn.Conv2d(1, 2, 1)
            self.norm = nn.BatchNorm2d(2)
            self.own = Own()

    mixed = Mixed()
    with caplog.at_level(logging.INFO, "polynet.init"), seeded(5):
        mixed.init_weights()
    report = mixed.init_report
    assert report is not None
    assert report.seed == 5
    assert report.sources == {
        "conv.weight": "Normal(bias=0.0, mean=0.0, std=0.01)",
        "conv.bias": "Normal(bias=0.0, mean=0.0, std=0.01)",
        "norm.weight": "kept as constructed",
        "norm.bias": "kept as constructed",
        "own.fc.weight": "Constant(bias=0, val=9)",
        "own.fc.bias": "Constant(bias=0, val=9)",
    }
    assert [record.getMessage() for record in caplog.records] == ["Mixed: 2 Normal, 2 kept as constructed, 2 Constant"]


def test_what_code_changes_by_itself_is_put_down_to_it(backend: Backend) -> None:
    class Raw(Leaf):
        def init_weights(self) -> None:
            super().init_weights()
            slot = backend.slots(self)["fc.weight"]
            slot.write(np.full((2, 2), 3, np.float32))

    raw = Raw(constant(1))
    raw.init_weights()
    assert raw.init_report is not None
    assert raw.init_report.sources == {"fc.weight": "init_weights of Raw", "fc.bias": "Constant(bias=0.0, val=1)"}


def test_containers_have_rules_and_do_what_plain_ones_do(backend: Backend) -> None:
    listed = ModuleList([nn.Linear(1, 1)], init_cfg=constant(1))
    named = ModuleDict({"a": nn.Linear(1, 1)}, init_cfg=constant(2))
    chain = Sequential(nn.Linear(1, 1), nn.Linear(1, 1), init_cfg=constant(3))
    for container in (listed, named, chain):
        container.init_weights()
    assert isinstance(chain, backend.layer("Sequential"))
    assert isinstance(chain, nn.Sequential)
    assert float(state(listed)["0.weight"].item()) == 1
    assert float(state(named)["a.weight"].item()) == 2
    assert tuple(chain(ops.ones((1, 1))).shape) == (1, 1)
    assert len(chain[1:]) == 1
    again = pickle.loads(pickle.dumps(chain))
    assert again.is_init


@pytest.mark.checklist("S2-7")
def test_polynet_build_counts_the_rules_among_the_initial_weights(both: tuple[Backend, Backend]) -> None:
    class Net(BaseModule):
        def __init__(self) -> None:
            super().__init__({"type": "Normal", "std": 3, "layer": "Linear"})
            self.conv = nn.Conv2d(1, 2, 1)
            self.fc = nn.Linear(20, 30)

    built = [polynet.build(Net, backend=backend, seed=1) for backend in both]
    first, second = (state(net) for net in built)
    assert first["fc.weight"].std() == pytest.approx(3, rel=0.1)
    assert (first["fc.bias"] == 0).all()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
    assert built[0].is_init
    loaded = polynet.build(Net, backend=both[0], weights=first)
    assert not loaded.is_init


@pytest.mark.checklist("S3-36")
def test_draws_in_code_follow_the_seed_too(both: tuple[Backend, Backend]) -> None:
    class Drawing(Leaf):
        def init_weights(self) -> None:
            super().init_weights()
            normal_init(self.fc, std=2)

    found = []
    for backend in both:
        with use_backend(backend), seeded(7):
            drawing = Drawing()
            drawing.init_weights()
            found.append(state(drawing)["fc.weight"])
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(
    ("rule", "path"),
    [({"backbone": {"type": "Normall"}}, "backbone"), ({"head": [{"type": "Normal", "layr": "Linear"}]}, "head")],
    ids=["unknown name", "unknown option"],
)
def test_a_wrong_rule_is_told_with_its_place_in_the_config(backend: Backend, rule: dict[str, Any], path: str) -> None:
    config: dict[str, Any] = {
        "type": "ImageClassifier",
        "backbone": {"type": "ResNet_CIFAR", "depth": 18},
        "neck": {"type": "GlobalAveragePooling"},
        "head": {"type": "LinearClsHead", "num_classes": 3, "in_channels": 512},
    }
    for part, init_cfg in rule.items():
        config[part]["init_cfg"] = init_cfg
    with pytest.raises(PolyNetError, match=rf"^model\.{path}\.init_cfg: "):
        polynet.build(config, backend=backend)
