"""Validation and test: the model in evaluation mode, its predictions measured."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from polynet.errors import ModeError
from polynet.train.batches import batches_of


def run_evaluation(engine: Any, phase: str) -> dict[str, Any]:
    """Run the batches of a phase through the model and measure its predictions.

    Args:
        engine: The engine.
        phase: `"val"` or `"test"`.

    Returns:
        The evaluator's figures; none where there is no evaluator, or where training was asked to stop meanwhile: then
        the validation is due again.

    Raises:
        ModeError: There are no data for this phase.
    """
    if getattr(engine, f"{phase}_dataloader") is None:
        message = f"There is nothing to {phase} with: {phase}_dataloader not given."
        raise ModeError(message)
    was_training = bool(getattr(engine.model, "training", True))
    engine.call_hook(f"before_{phase}")
    engine.call_hook(f"before_{phase}_epoch")
    engine.backend.set_training(engine.model, False)
    metrics = _measured(engine, phase, engine.call_hook)
    if metrics is not None:
        engine.position.validation_due = False
        engine.call_hook(f"after_{phase}_epoch", metrics=metrics)
    engine.call_hook(f"after_{phase}")
    engine.backend.set_training(engine.model, was_training)
    return metrics or {}


def measure(engine: Any, phase: str) -> dict[str, Any] | None:
    """The figures of the model as it is now, without a call of any hook: for a hook that evaluates other weights.

    Args:
        engine: The engine, its model in evaluation mode.
        phase: `"val"` or `"test"`.

    Returns:
        The evaluator's figures; `None` where training was asked to stop meanwhile.
    """
    return _measured(engine, phase, lambda point, **options: None)


def _measured(engine: Any, phase: str, call_hook: Callable[..., None]) -> dict[str, Any] | None:
    loader, evaluator = getattr(engine, f"{phase}_dataloader"), getattr(engine, f"{phase}_evaluator")
    step = getattr(engine.model, f"{phase}_step")
    if engine.trainee is not engine.model:
        engine.trainee.synchronise_buffers()
    if evaluator is not None and engine.world_size > 1:
        evaluator.gather = engine.processes.gather
    rounds = int(engine.processes.all_reduce(len(loader), "max")) if engine.is_sharded else 0
    with engine.backend.ops.no_grad(), _precision(engine):
        index, batch = -1, None
        for index, batch in enumerate(batches_of(loader, 0, 0, engine._seed_epoch)):
            call_hook(f"before_{phase}_iter", batch_idx=index, data_batch=batch)
            outputs = step(batch)
            if evaluator is not None:
                evaluator.process(data_samples=outputs, data_batch=batch)
            call_hook(f"after_{phase}_iter", batch_idx=index, data_batch=batch, outputs=outputs)
            if engine.stopping is not None and engine.world_size == 1:
                if callable(getattr(evaluator, "reset", None)):
                    evaluator.reset()  # it begins anew when the run goes on
                return None
        for _ in range(index + 1, rounds):
            step(batch)  # the others need this process's part of each parameter for a batch more
    return {} if evaluator is None else dict(evaluator.evaluate(_size_of(loader)))


def _precision(engine: Any) -> contextlib.AbstractContextManager[Any]:
    if engine.eval_dtype is None:
        return contextlib.nullcontext()
    context: contextlib.AbstractContextManager[Any] = engine.backend.autocast(
        engine.backend.device_of(engine.model), engine.eval_dtype
    )
    return context


def _size_of(loader: Any) -> int:
    """How many samples there are, as far as the loader can say; 0 where it cannot."""
    data: Any = getattr(loader, "dataset", None)
    return len(data) if hasattr(data, "__len__") else 0
