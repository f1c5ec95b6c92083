"""Models that train themselves, given a batch and an optimiser: MMEngine's `BaseModel`."""

from __future__ import annotations

import abc
import sys
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from polynet import ops
from polynet.backend import find_backend
from polynet.data.preprocessors.base import BaseDataPreprocessor, build_preprocessor
from polynet.errors import InputError, InputTypeError, suggest
from polynet.models.base_module import BaseModule
from polynet.tensor_types import is_tensor
from polynet.types import NativeModule, Tensor

TOTAL = "loss"
OWN = "loss_alone"
"""The name under which an entry `loss` is logged that is only one of several losses."""


class BaseModel(BaseModule):
    """A network that has its losses and predictions in `forward(…, mode=)`, and a step of training around them.

    `forward` is called with what the data preprocessor gives: a tuple or list by position, a dictionary by keyword; and
    `mode`: `"loss"` for a dictionary of named losses, `"predict"` for predictions, as a list or tuple, and `"tensor"`,
    which is to be its default, for plain tensors.

    Args:
        data_preprocessor: What moves a loader's batch to the device and makes of it what `forward` takes: a config with
            `type`, or a module; by default what only moves it.
        init_cfg: How weights start; see `BaseModule`.

    Attributes:
        data_preprocessor: The preprocessor.

    Raises:
        TypeError: A subclass has no `forward`.
        OptionError: `data_preprocessor` is neither a config nor a module.

    Source: MMEngine, `mmengine.model.BaseModel`.

    Example:
        >>> class Net(BaseModel):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.fc = nn.Linear(2, 3)
        ...     def forward(self, x, label, mode="tensor"):
        ...         y = self.fc(x)
        ...         return {"loss": ops.cross_entropy(y, label)} if mode == "loss" else (ops.argmax(y, dim=1),)
        >>> with polynet.use_backend("torch"):
        ...     net = Net()
        >>> [tuple(each.shape) for each in net.val_step((np.zeros((4, 2), np.float32), np.zeros(4, np.int64)))]
        [(4,)]
    """

    _first_parameter: tuple[str, ...] = ()

    def __init__(self, data_preprocessor: Any = None, init_cfg: Any = None) -> None:
        super().__init__(init_cfg)
        self.data_preprocessor = build_preprocessor(data_preprocessor)

    @abc.abstractmethod
    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Losses, predictions or tensors, by the keyword `mode`."""

    def weights_module(self) -> NativeModule:
        """The module whose parameters are trained, and kept in checkpoints: by default all of it."""
        return self

    def train_step(self, data: Any, optim_wrapper: Any) -> dict[str, Tensor]:
        """One step of training: losses of a batch, their gradients, and an update of the parameters.

        Args:
            data: A batch as the loader gives it.
            optim_wrapper: The optimiser, with `optim_context(model)` and `update_params(loss)`.

        Returns:
            What `parse_losses` gives for the log: `loss`, which is what was optimised, and everything else by name.

        Raises:
            InputTypeError: `forward` did not give a dictionary of tensors.
            InputError: No name in it contains "loss".
        """
        with optim_wrapper.optim_context(self):
            losses = self._run_forward(self.preprocess(data, training=True), mode="loss")
            total, logged = self.parse_losses(losses)
        # After the block, as in MMEngine: inside, MegEngine would begin to record what follows.
        optim_wrapper.update_params(total)
        return logged

    def val_step(self, data: Any) -> Any:
        """The predictions for a batch of validation."""
        return self._run_forward(self.preprocess(data, training=False), mode="predict")

    def test_step(self, data: Any) -> Any:
        """The predictions for a batch of test data."""
        return self._run_forward(self.preprocess(data, training=False), mode="predict")

    def preprocess(self, data: Any, training: bool) -> Any:
        """What `forward` is called with for a batch: the preprocessor's work, on the model's device."""
        preprocessor = self.data_preprocessor
        if isinstance(preprocessor, BaseDataPreprocessor):
            device = self._device()
            if preprocessor.device != device:
                preprocessor.device = device
        return preprocessor(data, training)

    def seed_batch(self, value: int) -> None:
        """Seed what the preprocessor draws for the next batch, if it draws anything, so that it can be drawn again."""
        seed = getattr(self.data_preprocessor, "seed", None)
        if callable(seed):
            seed(value)

    def parse_losses(self, losses: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss to optimise, and what is to be logged.

        Every entry is reduced to its mean; a list of tensors to the sum of their means. Those whose name contains
        "loss" add up to the total; the others are logged only.

        Args:
            losses: What `forward` gave in mode `"loss"`.

        Returns:
            The total; and the total as `loss`, then each entry by its name, without gradients. Where an entry `loss` is
            one of several, it is logged as `loss_alone`, so that `loss` is what is optimised.

        Raises:
            InputTypeError: It is no dictionary, or an entry is neither a tensor nor a list of tensors.
            InputError: No name contains "loss", or such an entry is an empty list.

        Example:
            >>> losses = {"loss": ops.tensor(1.0), "aux_loss": ops.tensor([1.0, 3.0]), "accuracy": ops.tensor(0.5)}
            >>> total, logged = BaseModel.parse_losses(None, losses)
            >>> float(total), {name: float(value) for name, value in logged.items()}
            (3.0, {'loss': 3.0, 'loss_alone': 1.0, 'aux_loss': 2.0, 'accuracy': 0.5})
        """
        if type(losses) is not dict and not isinstance(losses, Mapping):
            message = f"forward(mode='loss') gives a dictionary of losses by name, not {type(losses).__name__}."
            raise InputTypeError(message)
        reduced = {str(name): _reduced(str(name), value) for name, value in losses.items()}
        parts = [name for name in reduced if "loss" in name]
        if not parts:
            near = suggest("loss", reduced)
            have = ", ".join(reduced) or "nothing"
            message = f"No name of forward(mode='loss') contains 'loss', so nothing is optimised; it gave {have}.{near}"
            raise InputError(message)
        total = reduced[parts[0]]
        for name in parts[1:]:
            total = total + reduced[name]
        logged = OrderedDict({TOTAL: ops.stop_gradient(total)})
        for name, value in reduced.items():
            if name != TOTAL:
                logged[name] = ops.stop_gradient(value)
            elif len(parts) > 1:
                logged[OWN] = ops.stop_gradient(value)
        return total, logged

    def _run_forward(self, data: Any, mode: str) -> Any:
        """Call the network with what the preprocessor gave.

        Raises:
            InputTypeError: It is neither a dictionary nor a tuple or list.
        """
        if isinstance(data, (tuple, list)):
            return self(*data, mode=mode)
        if isinstance(data, Mapping):
            return self(**data, mode=mode)
        message = f"Output of `data_preprocessor` should be list, tuple or dict, but got {type(data).__name__}."
        raise InputTypeError(message)

    def _device(self) -> str:
        """Where the first parameter lies, wherever it was moved.

        It is found by its name: listing parameters takes a framework as long as a small layer.
        """
        backend = find_backend(type(self)._polynet_backend)
        found: Any = self
        try:
            for step in self._first_parameter:
                found = getattr(found, step)
        except AttributeError:
            found = self
        if found is self:
            named = next(iter(self.named_parameters()), None)
            if named is None:
                return backend.device_of(self)
            path, found = named
            # Python's cache of attributes would keep a copy of each name that is not the one and only.
            self._first_parameter = tuple(sys.intern(step) for step in path.split("."))
        return backend.device_of(found)


def _reduced(name: str, value: Any) -> Tensor:
    """The mean of a tensor, or the sum of the means of several."""
    if isinstance(value, (list, tuple)):
        means = [_mean(name, each) for each in value]
        if not means:
            message = f"{name} is an empty list; it has no mean."
            raise InputError(message)
        total = means[0]
        for mean in means[1:]:
            total = total + mean
        return total
    return _mean(name, value)


def _mean(name: str, value: Any) -> Tensor:
    if not is_tensor(value):
        message = f"{name} is not a tensor or list of tensors, but {type(value).__name__}."
        raise InputTypeError(message)
    if "float" not in ops.dtype_name(value):
        value = ops.cast(value, "float32")
    return value if value.ndim == 0 else ops.mean(value)
