"""A recipe: which initial values a network's paper gives to which kind of parameter."""

from __future__ import annotations

import fnmatch
import functools

import attrs

from polynet.nn.initialisers import Constant, FanInUniform, Initialiser, KaimingUniform, Normal, Uniform, XavierUniform
from polynet.slots import Slot

_CONVOLUTIONS = ("Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
_NORMALISATIONS = (
    *("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm", "LayerNorm", "GroupNorm", "InstanceNorm2d"),
    "RMSNorm",
)
_RECURRENT = ("LSTM", "GRU", "RNN")
_ROLES = {
    **dict.fromkeys(_CONVOLUTIONS, "convolution"),
    **dict.fromkeys(_NORMALISATIONS, "norm"),
    **dict.fromkeys(_RECURRENT, "recurrent"),
    "Linear": "linear",
    "Embedding": "embedding",
    "MultiheadAttention": "attention",
}


@functools.lru_cache(maxsize=4096)
def role_of(owner: type) -> str | None:
    """What kind of layer a native module class is: a field of `Recipe`, or `None` for a class of the user's own."""
    from polynet import nn

    return next((role for name, role in _ROLES.items() if issubclass(owner, getattr(nn, name))), None)


@attrs.frozen
class Recipe:
    """Initial values by kind of parameter. Defaults are torch's own.

    A network gives its recipe as the class attribute `recipe`; a submodule's own `recipe` governs its subtree.
    Parameters that belong to no known layer (a class token, a layer scale) keep what their constructor gave them unless
    `named` says otherwise.

    Attributes:
        convolution: Weights of convolutions.
        linear: Weights of linear layers, and attention's input projection.
        embedding: Weights of embeddings; a padding row is zero again afterwards.
        bias: Biases of convolutions, linear layers and attention.
        norm_weight: Scales of normalisation layers.
        norm_bias: Shifts of normalisation layers.
        named: Pairs of a wildcard pattern and an initialiser; the first that matches wins over all. A pattern is of
            canonical names, whole or as they are below the module that has the recipe.

    Example:
        >>> zero = polynet.nn.Constant(0.0)
        >>> recipe = polynet.nn.Recipe(linear=polynet.nn.Normal(0.01), named=(("*.c_bn.weight", zero),))
        >>> recipe.linear
        Normal(std=0.01, mean=0.0)
    """

    convolution: Initialiser = KaimingUniform()
    linear: Initialiser = KaimingUniform()
    embedding: Initialiser = Normal(1.0)
    bias: Initialiser = FanInUniform()
    norm_weight: Initialiser = Constant(1.0)
    norm_bias: Initialiser = Constant(0.0)
    named: tuple[tuple[str, Initialiser], ...] = ()

    def initialiser(self, slot: Slot, path: str = "") -> Initialiser | None:
        """The initialiser of a parameter below the module at `path`; `None` to keep what its constructor gave it."""
        own_name = slot.name.removeprefix(f"{path}.") if path else slot.name
        for pattern, initialiser in self.named:
            if fnmatch.fnmatchcase(own_name, pattern) or fnmatch.fnmatchcase(slot.name, pattern):
                return initialiser
        owner: type = type(slot.owner)
        role = role_of(owner)
        if slot.kind != "parameter" or role is None:
            return None
        if role == "recurrent":
            bound = slot.owner.hidden_size**-0.5
            return Uniform(-bound, bound)
        if role == "norm":
            return self.norm_weight if slot.leaf == "weight" else self.norm_bias
        if role == "attention":
            return XavierUniform() if slot.leaf.endswith("weight") else Constant(0.0)
        if slot.leaf == "weight":
            weights: dict[str, Initialiser] = {
                "convolution": self.convolution,
                "linear": self.linear,
                "embedding": self.embedding,
            }
            return weights[role]
        return self.bias if slot.leaf == "bias" else None


DEFAULT_RECIPE = Recipe()
"""torch's own defaults, for networks that name no recipe."""
