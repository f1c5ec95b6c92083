"""Networks with parallel branches, and the smaller ones they are deployed as."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet.backend import Backend, use_backend
from polynet.config import Config
from polynet.errors import OptionError, UnknownNameError, WeightsError
from polynet.models.networks.mobileone import MobileOne
from polynet.models.networks.replknet import RepLKNet
from polynet.models.networks.repvgg import RepVGG
from polynet.registry import NETWORKS
from polynet.weights import load_state, state, to_layout
from polynet.weights.reparameterise import FUSIONS, reparameterised
from tests.compare import assert_close
from tests.zoo.reference import drawn

_PLAIN: dict[str, Any] = {"num_blocks": (1, 2, 1, 1), "width_multiplier": (0.125, 0.125, 0.0625, 0.03125)}
_SEPARABLE: dict[str, Any] = {"depths": (1, 2, 1, 1), "width_multiplier": (0.125, 0.125, 0.0625, 0.03125)}
_LARGE: dict[str, Any] = {"depths": (1, 1), "widths": (8, 16), "kernels": (9, 7)}

BRANCHED: dict[str, tuple[Any, dict[str, Any]]] = {
    "repvgg": (RepVGG, _PLAIN),
    "repvgg, grouped, SE": (RepVGG, {**_PLAIN, "groups": (1, (1, 2), 2, 1), "se_r": 0.25}),
    "repvgg, drop path": (RepVGG, {**_PLAIN, "drop_path_prob": 0.5}),
    "mobileone": (MobileOne, {**_SEPARABLE, "num_conv_branches": 3, "se_blocks": (0, 1, 0, 0)}),
    "replknet": (RepLKNet, {**_LARGE, "small_kernel": 3}),
    "replknet, large kernels alone": (RepLKNet, {**_LARGE, "small_kernel": None, "dw_ratio": 1.5}),
}
CLASSES = 5

each = pytest.mark.parametrize("which", BRANCHED)


def trained(which: str, **options: Any) -> Any:
    """A network whose every tensor, running statistics too, is drawn from its name; in training mode."""
    network, row = BRANCHED[which]
    net = network(**{**row, "num_classes": CLASSES, **options})
    load_state(net, {name: drawn(name, array.shape) for name, array in state(net).items()})
    return net


def images() -> Any:
    return np.random.RandomState(3).standard_normal((2, 3, 32, 32)).astype(np.float32)


def shapes_of(net: Any) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in state(net).items()}


@each
def test_a_deployed_network_is_smaller_and_computes_the_same(which: str, backend: Backend) -> None:
    net = trained(which)
    deployed = net.to_deploy()
    assert not deployed.training
    assert (net.deploy, deployed.deploy) == (False, True)
    backend.set_training(net, False)
    x = backend.tensor(images())
    assert_close(deployed(x), backend.numpy(net(x)), 1e-5, what=which)
    assert sum(array.size for array in state(deployed).values()) < sum(array.size for array in state(net).values())


@each
def test_a_deployed_network_is_what_deploy_builds_and_loads_into_it(which: str, backend: Backend) -> None:
    network, row = BRANCHED[which]
    deployed = trained(which).to_deploy()
    built = network(**row, num_classes=CLASSES, deploy=True)
    assert shapes_of(deployed) == shapes_of(built)
    assert load_state(built, state(deployed)).ok
    backend.set_training(built, False)
    x = backend.tensor(images())
    assert_close(built(x), backend.numpy(deployed(x)), 1e-6, what=which)


@each
def test_deploying_leaves_the_network_as_it_is(which: str, backend: Backend) -> None:
    net = trained(which)
    before = state(net)
    net.to_deploy()
    after = state(net)
    assert net.training
    assert list(after) == list(before)
    assert all(np.array_equal(after[name], before[name]) for name in before)


def test_a_deployed_network_can_be_deployed_and_trained_again(backend: Backend) -> None:
    deployed = trained("repvgg").to_deploy()
    again = deployed.to_deploy()
    assert again is not deployed
    assert all(np.array_equal(array, state(deployed)[name]) for name, array in state(again).items())
    names = [name for name, slot in backend.slots(again).items() if slot.kind == "parameter"]
    assert "stage1.0.rbr_reparam.bias" in names


@each
def test_weights_are_converted_without_a_framework(which: str, backend: Backend) -> None:
    net = trained(which)
    converted = reparameterised(state(net), net.family)
    deployed = state(net.to_deploy())
    assert set(converted) == set(deployed)
    for name, array in converted.items():
        assert array.dtype == deployed[name].dtype
        assert np.array_equal(array, deployed[name]), name


def test_megengines_own_shapes_are_converted_too(backend: Backend) -> None:
    net = trained("repvgg, grouped, SE")
    native = to_layout(state(net), "basecls", "repvgg")
    assert native["stage3.0.rbr_dense.conv.weight"].ndim == 5
    assert native["stage2.1.rbr_1x1.conv.weight"].ndim == 5
    assert native["stage2.0.rbr_1x1.conv.weight"].ndim == 4
    expected = reparameterised(state(net), "repvgg")
    converted = reparameterised(native, "repvgg")
    name = "stage3.0.rbr_reparam.weight"
    assert np.array_equal(converted[name], expected[name])
    assert load_state(trained("repvgg, grouped, SE", deploy=True), converted).ok


def test_each_normalisations_own_epsilon_counts(backend: Backend) -> None:
    def norm(width: int) -> Any:
        return polynet.nn.BatchNorm2d(width, eps=0.5)

    net = trained("repvgg", norm_name=norm)
    deployed = net.to_deploy()
    backend.set_training(net, False)
    x = backend.tensor(images())
    assert_close(deployed(x), backend.numpy(net(x)), 1e-5, what="eps=0.5")


@pytest.mark.parametrize("norm_name", ["GN", "LN", "IN", None])
def test_other_normalisations_train_and_cannot_be_merged(norm_name: str | None, backend: Backend) -> None:
    net = RepVGG(**_PLAIN, norm_name=norm_name, num_classes=CLASSES)
    x = np.ones((2, 3, 64, 64), np.float32)
    assert tuple(net(backend.tensor(x)).shape) == (2, CLASSES)
    with pytest.raises(OptionError, match=r"RepVGG cannot be deployed: .*Only batch normalisation"):
        net.to_deploy()


def test_a_network_built_from_a_config_notes_that_it_is_deployed(backend: Backend) -> None:
    net = polynet.build({"name": "RepVGG", **_PLAIN, "num_classes": CLASSES}, backend=backend.name, seed=0)
    deployed = net.to_deploy()
    assert isinstance(deployed.config, Config)
    assert deployed.config.deploy is True
    assert "deploy" not in net.config
    rebuilt = polynet.build(deployed.config, backend=backend.name, weights=state(deployed))
    assert shapes_of(rebuilt) == shapes_of(deployed)


@pytest.mark.parametrize(
    ("name", "trained_parameters", "deployed_parameters"),
    [
        ("repvgg_a0", 9_108_968, 8_309_384),
        ("mobileone_s0", 5_293_272, 2_078_504),
        ("replknet_31b", 79_864_168, 79_527_272),
    ],
)
def test_variants_shrink(name: str, trained_parameters: int, deployed_parameters: int) -> None:
    with use_backend("shapes") as shapes:

        def count(net: Any) -> int:
            slots = shapes.slots(net).values()
            return sum(int(np.prod(slot.shape)) for slot in slots if slot.kind == "parameter")

        net = NETWORKS.get(name)()
        assert count(net) == trained_parameters
        assert count(NETWORKS.get(name)(deploy=True)) == deployed_parameters
        assert count(net.to_deploy()) == deployed_parameters


@pytest.mark.parametrize(("name", "network"), [("repvgg_a0", "repvgg"), ("mobileone_s0", "mobileone")])
def test_what_timm_merges_is_ours(name: str, network: str) -> None:
    torch = pytest.importorskip("torch")
    timm = pytest.importorskip("timm")
    theirs = timm.create_model(name, num_classes=CLASSES).eval()
    filled = {key: drawn(key, tuple(t.shape)) for key, t in theirs.state_dict().items() if t.is_floating_point()}
    theirs.load_state_dict({key: torch.from_numpy(array) for key, array in filled.items()}, strict=False)
    ours = polynet.build(name, backend="torch", num_classes=CLASSES, weights=filled, layout="timm").to_deploy()
    merged = {key: t.numpy() for key, t in timm.utils.reparameterize_model(theirs).state_dict().items()}
    spelt = to_layout(state(ours), "timm", network)
    assert set(spelt) == set(merged)
    for key, array in merged.items():
        assert_close(spelt[key], array, 1e-5, what=key)
    assert load_state(ours, merged, layout="auto").ok


def test_a_state_that_lacks_a_tensor_is_refused_by_its_name(backend: Backend) -> None:
    given = state(trained("repvgg"))
    del given["stage2.1.rbr_1x1.bn.running_var"]
    with pytest.raises(WeightsError, match=r"stage2\.1\.rbr_1x1\.bn\.running_var is missing"):
        reparameterised(given, "repvgg")
    del given["stage1.0.rbr_dense.conv.weight"]
    with pytest.raises(WeightsError, match=r"stage1\.0\.rbr_dense\.conv\.weight is missing"):
        reparameterised(given, "repvgg")


def test_a_family_without_branches_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=f"'resnet' have no parallel branches to fold; {', '.join(FUSIONS)}"):
        reparameterised({}, "resnet")


def test_a_small_kernel_larger_than_the_large_one_is_refused(backend: Backend) -> None:
    with pytest.raises(OptionError, match="small_kernel=9 cannot be merged into a kernel of 7"):
        RepLKNet(**_LARGE, small_kernel=9)


def test_a_network_needs_a_convolution_in_each_block(backend: Backend) -> None:
    with pytest.raises(OptionError, match="num_conv_branches must be a whole number of at least 1, not 0"):
        MobileOne(**_SEPARABLE, num_conv_branches=0)
