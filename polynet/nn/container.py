"""Containers: modules and parameters in order, or by name."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import TYPE_CHECKING, Any

from polynet.nn.module import Module
from polynet.types import NativeModule, Tensor


class Sequential(Module, native="Sequential"):
    """Runs modules one after another. Indexing, slicing, length, iteration and `append` are a list's.

    Args:
        *args: Modules, named "0", "1" and so on; or one ordered dictionary of named modules.

    Shapes:
        From the first module's input to the last one's output.

    Source:
        `torch.nn.Sequential`.

    Example:
        >>> net = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
        >>> len(net), tuple(net(ops.zeros((2, 4))).shape)
        (2, (2, 3))
    """

    if TYPE_CHECKING:

        def __init__(self, *args: NativeModule | OrderedDict[str, NativeModule]) -> None: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[Any]: ...
        def __getitem__(self, index: int | slice) -> Any: ...
        def __setitem__(self, index: int, module: NativeModule) -> None: ...
        def __delitem__(self, index: int | slice) -> None: ...
        def append(self, module: NativeModule) -> Any: ...
        def insert(self, index: int, module: NativeModule) -> Any: ...
        def extend(self, modules: Iterable[NativeModule]) -> Any: ...


class ModuleList(Module, native="ModuleList"):
    """A list of modules whose parameters count as the owner's. It has no `forward`.

    Args:
        modules: The modules to begin with, named "0", "1" and so on. Default none.

    Shapes:
        None: what is done with the modules is up to the owner.

    Source:
        `torch.nn.ModuleList`.

    Example:
        >>> layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])
        >>> len(layers), len(layers[1:])
        (3, 2)
    """

    if TYPE_CHECKING:

        def __init__(self, modules: Iterable[NativeModule] | None = None) -> None: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[Any]: ...
        def __getitem__(self, index: int | slice) -> Any: ...
        def __setitem__(self, index: int, module: NativeModule) -> None: ...
        def __delitem__(self, index: int | slice) -> None: ...
        def append(self, module: NativeModule) -> Any: ...
        def insert(self, index: int, module: NativeModule) -> None: ...
        def extend(self, modules: Iterable[NativeModule]) -> Any: ...


class ModuleDict(Module, native="ModuleDict"):
    """A dictionary of modules whose parameters count as the owner's. It has no `forward`.

    Args:
        modules: The modules to begin with, by name. Default none.

    Shapes:
        None: what is done with the modules is up to the owner.

    Source:
        `torch.nn.ModuleDict`.

    Example:
        >>> heads = nn.ModuleDict({"classes": nn.Linear(4, 10), "boxes": nn.Linear(4, 4)})
        >>> list(heads), "boxes" in heads
        (['classes', 'boxes'], True)
    """

    if TYPE_CHECKING:

        def __init__(self, modules: Mapping[str, NativeModule] | None = None) -> None: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[str]: ...
        def __contains__(self, key: object) -> bool: ...
        def __getitem__(self, key: str) -> Any: ...
        def __setitem__(self, key: str, module: NativeModule) -> None: ...
        def __delitem__(self, key: str) -> None: ...
        def keys(self) -> KeysView[str]: ...
        def values(self) -> ValuesView[Any]: ...
        def items(self) -> ItemsView[str, Any]: ...
        def update(self, modules: Mapping[str, NativeModule]) -> None: ...


class ParameterList(Module, native="ParameterList"):
    """A list of parameters which count as the owner's. It has no `forward`.

    Args:
        values: The parameters to begin with, named "0", "1" and so on. Default none.

    Shapes:
        None: what is done with the parameters is up to the owner.

    Source:
        `torch.nn.ParameterList`.

    Example:
        >>> scales = nn.ParameterList([nn.Parameter(ops.ones((1,))) for _ in range(3)])
        >>> len(scales), len(list(scales.parameters()))
        (3, 3)
    """

    if TYPE_CHECKING:

        def __init__(self, values: Iterable[Tensor] | None = None) -> None: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[Any]: ...
        def __getitem__(self, index: int) -> Any: ...
        def __setitem__(self, index: int, parameter: Tensor) -> None: ...
        def append(self, value: Tensor) -> Any: ...
        def extend(self, values: Iterable[Tensor]) -> Any: ...
