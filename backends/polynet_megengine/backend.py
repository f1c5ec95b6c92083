"""MegEngine's side of the seam."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from polynet.backend import Backend
from polynet.data.workers import Loading, WorkerLoader, WorkerOptions
from polynet.errors import BackendThreadError, FrameworkMismatchError, UnsupportedError, suggest
from polynet.optimizer import Optimizer
from polynet.slots import Slot
from polynet.types import NativeModule, Tensor

if TYPE_CHECKING:
    from polynet.train.distributed.collectives import Collectives
    from polynet.train.distributed.parallel import Strategy
    from polynet.train.distributed.place import Place

with warnings.catch_warnings():
    # MegEngine's library switches subnormal numbers off. numpy looks for the smallest when first asked for a type's
    # limits, and would then warn of a zero, in whatever asks: matplotlib, say. It remembers what it finds now.
    warnings.simplefilter("ignore")
    for _kind in (np.float16, np.float32, np.float64, np.longdouble):
        np.finfo(_kind)


class MegEngineBackend(Backend):
    """Builds `megengine.module.Module`s with torch's names, arguments and defaults.

    MegEngine works only in the thread that imported it and not in a forked child; `check_thread` says so before
    MegEngine's own assertion does.
    """

    name = "megengine"
    framework = "megengine"
    thread_bound = True

    def __init__(self) -> None:
        super().__init__()
        self._thread: int | None = None
        self._process: int | None = None

    def _import_framework(self) -> None:
        imported_before = "megengine" in sys.modules
        if not imported_before and not Path("/dev/nvidiactl").exists():
            # Without a GPU the default device "xpux" makes MegEngine's CUDA stub print a page of debug lines.
            os.environ.setdefault("MGE_DEFAULT_DEVICE", "cpux")
        with warnings.catch_warnings():
            # MegEngine imports pkg_resources, whose end setuptools announces.
            warnings.filterwarnings("ignore", message=".*pkg_resources.*")
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            self._megengine = importlib.import_module("megengine")
            importlib.import_module("megengine.module")
            importlib.import_module("megengine.functional")
        if imported_before:
            # Spawned workers need the same default device: devices do not mix, and tensors keep theirs in pickles.
            os.environ.setdefault("MGE_DEFAULT_DEVICE", str(self._megengine.get_default_device()))
        self._thread = _home_thread(self._megengine) if imported_before else threading.get_ident()
        self._process = os.getpid()
        self._module = importlib.import_module("polynet_megengine.module")
        self._ops = importlib.import_module("polynet_megengine.ops")
        self._layers = importlib.import_module("polynet_megengine.layers")
        self._copying = importlib.import_module("polynet_megengine.copying")
        self._device = importlib.import_module("polynet_megengine.device")
        self._state = importlib.import_module("polynet_megengine.state")
        self._random_state = importlib.import_module("polynet_megengine.training.random_state")
        importlib.import_module("polynet_megengine.matrix_kernels").choose_kernels()
        importlib.import_module("polynet_megengine.slicing").copy_slices_where_misread()
        importlib.import_module("polynet_megengine.division").refuse_zero_divisors()
        importlib.import_module("polynet_megengine.parameter").let_parameters_be_frozen()
        importlib.import_module("polynet_megengine.operands").refuse_foreign_operands()

    def check_thread(self) -> None:
        """Refuse other threads than the importing one, and forked children.

        Raises:
            BackendThreadError: MegEngine cannot work here.
        """
        if self._thread is None or (threading.get_ident() == self._thread and os.getpid() == self._process):
            return
        if os.getpid() != self._process:
            message = (
                "MegEngine does not work in a process forked after it was imported. "
                "Start workers with multiprocessing.get_context('spawn')."
            )
        else:
            message = (
                f"MegEngine works only in the thread that imported it, and this is thread "
                f"{threading.current_thread().name!r}. Run MegEngine work in that thread, for instance through a "
                "queue, or import megengine first in the one thread that is to use it."
            )
        raise BackendThreadError(message)

    @property
    def tensor_types(self) -> tuple[type, ...]:
        """`megengine.Tensor`."""
        return (self._megengine.Tensor,)

    @property
    def module_type(self) -> type:
        """MegEngine's module with torch's vocabulary added."""
        return self._module.Module  # type: ignore[no-any-return]  # lazily imported, so untyped here

    @property
    def native_module_type(self) -> type:
        """`megengine.module.Module`."""
        return self._megengine.module.Module  # type: ignore[no-any-return]  # as above

    @property
    def parameter_type(self) -> type:
        """`megengine.Parameter`."""
        return self._megengine.Parameter  # type: ignore[no-any-return]  # as above

    @property
    def ops(self) -> ModuleType:
        """`polynet_megengine.ops`."""
        return self._ops

    def layer(self, name: str) -> type:
        """The adapter's subclass of the native layer, or its own where MegEngine has none.

        Raises:
            UnsupportedError: There is no such layer.
        """
        found = self._layers.LAYERS.get(name)
        if found is None:
            message = f"Backend 'megengine' has no layer {name!r}.{suggest(name, self._layers.LAYERS)}"
            raise UnsupportedError(message)
        return found  # type: ignore[no-any-return]  # lazily imported

    def layer_instances(self, name: str) -> tuple[type, ...]:
        """MegEngine's own class of that name, whose subclass ours is, and ours."""
        found = self._layers.LAYERS.get(name)
        if found is None:
            return ()
        native = getattr(self._megengine.module, name, None)
        return (found, native) if isinstance(native, type) and issubclass(found, native) else (found,)

    def tensor(self, value: Any, *, dtype: str | None = None, device: str | None = None) -> Tensor:
        """A tensor with a copy of the numbers; int64 becomes int32 and float64 float32, the widest there are."""
        return self._ops.tensor(value, dtype=dtype, device=device)

    def numpy(self, tensor: Tensor) -> np.ndarray[Any, Any]:
        """An array of its own, after everything pending has run."""
        self.check_thread()
        if not isinstance(tensor, self._megengine.Tensor):
            message = f"A megengine.Tensor is needed, not {type(tensor).__module__}.{type(tensor).__qualname__}."
            raise FrameworkMismatchError(message)
        return np.array(tensor.numpy())

    def parameter(self, value: Any, *, requires_grad: bool = True) -> Any:
        """A `megengine.Parameter` whose `requires_grad` can be set."""
        data = value if isinstance(value, self._megengine.Tensor) else self.tensor(value)
        parameter = self._megengine.Parameter(data)
        if not requires_grad:
            parameter.requires_grad = False
        return parameter

    def is_tracing(self) -> bool:
        """Whether `megengine.jit.trace` or `traced_module` is recording."""
        return self._state.is_tracing()  # type: ignore[no-any-return]  # lazily imported

    def synchronise(self) -> None:
        """Run everything pending, so that late errors surface here."""
        self.check_thread()
        self._megengine._full_sync()

    def seed(self, value: int) -> None:
        """Seed MegEngine's global generator."""
        self._random_state.seed(value)

    def building(self) -> contextlib.AbstractContextManager[Callable[[Iterable[Tensor]], None]]:
        """Skip MegEngine's random initialisation, which takes longer than the rest of building."""
        initialisation = importlib.import_module("polynet_megengine.layers.initialisation")
        return initialisation.skip_initialisation()  # type: ignore[no-any-return]  # lazily imported

    def copier(self, layer: NativeModule) -> Callable[[], NativeModule | None] | None:
        """Copy what the layer holds, its tensors sharing their numbers; see `polynet_megengine.copying`."""
        return self._copying.copier(layer)  # type: ignore[no-any-return]  # lazily imported

    def devices(self) -> tuple[str, ...]:
        """`cpu`, then every GPU as `cuda:N`."""
        return self._device.devices()  # type: ignore[no-any-return]  # lazily imported

    def resolve_device(self, device: str) -> str:
        """MegEngine's spelling: `cpu` is the default CPU node, `cuda:1` is `gpu1`."""
        return self._device.resolve(device)  # type: ignore[no-any-return]  # lazily imported

    def place(self, module: NativeModule, device: str) -> NativeModule:
        """Move every tensor of a module, keeping parameters parameters."""
        self.check_thread()
        for tensor in module.tensors():
            tensor._reset(tensor.to(device))
        return module

    def follow_device(self, module: NativeModule, device: str) -> None:
        """Move what `module` is called with, by a forward pre-hook."""
        self._device.follow(module, device)

    def device_of(self, module_or_tensor: Any) -> str:
        """`cpu` or `cuda:N`; a module without tensors counts as being on the CPU."""
        if isinstance(module_or_tensor, self._megengine.Tensor):
            return self._device.neutral(module_or_tensor.device)  # type: ignore[no-any-return]  # lazily imported
        first = next(iter(module_or_tensor.tensors()), None)
        return "cpu" if first is None else self._device.neutral(first.device)

    def slots(self, module: NativeModule) -> Mapping[str, Slot]:
        """Parameters and persistent buffers under torch's names and shapes."""
        self.check_thread()
        return self._state.slots(module)  # type: ignore[no-any-return]  # lazily imported

    def set_recomputed(self, modules: Sequence[NativeModule], enable: bool) -> None:
        """MegEngine cannot choose blocks; switching off what is never on is no fault."""
        if enable:
            message = (
                "MegEngine 1.13 cannot compute single blocks anew in the backward pass. It can do so tensor by tensor "
                "for the whole process: `import megengine; megengine.dtr.enable()`, with "
                "`megengine.dtr.eviction_threshold = '5GB'` for how much memory may be in use before."
            )
            raise UnsupportedError(message)

    def set_training(self, module: NativeModule, mode: bool) -> None:
        """`module.train(mode)`; MegEngine's own module returns nothing from it."""
        module.train(mode)

    def lerp_(self, targets: Sequence[Tensor], sources: Sequence[Tensor], weight: float) -> None:
        """Reset each target to a tensor of its own."""
        self.check_thread()
        importlib.import_module("polynet_megengine.averaging").lerp_(targets, sources, weight)

    def swap_(self, left: Sequence[Tensor], right: Sequence[Tensor]) -> None:
        """Exchange what the tensors hold; nothing is copied."""
        self.check_thread()
        importlib.import_module("polynet_megengine.averaging").swap_(left, right)

    def differentiate(
        self, function: Callable[[], Tensor], sources: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor | None]]:
        """One recorded run under a `GradManager`; every `.grad` is left as it was."""
        self.check_thread()
        return self._state.differentiate(function, list(sources))  # type: ignore[no-any-return]  # lazily imported

    def collectives(self, place: Place, *, device: str, timeout: float) -> Collectives:
        """MegEngine's own `distributed` on GPUs; torch's gloo on a CPU, where MegEngine has nothing."""
        self.check_thread()
        home = importlib.import_module("polynet_megengine.distributed.collectives")
        return home.meet(place, device, timeout)  # type: ignore[no-any-return]  # lazily imported

    def parallelise(self, model: Any, collectives: Collectives, strategy: str, **options: Any) -> Strategy:
        """Replicas whose gradients are averaged.

        Raises:
            UnsupportedError: Parameters are to be sharded, which MegEngine cannot.
        """
        if strategy == "shard":
            message = "MegEngine cannot shard parameters over processes, as FSDP does: use strategy 'replicate'."
            raise UnsupportedError(message)
        home = importlib.import_module("polynet_megengine.distributed.replicated")
        return home.Replicated(model, collectives, **options)  # type: ignore[no-any-return]  # lazily imported

    def optimizer(
        self, name: str, module: NativeModule, groups: Iterable[Mapping[str, Any]] | None = None, **options: Any
    ) -> Optimizer:
        """A `megengine.optimizer` optimiser; see `polynet_megengine.training.optimizer`."""
        self.check_thread()
        home = importlib.import_module("polynet_megengine.training.optimizer")
        return home.optimizer(name, module, groups, **options)  # type: ignore[no-any-return]  # lazily imported

    def why_no_autocast(self, device: str, dtype: str) -> str | None:
        """Why not, where there is none; see `polynet_megengine.training.precision`."""
        home = importlib.import_module("polynet_megengine.training.precision")
        return home.why_not(device, dtype)  # type: ignore[no-any-return]  # lazily imported

    def autocast(self, device: str, dtype: str) -> contextlib.AbstractContextManager[Any]:
        """`megengine.amp.autocast`."""
        home = importlib.import_module("polynet_megengine.training.precision")
        return home.autocast(device, dtype)  # type: ignore[no-any-return]  # lazily imported

    def random_state(self) -> dict[str, np.ndarray[Any, Any]]:
        """The last seed: MegEngine lets nobody read how far its generator has got."""
        return self._random_state.read()  # type: ignore[no-any-return]  # lazily imported

    def set_random_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Seed again, which begins the numbers anew."""
        self.check_thread()
        self._random_state.write(state)

    def accelerate(self, setting: str) -> str | None:
        """Switch a setting on; see `polynet_megengine.acceleration`."""
        home = importlib.import_module("polynet_megengine.acceleration")
        return home.accelerate(setting)  # type: ignore[no-any-return]  # lazily imported

    def data_loader(self, load: Loading, options: WorkerOptions) -> WorkerLoader:
        """Batches from worker processes; see `polynet_megengine.loading`."""
        self.check_thread()
        loading = importlib.import_module("polynet_megengine.loading")
        return loading.MegEngineLoader(load, options)  # type: ignore[no-any-return]  # lazily imported


def _home_thread(megengine: Any) -> int:
    """The thread of a MegEngine that somebody else imported: this one if an operation runs, else the main one."""
    try:
        megengine.tensor(0.0).numpy()
    except RuntimeError:
        return threading.main_thread().ident or 0
    return threading.get_ident()
