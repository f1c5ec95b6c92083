"""Options that every image network takes from `polynet.build`, whatever its family calls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from polynet.errors import OptionError, suggest

_SAME = (("drop_path_rate", "drop_path_prob"), ("drop_path_prob", "drop_path_rate"))
"""timm's name of an option and BaseCls's, either of which stands for the one that the family has."""

_MEANT = {
    **dict.fromkeys(("dropout", "dropout_prob", "dropout_rate", "drop_prob", "drop"), "drop_rate"),
    **dict.fromkeys(("drop_path", "drop_path_prob", "stochastic_depth_prob"), "drop_path_rate"),
}
"""What else the common options are called, and would be taken for something else by their letters."""

_RATES = ("drop_rate", "drop_path_rate", "drop_path_prob", "attn_drop_rate")
_MULTIPLIERS = ("width_mult", "depth_mult", "width_multiplier")


_OF_BUILD = ("pretrained", "weights", "adapt")


def unknown_option(network: Any, name: str, parameters: Sequence[str]) -> str:
    """Say which options a network has in place of one it does not have, as the end of an error message.

    Args:
        network: The network's class.
        name: The option that was given.
        parameters: The network's own options.

    Example:
        >>> from polynet.models.networks.alexnet import AlexNet
        >>> unknown_option(AlexNet, "dropout_prob", ["head"])
        " Did you mean 'drop_rate'? Its options are: head; and, given to polynet.build: drop_rate, features_only."
    """
    from polynet.models.network import ImageNetwork

    if name in _OF_BUILD:
        return (
            f" It is one of polynet.build's own: polynet.build(…, {name}=…). Where a config is trained, its run takes "
            "weights: load_from, or `--load-from` with a file, an address or a name such as resnet50.a1_in1k."
        )
    common: list[str] = []
    if isinstance(network, type) and issubclass(network, ImageNetwork):
        has_branches = any(each in parameters for each in _SAME[0])
        common = ["drop_rate", *(["drop_path_rate"] if has_branches else []), "features_only"]
    meant = _MEANT.get(name)
    near = f" Did you mean {meant!r}?" if meant in common else suggest(name, [*parameters, *common])
    more = [each for each in common if each not in parameters]
    shared = f"; and, given to polynet.build: {', '.join(more)}" if more else ""
    return f"{near} Its options are: {', '.join(parameters)}{shared}."


def _check_values(arguments: Mapping[str, Any]) -> None:
    """Refuse a rate outside [0, 1) and a multiplier that leaves nothing.

    Raises:
        OptionError: There is one; the message names it.
    """
    for name in _RATES:
        rate = arguments.get(name)
        if rate is not None and (not _is_number(rate) or not 0 <= rate < 1):
            message = f"{name} must be a number of at least 0 and less than 1, not {rate!r}."
            raise OptionError(message)
    for name in _MULTIPLIERS:
        given = arguments.get(name, 1)
        for factor in given if isinstance(given, (list, tuple)) else (given,):
            if not _is_number(factor) or not 0 < factor < float("inf"):
                message = f"{name} must be more than 0, not {given!r}."
                raise OptionError(message)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def with_common_options(factory: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A network's arguments with the common options turned into the family's own.

    `drop_path_rate` and `drop_path_prob` are the same; families without residual branches have neither. `drop_rate` is
    the family's own or else its head's `dropout_prob`. For `features_only` see `polynet.models.feature_info`.

    Args:
        factory: The network's class or constructor function.
        arguments: As they were given.

    Raises:
        OptionError: An option was given under both its names, or has a value that cannot be: a rate outside [0, 1), a
            multiplier that is not more than 0.

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
    _check_values(changed)
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
