"""How far two builds may differ."""

from __future__ import annotations

from typing import Any

import attrs

from polynet.errors import ConfigTypeError


def _positive(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = f"Tolerance.{attribute.name} must be a number, not {value!r}."
        raise ConfigTypeError(message)
    if not value > 0:
        message = f"Tolerance.{attribute.name} must be above 0, not {value!r}."
        raise ConfigTypeError(message)


@attrs.frozen
class Tolerance:
    """Limits of a parity check.

    A difference passes when it is within `relative`. Where it is not, the float64 twin decides, if a framework has one:
    rounding in a deep network with batch statistics moves float32 gradients by one to three per cent in any framework,
    so what must hold is that neither build is more than `oracle_ratio` times as far from float64 as the other, or as
    copies whose weights are off by one rounding.

    Attributes:
        relative: Largest allowed `max|a - b| / max|b|` of two float32 results.
        oracle_ratio: Largest allowed ratio of a build's error against float64 to the largest that rounding explains.
        oracle_limit: Largest allowed error against float64, whatever the other's is.

    Example:
        >>> polynet.Tolerance().relative
        1e-05
    """

    relative: float = attrs.field(default=1e-5, validator=_positive)
    oracle_ratio: float = attrs.field(default=4.0, validator=_positive)
    oracle_limit: float = attrs.field(default=0.2, validator=_positive)
