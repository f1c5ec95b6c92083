"""`polynet.build`: names, configs, classes; seeds; devices; weights; errors."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, active_backend
from polynet.errors import (
    BackendUnavailableError,
    ConfigError,
    ConfigTypeError,
    DeviceError,
    OptionError,
    PolyNetError,
    UnknownNameError,
    WeightsError,
)
from polynet.nn.module import specialise
from tests.compare import assert_close

SMALL = {"name": "ResNet", "depths": (1, 1), "widths": (8, 16), "strides": (1, 2), "stem_w": 8}


class Tiny(nn.Module):
    """A network of a linear layer and a parameter of its own."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.first = nn.Linear(3, width)
        self.scale = nn.Parameter(np.full((width,), 2.0, np.float32))

    def forward(self, x: Any) -> Any:
        return self.first(x) * self.scale


def test_a_built_network_is_an_instance_of_the_frameworks_module(backend: Backend) -> None:
    net = polynet.build(Tiny, backend=backend.name)
    assert isinstance(net, backend.native_module_type)
    assert isinstance(net, Tiny)
    assert type(net) is specialise(Tiny, backend)


@pytest.mark.parametrize(
    "config",
    [
        "resnet18",
        {"name": "resnet18"},
        {"type": "resnet18"},
        {"NAME": "resnet18"},
        {"model": {"name": "resnet18"}, "num_classes": 1000},
    ],
)
def test_every_spelling_of_a_config_builds_the_same_network(backend: Backend, config: Any) -> None:
    net = polynet.build(config, backend=backend.name, seed=3)
    assert type(net).__name__ == "ResNet"
    assert net.num_classes == 1000


def test_options_are_merged_over_the_config(backend: Backend) -> None:
    net = polynet.build({**SMALL, "head": {"dropout_prob": 0.5}}, backend=backend.name, num_classes=7)
    assert net.num_classes == 7
    assert isinstance(net.head.dropout, nn.Dropout)


def test_building_leaves_the_callers_config_alone(backend: Backend) -> None:
    config = {"num_classes": 5, "model": {**SMALL, "head": {"name": "ClsHead"}}}
    before = copy.deepcopy(config)
    polynet.build(config, backend=backend.name)
    assert config == before


def test_a_seed_gives_the_same_weights_on_every_framework(both: tuple[Backend, Backend]) -> None:
    first, second = (polynet.state(polynet.build(SMALL, backend=each.name, seed=11)) for each in both)
    assert list(first) == list(second)
    for name, array in first.items():
        assert array.dtype == second[name].dtype
        np.testing.assert_array_equal(array, second[name], err_msg=name)


def test_two_seeds_give_two_networks_and_one_seed_gives_one(backend: Backend) -> None:
    one, same, other = (polynet.state(polynet.build(SMALL, backend=backend.name, seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one["head.fc.weight"], same["head.fc.weight"])
    assert not np.array_equal(one["head.fc.weight"], other["head.fc.weight"])


def test_without_a_seed_every_build_differs(backend: Backend) -> None:
    one, other = (polynet.state(polynet.build(SMALL, backend=backend.name)) for _ in range(2))
    assert not np.array_equal(one["head.fc.weight"], other["head.fc.weight"])


@pytest.mark.parametrize("seed", ["a", -1, 1.5, True, [1]], ids=repr)
def test_a_seed_that_is_none_is_refused(backend: Backend, seed: Any) -> None:
    with pytest.raises(OptionError, match=r"seed must be a whole number of at least 0.*not "):
        polynet.build("resnet18", backend=backend.name, seed=seed)


def test_a_parameter_of_no_layer_keeps_its_constructors_value(backend: Backend) -> None:
    net = polynet.build(Tiny, backend=backend.name, seed=0)
    np.testing.assert_array_equal(polynet.state(net)["scale"], np.full(4, 2.0, np.float32))


def test_weights_are_loaded_instead_of_drawn(backend: Backend) -> None:
    donor = polynet.build(SMALL, backend=backend.name, seed=0)
    net = polynet.build(SMALL, backend=backend.name, weights=polynet.state(donor))
    for name, array in polynet.state(donor).items():
        np.testing.assert_array_equal(polynet.state(net)[name], array)


def test_weights_that_do_not_fit_are_refused(backend: Backend) -> None:
    donor = polynet.state(polynet.build(SMALL, backend=backend.name))
    with pytest.raises(WeightsError, match=r"head\.fc\.weight"):
        polynet.build(SMALL, backend=backend.name, num_classes=3, weights=donor, layout="polynet")


def test_a_checkpoint_file_crosses_frameworks(both: tuple[Backend, Backend], tmp_path: Any) -> None:
    donor = polynet.build(SMALL, backend="torch", seed=5)
    path = tmp_path / "small.safetensors"
    polynet.save(donor, path)
    net = polynet.build(SMALL, backend="megengine", weights=path)
    image = np.random.default_rng(0).standard_normal((2, 3, 32, 32), dtype=np.float32)
    donor.eval()
    net.eval()
    outputs = [each.numpy(n(each.tensor(image))) for each, n in zip(both, (donor, net), strict=True)]
    assert_close(outputs[1], outputs[0])


def test_a_registered_network_remembers_its_config(backend: Backend) -> None:
    assert polynet.build("resnet18", backend=backend.name, num_classes=3).config == {
        "name": "resnet18",
        "num_classes": 3,
    }


def test_the_active_backend_is_the_default(backend: Backend) -> None:
    assert polynet.backend_of(polynet.build(Tiny)) is backend
    assert active_backend() is backend


@pytest.mark.parametrize("device", ["cpu", "auto", {"": "cpu", "head": "cpu"}])
def test_devices_are_accepted_by_name_and_by_part(backend: Backend, device: Any) -> None:
    net = polynet.build(SMALL, backend=backend.name, device=device)
    assert backend.device_of(net).startswith(("cpu", "cuda"))


def test_a_config_may_name_its_device(backend: Backend) -> None:
    net = polynet.build({"model": SMALL, "device": "cpu", "num_classes": 4}, backend=backend.name)
    assert backend.device_of(net) == "cpu"


def test_a_head_on_another_device_is_given_its_input_there() -> None:
    if "megengine" not in polynet.installed_backends():
        pytest.skip("MegEngine alone has several devices without a GPU: cpu1 is one")
    net = polynet.build(SMALL, backend="megengine", device={"": "cpu0", "head": "cpu1"}, seed=0)
    net.eval()
    with polynet.use_backend("megengine"):
        output = net(ops.tensor(np.ones((1, 3, 32, 32), np.float32), device="cpu0"))
    assert str(output.device).startswith("cpu1")
    same = polynet.build(SMALL, backend="megengine", seed=0)
    same.eval()
    with polynet.use_backend("megengine"):
        assert_close(output, same(ops.tensor(np.ones((1, 3, 32, 32), np.float32))))
    assert copy.deepcopy(net.head)._polynet_device == "cpu1"


@pytest.mark.parametrize(
    ("device", "error"),
    [("cpuu", DeviceError), ("cuda:77", DeviceError), (3, ConfigTypeError), ({"head": 1}, ConfigTypeError)],
)
def test_a_device_that_cannot_be_met_is_an_error_before_building(
    backend: Backend, device: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        polynet.build(SMALL, backend=backend.name, device=device)


def test_a_device_error_names_what_there_is(backend: Backend) -> None:
    with pytest.raises(DeviceError, match=r"Present.*: cpu"):
        polynet.build(SMALL, backend=backend.name, device="cuda:77")


@pytest.mark.parametrize(
    ("device", "says"),
    [
        ("gpu", "calls it 'cuda' on every"),
        ("GPU:1", "calls it 'cuda:1'"),
        ("cpuu", r"Did you mean 'cpu'\?"),
        ({"head": "autoo"}, "Did you mean 'auto'"),
    ],
)
def test_a_misspelt_device_is_answered_with_what_was_meant(backend: Backend, device: Any, says: str) -> None:
    with pytest.raises(DeviceError, match=says):
        polynet.build(SMALL, backend=backend.name, device=device)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (("resnt18",), UnknownNameError, "resnet18"),
        (({"name": "resnet18", "depht": 3},), OptionError, "depths"),
        (({"model": {}},), ConfigError, "Model name is missing"),
        ((3,), ConfigTypeError, "int"),
        ((None,), ConfigTypeError, "None"),
        (({"name": "resnet18", "head": {"name": "ClsHed"}},), PolyNetError, "ClsHead"),
        (({"name": "resnet18", "num_classes": -1},), ConfigError, "num_classes"),
        (({"name": "resnet18", "in_channels": 0},), OptionError, "in_channels"),
    ],
)
def test_a_wrong_config_says_what_is_wrong(
    backend: Backend, arguments: tuple[Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        polynet.build(*arguments, backend=backend.name)


def test_an_unknown_backend_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(BackendUnavailableError, match="Did you mean 'torch'"):
        polynet.build("resnet18", backend="torhc")


@pytest.mark.parametrize(("short", "meant"), [("mge", "megengine"), ("MegE", "megengine"), ("pytorch", "torch")])
def test_an_abbreviated_backend_is_recognised(short: str, meant: str) -> None:
    with pytest.raises(BackendUnavailableError, match=f"Did you mean '{meant}'"):
        polynet.build("resnet18", backend=short)


def test_a_native_class_builds_on_its_own_backend_alone(both: tuple[Backend, Backend]) -> None:
    import torch

    net = polynet.build(torch.nn.Identity)
    assert type(net) is torch.nn.Identity
    with pytest.raises(BackendUnavailableError, match="written for backend 'torch'"):
        polynet.build(torch.nn.Identity, backend="megengine")


def test_a_native_class_keeps_its_own_initialisation_unless_seeded() -> None:
    torch = pytest.importorskip("torch")

    class Native(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = torch.nn.Linear(2, 2)
            torch.nn.init.constant_(self.fc.weight, 3.0)

    assert polynet.build(Native).fc.weight.tolist() == [[3.0, 3.0], [3.0, 3.0]]
    first, second = (polynet.build(Native, seed=1).fc.weight.tolist() for _ in range(2))
    assert first == second != [[3.0, 3.0], [3.0, 3.0]]


def test_random_values_of_no_known_layer_are_drawn_after_all() -> None:
    torch = pytest.importorskip("torch")

    class Bilinear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mix = torch.nn.Bilinear(4, 4, 4)

        def forward(self, x: Any) -> Any:
            return self.mix(x, x)

    weight = polynet.build(Bilinear, backend="torch", seed=0).mix.weight
    assert weight.abs().max() <= 0.5
    assert len(set(weight.flatten().tolist())) > 32


def test_a_device_for_a_part_that_is_not_there_is_an_error_with_the_nearest_name(backend: Backend) -> None:
    with pytest.raises(DeviceError, match="Did you mean 'head'"):
        polynet.build(SMALL, backend=backend.name, device={"": "cpu", "haed": "cpu"})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("swin_tiny_patch4_window7_224", {"num_heads": 5}),
        ("effnet_b0", {"depths": 0}),
        ("resnet18", {"depths": -1}),
        ("hrnet_w18", {"stage_channels": 0}),
        ("vgg11", {"widths": 0}),
        ("mixer_s32_224", {"mlp_ratio": "x"}),
        ("eva02_tiny_patch14_224", {"num_heads": 0}),
        ("resnest14d", {"group_ws": 0}),
        ("repvgg_a0", {"width_multiplier": 1.5}),
        ("vit_tiny_patch16_224", {"drop_path_rate": None}),
        ("beit_base_patch16_224", {"embed_dim": -1}),
    ],
)
def test_options_that_a_network_cannot_work_with_are_refused_with_their_values(
    name: str, options: dict[str, Any]
) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        polynet.build(name, backend="shapes", **options)


def test_errors_of_a_network_of_ones_own_stay_what_they_are(backend: Backend) -> None:
    class Mine(nn.Module):
        def __init__(self, width: int = 4) -> None:
            super().__init__()
            raise ZeroDivisionError(width)

    with pytest.raises(ZeroDivisionError):
        polynet.build(Mine, backend=backend, width=3)


def test_an_activation_that_there_is_not_is_refused_also_where_it_is_not_used() -> None:
    with pytest.raises(UnknownNameError, match="nonsense"):
        polynet.build("eva02_tiny_patch14_224", backend="shapes", act_name="nonsense")
