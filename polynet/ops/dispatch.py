"""Which backend an operation runs on: the type of its first tensor decides.

`namespace_of` is on the path of every operation, so it is one dictionary look-up: about 0.1 µs. Compilers see through
it: `torch.compile`, `torch.export` and `torch.fx` know the type of what they trace.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from polynet.backend import active_backend, backend_of_class, find_backend, get_backend, installed_backends
from polynet.errors import FrameworkMismatchError
from polynet.tensor_types import CHECKED, NAMESPACES
from polynet.types import Tensor


def namespace_of(tensor: Tensor) -> ModuleType:
    """The `ops` package of the backend that a tensor belongs to.

    Raises:
        FrameworkMismatchError: It is no tensor of a loaded framework.
    """
    namespace = NAMESPACES.get(type(tensor))
    if namespace is not None:
        return namespace
    return _resolve(type(tensor))


def _resolve(tensor_type: type) -> ModuleType:
    if tensor_type in NAMESPACES:
        return NAMESPACES[tensor_type]
    backend = CHECKED.get(tensor_type)
    if backend is not None:
        backend.check_thread()
        return backend.ops
    for base in tensor_type.__mro__[1:]:
        if base in NAMESPACES:
            NAMESPACES[tensor_type] = NAMESPACES[base]
            return NAMESPACES[base]
        if base in CHECKED:
            CHECKED[tensor_type] = CHECKED[base]
            return _resolve(tensor_type)
    name = backend_of_class(tensor_type)
    if name is not None and not find_backend(name).loaded:
        get_backend(name)
        return _resolve(tensor_type)
    message = (
        f"An operation needs a tensor of a framework, not {tensor_type.__module__}.{tensor_type.__qualname__}. "
        f"Make one with polynet.ops.tensor(…). Frameworks: {', '.join(installed_backends()) or 'none installed'}."
    )
    raise FrameworkMismatchError(message)


def namespace_like(like: Any = None) -> ModuleType:
    """The `ops` package for creating a tensor: that of `like`, or of the active backend.

    Raises:
        BackendUnavailableError: `like` is not given and no backend is active.
    """
    return active_backend().ops if like is None else namespace_of(like)
