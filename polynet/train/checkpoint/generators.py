"""The states of the global generators that a program may draw from: Python's, numpy's, the framework's."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from polynet.errors import CheckpointError


def generator_states(backend: Any) -> dict[str, Any]:
    """The states of Python's, numpy's and the framework's global generators.

    Args:
        backend: The backend; one without `random_state` has nothing to give.

    Example:
        >>> random.seed(1); np.random.seed(1)
        >>> states = generator_states(None)
        >>> first = random.random(), np.random.rand()
        >>> set_generator_states(None, states)
        >>> (random.random(), np.random.rand()) == first
        True
    """
    version, words, following = random.getstate()
    states: dict[str, Any] = {
        "python": {"version": version, "words": np.array(words, np.uint32), "gauss": following},
        "numpy": np.random.get_state(legacy=False),
    }
    framework = getattr(backend, "random_state", None)
    if framework is not None:
        states["framework"] = {"name": backend.name, "state": dict(framework())}
    return states


@contextlib.contextmanager
def rewound(backend: Any, states: Mapping[str, Any] | None) -> Iterator[None]:
    """A context in which generators are in earlier states; afterwards they go on as if nothing had been drawn in it.

    Args:
        backend: The backend.
        states: The earlier states; `None` to begin where they are.

    Example:
        >>> random.seed(1)
        >>> states = generator_states(None)
        >>> first, second = random.random(), random.random()
        >>> random.seed(1)
        >>> _ = random.random()
        >>> with rewound(None, states):
        ...     again = random.random()
        >>> again == first, random.random() == second
        (True, True)
    """
    before = generator_states(backend)
    if states is not None:
        set_generator_states(backend, states)
    try:
        yield
    finally:
        set_generator_states(backend, before)


def set_generator_states(backend: Any, states: Mapping[str, Any]) -> None:
    """Put the generators into the states that `generator_states` gave; the framework's only where it is the same.

    Raises:
        CheckpointError: They are not such states; nothing was changed.
    """
    try:
        before = random.getstate()
        python = states["python"]
        random.setstate((python["version"], tuple(int(word) for word in python["words"]), python["gauss"]))
        try:
            np.random.set_state(_writable(states["numpy"]))
        except BaseException:
            random.setstate(before)
            raise
    except (KeyError, TypeError, ValueError) as error:
        message = f"The checkpoint's generators have states that do not fit this Python or numpy: {error}"
        raise CheckpointError(message) from error
    framework = states.get("framework", {})
    if backend is not None and framework.get("name") == backend.name and hasattr(backend, "set_random_state"):
        backend.set_random_state(_writable(framework["state"]))


def _writable(state: Any) -> Any:
    """A copy whose arrays are not views of a file."""
    if isinstance(state, Mapping):
        return {key: _writable(value) for key, value in state.items()}
    return np.array(state) if isinstance(state, np.ndarray) else state
