"""BaseCls's `DefaultHooks`, with what its `bn`, `model_ema` and `*_every_n_*` fields ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from polynet.train.hook import Hook
from polynet.train.registry import HOOKS
from polynet.train.runner_parts import custom_hooks_of


def hooks_of(fields: Mapping[str, Any], has_folder: bool) -> Iterator[Hook]:
    """The hooks of a run.

    Args:
        fields: The whole config, its defaults filled in.
        has_folder: Whether there is a folder to write into.
    """
    for name in ("RuntimeInfoHook", "IterTimerHook", "DistSamplerSeedHook", "NonFiniteLossHook", "ParamSchedulerHook"):
        yield HOOKS.build(name)
    yield HOOKS.build({"type": "LoggerHook", "interval": fields["log_every_n_iter"]})
    yield HOOKS.build("ProgressHook")
    yield from _averaging(fields)
    yield from custom_hooks_of(fields.get("custom_hooks"))
    if has_folder:
        yield HOOKS.build({"type": "JsonLinesHook", "interval": fields["log_every_n_iter"]})
        yield HOOKS.build("CurvesHook")
        if _has_tensorboard():
            yield HOOKS.build({"type": "TensorBoardHook", "interval": fields["tb_every_n_iter"]})
        # BaseCls writes the latest after each epoch, over the one before, and another file every few epochs.
        kept = {"max_keep_ckpts": 2, "keep_every": fields["save_every_n_epoch"]}
        yield HOOKS.build({"type": "CheckpointHook", "interval": 1, "save_best": "auto", **kept})


def _averaging(fields: Mapping[str, Any]) -> Iterator[Hook]:
    averaging = fields["model_ema"]
    if averaging["enabled"]:
        options = {key: averaging[key] for key in ("momentum", "update_period", "start_epoch", "alpha")}
        yield HOOKS.build({"type": "BaseClsEMAHook", "warmup_epochs": fields["solver"]["warmup_epochs"], **options})
    yield HOOKS.build({"type": "PreciseBNHook", **fields["bn"]})


def _has_tensorboard() -> bool:
    import importlib.util

    return importlib.util.find_spec("tensorboard") is not None
