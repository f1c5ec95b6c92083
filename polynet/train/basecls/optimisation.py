"""BaseCls's `solver` and `amp` sections: what steps the parameters, and how fast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.errors import ConfigError
from polynet.train.schedules.basecls import BaseClsLR

NAMES = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "lamb": "LAMB", "lars": "LARS", "rmsprop": "RMSprop"}
"""The optimisers of `solver.optimizer`, and how they are called elsewhere."""

OPTIONS = {
    "sgd": ("momentum", "nesterov"),
    "adam": ("betas", "eps"),
    "adamw": ("betas", "eps"),
    "lamb": ("betas", "eps", "always_adapt"),
    "lars": ("momentum", "nesterov", "always_adapt"),
    "rmsprop": ("momentum", "alpha", "eps"),
}
"""The fields of `solver` that each of them reads."""

STATIC_SCALE, DYNAMIC_SCALE = 128.0, {"init_scale": 65536.0, "growth_interval": 2000}
"""BaseCls's loss scales."""


def optim_wrapper_config(fields: Mapping[str, Any], world_size: int) -> dict[str, Any]:
    """The config of an optimiser's wrapper, for `build_optim_wrapper`.

    BaseCls multiplies `basic_lr`, which is set for one device, by the number of devices.

    Args:
        fields: The whole config, its defaults filled in.
        world_size: How many processes train together.

    Raises:
        ConfigError: There is no such optimiser or clipping, or `basic_lr` is no number.

    Example:
        >>> from polynet.train.basecls.fields import filled
        >>> config = optim_wrapper_config(filled({"solver": {"optimizer": "adamw", "basic_lr": 0.001}}), 2)
        >>> config["optimizer"]["lr"], config["optimizer"]["type"]
        (0.002, 'AdamW')
    """
    solver, amp = fields["solver"], fields["amp"]
    name = str(solver["optimizer"]).lower()
    if name not in NAMES:
        from polynet.errors import suggest

        message = f"solver.optimizer: there is no {name!r}; there are {', '.join(NAMES)}.{suggest(name, NAMES)}"
        raise ConfigError(message)
    if isinstance(solver["basic_lr"], bool) or not isinstance(solver["basic_lr"], (int, float)):
        message = f"solver.basic_lr is the learning rate for one device, a number, not {solver['basic_lr']!r}."
        raise ConfigError(message)
    options = {key: solver[key] for key in OPTIONS[name] if key in solver}
    config: dict[str, Any] = {
        "type": "AmpOptimWrapper" if amp["enabled"] else "OptimWrapper",
        "optimizer": {
            "type": NAMES[name],
            "lr": solver["basic_lr"] * world_size,
            "weight_decay": solver["weight_decay"],
            **options,
        },
        "accumulative_counts": solver["accumulation_steps"],
        "clip_grad": _clipping(solver["grad_clip"]),
    }
    if amp["enabled"]:
        config["loss_scale"] = DYNAMIC_SCALE if amp["dynamic_scale"] else STATIC_SCALE
    return config


def _clipping(section: Mapping[str, Any] | None) -> dict[str, Any] | None:
    name = None if section is None else section.get("name")
    if section is None or name is None:
        return None
    if name == "norm":
        return {"type": "norm", "max_norm": section["max_norm"]}
    if name == "value":
        return {"type": "value", "lower": section["lower"], "upper": section["upper"]}
    message = f"solver.grad_clip.name is 'norm', 'value' or None, not {name!r}."
    raise ConfigError(message)


def schedule_of(solver: Mapping[str, Any], batches: int | None) -> BaseClsLR:
    """The schedule of a `solver` section: once an epoch as in BaseCls, or with `per_iteration` at every step.

    Args:
        solver: The section.
        batches: How many batches an epoch has.

    Raises:
        ConfigError: `per_iteration` is set and the loader does not say how many batches an epoch has.
        OptionError: A field's value cannot be.
    """
    schedule = BaseClsLR.from_solver(solver)
    if not solver.get("per_iteration", False):
        return schedule
    if batches is None:
        message = "solver.per_iteration: the loader does not say how many batches an epoch has."
        raise ConfigError(message)
    return schedule.to_iterations(batches)
