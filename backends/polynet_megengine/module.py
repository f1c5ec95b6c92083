"""`megengine.module.Module` with torch's vocabulary: what neutral classes become on MegEngine."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import megengine
import megengine.module as M
from megengine.core._imperative_rt.core2 import is_tracing_module
from megengine.jit.tracing import is_tracing
from megengine.module.module import _expand_structure
from megengine.utils.naming import AutoNaming

from polynet.backend import find_backend
from polynet.errors import UnsupportedError
from polynet.nn.refusals import explain_refusal, explains
from polynet.types import Tensor
from polynet_megengine.members import PLAIN, members_of, name_module, name_tensor

_Native = M.Module
_RESERVED = frozenset({"name", "_name", "_short_name"})


class Module(M.Module):
    """A MegEngine module that answers to torch's names as well as to its own.

    Members are listed in the order of their definition, as torch lists them, not alphabetically. Registration stays
    MegEngine's: any `Parameter`, `Tensor` (a buffer) or `Module` among the attributes, also inside lists and dicts.

    Example:
        >>> from polynet_megengine.module import Module
        >>> from megengine import tensor
        >>> module = Module()
        >>> module.register_buffer("scale", tensor(2.0))
        >>> [name for name, _ in module.named_buffers()]
        ['scale']
        >>> module.eval().training
        False
    """

    _non_persistent_buffers: frozenset[str] = frozenset()

    @explains
    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Run hooks and `forward`.

        Raises:
            InputError: The framework refused what it was called with; the message says which layer did, and why.
            FrameworkMismatchError: It was called with an array or another framework's tensor.
            BackendThreadError: MegEngine does not work in the calling thread.
        """
        try:
            if self._forward_hooks or self._forward_pre_hooks or is_tracing_module() or is_tracing():
                return _Native.__call__(self, *inputs, **options)
            # MegEngine's own call would only name what nobody records, which takes as long as a small layer's Python.
            return self.forward(*inputs, **options)
        except Exception as error:
            if AutoNaming.scopes:
                # MegEngine leaves it when a call succeeds.
                AutoNaming.pop_scope()
            explain_refusal(self, inputs, options, error)
            raise

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Compute the output; subclasses define it."""
        message = f'Module {type(self).__name__} is missing the required "forward" function.'
        raise NotImplementedError(message)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; tensors and modules become members.

        Raises:
            AttributeError: A tensor or module was given before `super().__init__()` ran; torch raises the same.
        """
        modules: Any = self.__dict__.get("_modules")
        if type(value) in PLAIN and (modules is None or name not in modules):
            object.__setattr__(self, name, value)
            return
        if modules is None and name != "_modules":
            if any(True for _ in _expand_structure(name, value)):
                kind = "module" if isinstance(value, M.Module) else "parameter, buffer or module"
                message = f"{type(self).__name__}.{name}: call super().__init__() before assigning a {kind}."
                raise AttributeError(message)
            object.__setattr__(self, name, value)
            return
        if isinstance(value, M.Module):
            # The same module under a second name, or a moved one: MegEngine would log a warning.
            if value._short_name not in (None, name):
                value._short_name = None
            if name not in modules:
                modules.append(name)
            name_module(value, self._name or self.name, name)
            object.__setattr__(self, name, value)
            return
        if isinstance(value, megengine.Tensor) and value._short_name in (None, "", value.name or name):
            if name in modules:
                modules.remove(name)
            name_tensor(value, self._name or self.name, name)
            object.__setattr__(self, name, value)
            return
        super().__setattr__(name, value)

    def _flatten(
        self,
        *,
        recursive: bool = True,
        with_key: bool = False,
        with_parent: bool = False,
        prefix: str | None = None,
        predicate: Callable[[Any], bool] = lambda _: True,
        seen: set[int] | None = None,
    ) -> Iterator[Any]:
        """MegEngine's walk over tensors and modules, in the order of definition: own tensors first, as in torch."""
        seen = {id(self)} if seen is None else seen
        start = "" if prefix is None else prefix + "."
        leaves = members_of(self)
        leaves.sort(key=lambda leaf: isinstance(leaf[1], M.Module))
        for key, leaf in leaves:
            if id(leaf) in seen:
                continue
            seen.add(id(leaf))
            if predicate(leaf):
                found = (start + key, leaf) if with_key else (leaf,)
                found = (*found, self) if with_parent else found
                yield found if len(found) > 1 else leaf
            if recursive and isinstance(leaf, M.Module):
                yield from leaf._flatten(
                    recursive=recursive,
                    with_key=with_key,
                    with_parent=with_parent,
                    prefix=start + key if with_key else None,
                    predicate=predicate,
                    seen=seen,
                )

    def parameters(self, recurse: bool = True, *, recursive: bool | None = None, **options: Any) -> Iterator[Tensor]:
        """Parameters of this module and, with `recurse`, of those within it."""
        yield from super().parameters(recurse if recursive is None else recursive, **options)

    def named_parameters(
        self, prefix: str | None = None, recurse: bool = True, *, recursive: bool | None = None, **options: Any
    ) -> Iterator[tuple[str, Tensor]]:
        """Parameters with their dotted names."""
        yield from super().named_parameters(prefix or None, recurse if recursive is None else recursive, **options)

    def buffers(self, recurse: bool = True, *, recursive: bool | None = None, **options: Any) -> Iterator[Tensor]:
        """Tensors that are no parameters."""
        yield from super().buffers(recurse if recursive is None else recursive, **options)

    def named_buffers(
        self, prefix: str | None = None, recurse: bool = True, *, recursive: bool | None = None, **options: Any
    ) -> Iterator[tuple[str, Tensor]]:
        """Buffers with their dotted names."""
        yield from super().named_buffers(prefix or None, recurse if recursive is None else recursive, **options)

    def named_modules(self, prefix: str | None = None, **options: Any) -> Iterator[tuple[str, M.Module]]:
        """This module as `""` (or `prefix`), then every module within it, with dotted names."""
        yield from super().named_modules(prefix=prefix or None, **options)

    def train(self, mode: bool = True, recursive: bool = True) -> Module:
        """Set training mode here and below; returns the module, as torch does."""
        super().train(mode, recursive)
        return self

    def eval(self) -> Module:
        """Set evaluation mode here and below; returns the module."""
        return self.train(False)

    def apply(self, fn: Callable[[M.Module], Any]) -> Module:
        """Call a function on every module within, then on this one; returns the module."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or set them to zero."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                parameter.grad = None if set_to_none else parameter.grad * 0

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Freeze every parameter here and below, or make them trainable again; returns the module.

        PolyNet's optimisers and training steps leave frozen parameters out. A hand-written `GradManager` should attach
        only what is to be trained.
        """
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is no parameter; one that is not persistent stays out of `state_dict()`."""
        self._check_member(name)
        hidden = self._non_persistent_buffers
        self._non_persistent_buffers = hidden - {name} if persistent else hidden | {name}
        setattr(self, name, tensor)

    def register_parameter(self, name: str, param: Tensor | None) -> None:
        """Add a parameter, or `None` to say that there is none."""
        self._check_member(name)
        setattr(self, name, param)

    def add_module(self, name: str, module: M.Module | None) -> None:
        """Add a module under a name."""
        self._check_member(name)
        setattr(self, name, module)

    register_module = add_module

    def _check_member(self, name: str) -> None:
        if not isinstance(name, str) or not name or "." in name:
            message = f"A member's name is a non-empty string without dots, not {name!r}."
            raise KeyError(message)
        present = self.__dict__.get(name)
        is_member = present is None or any(True for _ in _expand_structure(name, present))
        if name in _RESERVED or not is_member or (hasattr(self, name) and name not in self.__dict__):
            message = f"{type(self).__name__} already has an attribute {name!r} that is no member."
            raise KeyError(message)

    def get_submodule(self, target: str) -> M.Module:
        """The module at a dotted path; `""` is this one.

        Raises:
            AttributeError: There is none; the message names the members at the place where the path breaks off.
        """
        module = _walk(self, target)
        if not isinstance(module, M.Module):
            message = f"{target!r} is no module but {type(module).__name__}."
            raise AttributeError(message)
        return module

    def get_parameter(self, target: str) -> Tensor:
        """The parameter at a dotted path.

        Raises:
            AttributeError: There is none.
        """
        found = _walk(self, target)
        if not isinstance(found, megengine.Parameter):
            message = f"{target!r} is no parameter but {type(found).__name__}."
            raise AttributeError(message)
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted path.

        Raises:
            AttributeError: There is none.
        """
        found = _walk(self, target)
        if not isinstance(found, megengine.Tensor) or isinstance(found, megengine.Parameter):
            message = f"{target!r} is no buffer but {type(found).__name__}."
            raise AttributeError(message)
        return found

    def to(self, device: str) -> Module:
        """Move every tensor to a device, in place; returns the module.

        Args:
            device: A neutral name (`"cpu"`, `"cuda:1"`) or MegEngine's own (`"cpux"`, `"gpu1"`).

        Raises:
            BackendThreadError: MegEngine does not work in the calling thread.
            DeviceError: Misspelt, or not present.
        """
        _check_thread()
        name = importlib.import_module("polynet_megengine.device").resolve(device)
        for tensor in self.tensors():
            tensor._reset(tensor.to(name))
        return self

    def half(self) -> Module:
        """Convert floating-point tensors to float16, in place; returns the module.

        On a CPU this saves memory, not time: most is computed in float32 there, for MegEngine's kernels of float16 are
        slow or unsafe.

        Raises:
            BackendThreadError: MegEngine does not work in the calling thread.
        """
        return self._cast("float16")

    def float(self) -> Module:
        """Convert floating-point tensors to float32, in place; returns the module.

        Raises:
            BackendThreadError: MegEngine does not work in the calling thread.
        """
        return self._cast("float32")

    def double(self) -> Module:
        """Refused: MegEngine computes in nothing wider than float32.

        Raises:
            UnsupportedError: Always.
        """
        message = f"{type(self).__name__}.double(): MegEngine has no float64; .float() and .half() give its types."
        raise UnsupportedError(message)

    def cpu(self) -> Module:
        """Move every tensor to the processor, in place; returns the module."""
        return self.to("cpu")

    def cuda(self, device: int | None = None) -> Module:
        """Move every tensor to a GPU, the first by default, in place; returns the module.

        Raises:
            DeviceError: It is not present.
        """
        return self.to(f"cuda:{device or 0}")

    def _cast(self, dtype: str) -> Module:
        _check_thread()
        for tensor in self.tensors():
            if tensor.dtype.kind == "f":
                tensor._reset(tensor.astype(dtype))
        return self

    def extra_repr(self) -> str:
        """What `repr` says about the module itself."""
        return ""

    def _module_info_string(self) -> str:
        return self.extra_repr()

    def state_dict(self, *arguments: Any, **options: Any) -> Any:
        """Tensors by their dotted names, as arrays.

        Raises:
            BackendThreadError: MegEngine does not work in the calling thread.
        """
        _check_thread()
        return super().state_dict(*arguments, **options)

    def load_state_dict(self, *arguments: Any, **options: Any) -> Any:
        """Take over numbers of the form `state_dict()` gives.

        Raises:
            BackendThreadError: MegEngine does not work in the calling thread.
        """
        _check_thread()
        return super().load_state_dict(*arguments, **options)

    def _state_dict(self, rst: Any = None, prefix: str = "", keep_var: bool = False) -> Any:
        state = super()._state_dict(rst=rst, prefix=prefix, keep_var=keep_var)
        for name in self._non_persistent_buffers:
            state.pop((type(self), prefix + name), None)
        return state


def _check_thread() -> None:
    """Refuse threads in which MegEngine would raise an assertion of its own."""
    find_backend("megengine").check_thread()


def _member(owner: Any, key: str) -> Any:
    if isinstance(owner, list | tuple):
        return owner[int(key)] if key.isdigit() and int(key) < len(owner) else None
    return owner.get(key) if isinstance(owner, dict) else getattr(owner, key, None)


def _walk(root: M.Module, target: str) -> Any:
    found: Any = root
    for key in target.split(".") if target else ():
        parent, found = found, _member(found, key)
        if found is None:
            members: Iterable[str] = [name for name, _ in root.named_modules()] if parent is root else []
            listed = ", ".join(name for name in members if name and "." not in name)
            message = f"{type(root).__name__} has no member {target!r}: {type(parent).__name__} has no {key!r}."
            raise AttributeError(message + (f" Modules there: {listed}." if listed else ""))
    return found
