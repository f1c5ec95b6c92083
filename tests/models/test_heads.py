"""`build_head`: BaseCls's rules, and what they leave open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import build, nn, ops
from polynet.backend import Backend, get_backend
from polynet.errors import FrameworkMismatchError, OptionError, UnknownNameError
from polynet.models.heads import ClsHead, Head, LinearHead, MBV3Head, VGGHead, build_head
from polynet.registry import HEADS, temporary


class Plain(nn.Module):
    """Takes neither norm_name nor act_name, as BaseCls's own tutorial head."""

    def __init__(self, w_in: int, w_out: int, width: int = 4) -> None:
        super().__init__()
        self.given = (w_in, w_out, width)


class Renamed(nn.Module):
    """Spells its widths as other libraries do."""

    def __init__(self, in_channels: int, num_classes: int = 10) -> None:
        super().__init__()
        self.given = (in_channels, num_classes)


class Everything(nn.Module):
    """Takes whatever it is given."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.given = options


def keys(backend: Backend, head: Any) -> set[str]:
    return {name.rpartition(".")[0] for name in backend.slots(head)}


@pytest.mark.checklist("S4-17", "S4-18")
@pytest.mark.parametrize("head_args", [None, {"name": None}, {"name": None, "width": 4}, {"w_out": 3}, {}])
def test_no_name_no_head(backend: Backend, head_args: Any) -> None:
    assert build_head(8, head_args) is None


@pytest.mark.parametrize(
    ("head_args", "says"),
    [
        ({"width": 64}, r"options \(width\) and no name.*ClsHead"),
        ({"w_out": 3, "dropout_prob": 0.1, "act": 1}, r"options \(dropout_prob, act\)"),
        ({"nmae": "ClsHead"}, "Is 'nmae' meant for it"),
    ],
)
def test_options_without_a_name_are_refused(backend: Backend, head_args: Any, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        build_head(8, head_args)


@pytest.mark.checklist("S4-12")
@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("ClsHead", {}, {"fc"}),
        ("ClsHead", {"width": 16}, {"conv", "bn", "fc"}),
        ("MBV3Head", {"width": 16, "w_h": 16, "se_r": 0.25}, {"conv", "bn", "se.f_ex.0", "se.f_ex.2", "h_fc", "fc"}),
        ("VGGHead", {"width": 16}, {"classifier.0", "classifier.3", "classifier.6"}),
        ("AlexNetHead", {"width": 16}, {"classifier.1", "classifier.4", "classifier.6"}),
        ("LinearHead", {}, {""}),
    ],
)
def test_heads_by_name_have_the_keys_of_basecls(
    backend: Backend, name: str, options: dict[str, Any], expected: set[str]
) -> None:
    head = build_head(
        8,
        {"name": name, "w_out": 3, "dropout_prob": 0.1, **options}
        if name != "LinearHead"
        else {"name": name, "w_out": 3},
    ).eval()
    assert keys(backend, head) == expected
    x = ops.tensor(np.random.standard_normal((2, 8) if name == "LinearHead" else (2, 8, 14, 14)).astype(np.float32))
    assert tuple(head(x).shape) == (2, 3)


@pytest.mark.checklist("S4-10", "S4-11")
def test_a_class_a_function_and_a_name_are_all_heads(backend: Backend) -> None:
    assert build_head(8, {"name": Plain, "w_out": 3}).given == (8, 3, 4)
    assert build_head(8, {"name": lambda w_in, w_out: Plain(w_in, w_out, 9), "w_out": 3}).given == (8, 3, 9)
    with temporary():
        HEADS.register(Plain)
        assert build_head(8, {"name": "Plain", "w_out": 3, "width": 5}).given == (8, 3, 5)
    with temporary():
        HEADS.register(backend.layer("Identity"), name="Native")
        assert isinstance(build_head(8, {"name": "Native"}), backend.layer("Identity"))


def test_the_native_class_of_the_active_backend_is_preferred(both: tuple[Backend, Backend]) -> None:
    with temporary():
        HEADS.register(Plain, name="Mixed")
        native = get_backend("torch").layer("Identity")
        HEADS.register(native, name="Mixed", backend="torch")
        from polynet.backend import use_backend

        with use_backend("torch"):
            assert isinstance(build_head(8, {"name": "Mixed"}), native)
        with use_backend("megengine"):
            assert isinstance(build_head(8, {"name": "Mixed", "w_out": 3}), Plain)


def test_a_class_of_another_framework_is_refused(both: tuple[Backend, Backend]) -> None:
    torch, megengine = both
    from polynet.backend import use_backend

    with use_backend(torch), pytest.raises(FrameworkMismatchError, match="written for backend 'megengine'"):
        build_head(8, {"name": megengine.native_module_type})


@pytest.mark.checklist("S4-11")
def test_norm_and_activation_go_only_to_heads_that_take_them(backend: Backend) -> None:
    assert build_head(8, {"name": Everything}, "GN", "silu").given == {"w_in": 8, "norm_name": "GN", "act_name": "silu"}
    assert build_head(8, {"name": Everything, "norm_name": "LN"}, "GN", "silu").given["norm_name"] == "LN"
    assert build_head(8, {"name": Plain, "w_out": 3}, "GN", "silu").given == (8, 3, 4)


@pytest.mark.parametrize("key", ["w_out", "num_classes"])
def test_w_out_and_num_classes_mean_the_same(backend: Backend, key: str) -> None:
    assert build_head(8, {"name": Renamed, key: 3}).given == (8, 3)
    assert build_head(8, {"name": Plain, key: 3}).given == (8, 3, 4)
    with pytest.raises(OptionError, match="mean the same and differ: 3, 4"):
        build_head(8, {"name": Plain, "w_out": 3, "num_classes": 4})


@pytest.mark.checklist("S4-11")
def test_norm_and_activation_do_not_reach_a_base_that_lacks_them(backend: Backend) -> None:
    class PassesOn(Plain):
        def __init__(self, w_in: int, **options: Any) -> None:
            super().__init__(w_in, **options)

    class PassesOnToOneThatHasThem(ClsHead):
        def __init__(self, w_in: int, **options: Any) -> None:
            super().__init__(w_in, **options)

    assert build_head(8, {"name": PassesOn, "w_out": 3}, "GN", "silu").given == (8, 3, 4)
    assert build_head(8, {"name": PassesOnToOneThatHasThem, "w_out": 3, "width": 4}, "GN", "silu").fc.in_features == 4


def test_mistakes_in_a_networks_head_have_their_place_in_the_config(backend: Backend) -> None:
    with pytest.raises(UnknownNameError, match=r"^model\.head: The head 'ClsHaed' is not registered"):
        build({"name": "resnet18", "head": {"name": "ClsHaed", "w_out": 3}}, backend=backend)
    with pytest.raises(OptionError, match=r"^model\.head: ClsHead has no option 'w_uot'\. Did you mean 'w_out'"):
        build({"name": "resnet18", "head": {"name": "ClsHead", "w_uot": 3}}, backend=backend)


@pytest.mark.checklist("S4-12", "S4-15")
def test_mistakes_are_named(backend: Backend) -> None:
    with pytest.raises(UnknownNameError, match=r"'ClsHaed' is not registered in heads.*Did you mean 'ClsHead'"):
        build_head(8, {"name": "ClsHaed"})
    with pytest.raises(ValueError, match="Nope"):
        build_head(8, {"name": "Nope"})
    with pytest.raises(OptionError, match=r"ClsHead has no option 'droput_prob'.*Did you mean 'dropout_prob'"):
        build_head(8, {"name": "ClsHead", "droput_prob": 0.1})
    with pytest.raises(OptionError, match=r"Plain needs 'w_out'\. Give head\.w_out or num_classes"):
        build_head(8, {"name": Plain})
    with pytest.raises(OptionError, match=r"head\.w_in is given by the network, 8 here; the config says 9"):
        build_head(8, {"name": "ClsHead", "w_in": 9})
    with pytest.raises(OptionError, match="must be the name of a head"):
        build_head(8, {"name": 3})
    with pytest.raises(OptionError, match="head must be a mapping"):
        build_head(8, "ClsHead")  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.checklist("S4-25")
@pytest.mark.parametrize(
    ("name", "says"),
    [(dict, "dict is a class of no modules"), (lambda w_in: w_in, "gives 8, which is no module of"), (int, "int is a")],
    ids=["class", "function", "number"],
)
def test_a_head_is_a_module(backend: Backend, name: Any, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        build_head(8, {"name": name})


def test_a_function_may_make_no_head(backend: Backend) -> None:
    assert build_head(8, {"name": lambda w_in: None}) is None


def test_the_mapping_given_stays_as_it_is(backend: Backend) -> None:
    given = {"name": Everything, "nested": {"list": [1]}}
    head = build_head(8, given)
    head.given["nested"]["list"].append(2)
    assert given == {"name": Everything, "nested": {"list": [1]}}


def test_dropout_acts_in_training_alone(backend: Backend) -> None:
    head = ClsHead(64, 4, dropout_prob=0.5)
    x = ops.tensor(np.random.standard_normal((2, 64, 2, 2)).astype(np.float32))

    def pre_logits() -> np.ndarray[Any, Any]:
        return backend.numpy(head.pre_logits(x))

    head.train()
    assert (pre_logits() == 0).any()
    head.eval()
    assert (pre_logits() != 0).all()


@pytest.mark.parametrize("cls", [ClsHead, MBV3Head, VGGHead])
def test_heads_are_heads(cls: type) -> None:
    assert issubclass(cls, Head)
    assert not issubclass(LinearHead, Head)
