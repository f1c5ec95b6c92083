"""What a network is like, found without building it on any framework: size, work, stages and shapes.

The network is built and run once without numbers, on the backend `shapes`, for a batch of one. What counts as a
multiply-add is said in `polynet_shapes.counting`: one multiplication with its addition, in convolutions, linear layers
and products of matrices, attention's two included; nothing for biases, normalisation, activation functions and pooling.
"""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

import attrs

from polynet.backend import Backend, get_backend, use_backend
from polynet.calls import explains_options
from polynet.errors import FrameworkMismatchError, InputError
from polynet.models.papers import papers_of
from polynet.types import NativeModule, Tensor


@attrs.frozen
class StageDescription:
    """A place in a network where its features can be taken.

    Attributes:
        name: The stage's name.
        channels: Channels of its map.
        stride: Pixels of the input that one position of the map stands for.
        shape: The map's shape for a batch of one.
    """

    name: str
    channels: int
    stride: int
    shape: tuple[int, ...]


@attrs.frozen
class Row:
    """One module of a network, or one parameter of the network's own, which is in no module of it.

    Attributes:
        name: Its path.
        kind: Its class; `"Parameter"`.
        parameters: Numbers in its parameters; shared ones count once.
        multiply_adds: For a batch of one.
        activations: Elements put out by its convolutions and linear layers.
        output_shape: Shape of what its last call returned, nested as that was; `None` where it was not called.
    """

    name: str
    kind: str
    parameters: int
    multiply_adds: int
    activations: int
    output_shape: Any


@attrs.frozen
class KnownWeights:
    """Published weights of a network, as `polynet.build` takes them.

    Attributes:
        name: Name and tag: `"resnet50.a1_in1k"`.
        licence: As their publisher states it; `""` where none is stated.
        source: Where they come from.
    """

    name: str
    licence: str
    source: str


@attrs.frozen
class Description:
    """What `describe` found; `str` of it is a table.

    Attributes:
        name: The network's registered name, or its class.
        definition: `file:line` of its class; `None` where there is no file.
        parameters: Numbers in its parameters; shared ones count once.
        buffers: Numbers in its buffers, as far as they are part of its state.
        multiply_adds: For a batch of one.
        activations: Elements put out by convolutions and linear layers.
        input_size: The input's shape without the batch.
        output_shape: The output's shape, nested as the output is.
        stages: The stages it says it has.
        rows: Its own parameters, then its modules down to the depth asked for, each in the order in which they were
            made.
        family: The family it belongs to; `""` where it is of none.
        papers: The papers that describe it: authors, year and arXiv number.
        weights: The published weights known for its name.
    """

    name: str
    definition: str | None
    parameters: int
    buffers: int
    multiply_adds: int
    activations: int
    input_size: tuple[int, ...]
    output_shape: Any
    stages: tuple[StageDescription, ...]
    rows: tuple[Row, ...]
    family: str = ""
    papers: tuple[str, ...] = ()
    weights: tuple[KnownWeights, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON: mappings, lists, text and numbers."""
        plain: dict[str, Any] = _as_lists(attrs.asdict(self))
        return plain

    def __str__(self) -> str:
        """The figures, the stages and the modules as text."""
        work = f"{self.multiply_adds:,} multiply-adds, {self.activations:,} activations"
        lines = [
            f"{self.name}: {self.parameters:,} parameters, {work}",
            f"input {_shown(self.input_size)}, output {_shown(self.output_shape)}",
            *([f"defined in {self.definition}"] if self.definition else []),
            *([f"described in {'; '.join(self.papers)}"] if self.papers else []),
        ]
        if self.stages:
            stages = [(stage.name, stage.channels, stage.stride, _shown(stage.shape)) for stage in self.stages]
            lines += ["", *_table(("stage", "channels", "stride", "shape"), stages)]
        modules = [
            (row.name, row.kind, f"{row.parameters:,}", f"{row.multiply_adds:,}", _shown(row.output_shape))
            for row in self.rows
        ]
        lines += ["", *_table(("module", "class", "parameters", "multiply-adds", "output"), modules)]
        if self.weights:
            known = [(each.name, each.licence or "not stated", each.source) for each in self.weights]
            lines += ["", *_table(("known weights", "licence", "source"), known)]
        return "\n".join(lines)


@explains_options
def describe(
    network: Any,
    input_size: Sequence[int] | None = None,
    *,
    module_depth: int = 1,
    input_dtype: str = "float32",
    **options: Any,
) -> Description:
    """Find out a network's size, work, stages and shapes without any framework.

    Args:
        network: What `polynet.build` takes: a registered name, a config or its path, a class. Or a network already
            built on the backend `shapes`.
        input_size: The input's shape without the batch; by default the network's own `input_size`.
        module_depth: Down to which depth modules are listed. Default 1: the network's children.
        input_dtype: The input's element type.
        **options: Merged over the model's own arguments, as by `polynet.build`.

    Returns:
        The description. Multiply-adds and shapes are for a batch of one, in evaluation mode.

    Raises:
        InputError: No input size is known, or the shapes do not fit together somewhere in the network.
        FrameworkMismatchError: The network is built on a framework, or written for one.
        PolyNetError: Whatever building it raises.

    Example:
        >>> found = polynet.describe("resnet50")
        >>> found.parameters, round(found.multiply_adds / 1e9, 2), found.stages[-1].shape
        (25557032, 4.09, (1, 2048, 7, 7))
    """
    backend = get_backend("shapes")
    with use_backend(backend):
        name, net = _built(network, options, backend)
        size = _input_size(input_size, net)
        modes = {module: module.training for module in net.modules()}
        backend.set_training(net, False)
        try:
            return _described(name, net, size, backend, module_depth, input_dtype)
        finally:
            for module, training in modes.items():
                module.training = training


def _built(network: Any, options: Mapping[str, Any], backend: Backend) -> tuple[str, NativeModule]:
    """A network without numbers, and what to call it."""
    if isinstance(network, backend.native_module_type):
        if options:
            message = f"{type(network).__name__} is built already, so it takes no options: {', '.join(options)}."
            raise InputError(message)
        return type(network).__name__, network
    if not isinstance(network, (type, str, Mapping)) and hasattr(network, "parameters"):
        kind = type(network)
        message = (
            f"describe takes a name, a config or a class, and builds it without numbers. It was given a network that "
            f"is built on a framework: {kind.__module__}.{kind.__qualname__}."
        )
        raise FrameworkMismatchError(message)
    from polynet.builder import build
    from polynet.config.model import model_arguments

    # The model alone is taken from a config: devices and the like are of no concern here.
    selected, arguments = model_arguments(network, options)
    net = build({"name": selected, **arguments}, backend=backend)
    # Another library's name leads to ours, which the network's config has.
    return net.config["name"] if isinstance(selected, str) else type(net).__name__, net


def _input_size(given: Sequence[int] | None, net: NativeModule) -> tuple[int, ...]:
    size = getattr(net, "input_size", None) if given is None else given
    if size is None:
        message = (
            f"{type(net).__name__} does not say for which input it is meant: give input_size=(3, 224, 224), say; "
            "on the command line --input-size 3x224x224."
        )
        raise InputError(message)
    whole = isinstance(size, Sequence) and all(isinstance(length, int) and length > 0 for length in size)
    if not whole or isinstance(size, str):
        message = f"input_size is the input's shape without the batch, (3, 224, 224) say, not {size!r}."
        raise InputError(message)
    return tuple(size)


def _described(
    name: str, net: NativeModule, size: tuple[int, ...], backend: Backend, depth: int, dtype: str
) -> Description:
    images = backend.ops.zeros((1, *size), dtype=dtype)
    with backend.count(net) as counter:  # type: ignore[attr-defined] # the backend `shapes` alone counts
        try:
            output = net(images)
        except InputError as error:
            where = f"{name}.{counter.failed}" if counter.failed else name
            message = f"{where}, for an input of {_shown(size)}: {error}"
            raise type(error)(message) from error
    outputs = {path: figures.output for path, figures in counter.figures.items()}
    slots = backend.slots(net)
    own = [slot for name, slot in slots.items() if slot.kind == "parameter" and "." not in name]
    rows = [Row(slot.name, "Parameter", prod(slot.shape), 0, 0, None) for slot in own]
    for path, module in net.named_modules():
        if path and path.count(".") < depth:
            work, activations = counter.within(path)
            shape = _shapes(outputs[path]) if path in outputs else None
            rows.append(Row(path, type(module).__name__, _parameters(module), work, activations, shape))
    buffers = [slot for slot in slots.values() if slot.kind == "buffer"]
    family = str(getattr(net, "family", ""))
    return Description(
        name=name,
        definition=_definition(type(net)),
        parameters=_parameters(net),
        buffers=sum(prod(slot.shape) for slot in buffers),
        multiply_adds=counter.multiply_adds,
        activations=counter.activations,
        input_size=size,
        output_shape=_shapes(output),
        stages=tuple(_stages(net, images, outputs)),
        rows=tuple(rows),
        family=family,
        papers=papers_of(family, name),
        weights=tuple(_known_weights(name)),
    )


def _known_weights(name: str) -> Iterator[KnownWeights]:
    """The published weights of a registered network."""
    from polynet.pretrained import records_of

    for record in records_of(name):
        yield KnownWeights(record.full_name, record.licence, str(record.source))


def _parameters(module: NativeModule) -> int:
    return sum(prod(parameter.shape) for parameter in module.parameters())


def _stages(net: NativeModule, images: Tensor, outputs: Mapping[str, Any]) -> Iterator[StageDescription]:
    """The stages a network names, with the shape of each map.

    The network's own `forward_stages` says what a stage's map is. Without it, that is the output of the module called
    as the stage is; and where there is none, the input's size over the stride.
    """
    stages = getattr(net, "stages", ())
    known = [stage for stage in stages if all(hasattr(stage, name) for name in ("name", "channels", "stride"))]
    maps: Sequence[Any] = ()
    if known and hasattr(net, "forward_stages"):
        maps = net.forward_stages(images, range(len(known)))
    for index, stage in enumerate(known):
        found = maps[index] if maps else outputs.get(stage.name)
        computed = (1, stage.channels, *(-(-length // stage.stride) for length in images.shape[2:]))
        yield StageDescription(stage.name, stage.channels, stage.stride, getattr(found, "shape", computed))


def _shapes(output: Any) -> Any:
    """Shapes of the tensors in an output, nested as that is; `None` in place of anything else."""
    if isinstance(output, Mapping):
        return {key: _shapes(value) for key, value in output.items()}
    if isinstance(output, (list, tuple)):
        return tuple(_shapes(value) for value in output)
    return getattr(output, "shape", None)


def _definition(cls: type) -> str | None:
    """`file:line` of the class statement, the neutral one of a specialised class."""
    cls = cls.__dict__.get("_polynet_neutral", cls)
    path = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if path is None:
        return None
    statement = re.compile(rf"\s*class {re.escape(cls.__name__)}\b")
    for number, line in enumerate(linecache.getlines(path), start=1):
        if statement.match(line):
            return f"{path}:{number}"
    return None


def _as_lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_lists(item) for key, item in value.items()}
    return [_as_lists(item) for item in value] if isinstance(value, (list, tuple)) else value


def _shown(shape: Any) -> str:
    """A shape as `1 x 3 x 224`; several in brackets."""
    if isinstance(shape, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(value)}" for key, value in shape.items()) + "}"
    if not isinstance(shape, tuple):
        return "-"
    if all(isinstance(length, int) for length in shape):
        return " x ".join(map(str, shape)) or "a number"
    return "(" + ", ".join(map(_shown, shape)) + ")"


def _table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Lines of aligned columns, numbers flush right."""
    cells = [list(headings), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = [all(re.fullmatch(r"[\d,]+", row[column]) for row in cells[1:]) for column in range(len(headings))]
    return [
        "  ".join(
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]
