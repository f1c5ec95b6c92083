"""`polynet convert`."""

from __future__ import annotations

import argparse
import contextlib
import json
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from polynet.backend import get_backend
from polynet.cli.models import read_model
from polynet.cli.output import print_json
from polynet.errors import OptionError, WeightsError
from polynet.weights.layouts import canonical_layouts, detect_layout
from polynet.weights.layouts.table import POLYNET

if TYPE_CHECKING:
    from polynet.weights import Checkpoint, LoadReport


@frozen
class Found:
    """The network that weights are of, built without numbers, and what they are there.

    Attributes:
        model: What it was built from: its name, or a config.
        net: The network.
        state: The weights by its names.
        report: How they were fitted.
        alike: Names of the networks that they fit as well, its own first, where nobody said which it is.
    """

    model: Any
    net: Any
    state: dict[str, Any]
    report: LoadReport
    alike: tuple[str, ...] = ()


def run(options: argparse.Namespace) -> int:
    """Convert a checkpoint: read, check every tensor against the network, spell the names anew, write. No framework is
    needed.
    """
    from polynet import __version__
    from polynet.weights import format_for, read_checkpoint, to_layout, write_checkpoint
    from polynet.weights.computation import computation_notes
    from polynet.weights.layouts.own_constants import constants_of

    format_for(options.output)
    checkpoint = read_checkpoint(options.input, ema=options.ema)
    found = _named(options, checkpoint) if options.model else _found(options, checkpoint)
    if options.deploy:
        found = _deployed(found)
    notes = computation_notes(found.net, options.target)
    written = to_layout(found.state, options.target, getattr(found.net, "family", None), constants_of(found.net))
    metadata = {"format": "pt", "polynet_version": __version__, "layout": options.target}
    if type(found.model) in (str, dict) and not found.alike:
        metadata["config"] = json.dumps(_config(found.model), sort_keys=True)
    write_checkpoint(options.output, written, metadata)
    if options.json:
        said = {
            "input": options.input,
            "output": options.output,
            "from": found.report.layout,
            "to": options.target,
            "tensors": len(written),
            "alike": list(found.alike),
            "notes": list(notes),
            "report": found.report.to_dict(),
        }
        print_json(said)
    else:
        _tell(options, checkpoint, found, len(written))
        for note in notes:
            print(f"note: {note}")  # noqa: T201 - a command prints
    return 0


def _tell(options: argparse.Namespace, checkpoint: Checkpoint, found: Found, tensors: int) -> None:
    slots = get_backend("shapes").slots(found.net)
    count = sum(slot.kind == "parameter" for slot in slots.values())
    source = f"layout {found.report.layout}"
    if not options.source and checkpoint.is_like_basecls and found.report.layout == POLYNET:
        source += " (BaseCls's names)"
    # Told from the weights alone, a network is called by its name only where no other has the same.
    name = options.model[0] if options.model else _config(found.model).get("name", "the recorded network")
    whose = f" of {name}."
    if found.alike:
        whose = (
            f", as {' and '.join(found.alike)} have; names and shapes do not tell them apart, so the file does not "
            "record which it is: name it with --model."
        )
    print(found.report)  # noqa: T201 - a command prints
    print(  # noqa: T201 - a command prints
        f"{options.input} ({checkpoint.format}, {source}) → {options.output} (layout {options.target}): "
        f"{tensors} tensors, all {count} parameters{whose}"
    )


def _config(model: Any) -> dict[str, Any]:
    return model if isinstance(model, dict) else {"name": model}


def _named(options: argparse.Namespace, checkpoint: Checkpoint) -> Found:
    """The model that was named.

    Raises:
        WeightsError: The weights do not fit it.
    """
    from polynet.builder import build
    from polynet.weights.transfer import fitted_state

    model = read_model(options.model[0], options.model[1:])
    net = build(model, backend="shapes")
    return Found(model, net, *fitted_state(net, checkpoint, layout=options.source or "auto"))


def _found(options: argparse.Namespace, checkpoint: Checkpoint) -> Found:
    """The model that the file records, else one of the zoo's that the weights fit.

    Raises:
        WeightsError: No model can be found for them.
    """
    from polynet.weights.likeness import likely_models
    from polynet.weights.recorded import recorded_config

    recorded = recorded_config(checkpoint)
    if recorded is not None and (found := _fitted(recorded, options, checkpoint)) is not None:
        return found
    likely = list(likely_models(checkpoint.tensors))
    fitting = [found for model in likely if (found := _fitted(model, options, checkpoint)) is not None]
    if not fitting:
        raise WeightsError(_not_found(options, checkpoint, likely))
    names = tuple(dict.fromkeys(found.model["name"] for found in fitting))
    return evolve(fitting[0], alike=names if len(names) > 1 else ())


def _fitted(model: dict[str, Any], options: argparse.Namespace, checkpoint: Checkpoint) -> Found | None:
    from polynet.builder import build
    from polynet.weights.transfer import fitted_state

    net = build(model, backend="shapes")
    try:
        return Found(model, net, *fitted_state(net, checkpoint, layout=options.source or "auto"))
    except WeightsError:
        return None


def _not_found(options: argparse.Namespace, checkpoint: Checkpoint, likely: list[dict[str, Any]]) -> str:
    message = f"{options.input}: no network of the zoo could be found that these weights are of."
    with contextlib.suppress(WeightsError):  # names of no known layout
        spelt = detect_layout(checkpoint.tensors)
        if options.source not in (None, spelt) and not {options.source, spelt} <= set(canonical_layouts()):
            message += f" The names look like layout {spelt!r}, not {options.source!r}: write --from {spelt}."
    example = likely[0]["name"] if likely else "NAME"
    return f"{message} Name the network and its options instead: --model {example} KEY=VALUE"


def _deployed(found: Found) -> Found:
    """The network with its parallel branches merged.

    Raises:
        OptionError: It has none, or they cannot be merged.
    """
    from polynet.models.reparameterise import BranchedNetwork, deployed_state

    net, model = found.net, found.model
    if not isinstance(net, BranchedNetwork):
        message = (
            f"--deploy merges parallel branches; {type(net).__name__} has none; RepVGG, MobileOne and RepLKNet have."
        )
        raise OptionError(message)
    if type(model) in (str, dict):
        model = {**_config(model), "deploy": True}
    return evolve(found, model=model, net=net.to_deploy(), state=deployed_state(net, found.state))
