"""Groups of a network's parameters for an optimiser: learning rates by depth, and who is spared weight decay."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import Any

from polynet.backend import Backend, backend_of
from polynet.calls import explains_options
from polynet.errors import OptionError, suggest
from polynet.models.depths import Depths, layer_depths
from polynet.nn.arguments import number
from polynet.slots import Slot
from polynet.types import NativeModule

KERNELS = (
    "Linear",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose2d",
    "Embedding",
    "MultiheadAttention",
)
"""Layers whose weights are decayed, where these have more than one dimension."""


@explains_options
def parameter_groups(
    net: NativeModule,
    *,
    lr: float | None = None,
    weight_decay: float = 0.05,
    layer_decay: float | None = None,
    no_weight_decay: Iterable[str] = (),
) -> list[dict[str, Any]]:
    """A network's trainable parameters in groups, as the frameworks' own optimisers take them.

    Weight decay is for the kernels of linear layers, convolutions and embeddings. Biases, normalisations, scales, and
    what belongs to no layer (class tokens, position embeddings, tables of attention biases) are spared, as is a part
    that its module names in `spared_from_decay`. Which is which follows from the modules that hold them, and depths
    from the stages; no list of names is kept.

    Args:
        net: The network.
        lr: Learning rate of the last layers; needed with `layer_decay`. Without it groups have no `lr`, and the
            optimiser's own is for all.
        weight_decay: Weight decay of the kernels.
        layer_decay: What the learning rate is multiplied by from each depth to the one below (arXiv:2106.08254); no
            decay by default. Above 0 and at most 1; the first layers of a network of D depths have it to the power
            D - 1, so deep ones want it near 1.
        no_weight_decay: Wildcards of further names to spare: `"*.downsample.*"`.

    Returns:
        Mappings with `params` (native tensors), `names` (canonical), `weight_decay`, `lr_scale` and, if `lr` is given,
        `lr`, which is multiplied by `lr_scale` already; in the order of depth.

    Raises:
        OptionError: A number is out of range, `layer_decay` comes without `lr`, or a wildcard fits no parameter.

    Example:
        >>> net = polynet.build("resnet18", backend="torch")
        >>> groups = net.parameter_groups(lr=0.1, layer_decay=0.5)
        >>> [(group["lr"], group["weight_decay"], len(group["params"])) for group in groups[-2:]]
        [(0.1, 0.05, 1), (0.1, 0.0, 1)]
    """
    number("parameter_groups", "weight_decay", weight_decay, lowest=0)
    scale = 1.0
    if layer_decay is not None:
        scale = number("parameter_groups", "layer_decay", layer_decay, highest=1, above=0)
        if lr is None:
            message = (
                "parameter_groups: layer_decay needs lr, the learning rate of the last layers (lr=…): it scales each "
                "group's, and an optimiser's own rate would be the same for all."
            )
            raise OptionError(message)
    if lr is not None:
        number("parameter_groups", "lr", lr, lowest=0)
    backend = backend_of(net)
    slots = {name: slot for name, slot in backend.slots(net).items() if slot.kind == "parameter"}
    spared = _spared(no_weight_decay, slots) | _spared_by_modules(net, slots)
    depths = {} if layer_decay is None else _depths(net)
    kernels = kernel_types(backend)
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    seen: set[int] = set()
    for name, slot in slots.items():
        if not slot.trainable or id(slot.tensor) in seen:
            continue
        seen.add(id(slot.tensor))
        depth, count = depths.get(name, (0, 1))
        decays = is_kernel(slot, kernels) and name not in spared
        group = groups.setdefault((depth, not decays), {"params": [], "names": []})
        group["params"].append(slot.tensor)
        group["names"].append(name)
        group["weight_decay"] = weight_decay if decays else 0.0
        group["lr_scale"] = scale ** (count - 1 - depth)
        if lr is not None:
            group["lr"] = lr * group["lr_scale"]
    return [groups[key] for key in sorted(groups)]


def is_kernel(slot: Slot, kernels: tuple[type, ...]) -> bool:
    """Whether a parameter is the kernel of a layer, so that weight decay is for it."""
    return isinstance(slot.owner, kernels) and len(slot.shape) > 1


def kernel_types(backend: Backend) -> tuple[type, ...]:
    """The framework's classes of the layers in `KERNELS`."""
    return tuple(kind for name in KERNELS for kind in backend.layer_instances(name))


def _spared(patterns: Iterable[str], slots: Iterable[str]) -> set[str]:
    if isinstance(patterns, str):
        patterns = (patterns,)
    names = list(slots)
    spared: set[str] = set()
    for pattern in patterns:
        found = fnmatch.filter(names, pattern)
        if not found:
            message = f"no_weight_decay: no parameter is named like {pattern!r}.{suggest(pattern, names)}"
            raise OptionError(message)
        spared.update(found)
    return spared


def _spared_by_modules(net: NativeModule, slots: Iterable[str]) -> set[str]:
    """What lies in parts that a module says are spared, such as the layers that compute an attention's biases."""
    prefixes = tuple(
        f"{path}.{part}." if path else f"{part}."
        for path, module in net.named_modules()
        for part in getattr(module, "spared_from_decay", ())
    )
    return {name for name in slots if prefixes and name.startswith(prefixes)}


def _depths(net: NativeModule) -> Depths:
    """Depths by the stages that the network tells, else by the numbers in its parameters' names."""
    found = layer_depths(net)
    if found is not None:
        return found
    from polynet.train.layer_decay import structural_depths

    told = structural_depths(net)
    names = (name for name, slot in backend_of(net).slots(net).items() if slot.kind == "parameter")
    return {name: told(name) for name in names}
