"""A network's blocks, and how deep each parameter lies, from the stages it declares.

Layer-wise learning rates and recomputation in the backward pass both go by blocks. A network says which modules are its
stages; what runs one after another within a stage are its blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from polynet.backend import Backend, backend_of
from polynet.models.blocks.chain import Chain
from polynet.nn.module import specialise
from polynet.types import NativeModule

Depths = Mapping[str, tuple[int, int]]
"""The depth of each parameter, by its canonical name, and the number of depths."""


def blocks_of(net: NativeModule) -> list[str]:
    """Paths of the blocks of a network that has `stages`, in the order in which they run.

    A stage that is a plain sequence consists of its members; one that holds such a sequence, beside a layer that
    shrinks the map, of that one's members; any other is one block itself. A sequence of layers alone is one block.

    What runs between the stages is treated as one, where it is of the class of one.

    Returns:
        Attribute paths; none where the stages are no modules called as they are named, or lie within one another.

    Example:
        >>> blocks_of(polynet.build("resnet18", backend="shapes"))[:3]
        ['s1.b1', 's1.b2', 's2.b1']
    """
    backend = backend_of(net)
    modules = dict(net.named_modules())
    stages = [stage.name for stage in getattr(net, "stages", ())]
    if any(name not in modules or not _has_parameters(modules[name]) for name in stages):
        return []
    if any(name.startswith(f"{other}.") for name in stages for other in stages):
        return []
    kinds = _sequence_types(backend)
    return [path for name in _with_those_between(modules, stages) for path in _within(modules[name], name, kinds)]


def _with_those_between(modules: Mapping[str, NativeModule], stages: list[str]) -> list[str]:
    """The stages, and what runs between them.

    A network may tell only the last module of each stage, where maps are taken (Inception); others of its class before
    it are as deep a block.
    """
    parents = {name.rpartition(".")[0] for name in stages}
    if len(parents) != 1:
        return stages
    parent = parents.pop()
    prefix = f"{parent}." if parent else ""
    members = [f"{prefix}{name}" for name, child in modules[parent].named_children() if _has_parameters(child)]
    classes = {type(modules[name]) for name in stages}
    between = members[members.index(stages[0]) : members.index(stages[-1]) + 1]
    return [name for name in between if name in stages or type(modules[name]) in classes]


def _sequence_types(backend: Backend) -> tuple[type, ...]:
    """The classes of plain sequences, which do nothing of their own; a block may derive from one of them."""
    names = ("Sequential", "ModuleList")
    plain = [kind for name in names for kind in backend.layer_instances(name)]
    return (*plain, *(backend.layer(name) for name in names), specialise(Chain, backend))


def _within(module: NativeModule, path: str, kinds: tuple[type, ...]) -> Iterator[str]:
    """Paths of the blocks in a stage, or in a sequence of one."""
    children = [(f"{path}.{name}", child) for name, child in module.named_children() if _has_parameters(child)]
    is_sequence = type(module) in kinds
    sequences = [(name, child) for name, child in children if type(child) in kinds and _holds_blocks(child)]
    if len(sequences) == 1 or (is_sequence and sequences):
        for name, child in sequences:
            yield from _within(child, name, kinds)
    elif is_sequence and _holds_blocks(module):
        yield from (name for name, _ in children)
    else:
        yield path


def _has_parameters(module: NativeModule) -> bool:
    return any(True for _ in module.parameters())


def _holds_blocks(module: NativeModule) -> bool:
    """Whether a sequence has members that have parts of their own; otherwise it is one of layers."""
    return any(any(True for _ in child.children()) for child in module.children())


def layer_depths(net: NativeModule) -> Depths | None:
    """How deep each parameter of a network lies, by its blocks; `None` where it does not tell them.

    What comes before the first block lies at depth 0, what comes after the last, the head among it, at the greatest. A
    network's `later_blocks` are the paths of blocks that follow its stages and give no maps.
    What is defined between two blocks belongs to the later one's depth.

    Example:
        >>> depths = layer_depths(polynet.build("vit_tiny_patch16_224", backend="shapes"))
        >>> [depths[name] for name in ("cls_token", "blocks.0.norm1.weight", "norm.weight", "head.bias")]
        [(0, 14), (1, 14), (13, 14), (13, 14)]
    """
    blocks = [*blocks_of(net), *getattr(net, "later_blocks", ())]
    if not blocks:
        return None
    names = [name for name, slot in backend_of(net).slots(net).items() if slot.kind == "parameter"]
    prefixes = {f"{block}.": block for block in blocks}

    def block_of(name: str) -> str | None:
        return next((block for prefix, block in prefixes.items() if name.startswith(prefix)), None)

    return ordered_depths(names, block_of)


def ordered_depths(names: Sequence[str], block_of: Callable[[str], str | None]) -> Depths:
    """Depths by the order of definition, once it is known which block, if any, a parameter's name lies in.

    Example:
        >>> ordered_depths(["stem", "b1", "b2", "head"], lambda name: name if name.startswith("b") else None)
        {'stem': (0, 4), 'b1': (1, 4), 'b2': (2, 4), 'head': (3, 4)}
    """
    blocks = [block_of(name) for name in names]
    numbered = [index for index, block in enumerate(blocks) if block is not None]
    if not numbered:
        return dict.fromkeys(names, (0, 1))
    order = {block: depth for depth, block in enumerate(dict.fromkeys(blocks[index] for index in numbered))}
    stem = int(numbered[0] > 0)
    has_tail = int(numbered[-1] < len(names) - 1)
    count = stem + len(order) + has_tail
    depths: dict[str, int] = {}
    upcoming = count - 1
    for name, block in zip(reversed(names), reversed(blocks), strict=True):
        if block is not None:
            upcoming = stem + order[block]
        depths[name] = upcoming
    for name in names[: numbered[0]]:
        depths[name] = 0
    return {name: (depths[name], count) for name in names}
