"""The seam: what a backend must provide.

A backend is a package that registers one `Backend` instance under the entry-point group `polynet.backends`. It must:

1. import its framework only in `load()`, never at its own import;
2. name native classes: `module_type` onto which neutral modules are specialised, `layer(name)` for neutral layers;
3. offer `ops`, a package with every function of `polynet.ops` under the same name and signature;
4. translate state between its own layout and the canonical one (torch's names and shapes, numpy arrays): `slots`;
5. turn whatever its framework cannot survive (threads, forks, bad values) into PolyNet's own errors.

Everything else in PolyNet is written once, in neutral terms, against this interface.
"""

from __future__ import annotations

import abc
import contextlib
import copy
import importlib.metadata
import importlib.util
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from polynet import tensor_types
from polynet.errors import BackendUnavailableError, UnsupportedError
from polynet.types import NativeModule, Tensor

if TYPE_CHECKING:
    import numpy as np

    from polynet.data.workers import Loading, WorkerLoader, WorkerOptions
    from polynet.optimizer import Optimizer
    from polynet.slots import Slot
    from polynet.train.distributed.collectives import Collectives
    from polynet.train.distributed.parallel import Strategy
    from polynet.train.distributed.place import Place


class Backend(abc.ABC):
    """One framework behind the seam. Methods without a body are what a backend must provide.

    Attributes:
        name: The name users write: `"torch"`.
        framework: The import name of the framework; `None` where there is none.
        is_framework: Whether it runs numbers. The shape-only analyser does not.
        thread_bound: Whether it works in one thread only, so that every use is checked.
    """

    name: str
    framework: str | None
    is_framework: bool = True
    thread_bound: bool = False

    def __init__(self) -> None:
        self._load_lock = threading.Lock()
        self._loaded = False

    def __repr__(self) -> str:
        """Show the name and whether the framework is imported."""
        return f"<backend {self.name}{' (loaded)' if self._loaded else ''}>"

    def __reduce__(self) -> tuple[Callable[[str], Backend], tuple[str]]:
        """Pickle by name: a backend is one object per process."""
        from polynet.backend import get_backend

        return get_backend, (self.name,)

    @property
    def installed(self) -> bool:
        """Whether the framework can be found, without importing it."""
        if self.framework is None:
            return True
        try:
            return importlib.util.find_spec(self.framework) is not None
        except (ImportError, ValueError):
            return False

    @property
    def loaded(self) -> bool:
        """Whether the framework is imported."""
        return self._loaded

    @property
    def version(self) -> str | None:
        """Version of the installed framework, read from its metadata; `None` where it is not installed."""
        if self.framework is None or not self.installed:
            return None
        try:
            return importlib.metadata.version(self.framework)
        except importlib.metadata.PackageNotFoundError:
            return "unknown"

    def load(self) -> None:
        """Import the framework once and make its tensors known to `polynet.ops`.

        Raises:
            BackendUnavailableError: The framework is not installed or does not import.
        """
        if self._loaded:
            return
        with self._load_lock:
            if self._loaded:
                return
            if not self.installed:
                message = (
                    f"Backend {self.name!r} needs the package {self.framework!r}, which is not installed here. "
                    f"Install it with: pip install 'polynet[{self.name}]'. `polynet env` shows what is installed."
                )
                raise BackendUnavailableError(message)
            try:
                self._import_framework()
            except ImportError as error:
                message = f"Backend {self.name!r}: importing {self.framework!r} failed: {error}"
                raise BackendUnavailableError(message) from error
            for tensor_type in self.tensor_types:
                tensor_types.register(tensor_type, self)
            self._loaded = True

    @abc.abstractmethod
    def _import_framework(self) -> None:
        """Import the framework and whatever of the adapter needs it."""

    def check_thread(self) -> None:  # noqa: B027 - a framework without such a limit has nothing to check
        """Raise `BackendThreadError` where the framework cannot work in the calling thread or process."""

    # Types

    @property
    @abc.abstractmethod
    def tensor_types(self) -> tuple[type, ...]:
        """Types whose values `polynet.ops` sends to this backend; subclasses follow."""

    @property
    @abc.abstractmethod
    def module_type(self) -> type:
        """The class neutral modules are specialised onto."""

    @property
    @abc.abstractmethod
    def native_module_type(self) -> type:
        """The framework's own module class, from which write-native networks derive."""

    @property
    @abc.abstractmethod
    def parameter_type(self) -> type:
        """The framework's parameter class."""

    @property
    @abc.abstractmethod
    def ops(self) -> ModuleType:
        """The package with every function of `polynet.ops`."""

    @abc.abstractmethod
    def layer(self, name: str) -> type:
        """Native class of a neutral layer; `UnsupportedError` with the reason where there can be none."""

    @abc.abstractmethod
    def layer_instances(self, name: str) -> tuple[type, ...]:
        """Native classes whose instances count as the neutral layer `name`; empty where there is none."""

    # Tensors

    @abc.abstractmethod
    def tensor(self, value: Any, *, dtype: str | None = None, device: str | None = None) -> Tensor:
        """A native tensor with a copy of an array's or nested list's numbers."""

    @abc.abstractmethod
    def numpy(self, tensor: Tensor) -> np.ndarray[Any, Any]:
        """A tensor's numbers as an array of its own, after everything pending has run."""

    @abc.abstractmethod
    def parameter(self, value: Any, *, requires_grad: bool = True) -> Any:
        """A native parameter from an array or a tensor."""

    @abc.abstractmethod
    def is_tracing(self) -> bool:
        """Whether a tracer or compiler is recording, so that checks of values must not run."""

    @abc.abstractmethod
    def synchronise(self) -> None:
        """Wait until everything submitted has run, so that late errors surface here."""

    @abc.abstractmethod
    def seed(self, value: int) -> None:
        """Seed the framework's own generators (dropout, `ops.rand` without a generator)."""

    # Construction and devices

    @abc.abstractmethod
    def building(self) -> contextlib.AbstractContextManager[Callable[[Iterable[Tensor]], None]]:
        """A context in which native random initialisation is skipped: the initial weights follow at once.

        It yields a function that runs what was skipped after all, except on the tensors it is given.
        """

    def copier(self, layer: NativeModule) -> Callable[[], NativeModule | None] | None:
        """What makes further layers like one just made within `building()`, faster than their constructor would.

        Returns:
            A function to be called within the same context. It returns a layer that shares nothing which may change
            with any other, or `None` where the constructor would now make another layer. `None` instead of a function
            where the layer cannot be copied.
        """
        return None

    @abc.abstractmethod
    def devices(self) -> tuple[str, ...]:
        """Neutral names of the devices present: `("cpu", "cuda:0")`."""

    @abc.abstractmethod
    def resolve_device(self, device: str) -> str:
        """The framework's spelling of a neutral or native device name; `DeviceError` where it is not present."""

    @abc.abstractmethod
    def place(self, module: NativeModule, device: str) -> NativeModule:
        """Move a module's parameters and buffers to a device (native spelling), in place."""

    @abc.abstractmethod
    def follow_device(self, module: NativeModule, device: str) -> None:
        """From now on move the tensors `module` is called with to `device` (native spelling)."""

    @abc.abstractmethod
    def device_of(self, module_or_tensor: Any) -> str:
        """Neutral name of the device a tensor, or a module's first parameter, lies on."""

    # State and training

    @abc.abstractmethod
    def slots(self, module: NativeModule) -> Mapping[str, Slot]:
        """Every parameter and persistent buffer, by canonical name, in the canonical layout."""

    @abc.abstractmethod
    def set_training(self, module: NativeModule, mode: bool) -> None:
        """Put a module, of whatever origin, into training (`True`) or evaluation mode."""

    def copied(self, module: NativeModule) -> NativeModule:
        """A deep copy of a module; its parameters are its own."""
        return copy.deepcopy(module)

    def lerp_(self, targets: Sequence[Tensor], sources: Sequence[Tensor], weight: float) -> None:
        """Move each target the fraction `weight` of the way to its source, in place.

        Whole numbers and booleans are copied, and everything is where the weight is 1. Sources may lie on other devices
        and be of other dtypes.
        """
        message = f"Backend {self.name!r} cannot move tensors: it has no numbers."
        raise UnsupportedError(message)

    def swap_(self, left: Sequence[Tensor], right: Sequence[Tensor]) -> None:
        """Exchange the numbers of each pair of tensors, in place."""
        message = f"Backend {self.name!r} cannot exchange tensors: it has no numbers."
        raise UnsupportedError(message)

    def collectives(self, place: Place, *, device: str, timeout: float) -> Collectives:
        """Meet the other processes of a run, and return how to communicate with them.

        Args:
            place: Where this process stands among them; there is more than one.
            device: Neutral name of the device it computes on.
            timeout: Seconds to wait for the others, now and later.
        """
        message = f"Backend {self.name!r} trains nothing, so it has no use for more than one process."
        raise UnsupportedError(message)

    def parallelise(self, model: Any, collectives: Collectives, strategy: str, **options: Any) -> Strategy:
        """Prepare a model, which has `train_step`, to train in all processes together.

        Args:
            model: The same in every process.
            collectives: What `collectives` returned.
            strategy: `"replicate"` or `"shard"`.
            **options: The strategy's own.
        """
        message = f"Backend {self.name!r} trains nothing, so it has no use for more than one process."
        raise UnsupportedError(message)

    def reference_twin(self, module: NativeModule) -> NativeModule | None:
        """A float64 copy of a module, against which float32 errors are judged; `None` where there is no float64."""
        return None

    @abc.abstractmethod
    def differentiate(
        self, function: Callable[[], Tensor], sources: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor | None]]:
        """Run `function`, which returns a scalar, and return it with its gradient for each source.

        A source that the scalar does not depend on has the gradient `None`.
        """

    @abc.abstractmethod
    def optimizer(
        self, name: str, module: NativeModule, groups: Iterable[Mapping[str, Any]] | None = None, **options: Any
    ) -> Optimizer:
        """A native optimiser over a module's trainable parameters, with torch's meaning of every option.

        Args:
            name: `"sgd"`, `"adam"`, `"adamw"`, `"rmsprop"`, `"adagrad"`, `"adadelta"`, `"lars"` or `"lamb"`, in
                whatever case.
            module: Whose parameters to step; frozen ones are left out.
            groups: Mappings with `"names"` (canonical names of parameters) and the options in which these differ;
                parameters in no group are not stepped. `None`: all parameters, all alike.
            **options: As `torch.optim` names them; `lr` and so on.

        Raises:
            UnknownNameError: There is no such optimiser.
            OptionError: It has no such option or cannot use its value, a group is wrong, or nothing is trainable.
        """

    def why_no_autocast(self, device: str, dtype: str) -> str | None:
        """Why the framework cannot compute in lower precision; `None` where `autocast` works.

        Args:
            device: A neutral device name.
            dtype: `"float16"` or `"bfloat16"`.
        """
        return f"backend {self.name!r} has no lower precision."

    def autocast(self, device: str, dtype: str) -> contextlib.AbstractContextManager[Any]:
        """A context in which the framework computes in a lower precision wherever it holds that to be safe.

        Raises:
            UnsupportedError: It cannot; the message is that of `why_no_autocast`.
        """
        message = f"Backend {self.name!r} cannot compute as {dtype!r} on {device!r}: it has no lower precision."
        raise UnsupportedError(message)

    def random_state(self) -> dict[str, np.ndarray[Any, Any]]:
        """The state of the framework's own generators, as arrays of bytes by the generator's name."""
        message = f"Backend {self.name!r} draws no random numbers."
        raise UnsupportedError(message)

    def set_random_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Put the framework's generators back into a state that `random_state` gave.

        Raises:
            WeightsError: It is of another framework, or damaged; nothing is changed then.
        """
        message = f"Backend {self.name!r} draws no random numbers."
        raise UnsupportedError(message)

    def accelerate(self, setting: str) -> str | None:
        """Switch on one of BaseCls's settings for speed or memory, for the whole process.

        Args:
            setting: `"fastrun"` (try kernels and take the fastest), `"dtr"` (recompute what memory has no room for) or
                `"trace"` (compile the training step).

        Returns:
            Why it cannot be switched on; `None` where it is.
        """
        return f"backend {self.name!r} trains nothing."

    def set_recomputed(self, modules: Sequence[NativeModule], enable: bool) -> None:
        """Have blocks computed anew in the backward pass instead of keeping what they computed, or no longer.

        Raises:
            UnsupportedError: The framework cannot do this by block; the message says what it has instead.
        """
        message = f"Backend {self.name!r} has no backward pass, so there is nothing to compute anew."
        raise UnsupportedError(message)

    def data_loader(self, load: Loading, options: WorkerOptions) -> WorkerLoader:
        """Load batches in worker processes, through the framework's own loader.

        Args:
            load: What a worker runs: from the request of a batch to its block of bytes. It uses no framework.
            options: How many workers, and how they work.

        Raises:
            UnsupportedError: The backend runs no numbers, so that there is nothing to load for.
        """
        message = f"Backend {self.name!r} has no loader of data. num_workers=0 loads in this process."
        raise UnsupportedError(message)
