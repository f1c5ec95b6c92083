"""The mechanism: a neutral class, instantiated while a backend is active, becomes a real module of that framework.

`Module` knows no framework. Calling a class that derives from it gives an instance of a cached subclass
`(YourClass, native module class)`, so `super().__init__()` reaches the framework's own constructor through the MRO, and
`isinstance` holds for your class and for the framework's. A class declared with `native="Conv2d"` stands for the layer
of that name: calling it gives the framework's own layer, with nothing around it; deriving from it gives a native
subclass.
"""

from __future__ import annotations

import abc
import copyreg
import inspect
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from polynet.backend import (
    _ACTIVE,
    Backend,
    active_backend,
    backend_of,
    backend_of_class,
    find_backend,
    get_backend,
    loaded_backends,
    use_backend,
)
from polynet.errors import FrameworkMismatchError, InputTypeError
from polynet.nn.explain import REFUSALS, explain_call, explain_values
from polynet.nn.refusals import explaining, is_explaining
from polynet.nn.repetition import key_of, repetition_of
from polynet.nn.rules import Rule
from polynet.types import Tensor

if TYPE_CHECKING:
    import numpy as np

_SPECIALISING = threading.RLock()


class NeutralMeta(abc.ABCMeta):
    """Metaclass of neutral modules. It derives from `ABCMeta` because MegEngine's `Module` has that one."""

    _native_name: str | None
    _rule: Rule | None
    _polynet_backend: str
    _specialisations: dict[str, type]

    def __new__(
        mcs,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        native: str | None = None,
        rule: Rule | None = None,
        **options: Any,
    ) -> NeutralMeta:
        """Create a class; `native` names the framework layer it stands for, `rule` checks what that is made with."""
        cls = super().__new__(mcs, name, bases, namespace, **options)
        cls._native_name = native
        cls._rule = staticmethod(rule) if rule is not None else None
        cls._specialisations = {}
        if rule is not None:
            # What derives from the layer comes by here on its way to the framework's constructor.
            cls.__init__ = _checking_constructor(cls, rule)  # type: ignore[misc]  # a class in the making
        for base in bases:
            # A native class among the bases (`class Mine(nn.Module, torch.nn.Conv2d)`) settles the backend.
            if not isinstance(base, NeutralMeta) and (bound := backend_of_class(base)) is not None:
                cls._polynet_backend = bound
        return cls

    @property
    def __signature__(cls) -> inspect.Signature:
        """The constructor's signature, which `inspect` would otherwise take from `__call__`."""
        constructor = inspect.getattr_static(cls, "__init__")
        if not inspect.isfunction(constructor):
            natives = {base._native_name for base in cls.__mro__ if isinstance(base, NeutralMeta)}
            if natives <= {None, "Module"} and getattr(cls, "_polynet_backend", None) is None:
                return inspect.Signature()  # a bare module, which takes no options
            message = f"{cls.__qualname__} has no constructor of its own"
            raise AttributeError(message)
        signature = inspect.signature(constructor)
        parameters = [parameter for name, parameter in signature.parameters.items() if name != "_"]
        return signature.replace(parameters=parameters[1:])

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        """Build an instance on the active backend, or on the one the class was specialised for."""
        bound: str | None = getattr(cls, "_polynet_backend", None)
        backend = active_backend() if bound is None else get_backend(bound)
        target = specialise(cls, backend)
        token = _ACTIVE.set(backend)
        try:
            if isinstance(target, NeutralMeta):
                return super(NeutralMeta, target).__call__(*arguments, **options)
            return _layer(cls, target, backend, arguments, options)
        except REFUSALS as error:
            if isinstance(error, TypeError):
                if cls._native_name is not None and cls._rule is not None:
                    explain_call(cls, arguments, options, error)
                explain_call(target, arguments, options, error)
            if not isinstance(target, NeutralMeta):
                explain_values(target, arguments, options, error)
            raise
        finally:
            _ACTIVE.reset(token)

    def __instancecheck__(cls, instance: Any) -> bool:
        """Count the frameworks' own layers as instances of the neutral layer they are."""
        if type.__instancecheck__(cls, instance):
            return True
        name = cls.__dict__["_native_name"]
        return name is not None and _is_native(type(instance), name)

    def __subclasscheck__(cls, subclass: type) -> bool:
        """Count the frameworks' own layer classes as subclasses of the neutral layer they are."""
        if type.__subclasscheck__(cls, subclass):
            return True
        name = cls.__dict__["_native_name"]
        return name is not None and _is_native(subclass, name)


def _layer(
    cls: NeutralMeta, target: type, backend: Backend, arguments: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """Make a framework's layer of options that were checked, or copy one made alike of the same network."""
    repetition = repetition_of(backend)
    key = None if repetition is None else key_of(cls, arguments, options)
    if repetition is not None and (copy := repetition.copy(key)) is not None:
        return copy
    if cls._rule is not None:
        cls._rule(cls.__name__, *arguments, **options)
    made = target(*arguments, **options)
    if repetition is not None:
        repetition.keep(key, made)
    return made


def _checking_constructor(cls: NeutralMeta, rule: Rule) -> Callable[..., None]:
    """A constructor that checks a layer's options and hands them on to the framework's."""

    def __init__(self: Any, *arguments: Any, **options: Any) -> None:  # noqa: N807 - it becomes one
        try:
            rule(type(self).__name__, *arguments, **options)
            # mypy does not see that an instance of a metaclass is a class.
            super(cls, self).__init__(*arguments, **options)  # type: ignore[arg-type]
        except TypeError as error:
            explain_call(cls, arguments, options, error)
            raise

    # `inspect.signature` follows this, so that the layer's signature is the rule's.
    __init__.__wrapped__ = rule  # type: ignore[attr-defined]  # functions take attributes
    __init__.__qualname__ = f"{cls.__qualname__}.__init__"
    return __init__


def _is_native(candidate: type, name: str) -> bool:
    """Whether a framework's class counts as the neutral class of this native name."""
    if any(issubclass(candidate, _counted(backend, name)) for backend in loaded_backends()):
        return True
    home = backend_of_class(candidate)
    if home is None or find_backend(home).loaded:
        return False
    # The user imported the framework, and nobody asked PolyNet for it yet.
    return issubclass(candidate, _counted(get_backend(home), name))


def _counted(backend: Backend, name: str) -> tuple[type, ...]:
    """Native classes that count as the neutral class of this native name."""
    return (backend.native_module_type,) if name == "Module" else backend.layer_instances(name)


def specialise(cls: type, backend: Backend | str) -> type:
    """The native class that a neutral class becomes on a backend.

    Args:
        cls: A class deriving from `Module`.
        backend: A backend or its name.

    Returns:
        For a layer, the backend's own class; otherwise a subclass of `cls` and the native class. The same class at
        every call.

    Example:
        >>> specialise(polynet.nn.Conv2d, "torch")
        <class 'torch.nn.modules.conv.Conv2d'>
    """
    if not isinstance(backend, Backend):
        backend = get_backend(backend)
    if not isinstance(cls, NeutralMeta) or backend.native_module_type in cls.__mro__:
        return cls
    cached = cls._specialisations.get(backend.name)
    if cached is not None:
        return cached
    with _SPECIALISING:
        if backend.name not in cls._specialisations:
            cls._specialisations[backend.name] = _make_specialised(cls, backend)
        return cls._specialisations[backend.name]


def _make_specialised(cls: NeutralMeta, backend: Backend) -> type:
    if cls._native_name is not None:
        return backend.module_type if cls._native_name == "Module" else backend.layer(cls._native_name)
    natives: list[type] = []
    for base in cls.__mro__:
        name = base.__dict__.get("_native_name")
        if name is None:
            continue
        native = backend.module_type if name == "Module" else backend.layer(name)
        if not any(type.__subclasscheck__(native, other) for other in natives):
            natives.append(native)
    namespace: dict[str, Any] = {
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__doc__": cls.__doc__,
        "_polynet_backend": backend.name,
        "_polynet_neutral": cls,
    }
    specialised = NeutralMeta(cls.__name__, (cls, *natives), namespace)
    caller = next(base for base in specialised.__mro__ if "__call__" in vars(base))
    if not is_explaining(vars(caller)["__call__"]):
        specialised.__call__ = explaining(caller)  # type: ignore[method-assign]  # a class in the making
    return specialised


def _reduce_class(cls: NeutralMeta) -> str | tuple[Callable[..., type], tuple[type, str]]:
    """Pickle a specialised class as (neutral class, backend name); any other by its qualified name."""
    neutral = cls.__dict__.get("_polynet_neutral")
    if neutral is None:
        return cls.__qualname__
    return specialise, (neutral, cls.__dict__["_polynet_backend"])


copyreg.pickle(NeutralMeta, _reduce_class)  # type: ignore[arg-type]  # typeshed does not know the string form


class Module(metaclass=NeutralMeta, native="Module"):
    """Base of every network, block and layer defined once for all frameworks.

    Derive from it, call `super().__init__()` first, build children from `polynet.nn` and compute with `polynet.ops` in
    `forward`. What comes out is a `torch.nn.Module` or a `megengine.module.Module`, and everything either framework
    does with its modules works: only the members declared here exist on both.

    Example:
        >>> class Double(polynet.nn.Module):
        ...     def forward(self, x):
        ...         return x + x
        >>> with polynet.use_backend("torch"):
        ...     net = Double()
        >>> net(ops.tensor([1.0, 2.0])).tolist()
        [2.0, 4.0]
    """

    if TYPE_CHECKING:
        training: bool

        def __init__(self, *arguments: Any, **options: Any) -> None: ...
        def __call__(self, *arguments: Any, **options: Any) -> Any: ...
        def forward(self, *arguments: Any, **options: Any) -> Any: ...
        def train(self, mode: bool = True) -> Any: ...
        def eval(self) -> Any: ...
        def parameters(self) -> Iterator[Tensor]: ...
        def named_parameters(self) -> Iterator[tuple[str, Tensor]]: ...
        def buffers(self) -> Iterator[Tensor]: ...
        def named_buffers(self) -> Iterator[tuple[str, Tensor]]: ...
        def children(self) -> Iterator[Any]: ...
        def named_children(self) -> Iterator[tuple[str, Any]]: ...
        def modules(self) -> Iterator[Any]: ...
        def named_modules(self) -> Iterator[tuple[str, Any]]: ...
        def get_submodule(self, target: str) -> Any: ...
        def add_module(self, name: str, module: Any) -> None: ...
        def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None: ...
        def register_parameter(self, name: str, param: Any) -> None: ...
        def apply(self, function: Callable[[Any], object]) -> Any: ...
        def state_dict(self) -> dict[str, Any]: ...
        def requires_grad_(self, requires_grad: bool = True) -> Any: ...


def same_backend(module: Any) -> use_backend:
    """Context in which new layers are built on the framework of an existing module.

    For methods that build layers after construction, such as `reset_classifier`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     first = polynet.nn.Linear(2, 3)
        >>> with same_backend(first):
        ...     second = polynet.nn.ReLU()
        >>> type(second)
        <class 'torch.nn.modules.activation.ReLU'>
    """
    return use_backend(backend_of(module))


class ParameterMeta(type):
    """Metaclass of `Parameter`: calling it makes a native parameter, and `isinstance` holds for native ones."""

    def __call__(cls, data: Tensor | np.ndarray[Any, Any], requires_grad: bool = True) -> Any:
        """Make a parameter of the active backend."""
        backend = active_backend()
        foreign = backend_of_class(type(data))
        if foreign not in (None, backend.name):
            message = f"Parameter: the active backend is {backend.name!r}, and the data is a tensor of {foreign!r}."
            raise FrameworkMismatchError(message)
        value = data if isinstance(data, backend.tensor_types) else backend.tensor(data)
        dtype = backend.ops.dtype_name(value)
        if requires_grad and dtype.startswith(("int", "uint", "bool")):
            message = (
                f"Parameter: a parameter is trained, so it holds floating-point numbers, not {dtype}. Give it floats, "
                "or keep whole numbers by register_buffer."
            )
            raise InputTypeError(message)
        return backend.parameter(value, requires_grad=requires_grad)

    def __instancecheck__(cls, instance: Any) -> bool:
        """Whether it is a parameter of a loaded framework."""
        return any(isinstance(instance, backend.parameter_type) for backend in loaded_backends())


class Parameter(metaclass=ParameterMeta):
    """A trainable tensor: calling it gives the framework's own parameter.

    Args:
        data: Initial value: an array, nested list, or native tensor.
        requires_grad: Whether it is trained.

    Raises:
        FrameworkMismatchError: The data is a tensor of another framework than the active one.
        InputTypeError: It is to be trained, and its numbers are not floating-point ones.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     weight = polynet.nn.Parameter(np.zeros((2, 3), np.float32))
        >>> type(weight)
        <class 'torch.nn.parameter.Parameter'>
    """

    if TYPE_CHECKING:

        def __init__(self, data: Any, requires_grad: bool = True) -> None: ...
