"""Frozen batch normalisation: layers that stay in evaluation mode whatever mode their network is put into."""

from __future__ import annotations

import functools
from typing import Any

from polynet.backend import backend_of
from polynet.train.batch_norms import batch_norms
from polynet.types import NativeModule


def freeze_bn(module: NativeModule, *, parameters: bool = False) -> int:
    """Keep the batch normalisations of a module in evaluation mode, so that running statistics stay as they are.

    `module.train()` no longer reaches them. A layer remains of its framework's class; copies and pickles stay frozen.

    Args:
        module: The network or a part of it.
        parameters: Whether their weights and biases are left untrained as well; do this before making an optimiser.

    Returns:
        How many layers there are.

    Source: `norm_eval` and `frozen_stages` of OpenMMLab's backbones; `FREEZE_BN` of EssentialMC2 and Scepter.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
        >>> freeze_bn(net)
        1
        >>> net.train()[1].training, net.training
        (False, True)
    """
    count = 0
    for layer in batch_norms(module):
        if not isinstance(layer, _Frozen):
            backend_of(layer).set_training(layer, False)
            cls: type = type(layer)
            layer.__class__ = _frozen_class(cls)
        if parameters:
            _set_trained(layer, False)
        count += 1
    return count


def unfreeze_bn(module: NativeModule, *, parameters: bool = False) -> int:
    """Undo `freeze_bn`: layers follow their network's mode again, from its next change on.

    Args:
        module: The network or a part of it.
        parameters: Whether their weights and biases are trained again.

    Returns:
        How many layers were frozen.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     norm = nn.BatchNorm2d(4)
        >>> freeze_bn(norm), unfreeze_bn(norm), norm.train().training, type(norm).__name__
        (1, 1, True, 'BatchNorm2d')
    """
    count = 0
    for layer in batch_norms(module):
        if isinstance(layer, _Frozen):
            layer.__class__ = layer._thawed
            layer.training = False
            count += 1
        if parameters:
            _set_trained(layer, True)
    return count


def _set_trained(layer: NativeModule, mode: bool) -> None:
    for slot in backend_of(layer).slots(layer).values():
        if slot.kind == "parameter":
            slot.tensor.requires_grad = mode


class _Frozen:
    """Mixed in before a layer's own class: its mode is evaluation, whatever is assigned."""

    _thawed: type

    @property
    def training(self) -> bool:
        return False

    @training.setter
    def training(self, mode: bool) -> None:
        """Let modes be set on everything else: frameworks assign this attribute on every module."""

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        # The class is made at run time, so that no pickle can name it: it names the layer's own.
        reduced: Any = object.__reduce_ex__(self, 2)
        return _empty_frozen, (self._thawed,), *reduced[2:]


@functools.cache
def _frozen_class(cls: type) -> type:
    namespace = {"_thawed": cls, "__module__": cls.__module__, "__qualname__": cls.__qualname__}
    # The metaclass's own call, past what neutral classes do when they are derived.
    return type(cls)(cls.__name__, (_Frozen, cls), namespace)


def _empty_frozen(cls: type) -> Any:
    frozen: Any = _frozen_class(cls)
    return frozen.__new__(frozen)
