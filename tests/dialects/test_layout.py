"""The paths of other libraries' modules, and that none of them imports a framework."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import Any

import pytest

from polynet.dialects import basecls, essmc2, mmengine, scepter
from polynet.registry import MODELS, registers

SCEPTER = {
    "modules.model.registry": [
        *("BACKBONES", "NECKS", "HEADS", "LOSSES"),
        *("TUNERS", "TOKENIZERS", "MODELS", "METRICS"),
    ],
    "modules.model.base_model": ["BaseModel"],
    "modules.model.metrics.registry": ["METRICS"],
    "modules.model.metric.registry": ["METRICS"],
    "modules.model.metrics.base_metric": ["BaseMetric"],
    "modules.model.metric.base_metric": ["BaseMetric"],
    "modules.model.tokenizers": ["BaseTokenizer"],
    "modules.model.tokenizer": ["BaseTokenizer"],
    "modules.model.tokenizer.base_tokenizer": ["BaseTokenizer"],
    "modules.model.networks.train_module": ["TrainModule"],
    "modules.model.network.train_module": ["TrainModule"],
    "modules.utils.config": ["Config"],
}
ESSMC2 = {
    "models": ["TrainModule", "BACKBONES", "NECKS", "HEADS", "LOSSES", "MODELS"],
    "models.networks.train_module": ["TrainModule"],
    "utils.metrics": ["METRICS"],
}
BASECLS = {"layers": ["build_head"], "utils": ["registers"], "models": ["build_model", "load_model"]}

_HOOKS = ["HOOKS", "Hook", "BackwardHook", "CheckpointHook", "LogHook", "LrHook", "TensorboardLogHook"]
TRAINING = {
    essmc2: {
        "solvers": ["SOLVERS", "BaseSolver", "EvaluationSolver", "TrainValSolver"],
        "solvers.registry": ["SOLVERS"],
        "hooks": [*_HOOKS, "DistSamplerHook"],
        "hooks.registry": ["HOOKS"],
    },
    scepter: {
        "modules.solver": ["SOLVERS", "BaseSolver", "TrainValSolver"],
        "modules.solver.registry": ["SOLVERS"],
        "modules.solver.hooks": _HOOKS,
        "modules.solver.hooks.registry": ["HOOKS"],
    },
    mmengine: {
        "hooks": ["Hook", "CheckpointHook", "EMAHook", "LoggerHook", "ParamSchedulerHook"],
        "optim": ["OptimWrapper", "AmpOptimWrapper", "OptimWrapperDict", "build_optim_wrapper", "CosineAnnealingLR"],
        "optim.scheduler": ["MultiStepLR", "LinearLR", "OneCycleLR", "ConstantMomentum", "PolyParamScheduler"],
        "dataset": ["DefaultSampler", "default_collate", "pseudo_collate"],
        "model": ["BaseModel", "ExponentialMovingAverage", "StochasticWeightAverage", "MomentumAnnealingEMA"],
        "registry": ["HOOKS", "DATASETS", "TRANSFORMS", "DATA_SAMPLERS", "PARAM_SCHEDULERS", "OPTIM_WRAPPERS"],
        "runner": ["Runner"],
    },
}


def rows(dialect: Any, paths: dict[str, list[str]], *marks: str) -> list[Any]:
    checklist = pytest.mark.checklist(*marks)
    return [pytest.param(dialect, path, name, marks=checklist) for path, names in paths.items() for name in names]


@pytest.mark.parametrize(
    ("dialect", "path", "name"),
    [*rows(scepter, SCEPTER, "S0-2"), *rows(essmc2, ESSMC2, "S1-1"), *rows(basecls, BASECLS, "S4-31")]
    + [(dialect, path, name) for dialect, paths in TRAINING.items() for path, names in paths.items() for name in names],
)
def test_names_are_found_where_the_library_has_them(dialect: Any, path: str, name: str) -> None:
    module = importlib.import_module(f"{dialect.__name__}.{path}")
    assert getattr(module, name) is getattr(dialect, name)
    assert name in dir(module)
    namespace: dict[str, Any] = {}
    exec(f"from {dialect.__name__}.{path} import {name}", namespace)
    assert namespace[name] is getattr(dialect, name)


@pytest.mark.checklist("S0-2")
def test_both_spellings_are_one_module() -> None:
    for one, other in (("metric", "metrics"), ("tokenizer", "tokenizers"), ("network", "networks")):
        found = [importlib.import_module(f"polynet.dialects.scepter.modules.model.{each}") for each in (one, other)]
        assert found[0] is found[1]


@pytest.mark.parametrize("dialect", [*TRAINING, basecls], ids=lambda dialect: dialect.__name__.rpartition(".")[2])
def test_every_name_of_a_dialect_is_found(dialect: Any) -> None:
    for name in dialect.__all__:
        assert getattr(dialect, name) is not None


def test_what_is_not_there_is_an_import_error() -> None:
    with pytest.raises(ImportError, match="BACKBONE"):
        exec("from polynet.dialects.scepter.modules.model.registry import BACKBONE")
    with pytest.raises(AttributeError, match="Did you mean 'BACKBONES'"):
        _ = importlib.import_module("polynet.dialects.scepter.modules.model.registry").BACKBONE
    with pytest.raises(ModuleNotFoundError, match="nope"):
        importlib.import_module("polynet.dialects.scepter.modules.nope")


@pytest.mark.checklist("S4-31")
def test_basecls_registers_are_the_registries() -> None:
    assert basecls.registers is registers
    assert basecls.registers.models is MODELS


@pytest.mark.parametrize("dialect", ["scepter", "essmc2", "basecls", "mmengine"])
def test_no_framework_is_imported(dialect: str) -> None:
    program = (
        f"import sys, polynet.dialects.{dialect} as d\n"
        "assert list(d.__all__)\n"
        "loaded = {'torch', 'megengine', 'timm', 'tokenizers', 'sklearn'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)
