"""PyTorch's side of the seam."""

from __future__ import annotations

import contextlib
import copy
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from polynet.backend import Backend
from polynet.data.workers import Loading, WorkerLoader, WorkerOptions
from polynet.errors import FrameworkMismatchError, UnsupportedError, suggest
from polynet.optimizer import Optimizer
from polynet.slots import Slot
from polynet.types import NativeModule, Tensor

if TYPE_CHECKING:
    from polynet.train.distributed.collectives import Collectives
    from polynet.train.distributed.parallel import Strategy
    from polynet.train.distributed.place import Place


class TorchBackend(Backend):
    """Builds `torch.nn.Module`s. Neutral names, arguments and layouts are torch's own, so little needs translating."""

    name = "torch"
    framework = "torch"

    def _import_framework(self) -> None:
        self._torch = importlib.import_module("torch")
        self._ops = importlib.import_module("polynet_torch.ops")
        self._layers = importlib.import_module("polynet_torch.layers")
        self._device = importlib.import_module("polynet_torch.device")
        self._state = importlib.import_module("polynet_torch.state")
        self._copier: Any = None
        # A later torch may not have what copies ask of torch's inside: layers are made one by one then.
        with contextlib.suppress(ImportError):
            self._copier = importlib.import_module("polynet_torch.copying").copier
        self._initialisation = importlib.import_module("polynet_torch.initialisation")
        self._random_state = importlib.import_module("polynet_torch.training.random_state")

    @property
    def tensor_types(self) -> tuple[type, ...]:
        """`torch.Tensor`, and the proxy `torch.fx` traces with."""
        fx: Any = importlib.import_module("torch.fx")
        return (self._torch.Tensor, fx.Proxy)

    @property
    def module_type(self) -> type:
        """`torch.nn.Module` itself."""
        return self._torch.nn.Module  # type: ignore[no-any-return]  # torch is loaded lazily, so untyped here

    @property
    def native_module_type(self) -> type:
        """`torch.nn.Module`."""
        return self._torch.nn.Module  # type: ignore[no-any-return]  # as above

    @property
    def parameter_type(self) -> type:
        """`torch.nn.Parameter`."""
        return self._torch.nn.Parameter  # type: ignore[no-any-return]  # as above

    @property
    def ops(self) -> ModuleType:
        """`polynet_torch.ops`."""
        return self._ops

    def layer(self, name: str) -> type:
        """The class of that name in `polynet_torch.layers` or `torch.nn`.

        Raises:
            UnsupportedError: torch has no such layer.
        """
        found = self._layers.LAYERS.get(name) or getattr(self._torch.nn, name, None)
        if not isinstance(found, type):
            message = f"Backend 'torch' has no layer {name!r}.{suggest(name, dir(self._torch.nn))}"
            raise UnsupportedError(message)
        return found

    def layer_instances(self, name: str) -> tuple[type, ...]:
        """The class `layer` gives."""
        try:
            return (self.layer(name),)
        except UnsupportedError:
            return ()

    def tensor(self, value: Any, *, dtype: str | None = None, device: str | None = None) -> Tensor:
        """A tensor with a copy of the numbers; Python floats become float32."""
        return self._ops.tensor(value, dtype=dtype, device=device)

    def numpy(self, tensor: Tensor) -> np.ndarray[Any, Any]:
        """An array of its own; bfloat16, which numpy lacks, becomes float32."""
        if not isinstance(tensor, self._torch.Tensor):
            message = f"A torch.Tensor is needed, not {type(tensor).__module__}.{type(tensor).__qualname__}."
            raise FrameworkMismatchError(message)
        tensor = tensor.detach()
        if tensor.dtype == self._torch.bfloat16:
            tensor = tensor.float()
        return np.array(tensor.cpu().numpy())

    def parameter(self, value: Any, *, requires_grad: bool = True) -> Any:
        """A `torch.nn.Parameter`; only floating-point numbers can be trained."""
        data = value if isinstance(value, self._torch.Tensor) else self.tensor(value)
        return self._torch.nn.Parameter(data, requires_grad=requires_grad)

    def is_tracing(self) -> bool:
        """Whether `torch.jit.trace`, `torch.compile` or `torch.export` is recording."""
        return bool(self._torch.jit.is_tracing() or self._torch.compiler.is_compiling())

    def synchronise(self) -> None:
        """Wait for the GPU, where one is used."""
        if self._torch.cuda.is_initialized():
            self._torch.cuda.synchronize()

    def seed(self, value: int) -> None:
        """Seed torch's generators on all devices."""
        self._random_state.seed(value)

    def building(self) -> contextlib.AbstractContextManager[Callable[[Iterable[Tensor]], None]]:
        """Skip the random fills of `torch.nn.init` in this thread."""
        return self._initialisation.skip_initialisation()  # type: ignore[no-any-return]  # lazily imported

    def copier(self, layer: NativeModule) -> Callable[[], NativeModule | None] | None:
        """Copy what the layer holds, without torch's constructor; see `polynet_torch.copying`."""
        return None if self._copier is None else self._copier(layer)

    def devices(self) -> tuple[str, ...]:
        """`cpu`, then every CUDA device."""
        return self._device.devices()  # type: ignore[no-any-return]  # lazily imported

    def resolve_device(self, device: str) -> str:
        """Torch's own spelling, once the device is known to exist."""
        return self._device.resolve(device)  # type: ignore[no-any-return]  # lazily imported

    def place(self, module: NativeModule, device: str) -> NativeModule:
        """`module.to(device)`."""
        return module.to(device)

    def follow_device(self, module: NativeModule, device: str) -> None:
        """Move what `module` is called with, by a forward pre-hook."""
        self._device.follow(module, device)

    def device_of(self, module_or_tensor: Any) -> str:
        """`cpu` or `cuda:N`; a module without parameters counts as being on the CPU."""
        if isinstance(module_or_tensor, self._torch.Tensor):
            return str(module_or_tensor.device)
        first = next(iter(module_or_tensor.parameters()), None)
        return "cpu" if first is None else str(first.device)

    def slots(self, module: NativeModule) -> Mapping[str, Slot]:
        """`named_parameters` and persistent buffers, without `num_batches_tracked`."""
        return self._state.slots(module)  # type: ignore[no-any-return]  # lazily imported

    def set_recomputed(self, modules: Sequence[NativeModule], enable: bool) -> None:
        """Run the blocks under `torch.utils.checkpoint`; running statistics are updated once."""
        importlib.import_module("polynet_torch.recomputation").set_recomputed(modules, enable)

    def set_training(self, module: NativeModule, mode: bool) -> None:
        """`module.train(mode)`."""
        module.train(mode)

    def copied(self, module: NativeModule) -> NativeModule:
        """`copy.deepcopy`, also of what FSDP2 has sharded."""
        return importlib.import_module("polynet_torch.sharding").copied(module)

    def lerp_(self, targets: Sequence[Tensor], sources: Sequence[Tensor], weight: float) -> None:
        """`torch._foreach_lerp_`; whole numbers are copied."""
        importlib.import_module("polynet_torch.averaging").lerp_(targets, sources, weight)

    def swap_(self, left: Sequence[Tensor], right: Sequence[Tensor]) -> None:
        """Through a copy of each; DistributedDataParallel and optimisers hold on to the memory."""
        importlib.import_module("polynet_torch.averaging").swap_(left, right)

    def collectives(self, place: Place, *, device: str, timeout: float) -> Collectives:
        """`torch.distributed`: gloo, and NCCL for GPUs."""
        home = importlib.import_module("polynet_torch.distributed.collectives")
        return home.TorchCollectives(place, device, timeout)  # type: ignore[no-any-return]  # lazily imported

    def parallelise(self, model: Any, collectives: Collectives, strategy: str, **options: Any) -> Strategy:
        """DistributedDataParallel to replicate, FSDP2 to shard."""
        if strategy == "shard":
            home = importlib.import_module("polynet_torch.distributed.sharded")
            return home.Sharded(model, collectives, **options)  # type: ignore[no-any-return]  # as above
        home = importlib.import_module("polynet_torch.distributed.replicated")
        return home.Replicated(model, collectives, **options)  # type: ignore[no-any-return]  # as above

    def reference_twin(self, module: NativeModule) -> NativeModule:
        """A float64 copy."""
        return copy.deepcopy(module).double()

    def differentiate(
        self, function: Callable[[], Tensor], sources: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor | None]]:
        """`torch.autograd.grad`, which leaves every `.grad` alone."""
        sources = list(sources)
        with self._torch.enable_grad(), _requiring_grad(sources):
            result = function()
            if not result.requires_grad:
                return result, [None] * len(sources)
            trained = [position for position, source in enumerate(sources) if source.requires_grad]
            found = self._torch.autograd.grad(result, [sources[position] for position in trained], allow_unused=True)
        gradients: list[Tensor | None] = [None] * len(sources)
        for position, gradient in zip(trained, found, strict=True):
            gradients[position] = gradient
        return result.detach(), gradients

    def optimizer(
        self, name: str, module: NativeModule, groups: Iterable[Mapping[str, Any]] | None = None, **options: Any
    ) -> Optimizer:
        """A `torch.optim` optimiser; see `polynet_torch.training.optimizer`."""
        home = importlib.import_module("polynet_torch.training.optimizer")
        return home.optimizer(name, module, groups, **options)  # type: ignore[no-any-return]  # lazily imported

    def why_no_autocast(self, device: str, dtype: str) -> str | None:
        """Why not, where there is none; see `polynet_torch.training.precision`."""
        home = importlib.import_module("polynet_torch.training.precision")
        return home.why_not(device, dtype)  # type: ignore[no-any-return]  # lazily imported

    def autocast(self, device: str, dtype: str) -> contextlib.AbstractContextManager[Any]:
        """`torch.autocast`."""
        home = importlib.import_module("polynet_torch.training.precision")
        return home.autocast(device, dtype)  # type: ignore[no-any-return]  # lazily imported

    def random_state(self) -> dict[str, np.ndarray[Any, Any]]:
        """The state of the generators of all devices in use."""
        return self._random_state.read()  # type: ignore[no-any-return]  # lazily imported

    def set_random_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Put the generators back."""
        self._random_state.write(state)

    def accelerate(self, setting: str) -> str | None:
        """Switch a setting on; see `polynet_torch.acceleration`."""
        home = importlib.import_module("polynet_torch.acceleration")
        return home.accelerate(setting)  # type: ignore[no-any-return]  # lazily imported

    def data_loader(self, load: Loading, options: WorkerOptions) -> WorkerLoader:
        """Batches from worker processes; see `polynet_torch.loading`."""
        loading = importlib.import_module("polynet_torch.loading")
        return loading.TorchLoader(load, options)  # type: ignore[no-any-return]  # lazily imported


@contextlib.contextmanager
def _requiring_grad(sources: list[Any]) -> Iterator[None]:
    """Let plain tensors take part in differentiation for the time being."""
    changed = [
        source for source in sources if not source.requires_grad and source.is_leaf and source.is_floating_point()
    ]
    for source in changed:
        source.requires_grad_(True)
    try:
        yield
    finally:
        for source in changed:
            source.requires_grad_(False)
