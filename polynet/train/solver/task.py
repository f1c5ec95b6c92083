"""A network that returns its loss in training, as a model that the engine trains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet import ops
from polynet.errors import InputError, InputTypeError
from polynet.models.mmengine_model import BaseModel
from polynet.models.networks.train_module import loss_of
from polynet.tensor_types import is_tensor
from polynet.train.solver.entries import entries_for
from polynet.types import NativeModule, Tensor


class SolverTask(BaseModel):
    """Trains a network by EssentialMC2's contract: in training mode `network(**batch)` gives a dictionary with `loss`.

    Of a batch the network is called with the entries that it takes: `meta` and what else stands beside them is there
    for collecting. A network whose `forward` has `**kwargs` is called with all of them.

    `loss` is what gradients are taken of; it and the other scalars are what is logged. In evaluation mode the network
    gives a tensor, which is called `result`, or a dictionary.

    Args:
        network: The network; a `TrainModule`, or anything called with entries of a batch by name.
        data_preprocessor: What moves a batch; see `BaseModel`.

    Source: EssentialMC2, `TrainValSolver` and `EvaluationSolver`.

    Example:
        >>> parts = {"backbone": {"name": "MLP", "in_dim": [6, 8], "out_dim": 5}}
        >>> parts["head"] = {"name": "ClassifierHead", "dim": 5, "num_classes": 4}
        >>> net = polynet.build({"name": "Classifier", **parts}, backend="torch")
        >>> with polynet.use_backend("torch"):
        ...     task = SolverTask(net.eval())
        >>> list(task.val_step({"img": np.ones((2, 6), np.float32), "gt_label": np.array([0, 1])}))
        ['logits', 'acc@1']
    """

    def __init__(self, network: NativeModule, data_preprocessor: Any = None) -> None:
        super().__init__(data_preprocessor)
        self.network = network

    def weights_module(self) -> NativeModule:
        """The network alone: its weights are saved under its own names."""
        return self.network

    def forward(self, *inputs: Any, mode: str = "tensor", **options: Any) -> Any:
        """What the network gives; `mode` is only the engine's word for what it is called for."""
        return self.network(*inputs, **options)

    def train_step(self, data: Any, optim_wrapper: Any) -> dict[str, Tensor]:
        """One step of training.

        Returns:
            `loss`, and every other scalar that the network returned, without gradients; `batch_size` as it came.

        Raises:
            InputKeyError: The batch lacks what the network needs.
            InputError: The network returned no `loss`.
        """
        with optim_wrapper.optim_context(self):
            batch = self.preprocess(data, training=True)
            outputs = self._run_forward(batch, mode="loss")
            loss = self._loss_in(outputs, batch)
            optim_wrapper.update_params(loss)
        return {name: _logged(value) for name, value in outputs.items() if _is_scalar(value)}

    def val_step(self, data: Any) -> Any:
        """What the network gives for a batch, as a dictionary.

        Raises:
            InputKeyError: The batch lacks what the network needs.
            InputTypeError: It is neither a tensor nor a dictionary.
        """
        outputs = self._run_forward(self.preprocess(data, training=False), mode="predict")
        if is_tensor(outputs):
            return {"result": outputs}
        if isinstance(outputs, Mapping):
            return outputs
        message = (
            f"{type(self.network).__name__} gave a {type(outputs).__name__} in evaluation mode; a solver takes a "
            "tensor or a dictionary."
        )
        raise InputTypeError(message)

    test_step = val_step

    def _run_forward(self, data: Any, mode: str) -> Any:
        return super()._run_forward(entries_for(self.network, data) if isinstance(data, Mapping) else data, mode)

    def _loss_in(self, outputs: Any, batch: Any) -> Tensor:
        try:
            return loss_of(outputs)
        except InputError as error:
            taken = entries_for(self.network, batch) if isinstance(batch, Mapping) else batch
            left = [str(name) for name in batch if name not in taken] if isinstance(batch, Mapping) else []
            if not left:
                raise
            message = f"{error} Of the batch, {type(self.network).__name__} does not take {', '.join(left)}."
            raise InputError(message) from error


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (bool, int, float)) or getattr(value, "ndim", None) == 0


def _logged(value: Any) -> Any:
    return ops.stop_gradient(value) if is_tensor(value) else value
