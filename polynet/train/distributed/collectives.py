"""What a backend offers to the processes of one run: numbers summed, shared and gathered among all of them."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from polynet.errors import OptionError, suggest
from polynet.train.distributed.place import Place
from polynet.types import Tensor

REDUCTIONS = ("sum", "mean", "max")
"""How numbers of several processes become one."""


class Collectives(abc.ABC):
    """Communication among the processes of a run. Every process calls the same methods in the same order.

    Attributes:
        place: This process's place among them.
        device: Neutral name of the device that this process computes on.
        timeout: Seconds that a process waits for the others before it gives up.
    """

    def __init__(self, place: Place, device: str, timeout: float) -> None:
        self.place = place
        self.device = device
        self.timeout = timeout

    @abc.abstractmethod
    def all_reduce(self, array: np.ndarray[Any, Any], how: str) -> np.ndarray[Any, Any]:
        """The sum, mean or maximum of every process's array, as a new array; a mean of whole numbers is float64."""

    @abc.abstractmethod
    def all_reduce_tensor(self, tensor: Tensor, how: str) -> Tensor:
        """As `all_reduce`, of native tensors."""

    @abc.abstractmethod
    def broadcast(self, arrays: Sequence[np.ndarray[Any, Any]], source: int) -> list[np.ndarray[Any, Any]]:
        """The arrays of the process `source`; the others give arrays of the same shapes and types."""

    @abc.abstractmethod
    def gather(self, value: Any) -> list[Any]:
        """Every process's value, anything that pickles, in the order of ranks."""

    @abc.abstractmethod
    def barrier(self, timeout: float | None) -> None:
        """Wait until every process is here."""

    @abc.abstractmethod
    def explaining(self, doing: str) -> contextlib.AbstractContextManager[None]:
        """Turn the framework's errors of communication into `DistributedError`, which says what was being done."""

    @abc.abstractmethod
    def close(self, failure: str | None) -> None:
        """End communication, once all are here. `failure` says to them why this process ends before its time."""


def check_reduction(how: str) -> None:
    """Refuse what is no way to reduce.

    Raises:
        OptionError: Neither a sum, nor a mean, nor a maximum.
    """
    if how not in REDUCTIONS:
        message = f"Numbers are reduced by {', '.join(REDUCTIONS)}, not {how!r}.{suggest(how, REDUCTIONS)}"
        raise OptionError(message)
