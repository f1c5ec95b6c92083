"""What a network remembers of its head, so that it can make another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from polynet.errors import OptionError
from polynet.models.heads.build import build_head, find_head, parameters_of

WIDTHS = ("w_out", "num_classes")


def check_num_classes(value: Any, what: str = "num_classes") -> int:
    """Return a number of classes unchanged.

    Raises:
        OptionError: Not a whole number of at least 0.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        message = f"{what} must be a whole number, 0 for no classifier, not {value!r}."
        raise OptionError(message)
    return value


def head_options(head: Any, num_classes: int | None, default: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The options of a head, by the rules all networks share.

    A head without a name is the network's own kind of head; `head.w_out` wins over `num_classes`.

    Args:
        head: What the network was given: a mapping or `None`.
        num_classes: What the network was given.
        default: The network's own head.

    Returns:
        Options for `build_head`; `None` for no head.

    Raises:
        OptionError: `head` is neither a mapping nor `None`, or a number of classes is none.

    Example:
        >>> head_options({"dropout_prob": 0.1}, 10, {"name": "ClsHead"})
        {'name': 'ClsHead', 'dropout_prob': 0.1, 'w_out': 10}
    """
    if num_classes is not None:
        check_num_classes(num_classes)
    if head is None:
        return None
    if not isinstance(head, Mapping):
        message = f"head must be a mapping such as {{'name': 'ClsHead'}}, or None, not {head!r}."
        raise OptionError(message)
    options = dict(head) if "name" in head and head["name"] != default.get("name") else {**default, **head}
    if options["name"] is None:
        return None
    given = [key for key in WIDTHS if options.get(key) is not None]
    for key in given:
        check_num_classes(options[key], f"head.{key}")
    if not given and num_classes is not None:
        options = {**{key: value for key, value in options.items() if key not in WIDTHS}, "w_out": num_classes}
    return options


def has_no_classes(options: Mapping[str, Any]) -> bool:
    """Whether the options of a head ask for no classes, hence for no head."""
    return any(options.get(key) == 0 for key in WIDTHS)


@attrs.frozen
class HeadPlan:
    """How a network makes its head.

    Attributes:
        w_in: Width of the features it gets.
        options: Options for `build_head`.
        norm_name: The network's normalisation.
        act_name: The network's activation.
    """

    w_in: int
    options: Mapping[str, Any]
    norm_name: str | Callable[..., Any] | None
    act_name: str | Callable[..., Any] | None

    def build(self, num_classes: int | None = None) -> Any:
        """Make the head on the active backend, with another number of classes if one is given."""
        options = self.options
        if num_classes is not None:
            options = {**{key: value for key, value in options.items() if key not in WIDTHS}, "w_out": num_classes}
        return build_head(self.w_in, options, self.norm_name, self.act_name)

    def num_classes(self) -> int:
        """Classes of the head that `build()` makes; 0 where it does not say."""
        for key in WIDTHS:
            if self.options.get(key) is not None:
                return int(self.options[key])
        accepted = parameters_of(find_head(self.options["name"]))
        defaults = [accepted[key].default for key in WIDTHS if key in accepted]
        return defaults[0] if defaults and isinstance(defaults[0], int) else 0
