"""`polynet env`."""

from __future__ import annotations

import argparse
import platform
import sys
from typing import Any

from polynet import __version__
from polynet.backend import backend_names, find_backend
from polynet.cli.output import print_json, print_table
from polynet.errors import BackendError


def run(options: argparse.Namespace) -> int:
    """Say what is installed and which devices there are."""
    backends: list[dict[str, Any]] = []
    for name in backend_names():
        backend = find_backend(name)
        if not backend.is_framework:
            continue
        devices: tuple[str, ...] = ()
        problem = None
        if backend.installed:
            try:
                backend.load()
                devices = backend.devices()
            except BackendError as error:
                problem = str(error)
        backends.append(
            {
                "backend": name,
                "installed": backend.installed,
                "version": backend.version,
                "devices": list(devices),
                "problem": problem,
            }
        )
    found = {
        "polynet": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "executable": sys.executable,
        "backends": backends,
    }
    if options.json:
        print_json(found)
        return 0
    print_table(
        f"PolyNet {__version__} on Python {found['python']} ({found['platform']})",
        ("backend", "version", "devices", ""),
        (
            (
                entry["backend"],
                entry["version"] or "not installed",
                ", ".join(entry["devices"]),
                entry["problem"] or ("" if entry["installed"] else f"pip install 'polynet[{entry['backend']}]'"),
            )
            for entry in backends
        ),
    )
    return 0
