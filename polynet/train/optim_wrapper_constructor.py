"""From `optim_wrapper` in a config to optimisers over a model's parameters."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from polynet.backend import backend_of
from polynet.calls import ExplainsOptions
from polynet.config.normal_form import SELECTORS
from polynet.config.references import ClassReference
from polynet.errors import ConfigKeyError, ConfigTypeError, OptionError, PolyNetError, suggest
from polynet.optimizer import Optimizer
from polynet.train.layer_decay import LayerDecayRules, depths_of
from polynet.train.optim_wrapper import OptimWrapper
from polynet.train.optim_wrapper_dict import OptimWrapperDict
from polynet.train.parameter_groups import Base, Parameter, ParameterRules, grouped, trained_parameters
from polynet.train.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS
from polynet.train.rules import find_rule
from polynet.train.weight_decay import DecayPolicy
from polynet.types import NativeModule


class DefaultOptimWrapperConstructor(metaclass=ExplainsOptions):
    """Builds an optimiser and its wrapper from a config, with settings for single parameters by rule.

    Args:
        optim_wrapper_cfg: `optimizer`, a mapping with `type` and the optimiser's options, and the wrapper's own options
            with its `type`. The optimiser's `weight_decay` may be an ordered list of rules (`DecayPolicy`).
        paramwise_cfg: Rules that multiply learning rates and weight decays (`ParameterRules`).

    Raises:
        ConfigTypeError: One is no mapping.
        ConfigKeyError: There is no `optimizer`.

    Source: MMEngine, `DefaultOptimWrapperConstructor`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = polynet.nn.Linear(2, 2)
        >>> config = {"optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 0.01}}
        >>> wrapper = DefaultOptimWrapperConstructor(config, {"bias_decay_mult": 0.0})(net)
        >>> wrapper.get_lr()
        {'base_lr': [0.1], 'lr': [0.1, 0.1]}
    """

    def __init__(self, optim_wrapper_cfg: Mapping[str, Any], paramwise_cfg: Mapping[str, Any] | None = None) -> None:
        if not isinstance(optim_wrapper_cfg, Mapping):
            message = f"optim_wrapper is a mapping with `optimizer`, not {optim_wrapper_cfg!r:.80}."
            raise ConfigTypeError(message)
        if paramwise_cfg is not None and not isinstance(paramwise_cfg, Mapping):
            message = f"paramwise_cfg is a mapping such as dict(norm_decay_mult=0.0), not {paramwise_cfg!r:.80}."
            raise ConfigTypeError(message)
        self.wrapper_options = dict(optim_wrapper_cfg)
        self.wrapper_type = self.wrapper_options.pop("type", "OptimWrapper")
        if "optimizer" not in self.wrapper_options:
            near = next(
                (f" Is {key!r} meant for it?" for key in self.wrapper_options if suggest(key, ["optimizer"])), ""
            )
            message = f"optim_wrapper needs `optimizer`, such as dict(type='SGD', lr=0.1).{near}"
            raise ConfigKeyError(message)
        self.optimizer_config = self.wrapper_options.pop("optimizer")
        self.paramwise_cfg = dict(paramwise_cfg or {})

    def __call__(self, model: NativeModule) -> OptimWrapper:
        """Build the optimiser of a model's trainable parameters, and its wrapper.

        Args:
            model: A module; of one that has `weights_module()`, what that gives is trained.
        """
        optimizer, base = self._optimizer(trained_module(model))
        wrapper = OPTIM_WRAPPERS.build({"type": self.wrapper_type, "optimizer": optimizer, **self.wrapper_options})
        if len(optimizer.groups) > 1 and isinstance(wrapper, OptimWrapper):
            wrapper.base_param_settings = base or None
        return wrapper  # type: ignore[no-any-return]  # what a registry builds is of any type

    def _optimizer(self, module: NativeModule) -> tuple[Optimizer, dict[str, Any]]:
        """The optimiser, and the settings that no rule has touched."""
        if isinstance(self.optimizer_config, Optimizer):
            if self.paramwise_cfg:
                message = "paramwise_cfg applies to an optimiser that is built from its config; this one is made."
                raise OptionError(message)
            return self.optimizer_config, {}
        name, options = _named(self.optimizer_config)
        groups = self._groups(module, name, options)
        optimizer = backend_of(module).optimizer(name, module, groups=groups, **options)
        return optimizer, find_rule(name).settings(options)

    def _groups(self, module: NativeModule, name: str, options: dict[str, Any]) -> list[dict[str, Any]] | None:
        """Groups of parameters by the rules there are; `None` where there are none.

        A list of rules for the weight decay is replaced by its default in `options`.
        """
        decay = options.get("weight_decay")
        policy = None
        if isinstance(decay, Sequence) and not isinstance(decay, str):
            policy = DecayPolicy(decay)
            options["weight_decay"] = policy.default
        if policy is None and not self.paramwise_cfg:
            return None
        rules = self.rules(module, Base.of(name, options))
        parameters = trained_parameters(module)

        def settings(parameter: Parameter) -> Mapping[str, Any]:
            decided = {} if policy is None else {"weight_decay": policy.decay(parameter)}
            return {**decided, **rules.settings(parameter)}

        groups = grouped(parameters, settings)
        rules.warn(parameters)
        if policy is not None:
            policy.warn(parameters)
        return groups

    def rules(self, module: NativeModule, base: Base) -> ParameterRules:
        """What `paramwise_cfg` says of a module's parameters."""
        return ParameterRules(self.paramwise_cfg, base)


class LearningRateDecayOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """Builds an optimiser whose learning rates fall with a layer's distance from the output.

    The model's `get_layer_depth(parameter_name)` says how deep its layers lie; of a model without it, the structure
    does (`structural_depths`). The rules are those of `LayerDecayRules`.

    Source: MMPretrain, `LearningRateDecayOptimWrapperConstructor`.
    """

    def rules(self, module: NativeModule, base: Base) -> ParameterRules:
        """What `paramwise_cfg` says of a module's parameters."""
        return LayerDecayRules(self.paramwise_cfg, base, depths_of(module))

    def _groups(self, module: NativeModule, name: str, options: dict[str, Any]) -> list[dict[str, Any]] | None:
        self.paramwise_cfg.setdefault("bypass_duplicate", True)  # without any rule, depths decide all the same
        return super()._groups(module, name, options)


def construct(model: NativeModule, cfg: Any) -> OptimWrapper:
    """What `build_optim_wrapper` does; its docstring says it all."""
    if isinstance(cfg, OptimWrapper):
        return cfg
    if not isinstance(cfg, Mapping):
        message = f"optim_wrapper is a mapping such as dict(optimizer=dict(type='SGD', lr=0.1)), not {cfg!r:.80}."
        raise ConfigTypeError(message)
    try:
        if _names_parts(cfg):
            return OptimWrapperDict(**{str(name): _of_part(model, str(name), part) for name, part in cfg.items()})
        return _constructed(model, cfg)
    except PolyNetError as error:
        error.within("optim_wrapper")
        raise


def _constructed(model: NativeModule, cfg: Mapping[str, Any]) -> OptimWrapper:
    options = dict(cfg)
    constructor = options.pop("constructor", None) or "DefaultOptimWrapperConstructor"
    paramwise = options.pop("paramwise_cfg", None)
    made = OPTIM_WRAPPER_CONSTRUCTORS.build(
        {"type": constructor, "optim_wrapper_cfg": options, "paramwise_cfg": paramwise}
    )
    return made(model)  # type: ignore[no-any-return]  # what a registry builds is of any type


def _names_parts(cfg: Mapping[str, Any]) -> bool:
    """Whether a config is of several optimisers: each value is a wrapper, or has an `optimizer`."""
    return (
        bool(cfg)
        and "optimizer" not in cfg
        and all(
            isinstance(part, OptimWrapper) or (isinstance(part, Mapping) and "optimizer" in part)
            for part in cfg.values()
        )
    )


def _of_part(model: NativeModule, name: str, cfg: Any) -> OptimWrapper:
    """The wrapper of one part of a model."""
    if isinstance(cfg, OptimWrapper):
        return cfg
    part = trained_module(model)
    for step in name.split("."):
        part = getattr(part, step, None)
        if part is None:
            names = backend_of(model).slots(model)
            children = {".".join(path.split(".")[:depth]) for path in names for depth in range(1, path.count(".") + 1)}
            message = f"{type(model).__name__} has no part {name!r} to optimise.{suggest(name, children)}"
            raise ConfigKeyError(message)
    return _constructed(part, cfg)


def trained_module(model: NativeModule) -> NativeModule:
    """What is trained of a model: what `weights_module()` says, without what shares it over processes."""
    weights = getattr(model, "weights_module", None)
    if callable(weights):
        return weights()
    inner = getattr(model, "module", None)
    if inner is None:
        return model
    backend = backend_of(model)
    shares = isinstance(inner, backend.native_module_type) and len(backend.slots(inner)) == len(backend.slots(model))
    return inner if shares else model


def _named(config: Any) -> tuple[str, dict[str, Any]]:
    """An optimiser's name and options."""
    if isinstance(config, str):
        config = {"type": config}
    if not isinstance(config, Mapping):
        message = f"optimizer is a mapping such as dict(type='SGD', lr=0.1), not {config!r:.80}."
        raise ConfigTypeError(message)
    options = dict(config)
    name = next((options.pop(key) for key in SELECTORS if key in options), None)
    if isinstance(name, ClassReference):
        name = name.resolve()
    if inspect.isclass(name):
        name = name.__name__
    if not isinstance(name, str):
        message = f"optimizer needs `type`, such as 'SGD'; it has {', '.join(map(str, config)) or 'nothing'}."
        raise ConfigKeyError(message)
    return name, options
