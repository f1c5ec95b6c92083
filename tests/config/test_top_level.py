"""Keys beside `model`: a slip in one that building reads is refused, and a trainer's pass."""

from __future__ import annotations

from typing import Any

import pytest

from polynet.config import model_arguments
from polynet.config.basecls import BASECLS_BASES
from polynet.config.top_level import check_top_level
from polynet.errors import ConfigKeyError

MMENGINE = """default_scope default_hooks custom_hooks custom_imports env_cfg vis_backends visualizer log_processor
log_level load_from resume work_dir launcher randomness experiment_name cfg runner_type find_unused_parameters
model_wrapper_cfg data_preprocessor train_dataloader val_dataloader test_dataloader train_pipeline val_pipeline
test_pipeline tta_model tta_pipeline dataset_type data_root metainfo train_cfg val_cfg test_cfg optim_wrapper
param_scheduler auto_scale_lr val_evaluator test_evaluator bgr_mean bgr_std compile strategy efficient_conv_bn_eval
activation_checkpointing"""
OTHERS = "classes class_names num_workers devices device_ids seed epochs num_samples num_layers lr data mode"


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("num_clases", "num_classes"),
        ("num_class", "num_classes"),
        ("nclasses", "num_classes"),
        ("NUM_CLASSES", "num_classes"),
        ("devise", "device"),
    ],
)
def test_a_slip_is_named_with_what_was_meant(key: str, meant: str) -> None:
    config: dict[str, Any] = {key: 10, "num_classes": 1000, "model": {"name": "resnet18"}}
    with pytest.raises(ConfigKeyError, match=f"'{key}'.*Did you mean '{meant}'"):
        model_arguments(config)


@pytest.mark.parametrize("base", BASECLS_BASES)
def test_every_key_of_basecls_passes(base: str) -> None:
    check_top_level(["model", *BASECLS_BASES[base]])


@pytest.mark.parametrize("key", [*MMENGINE.split(), *OTHERS.split(), 3])
def test_a_trainers_keys_pass(key: Any) -> None:
    name, arguments = model_arguments({key: 10, "num_classes": 5, "model": {"name": "resnet18"}})
    assert (name, arguments) == ("resnet18", {"head": {"w_out": 5}})
