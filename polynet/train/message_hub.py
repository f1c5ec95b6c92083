"""MMEngine's `MessageHub` over the figures that hooks leave in a run's `message`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.errors import InputKeyError, UnsupportedError, suggest

_OF_RUN = ("epoch", "iter", "max_epochs", "max_iters")
_SCALARS_OF = "train/"
"""What MMEngine begins the names of training's figures with, and `message` does not."""


class LatestScalar:
    """The latest value of a figure, with those of `HistoryBuffer`'s methods that need no more than that.

    Example:
        >>> LatestScalar("loss", 0.5).current()
        0.5
    """

    def __init__(self, name: str, value: Any) -> None:
        self.name, self._value = name, value

    def current(self) -> float:
        """The value as a number."""
        return float(self._value)

    def __getattr__(self, attribute: str) -> Any:
        """Refuse what would need earlier values.

        Raises:
            UnsupportedError: Always, in MMEngine's names.
            AttributeError: In any other.
        """
        if attribute in ("data", "max", "mean", "min", "statistics"):
            message = (
                f"{self.name}: the latest value alone is kept, so there is current() and no {attribute}(). "
                "Means are in metrics.jsonl; a hook's after_train_iter sees every value."
            )
            raise UnsupportedError(message)
        raise AttributeError(attribute)


class MessageHub:
    """Reads and writes the latest figures of a run, in MMEngine's words; `runner.message` is the same as a dictionary.

    Args:
        runner: The engine.

    Source: MMEngine, `MessageHub`; there the hub keeps the history of every figure.

    Example:
        >>> class Run:
        ...     message = {"loss": 0.5}
        ...     epoch = 2
        >>> hub = MessageHub(Run())
        >>> hub.update_scalar("train/acc", 0.75)
        >>> hub.get_scalar("train/loss").current(), hub.get_scalar("acc").current(), hub.get_info("epoch")
        (0.5, 0.75, 2)
    """

    def __init__(self, runner: Any) -> None:
        self._runner = runner

    def get_scalar(self, key: str) -> LatestScalar:
        """A figure by its name, with `train/` before it or without.

        Raises:
            InputKeyError: There is none of that name yet.
        """
        message = self._runner.message
        name = _own(key)
        if name not in message:
            told = f"There is no figure {key!r} yet; there are {', '.join(message) or 'none'}.{suggest(name, message)}"
            raise InputKeyError(told)
        return LatestScalar(name, message[name])

    def get_info(self, key: str, default: Any = None) -> Any:
        """`"epoch"`, `"iter"`, `"max_epochs"` or `"max_iters"`, or what was kept by this name; else `default`."""
        if key in _OF_RUN:
            return getattr(self._runner, key)
        return self._runner.message.get(_own(key), default)

    def update_scalar(self, key: str, value: Any, count: int = 1, resumed: bool = True) -> None:
        """Set a figure to its latest value.

        Args:
            key: Its name; `train/` before it is dropped, as none of training's figures has it.
            value: A number, or a tensor without dimensions.
            count: For MMEngine's signature; it weighs means, and none are made.
            resumed: For MMEngine's signature; plain numbers are kept in checkpoints.
        """
        self._runner.message[_own(key)] = value

    def update_scalars(self, log_dict: Mapping[str, Any], resumed: bool = True) -> None:
        """Set several figures: values by their names, or mappings with `value`."""
        for key, value in log_dict.items():
            self.update_scalar(key, value["value"] if isinstance(value, Mapping) else value)

    def update_info(self, key: str, value: Any, resumed: bool = True) -> None:
        """Keep anything by a name; plain values go into checkpoints.

        Raises:
            InputKeyError: It is the run's own place, which the loop counts.
        """
        if key in _OF_RUN:
            message = f"{key!r} is counted by the loop, and cannot be set."
            raise InputKeyError(message)
        self._runner.message[key] = value

    def update_info_dict(self, info_dict: Mapping[str, Any], resumed: bool = True) -> None:
        """Keep several values by their names."""
        for key, value in info_dict.items():
            self.update_info(key, value, resumed)


def _own(key: str) -> str:
    return key.removeprefix(_SCALARS_OF)
