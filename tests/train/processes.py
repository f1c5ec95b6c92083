"""Starting real processes that find one another as torchrun's do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIMIT = 300
"""Seconds after which a process that hangs is killed; nothing that is tested takes a tenth of them."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(count: int, module: str, *arguments: str, only: int | None = None) -> list[subprocess.Popen[str]]:
    """Start `python -m MODULE` as each rank of `count`, or as the rank `only` alone."""
    common = {
        "WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "OMP_NUM_THREADS": "1",
        "PYTHONWARNINGS": "ignore::UserWarning:megengine",
    }
    return [
        subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={**os.environ, **common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in (range(count) if only is None else [only])
    ]


def finished(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    """Each one's exit status and output, once all have ended."""
    try:
        outputs = [process.communicate(timeout=LIMIT)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, output) for process, output in zip(processes, outputs, strict=True)]
