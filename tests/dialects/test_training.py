"""Training as the libraries' own programs write it, `polynet.dialects.` before their imports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from polynet.dialects.essmc2.hooks import HOOKS, BackwardHook, Hook
from polynet.dialects.essmc2.models import MODELS
from polynet.dialects.essmc2.solvers import SOLVERS, TrainValSolver
from polynet.dialects.mmengine.hooks import Hook as MMEngineHook
from polynet.dialects.mmengine.optim import OptimWrapper, build_optim_wrapper
from polynet.dialects.scepter.modules.solver.registry import SOLVERS as SCEPTERS
from polynet.dialects.scepter.modules.utils.config import Config

import polynet
import polynet.dialects.basecls
from polynet import nn, ops
from polynet.backend import Backend
from polynet.errors import ConfigKeyError, OptionError, UnknownNameError, UnsupportedError

NETWORK = {
    "type": "Classifier",
    "backbone": {"type": "MLP", "in_dim": [4, 8], "out_dim": 5},
    "head": {"type": "ClassifierHead", "dim": 5, "num_classes": 3},
}
SOLVER = {"type": "TrainValSolver", "optimizer": {"type": "SGD", "lr": 0.1}, "max_epochs": 2}


def batch() -> dict[str, Any]:
    return {"img": np.eye(4, dtype=np.float32)[:3], "gt_label": np.arange(3), "meta": {"image_path": ["a", "b", "c"]}}


def test_a_solver_of_essentialmc2_is_built_of_its_network_and_config(backend: Backend) -> None:
    config = {**SOLVER, "hooks": [{"type": "BackwardHook"}, {"type": "LrHook"}, BackwardHook(gradient_clip=0.5)]}
    net = MODELS.build(NETWORK)
    before = polynet.state(net)
    solver = SOLVERS.build(net, config, logger="mine")
    assert (type(solver), solver.logger, solver.model) == (TrainValSolver, "mine", net)
    solver.solve({"train": [batch()], "eval": [batch()]})
    assert solver.epoch == 2
    assert solver.engine.optim_wrapper.last_grad_norm is not None
    assert any(not np.array_equal(before[name], array) for name, array in polynet.state(net).items())


def test_a_solver_of_scepter_is_built_of_a_config_alone(backend: Backend) -> None:
    model = {
        "NAME": "Classifier",
        "BACKBONE": {"NAME": "MLP", "IN_DIM": [4, 8], "OUT_DIM": 5},
        "HEAD": {"NAME": "ClassifierHead", "DIM": 5, "NUM_CLASSES": 3},
    }
    solver = {"NAME": "TrainValSolver", "MAX_EPOCHS": 1, "OPTIMIZER": {"NAME": "SGD", "LEARNING_RATE": 0.1}}
    made = SCEPTERS.build(Config(cfg_dict={**solver, "MODEL": model}, load=False))
    made.solve({"train": [batch()]})
    assert made.epoch == 1
    with pytest.raises(ConfigKeyError, match="'model'"):
        SCEPTERS.build(solver)


def test_hooks_and_solvers_of_ones_own_are_found_by_name(backend: Backend) -> None:
    seen = []

    @HOOKS.register_class(force=True)
    class SeenEpochs(Hook):
        def after_train_epoch(self, runner: Any) -> None:
            seen.append(runner.epoch)

    @SOLVERS.register_class(force=True)
    class QuietSolver(TrainValSolver):
        pass

    solver = SOLVERS.build(MODELS.build(NETWORK), {**SOLVER, "type": "QuietSolver", "hooks": [{"type": "SeenEpochs"}]})
    solver.solve({"train": [batch()]})
    assert (type(solver), seen) == (QuietSolver, [0, 1])
    with pytest.raises(UnknownNameError, match="Did you mean 'QuietSolver'"):
        SOLVERS.build(MODELS.build(NETWORK), {"type": "QuitSolver"})


@pytest.mark.parametrize(
    ("hook", "error", "message"),
    [
        ({"type": "LrHook", "warmup_func": "linear"}, UnsupportedError, "type='LinearLR'"),
        ({"type": "LrHook", "set_by_epoch": False}, UnsupportedError, "by_epoch=False"),
        ({"type": "BackwardHook", "gradient_clp": 1.0}, OptionError, "Did you mean 'gradient_clip'"),
    ],
)
def test_what_a_hook_would_do_otherwise_is_refused(
    backend: Backend, hook: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        SOLVERS.build(MODELS.build(NETWORK), {**SOLVER, "hooks": [hook]})


def test_basecls_trains_a_config(backend: Backend) -> None:
    config = {
        "model": {"name": "ResNet", "depths": [1], "widths": [4], "strides": [2], "head": {"name": "ClsHead"}},
        "num_classes": 2,
        "batch_size": 4,
        "preprocess": {"img_size": 8},
        "data": {"name": "FakeData", "size": 8, "num_workers": 0},
        "solver": {"max_epoch": 1, "warmup_epochs": 0},
    }
    engine = polynet.dialects.basecls.train(config, device="cpu")
    assert (engine.epoch, engine.iter) == (1, 2)
    assert "val/accuracy/top1" in engine.message


def test_a_loop_by_hand_with_mmengines_wrapper(backend: Backend) -> None:
    net = nn.Linear(2, 1)
    wrapper = build_optim_wrapper(net, {"type": "OptimWrapper", "optimizer": {"type": "SGD", "lr": 0.05}})
    assert isinstance(wrapper, OptimWrapper)
    x, losses = ops.ones((4, 2)), []
    for _ in range(5):
        with wrapper.optim_context(net):
            loss = ops.mean(net(x) ** 2)
            wrapper.update_params(loss)
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert MMEngineHook is Hook
