"""The kinds of what networks are trained with, as `polynet list --kind` names them."""

from __future__ import annotations

from polynet.errors import UnknownNameError, suggest
from polynet.registry import MODELS
from polynet.registry.parts import PartRegistry


def parts_of(kind: str) -> dict[str, str]:
    """The names of a kind, and where each is defined; what they stand for is not imported.

    Args:
        kind: `"hook"`, `"dataset"`, `"transform"`, `"optimizer"`, `"schedule"` …; British spelling does as well.

    Raises:
        UnknownNameError: There is no such kind, here or among components of networks.

    Example:
        >>> sorted(parts_of("sampler"))[0]
        'ClassBalancedSampler'
        >>> parts_of("hok")
        Traceback (most recent call last):
        ...
        polynet.errors.UnknownNameError: There is no kind 'hok'. Did you mean 'hook'? There are network, ...
    """
    from polynet.train.rules import rule_homes

    registries = _registries()
    chosen = kind.lower().replace("_", "-").replace("optimiser", "optimizer")
    if chosen == "optimizer":
        homes = PartRegistry("optimizer", rule_homes())
        return {name: homes.where(name) for name in homes}
    if chosen not in registries:
        kinds = (*MODELS.kinds, "optimizer", *registries)
        message = f"There is no kind {kind!r}.{suggest(kind, kinds)} There are {', '.join(kinds)}."
        raise UnknownNameError(message)
    return {name: registries[chosen].where(name) for name in registries[chosen]}


def _registries() -> dict[str, PartRegistry]:
    from polynet.data import registry as data
    from polynet.train import registry as training
    from polynet.train.solver.registry import SOLVERS

    return {
        "hook": training.HOOKS,
        "schedule": training.SCHEDULES,
        "optim-wrapper": training.OPTIM_WRAPPERS,
        "solver": SOLVERS,
        "dataset": data.DATASETS,
        "transform": data.TRANSFORMS,
        "sampler": data.SAMPLERS,
        "augment": data.AUGMENTS,
        "preprocessor": data.PREPROCESSORS,
    }
