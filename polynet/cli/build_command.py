"""`polynet build`."""

from __future__ import annotations

import argparse
import os
from math import prod
from typing import Any

from polynet.cli.models import read_model
from polynet.cli.output import print_json, print_table, short_count


def run(options: argparse.Namespace) -> int:
    """Build a network and print what came out, part by part."""
    from polynet.backend import ENVIRONMENT_VARIABLE, backend_of, installed_backends
    from polynet.builder import build
    from polynet.errors import BackendUnavailableError

    model = read_model(options.model, options.options)
    try:
        net = build(
            model,
            backend=options.backend,
            device=options.device,
            seed=options.seed,
            weights=options.weights,
        )
    except BackendUnavailableError as error:
        installed = installed_backends()
        if options.backend is not None or len(installed) < 2 or os.environ.get(ENVIRONMENT_VARIABLE):
            raise
        # The error itself speaks to who writes Python.
        message = f"{' and '.join(installed)} are installed; say which one to build on: --backend {installed[-1]}."
        raise BackendUnavailableError(message) from error
    backend = backend_of(net)
    slots = backend.slots(net)
    own = [
        {"name": name, "class": f"Parameter {'×'.join(map(str, slot.shape))}", "parameters": prod(slot.shape)}
        for name, slot in slots.items()
        if slot.kind == "parameter" and "." not in name
    ]
    children = [
        {
            "name": name,
            "class": f"{type(child).__module__.partition('.')[0]}.{type(child).__name__}",
            "parameters": _parameters(slots, f"{name}."),
        }
        for name, child in net.named_children()
    ]
    native = next(base for base in type(net).__mro__ if base.__module__.startswith(backend.framework or ""))
    total = _parameters(slots, "")
    if options.output:
        from polynet.weights import save

        save(net, options.output, config=model if isinstance(model, dict) else None)
    if options.json:
        found = {
            "class": type(net).__qualname__,
            "native_base": f"{native.__module__}.{native.__qualname__}",
            "backend": backend.name,
            "device": backend.device_of(net),
            "parameters": total,
            "tensors": len(slots),
            "own_parameters": own,
            "children": children,
            "output": options.output,
        }
        print_json(found)
        return 0
    print_table(
        f"{type(net).__name__}: a {native.__module__}.{native.__name__} on {backend.device_of(net)}, "
        f"{short_count(total)} parameters in {len(slots)} tensors",
        ("part", "class", "parameters"),
        [(part["name"], part["class"], f"{part['parameters']:,}") for part in (*own, *children)]
        + [("total", "", f"{total:,}")],
        right=(2,),
    )
    if options.output:
        print(f"Weights written to {options.output}.")  # noqa: T201 - a command prints
    return 0


def _parameters(slots: Any, prefix: str) -> int:
    """Numbers in the trainable and frozen parameters below a path."""
    return sum(prod(slot.shape) for name, slot in slots.items() if slot.kind == "parameter" and name.startswith(prefix))
