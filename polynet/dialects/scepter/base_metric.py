"""Base of metrics in Scepter's form: made from a config, called with what is to be measured."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from polynet import ops
from polynet.backend import backend_of_class


class BaseMetric:
    """A metric that is called, usually with logits and labels, and returns a mapping of named scalars.

    Nothing that a subclass computes in `__call__` is recorded for gradients.

    Args:
        cfg: Its config, or `None`.
        logger: A logger, or `None`.

    Attributes:
        para_dict: What the config may hold; see `BaseModel.para_dict`.

    Source: Scepter, `BaseMetric`.

    Example:
        >>> class Mean(BaseMetric):
        ...     def __call__(self, logits, labels=None):
        ...         return {"mean": logits.mean()}
        >>> Mean()(np.array([1.0, 3.0]))["mean"].item()
        2.0
    """

    para_dict: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, cfg: Any = None, logger: Any = None) -> None:
        self.cfg = cfg
        self.logger = logger

    def __init_subclass__(cls, **options: Any) -> None:
        """Have the class's own `__call__` record no gradients."""
        super().__init_subclass__(**options)
        if "__call__" in vars(cls):
            # A class in the making takes attributes, whatever it inherits.
            cls.__call__ = _without_gradient(vars(cls)["__call__"])  # type: ignore[method-assign]

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """What the metric says of its inputs; a subclass writes it.

        Raises:
            NotImplementedError: It did not.
        """
        message = f"{type(self).__name__} has no __call__(); a metric says there what it measures."
        raise NotImplementedError(message)


def _without_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def measured(self: BaseMetric, *inputs: Any, **options: Any) -> Any:
        given = (each for each in (*inputs, *options.values()) if backend_of_class(type(each)) is not None)
        tensor = next(given, None)
        if tensor is None:
            return function(self, *inputs, **options)
        with ops.no_grad(tensor):
            return function(self, *inputs, **options)

    return measured
