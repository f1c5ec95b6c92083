"""`polynet convert`."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from polynet.backend import get_backend
from polynet.cli.models import read_model
from polynet.cli.output import print_json
from polynet.errors import WeightsError

if TYPE_CHECKING:
    from polynet.weights import Checkpoint, LoadReport


def run(options: argparse.Namespace) -> int:
    """Convert a checkpoint: read, check every tensor against the network, spell the names anew, write. No framework is
    needed.
    """
    from polynet import __version__
    from polynet.weights import format_for, read_checkpoint, to_layout, write_checkpoint
    from polynet.weights.transfer import constants_of

    format_for(options.output)
    checkpoint = read_checkpoint(options.input, ema=options.ema)
    model, net, state, report = _fitted(options, checkpoint)
    written = to_layout(state, options.target, getattr(net, "family", None), constants_of(net))
    metadata = {"format": "pt", "polynet_version": __version__, "layout": options.target}
    if type(model) in (str, dict):
        metadata["config"] = json.dumps(model if isinstance(model, dict) else {"name": model}, sort_keys=True)
    write_checkpoint(options.output, written, metadata)
    if options.json:
        found = {
            "input": options.input,
            "output": options.output,
            "from": report.layout,
            "to": options.target,
            "tensors": len(written),
            "report": report.to_dict(),
        }
        print_json(found)
        return 0
    backend = get_backend("shapes")
    count = sum(slot.kind == "parameter" for slot in backend.slots(net).values())
    print(report)  # noqa: T201 - a command prints
    print(  # noqa: T201 - a command prints
        f"{options.input} ({checkpoint.format}, layout {report.layout}) → {options.output} (layout {options.target}): "
        f"{len(written)} tensors, all {count} parameters of {_shown(model, options)}."
    )
    return 0


def _shown(model: Any, options: argparse.Namespace) -> str:
    """The model's name as it was given, or found."""
    return str(options.model[0] if options.model else model["name"])


def _fitted(options: argparse.Namespace, checkpoint: Checkpoint) -> tuple[Any, Any, dict[str, Any], LoadReport]:
    """The model that the weights are of, built without numbers, and its state; found from the weights if not named.

    Raises:
        WeightsError: The weights do not fit the model, or no model can be found for them.
    """
    from polynet.builder import build
    from polynet.weights.likeness import likely_models
    from polynet.weights.transfer import fitted_state

    layout = options.source or "auto"
    if options.model:
        model = read_model(options.model[0], options.model[1:])
        net = build(model, backend="shapes")
        return model, net, *fitted_state(net, checkpoint, layout=layout)
    recorded = checkpoint.metadata.get("config")
    tried = [json.loads(recorded)] if recorded else []
    for model in (*tried, *likely_models(checkpoint.tensors)):
        net = build(model, backend="shapes")
        try:
            return model, net, *fitted_state(net, checkpoint, layout=layout)
        except WeightsError:
            continue
    message = (
        f"{options.input}: no network of the zoo could be found that these weights are of. "
        "Name it, and the options that it has: --model resnet50 num_classes=10"
    )
    raise WeightsError(message)
