"""`polynet.build`: from a config, a name or a class to a native module."""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from polynet.backend import Backend, active_backend, backend_of_class, get_backend, use_backend
from polynet.calls import explains_options
from polynet.errors import BackendUnavailableError, DeviceError, OptionError, PolyNetError, suggest
from polynet.nn.explain import explain_call, explain_network, option_names
from polynet.placement import placements
from polynet.types import NativeModule

LOGGER = logging.getLogger(__name__)

COMMON = (
    *("features_only", "drop_rate", "drop_path_rate", "drop_path_prob"),
    *("attn_drop_rate", "width_mult", "depth_mult", "width_multiplier"),
)
"""Options that every image network takes, or that are checked alike in all; see `polynet.models.common_options`."""

Given = Callable[[], Mapping[Any, Any]]
"""The model's part of a config as it is written, for constructors that take it whole; read only where it is needed."""


@explains_options
def build(
    config: Any,
    *,
    backend: str | Backend | None = None,
    device: str | Mapping[str, str] | None = None,
    seed: int | None = None,
    weights: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    layout: str | None = None,
    adapt: bool = False,
    pretrained: bool | str | None = None,
    **options: Any,
) -> NativeModule:
    """Build a network as a real module of a framework.

    Args:
        config: A registered name (`"resnet50"`), one with the tag of its weights (`"resnet50.a1_in1k"`) or their id on
            the Hugging Face Hub (`"hf-hub:timm/resnet50.a1_in1k"`), a config (a mapping with `model`, or a model
            mapping with `name`), the path of a config file, or a network class.
        backend: `"torch"` or `"megengine"`; by default the active one, or the one a write-native class belongs to.
        device: `"cpu"`, `"cuda"`, `"cuda:1"`, `"auto"` or the framework's own spelling; or a mapping from submodule
            path to device, `{"": "cuda:0", "head": "cuda:1"}`. By default the config's `device`, else the framework's.
        seed: Seed of the initial weights, which are then the same on every framework; a fresh one by default. A
            write-native class keeps its own initialisation unless a seed is given.
        weights: A checkpoint file or a mapping of arrays to load, which must fit; nothing is then drawn at random. If
            the library of their layout computes otherwise with them (another `norm_eps`, say), so does the network,
            unless the option that this takes is given.
        layout: Layout of `weights`: `"polynet"`, `"basecls"`, `"timm"`, `"torchvision"` …; by default found from the
            names.
        adapt: Whether `weights` may be for other classes, other channels of the images or another image size: they are
            changed as by `polynet.load(…, adapt=True)`, and a classifier of other classes is drawn.
        pretrained: True for the first known weights of the network, or the tag of others; they are fetched, kept and
            adapted to `num_classes`, `in_channels` and the image size; see `polynet.pretrained`. A name with a tag asks
            for its weights unless this is False.
        **options: Merged over the model's own arguments: `num_classes=10`, `head=None`, `out_indices=(1, 2, 3)` …
            `features_only=True` makes any image network return the maps of the stages `out_indices`, of all by
            default; it then has no classifier, whatever `num_classes` says. `drop_rate` and `drop_path_rate` are known
            to every image network that has what they drop.

    Returns:
        The module, in training mode, as its framework's constructors leave it.

    Raises:
        ConfigError: The config has no model, or is no config.
        UnknownNameError: No network of that name, or none for this backend.
        OptionError: The network has no such option, the seed is none, or `adapt` is given without weights.
        BackendError: The framework is not installed or cannot work here.
        DeviceError: The device is misspelt or not present.
        WeightsError: The weights do not fit.

    Example:
        >>> net = polynet.build({"name": "resnet18", "num_classes": 10}, backend="torch", seed=0)
        >>> net.head.fc
        Linear(in_features=512, out_features=10, bias=True)
    """
    from polynet.config.model import given_model, model_arguments

    _check_seed(seed)
    _check_adapt(adapt, weights)
    name, arguments = model_arguments(config, options)
    given = functools.partial(given_model, config, options)
    name, needed = _ours(name)
    record = _record(name, pretrained, weights)
    if record is not None:
        from polynet.pretrained.loading import with_record

        name, arguments = record.name, with_record(record, arguments)
        if pretrained is False:
            record = None
    else:
        arguments = {**needed, **arguments}
    chosen = _choose_backend(name, backend)
    if device is None and isinstance(config, Mapping):
        device = config.get("device")
    where = placements(device, chosen)
    try:
        net = _built(name, arguments, given, chosen, seed, random=weights is None and record is None)
    except PolyNetError as error:
        if error.config_path:
            error.within("model")
        raise
    _note_config(net, name, arguments)
    if weights is not None:
        from polynet.weights import load_state
        from polynet.weights.computation import options_of_theirs

        report = load_state(net, weights, layout=layout or "auto", adapt=adapt)
        taken = option_names(_factory(name, chosen)[0])  # a network of one's own may not have the option
        found = options_of_theirs(net, report.layout).items()
        theirs = {key: value for key, value in found if key in taken and key not in arguments}
        if theirs:
            return build(
                config,
                backend=backend,
                device=device,
                seed=seed,
                weights=weights,
                layout=report.layout,
                adapt=adapt,
                pretrained=pretrained,
                **{**options, **theirs},
            )
        for note in report.notes:
            LOGGER.warning("%s: %s.", name if isinstance(name, str) else type(net).__name__, note)
        if report.kept and chosen.is_framework:
            from polynet.nn.initialise import initialise_some

            initialise_some(net, report.kept, seed)
    if record is not None and chosen.is_framework:
        from polynet.pretrained.loading import load_record

        load_record(net, record, seed)
    for path, spelled in where.items():
        _place(net, path, spelled, chosen)
    return net


def _ours(name: Any) -> tuple[Any, Mapping[str, Any]]:
    """Our name of a network, and the options that make it another library's, where that library's name was given."""
    if isinstance(name, str):
        from polynet.registry import MODELS

        if not MODELS.kinds_of(name):
            from polynet.models.other_names import meant_by

            meant = meant_by(name)
            if meant is not None:
                return meant.name, meant.options
    return name, {}


def _check_seed(seed: Any) -> None:
    if seed is not None and (isinstance(seed, bool) or not hasattr(seed, "__index__") or seed < 0):
        message = f"seed must be a whole number of at least 0, or None for a fresh one, not {seed!r}."
        raise OptionError(message)


def _check_adapt(adapt: Any, weights: Any) -> None:
    if not isinstance(adapt, bool) or (adapt and weights is None):
        given = f"adapt must be True or False, not {adapt!r:.80}" if weights is not None else f"adapt={adapt!r:.80}"
        message = f"{given}: it says whether `weights` are changed to fit. What `pretrained` names always is."
        raise OptionError(message)


def _record(name: Any, pretrained: bool | str | None, weights: Any) -> Any:
    """The published weights that are asked for, if any.

    Raises:
        OptionError: They are asked for beside other weights.
        UnknownNameError: There are no such weights.
    """
    if pretrained is None and not (isinstance(name, str) and ("." in name or ":" in name)):
        return None
    from polynet.pretrained.loading import chosen_record

    record = chosen_record(name, pretrained)
    if record is not None and weights is not None and pretrained is not False:
        message = f"Give either weights or pretrained: {record.full_name} and {weights!r:.80} exclude each other."
        raise OptionError(message)
    return record


def _choose_backend(name: Any, backend: str | Backend | None) -> Backend:
    """The backend asked for; else the one a native class is bound to; else the active one."""
    bound = backend_of_class(name)
    if backend is None:
        return active_backend() if bound is None else get_backend(bound)
    chosen = get_backend(backend)
    if bound is not None and bound != chosen.name:
        message = f"{name.__qualname__} is written for backend {bound!r} and cannot be built on {chosen.name!r}."
        raise BackendUnavailableError(message)
    return chosen


def _factory(name: Any, backend: Backend) -> tuple[Callable[..., Any], bool]:
    """The class or function that a model name stands for, and whether it is neutral."""
    if isinstance(name, str):
        from polynet.registry import MODELS

        name = MODELS.get(name, backend=backend.name)
    return name, backend_of_class(name) is None


def _built(
    name: Any, arguments: Mapping[str, Any], given: Given, backend: Backend, seed: int | None, *, random: bool
) -> NativeModule:
    with use_backend(backend):
        factory, is_neutral = _factory(name, backend)
        arguments = _with_common_options(factory, arguments)
        make = functools.partial(_made, factory, arguments, given, backend)
        if not is_neutral and seed is None:
            return make()
        return _construct(make, backend, seed, random=random)


def _with_common_options(factory: Callable[..., Any], arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments with the options that all image networks share turned into the network's own."""
    if arguments.keys().isdisjoint(COMMON):
        return arguments
    from polynet.models.common_options import with_common_options

    return with_common_options(factory, arguments)


def _construct(make: Callable[[], NativeModule], backend: Backend, seed: int | None, *, random: bool) -> NativeModule:
    """Construct without native initialisation, then draw the initial weights unless loaded ones follow."""
    from polynet.nn.repetition import repeating
    from polynet.registry.named_weights import waiting

    with backend.building() as draw_skipped, repeating(backend), waiting() as named:
        net = make()
    if backend.is_framework and random:
        from polynet.nn.initialise import initialise

        filled = set(initialise(net, seed))
        draw_skipped(slot.tensor for name, slot in backend.slots(net).items() if name in filled)
        _follow_rules(net, seed)
        _load_named(named)
    return net


def _load_named(named: list[tuple[NativeModule, Any]]) -> None:
    """Load the weights that the config names for the network or its parts."""
    if named:
        from polynet.weights.pretrained import load_pretrained

        for part, source in named:
            load_pretrained(part, source)


def _follow_rules(net: NativeModule, seed: int | None) -> None:
    """Carry out the `init_cfg` of the network's parts, which come after its recipe."""
    base = sys.modules.get("polynet.models.base_module")  # a network that has such parts has imported it
    if base is not None:
        base.initialise_by_rules(net, seed)


def _made(factory: Callable[..., Any], arguments: Mapping[str, Any], given: Given, backend: Backend) -> NativeModule:
    """Call the factory, a user's own class or function among them.

    Raises:
        OptionError: It has no such option, or what it gave is no module of the backend.
    """
    from polynet.registry.building import construct_whole

    try:
        net = construct_whole(factory, arguments, given)
    except PolyNetError:
        raise
    except Exception as error:
        if isinstance(error, TypeError):
            explain_call(factory, (), dict(arguments), error)
        explain_network(factory, arguments, error)
        raise
    if not isinstance(net, backend.native_module_type):
        message = (
            f"{getattr(factory, '__qualname__', factory)} gave {type(net).__module__}.{type(net).__qualname__}, "
            f"which is no module of backend {backend.name!r}."
        )
        raise OptionError(message)
    return net


def _note_config(net: NativeModule, name: Any, arguments: Mapping[str, Any]) -> None:
    """Keep what a registered network was built from, for the metadata of its checkpoints."""
    if isinstance(name, str) and not hasattr(net, "config"):
        from polynet.config import Config

        net.config = Config({"name": name, **arguments})


def _place(net: NativeModule, path: str, device: str, backend: Backend) -> None:
    """Put a submodule on a device and, below the root, have its inputs follow it there."""
    part = net
    for step in path.split(".") if path else ():
        children = dict(part.named_children())
        if step not in children:
            message = (
                f"device: there is no part {path!r} in {type(net).__name__}; at {step!r} the parts are "
                f"{', '.join(children) or 'none'}.{suggest(step, children)}"
            )
            raise DeviceError(message)
        part = children[step]
    backend.place(part, device)
    if path:
        backend.follow_device(part, device)
