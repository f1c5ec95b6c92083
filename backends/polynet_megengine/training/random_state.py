"""The state of MegEngine's global generator, as far as it can be read: the seed it was last given.

MegEngine keeps how far each device's generator has got inside its kernels and offers no way to read or set it. So the
state that is saved is the seed, and restoring it begins the generator's numbers anew. A run that seeds before each
iteration, as PolyNet's training loop does, loses nothing by this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from megengine.core._imperative_rt.ops import get_global_rng_seed, set_global_rng_seed
from megengine.random import rng

from polynet.errors import OptionError, WeightsError

_SEED = "megengine.seed"


class _SeedsForLoaders:
    """The numpy generator from which MegEngine's `DataLoader` draws its seeds, made when first drawn from.

    Making it takes 70 µs, against 0.2 µs for all else that seeding does.
    """

    def __init__(self, value: int) -> None:
        self._value = value
        self._generator: Any = None

    def random_raw(self) -> int:
        """The next seed."""
        if self._generator is None:
            self._generator = np.random.MT19937(seed=self._value)
        return int(self._generator.random_raw())


def seed(value: int) -> None:
    """Seed the generators of all devices; what `megengine.random.seed` does, at less cost.

    Raises:
        OptionError: It is no whole number from 0 to below 2 ** 64.
    """
    try:
        value = int(value)
        set_global_rng_seed(value)
    except (TypeError, ValueError) as error:
        message = f"MegEngine's seed must be a whole number from 0 to below 2 ** 64, not {value!r}."
        raise OptionError(message) from error
    rng._rng = _SeedsForLoaders(value)


def read() -> dict[str, np.ndarray[Any, Any]]:
    """The last seed, as eight bytes."""
    return {_SEED: np.frombuffer(int(get_global_rng_seed()).to_bytes(8, "little"), np.uint8).copy()}


def write(state: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Seed with the seed that `read` gave.

    Raises:
        WeightsError: It is the state of another framework's generators, or damaged; nothing is changed then.
    """
    value = state.get(_SEED)
    if not isinstance(value, np.ndarray) or value.dtype != np.uint8 or value.size != 8:
        message = f"This is no state of MegEngine's generator: {', '.join(map(str, state)) or 'nothing at all'}."
        raise WeightsError(message)
    seed(int.from_bytes(value.tobytes(), "little"))
