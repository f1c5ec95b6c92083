"""Visual prompt tuning (Jia et al. 2022, arXiv:2203.12119): trained tokens beside those of the image."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.errors import InputError, OptionError
from polynet.models.tuners.bottleneck import check_widths, width_at
from polynet.models.tuners.layers import width_and_axis
from polynet.models.tuners.targets import Patterns, Place
from polynet.models.tuners.tuner import Insert, Tuner, first_argument, only_output
from polynet.nn import Recipe, XavierUniform
from polynet.nn.arguments import integer
from polynet.registry import TUNERS
from polynet.types import NativeModule, Tensor

_SEQUENCES = ("blocks", "layers", "layer", "resblocks")
"""What a transformer's sequence of blocks is called, in the zoo and elsewhere."""


class Tokens(Insert):
    """Trained tokens.

    Args:
        length: How many.
        width: Their width.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     prompt = Tokens(2, 8)
        >>> tuple(prompt(ops.ones((3, 5, 8))).shape)
        (3, 7, 8)
    """

    recipe = Recipe(named=(("tokens", XavierUniform()),))

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        self.length = length
        self.tokens: Tensor = nn.Parameter(np.zeros((length, width), np.float32))

    def forward(self, x: Tensor) -> Tensor:
        """`(N, L, width)` with the tokens behind."""
        return ops.cat([x, ops.expand(self.tokens[None], (x.shape[0], -1, -1))], 1)


class Ending(Insert):
    """Where the tokens that went in before an earlier block are taken out.

    Args:
        length: How many.
    """

    def __init__(self, length: int) -> None:
        super().__init__()
        self.length = length


def _put_in(host: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The hook before a block."""
    x, *others = first_argument(host, arguments), *arguments[1:]
    if getattr(x, "ndim", 0) != 3 or any(each is not None for each in others):
        message = (
            f"Prompts stand beside tokens (N, L, C) given to a block alone; {type(host).__name__} was called with "
            f"{', '.join(str(tuple(each.shape)) if hasattr(each, 'shape') else repr(each) for each in arguments)}."
        )
        raise InputError(message)
    return (host.prompt(x), *others)


def _take_out(host: Any, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
    """The hook behind a block: what follows sees the tokens of the image alone."""
    return only_output(host, output)[:, : -host.prompt.length]


@TUNERS.register()
class Prompt(Tuner):
    """Visual prompts: trained tokens that stand behind those of the image while a transformer's blocks are computed.

    Deep ones are new for each block; shallow ones go in before the first block and through all. Either way what
    follows the blocks sees the tokens of the image alone, so that heads that average tokens, or take the first, go on
    as before. A fresh one changes the output: the image's tokens look at it too.

    Args:
        length: How many tokens.
        deep: Whether each block has its own.
        dim: Width of a token, or a list of one for each block; told from the blocks by default.
        target: Which blocks; the members of a sequence called `blocks` or `layers` by default.
        train: Patterns of modules or parameters of the network to be trained beside it.

    Raises:
        OptionError: A length below 1, or widths that are none.

    Source: Jia et al. 2022, arXiv:2203.12119; Scepter, `Prompt`.

    Example:
        >>> net = polynet.build("vit_tiny_patch16_224", backend="torch", num_classes=10)
        >>> print(Prompt(length=5, train="head").apply(net))
        Prompt on 12 modules: 13,450 of 5,537,866 parameters trained (0.24 %)
        >>> net = polynet.build("vit_tiny_patch16_224", backend="torch", num_classes=10)
        >>> Prompt(length=5, deep=False).apply(net).names
        ('blocks.0.prompt.tokens',)
    """

    child = "prompt"

    def __init__(
        self,
        length: int = 10,
        deep: bool = True,
        dim: int | list[int] | None = None,
        target: Patterns = None,
        train: Patterns = (),
    ) -> None:
        super().__init__(target, train)
        self.length = integer(self.name, "length", length, lowest=1)
        self.deep = bool(deep)
        self.dim = check_widths(self.name, dim)

    def takes(self, layer: Any) -> bool:
        """Any module that is called with tokens and returns as many."""
        return True

    def picks(self, path: str, layer: Any) -> bool:
        """The members of a transformer's sequence of blocks."""
        parts = path.split(".")
        has_attention = any("attention" in type(part).__name__.lower() for part in layer.modules())
        return len(parts) > 1 and parts[-1].isdigit() and parts[-2] in _SEQUENCES and has_attention

    def places(self, net: NativeModule) -> list[Place]:
        """The blocks; of shallow prompts the first and the last."""
        found = super().places(net)
        if self.deep or len(found) == 1:
            return found
        if len({place.path.rpartition(".")[0] for place in found}) > 1:
            message = (
                f"{self.name}: shallow prompts pass through one sequence of blocks; {found[0].path!r} and "
                f"{found[-1].path!r} are not of one. Name its blocks by `target`, or choose deep=True."
            )
            raise OptionError(message)
        return [found[0], Place(found[-1].path, found[-1].layer, 1, True)]

    def make(self, place: Place) -> Insert:
        """The tokens; where shallow ones leave, nothing that is trained."""
        if not self.deep and place.index:
            return Ending(self.length)
        width = width_at(self.name, self.dim, place) if self.deep else self._first_width()
        width = width_and_axis(place.layer)[0] if width is None else width
        if width is None:
            message = f"{self.name}: the width of what {place.path!r} returns cannot be told; give it as `dim`."
            raise OptionError(message)
        return Tokens(self.length, width)

    def _first_width(self) -> int | None:
        return self.dim[0] if isinstance(self.dim, tuple) else self.dim

    def connect(self, place: Place) -> list[Any]:
        """Put the tokens in before the block, and take them out behind it, or behind the last."""
        handles = []
        if self.deep or not place.index:
            handles.append(place.layer.register_forward_pre_hook(_put_in))
        if self.deep or place.last:
            handles.append(place.layer.register_forward_hook(_take_out))
        return handles
