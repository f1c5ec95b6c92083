"""The side of the seam where there is no framework: shapes in, shapes out."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from polynet.backend import Backend
from polynet.errors import DeviceError, FrameworkMismatchError, InputError, UnsupportedError, suggest
from polynet.types import NativeModule, Tensor

if TYPE_CHECKING:
    import numpy as np

    from polynet.slots import Slot
    from polynet_shapes.counting import Counter

_DEVICES = ("meta", "cpu", "auto")


def _draw_nothing(tensors: Iterable[Tensor]) -> None:
    """Run no initialisation: none was skipped."""


class ShapesBackend(Backend):
    """Builds modules whose tensors have no numbers: for parameter counts, multiply-adds and checks of shapes.

    It needs no framework, and neither time nor memory worth mentioning, however large the network.
    """

    name = "shapes"
    framework = None
    is_framework = False

    def _import_framework(self) -> None:
        self._module = importlib.import_module("polynet_shapes.module")
        self._tensor = importlib.import_module("polynet_shapes.tensor")
        self._ops = importlib.import_module("polynet_shapes.ops")
        self._layers = importlib.import_module("polynet_shapes.layers")

    @property
    def tensor_types(self) -> tuple[type, ...]:
        """`ShapeTensor` and `ShapeParameter`."""
        return (self._tensor.ShapeTensor, self._tensor.ShapeParameter)

    @property
    def module_type(self) -> type:
        """`polynet_shapes.module.Module`."""
        return self._module.Module  # type: ignore[no-any-return] # imported lazily, so untyped here

    @property
    def native_module_type(self) -> type:
        """`polynet_shapes.module.Module`."""
        return self._module.Module  # type: ignore[no-any-return] # as above

    @property
    def parameter_type(self) -> type:
        """`ShapeParameter`."""
        return self._tensor.ShapeParameter  # type: ignore[no-any-return] # as above

    @property
    def ops(self) -> ModuleType:
        """`polynet_shapes.ops`."""
        return self._ops

    def layer(self, name: str) -> type:
        """The class of that name in `polynet_shapes.layers`.

        Raises:
            UnsupportedError: There is none.
        """
        layers: dict[str, type] = self._layers.LAYERS
        if name not in layers:
            message = f"Backend 'shapes' has no layer {name!r}.{suggest(name, layers)}"
            raise UnsupportedError(message)
        return layers[name]

    def layer_instances(self, name: str) -> tuple[type, ...]:
        """The class `layer` gives."""
        found = self._layers.LAYERS.get(name)
        return () if found is None else (found,)

    def tensor(self, value: Any, *, dtype: str | None = None, device: str | None = None) -> Tensor:
        """A tensor of the value's shape and dtype."""
        return self._ops.tensor(value, dtype=dtype, device=device)

    def numpy(self, tensor: Tensor) -> np.ndarray[Any, Any]:
        """Refuse: there are no numbers.

        Raises:
            UnsupportedError: Always, of a tensor of this backend.
        """
        if not isinstance(tensor, self._tensor.ShapeTensor):
            message = f"A shape-only tensor is needed, not {type(tensor).__module__}.{type(tensor).__qualname__}."
            raise FrameworkMismatchError(message)
        tensor.numpy()
        raise AssertionError

    def parameter(self, value: Any, *, requires_grad: bool = True) -> Any:
        """A parameter of the value's shape and dtype."""
        data = self.tensor(value)
        if requires_grad and "float" not in data.dtype:
            message = f"Only floating-point numbers can be trained; a parameter of {data.dtype} was asked for."
            raise InputError(message)
        return self._tensor.ShapeParameter(data.shape, data.dtype, requires_grad)

    def is_tracing(self) -> bool:
        """`False`: what networks check is shapes, and those are known."""
        return False

    def synchronise(self) -> None:
        """Nothing is ever pending."""

    def seed(self, value: int) -> None:
        """Nothing is random."""

    def building(self) -> contextlib.AbstractContextManager[Callable[[Iterable[Tensor]], None]]:
        """A context that changes nothing, and yields a function that does nothing: there is no initialisation."""
        return contextlib.nullcontext(_draw_nothing)

    def devices(self) -> tuple[str, ...]:
        """`("meta",)`: no device holds these tensors."""
        return ("meta",)

    def resolve_device(self, device: str) -> str:
        """`"meta"`, also for `"auto"` and `"cpu"`, since these tensors take no room anywhere.

        Raises:
            DeviceError: Any other device.
        """
        if device not in _DEVICES:
            message = f"Backend 'shapes' has no device {device!r}. Present: meta; 'cpu' and 'auto' stand for it."
            raise DeviceError(message)
        return "meta"

    def place(self, module: NativeModule, device: str) -> NativeModule:
        """Give back the module."""
        self.resolve_device(device)
        return module

    def follow_device(self, module: NativeModule, device: str) -> None:
        """There is one device only."""
        self.resolve_device(device)

    def device_of(self, module_or_tensor: Any) -> str:
        """`"meta"`."""
        return "meta"

    def slots(self, module: NativeModule) -> Mapping[str, Slot]:
        """Names, shapes and dtypes of parameters and persistent buffers, without `num_batches_tracked`."""
        return importlib.import_module("polynet_shapes.state").slots(module)  # type: ignore[no-any-return] # as above

    def set_training(self, module: NativeModule, mode: bool) -> None:
        """`module.train(mode)`."""
        module.train(mode)

    def differentiate(self, function: Callable[[], Tensor], sources: Sequence[Tensor]) -> NoReturn:
        """Refuse: there are no numbers.

        Raises:
            UnsupportedError: Always.
        """
        message = "Backend 'shapes' has no numbers, hence no gradients. Build on a framework to differentiate."
        raise UnsupportedError(message)

    def optimizer(
        self, name: str, module: NativeModule, groups: Iterable[Mapping[str, Any]] | None = None, **options: Any
    ) -> NoReturn:
        """Refuse: there are no numbers.

        Raises:
            UnsupportedError: Always.
        """
        message = "Backend 'shapes' has no numbers, hence nothing to optimise. Build on a framework to train."
        raise UnsupportedError(message)

    def count(self, root: NativeModule | None = None) -> contextlib.AbstractContextManager[Counter]:
        """A context in which multiply-adds and activations are counted; see `polynet_shapes.counting`."""
        return importlib.import_module("polynet_shapes.counting").count(root)  # type: ignore[no-any-return] # as above
