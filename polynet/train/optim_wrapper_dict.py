"""Several optimisers for one model, each with its wrapper, as generative adversarial networks need."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any, NoReturn

from polynet.errors import ConfigKeyError, OptionError, PolyNetError, UnknownNameError, UnsupportedError, suggest
from polynet.train.optim_wrapper import OptimWrapper


class OptimWrapperDict(OptimWrapper):
    """Optimiser wrappers by name; a model's `train_step` uses each by itself.

    A loss gives gradients to the parameters of the optimiser that it is handed to, and to no others: a generator's loss
    leaves no trace in the discriminator that it went through.

    Args:
        **optim_wrapper_dict: The wrappers.

    Raises:
        OptionError: One is no `OptimWrapper`.

    Source: MMEngine, `OptimWrapperDict`.

    Example:
        >>> with polynet.use_backend("torch") as backend:
        ...     one, two = (OptimWrapper(backend.optimizer("sgd", polynet.nn.Linear(1, 1), lr=lr)) for lr in (0.1, 0.2))
        >>> wrappers = OptimWrapperDict(generator=one, discriminator=two)
        >>> wrappers.get_lr()
        {'generator.lr': [0.1], 'discriminator.lr': [0.2]}
        >>> wrappers["discriminator"] is two
        True
    """

    def __init__(self, **optim_wrapper_dict: OptimWrapper) -> None:
        for name, wrapper in optim_wrapper_dict.items():
            if not isinstance(wrapper, OptimWrapper) or isinstance(wrapper, OptimWrapperDict):
                message = f"OptimWrapperDict holds OptimWrapper instances; {name} is a {type(wrapper).__name__}."
                raise OptionError(message)
        if not optim_wrapper_dict:
            message = "OptimWrapperDict needs at least one OptimWrapper."
            raise OptionError(message)
        self.optim_wrappers = dict(optim_wrapper_dict)
        for wrapper in optim_wrapper_dict.values():
            wrapper.optimizer.shares_model = len(optim_wrapper_dict) > 1

    def __repr__(self) -> str:
        """Show the wrappers."""
        return "\n".join(f"{name}: {wrapper}" for name, wrapper in self.optim_wrappers.items())

    def _refuse(self, what: str) -> NoReturn:
        names = ", ".join(self.optim_wrappers)
        message = f"{what} is of each optimiser by itself: `optim_wrapper[name].{what}(…)`, with one of {names}."
        raise UnsupportedError(message)

    def update_params(self, loss: Any, step_kwargs: Any = None, zero_kwargs: Any = None) -> None:
        """Raise `UnsupportedError`: a loss is of one optimiser."""
        self._refuse("update_params")

    def backward(self, loss: Any) -> None:
        """Raise `UnsupportedError`: a loss is of one optimiser."""
        self._refuse("backward")

    def step(self) -> None:
        """Raise `UnsupportedError`: optimisers step one by one."""
        self._refuse("step")

    def optim_context(self, model: Any) -> NoReturn:
        """Raise `UnsupportedError`: what is recorded is of one optimiser."""
        self._refuse("optim_context")

    def scale_loss(self, loss: Any) -> Any:
        """Raise `UnsupportedError`: each optimiser averages as many losses as it does."""
        self._refuse("scale_loss")

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for wrapper in self.optim_wrappers.values():
            wrapper.zero_grad()

    def initialize_count_status(self, model: Any, init_counts: int, max_counts: int) -> None:
        """Nothing: how many losses each optimiser sees, only `train_step` knows."""

    @property
    def inner_count(self) -> int:
        """Losses taken into account until now, by all together."""
        return sum(wrapper.inner_count for wrapper in self.optim_wrappers.values())

    @property
    def last_grad_norm(self) -> float | None:  # type: ignore[override]  # of several there is no one to assign
        """The largest of the wrappers' norms; `None` where none clips by norm."""
        norms = [wrapper.last_grad_norm for wrapper in self.optim_wrappers.values()]
        return max((norm for norm in norms if norm is not None), default=None)

    @property
    def param_groups(self) -> dict[str, Any]:  # type: ignore[override]  # as MMEngine has it
        """Each wrapper's groups, by its name."""
        return {name: wrapper.param_groups for name, wrapper in self.optim_wrappers.items()}

    def get_lr(self) -> dict[str, list[float]]:
        """The learning rates, by the wrapper's name: `"generator.lr"`."""
        return self._by_name(lambda wrapper: wrapper.get_lr())

    def get_momentum(self) -> dict[str, list[float]]:
        """The momenta, by the wrapper's name: `"generator.momentum"`."""
        return self._by_name(lambda wrapper: wrapper.get_momentum())

    def _by_name(self, read: Any) -> dict[str, list[float]]:
        return {
            f"{name}.{key}": values
            for name, wrapper in self.optim_wrappers.items()
            for key, values in read(wrapper).items()
        }

    def state(self) -> dict[str, Any]:
        """Each wrapper's state, by its name."""
        return {name: wrapper.state() for name, wrapper in self.optim_wrappers.items()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave.

        Raises:
            ConfigKeyError: It is of other wrappers.
            WeightsError: One is of another optimiser or of other parameters; nothing is changed then.
        """
        for name in [*state, *self.optim_wrappers]:
            if name not in self.optim_wrappers or name not in state:
                where = "in the state" if name in self.optim_wrappers else "among the optimisers"
                message = f"There is no {name!r} {where}.{suggest(name, self.optim_wrappers)}"
                raise ConfigKeyError(message)
        before: list[tuple[OptimWrapper, dict[str, Any]]] = []
        try:
            for name, wrapper in self.optim_wrappers.items():
                kept = wrapper.state()
                wrapper.load_state(state[name])
                before.append((wrapper, kept))
        except PolyNetError:
            for wrapper, kept in before:
                wrapper.load_state(kept)
            raise

    def items(self) -> ItemsView[str, OptimWrapper]:
        """Names and wrappers."""
        return self.optim_wrappers.items()

    def values(self) -> ValuesView[OptimWrapper]:
        """The wrappers."""
        return self.optim_wrappers.values()

    def keys(self) -> KeysView[str]:
        """The names."""
        return self.optim_wrappers.keys()

    def __getitem__(self, key: str) -> OptimWrapper:
        """The wrapper of a name.

        Raises:
            UnknownNameError: There is none.
        """
        if key not in self.optim_wrappers:
            names = ", ".join(self.optim_wrappers)
            message = f"There is no optimiser {key!r}.{suggest(key, self.optim_wrappers)} There are: {names}."
            raise UnknownNameError(message)
        return self.optim_wrappers[key]

    def __contains__(self, key: object) -> bool:
        return key in self.optim_wrappers

    def __len__(self) -> int:
        return len(self.optim_wrappers)

    def __iter__(self) -> Iterator[str]:
        return iter(self.optim_wrappers)
