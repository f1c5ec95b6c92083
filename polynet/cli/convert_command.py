"""`polynet convert`."""

from __future__ import annotations

import argparse
import json

from polynet.backend import get_backend
from polynet.cli.models import read_model
from polynet.cli.output import print_json


def run(options: argparse.Namespace) -> int:
    """Convert a checkpoint: read, check every tensor against the network, spell the names anew, write. No framework is
    needed.
    """
    from polynet import __version__
    from polynet.builder import build
    from polynet.weights import format_for, read_checkpoint, to_layout, write_checkpoint
    from polynet.weights.transfer import constants_of, fitted_state

    format_for(options.output)
    model = read_model(options.model[0], options.model[1:])
    net = build(model, backend="shapes")
    checkpoint = read_checkpoint(options.input, ema=options.ema)
    state, report = fitted_state(net, checkpoint, layout=options.source or "auto")
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
        f"{len(written)} tensors, all {count} parameters of {options.model[0]}."
    )
    return 0
