"""BaseCls: networks with a `head` among their arguments, registered in `registers.models`.

Everything is here by its own name, and under the path at which BaseCls has it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from polynet.dialects.layout import lay_out
from polynet.models.heads.build import build_head
from polynet.registry import registers
from polynet.types import NativeModule

__all__ = ["build_head", "build_model", "load_model", "registers", "train"]


def build_model(cfg: Any) -> NativeModule:
    """Build the network of a config on the active backend, as `polynet.build`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = build_model({"num_classes": 10, "model": {"name": "resnet18"}})
        >>> net.head.fc.out_features
        10
    """
    import polynet

    return polynet.build(cfg)


def load_model(
    model: NativeModule, weights: str | os.PathLike[str] | Mapping[str, Any], strict: bool = True
) -> NativeModule:
    """Load weights into a network, and return it.

    Args:
        model: The network.
        weights: A checkpoint file, whose weights may lie under `model` or `state_dict`, or a mapping of arrays.
        strict: Whether anything missing, unexpected or of another shape is an error.

    Raises:
        WeightsError: With `strict`, anything does not match; nothing was changed.
        CheckpointError: The file is missing, damaged, unsafe or of an unknown format; nothing was changed.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = polynet.nn.Linear(1, 1)
        >>> load_model(layer, {"weight": np.ones((1, 1)), "bias": np.zeros(1)}).weight.item()
        1.0
    """
    import polynet

    source = (
        next((weights[key] for key in ("state_dict", "model") if key in weights), weights)
        if isinstance(weights, Mapping)
        else weights
    )
    polynet.load_state(model, source, layout="auto", strict=strict)
    return model


def train(cfg: Any, **options: Any) -> Any:
    """Train as a config says, to the end, as BaseCls's `cls_train`.

    Args:
        cfg: The config, or the path of its file.
        **options: Those of `polynet.train.engine_from`: `backend`, `device`, `work_dir`, `resume`, `load_from`.

    Returns:
        The engine, its model trained and its `message` and `best` the latest and best figures.

    Raises:
        PolyNetError: The config, or what it trains with, is not as it has to be.

    Example:
        >>> config = {
        ...     "model": {"name": "ResNet", "depths": [1], "widths": [4], "strides": [2], "head": {"name": "ClsHead"}},
        ...     "num_classes": 2,
        ...     "batch_size": 2,
        ...     "preprocess": {"img_size": 8},
        ...     "data": {"name": "FakeData", "size": 2, "num_workers": 0},
        ...     "solver": {"max_epoch": 1, "warmup_epochs": 0},
        ... }
        >>> train(config, backend="torch", device="cpu").iter
        1
    """
    from polynet.config import Config
    from polynet.train.basecls import engine_from_basecls

    engine = engine_from_basecls(Config.fromfile(cfg) if isinstance(cfg, (str, os.PathLike)) else cfg, **options)
    engine.train()
    return engine


lay_out(
    __name__,
    {
        "layers": ("build_head",),
        "models": ("build_model", "load_model"),
        "utils": ("registers",),
        "utils.registry": ("registers",),
    },
)
