"""A network of another library that one of ours must equal, and its answers under weights drawn from their names."""

from __future__ import annotations

import functools
import importlib
import math
import pkgutil
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import attrs
import numpy as np

from tests.zoo import references

TOLERANCE = 2e-5
MOST_DRAWN = 4_000_037
"""Numbers drawn for one tensor; a larger one repeats them, with a period that no axis has."""


@attrs.frozen
class Reference:
    """One of our networks beside the one it must equal.

    Attributes:
        name: Our name.
        theirs: Their name.
        library: `"timm"` or `"torchvision"`; the layout its weights are read in.
        size: Side of the images compared, in pixels.
        options: Options ours is built with.
        their_options: Options theirs is built with.
        stages: Their modules that put out what our stages do, one for each of our stages; none where theirs has no
            such places.
        channels_last: Their modules put out (N, H, W, C).
        prefix: Their modules put out tokens (N, prefix + H · W, C) of square maps: how many come before the map's.
        gain: What their kernels are multiplied by: less than 1 where nothing normalises what many blocks add up.
        folded: Parameters of theirs that others of ours take over, such as a bias before a normalisation.
        tolerance: Largest difference allowed, as a share of the largest number; where it is not the usual one, the
            family's module says why.
    """

    name: str
    theirs: str
    library: str = "timm"
    size: int = 224
    options: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
    their_options: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
    stages: tuple[str, ...] = ()
    channels_last: bool = False
    prefix: int | None = None
    gain: float = 1.0
    folded: int = 0
    tolerance: float = TOLERANCE

    def __str__(self) -> str:
        return f"{self.name}-{self.library}.{self.theirs}"


class Answers(NamedTuple):
    """What a network of another library computes, and from what."""

    state: dict[str, np.ndarray[Any, Any]]
    images: np.ndarray[Any, Any]
    logits: np.ndarray[Any, Any]
    maps: tuple[np.ndarray[Any, Any], ...]


def families() -> dict[str, Any]:
    """The modules of `tests.zoo.references` by name; each has `REFERENCES` and may have `COUNTED`."""
    names = sorted(module.name for module in pkgutil.iter_modules(references.__path__))
    return {name: importlib.import_module(f"{references.__name__}.{name}") for name in names}


def all_references() -> list[Reference]:
    """Every reference of every family."""
    return [reference for module in families().values() for reference in module.REFERENCES]


def all_counted() -> list[Reference]:
    """Variants compared by the number of their parameters alone, beside those of `all_references`."""
    rows: list[Reference] = []
    for module in families().values():
        library, folded = getattr(module, "COUNTED_BY", "timm"), getattr(module, "FOLDED", 0)
        counted = getattr(module, "COUNTED", {})
        rows += [Reference(name, theirs, library, folded=folded) for name, theirs in counted.items()]
    return rows


def make_theirs(reference: Reference) -> Any:
    """Their network, as the library draws it, in evaluation mode."""
    if reference.library == "timm":
        import timm

        return timm.create_model(reference.theirs, pretrained=False, **reference.their_options).eval()
    import torchvision

    return torchvision.models.get_model(reference.theirs, weights=None, **reference.their_options).eval()


def drawn(name: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """An array that a tensor's name and shape alone determine, of a size that keeps activations in range."""
    draw = np.random.RandomState(zlib.crc32(name.encode()))
    leaf = name.rpartition(".")[2]
    if len(shape) > 1 and leaf.endswith("weight"):
        numbers = np.sqrt(1.5 / np.prod(shape[1:])) * draw.standard_normal(min(math.prod(shape), MOST_DRAWN))
        return np.resize(numbers.astype(np.float32), shape)
    if leaf == "running_var" or leaf.endswith("weight"):
        return np.asarray(draw.uniform(0.8, 1.2, shape), np.float32)
    if any(word in leaf for word in ("gamma", "scale", "alpha")):
        return np.asarray(draw.uniform(0.1, 0.3, shape), np.float32)
    spread = 0.1 if len(shape) > 1 else 0.02
    return np.asarray(spread * draw.standard_normal(shape), np.float32)


@functools.lru_cache(maxsize=1)
def answers(reference: Reference) -> Answers:
    """Draw their weights, and run them on two images; the next test of the same reference finds them made."""
    import torch

    theirs = make_theirs(reference)
    own = theirs.state_dict()
    # Tables that a library computes and keeps beside its weights stay as they are.
    computed = {name for name, _ in theirs.named_buffers() if "running_" not in name}
    state = {
        name: tensor.numpy() if name in computed else _filled(name, tensor, reference.gain)
        for name, tensor in own.items()
    }
    theirs.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in state.items()})
    draw = np.random.RandomState(7)
    channels = int(reference.their_options.get("in_chans", 3))
    images = draw.standard_normal((2, channels, reference.size, reference.size)).astype(np.float32)
    maps: list[Any] = [None] * len(reference.stages)

    def keep(index: int) -> Any:
        def hook(module: Any, inputs: Any, output: Any) -> None:
            maps[index] = output

        return hook

    for index, path in enumerate(reference.stages):
        theirs.get_submodule(path).register_forward_hook(keep(index))
    with torch.no_grad():
        logits = theirs(torch.from_numpy(images))
    return Answers(state, images, logits.numpy(), tuple(_map_of(each.numpy(), reference) for each in maps))


def _map_of(put_out: np.ndarray[Any, Any], reference: Reference) -> np.ndarray[Any, Any]:
    """What a module of theirs put out, as a map (N, C, H, W)."""
    if reference.prefix is not None:
        tokens = put_out[:, reference.prefix :]
        side = math.isqrt(tokens.shape[1])
        put_out = tokens.reshape(len(tokens), side, side, -1)
    return put_out.transpose(0, 3, 1, 2) if reference.channels_last or reference.prefix is not None else put_out


def _filled(name: str, tensor: Any, gain: float) -> np.ndarray[Any, Any]:
    if not tensor.is_floating_point():
        return np.asarray(tensor.numpy())
    array = drawn(name, tuple(tensor.shape))
    return array * np.float32(gain) if array.ndim > 1 else array
