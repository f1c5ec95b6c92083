"""What MMPretrain's backbones share: stages to freeze, and normalisations that stop learning statistics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from polynet.errors import OptionError, OptionIndexError, UnknownNameError, suggest
from polynet.models.base_module import BaseModule
from polynet.models.bricks.normalisation import BATCH_NORMS
from polynet.types import Tensor


class BaseBackbone(BaseModule):
    """Base of backbones: `forward` gives a tuple of feature maps, one for each of `out_indices`.

    A subclass overrides `frozen_parts` to say what `frozen_stages` freezes; what is frozen is not trained, and stays in
    evaluation mode when the network is put into training mode.

    Args:
        init_cfg: How weights start; see `BaseModule`.

    Attributes:
        out_channels: Width of the last output, where it is known.
        norm_eval: Whether batch normalisations keep their statistics while training.

    Source: MMPretrain, `BaseBackbone`.
    """

    out_channels: int | None = None
    norm_eval: bool = False

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of a batch of images `(N, C, H, W)`."""
        raise NotImplementedError

    def frozen_parts(self) -> Iterable[Any]:
        """Modules and parameters that are not trained."""
        return ()

    def _freeze_stages(self) -> None:
        for part in self.frozen_parts():
            freeze(part)

    def train(self, mode: bool = True, **options: Any) -> Any:
        """Set training mode, except of what is frozen, and of batch normalisations if `norm_eval`."""
        super().train(mode, **options)
        self._freeze_stages()
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, BATCH_NORMS):
                    module.eval()
        return self


def freeze(part: Any) -> None:
    """Stop training a module, which goes into evaluation mode, or a parameter; `None` is passed over.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = polynet.nn.Linear(2, 2)
        >>> freeze(layer)
        >>> layer.training, layer.weight.requires_grad
        (False, False)
    """
    if part is None:
        return
    if hasattr(part, "eval"):
        part.eval()
        part.requires_grad_(False)
    else:
        part.requires_grad = False


def stage_indices(owner: str, indices: Any, stages: int) -> tuple[int, ...]:
    """Indices of stages as a tuple of numbers from 0; a negative one counts from the end.

    Args:
        owner: The network's name, for messages.
        indices: One index or several.
        stages: How many stages there are.

    Raises:
        OptionIndexError: There is no such stage.
        OptionError: A stage is named twice.

    Example:
        >>> stage_indices("ResNet", (0, -1), 4)
        (0, 3)
    """
    given = (indices,) if isinstance(indices, int) else tuple(indices)
    for index in given:
        if isinstance(index, bool) or not isinstance(index, int) or not -stages <= index < stages:
            message = f"{owner}: out_indices names stage {index!r}; the stages are 0 to {stages - 1}."
            raise OptionIndexError(message)
    chosen = tuple(index % stages for index in given)
    if len(set(chosen)) < len(chosen):
        message = f"{owner}: out_indices names a stage twice: {indices!r} of {stages} stages are {chosen}."
        raise OptionError(message)
    return chosen


def check_frozen(owner: str, frozen_stages: Any, least: int, most: int) -> int:
    """How many stages are frozen, if that many may be.

    Raises:
        OptionIndexError: It is not from `least` to `most`.

    Example:
        >>> check_frozen("ResNet", -1, -1, 4)
        -1
    """
    if isinstance(frozen_stages, bool) or not isinstance(frozen_stages, int) or not least <= frozen_stages <= most:
        message = f"{owner}: frozen_stages is from {least} to {most}, not {frozen_stages!r}."
        raise OptionIndexError(message)
    return frozen_stages


def known_setting(owner: str, what: str, key: Any, known: Any) -> Any:
    """The entry of a table of architectures.

    Raises:
        UnknownNameError: There is none under that key; the message lists those there are.

    Example:
        >>> known_setting("VGG", "depth", 11, {11: "one", 13: "two"})
        'one'
    """
    if key not in known:
        hint = suggest(key, [name for name in known if isinstance(name, str)]) if isinstance(key, str) else ""
        message = f"{owner} has no {what} {key!r}; there are {', '.join(map(str, known))}.{hint}"
        raise UnknownNameError(message)
    return known[key]


def drop_path_rates(rate: float, blocks: int) -> list[float]:
    """Probabilities of dropping each block's branch, rising from 0 to `rate`.

    Example:
        >>> drop_path_rates(0.2, 3)
        [0.0, 0.1, 0.2]
    """
    return [rate * index / max(blocks - 1, 1) for index in range(blocks)]
