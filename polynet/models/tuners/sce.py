"""SCEdit's tuners of skip connections (Jiang et al. 2023, "SCEdit", arXiv:2312.11392), as Scepter has them."""

from __future__ import annotations

import math
from typing import Any

from polynet import nn
from polynet.errors import OptionError, suggest
from polynet.models.tuners.adapter import BRANCHES
from polynet.models.tuners.bottleneck import Bottleneck, bottleneck_for, check_widths, width_at
from polynet.models.tuners.targets import Patterns, Place
from polynet.models.tuners.tuner import Insert, Tuner, only_output
from polynet.nn.arguments import integer
from polynet.registry import TUNERS
from polynet.types import Tensor

_COMPONENTS = ("SCEAdapter",)
_MODES = ("identity",)


class SCEAdapter(Bottleneck):
    """A narrow pair of linear layers whose result is added to a skip connection; when fresh, the identity.

    Args:
        dim: Width of the features.
        adapter_length: Width between the layers.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     adapter = SCEAdapter(8, 4)
        >>> x = ops.ones((1, 8, 3, 3))
        >>> bool((adapter(x) == x).all())
        True
    """

    def __init__(self, dim: int, adapter_length: int) -> None:
        super().__init__(dim, adapter_length)

    def forward(self, x: Tensor, x_shortcut: Tensor | None = None, use_shortcut: bool = True) -> Tensor:
        """Tune `(N, L, dim)` or `(N, dim, H, W)`.

        Args:
            x: The features.
            x_shortcut: What the result is added to; `x` by default.
            use_shortcut: Whether it is added to anything.
        """
        tuned = super().forward(x)
        if not use_shortcut:
            return tuned
        return tuned + (x if x_shortcut is None else x_shortcut)


@TUNERS.register()
class SCTuner(nn.Module):
    """One tuner of one skip connection, a module to be called by the network that has the connection.

    Args:
        dim: Width of the features.
        tuner_length: Width between the two layers; that of the features by default.
        tuner_name: The component: `"SCEAdapter"`.

    Raises:
        OptionError: A width below 1, or no such component.

    Source: Scepter, `SCTuner`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     tuner = polynet.registry.TUNERS.build({"NAME": "SCTuner", "DIM": 8, "TUNER_LENGTH": 4})
        >>> tuple(tuner(ops.ones((1, 8, 3, 3))).shape)
        (1, 8, 3, 3)
    """

    def __init__(self, dim: int, tuner_length: int | None = None, tuner_name: str = "SCEAdapter") -> None:
        super().__init__()
        dim = integer("SCTuner", "dim", dim, lowest=1)
        length = dim if tuner_length is None else integer("SCTuner", "tuner_length", tuner_length, lowest=1)
        if tuner_name not in _COMPONENTS:
            message = (
                f"SCTuner: there is no tuner_name {tuner_name!r}; there is {', '.join(_COMPONENTS)}."
                f"{suggest(tuner_name, _COMPONENTS)}"
            )
            raise OptionError(message)
        self.tuner_op = SCEAdapter(dim, length)

    def forward(self, x: Tensor, x_shortcut: Tensor | None = None, use_shortcut: bool = True) -> Tensor:
        """Tune a skip connection; see `SCEAdapter.forward`."""
        return self.tuner_op(x, x_shortcut, use_shortcut)


def _tune(host: Any, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
    """The hook behind a module."""
    return output + host.sce(only_output(host, output))


@TUNERS.register()
class SCETuner(Tuner):
    """SCEdit's adapters behind modules: a pair of linear layers whose result is added to a module's output.

    Fresh ones change nothing. They differ from `Adapter` in their width, which is a part of the module's.

    Args:
        down_ratio: Width between the two layers as a part of the module's.
        dim: Width of the modules' outputs, or a list of one each; told from the modules by default.
        mode: `"identity"`: the result is added to the output.
        target: Which modules; the attention and feed-forward branches of a transformer by default.
        train: Patterns of modules or parameters of the network to be trained beside it.

    Raises:
        OptionError: A ratio that is not above 0, widths that are none, or another mode.

    Source: Jiang et al. 2023, arXiv:2312.11392; Scepter, `SwiftSCETuning`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = polynet.nn.Sequential(polynet.nn.Conv2d(3, 8, 3), polynet.nn.ReLU())
        >>> SCETuner(down_ratio=0.5, target="0").apply(net).trainable
        76
    """

    child = "sce"

    def __init__(
        self,
        down_ratio: float = 1.0,
        dim: int | list[int] | None = None,
        mode: str = "identity",
        target: Patterns = None,
        train: Patterns = (),
    ) -> None:
        super().__init__(target, train)
        if isinstance(down_ratio, bool) or not isinstance(down_ratio, (int, float)) or not 0 < down_ratio < math.inf:
            message = f"{self.name}: down_ratio must be above 0, not {down_ratio!r}."
            raise OptionError(message)
        if mode not in _MODES:
            message = (
                f"{self.name}: mode must be {_MODES[0]!r}, not {mode!r}: the others of ms-swift join the skip "
                f"connections of a U-Net, which its own SCTuner modules do here.{suggest(mode, _MODES)}"
            )
            raise OptionError(message)
        self.down_ratio = float(down_ratio)
        self.dim = check_widths(self.name, dim)
        self.mode = mode

    def takes(self, layer: Any) -> bool:
        """Any module that is called with a tensor and returns one."""
        return True

    def picks(self, path: str, layer: Any) -> bool:
        """The branches of a transformer's blocks."""
        return path.rpartition(".")[2] in BRANCHES

    def make(self, place: Place) -> Insert:
        """The pair of layers."""
        return bottleneck_for(self.name, place, width_at(self.name, self.dim, place), self.down_ratio, "gelu")

    def connect(self, place: Place) -> list[Any]:
        """Run it behind the module."""
        return [place.layer.register_forward_hook(_tune)]
