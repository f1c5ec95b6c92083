"""What the feature maps of a network are, known without running it: their channels, strides and places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from polynet.errors import OptionIndexError
from polynet.models.stage import Stage


@attrs.frozen
class FeatureInfo:
    """The stages whose maps a network returns, by the questions that detectors and segmenters ask.

    Without indices each method answers for the chosen stages, those of `out_indices` or else all; with them for the
    stages of these numbers, which count all stages of the network.

    Attributes:
        stages: All stages, in order.
        out_indices: The chosen ones.

    Source: the names of the methods are timm's.

    Example:
        >>> net = polynet.build("resnet50", backend="shapes", features_only=True, out_indices=(1, 3))
        >>> net.feature_info.channels(), net.feature_info.reduction(), net.feature_info.module_name()
        ([512, 2048], [8, 32], ['s2', 's4'])
        >>> net.feature_info.channels(0)
        256
    """

    stages: tuple[Stage, ...]
    out_indices: tuple[int, ...]

    def channels(self, index: int | Sequence[int] | None = None) -> Any:
        """Channels of the maps: a list, or one number for one index."""
        return self._asked("channels", index)

    def reduction(self, index: int | Sequence[int] | None = None) -> Any:
        """Pixels of the input that one position of each map stands for: a list, or one number for one index."""
        return self._asked("stride", index)

    def module_name(self, index: int | Sequence[int] | None = None) -> Any:
        """Attribute paths of the stages' modules: a list, or one path for one index."""
        return self._asked("name", index)

    def get_dicts(self) -> list[dict[str, Any]]:
        """One mapping a chosen stage, with `num_chs`, `reduction`, `module` and `index`."""
        return [
            {"num_chs": stage.channels, "reduction": stage.stride, "module": stage.name, "index": index}
            for index, stage in ((index, self.stages[index]) for index in self.out_indices)
        ]

    def __len__(self) -> int:
        """How many stages are chosen."""
        return len(self.out_indices)

    def __getitem__(self, position: int) -> Stage:
        """The chosen stage at a position."""
        return self.stages[self.out_indices[position]]

    def _asked(self, attribute: str, index: int | Sequence[int] | None) -> Any:
        if isinstance(index, int):
            return getattr(self._stage(index), attribute)
        return [getattr(self._stage(each), attribute) for each in (self.out_indices if index is None else index)]

    def _stage(self, index: int) -> Stage:
        if not -len(self.stages) <= index < len(self.stages):
            message = f"There is no stage {index!r}; there are {len(self.stages)}, counted from 0."
            raise OptionIndexError(message)
        return self.stages[index]


def as_features(factory: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """A network's arguments with `features_only` turned into what it stands for: stages, and no classifier.

    With it, the number of classes and the head are of no concern, so they are left out. A class that has an option
    `features_only` of its own is given it.

    Args:
        factory: The network's class or constructor function.
        arguments: As they were given.

    Raises:
        OptionError: `features_only` is neither true nor false.
    """
    from polynet.models.heads.build import parameters_of
    from polynet.models.network import ImageNetwork
    from polynet.models.variants import Variant

    network = factory.network if isinstance(factory, Variant) else factory
    is_image_network = isinstance(network, type) and issubclass(network, ImageNetwork)
    if "features_only" not in arguments or not is_image_network or "features_only" in parameters_of(network):
        return arguments
    from polynet.weights.arguments import check_truth

    arguments = dict(arguments)
    wanted = arguments.pop("features_only")
    check_truth("features_only", wanted)
    if not wanted:
        return arguments
    for option in ("num_classes", "head"):
        arguments.pop(option, None)
    if arguments.get("out_indices") is None:
        arguments["out_indices"] = ALL
    return arguments


ALL = "all"
"""In place of stage numbers: every stage."""
