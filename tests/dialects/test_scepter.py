"""Scepter's documentation: registering, and building from configs."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend
from polynet.dialects.scepter import (
    BACKBONES,
    HEADS,
    LOSSES,
    METRICS,
    MODELS,
    NECKS,
    TOKENIZERS,
    TUNERS,
    BaseMetric,
    BaseModel,
    Config,
)
from polynet.errors import ComponentError, ConfigKeyError, ConfigTypeError, OptionError, PolyNetError, UnknownNameError
from polynet.registry import registers, temporary

KINDS = {
    "backbone": BACKBONES,
    "neck": NECKS,
    "head": HEADS,
    "loss": LOSSES,
    "metric": METRICS,
    "network": MODELS,
    "tokenizer": TOKENIZERS,
    "tuner": TUNERS,
}


@pytest.fixture(autouse=True)
def _clean_store() -> Any:
    with temporary():
        yield


class Part(BaseModel):
    """A part as the documentation writes one."""

    def __init__(self, cfg: Any, logger: Any = None) -> None:
        super().__init__(cfg, logger=logger)
        self.fc = nn.Linear(cfg.DIM, cfg.get("OUT", 2))

    def forward(self, x: Any) -> Any:
        return self.fc(x)


class Picklable(BaseModel):
    """A class at the top of a module, so that it pickles by name."""


@pytest.mark.checklist("S0-1", "S0-13", "S0-14", "S0-15", "S0-16", "S0-17", "S0-18", "S0-19", "S0-20", "S0-23")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_registered_and_built_alike(backend: Backend, kind: str) -> None:
    registry = KINDS[kind]
    registry.register_class("MyPart")(Part)
    cfg = Config(cfg_dict={"PART": {"NAME": "MyPart", "DIM": 3}}, load=False)
    built = registry.build(cfg.PART, logger="a logger")
    assert type(built).__mro__[1] is Part
    assert isinstance(built, backend.native_module_type)
    assert built.logger == "a logger"
    assert registry.build(cfg.PART, "by position").logger == "by position"
    assert registry.build(cfg.PART).logger is None
    assert tuple(built(ops.ones((4, 3))).shape) == (4, 2)
    with pytest.raises(UnknownNameError):
        next(other for other in KINDS.values() if other is not registry).build(cfg.PART)


@pytest.mark.checklist("S0-3", "S0-4", "S0-5", "S0-12")
def test_a_class_is_registered_under_a_string_or_its_own_name_and_returned_unchanged(backend: Backend) -> None:
    class Same(BaseModel):
        pass

    before = dict(vars(Same))
    assert BACKBONES.register_class("Named")(Same) is Same
    assert NECKS.register_class()(Same) is Same
    assert HEADS.register_class()(Same) is Same
    assert {key: value for key, value in vars(Same).items() if not key.startswith("_")} == {
        key: value for key, value in before.items() if not key.startswith("_")
    }
    assert type(BACKBONES.build({"NAME": "Named"})) is type(NECKS.build({"NAME": "Same"}))
    assert "Same" not in BACKBONES

    class Derived(Same):
        pass

    assert isinstance(Derived(), backend.native_module_type)
    assert BACKBONES.register_class()(Picklable) is Picklable
    assert pickle.loads(pickle.dumps(Picklable)) is Picklable
    assert isinstance(pickle.loads(pickle.dumps(BACKBONES.build({"NAME": "Picklable"}))), Picklable)


@pytest.mark.checklist("S0-3", "S0-4", "S0-5", "S0-56")
def test_names_of_the_documentation_may_be_taken_without_harm_to_what_ships(backend: Backend) -> None:
    from polynet.dialects.scepter.modules.model.base_model import BaseModel
    from polynet.dialects.scepter.modules.model.registry import BACKBONES, HEADS, NECKS

    shipped = [registers.heads.get("ClassifierHead"), registers.necks.get("GlobalAveragePooling")]
    builtin = BACKBONES.build({"NAME": "ResNet"})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")

        @BACKBONES.register_class("ResNet")
        class ResNet(BaseModel):
            def __init__(self, cfg: Any, logger: Any = None) -> None:
                super().__init__(cfg, logger=logger)

    assert any("is replaced by" in str(each.message) for each in caught)

    @NECKS.register_class()
    class GlobalAveragePooling(BaseModel):
        def __init__(self, cfg: Any, logger: Any = None) -> None:
            super().__init__(cfg, logger=logger)

    @HEADS.register_class()
    class ClassifierHead(BaseModel):
        def __init__(self, cfg: Any, logger: Any = None) -> None:
            super().__init__(cfg, logger=logger)

    assert isinstance(BACKBONES.build({"NAME": "ResNet"}), ResNet)
    assert not isinstance(builtin, ResNet)
    assert isinstance(NECKS.build({"NAME": "GlobalAveragePooling"}), GlobalAveragePooling)
    assert isinstance(HEADS.build({"NAME": "ClassifierHead"}), ClassifierHead)
    assert [registers.heads.get("ClassifierHead"), registers.necks.get("GlobalAveragePooling")] == shipped


@pytest.mark.checklist("S0-21", "S0-24")
def test_a_plain_dict_and_every_spelling_reach_one_class(backend: Backend) -> None:
    BACKBONES.register_class("MyPart")(Part)
    for config in ({"NAME": "MyPart", "DIM": 3}, {"type": "MyPart", "DIM": 3}, {"name": "MyPart", "DIM": 3}):
        assert isinstance(BACKBONES.build(config), Part)


@pytest.mark.checklist("S0-22")
def test_the_constructor_is_given_a_config(backend: Backend) -> None:
    seen: list[Any] = []

    @HEADS.register_class()
    class Watching(BaseModel):
        def __init__(self, cfg: Any, logger: Any = None) -> None:
            super().__init__(cfg, logger=logger)
            seen.append(cfg)

    HEADS.build({"NAME": "Watching", "HEAD": {"DIM": 512}, "LIST": [{"A": 1}]})
    (cfg,) = seen
    assert isinstance(cfg, Config)
    assert cfg.HEAD.DIM == cfg["HEAD"]["DIM"] == 512
    assert cfg.LIST[0].A == 1
    assert (cfg.get("DIM", 7), cfg.get("NONE")) == (7, None)
    assert (cfg.have("HEAD"), cfg.have("TAIL"), "HEAD" in cfg, "TAIL" in cfg) == (True, False, True, False)
    assert list(cfg) == ["NAME", "HEAD", "LIST"]
    with pytest.raises(AttributeError, match="Did you mean 'HEAD'"):
        _ = cfg.HAED


@pytest.mark.checklist("S0-25")
def test_builds_share_nothing_with_the_config_or_each_other(backend: Backend) -> None:
    BACKBONES.register_class("MyPart")(Part)
    config = Config({"NAME": "MyPart", "DIM": 3, "INNER": {"LIST": [1]}})
    before = config.to_dict()
    first, second = BACKBONES.build(config), BACKBONES.build(config)
    first.cfg.INNER.LIST.append(2)
    first.cfg.DIM = 9
    assert config.to_dict() == before
    assert second.cfg.INNER.LIST == [1]
    assert first.fc.weight is not second.fc.weight
    backend.slots(first)["fc.weight"].write(np.zeros((2, 3), np.float32))
    assert np.abs(backend.slots(second)["fc.weight"].read()).max() > 0


@pytest.mark.checklist("S0-26")
def test_layers_are_parameters_and_state_under_their_path(backend: Backend) -> None:
    BACKBONES.register_class("MyPart")(Part)
    net = BACKBONES.build({"NAME": "MyPart", "DIM": 3})
    assert [name for name, _ in net.named_parameters()] == ["fc.weight", "fc.bias"]
    assert len(list(net.parameters())) == 2
    assert set(net.state_dict()) == {"fc.weight", "fc.bias"}


@pytest.mark.checklist("S0-46")
def test_a_name_registered_twice_warns_and_the_later_class_wins(backend: Backend) -> None:
    @LOSSES.register_class("Twice")
    class First(BaseModel): ...

    with pytest.warns(UserWarning, match=r"'Twice'.*First, is replaced by .*Second"):

        @LOSSES.register_class("Twice")
        class Second(BaseModel): ...

    assert isinstance(LOSSES.build({"NAME": "Twice"}), Second)


@pytest.mark.checklist("S0-47")
def test_only_a_class_is_registered_as_one() -> None:
    for registry in KINDS.values():
        with pytest.raises(TypeError, match="register_class takes a class"):
            registry.register_class()(lambda cfg: cfg)
        with pytest.raises(TypeError, match="register_class takes a class"):
            registry.register_class("name")(3)  # type: ignore[type-var]  # the mistake under test


@pytest.mark.checklist("S0-48", "S0-49", "S0-50")
def test_bad_configs_are_refused_by_the_builtin_errors_of_scepter(backend: Backend) -> None:
    BACKBONES.register_class("MyPart")(Part)
    with pytest.raises(KeyError, match=r"'MyPrat' is not registered in BACKBONES.*Did you mean 'MyPart'") as caught:
        BACKBONES.build({"NAME": "MyPrat"})
    assert isinstance(caught.value, UnknownNameError)
    with pytest.raises(KeyError, match=r"needs `name`.*DIM=3") as missing:
        BACKBONES.build(Config({"DIM": 3}))
    assert isinstance(missing.value, ConfigKeyError)
    for wrong in (3, None, ["MyPart"], 1.5):
        with pytest.raises(TypeError, match="is a mapping") as mistyped:
            BACKBONES.build(wrong)
        assert isinstance(mistyped.value, ConfigTypeError)


@pytest.mark.checklist("S0-51")
def test_an_error_in_a_constructor_keeps_its_cause(backend: Backend) -> None:
    @BACKBONES.register_class()
    class Broken(BaseModel):
        def __init__(self, cfg: Any, logger: Any = None) -> None:
            super().__init__(cfg, logger=logger)
            self.width = 1 // cfg.ZERO

    with pytest.raises(ComponentError, match=r"Broken could not be built: ZeroDivisionError") as caught:
        BACKBONES.build({"NAME": "Broken", "ZERO": 0})
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(PolyNetError, match="ZERO"):
        BACKBONES.build({"NAME": "Broken"})


@pytest.mark.checklist("S0-60")
def test_a_registry_prints_what_it_holds() -> None:
    METRICS.register_class("PrintedMetric")(BaseMetric)
    printed = str(METRICS)
    assert "PrintedMetric" in printed
    assert "AccuracyMetric" in printed
    assert "METRICS" in printed
    assert "ClassifierHead" not in printed
    assert all(name in str(HEADS) for name in ("ClassifierHead", "CosineLinearHead", "TransformerHead"))


@pytest.mark.checklist("S0-59")
def test_weights_are_named_by_one_path_or_several_and_by_nothing_else(backend: Backend, tmp_path: Any) -> None:
    BACKBONES.register_class("MyPart")(Part)
    source = BACKBONES.build({"NAME": "MyPart", "DIM": 3})
    path = tmp_path / "part.safetensors"
    polynet.save(source, path)
    for given in (str(path), [str(path)]):
        made = BACKBONES.build({"NAME": "MyPart", "DIM": 3, "PRETRAINED_MODEL": given})
        np.testing.assert_array_equal(polynet.state(made)["fc.weight"], polynet.state(source)["fc.weight"])
    assert BACKBONES.build({"NAME": "MyPart", "DIM": 3, "PRETRAINED_MODEL": None}) is not None
    with pytest.raises(TypeError, match="a path, a list of paths"):
        BACKBONES.build({"NAME": "MyPart", "DIM": 3, "PRETRAINED_MODEL": 3})


@pytest.mark.checklist("S0-56")
@pytest.mark.parametrize(
    ("registry", "name"),
    [
        (BACKBONES, "ResNet"),
        (NECKS, "GlobalAveragePooling"),
        (HEADS, "ClassifierHead"),
        (LOSSES, "CrossEntropy"),
        (METRICS, "AccuracyMetric"),
        (MODELS, "Classifier"),
    ],
)
def test_names_of_the_documentation_ship(registry: Any, name: str) -> None:
    from polynet.registry.scopes import registered_name

    assert registry.get(registered_name(registry, name, "NAME")).__name__ == name


def test_wrong_keywords_of_keyword_classes_are_named(backend: Backend) -> None:
    with pytest.raises(OptionError, match=r"ClassifierHead.*'num_clases'.*Did you mean 'num_classes'"):
        HEADS.build({"NAME": "ClassifierHead", "DIM": 4, "NUM_CLASES": 3})
