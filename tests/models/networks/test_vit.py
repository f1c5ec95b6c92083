"""What ViT has beyond BaseCls's: tokens of no patch, the mean of the patches, factors of the branches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend, use_backend
from polynet.errors import OptionError
from polynet.models.networks.vit import ViT
from polynet.nn import initialise
from polynet.registry import NETWORKS
from tests.compare import assert_close

TOKENS: dict[str, Any] = {"img_size": 32, "patch_size": 8, "embed_dim": 16, "depth": 2, "num_heads": 2}


def images() -> Any:
    return ops.tensor(np.random.standard_normal((2, 3, 32, 32)).astype(np.float32))


def built(**options: Any) -> Any:
    net = ViT(**{**TOKENS, "num_classes": 5, **options})
    initialise(net, seed=0)
    return net.eval()


@pytest.mark.parametrize(
    ("options", "positions", "tokens"),
    [
        ({}, 17, 17),
        ({"reg_tokens": 3}, 20, 20),
        ({"reg_tokens": 3, "no_embed_class": True}, 16, 20),
        ({"class_token": False, "global_pool": "avg"}, 16, 16),
        ({"distilled": True, "no_embed_class": True}, 16, 18),
    ],
)
def test_positions_are_of_the_tokens_that_have_them(
    backend: Backend, options: dict[str, Any], positions: int, tokens: int
) -> None:
    net = built(**options)
    assert tuple(net.pos_embed.shape) == (1, positions, 16)
    assert tuple(net.forward_features(images()).shape) == (2, tokens, 16)
    assert tuple(net.forward_stages(images())[-1].shape) == (2, 16, 4, 4)
    assert tuple(net(images()).shape) == (2, 5)


def test_the_mean_is_that_of_the_patches_alone(backend: Backend) -> None:
    net = built(global_pool="avg", fc_norm=False, reg_tokens=1)
    x = images()
    assert net.fc_norm is None
    assert_close(net.forward_head(net.forward_features(x), True), ops.mean(net.forward_features(x)[:, 2:], 1), 1e-6)


def test_the_mean_is_normalised_instead_of_the_tokens_by_default(backend: Backend) -> None:
    net = built(global_pool="avg")
    assert net.norm is None
    assert net.fc_norm is not None
    vectors = ops.to_numpy(net.forward_head(net.forward_features(images()), True))
    assert np.abs(vectors.mean(1)).max() < 1e-5


def test_factors_that_are_zero_leave_the_tokens_as_they_are(backend: Backend) -> None:
    net = built(init_values=0.0)
    x = images()
    assert_close(net.blocks(net.forward_stem(x)), net.forward_stem(x), 0)


def test_a_normalisation_before_the_blocks_takes_the_bias_away(backend: Backend) -> None:
    net = built(pre_norm=True)
    assert net.patch_embed.proj.bias is None
    stem = ops.to_numpy(net.forward_stem(images()))
    assert np.abs(stem.mean(-1)).max() < 1e-5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"global_pool": "mean"}, "global_pool is 'token' or 'avg'"),
        ({"class_token": False}, "without class_token"),
        ({"class_token": False, "global_pool": "avg", "distilled": True}, "without class_token"),
        ({"distilled": True, "global_pool": "avg"}, "two heads"),
        ({"distilled": True, "reg_tokens": 1}, "two heads"),
        ({"reg_tokens": -1}, "reg_tokens must be a whole number"),
        ({"depth": 0}, "depth must be a whole number"),
    ],
)
def test_options_that_do_not_fit_are_refused(backend: Backend, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        ViT(**{**TOKENS, **options})


@pytest.mark.parametrize(
    ("name", "eps"),
    [("vit_tiny_patch16_224", 1e-5), ("deit_tiny_patch16_224", 1e-6), ("deit3_small_patch16_224", 1e-6)],
)
def test_eps_is_that_of_the_library_a_name_is_from(name: str, eps: float) -> None:
    with use_backend("shapes"):
        assert NETWORKS.get(name)().norm.eps == eps
