"""A tree of plain data and arrays as what a safetensors file holds: the arrays by path, and all else as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from polynet.errors import CheckpointError, ConfigTypeError
from polynet.weights.elements import ELEMENTS, Array
from polynet.weights.pieces import Pieces
from polynet.weights.training_file import escaped, unescaped

ARRAY, PAIRS, TUPLE = "$array", "$pairs", "$tuple"
"""Marks within the JSON: an array; a mapping whose keys are not all texts, as a list of pairs; a tuple, as a list."""

_DEEPEST = 60


def flattened(tree: Mapping[str, Any]) -> tuple[dict[str, Array | Pieces], str]:
    """Split a tree into arrays by path, and text.

    Args:
        tree: Mappings, lists and tuples of numbers, texts, truth values, `None` and arrays.

    Returns:
        The arrays, whose names are their paths with slashes between; and JSON with a mark wherever an array stood. A
        mapping from texts to arrays alone is left out of the JSON: the paths say all of it.

    Raises:
        ConfigTypeError: The tree holds something else; the message says where.

    Example:
        >>> arrays, text = flattened({"model": {"w": np.ones(2)}, "iter": 7, "lr": [0.1]})
        >>> list(arrays), text
        (['model/w'], '{"iter": 7, "lr": [0.1]}')
    """
    arrays: dict[str, Array | Pieces] = {}
    plain = {}
    for key, value in tree.items():
        if _is_branch(value):
            arrays.update({f"{escaped(key)}/{escaped(name)}": array for name, array in value.items()})
        else:
            plain[key] = _plain(value, (key,), arrays)
    return arrays, json.dumps(plain, ensure_ascii=False)


def _is_branch(value: Any) -> bool:
    """Whether a value is a mapping from texts to arrays alone."""
    return (
        isinstance(value, Mapping)
        and len(value) > 0
        and all(isinstance(name, str) for name in value)
        and all(isinstance(each, (np.ndarray, Pieces)) and each.dtype.name in ELEMENTS for each in value.values())
    )


def _plain(value: Any, path: tuple[str, ...], arrays: dict[str, Array | Pieces]) -> Any:
    """A value as JSON has it, its arrays put aside."""
    if len(path) > _DEEPEST:
        message = (
            f"What is to be kept at {'/'.join(path[:3])} is nested more than {_DEEPEST} levels deep, or in itself."
        )
        raise ConfigTypeError(message)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (np.ndarray, Pieces)) and value.dtype.name in ELEMENTS:
        arrays["/".join(escaped(step) for step in path)] = value
        return {ARRAY: True}
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: _plain(each, (*path, key), arrays) for key, each in value.items()}
        return {
            PAIRS: [
                [_plain(key, (*path, str(index), "key"), arrays), _plain(each, (*path, str(index), "value"), arrays)]
                for index, (key, each) in enumerate(value.items())
            ]
        }
    if isinstance(value, (list, tuple)):
        listed = [_plain(each, (*path, str(index)), arrays) for index, each in enumerate(value)]
        return listed if isinstance(value, list) else {TUPLE: listed}
    message = (
        f"A checkpoint keeps numbers, texts, truth values, None, arrays, and lists and mappings of these; "
        f"{'/'.join(path)} is {_described(value)}."
    )
    raise ConfigTypeError(message)


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return f"a {type(value).__module__}.{type(value).__qualname__}"


def grown(arrays: Mapping[str, Array], text: str) -> dict[str, Any]:
    """The tree that `flattened` took apart.

    Args:
        arrays: Arrays by path.
        text: The JSON.

    Raises:
        CheckpointError: An array that the JSON speaks of is missing, or the JSON is damaged.

    Example:
        >>> grown(*flattened({"slots": {"w": {"step": 3, "mean": np.zeros(2)}}, "milestones": {30: 0.1}}))
        {'slots': {'w': {'step': 3, 'mean': array([0., 0.])}}, 'milestones': {30: 0.1}}
    """
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"The training checkpoint is damaged: {error}"
        raise CheckpointError(message) from error
    if not isinstance(plain, dict):
        message = "The training checkpoint is damaged: its state is no mapping."
        raise CheckpointError(message)
    left = dict(arrays)
    try:
        tree = {key: _filled(value, (key,), left) for key, value in plain.items()}
        for path, array in left.items():
            branch, _, leaf = path.partition("/")
            tree.setdefault(unescaped(branch), {})[unescaped(leaf)] = array
    except (TypeError, ValueError, RecursionError) as error:
        if isinstance(error, CheckpointError):
            raise
        message = f"The training checkpoint is damaged, or made up: {error}"
        raise CheckpointError(message) from error
    return tree


def _filled(value: Any, path: tuple[str, ...], left: dict[str, Array]) -> Any:
    if isinstance(value, list):
        return [_filled(each, (*path, str(index)), left) for index, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if ARRAY in value:
        name = "/".join(escaped(step) for step in path)
        if name not in left:
            message = f"The training checkpoint is damaged: the array {name} is missing."
            raise CheckpointError(message)
        return left.pop(name)
    if TUPLE in value:
        return tuple(_filled(value[TUPLE], path, left))
    if PAIRS in value:
        return {
            _filled(key, (*path, str(index), "key"), left): _filled(each, (*path, str(index), "value"), left)
            for index, (key, each) in enumerate(value[PAIRS])
        }
    return {key: _filled(each, (*path, key), left) for key, each in value.items()}
