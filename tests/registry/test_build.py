from __future__ import annotations

import numpy as np
import pytest

import polynet
from polynet import nn
from polynet.config import Config
from polynet.errors import ComponentError, ConfigKeyError, ConfigTypeError, OptionError, PolyNetError, UnknownNameError
from polynet.registry import BACKBONES, HEADS, METRICS, MODELS, NECKS, Registry, build_part, temporary


@pytest.fixture(autouse=True)
def _clean_store():
    with temporary():
        yield


class Keyworded(nn.Module):
    def __init__(self, width: int = 4, options: dict | None = None) -> None:
        super().__init__()
        self.fc = nn.Linear(width, 2)
        self.options = options


class Configured(nn.Module):
    def __init__(self, cfg, logger=None) -> None:
        super().__init__()
        self.cfg = cfg
        self.logger = logger
        self.fc = nn.Linear(cfg.DIM, cfg.get("NUM_CLASSES", 3))


@pytest.mark.parametrize(
    "config",
    [{"name": "Keyworded", "width": 5}, {"type": "Keyworded", "width": 5}, {"NAME": "Keyworded", "WIDTH": 5}],
)
def test_three_spellings_reach_one_class(backend, config):
    NECKS.register(Keyworded)
    before = repr(config)
    made = NECKS.build(config)
    assert isinstance(made, Keyworded)
    assert isinstance(made, backend.native_module_type)
    assert made.fc.in_features == 5
    assert repr(config) == before


@pytest.mark.parametrize("config", [{"name": Keyworded}, {"type": Keyworded}, {"NAME": Keyworded}, Keyworded])
def test_a_class_may_stand_where_a_name_may(backend, config):
    assert isinstance(NECKS.build(config), Keyworded)


def test_a_constructor_that_takes_cfg_is_given_one_config_and_the_logger(backend):
    HEADS.register_class()(Configured)
    made = HEADS.build(Config({"NAME": "Configured", "DIM": 8, "INNER": {"STD": 0.5}}), logger="a logger")
    assert made.logger == "a logger"
    assert made.cfg.INNER.STD == 0.5
    assert made.fc.in_features == 8
    assert HEADS.build({"NAME": "Configured", "DIM": 8}).logger is None


def test_the_logger_may_be_given_by_position_and_reaches_keyword_classes(backend):
    NECKS.register(Keyworded)
    assert NECKS.build({"name": "Keyworded"}, "a logger").logger == "a logger"
    assert NECKS.build({"name": "Keyworded"}).logger is None


def test_a_class_without_a_constructor_is_given_the_logger_afterwards(backend):
    class Bare(nn.Module):
        def forward(self, x):
            return x

    NECKS.register(Bare)
    assert NECKS.build("Bare", "a logger").logger == "a logger"
    with pytest.raises(OptionError, match="unknown option 'width'"):
        NECKS.build({"name": "Bare", "width": 3})


@pytest.mark.checklist("S0-23")
def test_the_logger_goes_through_a_constructor_only_to_a_base_that_takes_it(backend):
    class Logged(nn.Module):
        def __init__(self, width, logger=None):
            super().__init__()
            self.seen = logger

    class PassesOn(Logged):
        def __init__(self, **options):
            super().__init__(**options)

    class Unlogged(nn.Module):
        def __init__(self, width):
            super().__init__()

    class PassesOnToOneWithout(Unlogged):
        def __init__(self, **options):
            super().__init__(**options)

    class Open(nn.Module):
        def __init__(self, **options):
            super().__init__(**options)

    assert NECKS.build({"name": PassesOn, "width": 2}, "a logger").seen == "a logger"
    assert NECKS.build({"name": PassesOnToOneWithout, "width": 2}, "a logger").logger == "a logger"
    assert NECKS.build({"name": Open}, "a logger").logger == "a logger"
    with pytest.raises(OptionError, match=r"unknown option 'widht'\. Did you mean 'width'"):
        NECKS.build({"name": PassesOnToOneWithout, "widht": 2}, "a logger")


def test_two_builds_share_nothing(backend):
    NECKS.register(Keyworded)
    config = {"name": "Keyworded", "options": {"list": [1]}}
    first, second = NECKS.build(config), NECKS.build(config)
    first.options["list"].append(2)
    assert second.options == {"list": [1]}
    assert config["options"] == {"list": [1]}
    assert first.fc.weight is not second.fc.weight


@pytest.mark.parametrize(
    ("config", "kind", "words"),
    [
        ({"NAME": "Keywordde"}, UnknownNameError, "Keywordde.*Did you mean 'Keyworded'"),
        ({"WIDTH": 3}, ConfigKeyError, "needs `name`.*WIDTH=3"),
        ({"nmae": "Keyworded"}, ConfigKeyError, "Is 'nmae' meant for it"),
        (3, ConfigTypeError, "not int 3"),
        ({"name": "Keyworded", "widht": 3}, OptionError, "Keyworded.*'widht'.*Did you mean 'width'"),
    ],
)
def test_a_bad_config_is_refused_by_name(backend, config, kind, words):
    NECKS.register(Keyworded)
    with pytest.raises(kind, match=words):
        NECKS.build(config)


def test_an_error_in_a_constructor_names_the_class_and_keeps_the_cause(backend):
    @NECKS.register
    class Broken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            raise ZeroDivisionError("boom")

    with pytest.raises(ComponentError, match=r"Broken could not be built: ZeroDivisionError: boom") as caught:
        NECKS.build({"name": "Broken"})
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_parts_of_parts_say_where_in_the_config_they_fail(backend):
    @NECKS.register
    class Outer(nn.Module):
        def __init__(self, inner) -> None:
            super().__init__()
            self.inner = build_part("neck", inner, "inner")

    MODELS.register(Outer, name="OuterNet")
    NECKS.register(Keyworded)
    with pytest.raises(UnknownNameError, match=r"^inner\.inner: The neck 'Nope'"):
        NECKS.build({"name": "Outer", "inner": {"name": "Outer", "inner": {"name": "Nope"}}})
    with pytest.raises(OptionError, match=r"^model\.inner: Keyworded.*'widht'"):
        polynet.build({"model": {"name": "OuterNet", "inner": {"name": "Keyworded", "widht": 1}}})


def test_a_part_may_be_given_as_an_instance_or_left_out(backend):
    layer = nn.ReLU()
    assert build_part("neck", layer, "neck") is layer
    assert build_part("neck", None, "neck") is None


def test_defaults_of_a_part_reach_only_constructors_that_take_them(backend):
    NECKS.register(Keyworded)
    HEADS.register(Configured)
    assert build_part("neck", {"type": "Keyworded"}, "neck", width=7, depth=3).fc.in_features == 7
    assert build_part("neck", {"type": "Keyworded", "width": 2}, "neck", width=7).fc.in_features == 2
    assert build_part("head", {"NAME": "Configured"}, "head", dim=7).fc.in_features == 7


def test_a_part_registered_without_a_kind_is_found_among_all(backend):
    MODELS.register_module()(Keyworded)
    assert isinstance(build_part("backbone", {"type": "Keyworded"}, "backbone"), Keyworded)
    with pytest.raises(UnknownNameError, match="There is a network of that name"):
        BACKBONES.build({"type": "Keyworded"})


def test_what_needs_no_framework_builds_without_an_active_one():
    class Count:
        def __init__(self, start: int = 0) -> None:
            self.start = start

    METRICS.register(Count)
    assert METRICS.build({"type": "Count", "start": 2}).start == 2


@pytest.mark.parametrize("key", ["pretrain", "PRETRAINED_MODEL"])
def test_weights_named_in_a_config_are_loaded_after_construction(backend, tmp_path, key):
    NECKS.register(Keyworded)
    source = NECKS.build({"name": "Keyworded"})
    path = tmp_path / "weights.safetensors"
    polynet.save(source, path)
    config = {"type": "Keyworded", key: str(path)} if key == "pretrain" else {"NAME": "Keyworded", key: [str(path)]}
    made = NECKS.build(config)
    np.testing.assert_array_equal(polynet.state(made)["fc.weight"], polynet.state(source)["fc.weight"])
    with pytest.raises(ConfigTypeError, match="a path, a list of paths"):
        NECKS.build({**config, key: 3})


def test_weights_that_do_not_fit_are_dropped_with_a_warning_and_a_part_of_a_checkpoint_is_taken(backend, tmp_path):
    NECKS.register(Keyworded)
    net = nn.Sequential(Keyworded())
    path = tmp_path / "weights.safetensors"
    polynet.save(net, path)
    made = NECKS.build({"type": "Keyworded", "pretrain": {"path": str(path), "sub_level": "0"}})
    np.testing.assert_array_equal(polynet.state(made)["fc.bias"], polynet.state(net)["0.fc.bias"])
    with pytest.warns(UserWarning, match="does not fit Keyworded wholly"):
        NECKS.build({"type": "Keyworded", "width": 9, "pretrain": {"path": str(path), "sub_level": "0"}})
    with pytest.raises(OptionError, match="nothing below 'head'"):
        NECKS.build({"type": "Keyworded", "pretrain": {"path": str(path), "sub_level": "head"}})


def test_a_bare_name_is_looked_up_in_the_scope_of_its_spelling_and_what_a_user_registers_comes_first():
    NECKS.register(dict, name="mmpretrain.Scoped")
    NECKS.register(list, name="scepter.Scoped")
    assert NECKS.build({"type": "Scoped", "a": 1}) == {"a": 1}
    assert NECKS.build({"name": "mmpretrain.Scoped"}) == {}
    assert Registry("necks", "neck", scopes=("scepter",)).build({"type": "Scoped"}) == []
    with pytest.raises(PolyNetError, match="'Scoped' is not registered"):
        NECKS.build({"name": "Scoped"})


def test_a_replacing_registry_warns_and_leaves_what_ships_to_others():
    dialect = Registry("heads", "head", scopes=("scepter",), replace=True)

    @dialect.register_class("ClsHead")
    class First: ...

    with pytest.warns(UserWarning, match=r"scepter\.ClsHead.*First, is replaced by .*Second"):

        @dialect.register_class("ClsHead")
        class Second: ...

    assert isinstance(dialect.build({"NAME": "ClsHead"}), Second)
    assert HEADS.get("ClsHead").__module__ == "polynet.models.heads.cls_head"


def test_errors_survive_pickling_with_their_place():
    import pickle

    error = OptionError("bad")
    error.within("model", "head")
    assert str(pickle.loads(pickle.dumps(error))) == "model.head: bad"
