"""Reading a network's plan: options that hold for all stages, for each stage, or for each block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from polynet.errors import OptionError


def per_stage(network: str, *, depths: Sequence[int], **options: Any) -> list[dict[str, Any]]:
    """Spread options over the stages.

    Args:
        network: Name of the network, for messages.
        depths: Blocks of each stage.
        **options: For each option one value, or a list or tuple with one for each stage.

    Returns:
        For each stage its depth, under `"depths"`, and its options.

    Raises:
        OptionError: A depth below one, or a list of the wrong length.

    Example:
        >>> per_stage("Net", depths=(1, 2), width=(8, 16), kernel=3)
        [{'depths': 1, 'width': 8, 'kernel': 3}, {'depths': 2, 'width': 16, 'kernel': 3}]
    """
    is_list = isinstance(depths, list | tuple) and all(isinstance(depth, int) for depth in depths)
    if not is_list or not depths or any(depth < 1 for depth in depths):
        message = f"{network}: depths must hold at least one block for each stage, not {depths!r}."
        raise OptionError(message)
    columns: dict[str, Sequence[Any]] = {"depths": list(depths)}
    for name, value in options.items():
        columns[name] = list(value) if isinstance(value, list | tuple) else [value] * len(depths)
        if len(columns[name]) != len(depths):
            count = len(depths)
            message = f"{network}: {name} must have {count} entries, one for each stage as depths has, not {value!r}."
            raise OptionError(message)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def per_block(network: str, depth: int, *options: Any) -> Iterator[tuple[Any, ...]]:
    """Spread options over the blocks of a stage: one value, or a list or tuple with one for each block.

    Raises:
        OptionError: A list of the wrong length.

    Example:
        >>> list(per_block("Net", 2, 6, (0.0, 0.25)))
        [(6, 0.0), (6, 0.25)]
    """
    spread = [list(value) if isinstance(value, list | tuple) else [value] * depth for value in options]
    for values in spread:
        if len(values) != depth:
            message = f"{network}: a stage of {depth} blocks needs {depth} values, not {values!r}."
            raise OptionError(message)
    return zip(*spread, strict=True)


def drop_probabilities(last: float, count: int) -> Iterator[float]:
    """Each block's probability of being dropped, by BaseCls's rule: proportional to its number, counted from 0.

    Example:
        >>> list(drop_probabilities(0.2, 4))
        [0.0, 0.05, 0.1, 0.15000000000000002]
    """
    return (index / count * last for index in range(count))


def linear_drop_rates(last: float, count: int) -> Iterator[float]:
    """Each block's probability of being dropped, by timm's rule: from 0 for the first to `last` for the last.

    Example:
        >>> list(linear_drop_rates(0.5, 3))
        [0.0, 0.25, 0.5]
    """
    return (last * index / max(count - 1, 1) for index in range(count))
