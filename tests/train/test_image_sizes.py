"""Sizes of images that the network of a config cannot work on, said before anything is built further or written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from polynet.backend import Backend
from polynet.errors import ConfigError
from polynet.train.basecls import engine_from_basecls
from polynet.train.faces import engine_from

VIT = {"name": "ViT", "img_size": 32, "patch_size": 16, "embed_dim": 8, "depth": 1, "num_heads": 2}


def config(train: Any = 32, test: Any = 32, **data: Any) -> dict[str, Any]:
    return {
        "model": VIT,
        "num_classes": 10,
        "preprocess": {"img_size": train, "img_mean": (0.3,) * 3, "img_std": (0.3,) * 3},
        "test": {"img_size": test},
        "data": {"name": "FolderLoader", "train_path": "missing", "val_path": "missing", **data},
        "solver": {"max_epoch": 1, "basic_lr": 0.1},
    }


@pytest.mark.parametrize(
    ("train", "test", "said"),
    [
        (
            48,
            32,
            r"ss\.img_size=48: ViT takes images of 32 alone\. .*=32, or model\.img_size=48 and test\.img_size=48",
        ),
        (32, [32, 48], r"test\.img_size=\[32,48\]: .* Write test\.img_size=32, or model.img_size=\[32,48\] and prep"),
        (48, 48, r"Write preprocess\.img_size=32 and test\.img_size=32, or model\.img_size=48 for a network"),
        (48, 64, r"Write preprocess\.img_size=32 and test\.img_size=32\.$"),
    ],
)
def test_a_network_of_one_size_says_which_field_to_change(backend: Backend, train: Any, test: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        engine_from_basecls(config(train, test))


def test_a_size_below_the_least_is_said(backend: Backend) -> None:
    given = {**config(8), "model": {"name": "densenet121"}}
    with pytest.raises(ConfigError, match=r"preprocess\.img_size=8: DenseNet takes images of at least 29 pixels"):
        engine_from_basecls(given)


def test_the_size_of_tests_counts_only_where_there_are_tests_of_that_size(backend: Backend, tmp_path: Path) -> None:
    made_up = {**config(32, 224), "data": {"name": "FakeData", "size": 4}, "batch_size": 2}
    assert len(engine_from_basecls(made_up).val_dataloader.dataset) == 4
    with pytest.raises(ConfigError, match="preprocess"):
        engine_from_basecls({**made_up, "preprocess": {"img_size": 224}})


def test_a_checkpoint_that_is_not_there_is_said_before_anything_is_built(backend: Backend) -> None:
    for begin in ({"resume": "missing.safetensors"}, {"load_from": "missing.safetensors"}):
        with pytest.raises(FileNotFoundError, match=r"There is no checkpoint missing\.safetensors"):
            engine_from({"model": {"name": "none"}, "solver": {}}, **begin)
