"""Weights into and out of a built network: checked in full before the first number is written."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

import polynet
from polynet.backend import Backend, backend_of
from polynet.calls import explains_options
from polynet.errors import ConfigTypeError, OptionError, WeightsError
from polynet.slots import Slot
from polynet.types import NativeModule
from polynet.weights.adaptation import head_names
from polynet.weights.arguments import check_order, check_path, check_strict, check_truth
from polynet.weights.checkpoint import Checkpoint
from polynet.weights.classes import channels_note, classifier_hint, headless_hint, options_hint
from polynet.weights.computation import computation_notes
from polynet.weights.elements import Array
from polynet.weights.files import format_for, read_checkpoint, write_checkpoint
from polynet.weights.layouts import canonical_layouts, detect_layout, to_layout, translated
from polynet.weights.layouts.own_constants import constants_of
from polynet.weights.layouts.table import POLYNET, check_layout, has_map
from polynet.weights.likeness import layout_hint, likeness
from polynet.weights.mapped import PathLike
from polynet.weights.pieces import pieces_of
from polynet.weights.planning import planned
from polynet.weights.recorded import other_network, recorded_constants
from polynet.weights.reparameterise import form_hint
from polynet.weights.report import LoadReport, hint_first
from polynet.weights.safetensors_file import write_safetensors

LOGGER = logging.getLogger("polynet.weights")

AUTO = "auto"
"""In place of a layout's name: the file's own record, else what its names look like."""


def state(net: NativeModule) -> dict[str, Array]:
    """A network's parameters and buffers as arrays: the canonical state, the same on every backend.

    Args:
        net: A network built by PolyNet, or any native module.

    Returns:
        Copies, by canonical name, in torch's shapes, without `num_batches_tracked`.

    Raises:
        FrameworkMismatchError: `net` is no module of any backend.

    Example:
        >>> import polynet
        >>> with polynet.use_backend("torch"):
        ...     layer = polynet.nn.Linear(2, 3)
        >>> {name: array.shape for name, array in state(layer).items()}
        {'weight': (3, 2), 'bias': (3,)}
    """
    return {name: slot.read() for name, slot in backend_of(net).slots(net).items()}


@explains_options
def load_state(
    net: NativeModule,
    source: Mapping[str, Any] | PathLike,
    *,
    layout: str = POLYNET,
    strict: bool = True,
    ema: bool = False,
    adapt: bool = False,
) -> LoadReport:
    """Overwrite a network's parameters and buffers, all of them or none.

    Every name, shape and element type is checked before the first number is written. Shapes in MegEngine's own layout
    are recognised whatever the layout; integers go into integers and floating-point numbers into floating-point numbers
    where nothing is lost but precision.

    Args:
        net: The network.
        source: Arrays by name, or the path of a checkpoint of any known format.
        layout: How the names are spelt: one of `polynet.weights.layout_names()`, or `"auto"`.
        strict: Whether anything missing, unexpected or refused is an error. Otherwise what fits is loaded, and only a
            checkpoint of which nothing fits is an error.
        ema: Whether to take, from a training checkpoint, the moving average of the weights instead of the weights.
        adapt: Whether to change what is for other classes, other channels of the images or another image size: a
            classifier is left out, a first convolution and position tables are converted; the report says each.

    Returns:
        What was done, tensor by tensor.

    Raises:
        WeightsError: Something does not match, or, without `strict`, nothing does; the message ends with the report.
        CheckpointError: The file is missing, damaged, unsafe or of an unknown format; nothing was changed.
        ConfigTypeError: `source` is neither a mapping nor a path.
        OptionError: `strict` is neither true nor false.
        UnknownNameError: There is no such layout.
        FrameworkMismatchError: `net` is no module of any backend.

    Example:
        >>> import polynet
        >>> with polynet.use_backend("torch"):
        ...     layer = polynet.nn.Linear(2, 1)
        >>> report = load_state(layer, {"weight": np.ones((1, 2)), "bias": np.zeros(1)})
        >>> report.ok, [str(change) for change in report.converted]
        (True, ['weight: float64 → float32', 'bias: float64 → float32'])
    """
    check_order("load_state", net, source)
    if not isinstance(source, Mapping):
        check_path(source, "source must be a mapping from names to arrays, or")
    check_strict(strict)
    check_truth("ema", ema)
    check_truth("adapt", adapt)
    if layout != AUTO:
        check_layout(layout)
    backend = backend_of(net)
    if isinstance(source, Mapping):
        if ema:
            message = "ema=True takes the moving average from a training checkpoint's file; the source is a mapping."
            raise OptionError(message)
        checkpoint = Checkpoint(_arrays(source), format="mapping")
    else:
        checkpoint = read_checkpoint(source, ema=ema)
    slots = backend.slots(net)
    ready, report = _fitted(net, slots, checkpoint, layout, strict=strict, adapt=adapt)
    write_state(backend, slots, ready)
    if report.ok and (other := other_network(net, checkpoint)):
        warnings.warn(f"These weights fit, but {other}.", UserWarning, stacklevel=2)
    return report


def fitted_state(
    net: NativeModule, checkpoint: Checkpoint, *, layout: str = AUTO, strict: bool = True, adapt: bool = False
) -> tuple[dict[str, Array], LoadReport]:
    """A checkpoint's tensors as the canonical state of a network, which is not touched.

    The network may be one without numbers, built on the backend `shapes`: so weights are checked and converted without
    a framework.

    Args:
        net: The network they are for.
        checkpoint: What was read.
        layout: How its names are spelt; `"auto"` to find out.
        strict: Whether anything missing, unexpected or refused is an error, and not only that nothing fits.
        adapt: Whether to change what is for other classes, channels or image sizes; see `load_state`.

    Returns:
        The arrays that fit, by canonical name, in the network's element types; and the report.

    Raises:
        WeightsError: Something does not match, or, without `strict`, nothing does; the message ends with the report.
        UnknownNameError: There is no such layout.
        FrameworkMismatchError: `net` is no module of any backend.

    Example:
        >>> import polynet
        >>> with polynet.use_backend("shapes"):
        ...     layer = polynet.nn.Linear(2, 1)
        >>> given = Checkpoint({"bias": np.zeros(1), "weight": np.ones((1, 2))})
        >>> arrays, report = fitted_state(layer, given)
        >>> [(name, array.dtype.name) for name, array in arrays.items()]
        [('weight', 'float32'), ('bias', 'float32')]
    """
    if layout != AUTO:
        check_layout(layout)
    arrays, report = _fitted(net, backend_of(net).slots(net), checkpoint, layout, strict=strict, adapt=adapt)
    return arrays, attrs.evolve(report, notes=(*report.notes, *channels_note(net, checkpoint)))


def _fitted(
    net: NativeModule, slots: Mapping[str, Slot], checkpoint: Checkpoint, layout: str, *, strict: bool, adapt: bool
) -> tuple[dict[str, Array], LoadReport]:
    """`fitted_state`, of a network whose slots are known."""
    family = getattr(net, "family", None)
    known = {**slots, **head_names(net)} if adapt else slots
    try:
        spelling = _layout_of(checkpoint, slots, family) if layout == AUTO else layout
        constants = None if spelling in canonical_layouts() else constants_of(net)
        theirs = recorded_constants(checkpoint) if adapt else None
        translation = translated(checkpoint.tensors, spelling, family, known, constants, theirs)
    except WeightsError as error:
        raise WeightsError(hint_first(likeness(net, checkpoint.tensors, slots), error)) from error
    other = other_network(net, checkpoint)
    notes = (*checkpoint.notes, *filter(None, [other]), *computation_notes(net, spelling))
    report, ready = planned(slots, translation, spelling, notes, net if adapt else None)
    fits_nothing = bool(slots and checkpoint.tensors) and not (ready or report.dropped)
    if not report.ok and (strict or fits_nothing):
        arrays = translation.tensors
        hint = options_hint(net, report, arrays, slots) or classifier_hint(net, report, arrays, slots)
        hint = hint or headless_hint(net, report) or form_hint(net, report)
        if not hint:
            hint = layout_hint(report, checkpoint.tensors, slots, spelling) + likeness(net, checkpoint.tensors, slots)
        raise WeightsError(hint_first(hint, f"{report}\nNothing was changed."))
    return ready, report


def _arrays(source: Mapping[str, Any]) -> dict[str, Array]:
    """The tensors of a mapping as arrays; native tensors of any loaded backend are taken as well."""
    arrays: dict[str, Array] = {}
    for name, value in source.items():
        if not isinstance(name, str):
            message = f"A state maps names to tensors; {name!r} is a {type(name).__name__}."
            raise WeightsError(message)
        arrays[name] = value if isinstance(value, np.ndarray) else _array(name, value)
    return arrays


def _array(name: str, value: Any) -> Array:
    if isinstance(value, (np.generic, bool, int, float)):
        return np.asarray(value)
    try:
        return backend_of(value).numpy(value)
    except TypeError as error:
        message = f"{name!r} is a {type(value).__name__}; a state maps names to arrays or tensors."
        raise WeightsError(message) from error


def _layout_of(checkpoint: Checkpoint, slots: Mapping[str, Slot], family: str | None) -> str:
    """The layout a checkpoint records, or that its names belong to."""
    recorded = checkpoint.metadata.get("layout")
    if recorded is not None and "polynet_version" in checkpoint.metadata:
        check_layout(recorded)
        return recorded
    shared = sum(name in slots for name in checkpoint.tensors)
    if shared == len(slots):
        return POLYNET
    try:
        likely = detect_layout(checkpoint.tensors, family)
    except WeightsError:
        if not shared:
            raise
        return POLYNET
    # Names may look like a library's by chance, in a network that the library does not have.
    return POLYNET if shared and not has_map(likely, family) else likely


def write_state(backend: Backend, slots: Mapping[str, Slot], ready: Mapping[str, Array]) -> None:
    """Write arrays that were checked, by `fitted_state`, into the slots of their names."""
    for name, array in ready.items():
        view = slots[name].view()
        if view is not None and view.dtype == array.dtype:
            np.copyto(view, array)
        else:
            slots[name].write(array)
    backend.synchronise()


@explains_options
def save(net: NativeModule, path: PathLike, *, config: Mapping[str, Any] | None = None, layout: str = POLYNET) -> None:
    """Write a network's weights to a file, in one step: whoever reads it sees the old file or the whole new one.

    Where the layout's library computes something else with such weights, the log says so.

    Args:
        net: The network.
        path: `.safetensors`, `.pth`/`.pt` or `.pkl`: the suffix names the format.
        config: The config it was built from, kept in a safetensors file's metadata; the default is the network's own
            `config`, where it has one.
        layout: How to spell the names: one of `polynet.weights.layout_names()`.

    Raises:
        CheckpointError: The file cannot be written.
        ConfigTypeError: `path` is no path, or the config holds something that JSON cannot.
        UnknownNameError: There is no such layout.
        WeightsError: The layout does not know this network.
        FrameworkMismatchError: `net` is no module of any backend.

    Example:
        >>> import polynet, tempfile
        >>> with polynet.use_backend("torch"):
        ...     layer = polynet.nn.Linear(2, 3)
        >>> path = tempfile.mkdtemp() + "/layer.safetensors"
        >>> save(layer, path)
        >>> load(layer, path).ok
        True
    """
    check_order("save", net, path)
    check_path(path)
    check_layout(layout)
    slots = backend_of(net).slots(net)
    if config is None:
        config = getattr(net, "config", None)
    metadata = {"format": "pt", "polynet_version": polynet.__version__, "layout": layout}
    if isinstance(config, Mapping):
        metadata["config"] = _config_text(config)
    if layout == POLYNET and format_for(path) == "safetensors":
        write_safetensors(path, {name: pieces_of(slot) for name, slot in slots.items()}, metadata)
        return
    for note in computation_notes(net, layout):
        LOGGER.warning("%s: %s.", path, note)
    tensors = {name: slot.peek() for name, slot in slots.items()}
    write_checkpoint(path, to_layout(tensors, layout, getattr(net, "family", None), constants_of(net)), metadata)


def _config_text(config: Mapping[str, Any]) -> str:
    to_dict = getattr(config, "to_dict", None)
    try:
        return json.dumps(to_dict() if callable(to_dict) else dict(config), sort_keys=True)
    except (TypeError, ValueError) as error:
        message = (
            f"The config cannot be kept beside the weights, since it holds more than plain data: {error}. "
            f"Save with config={{}} to leave it out."
        )
        raise ConfigTypeError(message) from error


@explains_options
def load(
    net: NativeModule,
    path: PathLike,
    *,
    layout: str = AUTO,
    strict: bool = True,
    ema: bool = False,
    adapt: bool = False,
) -> LoadReport:
    """Overwrite a network's weights from a file: `load_state` with the layout told from the file.

    Args:
        net: The network.
        path: A checkpoint of any known format.
        layout: How the names are spelt; `"auto"` takes the file's own record, else what its names look like.
        strict: Whether anything missing, unexpected or refused is an error, and not only that nothing fits.
        ema: Whether to take, from a training checkpoint, the moving average of the weights instead of the weights.
        adapt: Whether to change what is for other classes, other channels of the images or another image size: a
            classifier is left out, a first convolution and position tables are converted; the report says each.

    Returns:
        What was done, tensor by tensor.

    Raises:
        WeightsError: Something does not match, or, without `strict`, nothing does; the message ends with the report.
        CheckpointError: The file is missing, damaged, unsafe or of an unknown format; nothing was changed.
        ConfigTypeError: `path` is no path.
        UnknownNameError: There is no such layout.
        FrameworkMismatchError: `net` is no module of any backend.

    Example:
        >>> import polynet, tempfile
        >>> from polynet.weights.files import write_checkpoint
        >>> with polynet.use_backend("torch"):
        ...     layer = polynet.nn.Linear(2, 1)
        >>> path = tempfile.mkdtemp() + "/layer.pkl"
        >>> write_checkpoint(path, {"weight": np.ones((1, 2), np.float32), "bias": np.zeros(1, np.float32)})
        >>> load(layer, path).loaded
        ('weight', 'bias')
    """
    check_order("load", net, path)
    if not isinstance(path, Mapping):
        check_path(path)
    return load_state(net, path, layout=layout, strict=strict, ema=ema, adapt=adapt)
