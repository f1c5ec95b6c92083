"""Options that every image network takes from `polynet.build`, whatever its family calls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.errors import OptionError

_SAME = (("drop_path_rate", "drop_path_prob"), ("drop_path_prob", "drop_path_rate"))
"""timm's name of an option and BaseCls's, either of which stands for the one that the family has."""


def with_common_options(factory: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A network's arguments with the common options turned into the family's own.

    `drop_path_rate` and `drop_path_prob` are the same; families without residual branches have neither. `drop_rate` is
    the family's own or else its head's `dropout_prob`. For `features_only` see `polynet.models.feature_info`.

    Args:
        factory: The network's class or constructor function.
        arguments: As they were given.

    Raises:
        OptionError: An option was given under both its names, or has a value that cannot be.

    Example:
        >>> from polynet.models.networks.resnet import resnet50
        >>> with_common_options(resnet50, {"drop_rate": 0.2, "drop_path_rate": 0.1})
        {'drop_path_prob': 0.1, 'head': {'dropout_prob': 0.2}}
    """
    from polynet.models.feature_info import as_features
    from polynet.models.heads.build import parameters_of
    from polynet.models.network import ImageNetwork
    from polynet.models.variants import Variant

    changed = dict(arguments)
    network = factory.network if isinstance(factory, Variant) else factory
    if not isinstance(network, type) or not issubclass(network, ImageNetwork):
        return changed
    own = parameters_of(network)
    for given, meant in _SAME:
        if given in changed and given not in own and meant in own:
            if meant in changed:
                message = f"{given} and {meant} are the same option; give one of them."
                raise OptionError(message)
            changed[meant] = changed.pop(given)
    if "drop_rate" in changed and "drop_rate" not in own:
        rate, head = changed.pop("drop_rate"), changed.get("head", {})
        if isinstance(head, Mapping):
            changed["head"] = {"dropout_prob": rate, **head}
    return as_features(factory, changed)
