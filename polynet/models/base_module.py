"""Modules that know how they are initialised: MMEngine's `BaseModule`, on every framework."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from polynet import nn
from polynet.config.plain import plain
from polynet.errors import ConfigTypeError, PolyNetError
from polynet.models.init_cfg.apply import apply_rules
from polynet.models.init_cfg.parse import parse
from polynet.models.init_cfg.rules import PretrainedInit
from polynet.models.init_cfg.run import LOGGER, InitReport, running, seeded
from polynet.types import NativeModule


class BaseModule(nn.Module):
    """A module whose initial weights follow rules in its config, applied by `init_weights`.

    The rules of a module come first, in the order of the list; then what its children with an `init_weights` do, which
    may lie inside plain containers; then its `Pretrained` rule, wherever in the list it stands; then what a subclass's
    own `init_weights` does after calling its parent's. So a child's rules beat its parent's, and code beats rules.

    Building does not touch the weights, except that `polynet.build`, which draws a network's initial weights, counts
    these rules among them and calls `init_weights` with its seed.

    Args:
        init_cfg: A rule or a list of rules. A rule has `type` (`Constant`, `Normal`, `TruncNormal`, `Uniform`,
            `Xavier`, `Kaiming`, `Caffe2Xavier`, `Pretrained`, or one registered in `WEIGHT_INITIALIZERS`), arguments,
            `layer`: the names of the layers it is for, by their class or a direct base of it; and `override`: a rule,
            or several, each for the whole of the part called `name`. It is copied.

    Attributes:
        init_cfg: The rules as they were given.
        init_report: After `init_weights` at the top: where the initial value of each parameter comes from.

    Source: MMEngine, `mmengine.model.BaseModule`; there a rule that names no layer is silently of no effect, which is
        warned of here, and modules inside plain containers are left out, which are initialised here.

    Example:
        >>> class Net(BaseModule):
        ...     def __init__(self, init_cfg=None):
        ...         super().__init__(init_cfg)
        ...         self.fc = nn.Linear(2, 1)
        >>> with polynet.use_backend("torch"):
        ...     net = Net({"type": "Constant", "val": 2, "bias": 1, "layer": "Linear"})
        >>> net.init_weights()
        >>> net.fc.weight.tolist(), net.fc.bias.tolist()
        ([[2.0, 2.0]], [1.0])
    """

    init_report: InitReport | None = None
    _is_init: bool = False

    def __init__(self, init_cfg: Any = None) -> None:
        super().__init__()
        self._keep_rules(init_cfg)

    def _keep_rules(self, init_cfg: Any) -> None:
        if init_cfg is not None and not isinstance(init_cfg, (Mapping, list, tuple)):
            message = f"init_cfg is a mapping or a list of them, not {type(init_cfg).__name__} {init_cfg!r:.60}."
            raise ConfigTypeError(message)
        self.init_cfg = plain(init_cfg)
        self._is_init = False

    def __init_subclass__(cls, **options: Any) -> None:
        """Have a subclass's own `init_weights` run once, within the run that its parent's belongs to."""
        super().__init_subclass__(**options)
        own = cls.__dict__.get("init_weights")
        if own is not None:
            cls.init_weights = _run_once(own)  # type: ignore[method-assign]  # the same method, guarded

    @property
    def is_init(self) -> bool:
        """Whether `init_weights` has run."""
        return self._is_init

    @property
    def loads_checkpoint(self) -> bool:
        """Whether one of the rules is `Pretrained`, so that further initialisation would spoil what it loads."""
        rules = self.init_cfg if isinstance(self.init_cfg, (list, tuple)) else [self.init_cfg]
        return any(rule is not None and rule.get("type") in ("Pretrained", PretrainedInit) for rule in rules)

    def init_weights(self) -> None:
        """Initialise the weights, once; a second call warns and changes nothing.

        Numbers depend on the seed (see `polynet.models.init_cfg.seeded`) and each parameter's name alone, and are the
        same on every framework.

        Raises:
            ConfigError: A rule is none; nothing has then changed.
            UnknownNameError: There is no such rule.
            ModeError: An `override` names a part that is not there.
            CheckpointError: A checkpoint is missing or damaged.
        """
        rules = parse(self.init_cfg)
        apply_rules(self, (rule for rule in rules if not rule.is_pretrained))
        with running(self) as run:
            for child in _initialised_children(self):
                if id(child) not in run.done and not getattr(child, "is_init", False):
                    run.done.add(id(child))
                    child.init_weights()
                    run.note_changes(child)
        apply_rules(self, (rule for rule in rules if rule.is_pretrained))

    def __repr__(self) -> str:
        """The framework's own, and the rules."""
        shown = super().__repr__()
        return f"{shown}\ninit_cfg={self.init_cfg}" if self.init_cfg else shown


def _run_once(function: Callable[..., None]) -> Callable[..., None]:
    """Guard an `init_weights`: once a module, and everything it does within one run."""

    @functools.wraps(function)
    def init_weights(self: BaseModule, *arguments: Any, **options: Any) -> None:
        with running(self) as run:
            if id(self) in run.working:  # called by a subclass's own
                function(self, *arguments, **options)
                return
            if self._is_init:
                message = f"init_weights of {type(self).__name__} has been called more than once; nothing was changed."
                warnings.warn(message, UserWarning, stacklevel=2)
                return
            if run.root is self:
                _check_rules(self)
            run.working.add(id(self))
            try:
                function(self, *arguments, **options)
            finally:
                run.working.discard(id(self))
            self._is_init = True
            run.note_changes(self)
            if run.root is self:
                self.init_report = run.report()
                LOGGER.info("%s: %s", type(self).__name__, self.init_report)

    return init_weights


BaseModule.init_weights = _run_once(BaseModule.init_weights)  # type: ignore[method-assign]  # the same method, guarded


def _check_rules(root: NativeModule) -> None:
    """Read every rule below, so that a wrong one is found before any number changes."""
    for name, part in root.named_modules():
        if isinstance(part, BaseModule) and not part.is_init:
            try:
                for each in parse(part.init_cfg):
                    if each.is_pretrained:
                        each.rule.check()
            except PolyNetError as error:
                # Parts are called as in the config they are made from.
                error.within(*(name.split(".") if name else ()), "init_cfg")
                raise


def _initialised_children(module: NativeModule) -> Iterator[Any]:
    """The nearest modules below that have an `init_weights`."""
    for child in module.children():
        if callable(getattr(child, "init_weights", None)):
            yield child
        else:
            yield from _initialised_children(child)


def initialise_by_rules(net: NativeModule, seed: int | None) -> bool:
    """Run the `init_weights` of a network, or of the parts of it that have one, as `polynet.build` does.

    Args:
        net: The network, its parameters drawn by its recipe.
        seed: The seed of the network; a fresh one by default.

    Returns:
        Whether there was one.
    """
    parts = (
        [net] if isinstance(net, BaseModule) else [p for p in _initialised_children(net) if isinstance(p, BaseModule)]
    )
    with contextlib.nullcontext() if seed is None else seeded(seed):
        for part in parts:
            if not part.is_init:
                part.init_weights()
    return bool(parts)


class Sequential(BaseModule, nn.Sequential):
    """`polynet.nn.Sequential` with rules of initialisation.

    Args:
        *args: Modules, or one ordered dictionary of named modules.
        init_cfg: As `BaseModule`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = Sequential(nn.Linear(1, 1), init_cfg={"type": "Constant", "val": 3, "layer": "Linear"})
        >>> net.init_weights()
        >>> net[0].weight.tolist()
        [[3.0]]
    """

    def __init__(self, *args: NativeModule | OrderedDict[str, NativeModule], init_cfg: Any = None) -> None:
        super(BaseModule, self).__init__(*args)
        self._keep_rules(init_cfg)


class ModuleList(BaseModule, nn.ModuleList):
    """`polynet.nn.ModuleList` with rules of initialisation.

    Args:
        modules: The modules to begin with.
        init_cfg: As `BaseModule`.
    """

    def __init__(self, modules: Iterable[NativeModule] | None = None, init_cfg: Any = None) -> None:
        super(BaseModule, self).__init__(modules)
        self._keep_rules(init_cfg)


class ModuleDict(BaseModule, nn.ModuleDict):
    """`polynet.nn.ModuleDict` with rules of initialisation.

    Args:
        modules: The modules to begin with, by name.
        init_cfg: As `BaseModule`.
    """

    def __init__(self, modules: Mapping[str, NativeModule] | None = None, init_cfg: Any = None) -> None:
        super(BaseModule, self).__init__(modules)
        self._keep_rules(init_cfg)
