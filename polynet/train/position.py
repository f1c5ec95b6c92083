"""How far a run has come, and where it would go on after a stop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from polynet.errors import ConfigError


@attrs.define
class Position:
    """Epochs and iterations done.

    While the hooks after an iteration or an epoch run, `iter` and `epoch` are still those that have just been done, as
    in MMEngine; `after` says where a run that is resumed from this moment goes on.

    Attributes:
        epoch: Number of the present epoch, from 0.
        iter: Number of the present iteration over all epochs, from 0.
        iter_in_epoch: Number of the present iteration within its epoch, from 0.
        validation_due: Whether a validation comes next.

    Example:
        >>> position = Position()
        >>> position.end_iteration()
        >>> position.iter, position.after()["iter"]
        (0, 1)
    """

    epoch: int = 0
    iter: int = 0
    iter_in_epoch: int = 0
    validation_due: bool = False
    next_epoch: int = 0
    next_iter: int = 0
    next_iter_in_epoch: int = 0

    def end_iteration(self) -> None:
        """Note that the step is done."""
        self.next_epoch, self.next_iter, self.next_iter_in_epoch = self.epoch, self.iter + 1, self.iter_in_epoch + 1

    def end_epoch(self) -> None:
        """Note that all batches of the epoch are done."""
        self.next_epoch, self.next_iter, self.next_iter_in_epoch = self.epoch + 1, self.iter, 0

    def begin_next(self) -> None:
        """Go on to what comes next."""
        self.epoch, self.iter, self.iter_in_epoch = self.next_epoch, self.next_iter, self.next_iter_in_epoch

    def after(self) -> dict[str, Any]:
        """Where a run goes on that is resumed from this moment, as plain numbers."""
        return {
            "epoch": self.next_epoch,
            "iter": self.next_iter,
            "iter_in_epoch": self.next_iter_in_epoch,
            "validation_due": self.validation_due,
        }

    def go_to(self, place: Mapping[str, Any]) -> None:
        """Go to what `after` gave.

        Raises:
            ConfigError: It is not such a place.
        """
        try:
            epoch, iteration, within = (int(place[key]) for key in ("epoch", "iter", "iter_in_epoch"))
        except (KeyError, TypeError, ValueError) as error:
            message = f"A place in a run has epoch, iter and iter_in_epoch, all whole numbers; not {dict(place)}."
            raise ConfigError(message) from error
        self.next_epoch, self.next_iter, self.next_iter_in_epoch = epoch, iteration, within
        self.begin_next()
        self.validation_due = bool(place.get("validation_due", False))
