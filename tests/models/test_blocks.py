"""Shared parts: normalisations, activations, convolutions, residual blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend
from polynet.errors import OptionError, UnknownNameError
from polynet.models.blocks.activation import ACTIVATIONS, activation
from polynet.models.blocks.convolution import conv2d
from polynet.models.blocks.normalisation import NORMALISATIONS, LayerNorm2d, norm2d, token_norm
from polynet.models.blocks.residual import ResBasicBlock, ResBottleneckBlock
from polynet.models.blocks.squeeze_excitation import SE
from polynet.models.blocks.stem import ResDeepStem, ResStem, SimpleStem
from polynet.models.blocks.width import make_divisible
from tests.compare import assert_close


def maps(channels: int = 8, side: int = 5) -> np.ndarray[Any, Any]:
    return np.random.standard_normal((2, channels, side, side)).astype(np.float32)


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_normalisations_by_name_work_on_maps(backend: Backend, name: str) -> None:
    norm = norm2d(name, 8).train()
    output = backend.numpy(norm(ops.tensor(maps() * 3 + 1)))
    axes = {"BN": (0, 2, 3), "SyncBN": (0, 2, 3), "IN": (2, 3), "GN": (2, 3), "LN": (1,)}[name]
    assert output.shape == (2, 8, 5, 5)
    assert np.abs(output.mean(axes)).max() < 1e-5
    assert np.abs(output.std(axes) - 1).max() < 1e-2


@pytest.mark.parametrize(("channels", "groups"), [(64, 32), (32, 32), (16, 16), (48, 16), (7, 1)])
def test_group_normalisation_has_as_many_groups_as_fit(backend: Backend, channels: int, groups: int) -> None:
    assert norm2d("GN", channels).num_groups == groups


def test_layer_normalisation_of_maps_is_that_of_their_positions(backend: Backend) -> None:
    x = maps()
    expected = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    assert_close(LayerNorm2d(8)(ops.tensor(x)), expected, 1e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_by_name_work(backend: Backend, name: str) -> None:
    assert tuple(activation(name)(ops.tensor(maps())).shape) == (2, 8, 5, 5)


def test_parts_may_be_given_instead_of_named(backend: Backend) -> None:
    assert isinstance(activation(nn.Tanh), nn.Tanh)
    assert isinstance(norm2d(lambda channels: nn.GroupNorm(2, channels), 8), nn.GroupNorm)
    assert isinstance(activation(None), nn.Identity)
    assert isinstance(norm2d(None, 8), nn.Identity)
    assert activation("leaky_relu", negative_slope=0.3).negative_slope == pytest.approx(0.3)
    assert token_norm("LN", 8, eps=1e-3).eps == pytest.approx(1e-3)


def test_unknown_parts_are_refused(backend: Backend) -> None:
    with pytest.raises(UnknownNameError, match=r"no activation 'rellu'.*Did you mean 'relu'"):
        activation("rellu")
    with pytest.raises(UnknownNameError, match="no normalisation 'BM'"):
        norm2d("BM", 8)
    with pytest.raises(OptionError, match="a name or a class is needed, not 3"):
        activation(3)  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("dilation", [1, 2])
def test_convolutions_keep_the_size(backend: Backend, kernel: int, dilation: int) -> None:
    layer = conv2d(8, 4, kernel, dilation=dilation)
    assert tuple(layer(ops.tensor(maps(side=9))).shape) == (2, 4, 9, 9)
    assert layer.bias is None


def test_an_even_kernel_is_refused(backend: Backend) -> None:
    with pytest.raises(OptionError, match="must be odd"):
        conv2d(8, 4, 2)


def test_squeeze_and_excitation_scales_channels(backend: Backend) -> None:
    x = maps()
    output = backend.numpy(SE(8, 4)(ops.tensor(x)))
    scale = output / x
    assert np.ptp(scale, axis=(2, 3)).max() < 1e-5
    assert ((scale > 0) & (scale < 1)).all()


@pytest.mark.parametrize(("stem", "side"), [(ResStem, 4), (ResDeepStem, 4), (SimpleStem, 8)])
def test_stems_shrink_by_the_stride_they_tell(backend: Backend, stem: Any, side: int) -> None:
    made = stem(3, 8)
    assert tuple(made(ops.tensor(maps(3, 16))).shape) == (2, 8, side, side)
    assert made.stride == 16 // side


@pytest.mark.parametrize("block", [ResBasicBlock, ResBottleneckBlock])
@pytest.mark.parametrize("avg_down", [False, True])
@pytest.mark.parametrize("side", [1, 5, 6])
def test_shortcuts_fit_maps_of_any_size(backend: Backend, block: Any, avg_down: bool, side: int) -> None:
    made = block(8, 16, stride=2, bot_mul=0.5, avg_down=avg_down).eval()
    half = (side + 1) // 2
    assert tuple(made(ops.tensor(maps(side=side))).shape) == (2, 16, half, half)


def test_a_dropped_branch_leaves_the_shortcut(backend: Backend) -> None:
    block = ResBasicBlock(8, 8, stride=1, drop_path_prob=1.0, act_name=None).train()
    x = maps()
    assert_close(block(ops.tensor(x)), x, 0)


def test_groups_that_do_not_divide_are_refused(backend: Backend) -> None:
    with pytest.raises(OptionError, match="8 channels cannot be divided into groups of 3"):
        ResBottleneckBlock(8, 32, 1, bot_mul=0.25, group_w=3)
    with pytest.raises(OptionError, match="no grouped convolution"):
        ResBasicBlock(8, 8, 1, group_w=4)


@pytest.mark.parametrize(
    ("value", "options", "expected"),
    [(32, {}, 32), (33, {}, 32), (36, {}, 40), (3, {}, 8), (11, {"round_limit": 0.9}, 16), (3, {"min_value": 16}, 16)],
)
def test_make_divisible(value: float, options: dict[str, Any], expected: int) -> None:
    assert make_divisible(value, **options) == expected


class Squashed(nn.Module):
    """A normalisation whose gradient needs what it gave."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Any) -> Any:
        return ops.sigmoid(self.norm(x))


@pytest.mark.parametrize("name", ["resnet18", "regnetx_002", "repvgg_a0", "densenet121", "mbnetv2_x035"])
def test_what_a_normalisation_of_ones_own_gives_is_not_overwritten(backend: Backend, name: str) -> None:
    net = polynet.build(name, backend=backend, norm_name=Squashed, num_classes=3, seed=0)
    optimizer = backend.optimizer("sgd", net, lr=0.1)
    before = polynet.state(net)
    optimizer.step(lambda: ops.sum(net(ops.ones((2, 3, 32, 32)))))
    assert any(not np.array_equal(array, before[key]) for key, array in polynet.state(net).items())
