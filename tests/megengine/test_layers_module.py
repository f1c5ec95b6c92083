"""MegEngine modules answer to torch's vocabulary, and containers have torch's keys."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

from polynet.backend import find_backend, get_backend
from polynet.errors import DeviceError, InputError, OptionError, UnsupportedError

from .layer_comparison import random

pytestmark = pytest.mark.skipif(not find_backend("megengine").installed, reason="MegEngine is not installed")


def layer(name: str, *arguments: Any, **options: Any) -> Any:
    return get_backend("megengine").layer(name)(*arguments, **options)


def tensor(value: Any) -> Any:
    return get_backend("megengine").tensor(value)


@pytest.fixture(autouse=True)
def loaded() -> None:
    """Load the backend first: it silences the warnings that importing MegEngine gives."""
    get_backend("megengine")


@pytest.fixture
def module_class() -> Any:
    return get_backend("megengine").module_type


def keys(module: Any) -> list[str]:
    return list(get_backend("megengine").slots(module))


def test_train_and_eval_return_the_module_and_reach_everything_within(module_class: Any) -> None:
    outer = module_class()
    outer.inner = layer("Sequential", layer("Dropout"), layer("Linear", 2, 2))
    assert outer.eval() is outer
    assert not outer.inner[0].training
    assert outer.train() is outer
    assert outer.inner[0].training


def test_members_are_listed_in_order_of_definition(module_class: Any) -> None:
    outer = module_class()
    outer.zebra = layer("Linear", 2, 2)
    outer.scale = get_backend("megengine").parameter(tensor(np.ones(1, np.float32)))
    outer.ape = layer("Sequential", *(layer("ReLU") for _ in range(11)))
    assert [name for name, _ in outer.named_children()] == ["zebra", "ape"]
    assert [name for name, _ in outer.named_parameters()] == ["scale", "zebra.weight", "zebra.bias"]
    assert [name for name, _ in outer.named_modules()] == ["", "zebra", "ape", *(f"ape.{at}" for at in range(11))]
    assert [name for name, _ in outer.named_parameters(prefix="net", recurse=False)] == ["net.scale"]


def test_buffers_that_are_not_persistent_stay_out_of_the_state(module_class: Any) -> None:
    module = module_class()
    module.register_buffer("kept", tensor(np.ones(2, np.float32)))
    module.register_buffer("table", tensor(np.zeros(2, np.float32)), persistent=False)
    module.register_buffer("empty", None)
    assert [name for name, _ in module.named_buffers()] == ["kept", "table"]
    assert list(module.state_dict()) == ["kept"]
    assert keys(module) == ["kept"]
    assert module.empty is None
    copied = pickle.loads(pickle.dumps(copy.deepcopy(module)))
    assert list(copied.state_dict()) == ["kept"]
    module.load_state_dict({"kept": np.full(2, 5, np.float32)})
    assert module.kept.numpy().tolist() == [5, 5]


def test_members_are_found_by_dotted_path(module_class: Any) -> None:
    outer = module_class()
    outer.add_module("body", layer("Sequential", layer("Linear", 2, 3), layer("BatchNorm1d", 3)))
    assert outer.get_submodule("") is outer
    assert outer.get_submodule("body.0") is outer.body[0]
    assert outer.get_parameter("body.0.weight") is outer.body[0].weight
    assert outer.get_buffer("body.1.running_mean") is outer.body[1].running_mean
    with pytest.raises(AttributeError, match=r"no member 'body\.7'"):
        outer.get_submodule("body.7")
    with pytest.raises(AttributeError, match="no parameter"):
        outer.get_parameter("body.0")


@pytest.mark.parametrize("name", ["", "a.b", "forward", "training"])
def test_names_that_cannot_be_members_are_refused(module_class: Any, name: str) -> None:
    with pytest.raises(KeyError):
        module_class().register_buffer(name, None)


def test_members_before_the_constructor_ran_are_refused_clearly(module_class: Any) -> None:
    class Early(module_class):  # type: ignore[misc]  # the class is only known at run time
        def __init__(self, member: Any) -> None:
            self.sizes = [1, 2]
            self.member = member
            super().__init__()

    assert Early(3).sizes == [1, 2]
    for member in (layer("ReLU"), tensor(1.0), [layer("ReLU")]):
        with pytest.raises(AttributeError, match=r"super\(\).__init__\(\)"):
            Early(member)


def test_a_module_without_forward_says_so(module_class: Any) -> None:
    with pytest.raises(NotImplementedError, match="forward"):
        module_class()(1)


def test_apply_visits_children_first_and_returns_the_module(module_class: Any) -> None:
    outer = layer("Sequential", layer("ReLU"), layer("Sequential", layer("Tanh")))
    seen: list[str] = []
    assert outer.apply(lambda module: seen.append(type(module).__name__)) is outer
    assert seen == ["ReLU", "Tanh", "Sequential", "Sequential"]


def test_frozen_parameters_are_marked_not_trainable() -> None:
    backend = get_backend("megengine")
    net = layer("Sequential", layer("Linear", 2, 2), layer("BatchNorm1d", 2))
    net[0].requires_grad_(False)
    for frozen in (net, copy.deepcopy(net)):
        assert [name for name, slot in backend.slots(frozen).items() if slot.trainable] == ["1.weight", "1.bias"]
    net.requires_grad_()
    assert sum(slot.trainable for slot in backend.slots(net).values()) == 4


def test_moving_and_casting_keep_parameters_parameters() -> None:
    net = layer("Linear", 2, 2)
    weight = net.weight
    assert net.half().weight.dtype == np.float16
    assert net.float().to("cpu").weight is weight
    assert weight.dtype == np.float32


def test_what_megengine_has_not_is_refused_in_words() -> None:
    net = layer("Linear", 2, 2)
    assert net.cpu() is net
    with pytest.raises(UnsupportedError, match=r"Linear\.double\(\): MegEngine has no float64"):
        net.double()
    if "cuda:0" not in get_backend("megengine").devices():
        with pytest.raises(DeviceError, match="cuda"):
            net.cuda()
    assert net.weight.dtype == np.float32


def test_sequential_has_torchs_interface() -> None:
    first, second, third = layer("ReLU"), layer("Tanh"), layer("Linear", 2, 2)
    net = layer("Sequential", first)
    assert net.append(second) is net
    net.insert(0, third)
    assert [*net] == [third, first, second]
    assert keys(net) == ["0.weight", "0.bias"]
    assert net[-1] is second
    assert [name for name, _ in net[1:].named_children()] == ["1", "2"]
    del net[0]
    assert [name for name, _ in net.named_children()] == ["0", "1"]
    net.extend([third])
    assert keys(net) == ["2.weight", "2.bias"]
    net[2] = second
    assert len(net) == 3
    assert keys(net) == []
    named = layer("Sequential", OrderedDict(act=first, fc=third))
    assert keys(named) == ["fc.weight", "fc.bias"]
    assert named(tensor(np.ones((1, 2), np.float32))).shape == (1, 2)
    with pytest.raises(IndexError, match="out of range"):
        net[3]
    with pytest.raises(OptionError, match="takes modules"):
        layer("Sequential", 3)


def test_module_list_has_torchs_interface() -> None:
    members = [layer("Linear", 2, 2) for _ in range(3)]
    listed = layer("ModuleList", members[:1])
    listed.append(members[1]).extend([])
    listed += [members[2]]
    assert [*listed] == members
    assert keys(listed)[:2] == ["0.weight", "0.bias"]
    assert [*listed[1:]] == members[1:]
    assert members[1] in listed
    listed.insert(1, members[2])
    assert len(listed) == 4
    assert listed.pop(1) is members[2]
    del listed[0]
    assert [*listed] == members[1:]
    assert keys(listed) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    listed[0] = members[0]
    assert listed[0] is members[0]
    assert not listed.eval()[0].training
    with pytest.raises(IndexError):
        listed[2]
    assert copy.deepcopy(listed)[0].weight.shape == (2, 2)


def test_module_dict_and_parameter_list_have_torchs_interface() -> None:
    held = layer("ModuleDict", {"b": layer("Linear", 2, 2), "a": layer("ReLU")})
    assert list(held) == ["b", "a"]
    assert [key for key, _ in held.items()] == list(held.keys())
    assert keys(held) == ["b.weight", "b.bias"]
    assert "a" in held
    assert len(held) == 2
    held.pop("b")
    assert list(held.values()) == [held["a"]]
    with pytest.raises(KeyError, match="among"):
        held["b"]
    parameters = layer("ParameterList", [tensor(np.ones(2, np.float32))])
    parameters.append(tensor(np.zeros(3, np.float32)))
    assert keys(parameters) == ["0", "1"]
    assert [each.shape for each in parameters.parameters()] == [(2,), (3,)]


@pytest.mark.parametrize("name", ["Conv2d", "Linear", "BatchNorm2d", "LayerNorm", "ReLU", "MaxPool2d", "Embedding"])
def test_layers_are_instances_of_megengines_own(name: str) -> None:
    import megengine.module as native

    arguments = {"Conv2d": (3, 4, 3), "Linear": (2, 2), "Embedding": (3, 2), "ReLU": ()}.get(name, (2,))
    made = layer(name, *arguments)
    assert isinstance(made, getattr(native, name))
    assert isinstance(made, get_backend("megengine").module_type)
    assert name in repr(made)


def test_layers_copy_and_pickle_exactly() -> None:
    net = layer("Sequential", layer("Conv2d", 2, 4, 3, padding="same"), layer("BatchNorm2d", 4), layer("GRU", 4, 2))
    for copied in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert keys(copied) == keys(net)
        for (_, left), (_, right) in zip(copied.named_tensors(), net.named_tensors(), strict=True):
            np.testing.assert_array_equal(left.numpy(), right.numpy())
        assert copied[0].padding == "same"


def test_batch_norm_refuses_one_value_per_channel_in_training_only() -> None:
    norm = layer("BatchNorm2d", 3)
    one = tensor(random(1, 3, 1, 1))
    with pytest.raises(InputError, match="more than one value"):
        norm(one)
    assert norm.running_var.numpy().reshape(-1).tolist() == [1, 1, 1]
    assert norm.eval()(one).shape == (1, 3, 1, 1)
    with pytest.raises(InputError, match="takes 4-d inputs"):
        norm(tensor(random(2, 4, 3, 3)))


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("MaxPool2d", (0,), {}),
        ("MaxPool2d", (2,), {"stride": 0}),
        ("MaxPool2d", (2,), {"padding": 2}),
        ("AvgPool2d", (2,), {"divisor_override": 0}),
        ("AdaptiveAvgPool2d", (0,), {}),
        ("AdaptiveMaxPool2d", ((1, 2, 3),), {}),
        ("GroupNorm", (4, 6), {}),
        ("BatchNorm2d", (3,), {"momentum": 2.0}),
        ("Dropout", (1.5,), {}),
        ("Linear", (0, 3), {}),
        ("Embedding", (3, 2), {"padding_idx": 3}),
        ("GELU", ("tan",), {}),
        ("Upsample", (), {}),
        ("Upsample", (), {"scale_factor": 2, "mode": "nearst"}),
        ("ZeroPad2d", ((1, 2),), {}),
        ("CrossEntropyLoss", (), {"reduction": "average"}),
        ("LSTM", (3, 0), {}),
        ("RNN", (3, 2), {"nonlinearity": "gelu"}),
        ("Unfold", (0,), {}),
        ("PixelShuffle", (0,), {}),
    ],
)
def test_bad_values_are_refused_at_construction(name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=name):
        layer(name, *arguments, **options)


def test_what_megengine_cannot_do_is_unsupported_by_name() -> None:
    with pytest.raises(UnsupportedError, match="return_indices"):
        layer("MaxPool2d", 2, return_indices=True)
    with pytest.raises(UnsupportedError, match="max_norm"):
        layer("Embedding", 3, 2, max_norm=1.0)
    with pytest.raises(UnsupportedError, match="padding_mode"):
        layer("ConvTranspose2d", 2, 2, 3, padding_mode="reflect")


def test_dropout_drops_a_share_scales_the_rest_and_rests_in_eval() -> None:
    ones = tensor(np.ones((200, 100), np.float32))
    dropped = layer("Dropout")(ones).numpy()
    assert set(np.unique(dropped)) == {0.0, 2.0}
    assert 0.45 < (dropped == 0).mean() < 0.55
    assert layer("Dropout", 1.0)(ones).numpy().sum() == 0
    assert layer("Dropout").eval()(ones) is ones
    channels = layer("Dropout2d", 0.5)(tensor(np.ones((8, 50, 3, 3), np.float32))).numpy()
    assert (channels == channels[:, :, :1, :1]).all()
    assert set(np.unique(channels)) == {0.0, 2.0}


def test_initialisation_is_skipped_only_inside_the_context() -> None:
    import megengine.module as native

    from polynet_megengine.layers import skip_initialisation, skipped

    with skip_initialisation(), skip_initialisation():
        assert skipped()
        made = [layer("Conv2d", 3, 4, 3), layer("Linear", 3, 4), native.Conv2d(3, 4, 3), native.Linear(3, 4)]
    assert not skipped()
    assert not any(module.weight.numpy().any() for module in made)
    with pytest.raises(ZeroDivisionError), skip_initialisation():
        raise ZeroDivisionError
    assert not skipped()
    assert native.Conv2d(3, 4, 3).weight.numpy().any()
    assert layer("Conv2d", 3, 4, 3).weight.numpy().any()


def test_canonical_shapes_cover_megengines_own_layers() -> None:
    import megengine.module as native

    from polynet_megengine.layers import canonical_shape

    def shapes(module: Any) -> dict[str, tuple[int, ...]]:
        return {name: canonical_shape(module, name, each) for name, each in module.named_tensors(recursive=False)}

    assert shapes(native.Conv2d(4, 8, 3, groups=2)) == {"bias": (8,), "weight": (8, 2, 3, 3)}
    assert shapes(native.Conv3d(4, 8, 3)) == {"bias": (8,), "weight": (8, 4, 3, 3, 3)}
    assert shapes(native.Conv1d(4, 8, 3, groups=4)) == {"bias": (8,), "weight": (8, 1, 3)}
    assert shapes(native.ConvTranspose2d(4, 8, 3, groups=2)) == {"bias": (8,), "weight": (4, 4, 3, 3)}
    assert set(shapes(native.BatchNorm2d(5)).values()) == {(5,)}
    assert shapes(native.Linear(3, 2)) == {"bias": (2,), "weight": (2, 3)}
    assert shapes(native.PReLU(3)) == {"weight": (3,)}
    assert shapes(native.LayerNorm((2, 3))) == {"bias": (2, 3), "weight": (2, 3)}
