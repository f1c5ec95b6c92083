"""LoRA and DoRA: a layer's weight plus a trained product of two narrow ones.

Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685; Liu et al. 2024, "DoRA:
Weight-Decomposed Low-Rank Adaptation", arXiv:2402.09353. As in peft (https://github.com/huggingface/peft), against
which both are tested; the names of Scepter's config are those of `SwiftLoRA`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.backend import backend_of
from polynet.errors import OptionError, suggest
from polynet.models.blocks.same_convolution import SameConv2d
from polynet.models.tuners.layers import CONVOLUTIONS, plain_name
from polynet.models.tuners.targets import Patterns, Place
from polynet.models.tuners.tuner import Array, Insert, Tuner, first_argument
from polynet.nn import Constant, KaimingUniform, Recipe
from polynet.nn.arguments import integer
from polynet.registry import TUNERS
from polynet.slots import Slot
from polynet.types import Tensor

_TUNED: dict[str, Any] = {"Linear": nn.Linear, **CONVOLUTIONS}
_BIASES = ("none", "all", "lora_only")
_SHORTEST = 1e-12
"""Rows shorter than this count as this long."""


def _narrow(layer: Any, r: int) -> tuple[Any, Any]:
    """The two layers whose product is added to a layer's: to `r` features within each group, and back."""
    name = plain_name(layer, _TUNED)
    if name == "Linear":
        return nn.Linear(layer.in_features, r, bias=False), nn.Linear(r, layer.out_features, bias=False)
    groups, width = layer.groups, layer.groups * r
    wide = _TUNED[name or ""]
    up = wide(width, layer.out_channels, 1, groups=groups, bias=False)
    if isinstance(layer, SameConv2d):
        return SameConv2d(layer.in_channels, width, layer.kernel_side, stride=layer.step, groups=groups), up
    options = {key: getattr(layer, key) for key in ("stride", "padding", "dilation", "padding_mode")}
    return wide(layer.in_channels, width, layer.kernel_size, groups=groups, bias=False, **options), up


class _Product(Insert):
    """Two narrow layers, and what their product is multiplied by.

    Args:
        layer: The layer to be tuned, linear or a convolution.
        r: The rank, of each group's weight.
        scaling: What the product is multiplied by.
        dropout: Probability of dropping an input.
    """

    recipe = Recipe(
        linear=KaimingUniform(math.sqrt(5)),
        convolution=KaimingUniform(math.sqrt(5)),
        named=(("up.weight", Constant(0.0)),),
    )

    def __init__(self, layer: Any, r: int, scaling: float, dropout: float) -> None:
        super().__init__()
        self.r = r
        self.scaling = scaling
        self.groups = int(getattr(layer, "groups", 1))
        self.dropout = nn.Dropout(dropout) if dropout else None
        self.down, self.up = _narrow(layer, r)

    def dropped(self, x: Tensor) -> Tensor:
        """The input with some of it dropped, while training."""
        return x if self.dropout is None else self.dropout(x)


class LowRank(_Product):
    """What LoRA adds to a layer: `scaling * up(down(dropout(x)))`."""

    def forward(self, x: Tensor, output: Tensor) -> Tensor:
        """The layer's output with the product's added."""
        if self.merged:
            return output
        return output + self.up(self.down(self.dropped(x))) * self.scaling


class DecomposedLowRank(_Product):
    """What DoRA adds: the weight's direction changes by a product, and its length, for each output, is trained."""

    def __init__(self, layer: Any, r: int, scaling: float, dropout: float) -> None:
        super().__init__(layer, r, scaling, dropout)
        weight = backend_of(layer).slots(layer)["weight"]
        self.spatial = len(weight.shape) - 2
        if backend_of(layer).is_framework:
            lengths = np.sqrt(np.square(weight.read().astype(np.float64)).reshape(weight.shape[0], -1).sum(1))
        else:
            lengths = np.ones(weight.shape[0])
        self.magnitude: Tensor = nn.Parameter(lengths.astype(np.float32))

    def lengths(self, weight: Tensor) -> Tensor:
        """Lengths of the changed weight's rows, into which no gradient flows, as the paper has it."""
        down = ops.reshape(self.down.weight, (self.groups, self.r, -1))
        up = ops.reshape(self.up.weight, (self.groups, -1, self.r))
        change = ops.reshape(ops.matmul(up, down), (self.magnitude.shape[0], -1))
        changed = ops.reshape(weight, (self.magnitude.shape[0], -1)) + change * self.scaling
        # A row of zeros has no direction, and must not divide by its length.
        return ops.stop_gradient(ops.clamp(ops.sqrt(ops.sum(changed * changed, dim=1)), _SHORTEST))

    def forward(self, x: Tensor, plain: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """What is to be added to the layer's output.

        Args:
            x: The layer's input, with some of it dropped.
            plain: The layer's output for that input.
            weight: The layer's weight.
            bias: The layer's bias.
        """
        scale = self.magnitude / self.lengths(weight)
        if self.spatial:
            shape = (-1, *(1,) * self.spatial)
            scale = ops.reshape(scale, shape)
            bias = None if bias is None else ops.reshape(bias, shape)
        plain = plain if bias is None else plain - bias
        return (scale - 1) * plain + scale * self.up(self.down(x)) * self.scaling


def _add_product(host: Any, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
    """The hook behind a layer with LoRA."""
    return host.lora(first_argument(host, arguments), output)


def _add_decomposed(host: Any, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
    """The hook behind a layer with DoRA; where inputs are dropped, the layer must see the dropped ones too."""
    added = host.lora
    if added.merged:
        return output
    x = first_argument(host, arguments)
    if added.dropout is None or not added.training:
        return output + added(x, output, host.weight, host.bias)
    x = added.dropped(x)
    return output + added(x, host.forward(x), host.weight, host.bias)


@TUNERS.register()
class LoRA(Tuner):
    """Low-rank adaptation: beside each layer a product of two narrow layers is trained, and can be merged into it.

    A fresh one changes nothing: the second narrow layer starts at zero. Of a convolution with groups the rank is that
    of each group.

    Args:
        r: The rank.
        alpha: The product is multiplied by `alpha / r`.
        dropout: Probability of dropping an input of the product, while training.
        target: Which linear layers and convolutions; all of them by default.
        bias: `"none"`; `"all"` to train the biases of the whole network; `"lora_only"` those of the tuned layers.
        use_dora: Train lengths and directions of the weights apart (DoRA).
        train: Patterns of modules or parameters of the network to be trained beside it.

    Raises:
        OptionError: A rank below 1, a dropout that is no probability, or no such `bias`.

    Source: Hu et al. 2021, arXiv:2106.09685; peft, `LoraConfig`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = polynet.nn.Sequential(polynet.nn.Conv2d(3, 8, 3), polynet.nn.ReLU())
        >>> print(LoRA(r=2, alpha=4).apply(net))
        LoRA on 1 module: 70 of 294 parameters trained (23.81 %)
    """

    child = "lora"
    merges = True

    def __init__(
        self,
        r: int = 8,
        alpha: float = 8.0,
        dropout: float = 0.0,
        target: Patterns = None,
        bias: str = "none",
        use_dora: bool = False,
        train: Patterns = (),
    ) -> None:
        super().__init__(target, train)
        self.r = integer(self.name, "r", r, lowest=1)
        if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not math.isfinite(alpha):
            message = f"{self.name}: alpha must be a number, not {alpha!r}."
            raise OptionError(message)
        if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout < 1:
            message = f"{self.name}: dropout must be a probability below 1, not {dropout!r}."
            raise OptionError(message)
        if bias not in _BIASES:
            message = f"{self.name}: bias must be one of {', '.join(_BIASES)}, not {bias!r}.{suggest(bias, _BIASES)}"
            raise OptionError(message)
        self.alpha = float(alpha)
        self.dropout = float(dropout)
        self.bias = bias
        self.use_dora = bool(use_dora)

    def takes(self, layer: Any) -> bool:
        """Linear layers and convolutions, and classes derived from them that compute the same."""
        return plain_name(layer, _TUNED) is not None

    def make(self, place: Place) -> Insert:
        """The two narrow layers."""
        kind = DecomposedLowRank if self.use_dora else LowRank
        return kind(place.layer, self.r, self.alpha / self.r, self.dropout)

    def connect(self, place: Place) -> list[Any]:
        """Run them behind the layer."""
        return [place.layer.register_forward_hook(_add_decomposed if self.use_dora else _add_product)]

    def trained(self, slots: Mapping[str, Slot], places: Collection[Place]) -> Iterable[str]:
        """Biases, where they are asked for."""
        if self.bias == "none":
            return ()
        if self.bias == "lora_only":
            return [name for place in places if (name := f"{place.path}.bias") in slots]
        return [name for name, slot in slots.items() if slot.kind == "parameter" and slot.leaf.endswith("bias")]

    def merged(self, place: Place, weights: Mapping[str, Array], added: Mapping[str, Array]) -> dict[str, Array]:
        """The weight with the product in it, computed in double precision."""
        weight = weights["weight"].astype(np.float64)
        groups = int(getattr(place.layer, "groups", 1))
        down = added["down.weight"].astype(np.float64).reshape(groups, self.r, -1)
        up = added["up.weight"].astype(np.float64).reshape(groups, -1, self.r)
        changed = weight + (self.alpha / self.r) * np.matmul(up, down).reshape(weight.shape)
        if self.use_dora:
            rows = changed.reshape(weight.shape[0], -1)
            lengths = np.maximum(np.sqrt(np.square(rows).sum(1)), _SHORTEST)
            changed = (rows * (added["magnitude"] / lengths)[:, None]).reshape(weight.shape)
        return {"weight": changed.astype(weights["weight"].dtype)}


@TUNERS.register()
class DoRA(LoRA, alias=True):
    """LoRA whose weights' lengths are trained apart from their directions; `LoRA` with `use_dora=True`.

    Args:
        r: The rank.
        alpha: The product is multiplied by `alpha / r`.
        dropout: Probability of dropping an input of the product, while training.
        target: Which linear layers and convolutions; all of them by default.
        bias: `"none"`, `"all"` or `"lora_only"`.
        train: Patterns of modules or parameters of the network to be trained beside it.

    Raises:
        OptionError: As `LoRA`.

    Source: Liu et al. 2024, arXiv:2402.09353.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = polynet.nn.Sequential(polynet.nn.Linear(8, 4))
        >>> DoRA(r=2).apply(net).names
        ('0.lora.magnitude', '0.lora.down.weight', '0.lora.up.weight')
    """

    def __init__(
        self,
        r: int = 8,
        alpha: float = 8.0,
        dropout: float = 0.0,
        target: Patterns = None,
        bias: str = "none",
        train: Patterns = (),
    ) -> None:
        super().__init__(r, alpha, dropout, target, bias, use_dora=True, train=train)
