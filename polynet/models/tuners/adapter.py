"""Adapters and res-tuners: a trained bottleneck behind, or beside, a part of each block."""

from __future__ import annotations

from typing import Any

from polynet.models.tuners.bottleneck import bottleneck_for, check_widths, width_at
from polynet.models.tuners.targets import Patterns, Place
from polynet.models.tuners.tuner import Insert, Tuner, first_argument, only_output
from polynet.nn.arguments import integer
from polynet.registry import TUNERS
from polynet.types import Tensor

BRANCHES = ("attn", "ffn", "mlp", "attention", "self_attention")
"""What the two branches of a transformer's block are called, in the zoo and elsewhere."""


class _Bottlenecks(Tuner):
    """What tuners share that add a bottleneck to each branch of a transformer's blocks."""

    def __init__(
        self,
        length: int = 64,
        dim: int | list[int] | None = None,
        act: str = "gelu",
        target: Patterns = None,
        train: Patterns = (),
    ) -> None:
        super().__init__(target, train)
        self.length = integer(self.name, "length", length, lowest=1)
        self.dim = check_widths(self.name, dim)
        self.act = act

    def takes(self, layer: Any) -> bool:
        """Any module that is called with a tensor and returns one."""
        return True

    def picks(self, path: str, layer: Any) -> bool:
        """The branches of a transformer's blocks."""
        return path.rpartition(".")[2] in BRANCHES

    def make(self, place: Place) -> Insert:
        """The bottleneck."""
        return bottleneck_for(self.name, place, width_at(self.name, self.dim, place), self.length, self.act)


def _behind(host: Any, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
    """The hook of an adapter: it sees what the module returned."""
    return output + host.adapter(only_output(host, output))


def _beside(host: Any, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
    """The hook of a res-tuner: it sees what the module was given."""
    return only_output(host, output) + host.res_tuner(first_argument(host, arguments))


@TUNERS.register()
class Adapter(_Bottlenecks):
    """Adapters: a narrow pair of linear layers behind modules, whose result is added to their output.

    A fresh one changes nothing: the second layer starts at zero.

    Args:
        length: Width between the two layers.
        dim: Width of the modules' outputs, or a list of one each; told from the modules by default.
        act: Activation between the layers.
        target: Which modules; the attention and feed-forward branches of a transformer by default.
        train: Patterns of modules or parameters of the network to be trained beside it.

    Raises:
        OptionError: A length below 1, or widths that are none.

    Source: Houlsby et al. 2019, arXiv:1902.00751; Scepter, `SwiftAdapter`.

    Example:
        >>> net = polynet.build("vit_tiny_patch16_224", backend="torch", num_classes=10)
        >>> print(Adapter(length=8, target="ffn").apply(net))
        Adapter on 12 modules: 39,264 of 5,565,610 parameters trained (0.71 %)
    """

    child = "adapter"

    def connect(self, place: Place) -> list[Any]:
        """Run it behind the module."""
        return [place.layer.register_forward_hook(_behind)]


@TUNERS.register()
class ResTuner(_Bottlenecks):
    """Res-tuners: a narrow pair of linear layers beside modules, on their input, added to their output.

    So it is unbound from the module, and a fresh one changes nothing. The module must return what has the shape of its
    input, as the branches of a transformer's blocks do.

    Args:
        length: Width between the two layers.
        dim: Width of the modules' inputs, or a list of one each; told from the modules by default.
        act: Activation between the layers.
        target: Which modules; the attention and feed-forward branches of a transformer by default.
        train: Patterns of modules or parameters of the network to be trained beside it.

    Raises:
        OptionError: A length below 1, or widths that are none.

    Source: Jiang et al. 2023, "Res-Tuning", arXiv:2310.19859, its parallel form with an adapter.

    Example:
        >>> net = polynet.build("vit_tiny_patch16_224", backend="torch", num_classes=10)
        >>> ResTuner(length=8).apply(net).names[0]
        'blocks.0.attn.res_tuner.down.weight'
    """

    child = "res_tuner"

    def connect(self, place: Place) -> list[Any]:
        """Run it beside the module."""
        return [place.layer.register_forward_hook(_beside)]
