"""The module without numbers: torch's module vocabulary over parameters that know only their shape."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from polynet.errors import InputError
from polynet_shapes import counting
from polynet_shapes.tensor import ShapeParameter, ShapeTensor

_HOOK_NUMBERS = itertools.count()


class HookHandle:
    """What registering a hook returns: a way to remove it again."""

    def __init__(self, hooks: dict[int, Callable[..., Any]], number: int) -> None:
        self._hooks = hooks
        self._number = number

    def remove(self) -> None:
        """Take the hook away; a second time does nothing."""
        self._hooks.pop(self._number, None)


class Module:
    """Base of every layer and network of the backend: what `polynet.nn.Module` declares, as torch spells it.

    Attributes:
        training: Whether in training mode.
    """

    training: bool

    def __init__(self) -> None:
        set_plainly = super().__setattr__
        set_plainly("training", True)
        for store in ("_parameters", "_buffers", "_modules", "_forward_hooks", "_forward_pre_hooks"):
            set_plainly(store, {})
        set_plainly("_non_persistent_buffers_set", set())

    # Attributes

    def __getattr__(self, name: str) -> Any:
        """Find parameters, buffers and children, which lie in dictionaries of their own."""
        for store in ("_parameters", "_buffers", "_modules"):
            entries = self.__dict__.get(store)
            if entries is not None and name in entries:
                return entries[name]
        message = f"{type(self).__name__!r} object has no attribute {name!r}"
        raise AttributeError(message)

    def __setattr__(self, name: str, value: Any) -> None:
        """Register parameters and modules as what they are."""
        if isinstance(value, ShapeParameter):
            self._store(name, "_parameters", value)
        elif isinstance(value, Module):
            self._store(name, "_modules", value)
        elif (held := self._store_of(name)) is None:
            super().__setattr__(name, value)
        elif held == "_buffers" and isinstance(value, ShapeTensor):
            self._buffers[name] = value
        elif value is None:
            self.__dict__[held][name] = None
        else:
            message = f"{type(self).__name__}.{name} is registered in {held[1:]}; {type(value).__name__} does not fit."
            raise InputError(message)

    def __delattr__(self, name: str) -> None:
        """Take away an attribute, registered or plain."""
        held = self._store_of(name)
        if held is None:
            super().__delattr__(name)
            return
        del self.__dict__[held][name]
        self._non_persistent_buffers_set.discard(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._parameters, *self._buffers, *self._modules]

    def _store_of(self, name: str) -> str | None:
        for store in ("_parameters", "_buffers", "_modules"):
            if name in self.__dict__.get(store, ()):
                return store
        return None

    def _store(self, name: str, store: str, value: Any) -> None:
        if store not in self.__dict__:
            message = f"{type(self).__name__} assigns {name!r} before calling super().__init__()."
            raise AttributeError(message)
        self.__dict__.pop(name, None)
        for other in ("_parameters", "_buffers", "_modules"):
            if other != store:
                self.__dict__[other].pop(name, None)
        self.__dict__[store][name] = value

    def _check_free(self, name: str, store: str) -> None:
        if not isinstance(name, str) or not name or "." in name:
            message = f"A registered name is a word without dots, not {name!r}."
            raise InputError(message)
        if hasattr(self, name) and name not in self.__dict__[store]:
            message = f"{type(self).__name__} already has an attribute {name!r}."
            raise InputError(message)

    def register_parameter(self, name: str, param: ShapeParameter | None) -> None:
        """Register a parameter, or `None` in its place."""
        self._check_free(name, "_parameters")
        if param is not None and not isinstance(param, ShapeParameter):
            message = f"Parameter {name!r} must be made with polynet.nn.Parameter, and is a {type(param).__name__}."
            raise InputError(message)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: ShapeTensor | None, persistent: bool = True) -> None:
        """Register a tensor that is state but not trained; part of `state_dict` where `persistent`."""
        self._check_free(name, "_buffers")
        if tensor is not None and not isinstance(tensor, ShapeTensor):
            message = f"Buffer {name!r} must be a tensor of the backend 'shapes', and is a {type(tensor).__name__}."
            raise InputError(message)
        self._buffers[name] = tensor
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Register a child, or `None` in its place."""
        self._check_free(name, "_modules")
        if module is not None and not isinstance(module, Module):
            message = f"Child {name!r} must be a module of the backend 'shapes', and is a {type(module).__name__}."
            raise InputError(message)
        self._modules[name] = module

    register_module = add_module

    # Walking

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it, by path; a shared one once unless `remove_duplicate` is false."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Direct children, by name; a shared one once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """Direct children."""
        return (module for _, module in self.named_children())

    def _named_members(self, store: str, prefix: str, recurse: bool) -> Iterator[tuple[str, Any]]:
        seen = set()
        for path, module in self.named_modules(prefix=prefix) if recurse else [(prefix, self)]:
            for name, member in module.__dict__[store].items():
                if member is not None and id(member) not in seen:
                    seen.add(id(member))
                    yield f"{path}.{name}" if path else name, member

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, ShapeParameter]]:
        """Parameters by path; a shared one once."""
        return self._named_members("_parameters", prefix, recurse)

    def parameters(self, recurse: bool = True) -> Iterator[ShapeParameter]:
        """Parameters; a shared one once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, ShapeTensor]]:
        """Buffers by path; a shared one once."""
        return self._named_members("_buffers", prefix, recurse)

    def buffers(self, recurse: bool = True) -> Iterator[ShapeTensor]:
        """Buffers; a shared one once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The module at a path; this one for `""`."""
        module = self
        for name in target.split(".") if target else ():
            child = module._modules.get(name)
            if child is None:
                message = f"{type(module).__name__} has no child {name!r} (of {target!r})."
                raise AttributeError(message)
            module = child
        return module

    def state_dict(self) -> dict[str, ShapeTensor]:
        """Parameters and persistent buffers, by path; shared ones under every path."""
        state: dict[str, ShapeTensor] = {}
        for path, module in self.named_modules(remove_duplicate=False):
            prefix = f"{path}." if path else ""
            kept = {name: value for name, value in module._buffers.items() if module.is_persistent(name)}
            for name, value in {**module._parameters, **kept}.items():
                if value is not None:
                    state[prefix + name] = value
        return state

    def is_persistent(self, buffer: str) -> bool:
        """Whether a buffer of this module is part of `state_dict`."""
        return buffer not in self._non_persistent_buffers_set

    # Modes

    def train(self, mode: bool = True) -> Any:
        """Put this module and all below it into training mode, or out of it."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Any:
        """Put this module and all below it into evaluation mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Set for every parameter whether it is to be trained."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def apply(self, function: Callable[[Any], object]) -> Any:
        """Call a function with every module, children first."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    # Running

    def register_forward_pre_hook(self, hook: Callable[[Any, tuple[Any, ...]], Any]) -> HookHandle:
        """Have `hook(module, arguments)` called before `forward`; what it returns replaces the arguments."""
        return _register(self._forward_pre_hooks, hook)

    def register_forward_hook(self, hook: Callable[[Any, tuple[Any, ...], Any], Any]) -> HookHandle:
        """Have `hook(module, arguments, output)` called after `forward`; what it returns replaces the output."""
        return _register(self._forward_hooks, hook)

    def forward(self, *arguments: Any, **options: Any) -> Any:
        """Compute; to be overridden."""
        message = f"{type(self).__name__} defines no forward."
        raise NotImplementedError(message)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Run hooks and `forward`, counting for this module where a count is being taken."""
        for hook in list(self._forward_pre_hooks.values()):
            changed = hook(self, arguments)
            if changed is not None:
                arguments = changed if isinstance(changed, tuple) else (changed,)
        counter = counting.ACTIVE.get()
        if counter is None:
            output = self.forward(*arguments, **options)
        else:
            counter.enter(self)
            output = None
            try:
                output = self.forward(*arguments, **options)
            except Exception:
                counter.fail(self)
                raise
            finally:
                counter.leave(self, output)
        for hook in list(self._forward_hooks.values()):
            changed = hook(self, arguments, output)
            output = output if changed is None else changed
        return output

    # Showing

    def extra_repr(self) -> str:
        """What to show of the module between the parentheses."""
        return ""

    def __repr__(self) -> str:
        """Show the tree of modules, as torch does."""
        present = [(name, module) for name, module in self._modules.items() if module is not None]
        children = [f"({name}): {module!r}".replace("\n", "\n  ") for name, module in present]
        if not children:
            return f"{type(self).__name__}({self.extra_repr()})"
        return "\n  ".join([f"{type(self).__name__}(", *filter(None, [self.extra_repr()]), *children]) + "\n)"


def _register(hooks: dict[int, Callable[..., Any]], hook: Callable[..., Any]) -> HookHandle:
    number = next(_HOOK_NUMBERS)
    hooks[number] = hook
    return HookHandle(hooks, number)
