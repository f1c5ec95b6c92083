"""Scepter's and EssentialMC2's names of tuners, with their options: `SwiftLoRA` and the others.

There they ask for ms-swift and give a config for it; here they are PolyNet's own tuners under these names.
"""

from __future__ import annotations

from polynet.models.tuners.adapter import Adapter
from polynet.models.tuners.chosen import Full, Partial
from polynet.models.tuners.lora import LoRA
from polynet.models.tuners.sce import SCETuner
from polynet.models.tuners.targets import Patterns
from polynet.registry import TUNERS


@TUNERS.register()
class SwiftLoRA(LoRA, alias=True):
    """`LoRA`, or `DoRA`, with Scepter's names and defaults.

    Args:
        r: The rank.
        lora_alpha: The product is multiplied by `lora_alpha / r`.
        lora_dropout: Probability of dropping an input of the product, while training.
        bias: `"none"`, `"all"` or `"lora_only"`.
        use_dora: Train lengths and directions of the weights apart.
        target_modules: Which linear layers and convolutions; all of them by default.

    Raises:
        OptionError: As `LoRA`.

    Source: Scepter, `SwiftLoRA`.

    Example:
        >>> SwiftLoRA(r=4, target_modules=".*qkv")
        LoRA(r=4, alpha=64.0, dropout=0.0, target=['.*qkv'], bias='none', use_dora=False, train=[])
    """

    def __init__(
        self,
        r: int = 64,
        lora_alpha: float = 64,
        lora_dropout: float = 0.0,
        bias: str = "none",
        use_dora: bool = False,
        target_modules: Patterns = None,
    ) -> None:
        super().__init__(r, lora_alpha, lora_dropout, target_modules, bias, use_dora)


@TUNERS.register()
class SwiftAdapter(Adapter, alias=True):
    """`Adapter` with Scepter's names.

    Args:
        dims: Width of the modules' outputs, or a list of one each; told from the modules by default.
        target_modules: Which modules; the branches of a transformer's blocks by default.
        adapter_length: Width between the two layers.

    Raises:
        OptionError: As `Adapter`.

    Source: Scepter, `SwiftAdapter`.

    Example:
        >>> SwiftAdapter(target_modules="mlp").config["name"]
        'Adapter'
    """

    def __init__(
        self, dims: int | list[int] | None = None, target_modules: Patterns = None, adapter_length: int = 128
    ) -> None:
        super().__init__(adapter_length, dims, target=target_modules)


@TUNERS.register()
class SwiftSCETuning(SCETuner, alias=True):
    """`SCETuner` with Scepter's names.

    Args:
        dims: Width of the modules' outputs, or a list of one each; told from the modules by default.
        target_modules: Which modules; the branches of a transformer's blocks by default.
        down_ratio: Width between the two layers as a part of the module's.
        tuner_mode: `"identity"`.

    Raises:
        OptionError: As `SCETuner`.

    Source: Scepter, `SwiftSCETuning`.

    Example:
        >>> SwiftSCETuning(down_ratio=0.5).down_ratio
        0.5
    """

    def __init__(
        self,
        dims: int | list[int] | None = None,
        target_modules: Patterns = None,
        down_ratio: float = 1.0,
        tuner_mode: str = "identity",
    ) -> None:
        super().__init__(down_ratio, dims, tuner_mode, target=target_modules)


@TUNERS.register()
class SwiftPart(Partial, alias=True):
    """`Partial` with Scepter's names.

    Args:
        target_modules: Which modules or parameters are trained.

    Raises:
        OptionError: Nothing is named.

    Source: Scepter, `SwiftPart`.

    Example:
        >>> SwiftPart(target_modules="head").target
        ('head',)
    """

    def __init__(self, target_modules: Patterns) -> None:
        super().__init__(target_modules)


@TUNERS.register()
class SwiftFull(Full, alias=True):
    """`Full` under Scepter's name.

    Source: Scepter, `SwiftFull`.

    Example:
        >>> SwiftFull().config
        {'name': 'Full'}
    """
